"""Where the things that settings name lie on this machine."""

from __future__ import annotations

from pathlib import Path

from contactpoint.settings.problems import SettingsError, SettingsProblem
from contactpoint.settings.tables import MailSettings, WebhookSettings


def within(home: Path, path: Path) -> Path:
    """A path of the settings as it stands on this machine: relative ones are inside the node's folder."""
    return path if path.is_absolute() else home / path


def mail_password(settings: MailSettings, home: Path) -> str:
    """The password of the mail server, from its file or the settings; empty when there is none. Raises SettingsError."""
    if settings.password_file is None:
        return settings.password.get_secret_value() if settings.password else ""
    return _lines(home, settings.password_file, "mail.password_file")[0].strip()


def webhook_secrets(settings: WebhookSettings, home: Path) -> tuple[str, ...]:
    """The secrets of the webhook's receiver, from their file or the settings. Raises SettingsError."""
    if settings.secret_file is None:
        given = (settings.secret, settings.next_secret)
        return tuple(each.get_secret_value() for each in given if each is not None)
    lines = _lines(home, settings.secret_file, "webhook.secret_file")
    return tuple(line.strip() for line in lines if line.strip())


def _lines(home: Path, file: Path, key: str) -> list[str]:
    """The lines of a file of secrets, one at least."""
    path = within(home, file)
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path.name} cannot be read."
        problem = SettingsProblem(key, None, text, "Create it, readable by this user only.")
        raise SettingsError((problem,)) from error
