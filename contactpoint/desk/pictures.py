"""Make the pictures that console and command line show: a request with its ladder, a case, the board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bells import bells_gone
from contactpoint.casework.cases import OpenCase, load_case, state_digest
from contactpoint.casework.consequences import GIVEN_BEFORE
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import read_ladder
from contactpoint.casework.rungs import ON_DUTY, roles_held
from contactpoint.desk.approve import waiting_list
from contactpoint.desk.clocks import ends_of_tasks
from contactpoint.desk.conditions import conditions_asked, seen_body
from contactpoint.desk.handover import with_authority
from contactpoint.desk.next_steps import next_steps
from contactpoint.desk.oral import oral_list
from contactpoint.desk.review import views as review_views
from contactpoint.desk.views import (
    Beat,
    Board,
    CaseView,
    Deadline,
    Fact,
    PreservationView,
    RequestView,
    StatementView,
    Task,
)
from contactpoint.domain.case import Request, permitted
from contactpoint.domain.catalogue import lacking
from contactpoint.domain.catalogue.model import OPEN
from contactpoint.domain.codes import look_up
from contactpoint.domain.ladder import Ladder
from contactpoint.domain.preservation import Preservation, PreservationState
from contactpoint.domain.statement import Statement
from contactpoint.domain.threats import recalled_at
from contactpoint.domain.values import Level, Side, Twin
from contactpoint.store.rows_clocks import open_tasks_of_code
from contactpoint.store.rows_desk import open_tasks
from contactpoint.store.rows_outbox import facts_of
from contactpoint.store.rows_requests import alarm_counts, all_requests, requests_of_case
from contactpoint.store.rows_rights import flagged_requests, requests_with_task

_SOON = timedelta(days=21)
_AWAITED = (Twin.UNREACHABLE, Twin.NOT_RECEIVED, Twin.NOT_OPENED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED)


def _fact(row: Row[Any], ladder: Ladder | None = None) -> Fact:
    """A receipt or slip; how late it was is computed from the request's one clock, never stored."""
    late = ladder.late_by(Level(row.level)) if ladder is not None and row.level in set(Level) else None
    return Fact(row.level, row.at, row.by_state, row.who, None if late is None else int(late.total_seconds()), row.note)


def _deadlines(ladder: Ladder, now: datetime) -> tuple[Deadline, ...]:
    """Every deadline both States compute alike; met when the level was reached by then, None while it runs."""
    found = []
    for twin in _AWAITED:
        due = ladder.deadlines.get(twin)
        if due is None or (twin is Twin.NOT_OPENED and Twin.NOT_ACKNOWLEDGED in ladder.deadlines):
            continue
        reached = ladder.levels.get(twin.level)
        higher = ladder.reached >= twin.level.rank
        if reached is not None:
            met: bool | None = reached <= due
        elif higher:
            met = True
        elif ladder.closed and twin not in ladder.said and twin not in ladder.heard:
            continue  # it was withdrawn or refused first: nobody waits any more, and nobody was late
        else:
            met = False if now > due else None
        found.append(Deadline(twin.level.value, due, met))
    return tuple(found)


def _next_due(ladder: Ladder) -> datetime | None:
    """The deadline that a person waits for: taking charge first, then the answer."""
    if ladder.closed or (ladder.quiet and ladder.reached >= Level.RECEIVED.rank):
        return None
    twin = Twin.LAPSED if ladder.reached >= Level.ACKNOWLEDGED.rank else Twin.NOT_ACKNOWLEDGED
    return ladder.deadlines.get(twin) or ladder.deadlines.get(Twin.UNREACHABLE)


def _status(cw: Casework, request: Request, ladder: Ladder) -> str:
    """The word of the fold; of a type that rings nobody, and of which nothing is said yet, that it is there: alike at both ends."""
    if not cw.catalogue[request.kind].rings and request.status.code == OPEN and ladder.reached >= Level.RECEIVED.rank:
        return "DELIVERED"
    return request.status.code


def _rung(ladder: Ladder) -> str:
    return "" if ladder.rung_now is None else ladder.rung_now.role


def _preservation(kept: Preservation | None, now: datetime) -> PreservationView | None:
    if kept is None:
        return None
    extended = tuple((each.old, each.new) for each in kept.extensions)
    return PreservationView(kept.preserved_from, kept.ends_at or kept.until, extended, kept.state_at(now).value)


