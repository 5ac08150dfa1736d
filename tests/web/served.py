"""A console served by a real uvicorn on loopback, in a thread of its own, for tests that drive it from outside."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI

from contactpoint.web import WebSettings, create_app
from tests.web.desk_simulator import DeskSimulator


def wall_clock() -> datetime:
    """The time of this machine, aware UTC, in whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass
class Served:
    """A running console: ``url`` by a name under localhost, so that its cookies are those of a secure context."""

    desk: DeskSimulator
    app: FastAPI
    server: uvicorn.Server
    thread: threading.Thread
    port: int
    loop: list[asyncio.AbstractEventLoop]

    @property
    def url(self) -> str:
        return f"http://xb.localhost:{self.port}"

    def at_desk(self, act: Callable[[], object]) -> None:
        """Run ``act`` on the server's own loop, as the desk would, and wait for it."""
        done = threading.Event()
        self.loop[0].call_soon_threadsafe(lambda: (act(), done.set()))
        assert done.wait(5)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


def serve(desk: DeskSimulator, beat_s: float = 5.0, port: int = 0) -> Served:
    """Start a console over ``desk`` and wait until it answers."""
    settings = WebSettings(zone="Africa/Cairo", version="0.1", beat_s=beat_s)
    app = create_app(desk, settings, wall_clock, os.urandom)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="off")
    server = uvicorn.Server(config)
    loop: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        made = asyncio.new_event_loop()
        loop.append(made)
        made.run_until_complete(server.serve(sockets=[listener]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    assert server.started, "the console did not start"
    return Served(desk, app, server, thread, listener.getsockname()[1], loop)
