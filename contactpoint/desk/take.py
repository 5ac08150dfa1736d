"""Take our mailbox: one copy of the desk at a time, resumed from the cursor that moved in each letter's own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import BehindError, BusyCaseError
from contactpoint.casework.receive import Place, move_cursor, receive_letter, receive_slip, set_aside
from contactpoint.casework.warn import FALSE_CLAIMS, warn_state
from contactpoint.link.errors import LinkError
from contactpoint.link.take import Item
from contactpoint.store.desk_schema import journal
from contactpoint.store.errors import ConflictError, StoreError
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import get_cursor
from contactpoint.wire.envelope import Parcel
from contactpoint.wire.frames import BacklogEnd, Deliver, Event, Missed
from directory.errors import DirectoryError

# One gateway, one mailbox database: until a State has several, they share one incarnation.
_INCARNATION = ""
_MOST_FAULTS = 3
_OWN_TROUBLE = (StoreError, LinkError, DirectoryError, BusyCaseError)


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes one mailbox for one desk. ``refresh`` fetches the register when a letter is ahead of our copy."""

    cw: Casework
    mailbox: str
    clock: Callable[[], datetime]
    refresh: Callable[[], Awaitable[None]]
    _faults: dict[int, int] = field(default_factory=dict)

    async def position(self) -> tuple[int, int]:
        """(epoch, after): the next epoch to claim and the number to resume behind."""
        row = await self.cw.db.read(lambda tx: get_cursor(tx, self.mailbox))
        return (1, 0) if row is None else (row.epoch + 1, row.number)

    async def on_item(self, item: Item, epoch: int) -> None:
        """Commit one item. When this returns it is done for good, or set aside with an alarm."""
        match item:
            case Deliver():
                await self._deliver_or_set_aside(item, epoch)
            case Event():
                await self.cw.db.write(lambda tx: self._event(tx, item, epoch))
                self.cw.bell.ring("board", "pages")
            case Missed():
                await self.cw.db.write(lambda tx: self._missed(tx, item))
            case BacklogEnd():
                return

    def _place(self, number: int, epoch: int) -> Place:
        return Place(self.mailbox, _INCARNATION, number, epoch)

    async def _deliver_or_set_aside(self, item: Deliver, epoch: int) -> None:
        """A poisoned message is set aside after three tries, with an alarm; those behind it flow on."""
        try:
            await self._deliver(item, epoch)
        except Exception as error:
            # The node's own trouble, not the message's: take it again. A row in the way is the message's: it will not go away.
            if isinstance(error, _OWN_TROUBLE) and not isinstance(error, ConflictError):
                raise
            self._faults[item.number] = self._faults.get(item.number, 0) + 1
            if self._faults[item.number] < _MOST_FAULTS:
                raise
            parcel = Parcel(item.slip or item.envelope or b"", item.payload or b"")
            place = self._place(item.number, epoch)
            await set_aside(self.cw, parcel, "E-POISONED", type(error).__name__, place, self.clock())

    async def _deliver(self, item: Deliver, epoch: int) -> None:
        place = self._place(item.number, epoch)
        if item.slip is not None:
            await receive_slip(self.cw, item.slip, place, self.clock())
            return
        parcel = Parcel(item.envelope or b"", item.payload or b"")
        try:
            await receive_letter(self.cw, parcel, item.held or b"", place, self.clock())
        except BehindError:
            await self.refresh()
            await receive_letter(self.cw, parcel, item.held or b"", place, self.clock(), renewed=True)

    async def _event(self, tx: AsyncConnection, item: Event, epoch: int) -> None:
        """What the gateway refused or sees undrained. Of a refused letter only the claim is known, and that it was made."""
        now = self.clock()
        await move_cursor(tx, self._place(item.number, epoch))
        await raise_task(
            tx,
            self.cw,
            item.code,
            now,
            state=item.claimed,
            note=item.urgency,
            once=f"{item.code}/{item.claimed}/{item.id}",
        )
        if item.code in FALSE_CLAIMS:
            await warn_state(tx, self.cw, item.claimed, item.urgency, now)
        await append(tx, journal, f"gateway said {item.what}", item.id, None, now)

    async def _missed(self, tx: AsyncConnection, item: Missed) -> None:
        now = self.clock()
        await raise_task(tx, self.cw, "W-MISSED", now, note=f"{item.first}-{item.last}", once=f"missed/{item.first}")
        await append(tx, journal, f"missed {item.first}-{item.last}", self.mailbox, None, now)
