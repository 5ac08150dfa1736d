"""Notices: hand each due page to its channel, once, and write down what became of each attempt.

An acknowledgement cancels pages that have not gone out; of one that is under way the log still says what became of it. A time-out is
*unknown*: it is not repeated, and the person's next channel is tried at once. So is a page whose worker died while it was being sent:
nobody knows whether the telephone has rung, and it does not ring twice for one step. Pages of one request to one person on one channel
that are due together are said once; the others stand in the log as held back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import next_way
from contactpoint.casework.context import Casework
from contactpoint.casework.links import make_link, record
from contactpoint.casework.warn import warned_state
from contactpoint.notify.channel import Channel, Outcome, Result
from contactpoint.notify.notice import Notice, Subject
from contactpoint.store.rows_notices import begin_attempt, end_attempt, hold_back, unsent_beside
from contactpoint.store.rows_requests import BEING_SENT, FIRST_LADDER, due_pages, finish_page, keep_lease, lease_page
from contactpoint.watch.begun import Begun

POLL_S = 1.0
LEASE = timedelta(seconds=30)
BATCH = 50
_MOST_ATTEMPTS = 3
_LAST_S = 3.0


DUTY_SOON, DUTY_BEGINS, GAP_AHEAD = -101, -102, -103
"""Rungs of pages that no request has: a duty, and a time without anybody on duty."""


def _subject(rung: int) -> Subject:
    """Below the rungs of the ladders stand the reminders of clocks, and below those what a rota says; the second ladder calls for an
    answer that is due."""
    if rung in (DUTY_SOON, DUTY_BEGINS):
        return Subject.DUTY
    if rung < 0:
        return Subject.TASK
    return Subject.MESSAGE if rung < FIRST_LADDER else Subject.OVERDUE


class Notices:
    """Sends the pages of one desk through ``channels``, by name. A telephone that hangs keeps no other from ringing.

    ``reach_url``: what stands before ``/reach/TOKEN`` in a page of an incoming request; empty: pages bear no link.
    """

    def __init__(
        self, cw: Casework, channels: Mapping[str, Channel], clock: Callable[[], datetime], reach_url: str = ""
    ) -> None:
        self.cw, self.channels, self.clock, self.reach_url = cw, channels, clock, reach_url
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
        looked_at, rows = await self.cw.db.write(lambda tx: self._claim(tx, now))
        for row, link in rows:
            self._begun.begin(row.id, self._send(row, link))
        return looked_at

    async def end(self) -> None:
        """Let what is being sent finish for a moment; what does not is unknown."""
        await self._begun.end(_LAST_S)

    async def _claim(self, tx: AsyncConnection, now: datetime) -> tuple[int, list[tuple[Row[Any], str]]]:
        rows = await due_pages(tx, now, BATCH)
        held_back = await _say_once(tx, rows, now)
        to_send: list[tuple[Row[Any], str]] = []
        for row in rows:
            if row.id in held_back:
                continue
            if row.outcome != BEING_SENT:
                await lease_page(tx, row.id, now + LEASE)
                await begin_attempt(tx, _attempt(row, now))
                to_send.append((row, await make_link(tx, self.cw, row, self.reach_url)))
            elif row.id in self._begun:
                await keep_lease(tx, row.id, now + LEASE)
            else:
                died = Outcome(Result.UNKNOWN, "its worker ended while it was being sent")
                await self._write_down(tx, row, row.attempts, died, now)
        return len(rows), to_send

    async def _send(self, row: Row[Any], link: str) -> None:
        channel = self.channels.get(row.channel)
        if channel is None:
            outcome = Outcome(Result.FAILED, f"this node has no channel {row.channel}")
        else:
            outcome = await channel.send(self._notice(row, link))
        await self.cw.db.write(lambda tx: self._write_down(tx, row, row.attempts + 1, outcome, self.clock()))
        if outcome.reached and row.rung >= 0:
            # In a transaction of its own: a step of the request waits for its pages, never they for it.
            await self.cw.db.write(lambda tx: record(tx, self.cw, row.request_id, row.officer, self.clock()))
            self.cw.bell.ring("outbox", "board", "case")

    def _notice(self, row: Row[Any], link: str) -> Notice:
        if (state := warned_state(row.officer)) is not None:
            return Notice(
                id=row.id,
                subject=Subject.FALSE_CLAIM,
                urgency=row.urgency,
                reference=row.id[-12:],
                to=self.cw.register.mail(state),
                network=self.cw.network,
            )
        return Notice(
            id=row.id,
            subject=_subject(row.rung),
            urgency=row.urgency,
            reference=row.request_id[-12:],
            to=row.address,
            network=self.cw.network,
            link=link if row.rung >= 0 else "",
        )

    async def _write_down(
        self, tx: AsyncConnection, row: Row[Any], number: int, outcome: Outcome, now: datetime
    ) -> None:
        told = {"ended_at": now, "result": outcome.result.value}
        more = {"provider_id": outcome.provider_id[:128], "text": outcome.text[:200]}
        await end_attempt(tx, row.id, number, {**told, **more})
        values: dict[str, object] = {"outcome": outcome.text[:200], "sent_at": now}
        if outcome.result is Result.FAILED and number < _MOST_ATTEMPTS:
            await finish_page(tx, row.id, {**values, "next_at": now + timedelta(seconds=2**number)})
            return
        waited_for = await finish_page(tx, row.id, {**values, "state": outcome.result.value.lower()})
        if waited_for and outcome.result is not Result.DELIVERED:
            await next_way(tx, self.cw, row, now)


def _attempt(row: Row[Any], now: datetime) -> dict[str, object]:
    return {
        "page_id": row.id,
        "number": row.attempts + 1,
        "request_id": row.request_id,
        "officer": row.officer,
        "channel": row.channel,
        "at": now,
    }


async def _say_once(tx: AsyncConnection, rows: Sequence[Row[Any]], now: datetime) -> set[str]:
    """Hold back what another page says at this very moment: same request, person, channel and address; the most urgent one goes, of
    those the first. Returns the ids held back.

    A worker that stood still through three rungs would otherwise ring one telephone three times at once.
    """
    fresh = {row.request_id for row in rows if row.attempts == 0}
    if not fresh:
        return set()
    first: dict[tuple[str, ...], Row[Any]] = {}
    others: dict[str, list[str]] = {}
    beside = [row for row in await unsent_beside(tx, fresh, now) if row.attempts == 0]
    for row in sorted(beside, key=lambda each: each.urgency):
        said = first.setdefault((row.request_id, row.officer, row.channel, row.address), row)
        if said is not row:
            others.setdefault(said.id, []).append(row.id)
    for page_id, held in others.items():
        await hold_back(tx, held, f"held back: said once, with page {page_id[-12:]}", now)
    return {page_id for held in others.values() for page_id in held}
