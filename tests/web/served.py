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
from playwright.async_api import Page

from contactpoint.web import WebSettings, create_app, drain
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import PASSWORD, SECRET


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
        self.at_desk(lambda: drain(self.app))
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
        with asyncio.Runner() as runner:
            loop.append(runner.get_loop())
            runner.run(server.serve(sockets=[listener]))
        listener.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    assert server.started, "the console did not start"
    return Served(desk, app, server, thread, listener.getsockname()[1], loop)


async def sign_in(page: Page, console: Served) -> None:
    """From the door to the *Start shift* page."""
    await page.goto(f"{console.url}/sign-in")
    await page.fill("#number", "XB-OFF-001")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/shift")


async def start_shift(page: Page, console: Served, heard: bool = True) -> None:
    """Sign in, hear the alarm (or not), open the key; ends on the board."""
    await sign_in(page, console)
    if heard:
        await page.click("#alarm-test")
        await page.check("#heard")
    await page.fill("#secret", SECRET)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/board")
