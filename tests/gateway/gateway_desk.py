"""A desk that takes: it writes down what it was handed, and can be stopped at any item."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from contactpoint.link.dial import Dialler, GatewayAddress, TakeOrder
from contactpoint.wire.frames import BacklogEnd, Deliver, Event, Missed, Sheet


@dataclass
class TakingDesk:
    """`items` is what it committed."""

    dialler: Dialler
    address: GatewayAddress
    mailbox: str = "XB"
    epoch: int = 1
    after: int = 0
    holder: str = "desk 1"
    items: list[Deliver | Event | BacklogEnd | Missed] = field(default_factory=list)
    commit: Callable[[object], None] = lambda item: None
    sheet: Callable[[], Sheet | None] = lambda: None
    pause: asyncio.Event | None = None

    async def take(self) -> None:
        order = TakeOrder(self.mailbox, self.holder, self.epoch, self.after)
        await self.dialler.take(self.address, order, self._on_item, self.sheet)

    def start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.take())

    async def until(self, count: int, kind: type = Deliver) -> list[Deliver]:
        """Wait until this many items of a kind were committed, at most five seconds."""
        async with asyncio.timeout(5):
            while len(found := [item for item in self.items if isinstance(item, kind)]) < count:
                await asyncio.sleep(0.01)
        return found

    @property
    def numbers(self) -> list[int]:
        return [item.number for item in self.items if isinstance(item, Deliver | Event)]

    async def _on_item(self, item: Deliver | Event | BacklogEnd | Missed) -> None:
        if self.pause is not None:
            await self.pause.wait()
        self.commit(item)
        self.items.append(item)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
