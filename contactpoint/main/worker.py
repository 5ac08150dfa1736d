"""The worker's loops: timers, long clocks, outbox, notices, keys, and the look at the register."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import renew_prekeys
from contactpoint.main.channels import channels
from contactpoint.main.dialling import station_dialler
from contactpoint.main.loops import Step, repeat, stop
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, draw
from contactpoint.main.register_loop import register_step
from contactpoint.store.rows_desk import beat_worker
from contactpoint.watch import bells, clocks, notices, outbox, timers

_KEYS_S = 3600.0


@asynccontextmanager
async def running_worker(cw: Casework, means: Means, mirror: Mirror) -> AsyncIterator[None]:
    """The worker's loops run while the context lasts."""
    dialler = station_dialler(cw, means)
    box = outbox.Outbox(cw, dialler, means.clock)
    pages = notices.Notices(cw, channels(cw, means), means.clock)
    steps: list[tuple[str, Step, Bell | None]] = [
        ("keys", _keys(cw, means), None),
        ("mirror", register_step(cw, means, mirror), cw.bell),
        ("timers", _timers(cw, means), cw.bell),
        ("clocks", _clocks(cw, means), cw.bell),
        ("outbox", _outbox(box), cw.bell),
        ("pages", _notices(pages), cw.bell),
        ("bells", _bells(cw, means), None),
        ("alive", _alive(cw, means), None),
    ]
    tasks = [asyncio.create_task(repeat(name, step, bell), name=f"worker {name}") for name, step, bell in steps]
    try:
        yield
    finally:
        await stop(tasks)
        await asyncio.gather(box.end(), pages.end())
        await dialler.close()


def _timers(cw: Casework, means: Means) -> Step:
    async def step() -> float:
        moved = await timers.run_due(cw, means.clock())
        return 0.0 if moved >= timers.TIMERS.batch else timers.POLL_S

    return step


def _clocks(cw: Casework, means: Means) -> Step:
    async def step() -> float:
        moved = await clocks.run_due(cw, means.clock())
        return 0.0 if moved >= clocks.CLOCKS.batch else clocks.POLL_S

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


def _keys(cw: Casework, means: Means) -> Step:
    """A new prekey sheet each week; halves 15 days past their day are destroyed."""

    async def step() -> float:
        await cw.db.write(lambda tx: renew_prekeys(tx, cw.keyring, cw.random, means.clock()))
        cw.bell.ring("mirror", "sheet")
        return _KEYS_S

    return step


def _alive(cw: Casework, means: Means) -> Step:
    name = f"{cw.state}-{draw(4).hex()}"

    async def step() -> float:
        await cw.db.write(lambda tx: beat_worker(tx, name, "1", means.clock()))
        return 10.0

    return step
