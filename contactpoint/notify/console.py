"""The channel in this very process: wakes open console pages and rings the terminal.

The pages read what rings from the database; an event here only wakes them, and carries nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from contactpoint.notify.channel import Outcome, Result
from contactpoint.notify.notice import Notice

_BELL = "\a"


class ConsoleChannel:
    """Rings every open page, and the terminal where there is one.

    DELIVERED when at least one of them was there to be rung; FAILED when nobody could have heard it.
    """

    def __init__(self, terminal: TextIO | None = None) -> None:
        self._terminal = terminal
        self._listeners: list[asyncio.Event] = []

    @property
    def name(self) -> str:
        return "console"

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event that is set at each notice until the block ends; the listener clears it."""
        event = asyncio.Event()
        self._listeners.append(event)
        try:
            yield event
        finally:
            self._listeners.remove(event)

    async def send(self, notice: Notice) -> Outcome:
        for event in self._listeners:
            event.set()
        rung = [f"{len(self._listeners)} open console pages"] if self._listeners else []
        if self._ring_terminal(notice):
            rung.append("the terminal")
        if not rung:
            return Outcome(Result.FAILED, "no console page is open and there is no terminal")
        return Outcome(Result.DELIVERED, "rang " + " and ".join(rung))

    def _ring_terminal(self, notice: Notice) -> bool:
        if self._terminal is None or self._terminal.closed or not self._terminal.isatty():
            return False
        try:
            self._terminal.write(f"{_BELL}{notice.line}\n")
            self._terminal.flush()
        except OSError:  # the terminal was closed under us
            return False
        return True
