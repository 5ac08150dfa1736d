"""A case as both ends see it: two chains of statements, one a State, folded to requests and their states.

Promise: the same statements give the same case at both ends and in any order of arrival. A statement whose predecessor
is missing waits; one that may not stand is refused and changes nothing. Nothing local (rings, reminders, drafts) is here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from contactpoint.domain.catalogue.model import Catalogue
from contactpoint.domain.catalogue.words import Opens
from contactpoint.domain.errors import MoveError
from contactpoint.domain.moves import Place, check_letter, permitted_kinds, play
from contactpoint.domain.preservation import Extension, Preservation
from contactpoint.domain.request import Request, Step
from contactpoint.domain.stages import Status
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Side

__all__ = [
    "Case",
    "Extension",
    "Preservation",
    "Rejected",
    "Request",
    "Status",
    "Step",
    "admit",
    "fold",
    "permitted",
]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A statement that waited for its predecessors and turned out to be illegal; kept as evidence, never played."""

    statement: Statement
    code: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case between exactly two contact points. `waiting` are statements whose predecessor is missing here yet.

    Until the opening statement is here `halves` is empty and `initiator` provisional. `rejected` is this end's memory,
    no part of the shared state.
    """

    id: str
    initiator: Address
    addressee: Address
    halves: Mapping[Address, tuple[Statement, ...]]
    requests: Mapping[str, Request]
    waiting: tuple[Statement, ...]
    rejected: tuple[Rejected, ...] = field(default=(), compare=False)

    @property
    def opened(self) -> bool:
        """Whether the opening statement is here."""
        return bool(self.requests)

    def head(self, address: Address) -> bytes | None:
        """The digest of a State's last statement here: what its next one puts into `mine`, the other's into `seen`."""
        half = self.halves.get(address, ())
        return half[-1].digest if half else None

    def closed_to(self, reader: str, statement: Statement) -> tuple[str, ...]:
        """The fields of this letter that its reader's desk does not open before what they are given under is accepted."""
        if statement.sender == reader:
            return ()
        return tuple(
            name
            for request in self.requests.values()
            if request.digest in (statement.digest, statement.re)
            for name in request.closed(request.side_of(statement.recipient), statement.digest)
        )

    def other(self, address: Address) -> Address:
        return self.addressee if address == self.initiator else self.initiator


def admit(case: Case | None, statement: Statement, catalogue: Catalogue) -> Case:
    """Promise: the case with this statement in it, and with what waited for it; the same statement again changes nothing.

    Raises MoveError (E-MOVE-ILLEGAL, E-UNKNOWN-CASE, E-FORK, E-ID-CONFLICT, E-URGENCY, E-SIGNERS, ...); the case given
    stays as it was. Statements that had waited and are now illegal are not raised but stand in `rejected`, with their code.
    """
    check_letter(statement, catalogue)
    if case is None:
        case = Case(statement.case, statement.sender, statement.recipient, {}, {}, ())
    if _known(case, statement):
        return case
    _check_parties(case, statement, catalogue)
    if statement.id == statement.case:
        case = _without_strangers(case, statement)
    if not _ready(case, statement):
        return replace(case, waiting=_sorted((*case.waiting, statement)))
    return _play_waiting(_append(case, statement, catalogue), catalogue)


def fold(statements: Iterable[Statement], catalogue: Catalogue) -> Case:
    """Promise: the case that these statements make, in whatever order they are given; illegal ones stand in `rejected`.

    Raises MoveError (E-UNKNOWN-CASE) where there is no statement at all, or they are of two cases.
    """
    given = _in_turn(statements)
    if not given or any(statement.case != given[0].case for statement in given):
        raise MoveError("E-UNKNOWN-CASE")
    case: Case | None = None
    refused: list[Rejected] = []
    for statement in given:
        try:
            case = admit(case, statement, catalogue)
        except MoveError as error:
            refused.append(Rejected(statement, error.code))
    if case is None:
        raise MoveError(refused[0].code)
    return replace(case, rejected=(*case.rejected, *refused))


def permitted(case: Case, request_id: str, side: Side, catalogue: Catalogue) -> tuple[str, ...]:
    """Promise: the kinds that this side may say now on this request; each would be admitted after all that is here.

    Raises MoveError (E-UNKNOWN-CASE) where there is no such request.
    """
    request = case.requests.get(request_id)
    if request is None:
        raise MoveError("E-UNKNOWN-CASE", field=request_id)
    return permitted_kinds(case.requests, request, side, catalogue)


def _statements(case: Case) -> Iterable[Statement]:
    for half in case.halves.values():
        yield from half
    yield from case.waiting


def _known(case: Case, statement: Statement) -> bool:
    for known in _statements(case):
        if known.digest == statement.digest:
            return True
        # The same id with other content: two truths under one name. Both are kept by the caller, none is played.
        if known.id == statement.id:
            raise MoveError("E-ID-CONFLICT")
    return False


