"""The inside listener: console pages and health for this State's own people, never on the public listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from contactpoint import __version__
from contactpoint.casework.context import Casework
from contactpoint.desk.desk import Desk
from contactpoint.desk.results import NodeError
from contactpoint.main.channels import channels
from contactpoint.main.clock import ShiftedClock
from contactpoint.main.node import Means, draw
from contactpoint.settings import within
from contactpoint.web.app import create_app, drain
from contactpoint.web.settings import WebSettings

_GRACE_S = 5  # an open event stream would otherwise hold the process for ever


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running_console(cw: Casework, means: Means) -> AsyncIterator[str]:
    """The console of a desk; yields the address to open in a browser."""
    inside = means.settings.inside
    rate = means.clock.rate if isinstance(means.clock, ShiftedClock) else 1.0
    web = WebSettings(
        zone=cw.register.calendar(cw.state).zone,
        hosts=tuple(dict.fromkeys((inside.host, "localhost", "*.localhost", "127.0.0.1"))),
        version=__version__,
        clock_rate=rate,
    )
    app = create_app(Desk(cw, channels(cw, means)), web, means.clock, draw)
    home = means.folder.home
    config = uvicorn.Config(
        app,
        host=inside.address,
        port=inside.port,
        ssl_certfile=str(within(home, inside.certificate)) if inside.tls else None,
        ssl_keyfile=str(within(home, inside.key)) if inside.tls else None,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(_serve(server), name="console")
    try:
        await _until_started(server, task)
        yield f"{'https' if inside.tls else 'http'}://{inside.host}:{inside.port}"
    finally:
        drain(app)
        server.should_exit = True
        await asyncio.wait({task})


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit as error:
        # uvicorn ends the whole program when its port is taken; a node says so instead.
        raise NodeError("E-PORT", "the console's port is taken", "choose another inside.port in node.toml") from error


async def _until_started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    while not server.started:
        if task.done():
            await task
            raise NodeError("E-PORT", "the console did not start", "choose another inside.port in node.toml")
        await asyncio.sleep(0.005)
