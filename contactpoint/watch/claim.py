"""The claim loop: every row whose timer is due is handed to its own decision, exactly once, with any number of workers.

The timer is a column of the row itself. A worker claims due rows (``FOR UPDATE SKIP LOCKED``; on SQLite the one writer), and row, steps,
pages, slips and journal are written in that same transaction: a worker killed anywhere leaves either all of it or nothing. A row that
breaks does not hold the others up: it is put off, counted, and after three times shown to a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.store.desk_schema import journal
from contactpoint.store.errors import StoreError
from contactpoint.store.journal import append

POISONED_PAUSE = timedelta(seconds=60)
POISONED_MOST = 3

Tx: TypeAlias = AsyncConnection
Due: TypeAlias = Row[Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed: ``any_due`` is the cheap probe, ``due`` locks the rows, ``again`` reads one anew under a lock of its own (None:
    another worker has moved it), ``fire`` decides one and writes what follows, ``put_off`` moves one that broke. ``name`` stands in
    the journal."""

    name: str
    batch: int
    any_due: Callable[[Tx, datetime], Awaitable[bool]]
    due: Callable[[Tx, datetime, int], Awaitable[Sequence[Due]]]
    again: Callable[[Tx, Due, datetime], Awaitable[Due | None]]
    fire: Callable[[Tx, Casework, Due, datetime], Awaitable[None]]
    put_off: Callable[[Tx, Casework, Due, str, datetime], Awaitable[None]]


async def run(claim: Claim, cw: Casework, now: datetime) -> int:
    """Fire everything that is due by ``now``; returns how many rows were moved."""
    if not await cw.db.read(lambda tx: claim.any_due(tx, now)):
        return 0
    try:
        moved = await cw.db.write(lambda tx: _together(tx, claim, cw, now))
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - one row that breaks must not hold the others up: find it, one by one
        moved = await _one_by_one(claim, cw, now)
    if moved:
        cw.bell.ring("outbox", "pages", "board", "case")
    return moved


async def _together(tx: Tx, claim: Claim, cw: Casework, now: datetime) -> int:
    rows = await claim.due(tx, now, claim.batch)
    if rows:
        # First, so that every slip of this claim carries the head that covers it.
        await append(tx, journal, claim.name, str(len(rows)), None, now)
    for row in rows:
        await claim.fire(tx, cw, row, now)
    return len(rows)


async def _one_by_one(claim: Claim, cw: Casework, now: datetime) -> int:
    """Each due row in a transaction of its own."""
    rows = await cw.db.read(lambda tx: claim.due(tx, now, claim.batch))
    for row in rows:
        try:
            await cw.db.write(partial(_alone, claim=claim, cw=cw, row=row, now=now))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - see run
            await cw.db.write(partial(_broken, claim=claim, cw=cw, row=row, text=type(error).__name__, now=now))
    return len(rows)


async def _alone(tx: Tx, claim: Claim, cw: Casework, row: Due, now: datetime) -> None:
    found = await claim.again(tx, row, now)
    if found is not None:
        await claim.fire(tx, cw, found, now)


async def _broken(tx: Tx, claim: Claim, cw: Casework, row: Due, text: str, now: datetime) -> None:
    await claim.put_off(tx, cw, row, text, now)
