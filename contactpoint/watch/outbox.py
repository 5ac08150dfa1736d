"""The outbox: put every letter and slip into its recipient's mailbox, and keep trying until it is held, refused or expired.

A row is *due* until its answer is written down, so a worker that dies holding it loses nothing: the next one puts the same bytes, and
the gateway answers a repeat with the same receipt. What this worker has in hand it knows by itself. Only where several machines share
the database is a lease written first, so that they do not all put the same letter; on SQLite there is none to wait for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen, raise_task
from contactpoint.casework.facts import sign_fact
from contactpoint.casework.ids import Randomness
from contactpoint.casework.receive import hear_slip
from contactpoint.casework.slips import check_slip
from contactpoint.domain.codes import Retry
from contactpoint.domain.ladder import Refused
from contactpoint.link.errors import LinkError
from contactpoint.link.results import HeldResult, PutResult, RefusedResult, StoredResult
from contactpoint.link.tls import GatewayAddress
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_outbox import (
    due_parcels,
    lease_parcels,
    settle_parcel,
)
from contactpoint.watch.begun import Begun
from contactpoint.wire.envelope import Parcel, read_envelope
from contactpoint.wire.errors import MismatchError, WireError
from contactpoint.wire.frames import Cargo, Lane
from contactpoint.wire.slip import SlipLevel
from keys.digest import digest

POLL_S = 1.0
LEASE = timedelta(seconds=10)
_URGENT, _ROUTINE = ("U0", "U1"), ("U2", "U3")
BATCH = 32
_MOST_IN_LANE = 32  # puts to one recipient in one lane at the same time; the link's credit is twice that
_AFTER_A_FAULT_S = 5.0
_LAST_S = 3.0
_FIRST_S, _LONGEST_URGENT_S, _LONGEST_ROUTINE_S = 1.0, 60.0, 600.0


class Puts(Protocol):
    """The link, as the outbox needs it."""

    async def put(self, address: GatewayAddress, cargo: Cargo, *, lane: Lane = ...) -> PutResult:
        """Raises LinkError when the gateway cannot be reached."""


def pause(attempt: int, urgency: str, random: Randomness) -> timedelta:
    """Doubling from one second, to a minute for urgent mail and ten for the rest, with full jitter."""
    longest = _LONGEST_URGENT_S if urgency in _URGENT else _LONGEST_ROUTINE_S
    limit = min(_FIRST_S * 2.0 ** min(attempt, 12), longest)
    return timedelta(seconds=0.1 + limit * int.from_bytes(random(4)) / 2**32)


def _classes(urgency: str) -> tuple[str, ...]:
    """The urgency classes that share a lane with this one."""
    return _URGENT if urgency in _URGENT else _ROUTINE


class Outbox:
    """Empties the outbox of one desk over ``link``. A peer that hangs holds up its own lane and nothing else."""

    def __init__(self, cw: Casework, link: Puts, clock: Callable[[], datetime]) -> None:
        self.cw, self.link, self.clock = cw, link, clock
        self._begun = Begun()
        self._lanes: Counter[tuple[str, tuple[str, ...]]] = Counter()

    async def run_due(self) -> int:
        """Try everything that is due now to its end; returns how many were tried."""
        count = await self.begin_due()
        await self._begun.wait()
        return count

    async def begin_due(self) -> int:
        """Begin what is due now and is not in hand; returns how many. Raises what an earlier attempt raised."""
        self._begun.raise_fault()
        now, in_hand, full = self.clock(), tuple(self._begun), self._full()

        async def look(tx: AsyncConnection) -> Sequence[Row[Any]]:
            return await due_parcels(tx, now, BATCH, in_hand, full)

        async def claim(tx: AsyncConnection) -> Sequence[Row[Any]]:
            rows = await look(tx)
            await lease_parcels(tx, [row.id for row in rows], now + LEASE)
            return rows

        rows = await self.cw.db.read(look)
        if rows and self.cw.db.shared:
            rows = await self.cw.db.write(claim)
        for row in rows:
            self._begun.begin(row.id, self._send_in_lane(row))
        return len(rows)

    async def end(self) -> None:
        """Let what is in hand finish for a moment, then let go of it: it is still due."""
        await self._begun.end(_LAST_S)

    def _full(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(lane for lane, count in self._lanes.items() if count >= _MOST_IN_LANE)

    async def _send_in_lane(self, row: Row[Any]) -> None:
        lane = (row.recipient, _classes(row.urgency))
        self._lanes[lane] += 1
        try:
            await self._send(row)
        except Exception:
            # Whatever it was, it is still due: kept in hand for a while, so that it neither spins nor holds up the others.
            await asyncio.sleep(_AFTER_A_FAULT_S)
            raise
        finally:
            self._lanes[lane] -= 1
            if self._lanes[lane] == _MOST_IN_LANE - 1:
                self.cw.bell.ring("outbox")  # there may be more that waited for this place

    async def _send(self, row: Row[Any]) -> None:
        now = self.clock()
        if now >= row.expires:
            await self._settle(row, "expired", "nobody took it before it expired")
            return
        addresses = self.cw.register.addresses(row.recipient)
        if not addresses:
            await self._later(row, f"no address of {row.recipient} in the copy of the register")
            return
        cargo = await self._cargo(row)
        lane = Lane.URGENT if row.urgency in _URGENT else Lane.ROUTINE
        text = ""
        for address in addresses:
            try:
                answer = await self.link.put(address, cargo, lane=lane)
            except LinkError as error:
                text = str(error)
                continue
            await self._answered(row, answer)
            return
        await self._later(row, text)

    async def _cargo(self, row: Row[Any]) -> Cargo:
        if row.fact is None:
            return Parcel(row.envelope, row.payload)
        return await sign_fact(self.cw, row.fact)

    async def _answered(self, row: Row[Any], answer: PutResult) -> None:
        match answer:
            case HeldResult(receipt=receipt):
                await self._held(row, receipt)
            case StoredResult():
                await self._settle(row, "done", "stored")
            case RefusedResult(code=code, retry=Retry.SAME_ID_LATER, after=after):
                await self._later(row, code, timedelta(seconds=after) if after else None)
            case RefusedResult(code=code):
                await self._refused(row, code)

    async def _held(self, row: Row[Any], receipt: bytes) -> None:
        """No lying receipt: one that does not verify is no receipt, and the letter is put again."""
        now = self.clock()
        try:
            heard = check_slip(self.cw, receipt, now)
            # A true receipt of another letter proves nothing of this one: it would be let go of, and lost.
            envelope = read_envelope(row.envelope or b"", self.cw.net)
            if heard.slip.level is not SlipLevel.HELD or heard.slip.envelope != envelope.digest:
                raise MismatchError("it speaks of another envelope")
        except WireError as error:
            await self._later(row, f"a false receipt: {error}")
            return

        async def work(tx: AsyncConnection) -> None:
            await hear_slip(tx, self.cw, heard, now)
            await settle_parcel(tx, row.id, {"state": "done", "outcome": "held", "payload": None})
            await append(tx, journal, "held", row.id, digest(heard.content), now)

        await self.cw.db.write(work)
        self.cw.bell.ring("board", "case", "timers")

    async def _refused(self, row: Row[Any], code: str) -> None:
        now = self.clock()

        async def work(tx: AsyncConnection) -> None:
            await settle_parcel(tx, row.id, {"state": "refused", "outcome": code})
            if row.statement_id is not None:
                await happen(tx, self.cw, row.statement_id, Refused(code, now), now)
                await raise_task(tx, self.cw, code, now, state=row.recipient, note=row.id, once=f"refused/{row.id}")
            await append(tx, journal, f"refused {code}", row.id, None, now)

        await self.cw.db.write(work)
        self.cw.bell.ring("board", "case")

    async def _later(self, row: Row[Any], text: str, after: timedelta | None = None) -> None:
        wait = after or pause(row.attempts, row.urgency, self.cw.random)
        values = {"next_at": self.clock() + wait, "outcome": text[:200], "attempts": row.attempts + 1}
        await self.cw.db.write(lambda tx: settle_parcel(tx, row.id, values))
        asyncio.get_running_loop().call_later(wait.total_seconds(), self.cw.bell.ring, "outbox")

    async def _settle(self, row: Row[Any], state: str, text: str) -> None:
        await self.cw.db.write(lambda tx: settle_parcel(tx, row.id, {"state": state, "outcome": text}))
