"""`rota list | show | set | now | override | absence | remove | swap | gaps | fairness | holidays | export | import`: who is on duty."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.rota_views import RotaLine, RotaView, ShiftView
    from contactpoint.main.rota import RotaSaved

app = typer.Typer(help="Who is on duty, now and later, and every change of it.", rich_markup_mode=None)
swap = typer.Typer(help="Give a shift of one's own to a colleague, by consent of both.", rich_markup_mode=None)
holidays = typer.Typer(help="Public holidays, proposed and then confirmed one by one.", rich_markup_mode=None)
app.add_typer(swap, name="swap")
app.add_typer(holidays, name="holidays")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The rota's name, as `rota list` prints it.")]
Since = Annotated[
    str, typer.Option("--from", metavar="TIME", help="2027-06-11T18:00 of the rota's zone, or with an offset.")
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="The end, which is not part of it.")]
Who = Annotated[str, typer.Argument(metavar="WHO", help="The officer's number.")]
Entry = Annotated[str, typer.Argument(metavar="ID", help="The entry's id, as `rota show` prints it.")]


class Kind(StrEnum):
    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


class Taken(StrEnum):
    ROSTER = "roster"
    OVERRIDE = "override"


@app.command("list")
def list_rotas(home: Home = HERE, as_json: Json = False) -> None:
    """List the rotas: who is on duty, until when, and how many gaps lie ahead."""
    from contactpoint import main

    _lines(output(as_json), run(main.rota_list(home)))


@app.command()
def now(home: Home = HERE, as_json: Json = False) -> None:
    """Say who is on duty now by each rota. Exit code 1 when nobody is by any of them."""
    from contactpoint import main

    found = run(main.rota_list(home))
    _lines(output(as_json), found)
    if found and not any(line.officers for line in found):
        raise typer.Exit(1)


def _lines(out: Output, found: tuple[RotaLine, ...]) -> None:
    from contactpoint.cli.output import instant

    rows = [
        (line.name, ", ".join(line.officers) or "NOBODY", instant(line.until), str(line.gaps or "")) for line in found
    ]
    out.data(found, out.table(("rota", "on duty", "until", "gaps ahead"), rows) if rows else ())
    if not rows:
        out.say("There is no rota yet. docs/rota.md shows how to write one in five minutes.")


@app.command()
def show(name: Name, since: Since = "", until: Until = "", home: Home = HERE, as_json: Json = False) -> None:
    """Show one rota; with --from or --until its shifts between two instants."""
    from contactpoint import main

    out = output(as_json)
    if since or until:
        found = run(main.rota_shifts(home, name, since, until))
        out.data(found, _shifts(out, found))
        return
    view = run(main.rota_show(home, name))
    out.data(view, _view(out, view, run(main.rota_shifts(home, name, "", "")) if not as_json else ()))


def _shifts(out: Output, found: tuple[ShiftView, ...]) -> list[str]:
    from contactpoint.cli.output import instant

    rows = [
        (instant(each.since), instant(each.until), each.source, ", ".join(each.officers) or "NOBODY") for each in found
    ]
    return out.table(("from", "until", "by", "on duty"), rows)


def _view(out: Output, view: RotaView, ahead: tuple[ShiftView, ...]) -> Iterator[str]:
    from contactpoint.cli.output import instant

    yield out.bold(f"{view.name}  {view.zone}")
    yield f"  version {view.history[0].version}, signed by {view.history[0].by}, {instant(view.history[0].at)}"
    yield from _shifts(out, ahead)
    entries = [
        *((each.id, each.kind, each.officer, each.since, each.until) for each in view.overrides),
        *((each.id, "absent", each.officer, each.since, each.until) for each in view.absences),
        *(
            (each.id, f"swap {each.state}", f"{each.giver} to {each.taker}", each.since, each.until)
            for each in view.swaps
        ),
    ]
    if entries:
        rows = [(entry, kind, who, instant(since), instant(until)) for entry, kind, who, since, until in entries]
        yield ""
        yield from out.table(("entry", "what", "who", "from", "until"), rows)
    for day in view.holidays:
        yield f"  {day.date}  {'holiday' if day.confirmed else 'holiday?'}  {day.name}"


def _saved(out: Output, done: RotaSaved, what: str) -> None:
    out.data(done, [f"{done.rota} version {done.version}: {what}{f' {done.entry}' if done.entry else ''}"])


@app.command("set")
def set_rota(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The rota.", exists=True, dir_okay=False)],
    officer: Officer,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Save the rota that a file says.

    Whoever is on duty stays until the next handoff. Overrides, absences, rosters, swaps and holidays stay as they are.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_set(home, file, officer, secret)), "saved")


@app.command()
def override(
    name: Name,
    kind: Annotated[Kind, typer.Argument(help="WHO stands in (replace), is on duty too (add), or is not (remove).")],
    who: Who,
    officer: Officer,
    since: Since,
    until: Until,
    instead_of: Annotated[
        str, typer.Option("--instead-of", metavar="OFFICER", help="Whom WHO replaces.", show_default="everybody")
    ] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Change who is on duty for a time."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    done = run(main.rota_override(home, name, kind.value, who, instead_of, since, until, officer, secret))
    _saved(output(as_json), done, "override")


@app.command()
def absence(
    name: Name,
    who: Who,
    officer: Officer,
    since: Since,
    until: Until,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Enter that an officer is away; everybody may enter their own."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_absence(home, name, who, since, until, officer, secret)), "absence")


@app.command()
def remove(
    name: Name, entry: Entry, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Take an override, an absence or a fixed roster away."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_remove(home, name, entry, officer, secret)), "removed")


@swap.command()
def offer(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="OFFICER", help="Who shall take the shift.")],
    officer: Officer,
    since: Since,
    until: Until,
    back_from: Annotated[str, typer.Option("--back-from", metavar="TIME", help="In return: a shift of theirs.")] = "",
    back_until: Annotated[str, typer.Option("--back-until", metavar="TIME", help="The end of that.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Offer a shift of one's own. Nothing changes until the other accepts."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    given, back = (since, until), (back_from, back_until)
    done = run(main.rota_swap_offer(home, name, to, given, back, officer, secret))
    out = output(as_json)
    _saved(out, done, "swap offered")
    out.say(f"Next: {to} runs `contactpoint rota swap accept {name} {done.entry} --as {to}`.")


@swap.command()
def accept(
    name: Name, entry: Entry, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Accept a shift that was offered to the officer who signs."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_swap_answer(home, name, entry, True, officer, secret)), "swap accepted")


@swap.command()
def decline(
    name: Name, entry: Entry, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Decline it: everything stays as it was."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_swap_answer(home, name, entry, False, officer, secret)), "swap declined")


@app.command()
def gaps(home: Home = HERE, as_json: Json = False) -> None:
    """List the times of the next 14 days in which nobody is on duty. Exit code 1 when there are some."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.rota_gaps(home))
    out = output(as_json)
    rows = [(each.rota, instant(each.since), instant(each.until)) for each in found]
    out.data(found, out.table(("rota", "nobody from", "until"), rows) if rows else ())
    if rows:
        raise typer.Exit(1)
    out.say("No gap within the next 14 days.")


