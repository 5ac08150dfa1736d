"""The claim loop: hand every request whose timer is due to its ladder, exactly once, with any number of workers.

The timer is a column of the request's own row. A worker claims due rows (``FOR UPDATE SKIP LOCKED``; on SQLite the one writer), the
domain decides, and row, steps, pages, slips and journal are written in that same transaction. A worker killed anywhere leaves either
all of it or nothing; a step fired twice by any accident stops at its primary key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import carry_out, here, ladder_columns, raise_task, read_ladder
from contactpoint.domain.ladder import Tick, decide
from contactpoint.store.desk_schema import journal
from contactpoint.store.errors import StoreError
from contactpoint.store.journal import append
from contactpoint.store.rows_requests import anything_due, due_requests, request_row, update_request

POLL_S = 0.2
BATCH = 200
_POISONED_PAUSE = timedelta(seconds=60)
_POISONED_MOST = 3


async def run_due(cw: Casework, now: datetime) -> int:
    """Fire everything that is due by ``now``; returns how many requests were moved."""
    if not await cw.db.read(lambda tx: anything_due(tx, now)):
        return 0
    try:
        moved = await cw.db.write(lambda tx: _claim(tx, cw, now, BATCH))
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - one row that breaks must not hold the others up: find it, one by one
        moved = await _one_by_one(cw, now)
    if moved:
        cw.bell.ring("outbox", "pages", "board", "case")
    return moved


async def _claim(tx: AsyncConnection, cw: Casework, now: datetime, limit: int) -> int:
    rows = await due_requests(tx, now, limit)
    if rows:
        # First, so that every slip of this claim carries the head that covers it.
        await append(tx, journal, "timers", str(len(rows)), None, now)
    for row in rows:
        await _fire(tx, cw, row, now)
    return len(rows)


async def _one_by_one(cw: Casework, now: datetime) -> int:
    """Each due row in a transaction of its own; the one that breaks is put off, counted, and after three shown to a person."""
    rows = await cw.db.read(lambda tx: due_requests(tx, now, BATCH))
    for row in rows:
        try:
            await cw.db.write(partial(_fire_alone, cw, row.id, now))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - see run_due
            await cw.db.write(partial(_put_off, cw, row.id, type(error).__name__, now))
    return len(rows)


async def _fire_alone(cw: Casework, request_id: str, now: datetime, tx: AsyncConnection) -> None:
    row = await request_row(tx, request_id)
    if row is not None and row.next_at is not None and row.next_at <= now:
        await _fire(tx, cw, row, now)


async def _put_off(cw: Casework, request_id: str, text: str, now: datetime, tx: AsyncConnection) -> None:
    row = await request_row(tx, request_id)
    if row is None:
        return
    count = row.poisoned + 1
    await update_request(tx, row.id, row.rev, {"poisoned": count, "next_at": now + _POISONED_PAUSE * count})
    if count >= _POISONED_MOST:
        await raise_task(tx, cw, "E-POISONED", now, request=row.id, note=text, once=f"poisoned/{row.id}")


async def _fire(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    ladder, effects = decide(read_ladder(row), Tick(), now)
    await carry_out(tx, cw, here(row), effects, now)
    await update_request(tx, row.id, row.rev, ladder_columns(ladder))
