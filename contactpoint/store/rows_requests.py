"""Rows of requests: their ladder, the steps it has taken, and their pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import page, request, step
from contactpoint.store.gathered import carry_out_gathered, keep_move
from contactpoint.store.sql import insert_once, may_lock

BEING_SENT = "being sent"
FIRST_LADDER = 1000
"""Pages with a number below this one, and not below 0, are of the ladder until *acknowledged*; from it on of the one until *answered*."""

# Built once: see contactpoint.store.sql.
_one = select(request).where(request.c.id == bindparam("of"))
_one_locked = _one.with_for_update()
_new = insert(request)
_move = update(request).where(request.c.id == bindparam("of"), request.c.rev == bindparam("was"))
_CLASSES = ("U0", "U1", "U2", "U3")
_any_due = select(request.c.id).where(request.c.urgency.in_(_CLASSES), request.c.next_at <= bindparam("now")).limit(1)
_urgent_due = (
    select(request.c.id).where(request.c.urgency == _CLASSES[0], request.c.next_at <= bindparam("now")).limit(1)
)
_due_of_class = (
    select(request)
    .where(request.c.urgency == bindparam("class"), request.c.next_at <= bindparam("now"))
    .order_by(request.c.next_at)
    .limit(bindparam("most"))
)
_due_of_class_locked = _due_of_class.with_for_update(skip_locked=True)
_rings_somebody = request.c.kind.not_in(bindparam("without", expanding=True))
_place = func.row_number().over(
    partition_by=(request.c.peer, request.c.incoming),
    order_by=(request.c.rings.desc(), request.c.urgency, request.c.at.desc(), request.c.id),
)
_placed = select(request.c.id, _place.label("place")).where(_rings_somebody).subquery()
_fairest = select(_placed.c.id).order_by(_placed.c.place, _placed.c.id).limit(bindparam("most"))
_fairly = select(request).where(request.c.id.in_(_fairest)).order_by(request.c.at.desc())
# Each request's first page before any second one: a case with hundreds of pages must not hold up another's first U0 page.
_turn = func.row_number().over(partition_by=(page.c.request_id, page.c.urgency), order_by=(page.c.next_at, page.c.id))
_turns = (
    select(page.c.id, page.c.urgency, page.c.next_at, _turn.label("place"))
    .where(page.c.state == "due", page.c.next_at <= bindparam("now"))
    .subquery()
)
_fair_turns = (
    select(_turns.c.id)
    .order_by(_turns.c.urgency, _turns.c.place, _turns.c.next_at, _turns.c.id)
    .limit(bindparam("most"))
)
_due_pages = select(page).where(page.c.id.in_(_fair_turns)).order_by(page.c.urgency, page.c.next_at, page.c.id)
_due_pages_locked = (
    select(page)
    .where(page.c.id.in_(_fair_turns), page.c.state == "due", page.c.next_at <= bindparam("now"))
    .order_by(page.c.urgency, page.c.next_at, page.c.id)
    .with_for_update(skip_locked=True)
)
_cancel = (
    update(page)
    .where(page.c.request_id == bindparam("of"), page.c.state == "due", page.c.rung >= 0)
    .values(state="cancelled")
)


async def request_row(tx: AsyncConnection, request_id: str) -> Row[Any] | None:
    query = _one_locked if may_lock(tx) else _one
    return (await tx.execute(query, {"of": request_id})).one_or_none()


async def insert_request(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(_new, dict(values))


async def update_request(tx: AsyncConnection, request_id: str, rev: int, values: Mapping[str, Any]) -> bool:
    """Write by compare-and-set on ``rev``. False: somebody was faster, load and decide again."""
    if keep_move(tx, request_id, rev, values):
        return True
    changed = await tx.execute(_move, {"of": request_id, "was": rev, "rev": rev + 1, **values})
    return changed.rowcount == 1


async def due_requests(tx: AsyncConnection, now: datetime, limit: int = 200) -> Sequence[Row[Any]]:
    """Requests whose timer is due, each to one worker only (SKIP LOCKED; on SQLite the one writer): the most urgent class first, of a
    class the oldest. Of twenty thousand that are due at one instant the first to be called about is the one with a life in danger."""
    found: list[Row[Any]] = []
    for urgency in _CLASSES:
        if len(found) < limit:
            found += await _due_of(tx, urgency, now, limit - len(found))
    return found


async def due_urgent(tx: AsyncConnection, now: datetime, limit: int = 200) -> Sequence[Row[Any]]:
    """As `due_requests`, of U0 only."""
    return await _due_of(tx, _CLASSES[0], now, limit)


async def _due_of(tx: AsyncConnection, urgency: str, now: datetime, limit: int) -> Sequence[Row[Any]]:
    query = _due_of_class_locked if may_lock(tx) else _due_of_class
    return (await tx.execute(query, {"class": urgency, "now": now, "most": limit})).all()


async def anything_due(tx: AsyncConnection, now: datetime) -> bool:
    """The read probe before a claim: cheap, and without a write lock."""
    return (await tx.execute(_any_due, {"now": now})).first() is not None


async def urgent_due(tx: AsyncConnection, now: datetime) -> bool:
    """As `anything_due`, of U0 only."""
    return (await tx.execute(_urgent_due, {"now": now})).first() is not None


async def take_step(tx: AsyncConnection, request_id: str, cycle: int, name: str, due: datetime, at: datetime) -> bool:
    """Record one step of a ladder, once for ever. False: it was taken before and must not be taken again."""
    return await insert_once(tx, step, {"request_id": request_id, "cycle": cycle, "step": name, "due": due, "at": at})


async def steps_of(tx: AsyncConnection, request_ids: Sequence[str]) -> Sequence[tuple[str, int, str]]:
    """(request, cycle, step) of every step that these requests have taken."""
    query = select(step.c.request_id, step.c.cycle, step.c.step).where(step.c.request_id.in_(request_ids))
    return [(row.request_id, row.cycle, row.step) for row in (await tx.execute(query)).all()]


async def all_requests(tx: AsyncConnection, limit: int = 500, without: Sequence[str] = ()) -> Sequence[Row[Any]]:
    """Requests for the board, the newest first. Where there are more than ``limit``, each State has its share, what rings and is
    urgent before all: who sends a thousand must not push another's one off the board. ``without``: kinds that have their own list."""
    return (await tx.execute(_fairly, {"most": limit, "without": list(without)})).all()


