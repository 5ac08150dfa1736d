"""Build the channels that a node's settings name, and the address that stands in its notices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contactpoint.casework.context import Casework
from contactpoint.main.clock import Clock, system_clock
from contactpoint.main.node import Means
from contactpoint.notify.apprise_channel import CHANNELS, AppriseChannel
from contactpoint.notify.channel import Channel
from contactpoint.notify.exec_hook import ExecChannel
from contactpoint.notify.smtp import SmtpChannel, SmtpSecurity
from contactpoint.notify.webhook import WebhookChannel
from contactpoint.settings import NodeSettings, mail_password, webhook_secrets, within
from contactpoint.watch.console import ConsoleChannel


def channels(cw: Casework, means: Means) -> Mapping[str, Channel]:
    """Every channel that is set up, by name. Raises ChannelSettingsError, SettingsError: a channel that cannot work is said at once."""
    outside = outside_channels(means.settings, means.folder.home, means.clock)
    return {channel.name: channel for channel in (ConsoleChannel(cw, means.clock), *outside)}


def outside_channels(settings: NodeSettings, home: Path, clock: Clock = system_clock) -> list[Channel]:
    """The channels that leave the node; each is built, nothing is sent. Raises ChannelSettingsError, SettingsError."""
    return [*_core(settings, home, clock), *_apprise(settings)]


def _core(settings: NodeSettings, home: Path, clock: Clock) -> list[Channel]:
    found: list[Channel] = []
    if (mail := settings.mail) is not None:
        found.append(
            SmtpChannel(
                host=mail.host,
                port=mail.port,
                security=SmtpSecurity(mail.security),
                sender=mail.sender,
                username=mail.username,
                password=mail_password(mail, home),
                ca_file=None if mail.ca_file is None else within(home, mail.ca_file),
                timeout_s=mail.timeout_s,
            )
        )
    if (hook := settings.hook) is not None:
        found.append(ExecChannel(hook.command, timeout_s=hook.timeout_s))
    if (webhook := settings.webhook) is not None:
        found.append(
            WebhookChannel(
                url=webhook.url,
                secrets=webhook_secrets(webhook, home),
                clock=clock,
                ca_file=None if webhook.ca_file is None else within(home, webhook.ca_file),
                timeout_s=webhook.timeout_s,
            )
        )
    return found


def _apprise(settings: NodeSettings) -> list[Channel]:
    told = settings.apprise
    if told is None:
        return []
    given = {name: getattr(told, name) for name in CHANNELS}
    return [
        AppriseChannel(name, secret.get_secret_value(), timeout_s=told.timeout_s)
        for name, secret in given.items()
        if secret is not None
    ]


def console_url(settings: NodeSettings) -> str:
    """Where officers sign in."""
    inside = settings.inside
    return f"{'https' if inside.tls else 'http'}://{inside.host}:{inside.port}"


def reach_url(settings: NodeSettings) -> str:
    """What stands before ``/reach/TOKEN`` in a notice."""
    return settings.reach.url.rstrip("/") or console_url(settings)
