"""What the auditor asks of the desk's rows: what is due and not done, since when, and who could be reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import clock, manned, outbox, page, request

_MOST = 10_000  # beyond this many it no longer matters how many there are


async def overdue(tx: AsyncConnection, before: datetime) -> int:
    """Rows of ladders and long clocks that were due before this instant; counted up to ten thousand."""
    found = 0
    for urgency in ("U0", "U1", "U2", "U3"):
        late = select(request.c.id).where(request.c.urgency == urgency, request.c.next_at < before)
        found += await _count(tx, late.limit(_MOST).subquery())
    late_clocks = select(clock.c.request_id).where(clock.c.next_at < before).limit(_MOST).subquery()
    return min(_MOST, found + await _count(tx, late_clocks))


async def _count(tx: AsyncConnection, rows: object) -> int:
    return int((await tx.execute(select(func.count()).select_from(rows))).scalar_one())  # type: ignore[arg-type]


async def oldest_due(tx: AsyncConnection) -> datetime | None:
    """The earliest instant at which a ladder or a long clock has something to do, past or ahead."""
    firsts = [
        (await tx.execute(select(func.min(request.c.next_at)).where(request.c.urgency == urgency))).scalar_one()
        for urgency in ("U0", "U1", "U2", "U3")
    ]
    firsts.append((await tx.execute(select(func.min(clock.c.next_at)))).scalar_one())
    return min((at for at in firsts if at is not None), default=None)


async def oldest_waiting(tx: AsyncConnection) -> tuple[datetime | None, datetime | None]:
    """The earliest instant of a letter or slip, and of a page, that should have gone out by its own row."""
    out = (await tx.execute(select(func.min(outbox.c.next_at)).where(outbox.c.state == "due"))).scalar_one()
    called = (await tx.execute(select(func.min(page.c.next_at)).where(page.c.state == "due"))).scalar_one()
    return out, called


async def manned_by(tx: AsyncConnection, since: datetime) -> Sequence[str]:
    """Officers with a window whose alarm was tested and that answered a beat after ``since``."""
    return [row.officer for row in (await tx.execute(select(manned.c.officer).where(manned.c.seen_at >= since))).all()]
