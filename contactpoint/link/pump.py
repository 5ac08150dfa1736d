"""Drives one session machine over one WebSocket: its bytes out, the peer's in, and its wake-ups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from contactpoint.wire.frames import Frame
from contactpoint.wire.session import CloseCode, Dialler, Listener, SessionEvent, Standing

Clock = Callable[[], datetime]
SUBPROTOCOL = "cpn1"


class Pump:
    """One link in motion. `events` is the only reader; `send` may be called by any task of the loop."""

    def __init__(
        self,
        socket: Connection,
        machine: Dialler | Listener,
        clock: Clock,
        standing: Callable[[], Standing],
        patience_s: float,
    ) -> None:
        self.machine = machine
        self._socket, self._clock, self._standing = socket, clock, standing
        self._patience_s = patience_s
        self._order = asyncio.Lock()
        self._sleep: asyncio.Timeout | None = None

    async def send(self, frame: Frame) -> None:
        """Say one frame. Raises what the machine raises."""
        self.machine.send(frame, self._clock())
        if self._sleep is not None and not self._sleep.expired():
            self._sleep.reschedule(self._wake_at())  # what was said may have brought a deadline nearer
        await self.flush()

    async def flush(self) -> None:
        """Write what the machine has queued. A peer that reads nothing for too long is cut off, not waited for."""
        try:
            async with self._order, asyncio.timeout(self._patience_s):
                for data in self.machine.data_to_send():
                    await self._socket.send(data)
        except ConnectionClosed:
            return
        except TimeoutError:
            self.machine.close(CloseCode.SLOW_READER, "the peer reads nothing")
            self._socket.transport.abort()

    async def close(self, code: CloseCode, reason: str, number: int = 0) -> None:
        """Say `bye` and close."""
        self.machine.close(code, reason, number)
        await self._finish()

    async def events(self) -> AsyncIterator[SessionEvent]:
        """What the peer does, until the link ends. Ends silently; `machine.closed` says why when this end closed it."""
        await self.flush()
        while self.machine.closed is None:
            try:
                events = await self._next()
            except ConnectionClosed:
                return
            for event in events:
                yield event
            await self.flush()
        await self._finish()

    async def _next(self) -> list[SessionEvent]:
        try:
            async with asyncio.timeout_at(self._wake_at()) as self._sleep:
                data = await self._socket.recv()
        except TimeoutError:
            return self.machine.wake(self._clock(), self._standing())
        finally:
            self._sleep = None
        # A text message is no frame; the machine refuses it like any other nonsense.
        return self.machine.receive(data if isinstance(data, bytes) else b"", self._clock())

    def _wake_at(self) -> float:
        """The machine's next wake-up on the loop's clock."""
        wake = self.machine.next_wake
        wait = (wake - self._clock()).total_seconds() if wake else 0.0
        return asyncio.get_running_loop().time() + max(wait, 0.001)

    async def _finish(self) -> None:
        await self.flush()
        closed = self.machine.closed
        code = closed.code if closed else CloseCode.GOING_AWAY
        await self._socket.close(code.value, code.name.lower())
