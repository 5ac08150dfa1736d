"""The take path: one taker for each mailbox, streamed in the order of numbers, wherever it left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.gateway.mailbox import Mailbox
from contactpoint.gateway.parts import GatewayParts
from contactpoint.link.listen import Item, TakeEndedError
from contactpoint.store import rows_mailbox as rows
from contactpoint.store.gateway_schema import journal
from contactpoint.store.instant import to_milliseconds
from contactpoint.store.journal import append
from contactpoint.wire.frames import BacklogEnd, Deliver, Event, Missed, Role, Take
from contactpoint.wire.session import CloseCode, Peer

_PAGE = 16


class Takers:
    """Who takes which mailbox. The truth is the mailbox's row; this only closes an older taker here at once."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts
        self._current: dict[str, MailboxTaking] = {}

    async def begin(self, peer: Peer, take: Take) -> MailboxTaking:
        """Make this desk copy the taker: its epoch must be higher than any before. Raises TakeEndedError."""
        mailbox = self._parts.mailboxes.named(take.mailbox, peer.name)
        if mailbox is None or peer.role is not Role.STATION:
            raise TakeEndedError(CloseCode.NOT_YOURS)
        await self._parts.db.write(lambda tx: self._claim(tx, mailbox, take))
        older = self._current.get(mailbox.name)
        taking = self._current[mailbox.name] = MailboxTaking(self._parts, mailbox, take)
        if older is not None and older.epoch < take.epoch:
            older.supersede()
            self._parts.bells.ring(mailbox.name)
        return taking

    async def _claim(self, tx: AsyncConnection, mailbox: Mailbox, take: Take) -> None:
        now = await self._parts.shared_now(tx)
        if not await rows.claim(tx, mailbox.name, take.holder, take.epoch, now + self._parts.lease):
            row = await rows.mailbox_row(tx, mailbox.name)
            raise TakeEndedError(CloseCode.STALE_EPOCH, row.epoch)
        row = await rows.mailbox_row(tx, mailbox.name)
        # A cursor beyond the last number comes from before a restore: to wait there would skip what comes next.
        if take.after > row.head:
            raise TakeEndedError(CloseCode.CURSOR_AHEAD, row.head)
        await append(tx, journal, "lease", f"{mailbox.name}/{take.holder}/{take.epoch}", None, now)


class MailboxTaking:
    """One taker while it lasts."""

    def __init__(self, parts: GatewayParts, mailbox: Mailbox, take: Take) -> None:
        self.epoch = take.epoch
        self._parts, self._mailbox = parts, mailbox
        self._after = take.after
        self._superseded = False
        self._committed = 0
        self._wanted = 0
        self._one_at_a_time = asyncio.Lock()
        self._renewed: datetime = parts.clock()

    async def items(self) -> AsyncIterator[Item]:
        """Everything after the taker's cursor, then what comes, without end."""
        told_end = False
        with self._parts.bells.hear(self._mailbox.name) as bell:
            while True:
                bell.clear()
                page = await self._page()
                for frame in self._frames(page):
                    yield frame
                if len(page) < _PAGE:
                    if not told_end:
                        told_end = True
                        yield BacklogEnd(self._after)
                    await self._wait(bell)
                await self._hold_lease()

    async def took(self, through: int) -> None:
        """Move the mailbox's cursor where epoch = mine. Many at once cost one commit."""
        self._wanted = max(self._wanted, through)
        async with self._one_at_a_time:
            if self._committed >= through:
                return
            wanted = self._wanted
            mine = await self._parts.db.write(
                lambda tx: rows.took(tx, self._mailbox.name, self.epoch, wanted),
            )
            if not mine:
                raise TakeEndedError(CloseCode.SUPERSEDED, self.epoch)
            self._committed = wanted

    async def end(self) -> None:
        """The link is gone. The lease runs out by itself: nothing to write, and nothing that could fail."""
        self._superseded = True

    def supersede(self) -> None:
        """A higher epoch has the mailbox now."""
        self._superseded = True

    async def _page(self) -> Sequence[Row[Any]]:
        if self._superseded:
            raise TakeEndedError(CloseCode.SUPERSEDED, self.epoch)
        return await self._parts.db.read(lambda tx: rows.items_after(tx, self._mailbox.name, self._after, _PAGE))

    def _frames(self, page: Sequence[Row[Any]]) -> Iterator[Item]:
        for row in page:
            if row.number > self._after + 1:
                yield Missed(self._after + 1, row.number - 1, "not in this database")
            self._after = row.number
            yield frame_of(row)

    async def _wait(self, bell: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._parts.limits.poll_s):
                await bell.wait()
        except TimeoutError:
            return

    async def _hold_lease(self) -> None:
        now = self._parts.clock()
        if now < self._renewed + self._parts.lease / 2:
            return
        self._renewed = now

        async def work(tx: AsyncConnection) -> bool:
            until = await self._parts.shared_now(tx) + self._parts.lease
            return await rows.renew(tx, self._mailbox.name, self.epoch, until)

        if not await self._parts.db.write(work):
            raise TakeEndedError(CloseCode.SUPERSEDED, self.epoch)


def frame_of(row: Row[Any]) -> Item:
    """What the taker is told of one item; bytes that were forgotten after their time are a hole, said as one."""
    if row.kind == rows.EVENT:
        at = to_milliseconds(row.at)
        return Event(row.number, row.event, row.code or "", row.sender, row.id, row.urgency, at)
    if row.kind == rows.SLIP and row.slip is not None:
        return Deliver(row.number, slip=row.slip)
    if row.kind == rows.LETTER and row.envelope is not None:
        return Deliver(row.number, envelope=row.envelope, payload=row.payload, held=row.receipt)
    return Missed(row.number, row.number, "taken long ago and forgotten")
