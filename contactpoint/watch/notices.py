"""Notices: hand each due page to its channel, once, and write down what became of it.

An acknowledgement cancels pages that have not gone out. A time-out is *unknown*: it is written down as such and not repeated, because
the next rung and the other channels say it again anyway. So is a page whose worker died while it was being sent: nobody knows whether
the telephone has rung, and it does not ring twice for one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.warn import warned_state
from contactpoint.notify.channel import Channel, Outcome, Result
from contactpoint.notify.notice import Notice, Subject
from contactpoint.store.rows_people import officer_row
from contactpoint.store.rows_requests import BEING_SENT, due_pages, finish_page, lease_page
from contactpoint.watch.begun import Begun

POLL_S = 1.0
LEASE = timedelta(seconds=30)
BATCH = 50
_MOST_ATTEMPTS = 3
_LAST_S = 3.0


class Notices:
    """Sends the pages of one desk through ``channels``, by name. A telephone that hangs keeps no other from ringing."""

    def __init__(self, cw: Casework, channels: Mapping[str, Channel], clock: Callable[[], datetime]) -> None:
        self.cw, self.channels, self.clock = cw, channels, clock
        self._begun = Begun()

    async def run_due(self) -> int:
        """Send everything that is due now and wait for what becomes of it; returns how many were looked at."""
        count = await self.begin_due()
        await self._begun.wait()
        return count

    async def begin_due(self) -> int:
        """Begin to send what is due now; returns how many were looked at. Raises what an earlier sending raised."""
        self._begun.raise_fault()
        now = self.clock()
        if not await self.cw.db.read(lambda tx: due_pages(tx, now, 1)):
            return 0
        rows = await self.cw.db.write(lambda tx: self._claim(tx, now))
        for row in rows:
            if row.id not in self._begun and row.outcome != BEING_SENT:
                self._begun.begin(row.id, self._send(row))
        return len(rows)

    async def end(self) -> None:
        """Let what is being sent finish for a moment; what does not is unknown."""
        await self._begun.end(_LAST_S)

    async def _claim(self, tx: AsyncConnection, now: datetime) -> Sequence[Row[Any]]:
        rows = await due_pages(tx, now, BATCH)
        for row in rows:
            if row.outcome == BEING_SENT and row.id not in self._begun:
                await finish_page(
                    tx, row.id, {"state": "unknown", "outcome": "its worker ended while it was being sent"}
                )
            else:
                await lease_page(tx, row.id, now + LEASE)
        return rows

    async def _send(self, row: Row[Any]) -> None:
        channel = self.channels.get(row.channel)
        if channel is None:
            outcome = Outcome(Result.FAILED, f"this node has no channel {row.channel}")
        else:
            outcome = await channel.send(await self._notice(row))
        await self.cw.db.write(lambda tx: finish_page(tx, row.id, self._values(row, outcome)))

    async def _notice(self, row: Row[Any]) -> Notice:
        if (state := warned_state(row.officer)) is not None:
            return Notice(
                id=row.id,
                subject=Subject.FALSE_CLAIM,
                urgency=row.urgency,
                reference=row.id[-12:],
                to=self.cw.register.mail(state),
                network=self.cw.network,
            )
        officer = await self.cw.db.read(lambda tx: officer_row(tx, row.officer))
        return Notice(
            id=row.id,
            # Below the rungs of a ladder stand the reminders of clocks.
            subject=Subject.TASK if row.rung < 0 else Subject.MESSAGE,
            urgency=row.urgency,
            reference=row.request_id[-12:],
            to=officer.mail if officer is not None and row.channel == "smtp" else "",
            network=self.cw.network,
        )

    def _values(self, row: Row[Any], outcome: Outcome) -> dict[str, object]:
        now = self.clock()
        values: dict[str, object] = {"outcome": outcome.text[:200], "sent_at": now}
        if outcome.result is Result.FAILED and row.attempts + 1 < _MOST_ATTEMPTS:
            return {**values, "next_at": now + timedelta(seconds=2 ** (row.attempts + 1))}
        return {**values, "state": outcome.result.value.lower()}