@app.command()
def fairness(name: Name, since: Since = "", until: Until = "", home: Home = HERE, as_json: Json = False) -> None:
    """Count the hours of each officer: all, by night, at weekends, on holidays."""
    from contactpoint import main

    found = run(main.rota_fairness(home, name, since, until))
    out = output(as_json)
    rows = [(each.officer, *map(str, (each.all, each.night, each.weekend, each.holiday))) for each in found]
    out.data(found, out.table(("officer", "hours", "night", "weekend", "holiday"), rows))


@holidays.command("seed")
def seed_holidays(
    name: Name,
    country: Annotated[str, typer.Option("--country", metavar="CODE", help="ISO 3166 code of the country.")],
    officer: Officer,
    subdivision: Annotated[str, typer.Option("--subdivision", metavar="CODE", help="Its part.")] = "",
    years: Annotated[
        list[int] | None, typer.Option("--year", help="Several times.", show_default="this year and the next")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Propose public holidays. None counts before it is confirmed."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    found = run(main.rota_holidays(home, name, country, subdivision, tuple(years or ()), officer, secret))
    out = output(as_json)
    rows = [(each.date.isoformat(), "confirmed" if each.confirmed else "", each.name) for each in found]
    out.data(found, out.table(("day", "", "name"), rows))


@holidays.command()
def confirm(
    name: Name,
    days: Annotated[list[str], typer.Argument(metavar="DAY...", help="Such as 2027-12-25.")],
    officer: Officer,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Confirm that these days are public holidays here."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _saved(output(as_json), run(main.rota_holiday_confirm(home, name, tuple(days), officer, secret)), "confirmed")


@app.command()
def export(
    name: Name,
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE.ics", help="Where the calendar goes.")],
    who: Annotated[
        str, typer.Option("--officer", metavar="OFFICER", help="Only this officer's shifts.", show_default="everybody")
    ] = "",
    since: Since = "",
    until: Until = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write the shifts of the next three months as iCalendar, for a person's own calendar."""
    from contactpoint import main

    path = run(main.rota_export(home, name, who, since, until, out_file))
    output(as_json).data({"calendar": path}, [f"wrote {path}"])


@app.command("import")
def import_calendar(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="The calendar.", exists=True, dir_okay=False)],
    officer: Officer,
    taken: Annotated[
        Taken, typer.Option("--kind", help="One fixed roster, or each event as an override.", show_default=True)
    ] = Taken.ROSTER,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take a simple calendar whose events name officers by number."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    done = run(main.rota_import(home, name, file, taken is Taken.OVERRIDE, officer, secret))
    output(as_json).data(
        done, [f"{done.rota} version {done.version}: {done.duties} duties taken, {done.left} events left"]
    )
