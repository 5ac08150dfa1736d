"""A million pending timers, a hundred due a second, one worker killed, one in ten acknowledged around its due instant.

``PENDING=50000 SECONDS=10 python -m benchmarks timers`` takes other numbers. On PostgreSQL four worker processes, on SQLite two. The
raw limit beside it is the same load on claims that are arithmetic in SQL and one row written, without acknowledgements.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from benchmarks.burst import settled, tell, turns_of
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen
from contactpoint.domain.ladder import Acknowledged
from contactpoint.store.instant import to_milliseconds
from tests.fixtures.databases import running_postgres
from tests.system.timer_world import OFFICER, World, casework, copy_requests, end, name_of, steps_taken, timer_world

PENDING = int(os.environ.get("PENDING", "1000000"))
SECONDS = int(os.environ.get("SECONDS", "60"))
A_SECOND = 100
_RAW, _AHEAD = 10_000_000, 20_000_000
_CHUNK = 50_000
_LEAD_MS = 3_000


def run() -> Iterator[str]:
    """The same load on each database."""
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_timers(Path(folder), f"sqlite:///{folder}/XB-desk.sqlite3", "SQLite", 2))
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        yield from asyncio.run(_timers(Path(folder), server.url(server.create_database()), "PostgreSQL", 4))


async def _timers(folder: Path, url: str, named: str, workers: int) -> list[str]:
    async with timer_world(folder, url) as world, casework(url, world.means) as cw:
        far = int(time.time() * 1000) + 30 * 86_400_000
        for first in range(0, PENDING, _CHUNK):
            await copy_requests(
                cw.db, world, _AHEAD + first, min(_CHUNK, PENDING - first), f"({far} + n)", letters=False
            )
        count = A_SECOND * SECONDS
        raw, _ = await _under_load(cw, world, "raw", workers, _RAW, count)
        lags, found = await _under_load(cw, world, "whole", workers, 0, count)
    return [
        f"{named}, {PENDING} pending, {A_SECOND} due a second for {SECONDS} s, {workers} workers, one killed: lateness "
        f"p50 {_at(lags, 50)} p99 {_at(lags, 99)} most {_at(lags, 100)}   raw claim p99 {_at(raw, 99)}",
        f"{'':{len(named)}}  {found}",
    ]


async def _under_load(
    cw: Casework, world: World, mode: str, workers: int, first: int, count: int
) -> tuple[list[int], str]:
    """The lateness of each step in milliseconds: from its due instant until its commit was known."""
    names = [f"{mode}-{number}" for number in range(workers)]
    processes = [world.worker(mode, name) for name in names]
    try:
        for each in processes:
            assert each.stdout is not None
            assert await asyncio.to_thread(each.stdout.readline) == "ready\n"
        # Only now: that a program takes seconds to start is no lateness of its steps.
        begins = int(time.time() * 1000) + _LEAD_MS + count // 10
        every = 1000 // A_SECOND
        await copy_requests(
            cw.db, world, first, count, f"({begins} + (n - {first}) * {every})", letters=mode == "whole"
        )
        await settled(cw.db, world)
        for each in processes:
            tell(each)
        chance = random.Random(1)
        acknowledging = chance.sample(range(count), count // 10) if mode == "whole" else []
        plan = sorted((begins + n * every + chance.randrange(-300, 300), n) for n in acknowledging)
        told = asyncio.create_task(_acknowledge(cw, plan))
        await asyncio.sleep(max(0.0, begins / 1000 + SECONDS / 2 - time.time()))
        end(processes[0])
        acknowledged = await told
        await asyncio.sleep(max(0.0, begins / 1000 + SECONDS + 5 - time.time()))
    finally:
        for each in processes:
            end(each)
    step = "rung 1" if mode == "whole" else "raw"
    ends = {now: ended for now, ended, _ in turns_of(world, names)}
    query = text("SELECT request_id, at FROM step WHERE step = :step")
    rows = (await cw.db.read(lambda tx: tx.execute(query, {"step": step}))).all()
    due = {name_of(first + n): begins + n * every for n in range(count)}
    # Of a worker that was killed between commit and note the commit's instant is not known: its claim's is taken.
    lags = sorted(ends.get(at, at) - due[name] for name, at in rows if name in due)
    return lags, await _judged(cw, mode, count, acknowledged)


async def _judged(cw: Casework, mode: str, count: int, acknowledged: dict[int, int]) -> str:
    if mode == "raw":
        return ""
    steps = await cw.db.read(steps_taken)
    taken = {row.request_id: to_milliseconds(row.at) for row in steps}
    lost = sum(name_of(n) not in taken for n in range(count) if n not in acknowledged)
    after = sum(taken.get(name_of(n), 0) > at for n, at in acknowledged.items())
    before = sum(name_of(n) in taken for n in acknowledged)
    return (
        f"steps {len(steps)}, twice {len(steps) - len(taken)}, lost {lost}; {len(acknowledged)} acknowledged, {before} of them after "
        f"their step, steps after an acknowledgement {after}"
    )


async def _acknowledge(cw: Casework, plan: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Each at its own instant, around the one at which its rung is due; by number, the instant in milliseconds."""
    done = {}
    for at, number in plan:
        await asyncio.sleep(max(0.0, at / 1000 - time.time()))
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        await cw.db.write(lambda tx, n=number, t=now: happen(tx, cw, name_of(n), Acknowledged(t, OFFICER), t))
        done[number] = to_milliseconds(now)
    return done


def _at(ordered: Sequence[int], percent: int) -> str:
    if not ordered:
        return "-"
    return f"{ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]} ms"
