"""The claim loop of long clocks: each reminder once, each end once, with any number of workers, whatever was killed when.

As in ``contactpoint.watch.timers`` the timer is the row's own column; row, steps, pages, task, certificate and journal are written
in one transaction. Reminders are quiet: a page to whoever is on duty *then* and to those who act for the central authority, and one
task on the board that counts down. Only the last one before the end rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework import oral
from contactpoint.casework.clocks import LAPSED, once
from contactpoint.casework.contacts import by_person, page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import RequestHere, about_request, raise_task
from contactpoint.casework.facts import say
from contactpoint.casework.rungs import people_now
from contactpoint.domain.catalogue import Clock
from contactpoint.domain.values import Urgency
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_clocks import (
    any_clock_due,
    due_clocks,
    finish_tasks_of,
    move_clock,
    read_alarms,
    spell_alarms,
    step_name,
)
from contactpoint.store.rows_requests import take_step
from contactpoint.watch.claim import POISONED_PAUSE, Claim, Gate, run
from contactpoint.wire.slip import SlipLevel

POLL_S = 1.0
_QUIET, _RINGS = Urgency.U3, Urgency.U2


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one firing of a clock has found due. ``late``: everything that was due, the end included."""

    row: Row[Any]
    told: tuple[datetime, ...]
    rest: tuple[datetime, ...]
    lapsed: bool

    @property
    def late(self) -> int:
        return len(self.told) + self.lapsed


async def run_due(cw: Casework, now: datetime, gate: Gate | None = None) -> int:
    """Fire every clock that is due by ``now``; returns how many were moved. Calls that no letter has confirmed are told with them."""
    return await oral.run_due(cw, now) + await run(CLOCKS, cw, now, gate)


async def _same(tx: AsyncConnection, row: Row[Any], now: datetime) -> Row[Any]:
    """A clock is moved by compare-and-set: one that another worker has moved is not fired again."""
    return row


async def _put_off(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    await move_clock(tx, row, {"poisoned": row.poisoned + 1, "next_at": now + POISONED_PAUSE})


async def _go_on(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    """What was due is left out and told to a person; the clock runs on to its next reminder."""
    if await move_clock(tx, row, {**_columns(_turn(row, now)), "poisoned": row.poisoned + 1}):
        await _tell_broken(tx, cw, row, text, now)


async def _give_up(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    if await move_clock(tx, row, {"poisoned": row.poisoned + 1, "next_at": None}):
        await _tell_broken(tx, cw, row, text, now)


async def _tell_broken(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    mark = f"poisoned/{row.request_id}/{row.name}"
    await raise_task(tx, cw, "E-POISONED", now, request=row.request_id, note=f"{row.name} {text}", once=mark)


async def _fire(tx: AsyncConnection, cw: Casework, rows: Sequence[Row[Any]], now: datetime) -> None:
    # First, so that every slip of this claim carries the head that covers it.
    await append(tx, journal, "clocks", str(len(rows)), None, now)
    for row in rows:
        await _fire_one(tx, cw, row, now)


def _turn(row: Row[Any], now: datetime) -> _Turn:
    pending = read_alarms(row.alarms)
    return _Turn(
        row=row,
        told=tuple(at for at in pending if at <= now),
        rest=tuple(at for at in pending if at > now),
        lapsed=row.closed_at is None and row.due is not None and row.due <= now,
    )


async def _fire_one(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    turn = _turn(row, now)
    # First the row, by compare-and-set: of two workers that hold the same one, the second writes nothing more.
    if not await move_clock(tx, row, _columns(turn)):
        return
    for place, at in enumerate(turn.told):
        await take_step(tx, row.request_id, row.fired + place, step_name(row.name), at, now)
    clock = next((each for each in cw.catalogue[row.kind].clocks if each.code == row.name), None)
    if turn.lapsed and clock is not None and clock.certificate:
        await _certify(tx, cw, row, now)
    if turn.late:
        await _tell(tx, cw, turn, clock, now)
    if turn.late > 1:
        mark = f"late/{row.request_id}/{row.name}/{row.fired}"
        await raise_task(tx, cw, "W-CATCH-UP", now, request=row.request_id, note=f"{row.name}: {turn.late}", once=mark)


def _columns(turn: _Turn) -> dict[str, object]:
    row = turn.row
    end = row.due if row.closed_at is None and not turn.lapsed else None
    moved = {
        "alarms": spell_alarms(turn.rest),
        "next_at": turn.rest[0] if turn.rest else end,
        "fired": row.fired + turn.late,
        "poisoned": 0,
    }
    return {**moved, "closed_at": row.due, "closed_by": LAPSED} if turn.lapsed else moved


async def _certify(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    """Each end's station says by its own fold that the term ran out, and tells the other."""
    here = RequestHere(row.request_id, row.peer, row.urgency, row.incoming)
    about = await about_request(tx, here, cw.state)
    await say(tx, cw, SlipLevel.ENDED, about, row.peer, now, due=row.due, code=row.name)


async def _tell(tx: AsyncConnection, cw: Casework, turn: _Turn, clock: Clock | None, now: datetime) -> None:
    """One task in the place of the last, and one page to each who is to know now, however many instants had passed."""
    row, last = turn.row, turn.lapsed or not turn.rest
    mark = once(row.request_id, row.name)
    await finish_tasks_of(tx, mark, now)
    code = "W-CLOCK-ENDED" if turn.lapsed else "W-CLOCK-LAST" if last else "W-CLOCK-NEAR"
    note = f"{row.name} {row.due:%Y-%m-%d %H:%M} UTC"
    await raise_task(tx, cw, code, now, request=row.request_id, state=row.peer, note=note, once=mark)
    people = await people_now(tx, cw, row.roles.split(), now)
    await _page(tx, cw, turn, _place(cw.catalogue[row.kind].clocks, clock), people, _RINGS if last else _QUIET, now)


def _place(clocks: Sequence[Clock], clock: Clock | None) -> int:
    """Reminders stand below the rungs of the request's ladder: -1 for its first clock, -2 for the second."""
    return -1 - (len(clocks) if clock is None else clocks.index(clock))


async def _page(
    tx: AsyncConnection,
    cw: Casework,
    turn: _Turn,
    rung: int,
    people: Sequence[tuple[str, str]],
    urgency: Urgency,
    now: datetime,
) -> None:
    about = {"request_id": turn.row.request_id, "cycle": turn.row.fired, "rung": rung, "urgency": urgency.value}
    for officer, channels in by_person(people).items():
        await page_person(tx, cw, about, officer, channels, now)


CLOCKS = Claim(100, any_clock_due, due_clocks, _same, _fire, _put_off, _go_on, _give_up)
