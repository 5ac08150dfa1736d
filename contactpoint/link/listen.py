"""Serve a gateway's sessions on the public listener: bounded before proof, fair after it, drained before it stops.

Knows frames and connections; what a letter is and whether it may be held is the `Service`'s part.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from contactpoint.domain.codes import Retry
from contactpoint.link.pump import SUBPROTOCOL, Pump
from contactpoint.link.results import HeldResult, PutResult, RefusedResult, StoredResult
from contactpoint.wire.frames import (
    BacklogEnd,
    Cargo,
    Deliver,
    Event,
    Frame,
    Held,
    Missed,
    Put,
    Refused,
    Sheet,
    Stored,
    Take,
    Took,
    WantSheet,
)
from contactpoint.wire.limits import LinkLimits, ListenLimits
from contactpoint.wire.session import (
    NONCE_BYTES,
    CloseCode,
    Identity,
    Listener,
    LogHead,
    NotNowError,
    Opened,
    Peer,
    PeerClock,
    SessionEvent,
    Standing,
    Verify,
)

Item = Deliver | Event | BacklogEnd | Missed


class TakeEndedError(Exception):
    """The mailbox is not, or no longer, this taker's: close its link with this code. `number`: see `frames.Bye`."""

    def __init__(self, code: CloseCode, number: int = 0) -> None:
        super().__init__(code.name.lower())
        self.code, self.number = code, number


class Taking(Protocol):
    """One taker of one mailbox, while its epoch is the mailbox's."""

    def items(self) -> AsyncIterator[Item]:
        """The mailbox from the taker's cursor on, without end. Raises TakeEndedError when another took over."""

    async def took(self, through: int) -> None:
        """The desk has committed everything through this number. Raises TakeEndedError."""

    async def end(self) -> None:
        """The link is gone; let go of the lease."""


class Service(Protocol):
    """The gateway behind a listener."""

    def standing(self) -> Standing:
        """What hello and heartbeats tell."""

    async def put(self, peer: Peer, cargo: Cargo) -> PutResult:
        """Hold a letter or store a slip of this peer; durable when it returns. Never raises for bad input."""

    async def take(self, peer: Peer, take: Take) -> Taking:
        """Make this peer the mailbox's taker. Raises TakeEndedError."""

    async def keep_sheet(self, peer: Peer, sheet: Sheet) -> None:
        """Keep the prekey sheet that a State's own desk hands out; anybody else's is ignored."""

    async def newest_sheet(self, state: str) -> Sheet:
        """The newest prekey sheet here; without data if there is none."""

    def observe(self, peer: Peer, event: SessionEvent) -> None:
        """What a proven peer says beside work: Opened, LogHead (split view), PeerClock (skew)."""

    def alarm(self, error: Exception) -> None:
        """A link failed in a way that nobody foresaw; it was closed, the others go on."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who listens and with what. Built by main. `hosts`: every host:port of this gateway that stands in a charter."""

    identity: Identity
    hosts: frozenset[str]
    verify: Verify
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    link: LinkLimits
    limits: ListenLimits


@asynccontextmanager
async def listen(
    receiver: Receiver, service: Service, host: str, port: int, tls: ssl.SSLContext | None
) -> AsyncIterator[PublicListener]:
    """Serve until the block ends; then say goodbye to everyone, let work in hand finish, and close.

    `tls` is None behind a proxy that ends TLS, or on loopback. Port 0 picks a free one (`.port`).
    """
    public = PublicListener(receiver, service)
    async with serve(
        public.serve_one,
        host,
        port,
        ssl=tls,
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # a NewType over str
        compression=None,  # letters are sealed, and compression tells lengths
        max_size=receiver.link.frame_bytes,
        max_queue=4,
        open_timeout=receiver.link.handshake_s,
        close_timeout=1.0,
        ping_interval=None,  # heartbeats are frames: they carry the clock and the log's size
        server_header=None,
        process_request=public.admit,
    ) as server:
        public.started(server)
        try:
            yield public
        finally:
            await public.drain()


