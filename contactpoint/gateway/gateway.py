"""One gateway: the service behind the public listener. Built by main, started with `open`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.gateway.deliver import MailboxTaking, Takers
from contactpoint.gateway.errors import MailboxSetupError
from contactpoint.gateway.fair import Places
from contactpoint.gateway.parts import GatewayParts
from contactpoint.gateway.receive import Receiving
from contactpoint.link.results import PutResult
from contactpoint.store import rows_mailbox as rows
from contactpoint.wire.frames import Cargo, Role, Sheet, Take
from contactpoint.wire.session import Peer, SessionEvent, Standing
from keys.errors import KeysError
from keys.prekeys import read_sheet

Observe = Callable[[Peer, SessionEvent], None]


class Gateway:
    """Holds mail for its own State and for those it hosts; reads none of it."""

    def __init__(self, parts: GatewayParts, observe: Observe, incarnation: int = 1) -> None:
        """`observe` hears what peers say beside work (log heads, clocks); it returns at once."""
        self.parts = parts
        self._observe, self._incarnation = observe, incarnation
        self._places = Places(parts.limits)
        self._receiving = Receiving(parts)
        self._takers = Takers(parts)

    async def open(self) -> None:
        """Make the rows of the mailboxes. MailboxSetupError when one belongs to another State already."""

        async def work(tx: AsyncConnection) -> None:
            for mailbox in self.parts.mailboxes:
                await rows.add_mailbox(tx, mailbox.name, mailbox.owner)
                row = await rows.mailbox_row(tx, mailbox.name)
                self.parts.bells.ring(mailbox.name, row.head)
                if row.owner != mailbox.owner:
                    raise MailboxSetupError(
                        f"mailbox {mailbox.name} belongs to another State; give the new one a new name"
                    )

        await self.parts.db.write(work)

    def standing(self) -> Standing:
        """What hello and heartbeats tell."""
        book = self.parts.book
        return Standing(
            incarnation=self._incarnation, head=self.parts.bells.head, log_size=book.size, log_root=book.root
        )

    async def put(self, peer: Peer, cargo: Cargo) -> PutResult:
        """Hold a letter or store a slip, when there is a place for this sender."""
        async with self._places.place(peer):
            return await self._receiving.put(peer, cargo)

    async def take(self, peer: Peer, take: Take) -> MailboxTaking:
        """Make this desk copy the taker of its mailbox. Raises TakeEndedError."""
        return await self._takers.begin(peer, take)

    async def keep_sheet(self, peer: Peer, sheet: Sheet) -> None:
        """Keep a State's own prekey sheet, signed by its station; anything else is ignored."""
        own = peer.role is Role.STATION and peer.name == sheet.state and self.parts.mailboxes.owned_by(sheet.state)
        if own and sheet.data is not None and self._is_genuine(sheet.state, sheet.number, sheet.data):
            data, now = sheet.data, self.parts.clock()
            await self.parts.db.write(lambda tx: rows.keep_sheet(tx, sheet.state, sheet.number, data, now))

    async def newest_sheet(self, state: str) -> Sheet:
        """The newest prekey sheet of a State that has a mailbox here; without data if there is none."""
        row = await self.parts.db.read(lambda tx: rows.newest_sheet(tx, state))
        return Sheet(state, 0, None) if row is None else Sheet(state, row.number, bytes(row.data))

    def observe(self, peer: Peer, event: SessionEvent) -> None:
        """Hand on what a peer says beside work."""
        self._observe(peer, event)

    def alarm(self, error: Exception) -> None:
        """A link failed unforeseen: its kind is told, never its text, which may hold what a peer sent."""
        self.parts.alarm("E-LINK", type(error).__name__)

    async def forget(self) -> None:
        """Empty what was kept long enough; call it once a day."""
        taken_for = timedelta(days=self.parts.limits.taken_days)
        receipts = timedelta(days=self.parts.limits.receipt_days)
        now = self.parts.clock()
        for mailbox in self.parts.mailboxes:
            work = partial(rows.forget_bytes, name=mailbox.name, now=now, taken_for=taken_for, receipts=receipts)
            await self.parts.db.write(work)

    def _is_genuine(self, state: str, number: int, data: bytes) -> bool:
        for key in self.parts.book.station_keys(state, self.parts.clock()):
            try:
                sheet = read_sheet(data, key, self.parts.net)
            except KeysError:
                continue
            return sheet.state == state and sheet.number == number
        return False
