"""Rows of drills, of when the next one is due, and of pings: sixty marks an hour and State."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import drill, drill_plan, ping
from contactpoint.store.sql import insert_once, insert_or_replace, may_lock


async def insert_drill(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, drill, values)


async def drill_row(tx: AsyncConnection, drill_id: str) -> Row[Any] | None:
    return (await tx.execute(select(drill).where(drill.c.id == drill_id))).one_or_none()


async def drills_called(tx: AsyncConnection, beginning: str) -> Sequence[Row[Any]]:
    """Drills whose id begins so; two at the most."""
    return (await tx.execute(select(drill).where(drill.c.id.startswith(beginning, autoescape=True)).limit(2))).all()


async def update_drill(tx: AsyncConnection, drill_id: str, values: Mapping[str, Any]) -> bool:
    return (await tx.execute(update(drill).where(drill.c.id == drill_id).values(values))).rowcount == 1


async def settle_drill(tx: AsyncConnection, drill_id: str, values: Mapping[str, Any]) -> bool:
    """Write how it ended, once. False: it stands already."""
    changed = await tx.execute(
        update(drill).where(drill.c.id == drill_id, drill.c.next_at.is_not(None)).values(next_at=None, **values)
    )
    return changed.rowcount == 1


async def running_drills(tx: AsyncConnection) -> Sequence[Row[Any]]:
    return (await tx.execute(select(drill).where(drill.c.next_at.is_not(None)).order_by(drill.c.at))).all()


async def newest_drills(tx: AsyncConnection, peer: str = "", limit: int = 500) -> Sequence[Row[Any]]:
    """Drills of one State, or of all, the newest first."""
    query = select(drill).order_by(drill.c.at.desc(), drill.c.id).limit(limit)
    return (await tx.execute(query if not peer else query.where(drill.c.peer == peer))).all()


async def drills_since(tx: AsyncConnection, since: datetime) -> Sequence[Row[Any]]:
    return (await tx.execute(select(drill).where(drill.c.at >= since).order_by(drill.c.at))).all()


async def plans(tx: AsyncConnection) -> Sequence[Row[Any]]:
    """When each State is tried next."""
    return (await tx.execute(select(drill_plan).order_by(drill_plan.c.peer))).all()


async def begin_plan(tx: AsyncConnection, peer: str, at: datetime) -> bool:
    return await insert_once(tx, drill_plan, {"peer": peer, "next_at": at, "rev": 1})


async def move_plan(tx: AsyncConnection, row: Row[Any], at: datetime) -> bool:
    """By compare-and-set: of two workers one opens the drill."""
    changed = await tx.execute(
        update(drill_plan)
        .where(drill_plan.c.peer == row.peer, drill_plan.c.rev == row.rev)
        .values(next_at=at, rev=row.rev + 1)
    )
    return changed.rowcount == 1


async def drop_plan(tx: AsyncConnection, peer: str) -> None:
    await tx.execute(delete(drill_plan).where(drill_plan.c.peer == peer))


async def pings_of_hour(tx: AsyncConnection, hour: datetime) -> dict[str, str]:
    """By State, the marks of this hour."""
    query = select(ping).where(ping.c.hour == hour)
    rows = (await tx.execute(query.with_for_update() if may_lock(tx) else query)).all()
    return {row.peer: row.marks for row in rows}


async def put_pings(tx: AsyncConnection, hour: datetime, marks: Mapping[str, str]) -> None:
    for peer, line in marks.items():
        await insert_or_replace(tx, ping, {"peer": peer, "hour": hour, "marks": line}, ("peer", "hour"))


async def pings_since(tx: AsyncConnection, since: datetime, peer: str = "") -> Sequence[Row[Any]]:
    query = select(ping).where(ping.c.hour >= since).order_by(ping.c.peer, ping.c.hour)
    return (await tx.execute(query if not peer else query.where(ping.c.peer == peer))).all()


async def drop_pings(tx: AsyncConnection, before: datetime) -> int:
    return int((await tx.execute(delete(ping).where(ping.c.hour < before))).rowcount)
