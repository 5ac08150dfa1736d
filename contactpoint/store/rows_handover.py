"""Rows of hand-overs and exercises, and which open requests an officer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import exercise, handover, officer, page, request
from contactpoint.store.sql import may_lock


async def insert_handover(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(handover), dict(values))


async def handover_row(tx: AsyncConnection, handover_id: str, lock: bool = False) -> Row[Any] | None:
    query = select(handover).where(handover.c.id == handover_id)
    return (await tx.execute(query.with_for_update() if lock and may_lock(tx) else query)).one_or_none()


async def handovers_of(tx: AsyncConnection, number: str, *, open_only: bool, limit: int = 50) -> Sequence[Row[Any]]:
    """Hand-overs in which this officer gives or takes, "" for everybody's; the newest first."""
    query = select(handover).order_by(handover.c.at.desc(), handover.c.id).limit(limit)
    if number:
        query = query.where((handover.c.giver == number) | (handover.c.taker == number))
    if open_only:
        query = query.where(handover.c.state == "offered")
    return (await tx.execute(query)).all()


async def settle_handover(tx: AsyncConnection, handover_id: str, values: Mapping[str, Any]) -> bool:
    """Leave the state *offered* once; of two at once, one gets False."""
    done = await tx.execute(
        update(handover).where(handover.c.id == handover_id, handover.c.state == "offered").values(dict(values))
    )
    return done.rowcount == 1


async def requests_held_by(tx: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    """Every request that this officer has, the oldest first, whatever its status; locked in a transaction that may write."""
    query = select(request).where(request.c.holder == number).order_by(request.c.at, request.c.id)
    return (await tx.execute(query.with_for_update() if may_lock(tx) else query)).all()


async def ringing_paged_to(tx: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    """Incoming requests that still ring and for which this officer was paged."""
    query = (
        select(request)
        .where(
            request.c.rings,
            request.c.incoming,
            request.c.id.in_(select(page.c.request_id).where(page.c.officer == number)),
        )
        .order_by(request.c.at, request.c.id)
    )
    return (await tx.execute(query)).all()


async def cancel_pages_to(tx: AsyncConnection, number: str) -> int:
    """No notice that has not gone out goes to this officer any more, of whatever request."""
    gone = await tx.execute(
        update(page).where(page.c.officer == number, page.c.state == "due").values(state="cancelled", outcome="locked")
    )
    return int(gone.rowcount)


async def count_pages(tx: AsyncConnection, request_id: str, rung: int) -> int:
    query = select(func.count()).where(page.c.request_id == request_id, page.c.rung == rung)
    return int((await tx.execute(query)).scalar_one())


async def locked_of(tx: AsyncConnection, numbers: Sequence[str]) -> list[str]:
    """Which of these officers are locked. In a transaction that may write their rows are held until its end, so that a lock that
    comes at the same moment waits for it, or it for the lock.
    """
    query = (
        select(officer.c.number, officer.c.locked_at).where(officer.c.number.in_(numbers)).order_by(officer.c.number)
    )
    rows = (await tx.execute(query.with_for_update(read=True) if may_lock(tx) else query)).all()
    return [row.number for row in rows if row.locked_at is not None]


async def insert_exercise(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(exercise), dict(values))


async def last_exercises(tx: AsyncConnection) -> dict[str, Row[Any]]:
    """By officer, the newest exercise."""
    newest = select(exercise.c.officer, func.max(exercise.c.at).label("at")).group_by(exercise.c.officer).subquery()
    query = select(exercise).join(newest, (newest.c.officer == exercise.c.officer) & (newest.c.at == exercise.c.at))
    return {row.officer: row for row in (await tx.execute(query.order_by(exercise.c.id))).all()}


async def exercises_of(tx: AsyncConnection, number: str, limit: int = 50) -> Sequence[Row[Any]]:
    query = select(exercise).where(exercise.c.officer == number).order_by(exercise.c.at.desc()).limit(limit)
    return (await tx.execute(query)).all()
