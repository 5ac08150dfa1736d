"""The register's composition root: the only place here with a clock, randomness and the environment."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from contactpoint.store.database import Database
from directory.documents import Genesis, Purpose
from directory.enrolment import make_genesis
from directory.errors import FolderError
from directory.folder import Folder
from directory.logkey import SEED_BYTES, LogKey
from directory.register import Register, Taken
from directory.service import Limits, create_app
from directory.settings import Settings, read_settings
from directory.store import BRANCH, SqlShelf, metadata
from keys.signing import SEED_BYTES as SIGNING_SEED_BYTES
from keys.signing import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

Clock = Callable[[], datetime]
CLOCK_FILE = "clock.json"
HOME_VARIABLE = "DIRECTORY_HOME"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RunningRegister:
    """A register that answers at `url` (no trailing slash), with the use cases beside it."""

    url: str
    register: Register
    genesis: Genesis
    genesis_bytes: bytes


def default_home() -> Path:
    """The folder that is used when none is named: the environment's, or the current one."""
    return Path(os.environ.get(HOME_VARIABLE, "."))


def system_clock() -> datetime:
    """This machine's time, UTC, in milliseconds."""
    return _EPOCH + timedelta(milliseconds=time.time_ns() // 1_000_000)


def folder_clock(home: Path) -> Clock:
    """The folder's clock: the machine's own, or in a training network the one set with `--clock`."""
    path = home / CLOCK_FILE
    if not path.exists():
        return system_clock
    _only_training(home)
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        real, shown, rate = int(read["real_ms"]), int(read["shown_ms"]), float(read["rate"])
    except (ValueError, KeyError, TypeError):
        raise FolderError("E-CLOCK", f"{path} is damaged; delete it, or set the clock again") from None

    def clock() -> datetime:
        passed = time.time_ns() // 1_000_000 - real
        return _EPOCH + timedelta(milliseconds=shown + int(passed * rate))

    return clock


def set_clock(home: Path, text: str) -> None:
    """Set the folder's clock from `2027-03-04T13:00Z` or `2027-03-04T13:00Z,x60`. FolderError outside training."""
    _only_training(home)
    moment, _, speed = text.partition(",x")
    try:
        shown, rate = datetime.fromisoformat(moment), float(speed or 1)
    except ValueError:
        shown, rate = _EPOCH, 0.0
    if shown.tzinfo is None or not 0 < rate <= 100_000:
        raise FolderError("E-CLOCK", "give the clock as 2027-03-04T13:00Z or 2027-03-04T13:00Z,x60")
    content = {
        "real_ms": time.time_ns() // 1_000_000,
        "shown_ms": (shown - _EPOCH) // timedelta(milliseconds=1),
        "rate": rate,
    }
    fresh = home / f"{CLOCK_FILE}.new"
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(home / CLOCK_FILE)


def _only_training(home: Path) -> None:
    if Folder(home).genesis()[0].purpose is not Purpose.TRAINING:
        raise FolderError("E-CLOCK", "only a training network may have a clock of its own; delete clock.json")


def init_register(home: Path, purpose: Purpose, name: str, policy: str, clock: Clock = system_clock) -> Genesis:
    """Make a register's folder with fresh keys and its genesis. FolderError if there is one already."""
    registrar_seed, log_seed = os.urandom(SIGNING_SEED_BYTES), os.urandom(SEED_BYTES)
    registrar, log_key = SigningKey.from_seed(registrar_seed), LogKey.from_seed(log_seed)
    signed = make_genesis(registrar, log_key.public, purpose, name, policy, clock())
    folder = Folder(home)
    folder.make(os.urandom(32), registrar_seed, log_seed, signed.to_bytes())
    return folder.genesis()[0]


@asynccontextmanager
async def open_register(home: Path) -> AsyncIterator[Register]:
    """The register over its folder's rows. Several processes may hold it open; each sees what the others commit."""
    folder, settings = Folder(home), read_settings(home)
    database = await Database.open(folder.database_url(settings.database), metadata, BRANCH)
    try:
        yield Register(SqlShelf(database), folder.genesis()[1], folder.log_key())
    finally:
        await database.close()


async def approve(home: Path, state: str, words: str, reason: str = "") -> list[Taken]:
    """List a State whose words were heard. Runs beside a serving register. ApprovalError, FolderError."""
    async with open_register(home) as register:
        return await register.approve(state, words, Folder(home).registrar(), reason, folder_clock(home)())


async def suspend(home: Path, state: str, reason: str) -> Taken:
    """Suspend a State. Runs beside a serving register."""
    async with open_register(home) as register:
        return await register.suspend(state, Folder(home).registrar(), reason, folder_clock(home)())


def build_app(register: Register, clock: Clock, settings: Settings) -> "FastAPI":
    """The register's HTTP application."""
    return create_app(register, clock, Limits(settings.submissions_per_minute))


@asynccontextmanager
async def running_register(
    home: Path, port: int | None = None, clock: Clock | None = None, host: str | None = None
) -> AsyncIterator[RunningRegister]:
    """A register that listens while the context lasts. Port 0 takes a free one; None takes the folder's setting."""
    settings = read_settings(home)
    genesis, genesis_bytes = Folder(home).genesis()
    listener = _listen(host or settings.host, settings.port if port is None else port)
    try:
        async with open_register(home) as register:
            app = build_app(register, clock or folder_clock(home), settings)
            async with _served(app, listener):
                address, bound = listener.getsockname()[:2]
                shown = f"[{address}]" if ":" in address else address
                yield RunningRegister(f"http://{shown}:{bound}", register, genesis, genesis_bytes)
    finally:
        listener.close()


async def serve(home: Path, port: int | None, host: str | None, ready: Callable[[RunningRegister], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_register(home, port, None, host) as running:
        ready(running)
        await stop.wait()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise FolderError("E-PORT", f"cannot listen on {host} port {port}: {error.strerror}; choose another") from None


@asynccontextmanager
async def _served(app: "FastAPI", listener: socket.socket) -> AsyncIterator[None]:
    import uvicorn

    class Server(uvicorn.Server):
        """A server that leaves signals to whoever runs it."""

        @contextmanager
        def capture_signals(self) -> "Iterator[None]":
            yield

    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="register")
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells it by this flag only
            await asyncio.sleep(0.005)
        if task.done():
            await task
        yield
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
