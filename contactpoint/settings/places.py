"""Where the things that settings name lie on this machine."""

from __future__ import annotations

from pathlib import Path

from contactpoint.settings.problems import SettingsError, SettingsProblem
from contactpoint.settings.tables import MailSettings


def within(home: Path, path: Path) -> Path:
    """A path of the settings as it stands on this machine: relative ones are inside the node's folder."""
    return path if path.is_absolute() else home / path


def mail_password(settings: MailSettings, home: Path) -> str:
    """The password of the mail server, from its file or the settings; empty when there is none. Raises SettingsError."""
    if settings.password_file is None:
        return settings.password.get_secret_value() if settings.password else ""
    path = within(home, settings.password_file)
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path.name} cannot be read."
        problem = SettingsProblem("mail.password_file", None, text, "Create it, readable by this user only.")
        raise SettingsError((problem,)) from error
    return first.strip()
