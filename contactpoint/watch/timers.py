"""The ladders' timers: every request whose next step is due is handed to its ladder (``contactpoint.watch.claim``).

A step that is fired twice by any accident stops at its primary key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import by_person, page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import carry_out, here, ladder_columns, raise_task, read_ladder
from contactpoint.casework.facts import About
from contactpoint.casework.roll import roll_for, roll_now
from contactpoint.casework.rungs import ON_DUTY, people_now
from contactpoint.domain.ladder import Effect, Ladder, SayReached, SayRung, SaySlip, SayTwin, Tick, decide
from contactpoint.domain.roll import Roll
from contactpoint.store.desk_schema import journal
from contactpoint.store.gathered import gathering
from contactpoint.store.journal import append
from contactpoint.store.rows_cases import statements_named
from contactpoint.store.rows_requests import (
    anything_due,
    due_requests,
    due_urgent,
    request_row,
    steps_of,
    take_step,
    update_request,
    urgent_due,
)
from contactpoint.watch.claim import POISONED_PAUSE, Claim, Gate, run

POLL_S = 0.2
_GIVEN_UP = -1  # the cycle of the page for a request whose ladder cannot be read


async def run_due(cw: Casework, now: datetime, gate: Gate | None = None) -> int:
    """Fire what is due by ``now``; returns how many requests were moved.

    What has a life in danger is claimed by itself: its pages go out while the rest of a burst is still being decided.
    """
    return await run(MOST_URGENT, cw, now, gate) + await run(TIMERS, cw, now, gate)


async def _again(tx: AsyncConnection, row: Row[Any], now: datetime) -> Row[Any] | None:
    found = await request_row(tx, row.id)
    return found if found is not None and found.next_at is not None and found.next_at <= now else None


async def _fire(tx: AsyncConnection, cw: Casework, rows: Sequence[Row[Any]], now: datetime) -> None:
    # Decided before the journal's head is locked: other workers decide meanwhile, and wait only to write.
    roll = await roll_now(tx, cw)
    decided = [_decide(row, roll, now) for row in rows]
    letters = await _letters(tx, cw, rows)
    async with gathering(tx, await steps_of(tx, [row.id for row in rows])):
        # First, so that every slip of this claim carries the head that covers it.
        await append(tx, journal, "timers", str(len(rows)), None, now)
        for row, before, ladder, effects in decided:
            await carry_out(tx, cw, here(row), effects, now, letters.get(row.id))
            await update_request(tx, row.id, row.rev, {**ladder_columns(ladder), "poisoned": 0})
            if (due := ladder.step - before.step) > 1:
                await append(tx, journal, f"caught up: {due} rungs were due", row.id, None, now)


def _decide(row: Row[Any], roll: Roll, now: datetime) -> tuple[Row[Any], Ladder, Ladder, Sequence[Effect]]:
    before = read_ladder(row)
    ladder, effects = decide(before, Tick(), roll.held_by(row.holder), now)
    return row, before, ladder, effects


async def _letters(tx: AsyncConnection, cw: Casework, rows: Sequence[Row[Any]]) -> Mapping[str, About]:
    """By request: the letter that its slips speak of."""
    requests = {row.id: row for row in rows}
    named = [(row.peer if row.incoming else cw.state, row.id) for row in rows]
    return {
        letter.id: About(
            letter.id, letter.sender, letter.seal, bytes(letter.envelope_digest), requests[letter.id].urgency
        )
        for letter in await statements_named(tx, named)
    }


async def _put_off(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    await update_request(tx, row.id, row.rev, {"poisoned": row.poisoned + 1, "next_at": now + POISONED_PAUSE})


async def _go_on(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    """The next rung without its slips: that people are paged does not wait for what the other State is told."""
    ladder, effects = decide(read_ladder(row), Tick(), await roll_for(tx, cw, row), now)
    calls = [effect for effect in effects if not isinstance(effect, SaySlip | SayTwin | SayRung | SayReached)]
    await carry_out(tx, cw, here(row), calls, now)
    await update_request(tx, row.id, row.rev, {**ladder_columns(ladder), "poisoned": row.poisoned + 1})
    await _tell(tx, cw, row, text, now)


async def _give_up(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    """A ladder that nobody can read any more: whoever is on duty is called once, and a person has to look."""
    await update_request(tx, row.id, row.rev, {"poisoned": row.poisoned + 1, "next_at": None})
    await _tell(tx, cw, row, text, now)
    if not await take_step(tx, row.id, _GIVEN_UP, "given up", now, now):
        return
    about = {"request_id": row.id, "cycle": _GIVEN_UP, "rung": 0, "urgency": row.urgency}
    for officer, channels in by_person(await people_now(tx, cw, (ON_DUTY,), now)).items():
        await page_person(tx, cw, about, officer, channels, now)


async def _tell(tx: AsyncConnection, cw: Casework, row: Row[Any], text: str, now: datetime) -> None:
    await raise_task(tx, cw, "E-POISONED", now, request=row.id, note=text, once=f"poisoned/{row.id}")


TIMERS = Claim(200, anything_due, due_requests, _again, _fire, _put_off, _go_on, _give_up)
MOST_URGENT = replace(TIMERS, any_due=urgent_due, due=due_urgent)