def request_view(
    cw: Casework, case: OpenCase, request: Request, row: Row[Any], facts: Sequence[Row[Any]], now: datetime
) -> RequestView:
    ladder = read_ladder(row)
    incoming = request.sender != cw.state
    side = Side.ADDRESSEE if incoming else Side.REQUESTER
    own = tuple(_fact(each, ladder) for each in facts if each.statement_id == request.id)
    return RequestView(
        id=request.id,
        case=case.id,
        kind=request.kind,
        title=cw.catalogue[request.kind].title,
        urgency=request.urgency.value,
        sender=request.sender,
        recipient=request.recipient,
        incoming=incoming,
        status=_status(cw, request, ladder),
        level=ladder.level.value,
        at=request.at,
        expires=request.expires,
        facts=(*_local_facts(cw, request, ladder), *own),
        deadlines=_deadlines(ladder, now),
        next_due=_next_due(ladder),
        rung=_rung(ladder),
        cycle=ladder.cycle,
        acknowledged_by=request.acknowledged_by,
        holder=row.holder,
        rings=ladder.rings,
        own_reference=case.own_reference,
        preservation=_preservation(request.preservation, now),
        permitted=_may(cw, case, request, side),
        label=row.label,
        refused=ladder.refused,
        quiet=ladder.quiet,
        recalled=recalled_at(request, cw.catalogue) is not None,
        conditions=conditions_asked(request, side),
        lowered_to=request.lowered_to.value if request.lowered_to else "",
        quarantined=request.quarantined,
        next_steps=next_steps(cw, case, request),
        authority=with_authority(cw.catalogue, case.case, request),
        lacks=_lacks(cw, case, request) if incoming and not request.status.final else (),
    )


def _lacks(cw: Casework, case: OpenCase, request: Request) -> tuple[str, ...]:
    """What its own desk should not have let go without: the officer is told, and decides what to ask."""
    opening = next(each for each in case.case.halves[request.sender] if each.digest == request.digest)
    return lacking(cw.catalogue[request.kind], opening.body, opening.at)


def _local_facts(cw: Casework, request: Request, ladder: Ladder) -> tuple[Fact, ...]:
    """Levels that no slip proves: queued by this end's own database, acknowledged and answered by the officers' letters."""
    facts = []
    for level in (Level.QUEUED, Level.ACKNOWLEDGED, Level.ANSWERED):
        at = ladder.levels.get(level)
        if at is None or (level is Level.QUEUED and request.sender != cw.state):
            continue
        late = ladder.late_by(level)
        by = request.sender if level is Level.QUEUED else request.recipient
        who = _who(request, level)
        facts.append(Fact(level.value, at, by, who, None if late is None else int(late.total_seconds())))
    return tuple(facts)


def _who(request: Request, level: Level) -> str:
    if level is Level.ACKNOWLEDGED:
        return "station" if request.degraded else request.acknowledged_by
    if level is Level.ANSWERED and request.answer is not None:
        return request.answer.by
    return "station"


def _may(cw: Casework, case: OpenCase, request: Request, side: Side) -> tuple[str, ...]:
    """What this side may say now: answers first, then new requests and moves within this case."""
    return permitted(case.case, request.id, side, cw.catalogue)


async def case_view(tx: AsyncConnection, cw: Casework, case_id: str, now: datetime) -> CaseView | None:
    case = await load_case(tx, cw, case_id)
    if case is None:
        return None
    rows = {row.id: row for row in await requests_of_case(tx, case_id)}
    statements = [each for half in case.case.halves.values() for each in half]
    facts = await facts_of(tx, [each.id for each in statements])
    views = [
        request_view(cw, case, request, rows[request.id], facts, now)
        for request in case.case.requests.values()
        if request.id in rows
    ]
    views = await _marked(tx, views)
    peer = case.case.addressee if case.case.initiator == cw.state else case.case.initiator
    return CaseView(
        id=case.id,
        initiator=case.case.initiator,
        addressee=case.case.addressee,
        peer=peer,
        peer_name=cw.register.name(peer),
        peer_phones=cw.register.phones(peer),
        own_reference=case.own_reference,
        state_digest=state_digest(case.case).hex(),
        requests=tuple(sorted(views, key=lambda view: view.at)),
        statements=tuple(
            _statement_view(cw, case, each, facts) for each in sorted(statements, key=lambda each: each.at)
        ),
        reviews=await review_views(tx, cw, case.key, case.id),
        thread=case.thread,
        parent_request=case.parent_request,
    )


async def _marked(tx: AsyncConnection, views: Iterable[RequestView]) -> list[RequestView]:
    """The requests with what only this desk knows of them: a flag of its officers, a call-back that failed to the same asking officer."""
    flagged, suspect = await flagged_requests(tx), await requests_with_task(tx, GIVEN_BEFORE)
    return [
        replace(view, flagged=view.id in flagged, suspect=view.id in suspect) if view.id in flagged | suspect else view
        for view in views
    ]


