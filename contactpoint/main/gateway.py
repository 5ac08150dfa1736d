"""Build and run the gateway: the public listener, its mailboxes, and the watch over mail that nobody takes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from contactpoint.desk.results import NodeError
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.values import Address
from contactpoint.gateway.gateway import Gateway, Observe
from contactpoint.gateway.mailbox import Mailbox, Mailboxes
from contactpoint.gateway.parts import GatewayParts
from contactpoint.gateway.undrained import Report, Undrained
from contactpoint.link.caller import Caller
from contactpoint.link.dial import Dialler
from contactpoint.link.errors import LinkError
from contactpoint.link.listen import Receiver, listen
from contactpoint.link.results import StoredResult
from contactpoint.link.tls import server_context
from contactpoint.main.folder import read_file, read_secret
from contactpoint.main.loops import repeat, stop
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, database_url, draw
from contactpoint.settings import within
from contactpoint.store.database import Database
from contactpoint.store.gateway_schema import metadata as gateway_metadata
from contactpoint.wire.frames import Lane, Role
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import GatewayLimits, LinkLimits, ListenLimits
from contactpoint.wire.session import Identity, LogHead, Peer, SessionEvent
from directory.trusted import Comparison
from keys.signing import SigningKey

log = structlog.get_logger("contactpoint")
_UNDRAINED_S = 5.0
_FORGET_S = 3600.0


@asynccontextmanager
async def running_gateway(means: Means, mirror: Mirror) -> AsyncIterator[str]:
    """The public listener of this node; yields the URL that its own desk dials."""
    settings = means.settings
    secret = read_secret(means.folder.gateway_secret)
    key = SigningKey.from_seed(secret.open("gateway", read_file(means.folder.gateway_key, "restore it from a backup")))
    db = await Database.open(
        database_url(means.folder.home, settings.database.gateway.get_secret_value()), gateway_metadata, "gateway"
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(db.close)
        wake = asyncio.Event()
        parts = _parts(means, db, key, wake)
        gateway = Gateway(parts, _ears(means, wake))
        await gateway.open()
        identity = Identity(settings.state, Role.GATEWAY, key.public.id, proof_signer(key, means.net))
        verify = proof_verifier(means.register, means.net)
        own = f"{settings.public.host.lower()}:{settings.public.port}"
        hosts = frozenset((own, f"127.0.0.1:{settings.public.port}", f"localhost:{settings.public.port}"))
        receiver = Receiver(identity, hosts, verify, means.clock, draw, LinkLimits(), ListenLimits())
        home = means.folder.home
        tls = (
            server_context(within(home, settings.public.certificate), within(home, settings.public.key))
            if settings.public.tls
            else None
        )
        caller = Caller(identity, gateway.standing, verify, means.clock, draw, LinkLimits(), lambda peer, event: None)
        dialler = Dialler(caller)
        stack.push_async_callback(dialler.close)
        public = settings.public
        try:
            await stack.enter_async_context(listen(receiver, gateway, public.address, public.port, tls))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise NodeError(
                "E-PORT",
                f"cannot listen on {public.address} port {public.port}: {reason}",
                "look whether this node runs already; else mend public.address or public.port in node.toml",
            ) from error
        stack.push_async_callback(stop, _loops(means, mirror, gateway, parts, dialler, wake))
        yield f"{'wss' if tls else 'ws'}://{own}/"


def _parts(means: Means, db: Database, key: SigningKey, wake: asyncio.Event) -> GatewayParts:
    state = means.settings.state
    return GatewayParts(
        db=db,
        name=Address(state),
        net=means.net,
        key=key,
        book=means.register,
        mailboxes=Mailboxes([Mailbox(state, state, frozenset((Address(state),)))]),
        limits=GatewayLimits(),
        clock=means.clock,
        skew_ms=lambda: None,
        fetch_register=wake.set,
        alarm=lambda code, subject: log.warning("gateway.alarm", code=code, subject=subject),
    )


def _ears(means: Means, wake: asyncio.Event) -> Observe:
    """What peers who dial us say of the log: one that is ahead makes us look; a split view is an alarm."""

    def hear(peer: Peer, event: SessionEvent) -> None:
        if not isinstance(event, LogHead) or event.root is None:
            return
        match means.register.copy.compare(event.size, event.root):
            case Comparison.AHEAD_OF_US:
                wake.set()
            case Comparison.SPLIT:
                log.error("register.split-view", peer=peer.name, size=event.size)

    return hear


def _loops(
    means: Means, mirror: Mirror, gateway: Gateway, parts: GatewayParts, dialler: Dialler, wake: asyncio.Event
) -> list[asyncio.Task[None]]:
    terms = load_policy(means.register.copy.genesis.policy).terms
    undrained = Undrained(
        parts, {urgency: each.received for urgency, each in terms.items()}, _report(means, dialler), draw
    )

    async def look() -> float:
        await undrained.look()
        return _UNDRAINED_S

    async def forget() -> float:
        await gateway.forget()
        return _FORGET_S

    async def behind() -> float:
        """Somebody put with a key that our copy does not know: look at the register now."""
        await wake.wait()
        wake.clear()
        await mirror.refresh(means.clock())
        return 1.0

    named = (("undrained", look), ("forget", forget), ("behind", behind))
    return [asyncio.create_task(repeat(name, step), name=f"gateway {name}") for name, step in named]


def _report(means: Means, dialler: Dialler) -> Report:
    async def report(recipient: Address, slip: bytes) -> bool:
        for address in means.register.addresses(recipient):
            try:
                return isinstance(await dialler.put(address, slip, lane=Lane.URGENT), StoredResult)
            except LinkError as error:
                log.info("gateway.twin-not-told", state=recipient, code=error.code)
        return False

    return report