class PublicListener:
    """The open links of one listener."""

    def __init__(self, receiver: Receiver, service: Service) -> None:
        self._receiver, self._service = receiver, service
        self._links: set[_Served] = set()
        self._unproven = 0
        self._of_peer: Counter[str] = Counter()
        self._server: Server | None = None
        self._draining = False

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._server is not None  # `listen` hands it out after the start
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def links(self) -> int:
        """How many links are open now."""
        return len(self._links)

    def started(self, server: Server) -> None:
        """The server behind this listener runs."""
        self._server = server

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse before any work is done for it: too many connections, or not this protocol."""
        full = len(self._links) >= self._receiver.limits.connections
        # Flooding: whoever has proven nothing shares a small room and cannot fill the house.
        if full or self._draining or self._unproven >= self._receiver.limits.unproven:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy; come again\n")
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        if SUBPROTOCOL not in [name.strip() for name in offered.split(",")]:
            return connection.respond(HTTPStatus.UPGRADE_REQUIRED, "this listener speaks cpn1 only\n")
        return None

    async def serve_one(self, socket: ServerConnection) -> None:
        """One connection from its first to its last byte."""
        receiver = self._receiver
        machine = Listener(
            receiver.identity,
            self._service.standing(),
            receiver.verify,
            receiver.random(NONCE_BYTES),
            receiver.link,
            receiver.clock(),
            hosts=receiver.hosts,
        )
        pump = Pump(socket, machine, receiver.clock, self._service.standing, receiver.link.slow_reader_s)
        link = _Served(pump, machine, self._service)
        self._links.add(link)
        self._unproven += 1
        try:
            await self._run(link)
        finally:
            self._links.discard(link)
            if link.peer is None:
                self._unproven -= 1
            else:
                self._of_peer[link.peer.name] -= 1
            await link.end()

    async def _run(self, link: _Served) -> None:
        try:
            async for event in link.pump.events():
                if isinstance(event, Opened) and not self._place_for(event.peer, link):
                    await link.pump.close(CloseCode.CREDIT, "too many links of one peer")
                    return
                if len(link.work) >= self._receiver.limits.work:
                    await link.pump.close(CloseCode.CREDIT, "more at once than anybody needs")
                    return
                link.hear(event)
        except Exception as error:  # noqa: BLE001  the outermost loop of one link: whatever it was, the others go on
            self._service.alarm(error)
            await link.pump.close(CloseCode.GOING_AWAY, "a failure here")

    def _place_for(self, peer: Peer, link: _Served) -> bool:
        link.peer = peer
        self._unproven -= 1
        self._of_peer[peer.name] += 1
        return self._of_peer[peer.name] <= self._receiver.limits.connections_per_peer

    async def drain(self) -> None:
        """Take nothing new, finish what is in hand, say goodbye."""
        self._draining = True
        links = list(self._links)
        working = {task for link in links for task in link.work}
        if working:
            await asyncio.wait(working, timeout=self._receiver.limits.drain_s)
        await asyncio.gather(*(link.pump.close(CloseCode.GOING_AWAY, "this node stops") for link in links))


class _Served:
    """One link: its questions are answered as they finish, its mailbox streamed as credit allows."""

    def __init__(self, pump: Pump, machine: Listener, service: Service) -> None:
        self.pump = pump
        self.peer: Peer | None = None
        self.work: set[asyncio.Task[None]] = set()
        self._machine, self._service = machine, service
        self._taking: Taking | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._room = asyncio.Event()

    def hear(self, event: SessionEvent) -> None:
        """One event of the session. Work is started, not awaited: reading must go on."""
        peer = self.peer
        if peer is None:
            return
        match event:
            case Put():
                self._start(self._answer(peer, event))
            case Take():
                self._delivering = self._start(self._deliver(peer, event))
            case Took():
                self._room.set()
                self._start(self._commit(event.through))
            case Sheet():
                self._start(self._service.keep_sheet(peer, event))
            case WantSheet():
                self._start(self._answer_sheet(event))
            case Opened() | LogHead() | PeerClock() if peer.proven:
                self._service.observe(peer, event)
            case _:
                pass

    async def end(self) -> None:
        """The link is gone. Letters already in hand are stored all the same; only their answers have nowhere to go."""
        if self._delivering is not None:
            self._delivering.cancel()
        if self._taking is not None:
            await self._taking.end()

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.work.add(task)
        task.add_done_callback(self._finished)
        return task

    async def _answer(self, peer: Peer, put: Put) -> None:
        result = await self._service.put(peer, put.cargo)
        match result:
            case HeldResult(receipt, duplicate):
                await self._say(Held(put.ref, receipt, duplicate))
            case StoredResult():
                await self._say(Stored(put.ref))
            case RefusedResult(code, retry, after):
                await self._say(Refused(put.ref, code, retry, after))
                if not peer.proven and retry is Retry.SAME_ID_LATER:
                    # A newcomer whom the register does not show here yet: by then it must be able to prove itself.
                    await self.pump.close(CloseCode.GOING_AWAY, "come again and prove who you are")

    async def _answer_sheet(self, want: WantSheet) -> None:
        await self._say(await self._service.newest_sheet(want.state))

    async def _commit(self, through: int) -> None:
        try:
            if self._taking is not None:
                await self._taking.took(through)
        except TakeEndedError as ended:
            await self.pump.close(ended.code, str(ended), ended.number)

    async def _deliver(self, peer: Peer, take: Take) -> None:
        try:
            taking = self._taking = await self._service.take(peer, take)
            async for item in taking.items():
                await self._have_room(item)
                if not await self._say(item):
                    return
        except TakeEndedError as ended:
            await self.pump.close(ended.code, str(ended), ended.number)

    async def _have_room(self, item: Item) -> None:
        """A slow reader is paused here; its machine closes the link when it stays slow (4408)."""
        while isinstance(item, Deliver | Event) and not self._machine.may_deliver(item):
            self._room.clear()
            await self._room.wait()

    async def _say(self, frame: Frame) -> bool:
        """Say it if the link still stands; what cannot be said is stored, and is told when it is asked for again."""
        try:
            await self.pump.send(frame)
        except NotNowError:
            return False
        return True

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.work.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._service.alarm(error)
            self._start(self.pump.close(CloseCode.GOING_AWAY, "a failure here"))
