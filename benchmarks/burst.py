"""Very many rungs due in one instant: the whole step beside the least that a claim can be, in the same run on the same rows.

``BURST=5000 python -m benchmarks burst`` takes another number. On SQLite two worker processes, on PostgreSQL four.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata
from tests.fixtures.databases import running_postgres
from tests.system.timer_world import World, copy_requests, end, name_of, steps_taken, timer_world

COUNT = int(os.environ.get("BURST", "20000"))
_WHOLE = 10_000_000
_U0 = 20_000_000


def run() -> Iterator[str]:
    """One burst on each database."""
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_burst(Path(folder), f"sqlite:///{folder}/XB-desk.sqlite3", "SQLite", 2))
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        url = server.url(server.create_database())
        yield from asyncio.run(_burst(Path(folder), url, "PostgreSQL", 4))


async def _burst(folder: Path, url: str, named: str, workers: int) -> list[str]:
    async with timer_world(folder, url) as world:
        due = int(time.time() * 1000)
        db = await Database.open(url, metadata, "desk")
        try:
            await copy_requests(db, world, 0, COUNT, str(due), letters=True)
            await settled(db, world)
            raw = _rate(_run(world, "raw", workers, COUNT), COUNT)
            await copy_requests(db, world, _WHOLE, COUNT - 1, str(due), letters=True)
            await copy_requests(db, world, _U0, 1, str(due), letters=True, urgency="U0")
            await settled(db, world)
            turns = _run(world, "whole", workers, COUNT)
            whole = _rate(turns, COUNT)
            steps = await db.read(steps_taken)
            assert len(steps) == COUNT, f"{len(steps)} steps for {COUNT} requests"
            first = next(row.at for row in steps if row.request_id == name_of(_U0))
            told = min(end for now, end, _ in turns if now == int(first.timestamp() * 1000))
        finally:
            await db.close()
    begun = min(now for now, _, _ in turns)
    return [
        f"{named}, {COUNT} due at one instant, {workers} workers: the raw claim {raw:8.0f}/s   the whole step {whole:8.0f}/s   "
        f"{whole / raw:.0%} of it   the U0 among them after {(told - begun) / 1000:.2f} s"
    ]


async def settled(db: Database, world: World) -> None:
    """The planner knows what the tables hold, as it would after a day."""
    if world.postgres:
        await db.write(lambda tx: tx.execute(text("ANALYZE")))


def _run(world: World, mode: str, workers: int, count: int) -> list[tuple[int, int, int]]:
    """All workers begin together; returns every turn (now, end, moved) when everything was moved."""
    names = [f"{mode}-{number}" for number in range(workers)]
    processes = [world.worker(mode, name) for name in names]
    try:
        for each in processes:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in processes:
            tell(each)
        while sum(moved for _, _, moved in turns_of(world, names)) < count:
            time.sleep(0.1)
            assert all(each.poll() is None for each in processes)
    finally:
        for each in processes:
            end(each)
    return turns_of(world, names)


def tell(process: subprocess.Popen[str]) -> None:
    """Go on to what comes next."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def turns_of(world: World, names: list[str]) -> list[tuple[int, int, int]]:
    """What these workers have written down so far."""
    found = []
    for name in names:
        lines = (world.folder / name).read_text().splitlines() if (world.folder / name).exists() else []
        found += [tuple(map(int, line.split())) for line in lines if line.count(" ") == 2]
    return [(now, end, moved) for now, end, moved in found]


def _rate(turns: list[tuple[int, int, int]], count: int) -> float:
    return count / max(0.001, (max(end for _, end, _ in turns) - min(now for now, _, _ in turns)) / 1000)
