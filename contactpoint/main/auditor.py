"""The auditor's loops: the look at the workers, the figures for Prometheus, and the signal to a service outside that misses us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import structlog

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.main.channels import channels, reach_url
from contactpoint.main.due_clock import DueClock, due_clock
from contactpoint.main.loops import Step, repeat, stop
from contactpoint.main.metrics import Figures, running_metrics
from contactpoint.main.node import Means
from contactpoint.watch import auditor, notices

log = structlog.get_logger("contactpoint")


@asynccontextmanager
async def running_auditor(cw: Casework, means: Means, *, alone: bool) -> AsyncIterator[None]:
    """The auditor's loops run while the context lasts. ``alone``: in a process without a worker it also hands out due pages, because
    an alarm that waits for a dead worker calls nobody."""
    figures = Figures()
    pages = notices.Notices(cw, channels(cw, means), means.clock, reach_url(means.settings))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running_metrics(figures, means.settings.metrics))
        now = due_clock(cw.db, means.clock)
        steps: list[tuple[str, Step, Bell | None]] = [("auditor", _audit(cw, now, figures, DeadMan(means)), None)]
        if alone:
            steps.append(("pages", _notices(pages), cw.bell))
        tasks = [asyncio.create_task(repeat(name, step, bell), name=f"auditor {name}") for name, step, bell in steps]
        try:
            yield
        finally:
            await stop(tasks)
            await pages.end()


class DeadMan:
    """Calls a service outside while all is well. It carries nothing: that it came is all that it says."""

    def __init__(self, means: Means) -> None:
        self._url = means.settings.deadman.url.get_secret_value()
        self._timeout_s = means.settings.deadman.timeout_s
        self._held_back: tuple[str, ...] = ()

    async def signal(self, cw: Casework, seen: auditor.Picture) -> bool:
        """Give the signal when it is due and nothing is wrong; True when the other side took it."""
        if not self._url:
            return False
        why = seen.not_well()
        if why != self._held_back:
            self._held_back = why
            (log.warning("deadman.held-back", why=list(why)) if why else log.info("deadman.well"))
        if why or not await auditor.take_deadman(cw, seen.at):
            return False
        try:
            async with httpx2.AsyncClient(timeout=self._timeout_s) as client:
                answer = await client.post(self._url)
        except httpx2.HTTPError as error:
            # The address is a secret: whoever has it can keep the other side quiet.
            log.warning("deadman.not-taken", fault=type(error).__name__)
            return False
        if not answer.is_success:
            log.warning("deadman.not-taken", status=answer.status_code)
        return answer.is_success


def _audit(cw: Casework, now: DueClock, figures: Figures, deadman: DeadMan) -> Step:
    async def step() -> float:
        seen = await auditor.look(cw, await now())
        figures.show(seen)
        if await deadman.signal(cw, seen):
            figures.deadman(seen.at)
        return auditor.POLL_S

    return step


def _notices(pages: notices.Notices) -> Step:
    async def step() -> float:
        return 0.0 if await pages.begin_due() >= notices.BATCH else notices.POLL_S

    return step
