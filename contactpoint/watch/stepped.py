"""A clock that does not run: set back it delays every timer, set forward it fires them early. Neither may go unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task

MOST_OFF = timedelta(seconds=5)


@dataclass(slots=True)
class ClockWatch:
    """Compares the clock by which rows are due with one that nobody can set (`steady`, in seconds)."""

    _before: tuple[datetime, float] | None = None

    def look(self, now: datetime, steady: float) -> timedelta:
        """How far the clock was set since the last look; zero while it runs as it should."""
        before, self._before = self._before, (now, steady)
        if before is None:
            return timedelta(0)
        off = (now - before[0]) - timedelta(seconds=steady - before[1])
        return off if abs(off) > MOST_OFF else timedelta(0)


async def tell_stepped(tx: AsyncConnection, cw: Casework, off: timedelta, now: datetime) -> None:
    """One open task says that the clock was set, and how far."""
    note = f"{off.total_seconds():+.0f} s"
    await raise_task(tx, cw, "W-CLOCK-STEPPED", now, note=note, once="clock-stepped")
