"""The upgrade fence: workers of different versions never decide side by side.

One row of the database names the version that works: code, schema, catalogue and zone data. Every claim reads it in its own
transaction and holds it until its commit. A worker of another version refuses to work and says why, for as long as one of the first
is alive; when none is, it takes the row over. So an upgrade is: stop the old ones, and the new ones begin by themselves. Different zone
data are a different version, because they would put different officers on duty.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.store.rows_desk import beat_worker, drop_worker, hold_setting, put_setting, worker_rows
from contactpoint.watch.stepped import MOST_OFF, tell_stepped

BEAT_S = 3.0
SILENT = timedelta(seconds=10)
"""A worker that has not beaten for so long is taken for dead."""
_FENCE = "fence"
_KEPT = 2000  # steps of which it is known how late they were


class FenceError(Exception):
    """This worker may not work beside those that do. The text says in what they differ."""

    code = "E-FENCE"


@dataclass(frozen=True, slots=True)
class Version:
    """What must be the same for two workers to decide the same."""

    code: str
    schema: str
    catalogue: str
    tzdata: str

    def __str__(self) -> str:
        return f"{self.code} {self.schema} {self.catalogue} {self.tzdata}"

    def differs_from(self, other: str) -> str:
        """In words: `tzdata 2026.6 here, 2025.2 there`."""
        names, theirs = ("code", "schema", "catalogue", "tzdata"), other.split()
        pairs = zip(names, str(self).split(), theirs, strict=False)
        return "; ".join(f"{name} {here} here, {there} there" for name, here, there in pairs if here != there) or other


@dataclass(frozen=True, slots=True)
class Fence:
    """One worker's place at the fence. It keeps how late the last steps were (milliseconds), to tell it with each beat."""

    cw: Casework
    name: str
    version: Version
    _lags: deque[int] = field(default_factory=lambda: deque(maxlen=_KEPT), repr=False)
    _count: list[int] = field(default_factory=lambda: [0], repr=False)

    async def beat(self, now: datetime) -> None:
        """Say that this worker is alive, and take the fence when nobody else holds it. Raises FenceError when others do."""
        refused = await self.cw.db.write(lambda tx: self._beat(tx, now))
        if refused:
            self.cw.bell.ring("board")
            raise FenceError(refused)

    async def check(self, tx: AsyncConnection) -> None:
        """In a claim's transaction: raises FenceError unless this version works now. Nobody takes the fence before its commit."""
        held = await hold_setting(tx, _FENCE)
        if held is None or held.decode() != str(self.version):
            raise FenceError(self._why(held))

    def fired(self, due: Sequence[datetime], now: datetime) -> None:
        """Rows that were claimed at ``now``."""
        self._lags.extend(max(0, (now - at) // timedelta(milliseconds=1)) for at in due)
        self._count[0] += len(due)

    async def leave(self) -> None:
        """A clean end: the next version need not wait until this worker is taken for dead."""
        await self.cw.db.write(lambda tx: drop_worker(tx, self.name))

    async def _beat(self, tx: AsyncConnection, now: datetime) -> str:
        held = await hold_setting(tx, _FENCE, to_change=True)
        rows = await worker_rows(tx)
        ahead = max((row.seen_at - now for row in rows), default=timedelta(0))
        if ahead > MOST_OFF:
            # The clock was set back while nobody looked: what is due waits so much longer.
            await tell_stepped(tx, self.cw, -ahead, now)
            for row in rows:
                if row.seen_at - now > MOST_OFF:
                    await drop_worker(tx, row.name)
        if held is None or held.decode() != str(self.version):
            others = [row for row in rows if row.version != str(self.version) and alive(row.seen_at, now)]
            if held is not None and others:
                why = self._why(held)
                await raise_task(tx, self.cw, "E-FENCE", now, note=why[:400], once=f"fence/{self.name}")
                return why
            await put_setting(tx, _FENCE, str(self.version).encode(), now)
        late = sorted(self._lags) or [0]
        figures = {"fired": self._count[0], "lag_p50": late[len(late) // 2], "lag_p99": late[len(late) * 99 // 100]}
        who = {"name": self.name, "version": str(self.version), "seen_at": now}
        await beat_worker(tx, {**who, **figures, "lag_max": late[-1]})
        return ""

    def _why(self, held: bytes | None) -> str:
        if held is None:
            return "no version has begun to work yet"
        return f"workers of another version are at work: {self.version.differs_from(held.decode())}"


def alive(seen_at: datetime, now: datetime) -> bool:
    """Whether a beat is fresh. One from the future is not: the clock was set back since."""
    return abs(now - seen_at) <= SILENT
