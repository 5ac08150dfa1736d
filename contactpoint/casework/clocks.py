"""The rows of long clocks follow the fold: whatever letters make begin, move or end a term is written down at once.

What is due is then the worker's affair (``contactpoint.watch.clocks``). A row is written anew only where the fold says something
else than it did: a reminder that was given stays given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import BusyCaseError
from contactpoint.domain.case import Case, Request
from contactpoint.domain.clocks import ClockRow, clock_rows, impossible_term, runs_at
from contactpoint.domain.values import Address, Side
from contactpoint.store.rows_clocks import (
    clocks_of,
    finish_tasks_of,
    insert_clock,
    move_clock,
    read_alarms,
    spell_alarms,
)

LAPSED = "LAPSED"
"""What closes a clock whose term ran out; everything else that closes one stands in the fold."""


async def follow_clocks(
    tx: AsyncConnection, cw: Casework, case: Case, request: Request, prior: Request | None, now: datetime
) -> None:
    """Bring the rows of one request's clocks up to the fold, in the caller's transaction."""
    if not cw.catalogue[request.kind].clocks:
        return
    calendars = {
        Side.REQUESTER: cw.register.calendar(request.sender),
        Side.ADDRESSEE: cw.register.calendar(request.recipient),
    }
    side = request.side_of(Address(cw.state))
    kept = {row.name: row for row in await clocks_of(tx, request.id)}
    for clock in clock_rows(case, request, cw.catalogue, calendars):
        if not runs_at(clock, side):
            continue
        row = kept.get(clock.code)
        if row is None:
            await insert_clock(tx, {"request_id": request.id, "name": clock.code, **_columns(clock, (), now)})
        elif not _stands(row, clock):
            await _write_anew(tx, row, clock, now)
        elif row.closed_by == LAPSED and clock.closed_by not in ("", LAPSED):
            # The term ran out, and what it asked for came after all: nobody is reminded of it any more.
            await finish_tasks_of(tx, once(request.id, clock.code), now)
    await _ask_back(tx, cw, request, prior, now)


def once(request_id: str, name: str) -> str:
    """The cause under which a clock has at most one open task on the board."""
    return f"clock/{request_id}/{name}"


def _stands(row: Row[Any], clock: ClockRow) -> bool:
    """Whether the row still says what the fold says. A term that lapsed has lapsed, as long as it is the same term."""
    if (row.starts, row.due) != (clock.starts, clock.due):
        return False
    return row.closed_by == LAPSED or (row.closed_at, row.closed_by) == (clock.closed_at, clock.closed_by)


async def _write_anew(tx: AsyncConnection, row: Row[Any], clock: ClockRow, now: datetime) -> None:
    same = (row.starts, row.due) == (clock.starts, clock.due)
    waiting = read_alarms(row.alarms) if same else ()
    if not await move_clock(tx, row, _columns(clock, waiting, now)):
        raise BusyCaseError("E-BUSY", "a worker moved a clock of this request at the same moment; try again")
    await finish_tasks_of(tx, once(row.request_id, row.name), now)


def _columns(clock: ClockRow, waiting: tuple[datetime, ...], now: datetime) -> dict[str, object]:
    """The row of a clock. A reminder whose instant had passed before the clock was known is not given; one that waits still is.

    ``closed_at`` may lie ahead: the clock then closes without a word, because the preservation it serves will be over.
    """
    alarms = [at for at in clock.alarms if at > now or at in waiting]
    if clock.closed_at is not None:
        alarms = [at for at in alarms if at < clock.closed_at]
    end = clock.due if clock.closed_at is None else None
    return {
        "starts": clock.starts,
        "due": clock.due,
        "alarms": spell_alarms(alarms),
        "roles": " ".join(clock.audience),
        "next_at": alarms[0] if alarms else end,
        "poisoned": 0,
        "closed_at": clock.closed_at,
        "closed_by": clock.closed_by,
    }


async def _ask_back(tx: AsyncConnection, cw: Casework, request: Request, prior: Request | None, now: datetime) -> None:
    """The other State says what cannot be: that it kept data until a day that is over, or from one that has not come.

    The fold stands, both ends have signed to it; but nobody may believe the data safe.
    """
    said, kept = request.answer, request.preservation
    if said is None or kept is None or said.sender == cw.state:
        return
    if (prior is None or prior.preservation != kept) and impossible_term(kept, said.at):
        mark = f"dates/{request.id}"
        await raise_task(tx, cw, "W-PRESERVATION-DATES", now, request=request.id, state=said.sender, once=mark)
