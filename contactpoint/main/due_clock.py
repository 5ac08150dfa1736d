"""The clock by which rows are due: where several machines share a database, the database's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from contactpoint.main.clock import Clock, system_clock
from contactpoint.store.database import Database

DueClock: TypeAlias = Callable[[], Awaitable[datetime]]


def due_clock(db: Database, clock: Clock) -> DueClock:
    """On PostgreSQL the database's clock, so that one machine with a false clock fires nothing early; on SQLite ``clock``.

    A training network's own clock holds everywhere.
    """

    async def now() -> datetime:
        if db.shared and clock is system_clock:
            return await db.read(db.clock)
        return clock()

    return now
