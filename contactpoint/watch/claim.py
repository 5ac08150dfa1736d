"""The claim loop: every row whose timer is due is handed to its own decision, exactly once, with any number of workers.

The timer is a column of the row itself. A worker claims due rows (``FOR UPDATE SKIP LOCKED``; on SQLite the one writer), and row, steps,
pages, slips and journal are written in that same transaction: a worker killed anywhere leaves either all of it or nothing. A row that
breaks does not hold the others up: it is put off, counted, and after three times shown to a person and taken on without what breaks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeAlias

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.store.errors import ConflictError, StoreError
from contactpoint.watch.fence import FenceError

log = structlog.get_logger("contactpoint")
POISONED_PAUSE = timedelta(seconds=60)
POISONED_MOST = 3

Tx: TypeAlias = AsyncConnection
Due: TypeAlias = Row[Any]
Broken: TypeAlias = Callable[[Tx, Casework, Due, str, datetime], Awaitable[None]]


class Gate(Protocol):
    """What may refuse a claim in its own transaction, and is told how late its rows were: this worker's place at the fence."""

    async def check(self, tx: Tx) -> None: ...

    def fired(self, due: Sequence[datetime], now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed: ``any_due`` is the cheap probe, ``due`` locks the rows, ``again`` reads one anew under a lock of its own (None:
    another worker has moved it), ``fire`` decides them and writes what follows. Of a row that broke, ``put_off`` tries it later,
    ``go_on`` takes its next step without what breaks, ``give_up`` calls people and claims it no more."""

    batch: int
    any_due: Callable[[Tx, datetime], Awaitable[bool]]
    due: Callable[[Tx, datetime, int], Awaitable[Sequence[Due]]]
    again: Callable[[Tx, Due, datetime], Awaitable[Due | None]]
    fire: Callable[[Tx, Casework, Sequence[Due], datetime], Awaitable[None]]
    put_off: Broken
    go_on: Broken
    give_up: Broken


async def run(claim: Claim, cw: Casework, now: datetime, gate: Gate | None = None) -> int:
    """Fire everything that is due by ``now``; returns how many rows were moved. Raises FenceError when this worker may not work."""
    if not await cw.db.read(lambda tx: claim.any_due(tx, now)):
        return 0
    try:
        moved = await cw.db.write(lambda tx: _together(tx, claim, cw, now, gate))
    except Exception as error:
        if _is_own_trouble(error):
            raise
        moved = await _one_by_one(claim, cw, now, gate)
    if moved:
        cw.bell.ring("outbox", "pages", "board", "case")
    return moved


def _is_own_trouble(error: Exception) -> bool:
    """The worker's trouble and not a row's: to try row by row would mend nothing. A rule of the schema is broken by a row."""
    return isinstance(error, StoreError | FenceError) and not isinstance(error, ConflictError)


async def _together(tx: Tx, claim: Claim, cw: Casework, now: datetime, gate: Gate | None) -> int:
    if gate is not None:
        await gate.check(tx)
    rows = await claim.due(tx, now, claim.batch)
    if rows:
        await claim.fire(tx, cw, rows, now)
        if gate is not None:
            gate.fired([row.next_at for row in rows], now)
    return len(rows)


async def _one_by_one(claim: Claim, cw: Casework, now: datetime, gate: Gate | None) -> int:
    """Each due row in a transaction of its own."""
    rows = await cw.db.read(lambda tx: claim.due(tx, now, claim.batch))
    for row in rows:
        try:
            await cw.db.write(partial(_alone, row=row, claim=claim, cw=cw, now=now, gate=gate))
        except Exception as error:
            if _is_own_trouble(error):
                raise
            await _set_aside(claim, cw, row, type(error).__name__, now)
    return len(rows)


async def _set_aside(claim: Claim, cw: Casework, row: Due, text: str, now: datetime) -> None:
    """A row that cannot even be given up holds up none behind it; it is found again at the next look."""
    try:
        await _broken(claim, cw, row, text, now)
    except Exception as error:
        if _is_own_trouble(error):
            raise
        log.error("row.stuck", fault=type(error).__name__)


async def _alone(tx: Tx, row: Due, claim: Claim, cw: Casework, now: datetime, gate: Gate | None) -> None:
    if gate is not None:
        await gate.check(tx)
    found = await claim.again(tx, row, now)
    if found is not None:
        await claim.fire(tx, cw, [found], now)


async def _broken(claim: Claim, cw: Casework, row: Due, text: str, now: datetime) -> None:
    """Never an endless loop: at the third time the row goes on, and what cannot go on is claimed no more."""
    if row.poisoned + 1 < POISONED_MOST:
        await cw.db.write(partial(_do, claim.put_off, claim, cw, row, text, now))
        return
    try:
        await cw.db.write(partial(_do, claim.go_on, claim, cw, row, text, now))
    except Exception as error:
        if _is_own_trouble(error):
            raise
        await cw.db.write(partial(_do, claim.give_up, claim, cw, row, text, now))


async def _do(what: Broken, claim: Claim, cw: Casework, row: Due, text: str, now: datetime, tx: Tx) -> None:
    found = await claim.again(tx, row, now)
    if found is not None:
        await what(tx, cw, found, text, now)
