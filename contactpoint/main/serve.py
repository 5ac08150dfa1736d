"""Run a node: all parts in one process, or one part of it. What is started here is stopped here, in the reverse order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.redis_bell import running_redis_bell
from contactpoint.desk.results import NodeError
from contactpoint.link.register import RegisterClient
from contactpoint.main.auditor import running_auditor
from contactpoint.main.clock import set_clock
from contactpoint.main.console import running_console
from contactpoint.main.gateway import running_gateway
from contactpoint.main.logs import set_up
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, draw, open_casework, open_means
from contactpoint.main.register_loop import running_mirror
from contactpoint.main.taker import running_taker
from contactpoint.main.worker import running_worker

log = structlog.get_logger("contactpoint")
PARTS = ("all", "gateway", "desk", "worker", "auditor")


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that runs: where others dial it, and where its officers sign in."""

    state: str
    public_url: str
    console_url: str
    means: Means
    cw: Casework | None  # None in a process that only runs the gateway


@asynccontextmanager
async def running_node(home: Path, part: str = "all", means: Means | None = None) -> AsyncIterator[RunningNode]:
    """A node whose listeners listen and whose loops run while the context lasts."""
    means = means or await open_means(home)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(RegisterClient(means.settings.directory.url))
        mirror = Mirror(means.folder, means.pinned, means.register, client, None)
        public_url = console_url = ""
        cw = None
        if part in ("all", "gateway"):
            public_url = await stack.enter_async_context(running_gateway(means, mirror))
        if part != "gateway":
            bell = await stack.enter_async_context(_bell(means, part))
            cw = await stack.enter_async_context(open_casework(means, bell))
            mirror.station = cw.keyring.station
            if part in ("all", "desk"):
                console_url = await stack.enter_async_context(running_console(cw, means))
                await stack.enter_async_context(running_taker(cw, means, mirror, beside_gateway=part == "all"))
            if part in ("all", "worker"):
                await stack.enter_async_context(running_worker(cw, means, mirror, beside_gateway=part == "all"))
            if part in ("all", "worker", "auditor"):
                await stack.enter_async_context(running_auditor(cw, means, alone=part == "auditor"))
        if part in ("gateway", "desk", "auditor"):
            # The worker mirrors the register for a whole node; a part that runs alone looks for itself.
            await stack.enter_async_context(running_mirror(means, mirror))
        yield RunningNode(means.settings.state, public_url, console_url, means, cw)


@asynccontextmanager
async def _bell(means: Means, part: str) -> AsyncIterator[Bell]:
    """The bell of this process; where parts run apart and share a Redis, one that all of them hear."""
    url = means.settings.redis.url.get_secret_value()
    if not url or part == "all":
        yield Bell()
        return

    def told(what: str) -> None:
        (log.warning if what == "lost" else log.info)(f"redis.{what}")

    async with running_redis_bell(url, means.settings.state, draw(8).hex(), told) as bell:
        yield bell


async def serve(home: Path, part: str = "all", clock: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT; then drain and return within ten seconds."""
    if part not in PARTS:
        raise NodeError("E-PART", f"there is no part {part!r}", "serve one of " + ", ".join(PARTS))
    means = await open_means(home)
    set_up(means.settings.log)
    if clock is not None:
        if means.network != "training":
            # A live desk with a false clock would sign false times.
            raise NodeError("E-CLOCK", f"a {means.network} network keeps the real time", "leave --clock away")
        set_clock(home, clock)
        means = await open_means(home)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_node(home, part, means) as node:
        log.info("node.started", state=node.state, part=part, public=node.public_url, console=node.console_url)
        await stop.wait()
        log.info("node.stopping", state=node.state)
