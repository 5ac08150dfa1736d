"""Rows of long clocks: what runs for a request, which instants have still to be told, and what closed it.

The timer is the row's own ``next_at``; nothing is decided here. ``alarms`` rest as JSON milliseconds, ``roles`` with spaces between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, clock, request, step, task
from contactpoint.store.instant import from_milliseconds, to_milliseconds
from contactpoint.store.sql import may_lock

STEP = "clock "
"""What the name of a reminder's step begins with; the clock's name follows."""
_LONGEST_STEP = 32

# Built once: see contactpoint.store.sql.
_of = select(clock).where(clock.c.request_id == bindparam("of")).order_by(clock.c.name)
_move = update(clock).where(
    clock.c.request_id == bindparam("of"), clock.c.name == bindparam("named"), clock.c.rev == bindparam("was")
)
_of_request = (
    request.c.case_id,
    request.c.kind,
    request.c.peer,
    request.c.incoming,
    request.c.urgency,
    request.c.label,
)
_with_requests = select(clock, *_of_request).join(request, request.c.id == clock.c.request_id)
_any_due = select(clock.c.request_id).where(clock.c.next_at <= bindparam("now")).limit(1)


def spell_alarms(alarms: Iterable[datetime]) -> str:
    return json.dumps([to_milliseconds(at) for at in alarms])


def read_alarms(text: str) -> tuple[datetime, ...]:
    return tuple(from_milliseconds(number) for number in json.loads(text))


async def clocks_of(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(_of, {"of": request_id})).all()


async def clocks_of_requests(tx: AsyncConnection, request_ids: Sequence[str]) -> Sequence[Row[Any]]:
    return (await tx.execute(select(clock).where(clock.c.request_id.in_(request_ids)))).all()


async def insert_clock(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(clock), dict(values))


async def move_clock(tx: AsyncConnection, row: Row[Any], values: Mapping[str, Any]) -> bool:
    """Write by compare-and-set on ``rev``. False: somebody was faster, look again."""
    which = {"of": row.request_id, "named": row.name, "was": row.rev}
    changed = await tx.execute(_move, {**which, "rev": row.rev + 1, **values})
    return changed.rowcount == 1


async def due_clocks(tx: AsyncConnection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Clocks that are due with what is said of their requests, oldest first, each to one worker only (SKIP LOCKED; on SQLite the
    one writer)."""
    query = _with_requests.where(clock.c.next_at <= now).order_by(clock.c.next_at).limit(limit)
    if may_lock(tx):
        query = query.with_for_update(of=clock, skip_locked=True)
    return (await tx.execute(query)).all()


async def any_clock_due(tx: AsyncConnection, now: datetime) -> bool:
    """The read probe before a claim: cheap, and without a write lock."""
    return (await tx.execute(_any_due, {"now": now})).first() is not None


async def next_clock(tx: AsyncConnection) -> datetime | None:
    """The instant at which the next clock of this desk has something to say."""
    query = select(clock.c.next_at).where(clock.c.next_at.is_not(None)).order_by(clock.c.next_at).limit(1)
    return (await tx.execute(query)).scalar_one_or_none()


async def running_clocks(tx: AsyncConnection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Clocks that nothing has closed, with their requests: the soonest end first, the open-ended last.

    Where there are more than ``limit``, each State has its share: one that begins thousands hides no other's term.
    """
    runs = or_(clock.c.closed_at.is_(None), clock.c.closed_at > now)
    soonest = (clock.c.due.is_(None), clock.c.due, clock.c.request_id, clock.c.name)
    place = func.row_number().over(partition_by=(request.c.peer, request.c.incoming), order_by=soonest)
    placed = (
        select(clock.c.request_id, clock.c.name, place.label("place"))
        .join(request, request.c.id == clock.c.request_id)
        .where(runs)
        .subquery()
    )
    fairest = select(placed.c.request_id, placed.c.name).order_by(placed.c.place, placed.c.request_id).limit(limit)
    query = (
        _with_requests.add_columns(case_file.c.own_reference)
        .join(case_file, case_file.c.id == request.c.case_id)
        .where(tuple_(clock.c.request_id, clock.c.name).in_(fairest))
        .order_by(*soonest)
    )
    return (await tx.execute(query)).all()


async def reminders_of(tx: AsyncConnection, request_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """The reminders that were given for clocks of these requests, in the order of their times."""
    query = (
        select(step)
        .where(step.c.request_id.in_(request_ids), step.c.step.startswith(STEP, autoescape=True))
        .order_by(step.c.due)
    )
    return (await tx.execute(query)).all()


def step_name(clock_name: str) -> str:
    return (STEP + clock_name)[:_LONGEST_STEP]


async def finish_tasks_of(tx: AsyncConnection, once: str, now: datetime) -> None:
    """Take the one task of a clock off the board: a newer one follows, or there is nothing left to do."""
    await tx.execute(update(task).where(task.c.once == once).values(done_at=now, done_by="", once=None))


async def open_tasks_of_code(tx: AsyncConnection, code: str) -> int:
    """How many tasks of a code nobody has done yet."""
    query = select(task.c.id).where(task.c.code == code, task.c.done_at.is_(None))
    return len((await tx.execute(query)).all())
