"""One worker's process over a world of timers: `python -m tests.system.timer_worker MODE URL MEANS FILE`.

It says that it is ready, waits for a line, then works until it is killed or told another. MODE ``whole`` is the worker's own loop over
timers, with its fence; ``raw`` is the least that a claim can be: arithmetic in SQL and one row written. Each turn is a line of FILE:
the instant it took for now, the instant at which its commit was known, how many rows it moved.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from contactpoint.watch import timers
from contactpoint.watch.claim import run
from contactpoint.watch.fence import Fence, Version
from tests.system.timer_world import casework

VERSION = Version("0.1.0", "desk_0001", "1a2b3c4d", "2026c")
_STEP_MS = 600_000
Turn = Callable[[datetime], Awaitable[int]]

_CLAIM_PG = f"""
WITH due AS (SELECT id FROM request WHERE urgency = 'U1' AND next_at <= $1 ORDER BY next_at LIMIT 200 FOR UPDATE SKIP LOCKED),
moved AS (UPDATE request SET next_at = next_at + {_STEP_MS}, rev = rev + 1 FROM due WHERE request.id = due.id RETURNING request.id)
INSERT INTO step (request_id, cycle, step, due, at) SELECT id, 0, 'raw', $1, $1 FROM moved"""
_DUE = "SELECT id FROM request WHERE urgency = 'U1' AND next_at <= ? ORDER BY next_at LIMIT 200"
_MOVE = f"UPDATE request SET next_at = next_at + {_STEP_MS}, rev = rev + 1 WHERE id = ?"


async def main(mode: str, url: str, means: str, file: str) -> None:
    with Path(file).open("a", buffering=1) as told:
        if mode == "whole":
            async with casework(url, Path(means)) as cw:
                fence = Fence(cw, Path(file).name, VERSION)
                await fence.beat(datetime.now(UTC))

                async def whole(now: datetime) -> int:
                    # As `timers.run_due`; what is claimed first has its own line, with the instant of its own commit.
                    if urgent := await run(timers.MOST_URGENT, cw, now, fence):
                        print(int(now.timestamp() * 1000), int(time.time() * 1000), urgent, file=told)
                    return await run(timers.TIMERS, cw, now, fence)

                await _work(whole, told)
        elif url.startswith("postgresql"):
            connection = await asyncpg.connect(url)

            async def turn(now: datetime) -> int:
                return int((await connection.execute(_CLAIM_PG, int(now.timestamp() * 1000))).split()[-1])

            await _work(turn, told)
        else:
            bare = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
            bare.execute("PRAGMA synchronous = FULL")

            async def bare_turn(now: datetime) -> int:
                return _bare(bare, int(now.timestamp() * 1000))

            await _work(bare_turn, told)


def _bare(connection: sqlite3.Connection, now: int) -> int:
    if connection.execute(_DUE.replace("200", "1"), (now,)).fetchone() is None:
        return 0
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute(_DUE, (now,)).fetchall()
    connection.executemany(_MOVE, rows)
    connection.executemany(f"INSERT INTO step VALUES (?, 0, 'raw', {now}, {now})", rows)
    connection.execute("COMMIT")
    return len(rows)


async def _work(turn: Turn, told: object) -> None:
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    while not ended.done():
        now = datetime.now(UTC)
        moved = await turn(now)
        if moved:
            print(int(now.timestamp() * 1000), int(time.time() * 1000), moved, file=told)  # type: ignore[call-overload]
        await asyncio.sleep(0 if moved >= timers.TIMERS.batch else timers.POLL_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
