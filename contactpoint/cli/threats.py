"""`threats list | show | sighted | recall | export | import`, and `threats key add | revoke | list` for the State's own tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import (
    HERE,
    Home,
    Json,
    Officer,
    SecretFile,
    Yes,
    confirm,
    output,
    run,
    signing_secret,
    write_text,
)
from contactpoint.cli.requests import tell_submitted

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.threats import ThreatView

app = typer.Typer(help="Threats that States share with each other.", rich_markup_mode=None)
keys = typer.Typer(help="Keys with which this State's own tools read the feed.", rich_markup_mode=None)
app.add_typer(keys, name="key")

Id = Annotated[str, typer.Argument(metavar="ID", help="The threat's id, as `threats list` prints it.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name, such as the tool's.")]


@app.command("list")
def list_threats(
    officer: Officer,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only those that name this indicator, word or State.")
    ] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """List shared threats, the newest first."""
    from contactpoint.cli.output import instant

    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    found = run(main.threat_list(home, search, officer, secret))
    out = output(as_json)
    rows = [
        (
            view.threat.request,
            instant(view.threat.at),
            view.threat.sender,
            view.tlp.name,
            "RECALLED" if view.recalled else "",
            str(view.sighted),
            view.threat.method or ", ".join(each.value for each in view.threat.indicators),
        )
        for view in found
    ]
    head = ("id", "shared", "from", "mark", "", "sighted", "what")
    out.data(found, out.table(head, rows) if rows else ())
    if not rows:
        out.say("No threat is known here." if not search else "No threat names this.")


@app.command()
def show(
    identity: Id, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Print one threat with its indicators and sightings."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    view = run(main.threat_show(home, identity, officer, secret))
    out = output(as_json)
    out.data(view, _lines(out, view))


def _lines(out: Output, view: ThreatView) -> Iterator[str]:
    from contactpoint.cli.output import clean, instant

    threat = view.threat
    marks = " ".join(mark.name for mark in (view.tlp, view.pap) if mark.name) or "no mark"
    yield out.bold(f"{threat.request}  {marks}")
    yield f"  shared by {threat.sender}, {instant(threat.at)}"
    if threat.recalled_at is not None:
        yield out.bold(f"  RECALLED by its sender, {instant(threat.recalled_at)}")
        if threat.recall_reason:
            yield clean(f"  {threat.recall_reason}").replace("\n", "\n    ")
    if view.states:
        reached = len(view.states) - len(view.unreached)
        rest = f"; not yet: {', '.join(view.unreached)}" if view.unreached else ""
        yield f"  delivered to {reached} of {len(view.states)} States{rest}"
    if threat.method:
        yield clean(f"  {threat.method}").replace("\n", "\n    ")
    rows = [(each.type.value, each.algorithm, each.value) for each in threat.indicators]
    if rows:
        yield from out.table(("indicator", "", "value"), rows)
    sighted = [
        (each.by, str(each.count), instant(each.first_seen), instant(each.last_seen), each.note)
        for each in threat.sightings
    ]
    if sighted:
        yield from out.table(("sighted by", "times", "first", "last", "note"), sighted)


@app.command()
def sighted(
    identity: Id,
    officer: Officer,
    count: Annotated[int, typer.Option("--count", min=1, help="How often.")] = 1,
    first_seen: Annotated[str, typer.Option("--first-seen", metavar="TIME", help="Such as 2027-06-11T03:00Z.")] = "",
    last_seen: Annotated[str, typer.Option("--last-seen", metavar="TIME", help="Such as 2027-06-11T05:00Z.")] = "",
    note: Annotated[str, typer.Option("--note", help="What was seen, without names of people.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Tell the sender that a threat was seen here."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main
    from contactpoint.domain.threats import COUNT, FIRST_SEEN, LAST_SEEN, NOTE

    told = {FIRST_SEEN: first_seen, LAST_SEEN: last_seen, NOTE: note}
    body = {COUNT: count, **{name: text for name, text in told.items() if text}}
    tell_submitted(output(as_json), run(main.threat_sighted(home, identity, body, officer, secret)))


@app.command()
def recall(
    identity: Id,
    officer: Officer,
    reason: Annotated[str, typer.Option("--reason", help="Why, for everybody who has it.")] = "",
    yes: Yes = False,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take an own threat back everywhere.

    Every State that it went to is told; it stays in all lists, struck through.
    """
    confirm(f"Recall {identity} everywhere?", yes)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    done = run(main.threat_recall(home, identity, reason, officer, secret))
    out = output(as_json)
    out.data(done, [f"{done.request}  recalled from {done.queued + done.before} State(s)"])


@app.command()
def export(
    officer: Officer,
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the bundle goes.")],
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="The threat's id.", show_default="all that may leave the console")
    ] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write threats as a STIX 2.1 bundle."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    written = run(main.threat_export(home, identity, out_file, officer, secret))
    output(as_json).data({"bundle": written}, [str(written)])


@app.command("import")
def import_bundle(
    file: Annotated[Path, typer.Argument(help="A STIX 2.1 bundle (JSON).")],
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the draft goes.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make a draft case file from a STIX bundle.

    An officer completes and sends it. Taken are indicators and words, nothing else; what was left out is counted.
    """
    from contactpoint.cli.errors import CommandError
    from contactpoint.cli.threatdraft import draft_of
    from contactpoint.domain import catalogue
    from contactpoint.settings import read_settings

    if out_file.exists():
        raise CommandError(f"{out_file} is there already.", "Choose another file with --out.")
    own = read_settings(home).state
    from contactpoint import main

    try:
        bundle = main.threat_read(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", "Look at the path.") from error
    write_text(out_file, draft_of(bundle, own, catalogue.load()))
    out = output(as_json)
    told = {"draft": out_file, "indicators": len(bundle.indicators), "left": bundle.left, "mark": bundle.tlp}
    out.data(told, [str(out_file)])
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(bundle.left.items()))
    out.say(f"{len(bundle.indicators)} indicators taken; left out: {left or 'nothing'}.")
    if bundle.tlp in ("HC-TLP-RED", "HC-TLP-AMBER-STRICT"):
        out.say("Its author marked it: ask the author before it is shared.")
    out.say(f"Next: complete {out_file}, then run `contactpoint send {out_file} --as OFFICER`.")


@keys.command("add")
def add_key(name: Name, home: Home = HERE, as_json: Json = False) -> None:
    """Make a key for one tool. It is printed once."""
    from contactpoint import main

    token = run(main.feed_key_add(home, name))
    out = output(as_json)
    out.data({"name": name, "key": token}, [token])
    out.say("Next: the tool sends it as `Authorization: Bearer KEY` to /feed/threats of the console's address.")


@keys.command("revoke")
def revoke_key(name: Name, home: Home = HERE, yes: Yes = False, as_json: Json = False) -> None:
    """End a key at once."""
    confirm(f"Revoke {name}?", yes)
    from contactpoint import main

    run(main.feed_key_revoke(home, name))
    output(as_json).data({"name": name, "revoked": True}, [f"{name} is revoked"])


@keys.command("list")
def list_keys(home: Home = HERE, as_json: Json = False) -> None:
    """List the keys; the keys themselves rest nowhere."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.feed_key_list(home))
    out = output(as_json)
    rows = [(key.name, key.scope, instant(key.at), instant(key.revoked_at)) for key in found]
    out.data(found, out.table(("name", "reads", "made", "revoked"), rows) if rows else ())
