"""Take one mailbox over its own connection: `took` is said of an item only when the desk has committed it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contactpoint.link.caller import Caller, open_link
from contactpoint.link.errors import (
    CursorAheadError,
    LeaseLostError,
    LinkError,
    NotOurMailboxError,
    StaleEpochError,
    UnreachableError,
)
from contactpoint.link.pump import Pump
from contactpoint.link.tls import GatewayAddress
from contactpoint.wire.frames import BacklogEnd, Bye, Deliver, Event, Lane, Missed, Sheet, Took
from contactpoint.wire.session import CloseCode, Dialler, LogHead, NotNowError, Opened, PeerClock

Item = Deliver | Event | BacklogEnd | Missed
"""What a mailbox says, in the order of its numbers."""
OnItem = Callable[[Item], Awaitable[None]]
"""Must have committed the item, and the cursor with it, when it returns."""
OwnSheet = Callable[[], Sheet | None]
"""The State's newest prekey sheet, handed to the gateway at the start and whenever its number has grown."""


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """Which mailbox, by which desk copy, under which epoch of the desk's lease, after which number."""

    mailbox: str
    holder: str
    epoch: int
    after: int


async def run_take(
    caller: Caller, address: GatewayAddress, order: TakeOrder, on_item: OnItem, own_sheet: OwnSheet
) -> None:
    """Take until the link ends, which is always an error: see Dialler.take."""
    pump = await open_link(caller, address, Lane.URGENT)
    taker = _Taker(caller, address, order, pump, own_sheet)
    # Two tasks, so that heartbeats go on however long a commit takes.
    link = asyncio.create_task(taker.listen(), name=f"take link to {address.state}")
    desk = asyncio.create_task(taker.hand_on(on_item), name=f"take {order.mailbox}")
    try:
        await asyncio.wait({link, desk}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        link.cancel()
        desk.cancel()
        await asyncio.wait({link, desk})
        await pump.close(CloseCode.GOING_AWAY, "this end stops")
    for task in (desk, link):
        if not task.cancelled():
            task.result()  # raises what the desk's commit raised
    raise taker.why()


class _Taker:
    def __init__(
        self, caller: Caller, address: GatewayAddress, order: TakeOrder, pump: Pump, own_sheet: OwnSheet
    ) -> None:
        self._caller, self._address, self._order = caller, address, order
        self._pump, self._own_sheet = pump, own_sheet
        self._items: asyncio.Queue[Item] = asyncio.Queue()  # bounded by the credit of the take
        self._sheet = 0
        self._bye: Bye | None = None

    async def listen(self) -> None:
        """Read the link until it ends."""
        async for event in self._pump.events():
            match event:
                case Opened():
                    self._caller.observe(self._address.state, event)
                    self._begin()
                case LogHead() | PeerClock():
                    self._caller.observe(self._address.state, event)
                    self._offer_sheet()
                case Deliver() | Event() | BacklogEnd() | Missed():
                    self._items.put_nowait(event)
                case Bye():
                    self._bye = event
                case _:
                    pass

    async def hand_on(self, on_item: OnItem) -> None:
        """One item after the other to the desk; `took` after its commit."""
        while True:
            item = await self._items.get()
            await on_item(item)
            if isinstance(item, Deliver | Event):
                try:
                    await self._pump.send(Took(item.number))
                except NotNowError:
                    return  # the link is over; the item is committed and the cursor says so

    def why(self) -> LinkError:
        """Why the link ended, from the gateway's `bye`."""
        code = self._bye.code if self._bye else ""
        if code == "stale-epoch" and self._bye is not None:
            return StaleEpochError(self._bye.number)
        if code == "cursor-ahead" and self._bye is not None:
            return CursorAheadError(self._bye.number)
        if code == "superseded":
            return LeaseLostError("another copy of the desk takes this mailbox now; take again when the lease is ours")
        if code == "not-yours":
            return NotOurMailboxError(
                f"the gateway of {self._address.state} keeps no mailbox {self._order.mailbox} of ours"
            )
        return UnreachableError(f"the take link to {self._address.state} ended ({code or 'lost'}); take again")

    def _begin(self) -> None:
        machine, order = self._pump.machine, self._order
        if isinstance(machine, Dialler):
            machine.send_take(order.mailbox, order.holder, order.epoch, order.after, self._caller.clock())
            self._offer_sheet()

    def _offer_sheet(self) -> None:
        sheet = self._own_sheet()
        if sheet is not None and sheet.number > self._sheet:
            self._sheet = sheet.number
            self._pump.machine.send(sheet, self._caller.clock())
