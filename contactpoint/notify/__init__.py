"""Tells people outside the node that a message waits, over channels that are all one small port.

A notice holds no content: there is no field for it. No outcome here stops a ladder; only an acknowledgement does.
"""

from contactpoint.notify.apprise_channel import AppriseChannel
from contactpoint.notify.channel import Channel, Outcome, Result
from contactpoint.notify.errors import ChannelSettingsError, NoticeError, NotifyError
from contactpoint.notify.exec_hook import ExecChannel
from contactpoint.notify.notice import Notice, Subject
from contactpoint.notify.smtp import SmtpChannel, SmtpSecurity
from contactpoint.notify.webhook import WebhookChannel

__all__ = [
    "AppriseChannel",
    "Channel",
    "ChannelSettingsError",
    "ExecChannel",
    "Notice",
    "NoticeError",
    "NotifyError",
    "Outcome",
    "Result",
    "SmtpChannel",
    "SmtpSecurity",
    "Subject",
    "WebhookChannel",
]
