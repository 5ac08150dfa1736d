"""The inside listener: console pages and health for this State's own people, never on the public listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from contactpoint import __version__
from contactpoint.casework.context import Casework
from contactpoint.desk.desk import Desk
from contactpoint.desk.results import NodeError
from contactpoint.main.channels import channels, console_url
from contactpoint.main.clock import ShiftedClock
from contactpoint.main.due_clock import due_clock
from contactpoint.main.node import Means, draw
from contactpoint.settings import within
from contactpoint.watch.auditor import picture
from contactpoint.web.app import create_app, drain
from contactpoint.web.reach import create_reach_app
from contactpoint.web.settings import WebSettings
from directory.trusted import Freshness

_GRACE_S = 5  # an open event stream would otherwise hold the process for ever


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running_console(cw: Casework, means: Means) -> AsyncIterator[str]:
    """The console of a desk, and the listener for *on my way* where there is one; yields the address to open in a browser."""
    inside, reach = means.settings.inside, means.settings.reach
    rate = means.clock.rate if isinstance(means.clock, ShiftedClock) else 1.0
    hosts = tuple(dict.fromkeys((inside.host, "localhost", "*.localhost", "127.0.0.1")))
    named = urlsplit(reach.url).hostname
    web = WebSettings(
        zone=cw.register.calendar(cw.state).zone,
        hosts=hosts,
        version=__version__,
        clock_rate=rate,
        console_url=console_url(means.settings) if reach.url or reach.port else "",
    )
    desk = Desk(cw, channels(cw, means))
    async with AsyncExitStack() as stack:
        if reach.port is not None:
            small = replace(web, hosts=hosts if named is None else (named,))
            app = create_reach_app(desk, small, means.clock, draw)
            await stack.enter_async_context(_listening(app, means, reach.address, reach.port, "reach.port"))
        elif named is not None:
            web = replace(web, hosts=(*hosts, named))
        app = create_app(desk, web, means.clock, draw, _not_ready(cw, means))
        await stack.enter_async_context(_listening(app, means, inside.address, inside.port, "inside.port"))
        stack.callback(drain, app)
        yield console_url(means.settings)


def _not_ready(cw: Casework, means: Means) -> Callable[[datetime], Awaitable[Sequence[str]]]:
    now = due_clock(cw.db, means.clock)

    async def not_ready(_: datetime) -> Sequence[str]:
        at = await now()
        seen = await cw.db.read(lambda tx: picture(tx, cw, at))
        usable = means.register.copy.freshness(at) is not Freshness.EXPIRED
        old = [] if usable else ["register: the copy is older than 30 days"]
        return [*seen.not_ready(), *old]

    return not_ready


@asynccontextmanager
async def _listening(app: FastAPI, means: Means, address: str, port: int, setting: str) -> AsyncIterator[None]:
    """One listener of the inside, with its certificate, while the context lasts."""
    inside, home = means.settings.inside, means.folder.home
    config = uvicorn.Config(
        app,
        host=address,
        port=port,
        ssl_certfile=str(within(home, inside.certificate)) if inside.tls else None,
        ssl_keyfile=str(within(home, inside.key)) if inside.tls else None,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(_serve(server, setting), name="console")
    try:
        await _until_started(server, task, setting)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait({task})


async def _serve(server: uvicorn.Server, setting: str) -> None:
    try:
        await server.serve()
    except SystemExit as error:
        # uvicorn ends the whole program when its port is taken; a node says so instead.
        raise NodeError("E-PORT", "the console's port is taken", f"choose another {setting} in node.toml") from error


async def _until_started(server: uvicorn.Server, task: asyncio.Task[None], setting: str) -> None:
    while not server.started:
        if task.done():
            await task
            raise NodeError("E-PORT", "the console did not start", f"choose another {setting} in node.toml")
        await asyncio.sleep(0.005)
