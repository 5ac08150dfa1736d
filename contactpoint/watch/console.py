"""The channel *console*: a page is delivered when a window whose alarm was tested is there to ring.

The windows ring by themselves from what the database says; this only finds out whether anybody could have heard it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contactpoint.casework.context import Casework
from contactpoint.notify.channel import Outcome, Result
from contactpoint.notify.notice import Notice
from contactpoint.store.rows_people import count_manned

STALE_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Counts the manned windows of this desk, whichever process serves them."""

    cw: Casework
    clock: Callable[[], datetime]

    @property
    def name(self) -> str:
        return "console"

    async def send(self, notice: Notice) -> Outcome:
        self.cw.bell.ring("board")
        windows = await self.cw.db.read(lambda tx: count_manned(tx, self.clock() - STALE_AFTER))
        if windows:
            return Outcome(Result.DELIVERED, f"{windows} window(s) with a tested alarm")
        return Outcome(Result.FAILED, "no console with a tested alarm is open")
