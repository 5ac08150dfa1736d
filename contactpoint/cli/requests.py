"""Commands that say something to another State: `send approve acknowledge answer`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.results import CaseFile
    from contactpoint.desk.views import Spread, Submitted

Id = Annotated[str, typer.Argument(metavar="ID", help="The request's id, label or own file number.")]


def add_to(app: typer.Typer) -> None:
    app.command("send")(send)
    app.command("approve")(approve)
    app.command("acknowledge")(acknowledge)
    free = {
        "allow_extra_args": True,
        "ignore_unknown_options": True,
    }  # the fields of the answer, known to the catalogue
    app.command("answer", context_settings=free)(answer)


def send(
    file: Annotated[Path, typer.Argument(help="Case file (YAML).")],
    officer: Officer,
    case: Annotated[str | None, typer.Option("--case", help="Which case of the file, by its id.")] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Return only when an officer there has taken charge; 5 when none has in time."),
    ] = False,
    approver: Annotated[
        str | None,
        typer.Option(
            "--approver", metavar="OFFICER", help="Who signs too, where two must; the file's `second_approver`."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print what stops it, what warns and what is good to know; send nothing.")
    ] = False,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Sign a request from a file and queue it.

    The file's `to` is one State, a list of States, or ALL: then each gets its own letter in its own case.
    """
    from contactpoint.cli.casefile import read_case
    from contactpoint.cli.findings import tell_checked, warn
    from contactpoint.domain import catalogue

    request = read_case(file, case, catalogue.load())
    if approver:
        request = replace(request, approver=approver)
    _refuse_another_states(request, home)
    from contactpoint import main

    out = output(as_json)
    if check:
        raise typer.Exit(tell_checked(out, run(main.precheck(home, request))))
    secret = signing_secret(secret_file, officer)
    warn(out, run(main.precheck(home, request)))
    if request.recipients:
        tell_spread(out, run(main.send_several(home, request, officer, secret)))
        return
    submitted = run(main.send(home, request, officer, secret))
    tell_submitted(out, submitted)
    if wait and submitted.approver is None:
        out.say(f"{run(main.await_charge(home, submitted.id))} of {request.recipient} has taken charge.")


def approve(
    identity: Id,
    officer: Officer,
    finding: Annotated[
        str | None, typer.Option("--finding", help="With the rights check, where one is due: none, note or stop.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="What was looked at, and why you find so.")] = None,
    authorised_by: Annotated[str, typer.Option("--authorised-by", help="Which body authorised it.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Kind of authorisation.")] = "",
    date: Annotated[str, typer.Option("--date", help="Date of the authorisation.")] = "",
    scope: Annotated[str, typer.Option("--scope", help="What it covers.")] = "",
    end: Annotated[str, typer.Option("--end", help="When it ends.")] = "",
    review_reference: Annotated[str, typer.Option("--review-reference", help="The review that it can have.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Sign as the second officer, and release."""
    from contactpoint.cli.review import check_of

    fields = {
        "authorised_by": authorised_by,
        "kind": kind,
        "date": date,
        "scope": scope,
        "end": end,
        "review_reference": review_reference,
    }
    check = check_of(finding, text, fields)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    tell_submitted(output(as_json), run(main.approve(home, identity, officer, secret, check)))


def acknowledge(
    identity: Id,
    officer: Officer,
    secret_file: SecretFile = None,
    degraded: Annotated[
        bool, typer.Option("--degraded", help="Without the signing secret: the station signs that you take charge.")
    ] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take charge of a request.

    The ringing stops, and both States' clocks with it.
    """
    secret = None if degraded else signing_secret(secret_file, officer)
    from contactpoint import main

    taken = run(main.acknowledge(home, identity, officer, secret))
    out = output(as_json)
    first = f"  {taken.first} was first" if taken.first else ""
    out.data(taken, [f"{taken.request}  {taken.kind}{first}"])


def answer(
    context: typer.Context,
    identity: Id,
    kind: Annotated[str, typer.Argument(help="Code of the answer, such as ACCEPTED; `show` lists what is permitted.")],
    officer: Officer,
    file: Annotated[Path | None, typer.Option("--file", help="YAML file with the answer's fields.")] = None,
    approver: Annotated[
        str | None, typer.Option("--approver", metavar="OFFICER", help="Who signs too, where two must.")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Answer a request, or withdraw an own one.

    WITHDRAW takes an own request back. Each field of the answer is an option, such as --number or --spoke-with; a wrong
    one names those that fit.
    """
    from contactpoint.cli.answerfields import fields_of, read_body
    from contactpoint.domain import catalogue

    body = read_body(fields_of(catalogue.load(), kind), file, context.args)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    submitted = run(main.answer(home, identity, kind, body, officer, secret, approver))
    tell_submitted(output(as_json), submitted)


def _refuse_another_states(request: CaseFile, home: Path) -> None:
    """A file of State QM is sent by the node of QM: anything else is the wrong folder, or the wrong file."""
    from contactpoint.cli.errors import CaseFileError
    from contactpoint.settings import read_settings

    own = read_settings(home).state
    if request.sender != own:
        raise CaseFileError(
            f"the request is from {request.sender}, and this node is of {own}.", "Name the folder with --home."
        )


def tell_spread(out: Output, spread: Spread) -> None:
    """What became of a letter to several States; ends with 4 when some of them could not be written to."""
    rows = [(each.recipient, each.id, each.state) for each in spread.sent]
    rows += [(each.recipient, "", f"NOT SENT: {each.code} {each.text}") for each in spread.failed]
    out.data(spread, [f"operation {spread.thread}", *out.table(("to", "id", "state"), rows)])
    for each in spread.sent:
        if each.state == "WAITING-FOR-APPROVAL":
            who, number = each.approver or "a second officer", each.approver or "OFFICER"
            out.say(
                f"Next: {who} runs `contactpoint approve {each.id} --as {number}`; nothing leaves for {each.recipient} until then."
            )
        if each.state == "WAITING-FOR-REVIEW":
            out.say(f"Next: a second person runs `contactpoint review {each.id} --as OFFICER` for {each.recipient}.")
    if spread.failed:
        for missed in spread.failed:
            out.say(f"{missed.recipient}: {missed.text}; {missed.what_to_do}.")
        raise typer.Exit(4)
    out.say(f"Next: `contactpoint group show {spread.thread}` shows all its cases.")


def tell_submitted(out: Output, submitted: Submitted) -> None:
    """What became of a letter, and who is next."""
    told: dict[str, Any] = {"id": submitted.id, "case": submitted.case, "state": submitted.state}
    if submitted.approver:
        told["approver"] = submitted.approver
    out.data(told, [f"{submitted.id}  {submitted.state}"])
    if submitted.state == "WAITING-FOR-APPROVAL":
        who, number = submitted.approver or "a second officer", submitted.approver or "OFFICER"
        out.say(f"Next: {who} runs `contactpoint approve {submitted.id} --as {number}`. Until then nothing leaves.")
    if submitted.state == "WAITING-FOR-REVIEW":
        out.say(f"Next: a second person records the rights check: `contactpoint review {submitted.id} --as OFFICER`.")
