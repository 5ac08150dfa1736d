"""The gate of moves: may this statement stand where its author put it, and what does it make of the case's requests?

Legality is judged in the view that the author had, `(mine, seen)`. Both ends can rebuild that view, so both give the same
verdict whatever crossed on the way. A refused move changes nothing: these functions return new values or raise MoveError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contactpoint.domain.catalogue import signers_needed, signers_open
from contactpoint.domain.catalogue.model import Answer, Catalogue, Entry
from contactpoint.domain.catalogue.words import Consequence, FieldType, Opens, Required, Signers
from contactpoint.domain.conditions import CONSENTS, Term, acceptance_of, term_of
from contactpoint.domain.consequences import follow_on, holders, preserved, settle_holds
from contactpoint.domain.errors import CatalogueError, MoveError
from contactpoint.domain.labels import covers
from contactpoint.domain.request import ACKNOWLEDGEMENTS, Request, Step, ordered, status_of, visible
from contactpoint.domain.stages import BEGIN, Status, after, allows, speaks
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side, Urgency

Requests = Mapping[str, Request]

_LONGEST_NUMBER = 64
_OF_WHAT_IS_KEPT = frozenset((Consequence.RENEWS, Consequence.EXTENDS, Consequence.RELEASES))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: its position in its author's half, and how many of the other half its author had."""

    place: int
    seen: int


def check_letter(statement: Statement, catalogue: Catalogue) -> None:
    """What can be judged without a case: known kind, open urgency, signers that some type asks of this kind and urgency."""
    try:
        allowed = signers_open(catalogue, statement.kind, statement.urgency)
    except CatalogueError as error:
        raise MoveError(error.code, field=statement.kind) from error
    if _signers(statement) not in allowed:
        raise MoveError("E-SIGNERS", field=statement.kind)
    # One bribed or forged officer must not be able to be both pairs of eyes.
    if statement.approver and statement.by == statement.approver:
        raise MoveError("E-SAME-OFFICER", field=statement.kind)


def _signers(statement: Statement) -> Signers | None:
    if not statement.by:
        return None if statement.approver else Signers.STATION
    return Signers.TWO if statement.approver else Signers.ONE


def play(requests: Requests, statement: Statement, place: Place, catalogue: Catalogue) -> Requests:
    """Promise: the requests after this statement, or MoveError and nothing changed. All its predecessors are in."""
    entry = catalogue.entries.get(statement.kind)
    if statement.id == statement.case:
        if statement.re is not None or requests:
            raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
        return {statement.id: _new_request(statement, None, place, catalogue)}
    subject = _subject(requests, statement, place)
    if entry is not None and entry.opens.may_follow:
        _check_follow_up(entry, subject, statement, place, catalogue)
        requests = {**requests, statement.id: _new_request(statement, subject.id, place, catalogue)}
    else:
        moved, answer = _move(requests, subject, statement, place, catalogue)
        requests = follow_on({**requests, moved.id: moved}, moved, answer, statement, catalogue)
    return settle_holds(requests, catalogue)


def _new_request(statement: Statement, parent: str | None, place: Place, catalogue: Catalogue) -> Request:
    term = term_of(statement, catalogue[statement.kind], Side.REQUESTER, place.place)
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
        status=BEGIN,
        acknowledged_by="",
        degraded=False,
        preservation=None,
        answer=None,
        withdrawn=False,
        steps=(),
        terms=() if term is None else (term,),
    )


def _subject(requests: Requests, statement: Statement, place: Place) -> Request:
    """The request that a statement is about, if its author had it."""
    for request in requests.values():
        if request.digest == statement.re and (request.sender == statement.sender or request.place < place.seen):
            return request
    raise MoveError("E-UNKNOWN-CASE", field="re")


def _check_follow_up(entry: Entry, parent: Request, statement: Statement, place: Place, catalogue: Catalogue) -> None:
    side = parent.side_of(statement.sender)
    status = status_of(visible(parent, side, place.seen))
    if side not in entry.by or not _may_follow(entry, parent, status):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)


def _may_follow(entry: Entry, parent: Request, status: Status) -> bool:
    fits = parent.kind in entry.parents if entry.parents else entry.opens is Opens.REQUEST
    return fits and (not entry.parent_states or status.code in entry.parent_states)


def _move(
    requests: Requests, request: Request, statement: Statement, place: Place, catalogue: Catalogue
) -> tuple[Request, Answer]:
    side = request.side_of(statement.sender)
    status = status_of(visible(request, side, place.seen))
    answer = catalogue.move(statement.kind, request.kind)
    view = {each.id: each for each in requests.values() if each.sender == statement.sender or each.place < place.seen}
    if answer is None or not _offered(view, request, side, status, answer, catalogue):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
    # An answer at a lower urgency would ask for fewer signatures than the request it answers.
    if statement.urgency is not request.urgency:
        raise MoveError("E-URGENCY", field=statement.kind)
    if _signers(statement) is not signers_needed(catalogue, statement.kind, statement.urgency, request.kind):
        raise MoveError("E-SIGNERS", field=statement.kind)
    _check_ground(request, answer, statement, catalogue)
    step = Step(
        kind=statement.kind,
        side=side,
        at=statement.at,
        by=statement.by,
        digest=statement.digest,
        status=after(answer, status),
        word=speaks(answer, status),
        place=place.place,
        seen=place.seen,
    )
    every = ordered((*request.steps, step))
    moved = replace(request, steps=every, status=status_of(every))
    if statement.kind in ACKNOWLEDGEMENTS:
        moved = replace(moved, acknowledged_by=_in_charge(statement), degraded=statement.kind == "ACK-DEGRADED")
    moved = _with_conditions(moved, answer, statement, side, place)
    ends = side is Side.REQUESTER and step.word and step.status.final
    withdraws = ends and answer.consequence is not Consequence.ELSEWHERE
    return replace(moved, withdrawn=moved.withdrawn or withdraws), answer


