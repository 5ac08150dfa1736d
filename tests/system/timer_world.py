"""One desk with very many requests whose rungs are due at chosen instants, and real worker processes that fire them.

One request is made as a peer makes it, over the simulated wire; the others are copies of its rows, each held ten minutes before its own
instant, so that its second rung is due then. Only what is due in a run has its letter; what lies ahead is never read.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import open_keyring
from contactpoint.casework.register import Register
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.policy import load as load_policy
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata, request, statement, step
from contactpoint.store.instant import to_milliseconds
from directory.files import from_files, to_files
from keys.custody import NodeSecret
from tests.simulator import simulated

STATE, OFFICER = "XB", "XB-OFF-001"
RUNG_AFTER = timedelta(minutes=10)
STEP = "rung 1"
"""What the second rung's step is called: the one that a run waits for."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class World:
    """The desk's database and what a process needs to open it."""

    url: str
    folder: Path
    template: dict[str, Any]
    letter: dict[str, Any]

    @property
    def means(self) -> Path:
        return self.folder / "means"

    @property
    def postgres(self) -> bool:
        return self.url.startswith("postgresql")

    def worker(self, mode: str, name: str) -> subprocess.Popen[str]:
        """A worker's process that begins when it is told a line, and writes what it did to a file of its name."""
        words = (
            sys.executable,
            "-m",
            "tests.system.timer_worker",
            mode,
            self.url,
            str(self.means),
            str(self.folder / name),
        )
        return subprocess.Popen(words, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    """SIGKILL: nothing is said, nothing is finished."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


@asynccontextmanager
async def timer_world(folder: Path, url: str) -> AsyncIterator[World]:
    """The world with the one request that all others are copies of, which is due no more."""
    now = datetime.now(UTC).replace(microsecond=0)

    def place(name: str) -> str:
        return url if name == f"{STATE}-desk" else f"sqlite:///{folder}/{name}.sqlite3"

    async with simulated(folder, "XA", STATE, start=now, url=place) as net:
        await net["XA"].ask(STATE)
        await net.settle()
        here = net[STATE]
        rows = await here.cw.db.read(_only_request)
        await here.cw.db.write(lambda tx: tx.execute(update(request).values(next_at=None)))
        copy = here.cw.register.copy
        data = (to_files(copy), copy.genesis.digest, here.secret.secret32)
        (folder / "means").write_bytes(pickle.dumps(data))
    yield World(url, folder, *rows)


async def _only_request(tx: AsyncConnection) -> tuple[dict[str, Any], dict[str, Any]]:
    asked = (await tx.execute(select(request))).one()._asdict()
    return asked, (await tx.execute(select(statement).where(statement.c.id == asked["id"]))).one()._asdict()


@asynccontextmanager
async def casework(url: str, means: Path) -> AsyncIterator[Casework]:
    """The desk as another process opens it."""
    files, pinned, secret = pickle.loads(means.read_bytes())
    now = datetime.now(UTC)
    register = Register(from_files(files, pinned, now))
    db = await Database.open(url, metadata, "desk")
    try:
        ring = await db.read(lambda tx: open_keyring(tx, STATE, register.copy.net, NodeSecret(secret), now))
        yield Casework(
            state=STATE,
            network="training",
            net=register.copy.net,
            policy=load_policy("standard-1"),
            catalogue=load_catalogue(),
            channels=("console",),
            db=db,
            keyring=ring,
            register=register,
            random=os.urandom,
            bell=Bell(),
        )
    finally:
        await db.close()


def name_of(number: int) -> str:
    return f"{number:08x}-0000-7000-8000-000000000000"


async def copy_requests(
    db: Database, world: World, first: int, count: int, due: str, *, letters: bool, urgency: str = "U1"
) -> None:
    """Copies ``first`` to ``first + count - 1``; ``due``: SQL of the instant in milliseconds at which copy ``n`` is due."""
    await db.write(lambda tx: _copy(tx, world, (first, count, due), letters, urgency))


async def _copy(tx: AsyncConnection, world: World, which: tuple[int, int, str], letters: bool, urgency: str) -> None:
    first, count, due = which
    if world.postgres:
        numbers = f"(SELECT generate_series({first}, {first + count - 1}) AS n)"
        name, noise = "lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000'", "sha256(n::text::bytea)"
    else:
        last = first + count - 1
        numbers = (
            f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n FROM c)"
        )
        name, noise = "printf('%08x', n) || '-0000-7000-8000-000000000000'", "randomblob(32)"
    held = to_milliseconds(world.template["at"])
    # Every instant of the copy's ladder but its expiry is the template's *held*, or that of its second rung.
    wait = RUNG_AFTER // timedelta(milliseconds=1)
    second = f"replace(ladder, '{held + wait}', CAST({due} AS TEXT))"
    ladder = f"replace({second}, '{held}', CAST({due} - {wait} AS TEXT))"
    fresh = {"id": name, "next_at": due, "ladder": ladder, "urgency": f"'{urgency}'"}
    await tx.execute(text(_copies(request, fresh, numbers)), {"of": world.template["id"]})
    if letters:
        fresh = {"id": name, "digest": noise}
        await tx.execute(text(_copies(statement, fresh, numbers)), {"of": world.template["id"]})


def _copies(table: Table, fresh: Mapping[str, str], numbers: str) -> str:
    names = [column.name for column in table.columns]
    values = ", ".join(fresh.get(each, f'"{each}"') for each in names)
    columns = ", ".join(f'"{each}"' for each in names)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM "{table.name}", {numbers} AS numbers WHERE id = :of'


async def steps_taken(tx: AsyncConnection) -> Sequence[Row[Any]]:
    """Request and instants of every second rung that was fired."""
    query = select(step.c.request_id, step.c.due, step.c.at).where(step.c.step == STEP)
    return (await tx.execute(query)).all()
