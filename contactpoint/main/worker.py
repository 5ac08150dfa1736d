"""The worker's loops: timers, long clocks, outbox, notices, keys, and the look at the register."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from contactpoint.casework.bell import Bell
from contactpoint.casework.contacts import warn_of_old
from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import renew_prekeys
from contactpoint.casework.round import next_round
from contactpoint.link.caller import Caller
from contactpoint.link.dial import Dialler
from contactpoint.link.errors import LinkError
from contactpoint.link.ping import ping
from contactpoint.main.channels import channels, reach_url
from contactpoint.main.dialling import station_dialler
from contactpoint.main.drills import card_step, drill_order
from contactpoint.main.due_clock import DueClock, due_clock
from contactpoint.main.loops import Step, repeat, stop
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, draw
from contactpoint.main.register_loop import register_step
from contactpoint.main.taker import own_gateway
from contactpoint.main.version import own_version
from contactpoint.watch import bells, clocks, drills, notices, outbox, pings, rota, timers
from contactpoint.watch.fence import BEAT_S, Fence, FenceError
from contactpoint.watch.stepped import ClockWatch, tell_stepped
from contactpoint.wire.frames import Lane

log = structlog.get_logger("contactpoint")
_KEYS_S = 3600.0
_CONTACTS_S = 12 * 3600.0
_OUTSIDE_S = 1.0
_ROUND_S = 5.0


@asynccontextmanager
async def running_worker(cw: Casework, means: Means, mirror: Mirror, *, beside_gateway: bool) -> AsyncIterator[None]:
    """The worker's loops run while the context lasts. ``beside_gateway``: it is in this very process."""
    dialler = station_dialler(cw, means)
    box = outbox.Outbox(cw, dialler, means.clock)
    pages = notices.Notices(cw, channels(cw, means), means.clock, reach_url(means.settings))
    place = _Place(Fence(cw, f"{cw.state}-{draw(4).hex()}", own_version()), due_clock(cw.db, means.clock))
    steps: list[tuple[str, Step, Bell | None]] = [
        # First, and whatever the fence says: peers wait for the new key sheet, and two versions make the same one.
        ("keys", _keys(cw, means), None),
        ("alive", _alive(cw, place), None),
        ("mirror", register_step(cw, means, mirror), cw.bell),
        ("timers", place.inside(_timers(cw, place)), cw.bell),
        ("clocks", place.inside(_clocks(cw, place)), cw.bell),
        ("outbox", place.inside(_outbox(box)), cw.bell),
        ("pages", place.inside(_notices(pages)), cw.bell),
        ("bells", place.inside(_bells(cw, means)), None),
        ("rota", place.inside(_rota(cw, means)), cw.bell),
        ("round", place.inside(_round(cw, means, dialler, beside_gateway)), None),
        ("drills", place.inside(_drills(cw, means)), None),
        ("drill card", place.inside(card_step(cw, means, mirror)), None),
        ("pings", place.inside(_pings(cw, means, dialler.caller)), None),
    ]
    tasks = [asyncio.create_task(repeat(name, step, bell), name=f"worker {name}") for name, step, bell in steps]
    try:
        yield
    finally:
        await stop(tasks)
        await asyncio.gather(box.end(), pages.end())
        await place.fence.leave()
        await dialler.close()


@dataclass(slots=True)
class _Place:
    """This worker's place beside others: whether it may work, and the clock by which all of them find what is due."""

    fence: Fence
    now: DueClock
    entered: bool = False
    told: str = ""

    def inside(self, step: Step) -> Step:
        """A step that is left out while workers of another version are at work."""

        async def guarded() -> float:
            return await step() if self.entered else _OUTSIDE_S if self.told else BEAT_S / 30

        return guarded


