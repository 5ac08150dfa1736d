"""Real gateways on loopback WebSockets and SQLite, and States that dial them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from contactpoint.domain.values import Address
from contactpoint.gateway.gateway import Gateway
from contactpoint.gateway.mailbox import Mailbox, Mailboxes
from contactpoint.gateway.parts import GatewayParts
from contactpoint.link.dial import Caller, Dialler, GatewayAddress
from contactpoint.link.listen import PublicListener, Receiver, listen
from contactpoint.store.database import Database
from contactpoint.store.gateway_schema import metadata
from contactpoint.wire.frames import Role
from contactpoint.wire.keybook import proof_verifier
from contactpoint.wire.limits import GatewayLimits, LinkLimits, ListenLimits
from contactpoint.wire.session import SessionEvent, Standing
from tests.link.link_examples import NET, NOW, Book, book_of, identity, key

STATES = ("XA", "XB", "XC", "QM")


@dataclass
class Clock:
    """Runs with the machine's, from NOW; `ahead` moves it."""

    begun: datetime = field(default_factory=lambda: datetime.now().astimezone())
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        at = NOW + (datetime.now().astimezone() - self.begun) + self.ahead
        return at.replace(microsecond=at.microsecond // 1000 * 1000)


@dataclass
class World:
    """Everything that a test of gateways shares."""

    stack: AsyncExitStack
    path: Path
    book: Book = field(default_factory=lambda: book_of(*STATES))
    clock: Clock = field(default_factory=Clock)
    link: LinkLimits = field(default_factory=LinkLimits)
    limits: GatewayLimits = field(default_factory=lambda: GatewayLimits(poll_s=0.2))
    alarms: list[tuple[str, str]] = field(default_factory=list)
    fetched: list[datetime] = field(default_factory=list)
    observed: list[tuple[str, SessionEvent]] = field(default_factory=list)
    url: str = ""

    async def database(self, name: str = "gateway") -> Database:
        db = await Database.open(self.url or f"sqlite:///{self.path / name}.db", metadata, "gateway")
        self.stack.push_async_callback(db.close)
        return db

    async def gateway(
        self, mailboxes: Sequence[Mailbox] = (), *, name: str = "XB", db: Database | None = None
    ) -> Gateway:
        own = Mailbox(name, name, frozenset({Address(name)}))
        parts = GatewayParts(
            db=db or await self.database(name),
            name=Address(name),
            net=NET,
            key=key(f"{name} gateway"),
            book=self.book,
            mailboxes=Mailboxes(mailboxes or [own]),
            limits=self.limits,
            clock=self.clock,
            skew_ms=lambda: None,
            fetch_register=lambda: self.fetched.append(self.clock()),
            alarm=lambda code, subject: self.alarms.append((code, subject)),
        )
        gateway = Gateway(parts, lambda peer, event: self.observed.append((peer.name, event)))
        await gateway.open()
        return gateway

    async def serve(self, gateway: Gateway, *, limits: ListenLimits | None = None, port: int = 0) -> Serving:
        """Listen on a free port; the port is known before the hosts are, so the host set is filled afterwards."""
        stack = AsyncExitStack()
        hosts: set[str] = set()
        receiver = Receiver(
            identity(gateway.parts.name, Role.GATEWAY),
            hosts,  # type: ignore[arg-type]
            proof_verifier(self.book, NET),
            self.clock,
            os.urandom,
            self.link,
            limits or ListenLimits(drain_s=1.0),
        )
        public = await stack.enter_async_context(listen(receiver, gateway, "127.0.0.1", port, None))
        hosts.add(f"127.0.0.1:{public.port}")
        self.stack.push_async_callback(stack.aclose)
        address = GatewayAddress(gateway.parts.name, f"ws://127.0.0.1:{public.port}/")
        return Serving(gateway, public, address, stack)

    def caller(self, state: str = "XA", role: Role = Role.STATION, **limits: float) -> Caller:
        return Caller(
            identity=identity(state, role),
            standing=lambda: Standing(log_size=self.book.size, log_root=self.book.root),
            verify=proof_verifier(self.book, NET),
            clock=self.clock,
            random=os.urandom,
            limits=replace(self.link, **limits),  # type: ignore[arg-type]
            observe=lambda name, event: self.observed.append((name, event)),
        )

    def dialler(self, state: str = "XA", role: Role = Role.STATION, **limits: float) -> Dialler:
        dialler = Dialler(self.caller(state, role, **limits))
        self.stack.push_async_callback(dialler.close)
        return dialler


@dataclass
class Serving:
    """One gateway that listens; `stop` drains it."""

    gateway: Gateway
    public: PublicListener
    address: GatewayAddress
    stack: AsyncExitStack

    async def stop(self) -> None:
        await self.stack.aclose()


@asynccontextmanager
async def world(path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(stack, path)
