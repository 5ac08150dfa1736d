"""The settings of one node: `node.toml` in the node's folder, overlaid by `CONTACTPOINT_...` environment variables.

Built once, frozen, handed down. An unknown key is an error with its line and the nearest name, never ignored: a
mistyped limit that silently keeps its default is found out at night. Only `contactpoint.cli` and `contactpoint.main`
import this.
"""

from contactpoint.settings.places import mail_password, webhook_secrets, within
from contactpoint.settings.problems import SettingsError, SettingsProblem, nearest
from contactpoint.settings.reading import Origin, read_origins, read_settings
from contactpoint.settings.tables import (
    AppriseSettings,
    DatabaseSettings,
    DirectorySettings,
    HookSettings,
    InsideSettings,
    LogSettings,
    MailSettings,
    NodeSettings,
    PublicSettings,
    ReachSettings,
    WebhookSettings,
)
from contactpoint.settings.template import template, write_settings

__all__ = [
    "AppriseSettings",
    "DatabaseSettings",
    "DirectorySettings",
    "HookSettings",
    "InsideSettings",
    "LogSettings",
    "MailSettings",
    "NodeSettings",
    "Origin",
    "PublicSettings",
    "ReachSettings",
    "SettingsError",
    "SettingsProblem",
    "WebhookSettings",
    "mail_password",
    "nearest",
    "read_origins",
    "read_settings",
    "template",
    "webhook_secrets",
    "within",
    "write_settings",
]