def _in_charge(statement: Statement) -> str:
    """The number of who took charge. A station names it in its body, and a foreign one may write there what drives a terminal."""
    named = statement.body.get("officer")
    text = statement.by or (named if isinstance(named, str) else "")
    return "".join(character for character in text[:_LONGEST_NUMBER] if character.isprintable())


def _with_conditions(request: Request, answer: Answer, statement: Statement, side: Side, place: Place) -> Request:
    """The request with what this letter asks to be accepted, or what it accepts. A yes to less than was asked is illegal."""
    term = term_of(statement, answer, side, place.place)
    if term is not None:
        terms: list[Term] = sorted((*request.terms, term), key=lambda each: (each.side.value, each.place))
        request = replace(request, terms=tuple(terms))
    said = acceptance_of(statement, answer, side, place.place, place.seen, request.terms)
    if said is None:
        return request
    asked = request.asked_of(side, place.seen)
    if not asked:
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
    if said.accepted and not all(covers(said.labels, each.labels) for each in asked):
        raise MoveError("E-CONDITIONS", field=statement.kind)
    every = sorted((*request.acceptances, said), key=lambda each: (each.side.value, each.place))
    return replace(request, acceptances=tuple(every))


def _check_ground(request: Request, answer: Answer, statement: Statement, catalogue: Catalogue) -> None:
    """A ground that no State may refuse on is no refusal (40(23), 40(24)); one that the type does not open, or opens only after
    another answer, needs a person's override."""
    side = request.side_of(statement.sender)
    said = {step.kind for step in request.steps if step.side is side}
    needs = catalogue[request.kind].ground_needs
    for field in answer.fields:
        if field.type is not FieldType.GROUND:
            continue
        named = statement.body.get(field.name)
        if named is None and field.required is Required.OPTIONAL:
            continue
        ground = catalogue.all_grounds.get(named) if isinstance(named, str) else None
        if ground is not None and ground.never:
            raise MoveError("E-GROUND-NEVER", field=field.name)
        opened = any(choice.code == named and not choice.closed for choice in field.choices)
        opened = opened and said.issuperset(needs.get(str(named), ()))
        if ground is None or not (opened or statement.body.get("override")):
            raise MoveError("E-GROUND-CLOSED", field=field.name)


def _offered(
    view: Requests, request: Request, side: Side, status: Status, answer: Answer, catalogue: Catalogue
) -> bool:
    """Whether this side may say this on the request in this status, as far as its author had the case (`view`)."""
    if side not in answer.by or not allows(answer, status):
        return False
    # Charge is taken once; the second officer is told who was first.
    if answer.code in ACKNOWLEDGEMENTS and request.acknowledged:
        return False
    # There is no class below the lowest.
    if answer.consequence is Consequence.LOWERS and request.weight is Urgency.U3:
        return False
    # Nothing is handed over while the last call-back has failed.
    if answer.discloses and request.quarantined:
        return False
    said = {step.kind for step in request.steps if step.side is side}
    if _nothing_kept(view, request, answer) or _too_late(view, request, answer, catalogue):
        return False
    if answer.discloses and request.weight is Urgency.U0 and not _called_back(request, said, catalogue):
        return False
    return all(need in said for need in answer.needs)


def _called_back(request: Request, said: set[str], catalogue: Catalogue) -> bool:
    """The known abuse is a forged emergency: nothing is handed over in one before the State that asks was rung."""
    answers = catalogue[request.kind].answers
    return any(each.consequence is Consequence.CALLS_BACK and each.code in said for each in answers)


def _nothing_kept(view: Requests, request: Request, answer: Answer) -> bool:
    """What is not preserved cannot be renewed, extended or released."""
    kept = preserved(view, request)
    return answer.consequence in _OF_WHAT_IS_KEPT and (kept is None or kept.preservation is None)


def _too_late(view: Requests, request: Request, answer: Answer, catalogue: Catalogue) -> bool:
    """Article 42(9): what had ended when its extension was asked for cannot be extended, unless a formal request came in time."""
    if answer.consequence is not Consequence.EXTENDS:
        return False
    kept = preserved(view, request)
    if kept is None or kept.preservation is None or kept.preservation.released_at is not None:
        return True
    end = kept.preservation.until
    return request.at >= end and not any(each.at <= end for each in holders(view, kept, catalogue))


def permitted_kinds(requests: Requests, request: Request, side: Side, catalogue: Catalogue) -> tuple[str, ...]:
    """The kinds that a side which has everything may say now on a request: its answers, moves, and follow-up requests."""
    entries = catalogue.entries.values()
    answers = [answer.code for answer in catalogue[request.kind].answers]
    moves = [entry.code for entry in entries if entry.opens is Opens.MOVE]
    follow_ups = [
        entry.code
        for entry in entries
        if entry.opens.may_follow and side in entry.by and _may_follow(entry, request, request.status)
    ]
    offered = [
        kind
        for kind in (*answers, *moves)
        if (answer := catalogue.move(kind, request.kind)) is not None
        and _offered(requests, request, side, request.status, answer, catalogue)
        and (answer.consequence not in CONSENTS or request.asked_of(side))
    ]
    return (*offered, *follow_ups)
