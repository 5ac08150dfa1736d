"""`policy show | history | check | set | dry-run`, and the steps by hand: `escalate`, `call-sheet`, `otherwise`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.policies import FindingView, PolicyView

app = typer.Typer(help="Whom to call, in which order, and for how long.", rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE.toml", help="The policy; docs/escalation.md has an example.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A request: its id, label or file number.")]


@app.command()
def show(home: Home = HERE, as_json: Json = False) -> None:
    """Show the policy in use, whom it would call now, and what is odd about it."""
    from contactpoint import main

    out = output(as_json)
    _tell(out, run(main.policy_show(home)))


@app.command()
def history(home: Home = HERE, as_json: Json = False) -> None:
    """List every version, the newest first."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.policy_history(home))
    out = output(as_json)
    rows = [(str(v.version), instant(v.at), v.by_officer, ", ".join(r.role for r in v.rungs)) for v in found]
    out.data(found, out.table(("version", "at", "by", "rungs"), rows))


@app.command()
def check(file: File, home: Home = HERE, as_json: Json = False) -> None:
    """Say what is odd about a policy that is not saved. Exit code 1 when anything is."""
    from contactpoint import main

    found = run(main.policy_check(home, file))
    out = output(as_json)
    out.data(found, list(_findings(found)))
    if found:
        raise typer.Exit(1)
    out.say("Nothing is odd about it.")


@app.command("set")
def set_policy(
    file: File,
    officer: Officer,
    after: Annotated[
        int | None, typer.Option("--after", help="The version that you saw.", show_default="the newest")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Sign a policy as the next version. Requests that are open keep theirs."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    out = output(as_json)
    _tell(out, run(main.policy_set(home, file, after, officer, secret)))


@app.command("dry-run")
def dry_run(
    urgency: Annotated[str, typer.Option("--class", metavar="CLASS", help="U0, U1, U2 or U3.")],
    at: Annotated[datetime | None, typer.Option("--at", help="If it came then, in UTC.", show_default="now")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE.toml", help="By this policy.", show_default="the one in use")
    ] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """If a request of this class came, and nobody took charge: who is paged, when, by what. Nobody is paged by this."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    begins = None if at is None else at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    found = run(main.policy_dry_run(home, urgency, begins, file))
    out = output(as_json)
    rows = [(instant(p.at), p.ladder, str(p.rung), p.role, p.to, p.channel) for p in found.pages]
    lines = out.table(("at", "until", "rung", "role", "to", "by"), rows)
    out.data(found, [*lines, *_findings(found.findings)])


def add_to(parent: typer.Typer) -> None:
    parent.add_typer(app, name="policy")
    parent.command("escalate")(escalate)
    parent.command("call-sheet")(call_sheet)
    parent.command("otherwise")(otherwise)


def escalate(
    request: Id,
    officer: Officer,
    rung: Annotated[
        int | None, typer.Option("--rung", help="Of the own ladder, from 1.", show_default="the next")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Climb the ladder now: the own one, or by a signed letter that of the State that an own request went to."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    done = run(main.escalate(home, request, rung, officer, secret))
    out = output(as_json)
    line = f"asked by {done.sent}" if done.sent else f"rung {done.rung}: {done.role}"
    out.data(done, [f"{done.request}  {line}"])


def call_sheet(request: Id, home: Home = HERE, as_json: Json = False) -> None:
    """Show every way to reach the other State of a request, and those that were tried."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    ways, tried = run(main.call_sheet(home, request))
    out = output(as_json)
    lines = out.table(("way", "number", "whose"), [(w.way, w.number, w.label) for w in ways])
    done = [(instant(t.at), t.by_officer, t.way, t.outcome, t.detail) for t in tried]
    out.data({"ways": ways, "tried": tried}, [*lines, *out.table(("at", "by", "way", "outcome", "detail"), done)])


def otherwise(
    request: Id,
    officer: Officer,
    way: Annotated[str, typer.Option("--way", help="telephone, alternate-point, other-network or in-person.")],
    outcome: Annotated[str, typer.Option("--outcome", help="no-answer, busy, reached, sent or answered.")],
    detail: Annotated[str, typer.Option("--detail", help="Number called, or reference there.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write down that another way was tried. `answered` closes the own request by a signed letter, at both ends."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main
    from contactpoint.cli.output import instant

    done = run(main.otherwise(home, request, (way, detail, outcome), officer, secret))
    output(as_json).data(done, [f"{done.request}  {instant(done.at)}  {done.way}  {done.outcome}"])


def _tell(out: Output, view: PolicyView) -> None:
    rows = [
        (
            str(rung.number),
            rung.role,
            "; ".join(rung.targets),
            ", ".join(rung.channels) or "every channel",
            f"{rung.delay_s} s",
            ", ".join(rung.called) or rung.why,
        )
        for rung in view.rungs
    ]
    saved = f"version {view.version} by {view.by_officer}" if view.version else "none was saved: everybody is called"
    table = out.table(("rung", "role", "targets", "by", "for", "now"), rows)
    out.data(view, [saved, *table, *_findings(view.findings)])


def _findings(found: Iterable[FindingView]) -> Iterable[str]:
    for each in found:
        place = "the whole ladder" if each.rung is None else f"rung {each.rung}"
        yield f"{each.code}  {place}: {each.detail}. {each.text} {each.action}"
