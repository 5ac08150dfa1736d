"""`drill start | list | figures | dispute | record | closure`: whether a person of another State answers, and whether its node does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, Yes, confirm, output, run, signing_secret
from contactpoint.cli.requests import tell_submitted

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.drill_views import DrillView, Reachability
    from contactpoint.domain.availability import Availability
    from contactpoint.main.card import CardShown

app = typer.Typer(help="Try whether other States can be reached, and see how well they are.", rich_markup_mode=None)

State = Annotated[str, typer.Argument(metavar="STATE", help="The other State's code.")]
OneState = Annotated[str, typer.Argument(metavar="STATE", help="Only this State.", show_default="all")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The drill's id or its beginning, as `drill list` prints it.")]


class Channel(StrEnum):
    TELEPHONE = "telephone"
    ALTERNATE = "alternate"


@app.command()
def start(
    state: State, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Send a drill: a number that only an officer on duty there can bring back."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    sent = run(main.drill_start(home, state, officer, secret))
    tell_submitted(output(as_json), sent)


@app.command("list")
def list_drills(state: OneState = "", home: Home = HERE, as_json: Json = False) -> None:
    """List drills, own and others', the newest first."""
    from contactpoint import main

    found = run(main.drill_list(home, state))
    out = output(as_json)
    out.data(found, out.table(_HEAD, [_row(view) for view in found]) if found else ())
    if not found:
        out.say("No drill yet.")


_HEAD = ("id", "when", "who tried", "tried", "by", "result", "")


def _row(view: DrillView) -> tuple[str, ...]:
    from contactpoint.cli.output import instant

    tester, tested = (view.peer, "this State") if view.incoming else (view.by or "station", view.peer)
    said = f"disputed: {view.dispute}" if view.dispute else view.note
    return view.id, instant(view.at), tester, tested, view.channel, view.reach or "runs", said


@app.command()
def figures(state: OneState = "", home: Home = HERE, as_json: Json = False) -> None:
    """Show how well other States are reached: the last drill, pings of a day and of 30 days, what others publish."""
    from contactpoint import main

    found = run(main.drill_figures(home, state))
    out = output(as_json)
    out.data(found, _lines(out, found))


def _lines(out: Output, found: tuple[Reachability, ...]) -> Iterator[str]:
    from contactpoint.cli.output import instant

    rows = [
        (
            each.state,
            each.last.reach if each.last else "never tried",
            instant(each.last.at) if each.last else "",
            _share(each.day),
            _share(each.month),
            "" if each.day.median_ms is None else f"{each.day.median_ms} ms",
            "" if each.closure is None else f"closed {instant(each.closure.begins)} to {instant(each.closure.ends)}",
        )
        for each in found
    ]
    if rows:
        yield from out.table(("state", "last drill", "when", "24 h", "30 d", "median", ""), rows)
    for each in found:
        for told in each.published:
            against = f" ({each.state} disputes it: {told.dispute})" if told.dispute else ""
            yield f"{each.state}: {told.reach} on {told.day}, says {told.by}{against}"


def _share(figures: Availability | None) -> str:
    return "-" if figures is None or figures.percent is None else f"{figures.percent:.2f} %"


@app.command()
def dispute(
    identity: Id,
    officer: Officer,
    reason: Annotated[str, typer.Option("--reason", help="Why it does not show what it seems to; everybody reads it.")],
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say why a drill that this State failed does not show what it seems to."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    view = run(main.drill_dispute(home, identity, reason, officer, secret))
    out = output(as_json)
    out.data(view, [f"{view.id}  disputed"])
    out.say("The node publishes it in the own card, beside the other State's result.")


@app.command()
def record(
    state: State,
    officer: Officer,
    channel: Annotated[Channel, typer.Option("--channel", help="How the State was tried.")] = Channel.TELEPHONE,
    minutes: Annotated[
        int | None,
        typer.Option("--minutes", min=0, max=1440, help="Until a person answered.", show_default="nobody answered"),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="For this desk only.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write down a drill by telephone or over an alternate address. It stays at this desk."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    view = run(main.drill_record(home, state, channel.value, minutes, note, officer, secret))
    output(as_json).data(view, [f"{view.id}  {view.peer}  {view.channel}  {view.reach}"])


@app.command()
def closure(
    begins: Annotated[str, typer.Option("--from", metavar="TIME", help="Such as 2027-03-04T22:00Z; ahead.")] = "",
    ends: Annotated[str, typer.Option("--until", metavar="TIME", help="Within 14 days of the beginning.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="For everybody to read.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Take back every closure instead.")] = False,
    yes: Yes = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Announce in the own card when nobody answers here.

    Drills and pings of that time then count neither for nor against this State. Announced afterwards it excuses nothing.
    """
    from contactpoint import main

    if clear:
        confirm("Take back every closure of this State?", yes)
        _told(run(main.drill_reopen(home)), as_json)
        return
    span = _instant(begins, "--from"), _instant(ends, "--until")
    confirm(f"Announce to everybody that this State is closed from {begins} until {ends}?", yes)
    _told(run(main.drill_closure(home, *span, reason or "planned")), as_json)


def _told(found: CardShown, as_json: bool) -> None:
    output(as_json).data(found, [f"card {found.number} of {found.state}  {found.outcome or 'signed'}"])


def _instant(text: str, option: str) -> datetime:
    from contactpoint.cli.errors import CommandError
    from contactpoint.domain.errors import DomainError
    from contactpoint.domain.values import parse_instant

    try:
        return parse_instant(text)
    except DomainError as error:
        raise CommandError(f"{option} {text!r} is no time.", "Write 2027-03-04T22:00Z, with its offset.") from error
