"""Commands about people's rights and about calls: `review`, `flag`, `oral`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret
from contactpoint.cli.requests import Id, tell_submitted

if TYPE_CHECKING:
    from contactpoint.desk.review import Check

Finding = Annotated[
    str | None,
    typer.Option("--finding", help="none: no concern; note: proportionate, as noted; stop: it does not leave."),
]
Text = Annotated[str | None, typer.Option("--text", help="What was looked at, and why you find so.")]
AuthorisedBy = Annotated[str, typer.Option("--authorised-by", help="Which body authorised it.")]
Kind = Annotated[str, typer.Option("--kind", help="Kind of authorisation, such as a judge's order.")]
Date = Annotated[str, typer.Option("--date", help="Date of the authorisation.")]
Scope = Annotated[str, typer.Option("--scope", help="What it covers.")]
End = Annotated[str, typer.Option("--end", help="When it ends.")]
ReviewReference = Annotated[str, typer.Option("--review-reference", help="The review that it can have, by reference.")]

oral = typer.Typer(help="Requests made by telephone, until their letter is here.", rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    app.command("review")(review)
    app.command("flag")(flag)
    app.add_typer(oral, name="oral")


def check_of(finding: str | None, text: str | None, fields: dict[str, str]) -> Check | None:
    """The check that these options make, or None where none of them is given."""
    from contactpoint.desk.review import Check

    given = {name: value for name, value in fields.items() if value}
    if not finding and not text and not given:
        return None
    return Check(finding or "", text or "", given)


def review(
    identity: Id,
    officer: Officer,
    finding: Finding = None,
    text: Text = None,
    authorised_by: AuthorisedBy = "",
    kind: Kind = "",
    date: Date = "",
    scope: Scope = "",
    end: End = "",
    review_reference: ReviewReference = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Record the rights check of a letter that waits.

    Articles 6, 24, 40(22). It leaves when nothing more is awaited; stop makes it a draft again.
    """
    from contactpoint.desk.review import Check

    fields = {
        "authorised_by": authorised_by,
        "kind": kind,
        "date": date,
        "scope": scope,
        "end": end,
        "review_reference": review_reference,
    }
    check = check_of(finding, text, fields) or Check("", "")
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    tell_submitted(output(as_json), run(main.review(home, identity, check, officer, secret)))


def flag(
    identity: Id,
    officer: Officer,
    reason: Annotated[str, typer.Option("--reason", help="What does not fit, in a sentence.")],
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Doubt a request: wrong offence, or speech.

    You say that its facts do not match the offence, or are speech, press, belief or assembly. Whatever executes or refuses it then
    needs a rights check. Nothing travels.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    request = run(main.flag(home, identity, reason, officer, secret))
    output(as_json).data({"request": request, "flagged": True}, [f"{request}  flagged"])


@oral.command("log")
def log(
    state: Annotated[str, typer.Argument(metavar="STATE", help="Code of the State that called, such as XA.")],
    officer: Officer,
    caller: Annotated[str, typer.Option("--caller", help="Who called.")],
    from_number: Annotated[str, typer.Option("--from-number", help="The number that the call came from.")],
    asked: Annotated[str, typer.Option("--asked", help="What was asked.")],
    called_at: Annotated[str, typer.Option("--called-at", help="When, such as 2027-03-04T13:00Z.")],
    called_back: Annotated[str, typer.Option("--called-back", help="The directory number that you rang back.")] = "",
    spoke_with: Annotated[str, typer.Option("--spoke-with", help="Who answered there.")] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Note a request that was made by telephone. Its letter is due within 24 hours."""
    from contactpoint.desk.oral import Call

    call = Call(caller, from_number, _time(called_at), asked, called_back, spoke_with)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    noted = run(main.oral_log(home, state, call, officer, secret))
    out = output(as_json)
    out.data({"oral": noted}, [noted])
    out.say(f"Next: tell {state} this reference; its letter names it as `oral.reference`.")


@oral.command("link")
def link(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="The note's reference.")],
    identity: Id,
    officer: Officer,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say which letter confirms a telephone request."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    request = run(main.oral_link(home, note, identity, officer, secret))
    output(as_json).data({"oral": note, "request": request}, [f"{note}  confirmed by {request}"])


@oral.command("list")
def list_notes(officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False) -> None:
    """List the telephone requests whose letter has not come."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main
    from contactpoint.cli.output import clean, instant

    notes = run(main.oral_list(home, officer, secret))
    out = output(as_json)
    rows = [(each.id, each.state, instant(each.called_at), instant(each.due), clean(each.asked)[:60]) for each in notes]
    out.data(notes, out.table(("reference", "from", "called at", "letter due", "asked"), rows) if rows else ())
    if not rows:
        out.say("No telephone request waits for its letter.")


def _time(text: str) -> datetime:
    from contactpoint.cli.errors import CommandError
    from contactpoint.domain.errors import DomainError
    from contactpoint.domain.values import parse_instant

    try:
        return parse_instant(text)
    except DomainError as error:
        what = "Write a date with its offset, such as 2027-03-04T13:00Z."
        raise CommandError(f"--called-at {text!r} is no time.", what) from error
