"""This State's outgoing links, and what their other ends say of the register's log."""

from __future__ import annotations

import asyncio

import structlog

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.link.caller import Caller
from contactpoint.link.dial import Dialler
from contactpoint.main.clock import Clock
from contactpoint.main.node import Means, draw
from contactpoint.wire.frames import Role
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import Identity, LogHead, SessionEvent, Standing
from directory.trusted import Comparison

log = structlog.get_logger("contactpoint")


def station_dialler(cw: Casework, means: Means) -> Dialler:
    """Links that this State's station opens."""
    key = cw.keyring.station
    return Dialler(
        Caller(
            identity=Identity(cw.state, Role.STATION, key.public.id, proof_signer(key, cw.net)),
            standing=lambda: Standing(log_size=means.register.size, log_root=means.register.root),
            verify=proof_verifier(means.register, cw.net),
            clock=means.clock,
            random=draw,
            limits=LinkLimits(),
            observe=Ears(cw, means.clock),
        )
    )


class Ears:
    """Hears what peers say of their log: one that is ahead makes us look, one that never was a part of ours is a split view."""

    def __init__(self, cw: Casework, clock: Clock) -> None:
        self._cw, self._clock = cw, clock
        self._telling: set[asyncio.Task[None]] = set()

    def __call__(self, peer: str, event: SessionEvent) -> None:
        if not isinstance(event, LogHead) or event.root is None:
            return
        match self._cw.register.copy.compare(event.size, event.root):
            case Comparison.AHEAD_OF_US:
                self._cw.bell.ring("mirror")
            case Comparison.SPLIT:
                log.error("register.split-view", peer=peer, size=event.size)
                task = asyncio.create_task(self._tell(peer))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    async def _tell(self, peer: str) -> None:
        once = f"split/{peer}"
        await self._cw.db.write(
            lambda tx: raise_task(tx, self._cw, "E-SPLIT-VIEW", self._clock(), state=peer, once=once)
        )
        self._cw.bell.ring("board")