def _timers(cw: Casework, place: _Place) -> Step:
    async def step() -> float:
        moved = await timers.run_due(cw, await place.now(), place.fence)
        # Not all at the same beat: workers side by side would look at the same instant, and then nobody.
        return 0.0 if moved >= timers.TIMERS.batch else timers.POLL_S * (0.75 + draw(1)[0] / 512)

    return step


def _clocks(cw: Casework, place: _Place) -> Step:
    async def step() -> float:
        moved = await clocks.run_due(cw, await place.now(), place.fence)
        return 0.0 if moved >= clocks.CLOCKS.batch else clocks.POLL_S

    return step


def _rota(cw: Casework, means: Means) -> Step:
    async def step() -> float:
        await rota.run_due(cw, means.clock())
        return rota.POLL_S

    return step


def _drills(cw: Casework, means: Means) -> Step:
    order = drill_order(means)

    async def step() -> float:
        await drills.run_due(cw, order, means.clock())
        return drills.POLL_S

    return step


def _pings(cw: Casework, means: Means, caller: Caller) -> Step:
    every = float(means.settings.drills.ping_s)
    first = True

    async def step() -> float:
        nonlocal first
        if not every:
            return _KEYS_S
        if first:
            # Nodes that all start after one power cut must not all ping in one second.
            first = False
            return int.from_bytes(draw(2)) / 65536 * every
        began = means.clock()
        await pings.run_round(cw, lambda address: ping(caller, address), began, spread_s=every / 2)
        return max(1.0, every - (means.clock() - began).total_seconds())

    return step


def _bells(cw: Casework, means: Means) -> Step:
    async def step() -> float:
        await bells.run_due(cw, means.clock())
        return bells.POLL_S

    return step


def _outbox(box: outbox.Outbox) -> Step:
    async def step() -> float:
        return 0.0 if await box.begin_due() >= outbox.BATCH else outbox.POLL_S

    return step


def _notices(pages: notices.Notices) -> Step:
    async def step() -> float:
        return 0.0 if await pages.begin_due() >= notices.BATCH else notices.POLL_S

    return step


def _contacts(cw: Casework, means: Means) -> Step:
    """A task for each contact that must soon be verified again."""

    async def step() -> float:
        if await cw.db.write(lambda tx: warn_of_old(tx, cw, means.clock())):
            cw.bell.ring("board")
        return _CONTACTS_S

    return step


def _keys(cw: Casework, means: Means) -> Step:
    """A new prekey sheet each week; halves 15 days past their day are destroyed."""

    async def step() -> float:
        await cw.db.write(lambda tx: renew_prekeys(tx, cw.keyring, cw.random, means.clock()))
        cw.bell.ring("mirror", "sheet")
        return _KEYS_S

    return step


def _round(cw: Casework, means: Means, dialler: Dialler, beside_gateway: bool) -> Step:
    """A slip to ourselves through our own gateway; whether it came back is the auditor's to see."""

    async def step() -> float:
        if means.register.contact(cw.state) is not None and (slip := await next_round(cw, means.clock())) is not None:
            try:
                await dialler.put(own_gateway(means, beside_gateway), slip, lane=Lane.ROUTINE)
            except LinkError as error:
                log.info("round.not-put", code=error.code)
        return _ROUND_S

    return step


def _alive(cw: Casework, place: _Place) -> Step:
    """Beat, keep the fence, and see whether the clock runs."""
    watch = ClockWatch()

    async def step() -> float:
        now = await place.now()
        if off := watch.look(now, time.monotonic()):
            log.warning("clock.stepped", seconds=off.total_seconds())
            await cw.db.write(lambda tx: tell_stepped(tx, cw, off, now))
        try:
            await place.fence.beat(now)
        except FenceError as error:
            place.entered = False
            if place.told != str(error):
                place.told = str(error)
                log.error("worker.refused", code=error.code, why=place.told)
            return BEAT_S
        if place.told:
            log.info("worker.entered")
        place.entered, place.told = True, ""
        return BEAT_S

    return step
