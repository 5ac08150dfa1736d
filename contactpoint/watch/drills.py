"""Drills by the clock: open those that are due, each once with any number of workers, and write down how the running ones ended.

The hour was chosen by chance when the last one was planned. A drill is never opened while another to the same State runs, nor in a
closure that was announced; then it is planned anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.drill_letter import open_by_station
from contactpoint.casework.drills import BY_LINK, closed_now, closures, peers
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import CaseworkError
from contactpoint.domain.drills import EVERY, Reach, Result, judge, next_drill
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_drills import (
    begin_plan,
    drop_plan,
    move_plan,
    newest_drills,
    plans,
    running_drills,
    settle_drill,
)

log = structlog.get_logger("contactpoint")
POLL_S = 10.0
_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """What the settings say: how often each State is tried (None: never by the machine), and which (empty: all)."""

    every: timedelta | None = EVERY
    only: tuple[str, ...] = ()

    def wants(self, state: str) -> bool:
        return self.every is not None and (not self.only or state in self.only)


async def run_due(cw: Casework, order: DrillOrder, now: datetime) -> int:
    """Settle, plan and open; returns how many were settled or opened."""
    settled = await settle(cw, now)
    return settled + (await _open_due(cw, order, now) if order.every is not None else 0)


async def settle(cw: Casework, now: datetime) -> int:
    """Write down how each drill ended whose result stands; returns how many."""
    done = 0
    for row in await cw.db.read(running_drills):
        result = await cw.db.read(lambda tx, row=row: _result(tx, cw, row, now))  # type: ignore[misc]
        if result is not None:
            done += await cw.db.write(lambda tx, row=row, result=result: _write(tx, cw, row, result, now))  # type: ignore[misc]
    if done:
        cw.bell.ring("directory", "case", "board")
    return done


async def _result(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> Result | None:
    opened = await load_case(tx, cw, row.id)  # a drill opens a case of its own, which has its id
    if opened is None or row.id not in opened.case.requests:
        return None
    held = {digest: each.held_at for digest, each in opened.rows.items()}
    return judge(opened.case, opened.case.requests[row.id], held, cw.catalogue, now)


async def _write(tx: AsyncConnection, cw: Casework, row: Row[Any], result: Result, now: datetime) -> bool:
    """The result, once; a failed one stands on the board too: here to be looked into or disputed, there to be tried by telephone."""
    values = {"reach": result.reach.value, "answered_at": result.answered_at, "note": result.note}
    done = await settle_drill(tx, row.id, values)
    if done:
        await append(tx, journal, f"drill {result.reach.value}", row.id, None, now)
    if done and result.reach is Reach.NOT:
        code = "W-DRILL-FAILED" if row.incoming else "W-DRILL-UNANSWERED"
        await raise_task(tx, cw, code, now, state=row.peer, note=result.note, once=f"drill/{row.id}")
    return done


async def _open_due(cw: Casework, order: DrillOrder, now: datetime) -> int:
    planned = {row.peer: row for row in await cw.db.read(plans)}
    wanted = {state for state in peers(cw) if order.wants(state)}
    for state in sorted(wanted - planned.keys()):
        at = await _next(cw, order, state, now)
        await cw.db.write(lambda tx, state=state, at=at: begin_plan(tx, state, at))  # type: ignore[misc]
    for state in sorted(planned.keys() - wanted):
        await cw.db.write(lambda tx, state=state: drop_plan(tx, state))  # type: ignore[misc]
    due = [row for state, row in sorted(planned.items()) if state in wanted and row.next_at <= now]
    opened = 0
    for row in due:
        opened += await _open_one(cw, order, row, now)
    return opened


async def _open_one(cw: Casework, order: DrillOrder, row: Row[Any], now: datetime) -> bool:
    """One due drill. False: it was put off, or another worker was faster."""
    running = [each for each in await cw.db.read(running_drills) if each.peer == row.peer and not each.incoming]
    if running or closed_now(cw, row.peer, now):
        at = now + _AGAIN if running else await _next(cw, order, row.peer, now)
        await cw.db.write(lambda tx: move_plan(tx, row, at))
        return False
    at = await _next(cw, order, row.peer, now, also=now)

    async def once(tx: AsyncConnection) -> None:
        if not await move_plan(tx, row, at):
            raise TakenError

    try:
        await open_by_station(cw, row.peer, now, once)
    except TakenError:
        return False
    except CaseworkError as error:
        # No key sheet of that State, for one: nothing was written. It is tried again, the others are not held up.
        log.warning("drill.not-opened", peer=row.peer, code=error.code)
        later = now + _AGAIN
        await cw.db.write(lambda tx: move_plan(tx, row, later))
        return False
    return True


class TakenError(Exception):
    """Another worker opened this drill; its transaction stands, this one is rolled back."""


async def _next(cw: Casework, order: DrillOrder, state: str, now: datetime, also: datetime | None = None) -> datetime:
    rows: Sequence[Row[Any]] = await cw.db.read(lambda tx: newest_drills(tx, state))
    tried = [row.at for row in rows if not row.incoming and row.channel == BY_LINK and row.reach != Reach.VOID.value]
    zone = ZoneInfo(cw.register.calendar(state).zone)
    spans = [*closures(cw, state), *closures(cw, cw.state)]
    every = order.every or EVERY
    return next_drill([*tried, *([] if also is None else [also])], zone, spans, cw.random, now, every)
