"""Carry out what the domain decided for one request: pages, slips, tasks, and the row itself, all in the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import page_person, page_values
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError
from contactpoint.casework.facts import About, say
from contactpoint.casework.ids import new_id
from contactpoint.casework.roll import roll_for
from contactpoint.domain.ladder import (
    Alarm,
    Effect,
    Event,
    HoldPages,
    Ladder,
    Page,
    Remind,
    Ring,
    SayReached,
    SayRung,
    SaySlip,
    SayTwin,
    StopRinging,
    Until,
    decide,
)
from contactpoint.domain.notices import Way
from contactpoint.store.rows_cases import statement_row
from contactpoint.store.rows_desk import add_task
from contactpoint.store.rows_requests import (
    FIRST_LADDER,
    add_page,
    cancel_pages,
    hold_pages,
    request_row,
    take_step,
    update_request,
)
from contactpoint.wire.slip import SlipLevel

_LONGEST_ROLE = 40
_REMINDER = FIRST_LADDER + 900
"""Above the pages of the ladder until *answered* stand the reminders of who holds the request."""


def read_ladder(row: Row[Any]) -> Ladder:
    return Ladder.from_text(row.ladder)


def ladder_columns(ladder: Ladder) -> dict[str, object]:
    """What of a ladder stands in columns, for claiming and sorting; the rest is its JSON."""
    return {
        "level": ladder.level.value,
        "cycle": ladder.cycle,
        "next_at": ladder.next_at,
        "rings": ladder.rings,
        "ladder": ladder.to_text(),
    }


async def about_request(tx: AsyncConnection, row: RequestHere, state: str) -> About:
    sender = row.peer if row.incoming else state
    letter = await statement_row(tx, sender, row.id)
    if letter is None:
        raise BusyCaseError("E-NOT-FOUND", f"the letter of request {row.id} is gone from this desk")
    return About(row.id, sender, letter.seal, bytes(letter.envelope_digest), row.urgency)


async def happen(
    tx: AsyncConnection, cw: Casework, request_id: str, event: Event, now: datetime, **columns: object
) -> bool:
    """Let the request's ladder decide on an event and carry the decision out. False: there is no such request here.

    ``columns`` are further columns of the row to set in the same update. Raises BusyCaseError when another worker was faster.
    """
    row = await request_row(tx, request_id)
    if row is None:
        return False
    ladder, effects = decide(read_ladder(row), event, await roll_for(tx, cw, row), now)
    await carry_out(tx, cw, here(row), effects, now)
    if not await update_request(tx, row.id, row.rev, {**ladder_columns(ladder), **columns}):
        raise BusyCaseError("E-BUSY", "another worker moved this request; try again")
    return True


@dataclass(frozen=True, slots=True)
class RequestHere:
    """What of a request's row its effects need."""

    id: str
    peer: str
    urgency: str
    incoming: bool


def here(row: Row[Any]) -> RequestHere:
    return RequestHere(row.id, row.peer, row.urgency, row.incoming)


async def carry_out(
    tx: AsyncConnection,
    cw: Casework,
    request: RequestHere,
    effects: Iterable[Effect],
    now: datetime,
    about: About | None = None,
) -> None:
    """Do what was decided. A step that is fired twice by any accident stops at the step's primary key."""
    for effect in effects:
        match effect:
            case Page():
                await _page(tx, cw, request, effect, now)
            case Remind(officer, number):
                if await take_step(tx, request.id, number, "reminder", now, now):
                    about_page = _about_page(request, number, _REMINDER)
                    await page_person(tx, cw, about_page, officer, cw.channels, now)
            case StopRinging(officer):
                await cancel_pages(tx, request.id, officer)
            case HoldPages(until):
                await hold_pages(tx, request.id, until)
            case SaySlip() | SayTwin() | SayRung() | SayReached():
                await _say(tx, cw, request, effect, now, about)
            case Alarm(code, rung):
                note = "" if rung is None else f"rung {rung + 1}"
                await raise_task(tx, cw, code, now, request=request.id, note=note, once=f"{request.id}/{code}/{note}")
            case Ring(reason):
                once = f"{request.id}/{reason}"
                await raise_task(tx, cw, f"W-{reason.upper()}", now, request=request.id, state=request.peer, once=once)


