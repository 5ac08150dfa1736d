"""NotifyError
├── NoticeError            the notice would carry more than a class and a reference
└── ChannelSettingsError   the channel as configured would fail, or give a password away
"""

from __future__ import annotations


class NotifyError(Exception):
    """Base of this room. A channel that merely fails raises nothing: that is an outcome."""


class NoticeError(NotifyError):
    """The notice would carry more than a class and a reference."""


class ChannelSettingsError(NotifyError):
    """The channel as configured would fail, or give a password away; the text says which setting to change."""
