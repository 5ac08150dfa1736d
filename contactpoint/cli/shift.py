"""`shift offer | accept | withdraw | list | show`: the hand-over from one officer to the next.

`hand-over` is the other one: to the central authority, which both States see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.shift_views import HandoverView

app = typer.Typer(help="Hand the open cases of a shift to the next officer.", rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="ID", help="The hand-over, as `shift list` shows it.")]


@app.command()
def offer(
    officer: Officer,
    taker: Annotated[str, typer.Option("--to", metavar="OFFICER", help="Who takes the cases.")],
    cases: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="ID", help="A request; several times.", show_default="all that are open"),
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Offer your open cases to a colleague, under your signature.

    Nothing moves before the colleague has accepted.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    made = run(main.shift_offer(home, taker, tuple(cases or ()), officer, secret))
    out = output(as_json)
    _tell(out, made)
    out.say(f"Next: read the cases out; then `contactpoint shift accept {made.id} --as {made.taker}`.")


@app.command()
def accept(
    identity: Id,
    officer: Officer,
    refused: Annotated[
        list[str] | None, typer.Option("--refuse", metavar="ID", help="A request that you do not take; several times.")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take the cases that were offered to you, under your signature.

    What came in since the offer is in no hand-over: it rings on duty anyway.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _tell(output(as_json), run(main.shift_accept(home, identity, tuple(refused or ()), officer, secret)))


@app.command()
def withdraw(
    identity: Id, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Take your own offer back while nobody has accepted it."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    _tell(output(as_json), run(main.shift_withdraw(home, identity, officer, secret)))


@app.command("list")
def list_handovers(
    officer: Annotated[
        str, typer.Option("--of", metavar="OFFICER", help="Only those of this officer.", show_default="everybody's")
    ] = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """List the hand-overs, the newest first."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.shift_list(home, officer))
    out = output(as_json)
    rows = [(each.id, each.state, each.giver, each.taker, str(len(each.lines)), instant(each.at)) for each in found]
    out.data(found, out.table(("id", "state", "from", "to", "cases", "at"), rows) if rows else ())
    if not rows:
        out.say("Nothing was handed over.")


@app.command()
def show(identity: Id, home: Home = HERE, as_json: Json = False) -> None:
    """Show one hand-over: what was read out, and who has each case now."""
    from contactpoint import main

    _tell(output(as_json), run(main.shift_show(home, identity)))


def _tell(out: Output, view: HandoverView) -> None:
    from contactpoint.cli.output import instant

    head = [f"hand-over  {view.id}", f"state      {view.state}", f"from       {view.giver}", f"to         {view.taker}"]
    if not view.holds:
        head.append("PROBLEM    the signatures do not hold: this hand-over proves nothing")
    said = {None: "offered", True: "taken", False: "refused"}
    rows = [
        (
            line.request,
            line.urgency,
            line.kind,
            line.peer,
            said[line.taken],
            instant(line.due),
            line.status,
            line.holder,
        )
        for line in view.lines
    ]
    columns = ("request", "class", "kind", "State", "", "answer due", "status now", "holder now")
    out.data(view, [*head, *(out.table(columns, rows) if rows else ("no case was open",))])
