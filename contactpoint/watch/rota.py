"""Duty by the clock: whoever comes on duty is told before and at the beginning, and a time without anybody is an alarm before it comes.

A page has a key made of the instant and the officer: however often and by however many workers this is looked at, each is told once.
A worker that stood still tells what began within the last hour. A handoff while a rung rings is the ladder's own affair.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task, token
from contactpoint.casework.rotas import rotas_now
from contactpoint.domain.rota import Beginning, Period, Rota, beginnings, gaps_to_tell
from contactpoint.domain.values import Urgency
from contactpoint.store.rows_clocks import finish_tasks_of
from contactpoint.store.rows_desk import open_once
from contactpoint.store.rows_people import officer_rows
from contactpoint.watch.notices import DUTY_BEGINS, DUTY_SOON, GAP_AHEAD

POLL_S = 20.0
BEFORE = timedelta(hours=12)
GAPS_AHEAD = timedelta(days=14)
LATE = timedelta(hours=1)
_NEAR = timedelta(days=1)
_GAP, _BROKEN = "gap/", "rota/"
_KEEPS, _ELSE = "rota", "administer"


@dataclass(frozen=True, slots=True)
class Told:
    """What of all rotas is to be told by an instant. ``broken``: rotas that may not be believed."""

    soon: tuple[Beginning, ...]
    begun: tuple[Beginning, ...]
    gaps: tuple[tuple[str, Period], ...]
    broken: tuple[str, ...]


async def run_due(cw: Casework, now: datetime) -> int:
    """Tell what is to be told now; returns how many pages and tasks came or went."""
    found = await cw.db.read(lambda tx: rotas_now(tx, cw))
    if not found.rotas and not found.broken:
        return 0
    # In a thread: the beat of the alarm goes on while months are counted out.
    told = await asyncio.to_thread(told_now, found.rotas, found.broken, now)
    changed = await cw.db.write(lambda tx: _tell(tx, cw, told, now))
    if changed:
        cw.bell.ring("pages", "board")
    return changed


def told_now(rotas: tuple[Rota, ...], broken: tuple[str, ...], now: datetime) -> Told:
    """Pure. An officer who comes on duty by two rotas at one instant is told once."""
    soon: dict[Beginning, None] = {}
    begun: dict[Beginning, None] = {}
    gaps: list[tuple[str, Period]] = []
    for rota in rotas:
        for each in beginnings(rota, now - LATE, now + BEFORE + timedelta(microseconds=1)):
            (begun if each.at <= now else soon)[each] = None
        gaps += [(rota.name, gap) for gap in gaps_to_tell(rota, GAPS_AHEAD, now)]
    return Told(tuple(soon), tuple(begun), tuple(gaps), broken)


async def _tell(tx: AsyncConnection, cw: Casework, told: Told, now: datetime) -> int:
    rows = [row for row in await officer_rows(tx) if row.locked_at is None]
    usable = {row.number for row in rows}
    changed = 0
    for each in told.soon:
        if each.officer in usable:
            changed += await _page(tx, cw, each.officer, f"duty-{_minute(each.at)}", DUTY_SOON, Urgency.U3, now)
    for each in told.begun:
        if each.officer in usable:
            changed += await _page(tx, cw, each.officer, f"duty-{_minute(each.at)}", DUTY_BEGINS, Urgency.U2, now)
    rights = {row.number: frozenset(json.loads(row.rights)) for row in rows}
    keepers = [who for who, has in rights.items() if _KEEPS in has] or [
        who for who, has in rights.items() if _ELSE in has
    ]
    return changed + await _tell_gaps(tx, cw, told, keepers, now)


async def _tell_gaps(tx: AsyncConnection, cw: Casework, told: Told, keepers: list[str], now: datetime) -> int:
    """One task for each gap while it is one, and one page to each keeper; of a rota that may not be believed likewise."""
    wanted = {f"{_GAP}{name[:50]}/{_minute(gap.since)}": (name, gap) for name, gap in told.gaps}
    standing = await open_once(tx, _GAP)
    changed = 0
    for once in sorted(standing - wanted.keys()):
        await finish_tasks_of(tx, once, now)
        changed += 1
    for once, (name, gap) in wanted.items():
        if once not in standing:
            note = f"{name}: {gap.since:%Y-%m-%d %H:%M} to {gap.until:%Y-%m-%d %H:%M} UTC"
            changed += await raise_task(tx, cw, "W-ROTA-GAP", now, note=note, once=once)
        urgency = Urgency.U2 if gap.since <= now + _NEAR else Urgency.U3
        for keeper in keepers:
            about = f"gap-{token(name)[:18]}-{_minute(gap.since)}"
            changed += await _page(tx, cw, keeper, about, GAP_AHEAD, urgency, now)
    for name in told.broken:
        changed += await raise_task(tx, cw, "E-PLAN", now, note=name, once=f"{_BROKEN}{name[:50]}")
    return changed


async def _page(
    tx: AsyncConnection, cw: Casework, officer: str, about: str, rung: int, urgency: Urgency, now: datetime
) -> int:
    key = {"request_id": about, "cycle": 0, "rung": rung, "urgency": urgency.value}
    return await page_person(tx, cw, key, officer, cw.channels, now)


def _minute(at: datetime) -> str:
    """The instant as a reference that a telephone can show: 202703051300, UTC."""
    return f"{at:%Y%m%d%H%M}"
