"""`config show | check | template`: the settings in force and where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, output

if TYPE_CHECKING:
    from contactpoint.settings import NodeSettings, SettingsProblem

app = typer.Typer(help="The node's settings.", rich_markup_mode=None)


@app.command()
def show(
    key: Annotated[str | None, typer.Argument(help="Only this setting, such as mail.host.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Print every setting in force and where it came from; secrets are masked."""
    from contactpoint.cli.errors import CommandError
    from contactpoint.settings import nearest, read_origins

    origins = read_origins(home)
    found = [origin for origin in origins if key is None or origin.key == key or origin.key.startswith(f"{key}.")]
    if not found:
        raise CommandError(f"There is no setting {key!r} in force.", nearest(str(key), [o.key for o in origins]))
    out = output(as_json)
    rows = [(origin.key, origin.value, origin.source) for origin in found]
    out.data(found, out.table(("setting", "value", "from"), rows))


@app.command()
def check(home: Home = HERE, as_json: Json = False) -> None:
    """Check node.toml and the environment; every problem is named with its line."""
    from contactpoint.settings import SettingsError, mail_password, read_settings

    problems = []
    try:
        settings = read_settings(home)
        if settings.mail is not None:
            mail_password(settings.mail, home)
        if settings.webhook is not None or settings.apprise is not None:
            problems = _problems_of_channels(settings, home)
    except SettingsError as error:
        problems = list(error.problems)
    out = output(as_json)
    out.data({"ok": not problems, "problems": problems}, [str(p) for p in problems] or ["The settings are in order."])
    if problems:
        out.say("What to do: mend each line that is named, then check again.")
        raise typer.Exit(1)


def _problems_of_channels(settings: NodeSettings, home: Path) -> list[SettingsProblem]:
    """What is wrong with a channel that has to be built to be checked. Raises SettingsError."""
    from contactpoint import main
    from contactpoint.notify.errors import ChannelSettingsError
    from contactpoint.settings import SettingsProblem

    try:
        main.outside_channels(settings, home)
    except ChannelSettingsError as error:
        text, _, what_to_do = str(error).partition(". ")
        return [SettingsProblem("", None, text.rstrip(".") + ".", what_to_do or "Change the value.")]
    return []


@app.command()
def template(as_json: Json = False) -> None:
    """Print a commented node.toml."""
    from contactpoint.settings import template as written

    text = written()
    output(as_json).data({"template": text}, [text.rstrip()])