async def requests_of_case(tx: AsyncConnection, case_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(request).where(request.c.case_id == case_id).order_by(request.c.at))).all()


async def requests_between(tx: AsyncConnection, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """The requests dated in [since, until), oldest first, for the figures."""
    query = select(request).where(request.c.at >= since, request.c.at < until)
    return (await tx.execute(query.order_by(request.c.at, request.c.id))).all()


async def requests_like(tx: AsyncConnection, reference: str) -> Sequence[Row[Any]]:
    """Requests whose id or label is this, or whose id begins with it (eight characters at least)."""
    likes = [request.c.id == reference, request.c.label == reference]
    if len(reference) >= 8:
        likes.append(request.c.id.startswith(reference, autoescape=True))
    return (await tx.execute(select(request).where(or_(*likes)).order_by(request.c.at.desc()).limit(3))).all()


async def mark_answer_read(tx: AsyncConnection, request_id: str) -> None:
    await tx.execute(update(request).where(request.c.id == request_id).values(answer_unread=False))


async def alarm_counts(tx: AsyncConnection, not_here: Collection[str] = ()) -> tuple[int, datetime | None, int, int]:
    """(incoming that ring, the oldest of them, own that ring, unread answers to own urgent requests).

    ``not_here``: kinds that call other people than those who sit at the desk.
    """
    ringing = (
        select(request.c.incoming, func.count(), func.min(request.c.at))
        .where(request.c.rings, ~(request.c.incoming & request.c.kind.in_(sorted(not_here))))
        .group_by(request.c.incoming)
    )
    incoming, oldest, own = 0, None, 0
    for is_incoming, count, first in (await tx.execute(ringing)).all():
        if is_incoming:
            incoming, oldest = count, first
        else:
            own = count
    unread = select(func.count()).where(
        request.c.answer_unread, request.c.incoming.is_(False), request.c.urgency.in_(("U0", "U1"))
    )
    return incoming, oldest, own, (await tx.execute(unread)).scalar_one()


async def add_page(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, page, values)


async def due_pages(tx: AsyncConnection, now: datetime, limit: int = 50) -> Sequence[Row[Any]]:
    query = _due_pages_locked if may_lock(tx) else _due_pages
    return (await tx.execute(query, {"now": now, "most": limit})).all()


async def lease_page(tx: AsyncConnection, page_id: str, until: datetime) -> None:
    """Write down that it is being sent: whoever finds it so after ``until`` knows that its worker has died."""
    values = {"next_at": until, "attempts": page.c.attempts + 1, "outcome": BEING_SENT}
    await tx.execute(update(page).where(page.c.id == page_id).values(values))


async def keep_lease(tx: AsyncConnection, page_id: str, until: datetime) -> None:
    """It is still being sent by the worker that began."""
    await tx.execute(update(page).where(page.c.id == page_id).values(next_at=until))


async def finish_page(tx: AsyncConnection, page_id: str, values: Mapping[str, Any]) -> bool:
    """Write down what became of a page. False: it was cancelled meanwhile, and stays so; the delivery log has the attempt."""
    done = await tx.execute(update(page).where(page.c.id == page_id, page.c.state == "due").values(values))
    return done.rowcount == 1


async def cancel_pages(tx: AsyncConnection, request_id: str, officer: str = "") -> int:
    """An acknowledgement stops every notice of the request's ladder that has not gone out yet; reminders of its clocks go on.

    With ``officer``, only what was to go to this one.
    """
    await carry_out_gathered(tx)
    query = _cancel.where(page.c.officer == officer) if officer else _cancel
    gone = await tx.execute(query, {"of": request_id})
    return int(gone.rowcount)


async def hold_pages(tx: AsyncConnection, request_id: str, until: datetime) -> int:
    """What has not gone out yet of a request's first ladder waits until then; what is being sent is not stopped."""
    await carry_out_gathered(tx)
    waits = (page.c.request_id == request_id, page.c.state == "due", page.c.rung >= 0, page.c.rung < FIRST_LADDER)
    held = await tx.execute(
        update(page).where(*waits, page.c.next_at < until, page.c.outcome != BEING_SENT).values(next_at=until)
    )
    return int(held.rowcount)


async def pages_of(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(page).where(page.c.request_id == request_id).order_by(page.c.at))).all()
