"""Rows of officers, their sessions and who has a live console. Secrets are kept as digests or sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import manned, officer, session
from contactpoint.store.sql import insert_once, insert_or_replace

_all_officers = select(officer).order_by(officer.c.number)


async def officer_row(tx: AsyncConnection, number: str) -> Row[Any] | None:
    return (await tx.execute(select(officer).where(officer.c.number == number))).one_or_none()


async def officer_rows(tx: AsyncConnection) -> Sequence[Row[Any]]:
    return (await tx.execute(_all_officers)).all()


async def officer_by_link(tx: AsyncConnection, link_digest: bytes) -> Row[Any] | None:
    return (await tx.execute(select(officer).where(officer.c.link_digest == link_digest))).one_or_none()


async def insert_officer(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, officer, values)


async def update_officer(tx: AsyncConnection, number: str, values: Mapping[str, Any]) -> bool:
    changed = await tx.execute(update(officer).where(officer.c.number == number).values(values))
    return changed.rowcount == 1


async def use_link(tx: AsyncConnection, link_digest: bytes, values: Mapping[str, Any]) -> bool:
    """Use a one-time link up, by compare-and-set: of two at once, one gets False."""
    changed = await tx.execute(
        update(officer).where(officer.c.link_digest == link_digest).values(link_digest=None, link_until=None, **values)
    )
    return changed.rowcount == 1


async def insert_session(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(session.insert().values(values))


async def session_row(tx: AsyncConnection, digest: bytes) -> Row[Any] | None:
    return (await tx.execute(select(session).where(session.c.digest == digest))).one_or_none()


async def update_session(tx: AsyncConnection, digest: bytes, values: Mapping[str, Any]) -> bool:
    changed = await tx.execute(update(session).where(session.c.digest == digest).values(values))
    return changed.rowcount == 1


async def delete_session(tx: AsyncConnection, digest: bytes) -> None:
    await tx.execute(delete(session).where(session.c.digest == digest))


async def delete_sessions_of(tx: AsyncConnection, number: str) -> None:
    """A locked officer's sessions end at once."""
    await tx.execute(delete(session).where(session.c.officer == number))


async def note_manned(tx: AsyncConnection, number: str, window: str, tested_at: datetime, now: datetime) -> None:
    values = {"officer": number, "window": window, "alarm_tested_at": tested_at, "seen_at": now}
    await insert_or_replace(tx, manned, values, ("officer", "window"))


async def count_manned(tx: AsyncConnection, since: datetime) -> int:
    """Windows whose alarm was tested and that answered a beat after ``since``."""
    return int(
        (await tx.execute(select(func.count()).select_from(manned).where(manned.c.seen_at >= since))).scalar_one()
    )
