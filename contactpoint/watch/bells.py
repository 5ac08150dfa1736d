"""Second bells are missed: one that was on duty and falls silent stands on the board until it is heard again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bells import bells_gone
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.store.rows_clocks import finish_tasks_of
from contactpoint.store.rows_desk import open_once

POLL_S = 5.0
_ONCE = "bell/"


async def run_due(cw: Casework, now: datetime) -> int:
    """Put bells that are gone on the board, take those that are back off it; returns how many changed."""

    async def look(tx: AsyncConnection) -> tuple[set[str], set[str]]:
        gone = {f"{_ONCE}{name}" for name in await bells_gone(tx, now)}
        told = await open_once(tx, _ONCE)
        return gone - told, told - gone

    async def work(tx: AsyncConnection) -> int:
        fresh, back = await look(tx)
        for once in sorted(fresh):
            await raise_task(tx, cw, "W-BELL-GONE", now, note=once.removeprefix(_ONCE), once=once)
        for once in sorted(back):
            await finish_tasks_of(tx, once, now)
        return len(fresh) + len(back)

    if not any(await cw.db.read(look)):
        return 0
    changed = await cw.db.write(work)
    cw.bell.ring("board")
    return changed