async def _say(
    tx: AsyncConnection,
    cw: Casework,
    request: RequestHere,
    effect: SaySlip | SayTwin | SayRung | SayReached,
    now: datetime,
    about: About | None,
) -> None:
    """Fix the slip that the station says of this step, once."""
    match effect:
        case SaySlip(level):
            cycle, name, due = 0, level.value, now
        case SayTwin(twin, due):
            cycle, name = 0, twin.value
        case SayRung(cycle, rung, _, due, _, until):
            name = f"said {_NAMES[until]} {rung}"
        case SayReached(due=due):
            cycle, name = 0, SlipLevel.OFFICER_REACHED.value
    if not await take_step(tx, request.id, cycle, name, due, now):
        return
    about = about or await about_request(tx, request, cw.state)
    place = partial(say, tx, cw, about=about, to=request.peer, now=now, due=due, cycle=cycle)
    match effect:
        case SaySlip(level):
            await say(tx, cw, SlipLevel(level.value), about, request.peer, now)
        case SayTwin(twin):
            await say(tx, cw, SlipLevel(twin.value), about, request.peer, now, due=due)
        case SayRung(rung=rung, role=role, code=code):
            await place(level=SlipLevel.RUNG, role=token(role), rung=rung, code=code or None)
        case SayReached(cycle, rung, role):
            await place(level=SlipLevel.OFFICER_REACHED, role=token(role), rung=rung)


_NAMES = {Until.ACKNOWLEDGED: "rung", Until.ANSWERED: "answer"}


async def _page(tx: AsyncConnection, cw: Casework, request: RequestHere, page: Page, now: datetime) -> None:
    name = f"{_NAMES[page.until]} {page.rung}" + (f" again {page.again}" if page.again else "")
    if not await take_step(tx, request.id, page.cycle, name, now, now):
        return
    about = _about_page(
        request, page.cycle, page.rung if page.until is Until.ACKNOWLEDGED else FIRST_LADDER + page.rung
    )
    for officer in page.officers:
        await page_person(tx, cw, about, officer, page.channels or cw.channels, now)
    for state in page.desks:
        # A name that is no State, or our own, was a mistake in the policy: it must not keep the rung's people from being paged.
        if state == cw.state or not cw.register.station_keys(state, now):
            await raise_task(tx, cw, "W-COVER-UNKNOWN", now, request=request.id, note=state, once=f"cover/{state}")
            continue
        letter = await about_request(tx, request, cw.state)
        await say(tx, cw, SlipLevel.COVER, letter, state, now, code=request.urgency)
    for line in page.lines:
        way = Way(line, now, "")
        await add_page(tx, page_values(cw, about, f"{LINE}{line}", way, now))


def _about_page(request: RequestHere, cycle: int, rung: int) -> dict[str, object]:
    return {"request_id": request.id, "cycle": cycle, "rung": rung, "urgency": request.urgency}


LINE = "line/"
"""In the place of an officer's number: a channel that belongs to no person, such as the siren."""


def token(role: str) -> str:
    """A role as it stands in a slip: one short word, whatever an administrator has called the rung."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", role).strip("-._")[:_LONGEST_ROLE] or "rung"


async def raise_task(
    tx: AsyncConnection,
    cw: Casework,
    code: str,
    now: datetime,
    *,
    request: str | None = None,
    state: str = "",
    note: str = "",
    once: str | None = None,
) -> bool:
    """Put something on the board that a person must look at; one open task for one cause."""
    return await add_task(
        tx,
        {
            "id": new_id(cw.random, now),
            "code": code,
            "state": state,
            "request_id": request,
            "note": note,
            "once": once,
            "at": now,
        },
    )
