"""Commands that look: `inbox`, which opens nothing, and `show`, which does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret
from contactpoint.cli.requests import Id

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.views import CaseView, RequestView, ReviewView, StatementView


def add_to(app: typer.Typer) -> None:
    app.command("inbox")(inbox)
    app.command("show")(show)


def inbox(
    ids: Annotated[bool, typer.Option("--ids", help="Print only the ids, one a line.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="Wait so long until something is there.", min=0)
    ] = 0.0,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """List what has come; opens nothing."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    rows = run(main.inbox(home, wait))
    out = output(as_json)
    if ids and not as_json:
        out.data(rows, [row.id for row in rows])
        return
    cells = [(r.id, r.urgency, r.sender, r.kind, r.status, r.level, instant(r.due), r.label) for r in rows]
    head = ("id", "class", "from", "type", "status", "level", "next due", "label")
    out.data(rows, out.table(head, cells) if rows else ())
    if not rows:
        out.say("Nothing has come.")


def show(
    identity: Id, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Open a request and print its case.

    The other State is told that it was opened.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    case = run(main.show(home, identity, officer, secret))
    out = output(as_json)
    out.data(case, _case_lines(out, case))


def _case_lines(out: Output, case: CaseView) -> Iterator[str]:
    from contactpoint.cli.output import clean

    yield out.bold(f"case {case.id}")
    phones = f"  telephone {', '.join(case.peer_phones)}" if case.peer_phones else ""
    yield clean(f"  between {case.initiator} and {case.addressee}; peer {case.peer_name}{phones}")
    yield f"  state digest {case.state_digest}"
    if case.thread:
        yield f"  operation {case.thread}: contactpoint group show {case.thread}"
    for request in case.requests:
        yield from _request_lines(out, request)
    if case.reviews:
        yield ""
        yield out.bold("flags and rights checks of this desk")
        yield from map(_review_line, case.reviews)
    for statement in case.statements:
        yield from _statement_lines(out, statement)


def _request_lines(out: Output, request: RequestView) -> Iterator[str]:
    from contactpoint.cli.output import clean, instant

    label = f"  ({request.label})" if request.label else ""
    yield ""
    yield out.bold(clean(f"{request.urgency} {request.kind} {request.id}{label}"))
    yield clean(f"  {request.title}")
    yield f"  {request.sender} to {request.recipient}, sent {instant(request.at)}, until {instant(request.expires)}"
    yield f"  status {request.status}" + (
        f", acknowledged by {request.acknowledged_by}" if request.acknowledged_by else ""
    )
    yield from (f"  {clean(told)}" for told in _told(request))
    if request.preservation is not None:
        kept = request.preservation
        expiry = f"earliest expiry {instant(kept.expires)}"
        if kept.state == "HELD-UNTIL-DECISION":
            expiry = "kept until the formal request is decided"
        yield f"  {kept.state}: preserved from {instant(kept.preserved_from)}, {expiry}"
    rows = []
    for fact in sorted(request.facts, key=lambda fact: fact.at):
        late = "" if fact.late_s is None else f"{fact.late_s} s late"
        rows.append((instant(fact.at), fact.level, fact.by, fact.who, late, fact.note))
    for line in out.table(("at", "level", "signed by", "who", "late", "note"), rows) if rows else ():
        yield f"  {line}"
    for due in request.deadlines:
        state = {None: "runs", True: "met", False: "missed"}[due.met]
        yield f"  {due.level} by {instant(due.due)}: {state}"
    if request.permitted:
        yield f"  permitted now: {', '.join(request.permitted)}"
    for step in request.next_steps:
        to = f" to {step.recipient}" if step.recipient else ""
        yield clean(f"  next{to}: contactpoint draft {step.kind} --from {request.id}  ({step.label or step.title})")


def _told(request: RequestView) -> Iterator[str]:
    """What an officer must not overlook, one sentence each."""
    if request.authority:
        yield f"with {request.authority}"
    if request.refused:
        yield f"REFUSED by the other State's node: {request.refused}"
    if request.recalled:
        yield "RECALLED by its sender"
    if request.quarantined:
        yield "QUARANTINED: a call-back failed, and none has succeeded since; disclose nothing"
    if request.suspect:
        yield "SUSPECT: a call-back to the same officer failed after this was answered; look at what was given"
    if request.lowered_to:
        yield f"class lowered to {request.lowered_to} by {request.recipient}"
    if request.flagged:
        yield "FLAGGED: whatever executes or refuses it needs a rights check"
    if request.lacks:
        yield f"lacks: {', '.join(request.lacks)} (answer NEED-INFO with these fields)"
    if request.conditions:
        yield "what was given opens when its conditions are accepted"


def _review_line(review: ReviewView) -> str:
    from contactpoint.cli.output import clean, instant

    doubt = "" if review.holds else "  PROVES NOTHING: the record and its row differ"
    what = " ".join(part for part in (review.kind, review.reason, review.finding) if part)
    return clean(f"  {what} by {review.by}, {instant(review.at)}: {review.text}{doubt}").replace("\n", " ")


def _statement_lines(out: Output, statement: StatementView) -> Iterator[str]:
    from contactpoint.cli.output import described, instant

    by = f", {statement.by}" if statement.by else ""
    approved = f", approved by {statement.approver}" if statement.approver else ""
    yield ""
    yield out.bold(f"{statement.kind} of {statement.sender}{by}{approved}, {instant(statement.at)}")
    yield from described(statement.body)
