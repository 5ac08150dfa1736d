"""The ladders' timers: every request whose next step is due is handed to its ladder (``contactpoint.watch.claim``).

A step that is fired twice by any accident stops at its primary key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import carry_out, here, ladder_columns, raise_task, read_ladder
from contactpoint.domain.ladder import Tick, decide
from contactpoint.store.rows_requests import anything_due, due_requests, request_row, update_request
from contactpoint.watch.claim import POISONED_MOST, POISONED_PAUSE, Claim, run

POLL_S = 0.2


async def run_due(cw: Casework, now: datetime) -> int:
    """Fire everything that is due by ``now``; returns how many requests were moved."""
    return await run(TIMERS, cw, now)


async def _again(tx: AsyncConnection, row: Row[Any], now: datetime) -> Row[Any] | None:
    found = await request_row(tx, row.id)
    return found if found is not None and found.next_at is not None and found.next_at <= now else None


async def _fire(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    ladder, effects = decide(read_ladder(row), Tick(), now)
    await carry_out(tx, cw, here(row), effects, now)
    await update_request(tx, row.id, row.rev, ladder_columns(ladder))


async def _put_off(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    count = row.poisoned + 1
    await update_request(tx, row.id, row.rev, {"poisoned": count, "next_at": now + POISONED_PAUSE * count})
    if count >= POISONED_MOST:
        await raise_task(tx, cw, "E-POISONED", now, request=row.id, note=text, once=f"poisoned/{row.id}")


TIMERS = Claim("timers", 200, anything_due, due_requests, _again, _fire, _put_off)
