"""Work that was begun and that its beginner does not wait for: one slow peer or telephone must not hold up the next."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any


class Begun:
    """Named pieces of work in hand."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._faults: list[BaseException] = []

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin it now. A name is in hand once: whoever asks for it again must have looked before."""
        task = self._tasks[name] = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda done: self._finished(name, done))

    def raise_fault(self) -> None:
        """Raise what an earlier piece raised, once: it belongs to the log of the loop that begins them."""
        if self._faults:
            raise self._faults.pop(0)

    async def wait(self) -> None:
        """Until nothing is in hand. Raises what a piece raised."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
        self.raise_fault()

    async def end(self, patience_s: float) -> None:
        """Let what is in hand finish, then cancel the rest."""
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)

    def _finished(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._faults.append(fault)
