"""Operations: the cases of one matter with several States, as this desk has them.

An operation's id joins cases that each stay between two States. Knowing the id gives nobody anything: a letter that names it is shown
in it only when its sender has a place in it already, and nothing is ever answered to the id itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.find import find_request
from contactpoint.desk.operation_views import GroupView, MemberView, OperationCase, OperationLine, OperationView
from contactpoint.desk.pictures import request_view
from contactpoint.domain.case import permitted
from contactpoint.domain.group import Group, gather, list_answer, message_answer
from contactpoint.domain.values import Address, Side
from contactpoint.store.rows_cases import case_row
from contactpoint.store.rows_threads import cases_of_thread, newest_threads, requests_of_cases, threads_like

_MOST = 200
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Link:
    """What of a case tells whether it stands in an operation. ``parent`` is the request of another case that it came from."""

    case: str
    initiator: str
    addressee: str
    requests: frozenset[str]
    parent: str


def belongs(links: Sequence[Link], own: str, named: Iterable[str] = ()) -> list[bool]:
    """Which of these cases, the oldest first, stand in the operation.

    What this State began does, and the case that it came from; where it began nothing, the first that it was sent. That gives their
    States a place; another State's case does when that State has one, or stands on a list of members (``named``). Time alone gives
    none: a stranger who has learnt the id stays outside, however early its letter came.
    """
    parents = {link.parent for link in links if link.initiator == own and link.parent}
    sure = [link.initiator == own or not parents.isdisjoint(link.requests) for link in links]
    if links and not any(sure):
        sure[0] = True
    parties = {own, *named}
    for link, stands in zip(links, sure, strict=True):
        parties |= {link.initiator, link.addressee} if stands else set()
    return [stands or link.initiator in parties for link, stands in zip(links, sure, strict=True)]


async def find_thread(cw: Casework, reference: str) -> str:
    """The operation that is meant: by its id or the beginning of it, or by any request of it. Raises NotFoundError."""
    if len(reference) >= _SHORTEST:
        found = await cw.db.read(lambda tx: threads_like(tx, reference))
        if reference in found or len(found) == 1:
            return reference if reference in found else found[0]
    case_id, _ = await find_request(cw, reference)
    row = await cw.db.read(lambda tx: case_row(tx, case_id))
    if row is None or not row.thread:
        raise NotFoundError("E-NOT-FOUND", f"{reference} belongs to no operation", "run `contactpoint show` on it")
    return str(row.thread)


async def load_operation(tx: AsyncConnection, cw: Casework, thread: str) -> tuple[list[OpenCase], list[str]]:
    """(the cases that stand in it, States that merely named it)."""
    rows = await cases_of_thread(tx, thread)
    cases = [case for row in rows if (case := await load_case(tx, cw, row.id)) is not None and case.case.opened]
    links = [_link(case) for case in cases]
    first = [case for case, stands in zip(cases, belongs(links, cw.state), strict=True) if stands]
    group = group_of(cw, first)
    named = () if group is None or group.roster is None else group.roster.members
    inside = belongs(links, cw.state, named)
    apart = [link.initiator for link, stands in zip(links, inside, strict=True) if not stands]
    return [case for case, stands in zip(cases, inside, strict=True) if stands], apart


def _link(case: OpenCase) -> Link:
    ends = case.case
    return Link(case.id, ends.initiator, ends.addressee, frozenset(ends.requests), case.parent_request)


def group_of(cw: Casework, cases: Iterable[OpenCase]) -> Group | None:
    """The group that these cases form, as far as this desk sees it."""
    rows = [
        (case.id, request, case.case.halves.get(request.sender, ()))
        for case in cases
        for request in case.case.requests.values()
    ]
    return gather(rows, cw.catalogue)


async def operation_view(tx: AsyncConnection, cw: Casework, thread: str, now: datetime) -> OperationView | None:
    """The whole operation, or None when this desk has none of this id."""
    cases, apart = await load_operation(tx, cw, thread)
    if not cases:
        return None
    rows = await requests_of_cases(tx, [case.id for case in cases])
    opened = {row.id: row for row in await cases_of_thread(tx, thread)}
    group = group_of(cw, cases)
    return OperationView(
        thread=thread,
        since=opened[cases[0].id].opened_at,
        cases=tuple(_case(cw, case, opened[case.id], rows[case.id], now) for case in cases),
        group=None if group is None else _group(cw, group, cases),
        apart=tuple(sorted(set(apart))),
    )


def _case(cw: Casework, case: OpenCase, row: Row[Any], requests: Sequence[Row[Any]], now: datetime) -> OperationCase:
    peer = case.case.other(Address(cw.state))
    shown = [
        request_view(cw, case, case.case.requests[each.id], each, (), now)
        for each in requests
        if each.id in case.case.requests
    ]
    return OperationCase(
        id=case.id,
        peer=peer,
        peer_name=cw.register.name(peer),
        own=case.case.initiator == cw.state,
        opened_at=row.opened_at,
        own_reference=case.own_reference,
        parent=case.parent_request,
        requests=tuple(shown),
    )


def _group(cw: Casework, group: Group, cases: Sequence[OpenCase]) -> GroupView:
    entry = cw.catalogue[group.kind]
    listed, message = list_answer(entry), message_answer(entry)
    leads = group.lead == cw.state
    told = tuple(str(each.state) for each in group.current) if leads else (str(group.lead),)
    may = message is not None and any(message.code in _may_say(cw, group, case) for case in cases)
    return GroupView(
        lead=group.lead,
        leads=leads,
        kind=group.kind,
        title=entry.title,
        members=tuple(
            MemberView(
                state=each.state,
                name=cw.register.name(each.state),
                standing=each.standing.value,
                since=each.since,
                case=each.case,
                request=each.request,
                roster=0 if each.roster is None else each.roster.number,
            )
            for each in group.members
        ),
        number=0 if group.roster is None else group.roster.number,
        names=() if group.roster is None else group.roster.members,
        due=group.names,
        stale=leads and group.stale,
        told=told if may else (),
        message=message.code if message is not None and may else "",
        list_code=listed.code if listed is not None and leads else "",
    )


def _may_say(cw: Casework, group: Group, case: OpenCase) -> tuple[str, ...]:
    """What this State may say now on the group's requests in this case, if it takes part."""
    side = Side.REQUESTER if group.lead == cw.state else Side.ADDRESSEE
    own = {each.request for each in group.current}
    return tuple(
        kind
        for request in case.case.requests.values()
        if request.id in own
        for kind in permitted(case.case, request.id, side, cw.catalogue)
    )


async def operation_lines(tx: AsyncConnection, cw: Casework) -> tuple[OperationLine, ...]:
    """Every operation of this desk, the newest first; opens no case."""
    lines = []
    for row in await newest_threads(tx, _MOST):
        cases = await cases_of_thread(tx, row.thread)
        requests = await requests_of_cases(tx, [each.id for each in cases])
        links = [
            Link(
                each.id, each.initiator, each.addressee, frozenset(r.id for r in requests[each.id]), each.parent_request
            )
            for each in cases
        ]
        inside = belongs(links, cw.state)
        kept = [each for each, stands in zip(cases, inside, strict=True) if stands]
        first = requests[kept[0].id]
        kind = first[0].kind if first else ""
        title = cw.catalogue[kind].title if kind in cw.catalogue else kind
        states = dict.fromkeys(each.addressee if each.initiator == cw.state else each.initiator for each in kept)
        lines.append(OperationLine(row.thread, row.since, tuple(states), title))
    return tuple(lines)
