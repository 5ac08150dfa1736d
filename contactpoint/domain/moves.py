"""The gate of moves: may this statement stand where its author put it, and what does it make of the case's requests?

Legality is judged in the view that the author had, `(mine, seen)`. Both ends can rebuild that view, so both give the same
verdict whatever crossed on the way. A refused move changes nothing: these functions return new values or raise MoveError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contactpoint.domain.catalogue import signers_needed
from contactpoint.domain.catalogue.model import Answer, Catalogue, Consequence, Entry, Opens, Signers
from contactpoint.domain.errors import CatalogueError, MoveError
from contactpoint.domain.preservation import extend, preserve
from contactpoint.domain.request import ACKNOWLEDGEMENTS, Request, Step, ordered, status_of, visible
from contactpoint.domain.statement import Statement
from contactpoint.domain.transitions import Status, after, allows, speaks
from contactpoint.domain.values import Side

Requests = Mapping[str, Request]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: its position in its author's half, and how many of the other half its author had."""

    place: int
    seen: int


def check_letter(statement: Statement, catalogue: Catalogue) -> None:
    """What can be judged without a case: known kind, open urgency, the signers that kind and urgency ask for."""
    try:
        needed = signers_needed(catalogue, statement.kind, statement.urgency)
    except CatalogueError as error:
        raise MoveError(error.code, field=statement.kind) from error
    officer, second = bool(statement.by), bool(statement.approver)
    fits = {
        Signers.STATION: not officer and not second,
        Signers.ONE: officer and not second,
        Signers.TWO: officer and second,
    }
    if not fits[needed]:
        raise MoveError("E-SIGNERS", field=statement.kind)
    # One bribed or forged officer must not be able to be both pairs of eyes.
    if needed is Signers.TWO and statement.by == statement.approver:
        raise MoveError("E-SAME-OFFICER", field=statement.kind)


def play(requests: Requests, statement: Statement, place: Place, catalogue: Catalogue) -> Requests:
    """Promise: the requests after this statement, or MoveError and nothing changed. All its predecessors are in."""
    entry = catalogue.entries.get(statement.kind)
    if entry is not None and entry.opens is Opens.CASE:
        if statement.re is not None or requests:
            raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
        return {statement.id: _new_request(statement, None, place)}
    subject = _subject(requests, statement, place)
    if entry is not None and entry.opens is Opens.REQUEST:
        _check_follow_up(entry, subject, statement, place)
        return {**requests, statement.id: _new_request(statement, subject.id, place)}
    moved = _move(subject, statement, place, catalogue)
    answer = _answer_of(catalogue, subject, statement.kind)
    return _with_consequence({**requests, moved.id: moved}, moved, answer, statement, catalogue)


def _new_request(statement: Statement, parent: str | None, place: Place) -> Request:
    return Request(
        id=statement.id,
        kind=statement.kind,
        urgency=statement.urgency,
        digest=statement.digest,
        sender=statement.sender,
        recipient=statement.recipient,
        at=statement.at,
        expires=statement.expires,
        pol=statement.pol,
        parent=parent,
        place=place.place,
        status=Status.OPEN,
        acknowledged_by="",
        degraded=False,
        preservation=None,
        answer=None,
        withdrawn=False,
        steps=(),
    )


def _subject(requests: Requests, statement: Statement, place: Place) -> Request:
    """The request that a statement is about, if its author had it."""
    for request in requests.values():
        if request.digest == statement.re and (request.sender == statement.sender or request.place < place.seen):
            return request
    raise MoveError("E-UNKNOWN-CASE", field="re")


def _check_follow_up(entry: Entry, parent: Request, statement: Statement, place: Place) -> None:
    side = parent.side_of(statement.sender)
    status = status_of(visible(parent, side, place.seen))
    if side is not Side.REQUESTER or not _may_follow(entry, parent, status):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)


def _may_follow(entry: Entry, parent: Request, status: Status) -> bool:
    return parent.kind in entry.parents and (not entry.parent_states or status.value in entry.parent_states)


def _move(request: Request, statement: Statement, place: Place, catalogue: Catalogue) -> Request:
    side = request.side_of(statement.sender)
    steps = visible(request, side, place.seen)
    status = status_of(steps)
    if not _offered(request, side, status, statement.kind, catalogue):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
    # An answer at a lower urgency would ask for fewer signatures than the request it answers.
    if statement.urgency is not request.urgency:
        raise MoveError("E-URGENCY", field=statement.kind)
    result = after(status, statement.kind)
    step = Step(
        kind=statement.kind,
        side=side,
        at=statement.at,
        by=statement.by,
        digest=statement.digest,
        status=result,
        word=speaks(status, statement.kind),
        place=place.place,
        seen=place.seen,
    )
    every = ordered((*request.steps, step))
    moved = replace(request, steps=every, status=status_of(every))
    if statement.kind in ACKNOWLEDGEMENTS:
        by = statement.by or str(statement.body.get("officer", ""))
        return replace(moved, acknowledged_by=by, degraded=statement.kind == "ACK-DEGRADED")
    return replace(moved, withdrawn=moved.withdrawn or result is Status.WITHDRAWN)


def _with_consequence(
    requests: Requests, moved: Request, answer: Answer | None, statement: Statement, catalogue: Catalogue
) -> Requests:
    if answer is None:
        return requests
    if answer.decides:
        moved = replace(moved, answer=statement)
    if answer.consequence is Consequence.PRESERVES:
        entry = catalogue[moved.kind]
        moved = replace(moved, preservation=preserve(moved.preservation, statement, entry))
    requests = {**requests, moved.id: moved}
    if answer.consequence is Consequence.EXTENDS:
        parent = requests[moved.parent] if moved.parent is not None else moved
        extended = replace(parent, preservation=extend(parent.preservation, statement))
        requests = {**requests, parent.id: extended}
    return requests


def _answer_of(catalogue: Catalogue, request: Request, kind: str) -> Answer | None:
    return next((answer for answer in catalogue[request.kind].answers if answer.code == kind), None)


def _offered(request: Request, side: Side, status: Status, kind: str, catalogue: Catalogue) -> bool:
    """Whether this side may say this on the request in this status: the catalogue offers it and the table has it."""
    if not allows(status, kind):
        return False
    answer = _answer_of(catalogue, request, kind)
    if answer is None:
        entry = catalogue.entries.get(kind)
        return (
            entry is not None and entry.opens is Opens.MOVE and side is Side.REQUESTER and request.kind in entry.parents
        )
    # Charge is taken once; the second officer is told who was first.
    if kind in ACKNOWLEDGEMENTS and request.acknowledged:
        return False
    said = {step.kind for step in request.steps if step.side is side}
    return answer.by is side and all(need in said for need in answer.needs)


def permitted_kinds(request: Request, side: Side, catalogue: Catalogue) -> tuple[str, ...]:
    """The kinds that a side which has everything may say now on a request: its answers, moves, and follow-up requests."""
    answers = [answer.code for answer in catalogue[request.kind].answers]
    entries = [entry for entry in catalogue.entries.values() if entry.opens is not Opens.CASE]
    moves = [entry.code for entry in entries if entry.opens is Opens.MOVE]
    follow_ups = [
        entry.code
        for entry in entries
        if entry.opens is Opens.REQUEST and side is Side.REQUESTER and _may_follow(entry, request, request.status)
    ]
    offered = [kind for kind in (*answers, *moves) if _offered(request, side, request.status, kind, catalogue)]
    return (*offered, *follow_ups)
