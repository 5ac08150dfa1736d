"""The in-memory wake within one process: it only rings, it carries nothing; who sleeps looks into the database anyway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Bell:
    """Wakes the loops of this process and the open pages of this desk. Losing a ring costs one polling interval."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}
        self._listeners: set[asyncio.Queue[str]] = set()

    def ring(self, *what: str) -> None:
        """Wake whoever waits for one of these: outbox, timers, pages, board, case, directory."""
        for name in what:
            if (event := self._waiting.get(name)) is not None:
                event.set()
            for listener in self._listeners:
                if not listener.full():
                    listener.put_nowait(name)

    async def wait(self, what: str, seconds: float) -> None:
        """Sleep until rung, or at most so long."""
        event = self._waiting.setdefault(what, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            event.clear()

    async def listen(self) -> AsyncIterator[str]:
        """Every ring from now on. A listener that does not keep up misses some: it must read everything after a gap."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=64)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