def _in_turn(statements: Iterable[Statement]) -> list[Statement]:
    """Predecessors first, else by digest: who comes in turn waits for nobody, and waiting costs a look at all who wait."""
    known = {statement.digest: statement for statement in statements}
    followers: dict[bytes, list[Statement]] = {}
    missing: dict[bytes, int] = {}
    for statement in known.values():
        before = {digest for digest in (statement.mine, statement.seen) if digest in known}
        missing[statement.digest] = len(before)
        for digest in before:
            followers.setdefault(digest, []).append(statement)
    ready = [_turn(statement) for statement in known.values() if not missing[statement.digest]]
    heapify(ready)
    order = []
    while ready:
        statement = known[heappop(ready)[1]]
        order.append(statement)
        for follower in followers.get(statement.digest, ()):
            missing[follower.digest] -= 1
            if not missing[follower.digest]:
                heappush(ready, _turn(follower))
    return order


def _turn(statement: Statement) -> tuple[bool, bytes]:
    return statement.case != statement.id, statement.digest


def _without_strangers(case: Case, opening: Statement) -> Case:
    """The opening says whose case it is. Whoever had written into it before, and is no party, is refused, not the opening."""
    parties = {opening.sender, opening.recipient}
    strangers = [each for each in case.waiting if {each.sender, each.recipient} != parties]
    return replace(
        case,
        waiting=tuple(each for each in case.waiting if each not in strangers),
        rejected=(*case.rejected, *(Rejected(each, "E-UNKNOWN-CASE") for each in strangers)),
    )


def _check_parties(case: Case, statement: Statement, catalogue: Catalogue) -> None:
    parties = {statement.sender, statement.recipient}
    # Before the opening is here nobody knows whose case it is: who guessed or overheard its id could keep the opening out.
    if statement.case != case.id or len(parties) != 2 or (case.opened and parties != {case.initiator, case.addressee}):
        raise MoveError("E-UNKNOWN-CASE")
    opening = statement.id == statement.case
    entry = catalogue.entries.get(statement.kind)
    if opening and (entry is None or not entry.opens.may_open_case):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
    if not opening and entry is not None and entry.opens is Opens.CASE:
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)
    if opening and (case.opened or any((statement.mine, statement.seen, statement.re))):
        raise MoveError("E-MOVE-ILLEGAL", field=statement.kind)


def _ready(case: Case, statement: Statement) -> bool:
    """Whether all that this statement builds on is here. Raises MoveError where it can never fit."""
    if statement.id == statement.case:
        return True
    if not case.opened:
        return False
    own = case.halves[statement.sender]
    if statement.mine != case.head(statement.sender):
        # Two statements after one: a half is a chain, and its author wrote two histories.
        if statement.mine is None or any(known.digest == statement.mine for known in own):
            raise MoveError("E-FORK")
        return False
    return statement.seen is None or _place_of(case.halves[statement.recipient], statement.seen) is not None


def _place_of(half: tuple[Statement, ...], digest: bytes) -> int | None:
    return next((place for place, known in enumerate(half) if known.digest == digest), None)


def _seen_count(half: tuple[Statement, ...], digest: bytes | None) -> int:
    place = None if digest is None else _place_of(half, digest)
    return 0 if place is None else place + 1


def _append(case: Case, statement: Statement, catalogue: Catalogue) -> Case:
    if statement.id == statement.case:
        case = replace(
            case,
            initiator=statement.sender,
            addressee=statement.recipient,
            halves={statement.sender: (), statement.recipient: ()},
        )
    own, other = case.halves[statement.sender], case.halves[statement.recipient]
    seen = _seen_count(other, statement.seen)
    # What a State has once seen it cannot unsee: otherwise it could judge its own move in an older, kinder view.
    if own and seen < _seen_count(other, own[-1].seen):
        raise MoveError("E-MOVE-ILLEGAL", field="seen")
    requests = play(case.requests, statement, Place(len(own), seen), catalogue)
    return replace(case, halves={**case.halves, statement.sender: (*own, statement)}, requests=requests)


def _play_waiting(case: Case, catalogue: Catalogue) -> Case:
    """Play what waited and now fits; what never fits is set aside with its code.

    Predecessors first, so that one pass is enough: a State that sends a thousand letters before the one they wait for must not
    hold the desk's transaction for minutes.
    """
    for statement in _in_turn(case.waiting):
        try:
            if not _ready(case, statement):
                continue
            rest = tuple(other for other in case.waiting if other is not statement)
            case = _append(replace(case, waiting=rest), statement, catalogue)
        except MoveError as error:
            rest = tuple(other for other in case.waiting if other is not statement)
            case = replace(case, waiting=rest, rejected=(*case.rejected, Rejected(statement, error.code)))
    return case


def _sorted(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda statement: statement.digest))
