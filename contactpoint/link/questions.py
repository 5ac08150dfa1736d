"""One connection for questions: the first opens it, many share its credit, idleness closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from contactpoint.link.caller import Caller, open_link
from contactpoint.link.errors import LinkError, UnprovenError, UnreachableError
from contactpoint.link.pump import Pump
from contactpoint.link.results import HeldResult, PutResult, RefusedResult, StoredResult
from contactpoint.link.tls import GatewayAddress
from contactpoint.wire.frames import Cargo, Held, Lane, Refused, Sheet, Stored, WantSheet
from contactpoint.wire.session import CloseCode, Dialler, LogHead, Opened, PeerClock, SessionEvent

T = TypeVar("T")


class QuestionLink:
    """Puts and sheet requests over one WebSocket. Once `over`, make another."""

    def __init__(self, caller: Caller, address: GatewayAddress, lane: Lane) -> None:
        self.used = False
        self._caller, self._address, self._lane = caller, address, lane
        self._pump: Pump | None = None
        self._machine: Dialler | None = None
        self._why: LinkError | None = None
        self._changed = asyncio.Condition()
        self._answers: dict[int, asyncio.Future[PutResult]] = {}
        self._sheets: dict[str, list[asyncio.Future[bytes | None]]] = {}
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Future[None] | None = None  # kept, or the loop may drop it half done
        self._task = asyncio.create_task(self._run(), name=f"questions to {address.state}")

    @property
    def over(self) -> bool:
        """Nothing can be asked here any more."""
        closing = self._machine is not None and self._machine.closed is not None
        return closing or self._why is not None or self._task.done()

    async def put(self, cargo: Cargo) -> PutResult:
        """Ask and wait for the answer. UnreachableError when the link ends first."""
        with self._use():
            async with self._changed:
                await self._changed.wait_for(lambda: self.over or self._may_put(cargo))
                machine = self._alive()
                ref = machine.send_put(cargo, self._caller.clock())
                answer = self._answers[ref] = asyncio.get_running_loop().create_future()
            return await self._answered(answer)

    async def want_sheet(self, state: str) -> bytes | None:
        """Ask for a prekey sheet and wait for it. UnreachableError when the link ends first."""
        with self._use():
            async with self._changed:
                await self._changed.wait_for(lambda: self.over or self._opened())
                self._alive().send(WantSheet(state), self._caller.clock())
                answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
                self._sheets.setdefault(state, []).append(answer)
            return await self._answered(answer)

    async def close(self) -> None:
        """Say goodbye; whoever still waits gets UnreachableError."""
        if self._pump is not None:
            await self._pump.close(CloseCode.GOING_AWAY, "this end stops")
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            pump = self._pump = await open_link(self._caller, self._address, self._lane)
            self._machine = pump.machine if isinstance(pump.machine, Dialler) else None
            async for event in pump.events():
                self._hear(event)
                async with self._changed:
                    self._changed.notify_all()
        except LinkError as error:
            self._why = error
        finally:
            self._why = self._reason()
            self._fail(self._why)
            async with self._changed:
                self._changed.notify_all()

    def _hear(self, event: SessionEvent) -> None:
        match event:
            case Held(ref, receipt, duplicate):
                self._settle(ref, HeldResult(receipt, duplicate))
            case Stored(ref):
                self._settle(ref, StoredResult())
            case Refused(ref, code, retry, after):
                self._settle(ref, RefusedResult(code, retry, after))
            case Sheet(state, _, data):
                for answer in self._sheets.pop(state, []):
                    if not answer.done():
                        answer.set_result(data)
            case Opened() | LogHead() | PeerClock():
                self._caller.observe(self._address.state, event)
            case _:
                pass  # `bye` comes before the close that ends this link anyway

    def _settle(self, ref: int, result: PutResult) -> None:
        answer = self._answers.pop(ref, None)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def _fail(self, why: LinkError) -> None:
        waiting: list[asyncio.Future[Any]] = list(self._answers.values())
        for many in self._sheets.values():
            waiting.extend(many)
        self._answers.clear()
        self._sheets.clear()
        for answer in waiting:
            if not answer.done():
                answer.set_exception(why)

    def _reason(self) -> LinkError:
        """Why nothing can be asked any more."""
        closed = self._machine.closed if self._machine is not None else None
        if self._why is not None:
            return self._why
        if closed is not None and closed.code in (CloseCode.UNPROVEN, CloseCode.NOT_YOURS):
            return UnprovenError(f"who answers for {self._address.state} is not its gateway; nothing was handed over")
        return UnreachableError(f"the link to {self._address.state} ended; put again later")

    def _opened(self) -> bool:
        return self._machine is not None and self._machine.peer is not None

    def _may_put(self, cargo: Cargo) -> bool:
        return self._machine is not None and self._machine.may_put(cargo)

    def _alive(self) -> Dialler:
        if self.over or self._machine is None:
            raise self._reason()
        self.used = True
        return self._machine

    async def _answered(self, answer: asyncio.Future[T]) -> T:
        assert self._pump is not None  # _alive has seen to it
        await self._pump.flush()
        try:
            async with asyncio.timeout(self._caller.limits.answer_s):
                return await answer
        except TimeoutError as error:
            # Its credit would stay used for ever, and who answers nothing now will not answer the next one either.
            await self._pump.close(CloseCode.SILENT, "no answer in time")
            raise UnreachableError(f"the gateway of {self._address.state} does not answer; put again later") from error

    @contextmanager
    def _use(self) -> Iterator[None]:
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(self._caller.limits.idle_s, self._close_idle)

    def _close_idle(self) -> None:
        if self._pump is not None and not self._users:
            self._closing = asyncio.ensure_future(self._pump.close(CloseCode.GOING_AWAY, "idle"))
