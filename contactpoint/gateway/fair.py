"""Fair between senders: a flood from one State waits behind itself, and the urgent lane has places of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contactpoint.wire.frames import Lane
from contactpoint.wire.limits import GatewayLimits
from contactpoint.wire.session import Peer

_STRANGERS = ""


class Places:
    """Bounds how many letters are checked at the same time, per sender and per lane."""

    def __init__(self, limits: GatewayLimits) -> None:
        self._limits = limits
        self._urgent = asyncio.Semaphore(limits.work_urgent)
        self._routine = asyncio.Semaphore(limits.work_routine)
        self._of_sender: dict[tuple[str, Lane], asyncio.Semaphore] = {}

    @asynccontextmanager
    async def place(self, peer: Peer) -> AsyncIterator[None]:
        """Wait for a place of this sender, then for one of its lane; in this order, so that its flood queues alone."""
        # Names that were not proven are free to invent: all strangers share the places of one sender.
        key = (peer.name if peer.proven else _STRANGERS, peer.lane)
        if key not in self._of_sender:
            self._of_sender[key] = asyncio.Semaphore(self._limits.work_per_sender)
        lane = self._urgent if peer.lane is Lane.URGENT else self._routine
        async with self._of_sender[key], lane:
            yield
