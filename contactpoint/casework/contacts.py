"""Whom a page reaches: a person's own contacts and rules, read in the transaction that pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.domain.errors import ContactError, EscalationError
from contactpoint.domain.ladder import Ladder
from contactpoint.domain.notices import RENEW_BEFORE, VERIFIED_FOR, Contact, Rules, Way, quiet_until, ways
from contactpoint.domain.values import Urgency
from contactpoint.store.gathered import remembered
from contactpoint.store.rows_desk import add_task
from contactpoint.store.rows_notices import bring_forward, called, pages_beside, request_seen, verified_before
from contactpoint.store.rows_requests import BEING_SENT, add_page


async def ways_of(
    tx: AsyncConnection, cw: Casework, officer: str, channels: Sequence[str], urgency: str, now: datetime
) -> Sequence[Way]:
    """Promise: how this officer is called now on a rung that names ``channels``, the first way at once (of a U3 in quiet hours: later).

    An officer without a verified contact is called at those that there are, and a task says so.
    """
    asked = ("ways", officer, urgency, now.isoformat(), *channels)
    return await remembered(tx, asked, lambda: _ways_of(tx, cw, officer, channels, urgency, now))


async def _ways_of(
    tx: AsyncConnection, cw: Casework, officer: str, channels: Sequence[str], urgency: str, now: datetime
) -> Sequence[Way]:
    rows = await remembered(tx, ("called", officer), lambda: called(tx, officer))
    found = ways(
        contacts=[Contact(row.channel, row.address, row.verified_at) for row in rows if row.channel is not None],
        rules=read_rules(rows[0].rules if rows else None),
        channels=[channel for channel in channels if channel in cw.channels] or cw.channels,
        urgency=Urgency(urgency),
        zone=cw.register.calendar(cw.state).zone,
        now=now,
    )
    if found.unverified:
        await _warn(tx, cw, "W-CONTACT-UNVERIFIED", officer, unverified_mark(officer), now)
    return found.ways


async def page_person(
    tx: AsyncConnection,
    cw: Casework,
    about: Mapping[str, object],
    officer: str,
    channels: Sequence[str],
    now: datetime,
) -> int:
    """One due page for each way to this officer; returns how many were made. ``about``: request_id, cycle, rung, urgency.

    A page that stands is not made twice.
    """
    made = 0
    for way in await ways_of(tx, cw, officer, channels, str(about["urgency"]), now):
        made += await add_page(tx, page_values(cw, about, officer, way, now))
    return made


def page_values(cw: Casework, about: Mapping[str, object], officer: str, way: Way, now: datetime) -> dict[str, object]:
    """A page's row for one way."""
    return {
        **about,
        "id": new_id(cw.random, now),
        "officer": officer,
        "channel": way.channel,
        "address": way.address,
        "state": "due",
        "outcome": way.held,
        "next_at": way.at,
        "at": now,
    }


async def next_way(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> bool:
    """Promise: where a page has not certainly arrived, the person's next channel is tried at once, never the same address again.

    ``row``: the page that failed or is unknown. First comes what waits for its turn on the same rung, then a verified contact that the
    rung does not name. False: everything has been tried, or is being tried.
    """
    contacts = await called(tx, row.officer)
    rules = read_rules(contacts[0].rules if contacts else None)
    if row.urgency == Urgency.U3 and quiet_until(rules, cw.register.calendar(cw.state).zone, now) is not None:
        return False  # a console that is closed at night is no reason to wake somebody for a U3
    if await _held(tx, row):
        return False  # an officer is on the way: the others wait, whatever became of the notice to one of them
    beside = await pages_beside(tx, row)
    if any(each.id != row.id and each.state == "due" and each.next_at <= now for each in beside):
        return False  # it goes out now anyway
    waiting = [each for each in beside if each.id != row.id and each.state == "due" and each.outcome != BEING_SENT]
    for each in sorted(waiting, key=lambda page: page.channel == row.channel):
        if await bring_forward(tx, each.id, now):
            return True
    tried = {(each.channel, each.address) for each in beside}
    for each in contacts:
        fresh = each.channel is not None and each.channel in cw.channels and (each.channel, each.address) not in tried
        if fresh and Contact(each.channel, each.address, each.verified_at).good(now):
            about = {"request_id": row.request_id, "cycle": row.cycle, "rung": row.rung, "urgency": row.urgency}
            return await add_page(tx, page_values(cw, about, row.officer, Way(each.channel, now, each.address), now))
    return False


async def _held(tx: AsyncConnection, row: Row[Any]) -> bool:
    """Whether *on my way* was said after this page: what it called for is on the way, and the rungs after it call anew."""
    request = await request_seen(tx, row.request_id) if row.rung >= 0 else None
    try:
        reached_at = None if request is None else Ladder.from_text(request.ladder).reached_at
    except (EscalationError, ValueError):
        return False  # a ladder that nobody can read holds nobody back
    return reached_at is not None and row.at <= reached_at


def by_person(people: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Pairs of officer and channel as each officer's channels."""
    found: dict[str, tuple[str, ...]] = {}
    for officer, channel in people:
        found[officer] = (*found.get(officer, ()), channel)
    return found


def read_rules(text: str | None) -> Rules:
    """An officer's rules; ones that cannot be read any more count as none: nobody's page waits for a mended row."""
    try:
        return Rules() if text is None else Rules.from_plain(json.loads(text))
    except (ContactError, ValueError):
        return Rules()


async def warn_of_old(tx: AsyncConnection, cw: Casework, now: datetime) -> int:
    """A task for each contact whose 90 days end within a week, once; returns how many were new."""
    raised = 0
    for row in await verified_before(tx, now - VERIFIED_FOR + RENEW_BEFORE):
        raised += await _warn(tx, cw, "W-CONTACT-RENEW", row.officer, renew_mark(row), now, _until(row))
    return raised


def unverified_mark(officer: str) -> str:
    """The one task that an officer has no verified contact; done when one is verified."""
    return f"unverified/{officer}"


def renew_mark(row: Row[Any]) -> str:
    """The one task that this verification of a contact ends; done when its code came back again."""
    return f"renew/{row.id}/{row.verified_at:%Y%m%d}"


def _until(row: Row[Any]) -> str:
    return f": {row.channel}, until {row.verified_at + VERIFIED_FOR:%Y-%m-%d %H:%M} UTC"


async def _warn(
    tx: AsyncConnection, cw: Casework, code: str, officer: str, once: str, now: datetime, more: str = ""
) -> bool:
    values = {"id": new_id(cw.random, now), "code": code, "note": officer + more, "once": once, "at": now}
    return await add_task(tx, {"state": "", "request_id": None, **values})
