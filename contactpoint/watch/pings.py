"""Every minute each other State's node is pinged over the link; a mark a minute is kept for a month.

The pings of one round are spread over half a minute, so that no gateway is met by everybody at once, and written in one transaction. A
minute in a closure that was announced, the other's or our own, is excused: it counts neither for nor against.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.drills import closed_now, peers
from contactpoint.domain.availability import EXCUSED, HOUR, KEPT, mark_of, with_mark
from contactpoint.link.tls import GatewayAddress
from contactpoint.store.rows_drills import drop_pings, pings_of_hour, put_pings

Ping = Callable[[GatewayAddress], Awaitable[float | None]]
_AT_ONCE = 16
_SPREAD_S = 30.0


async def run_round(cw: Casework, ping: Ping, now: datetime, spread_s: float = _SPREAD_S) -> int:
    """Ping every other State once and write the marks of this minute down; returns how many were tried or excused."""
    hour, minute = now.replace(minute=0, second=0, microsecond=0), now.minute
    states = tuple(peers(cw))
    marked = {
        state for state, marks in (await cw.db.read(lambda tx: pings_of_hour(tx, hour))).items() if marks[minute] != "."
    }
    todo = [state for state in states if state not in marked]
    if not todo:
        return 0
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(state: str, wait_s: float) -> tuple[str, str]:
        if closed_now(cw, state, now):
            return state, EXCUSED
        await asyncio.sleep(wait_s)
        async with slots:
            return state, mark_of(await _first(ping, cw.register.addresses(state)))

    step = spread_s / len(todo)
    found = dict(await asyncio.gather(*(one(state, place * step) for place, state in enumerate(todo))))

    async def work(tx: AsyncConnection) -> None:
        held = await pings_of_hour(tx, hour)
        await put_pings(
            tx, hour, {state: with_mark(held.get(state, HOUR), minute, mark) for state, mark in found.items()}
        )
        if minute == 0:
            await drop_pings(tx, hour - KEPT - timedelta(hours=1))

    await cw.db.write(work)
    return len(found)


async def _first(ping: Ping, addresses: Sequence[GatewayAddress]) -> float | None:
    """How long it took by the first address that answers, in the order of the charter: a State has several so that one may fail."""
    for address in addresses:
        took = await ping(address)
        if took is not None:
            return took
    return None