def _statement_view(cw: Casework, case: OpenCase, statement: Statement, facts: Iterable[Row[Any]]) -> StatementView:
    body, closed = seen_body(case.case, statement, cw.state)
    return StatementView(
        id=statement.id,
        kind=statement.kind,
        sender=statement.sender,
        at=statement.at,
        by=statement.by,
        approver=statement.approver,
        body=body,
        facts=tuple(_fact(row) for row in facts if row.statement_id == statement.id),
        closed=closed,
        lang=statement.lang,
        digest=statement.digest.hex(),
        asked=next((each.kind for each in case.case.requests.values() if each.digest == statement.re), ""),
    )


async def board(tx: AsyncConnection, cw: Casework, officer: str, zone: str, now: datetime) -> Board:
    views = await _request_views(tx, cw, now)
    incoming = [view for view in views if view.incoming]
    own = [view for view in views if not view.incoming]
    unacknowledged = sorted((view for view in incoming if view.rings), key=_urgent_first)
    taken = sorted((view for view in incoming if not view.rings and not view.authority), key=_class)
    age = cw.register.copy.age(now)
    return Board(
        state=cw.state,
        network=cw.network,
        now=now,
        unacknowledged=tuple(unacknowledged),
        own_overdue=tuple(view for view in own if view.rings),
        mine=tuple(view for view in taken if view.holder == officer),
        open=tuple(view for view in taken if view.holder != officer),
        sent=tuple(own),
        clocks=tuple(view for view in views if _ends_soon(view, now)),
        waiting=await waiting_list(tx, cw, now),
        tasks=await _tasks(tx, cw),
        directory_age_s=None if age is None else int(age.total_seconds()),
        zone=zone,
        oral=await oral_list(tx, cw),
        central=tuple(sorted((view for view in incoming if view.authority and not view.rings), key=_class)),
    )


def _class(view: RequestView) -> str:
    """The class that it is treated as: a receiver may have lowered it, with a reason; the machine never does."""
    return view.lowered_to or view.urgency


def _urgent_first(view: RequestView) -> tuple[str, datetime]:
    return _class(view), view.next_due or view.at


async def _request_views(tx: AsyncConnection, cw: Casework, now: datetime) -> list[RequestView]:
    """The newest requests, each case opened once."""
    quiet = [entry.code for entry in cw.catalogue.entries.values() if not entry.rings]
    rows = await all_requests(tx, without=quiet)
    cases: Mapping[str, OpenCase] = {
        case_id: case
        for case_id in dict.fromkeys(row.case_id for row in rows)
        if (case := await load_case(tx, cw, case_id)) is not None
    }
    views = []
    for row in rows:
        case = cases.get(row.case_id)
        if case is not None and row.id in case.case.requests:
            views.append(request_view(cw, case, case.case.requests[row.id], row, (), now))
    return await _marked(tx, views)


def _ends_soon(view: RequestView, now: datetime) -> bool:
    kept = view.preservation
    return kept is not None and kept.state == PreservationState.PRESERVED and kept.expires - now <= _SOON


async def _tasks(tx: AsyncConnection, cw: Casework) -> tuple[Task, ...]:
    rows = await open_tasks(tx)
    ends = await ends_of_tasks(tx, rows)
    return tuple(replace(_task(cw, row), due=ends.get(row.id)) for row in rows)


def _task(cw: Casework, row: Row[Any]) -> Task:
    code = look_up(row.code)
    return Task(
        id=row.id,
        code=row.code,
        at=row.at,
        text=f"{code.text} {row.note}".strip(),
        what_to_do=code.action,
        state=row.state,
        phones=cw.register.phones(row.state) if row.state else (),
        request=row.request_id,
    )


async def beat(tx: AsyncConnection, cw: Casework, now: datetime) -> Beat:
    # What calls an authority's people has paged them, and the alarm of the watch stays silent; unless there are no such people.
    calling = {entry.code: entry.calls for entry in cw.catalogue.entries.values() if entry.calls != ON_DUTY}
    held = await roles_held(tx, cw) if calling else frozenset()
    elsewhere = [code for code, role in calling.items() if role in held]
    incoming, oldest, own, answers = await alarm_counts(tx, elsewhere)
    # The last reminder before a term ends rings until somebody has dealt with it; those before it are quiet.
    own += await open_tasks_of_code(tx, "W-CLOCK-LAST")
    oldest_s = 0 if oldest is None else max(0, int((now - oldest).total_seconds()))
    gone = len(await bells_gone(tx, now))
    return Beat(unacknowledged=incoming, oldest_s=oldest_s, overdue=own, answers=answers, bells=gone)
