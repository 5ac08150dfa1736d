"""What a move does beyond its own request: to the preservation both States share, to the class, to what may still be handed over.

Each fact has one author, so the order in which letters arrive plays no part; what both halves make together (a formal request that
holds the data until it is decided) is computed anew from all requests each time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from contactpoint.domain.catalogue.model import Answer, Catalogue
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.errors import MoveError
from contactpoint.domain.group import check_roster
from contactpoint.domain.preservation import Hold, Preservation, extend, preserve, release, renew
from contactpoint.domain.request import Request
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side, Urgency

Requests = Mapping[str, Request]


def follow_on(
    requests: Requests, moved: Request, answer: Answer, statement: Statement, catalogue: Catalogue
) -> Requests:
    """Promise: the requests after what this move brings with it. Raises MoveError where it states what cannot be."""
    # Both sides may conclude some requests, and their words may cross: the answer is the addressee's alone.
    if answer.decides and moved.side_of(statement.sender) is Side.ADDRESSEE:
        moved = replace(moved, answer=statement)
    match answer.consequence:
        case Consequence.PRESERVES:
            moved = replace(moved, preservation=preserve(moved.preservation, statement, catalogue[moved.kind]))
        case Consequence.RENEWS:
            moved = replace(moved, preservation=renew(moved.preservation, statement, catalogue[moved.kind]))
        case Consequence.LOWERS:
            moved = replace(moved, lowered_to=_lower_class(moved, statement))
        case Consequence.QUARANTINES:
            moved = replace(moved, quarantined=True)
        case Consequence.LIFTS_QUARANTINE:
            moved = replace(moved, quarantined=False)
        case Consequence.RECALLS:
            moved = replace(moved, recalled=True)
        case Consequence.MEMBERS:
            moved = replace(moved, roster=check_roster(statement.body, moved.roster))
    requests = {**requests, moved.id: moved}
    if answer.consequence is Consequence.EXTENDS:
        return _change_kept(requests, moved, lambda before: extend(before, statement))
    if answer.consequence is Consequence.RELEASES:
        return _change_kept(requests, moved, lambda before: release(before, statement))
    return requests


def _change_kept(requests: Requests, moved: Request, change: Callable[[Preservation], Preservation]) -> Requests:
    kept = preserved(requests, moved)
    if kept is None or kept.preservation is None:
        raise MoveError("E-MOVE-ILLEGAL", field=moved.kind)
    return {**requests, kept.id: replace(kept, preservation=change(kept.preservation))}


def preserved(requests: Requests, request: Request) -> Request | None:
    """The nearest request, from this one upwards, that holds a preservation."""
    seen = set()
    current: Request | None = request
    while current is not None and current.id not in seen:
        if current.preservation is not None:
            return current
        seen.add(current.id)
        current = requests.get(current.parent or "")
    return None


def holders(requests: Requests, kept: Request, catalogue: Catalogue) -> Iterable[Request]:
    """The formal requests that stand below a preservation and keep it until they are decided (Article 42(8))."""
    for request in requests.values():
        if catalogue[request.kind].consequence is Consequence.HOLDS and preserved(requests, request) is kept:
            yield request


def settle_holds(requests: Requests, catalogue: Catalogue) -> Requests:
    """Promise: every preservation with what holds it now; a function of the requests alone."""
    settled = dict(requests)
    for kept in requests.values():
        if kept.preservation is None:
            continue
        found = [Hold(each.id, each.at, _decided(each)) for each in holders(requests, kept, catalogue)]
        holds = tuple(sorted(found, key=lambda hold: (hold.since, hold.request)))
        if holds != kept.preservation.holds:
            settled[kept.id] = replace(kept, preservation=replace(kept.preservation, holds=holds))
    return settled


def _decided(request: Request) -> datetime | None:
    if not request.status.final:
        return None
    return max(step.at for step in request.steps if step.status.final)


def _lower_class(request: Request, statement: Statement) -> Urgency:
    """Only lower than it is treated now: a receiver may not make another State's request more urgent, nor lower it twice to the same."""
    try:
        wanted = Urgency(str(statement.body.get("class", "")))
    except ValueError as error:
        raise MoveError("E-FIELD-INVALID", field="class") from error
    if wanted.value <= request.weight.value:
        raise MoveError("E-FIELD-INVALID", field="class")
    return wanted
