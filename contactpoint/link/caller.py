"""Opens one link: dial, TLS and pin, WebSocket, hello."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI

from contactpoint.link.errors import UnprovenError, UnreachableError
from contactpoint.link.pump import SUBPROTOCOL, Pump
from contactpoint.link.tls import GatewayAddress, check_pin, client_context, host_of
from contactpoint.wire.frames import Lane
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import (
    NONCE_BYTES,
    Identity,
    SessionEvent,
    Standing,
    Verify,
)
from contactpoint.wire.session import Dialler as DiallerMachine

Observe = Callable[[str, SessionEvent], None]
"""Called with the peer's name and what its link says beside answers: Opened, LogHead (split view), PeerClock (skew)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who dials and with what: everything that a link needs from outside. Built by main."""

    identity: Identity
    standing: Callable[[], Standing]
    verify: Verify
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    limits: LinkLimits
    observe: Observe


async def open_link(caller: Caller, address: GatewayAddress, lane: Lane) -> Pump:
    """Dial, check the pin, say hello; the proof follows in the pump's events. UnreachableError, UnsafeUrlError."""
    host = host_of(address.url)
    socket = await _connect(caller, address)
    machine = DiallerMachine(
        caller.identity,
        caller.standing(),
        caller.verify,
        caller.random(NONCE_BYTES),
        caller.limits,
        caller.clock(),
        name=address.state,
        host=host,
        lane=lane,
    )
    return Pump(socket, machine, caller.clock, caller.standing, caller.limits.slow_reader_s)


async def _connect(caller: Caller, address: GatewayAddress) -> ClientConnection:
    try:
        socket = await connect(
            address.url,
            ssl=client_context(address),
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # a NewType over str
            compression=None,
            max_size=caller.limits.frame_bytes,
            open_timeout=caller.limits.handshake_s,
            close_timeout=1.0,
            ping_interval=None,
            user_agent_header=None,
            proxy=None,  # the environment must not choose who stands between
        )
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError, EOFError) as error:
        raise UnreachableError(f"no gateway of {address.state} answers at its address; try again later") from error
    tls = socket.transport.get_extra_info("ssl_object")
    try:
        check_pin(address, tls.getpeercert(binary_form=True) if tls else None)
    except UnprovenError:
        await socket.close()
        raise
    return socket
