"""Real worker processes over one database, one of them killed with steps due: each step exactly once, none after its acknowledgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen
from contactpoint.domain.ladder import Acknowledged
from contactpoint.store.desk_schema import journal
from contactpoint.store.instant import from_milliseconds
from contactpoint.store.journal import verify_journal
from contactpoint.store.rows_requests import request_row
from tests.system.timer_world import OFFICER, casework, copy_requests, end, name_of, steps_taken, timer_world

COUNT, OVER_S = 600, 3.0


@pytest.mark.timeout(120)
async def test_a_killed_worker_loses_no_step_and_doubles_none_and_no_step_follows_its_acknowledgement(
    tmp_path: Path, request: pytest.FixtureRequest, seeded: random.Random, database_url: str
) -> None:
    async with timer_world(tmp_path, database_url) as world, casework(database_url, world.means) as cw:
        begins = int(time.time() * 1000) + 6000
        every = int(OVER_S * 1000 / COUNT)
        await copy_requests(cw.db, world, 0, COUNT, f"({begins} + n * {every})", letters=True)
        workers = [world.worker("whole", f"worker-{number}") for number in range(3 if cw.db.shared else 2)]
        try:
            for each in workers:
                assert each.stdout is not None and each.stdin is not None
                assert await asyncio.to_thread(each.stdout.readline) == "ready\n"
                each.stdin.write("\n")
                each.stdin.flush()
            chosen = sorted(seeded.sample(range(COUNT), COUNT // 10))
            plan = [(begins + n * every + seeded.randrange(-300, 300), n) for n in chosen]
            acknowledging = asyncio.create_task(_acknowledge(cw, sorted(plan)))
            await asyncio.sleep(max(0.0, begins / 1000 + seeded.uniform(0.3, OVER_S - 0.3) - time.time()))
            workers[0].kill()
            acknowledged = await acknowledging
            await _until_all_are_done(cw, COUNT - len(acknowledged))
        finally:
            for each in workers:
                end(each)
        steps = await cw.db.read(steps_taken)
        taken = {row.request_id: row.at for row in steps}
        assert len(taken) == len(steps), "no step twice"
        for number in range(COUNT):
            at = taken.get(name_of(number))
            if number in acknowledged:
                assert at is None or at <= acknowledged[number], "no step after its acknowledgement"
            else:
                assert at is not None, "no step is lost"
                assert at >= from_milliseconds(begins + number * every), "none comes early"
        await cw.db.read(lambda tx: verify_journal(tx, journal))


async def _acknowledge(cw: Casework, plan: Sequence[tuple[int, int]]) -> dict[int, datetime]:
    """Each at its own instant, around the one at which its rung is due."""
    done = {}
    for at, number in plan:
        await asyncio.sleep(max(0.0, at / 1000 - time.time()))
        done[number] = await cw.db.write(lambda tx, n=number: _take_charge(tx, cw, name_of(n)))
    return done


async def _take_charge(tx: AsyncConnection, cw: Casework, name: str) -> datetime:
    # Its instant is taken once it holds the row: a worker that held it before has looked at the clock before.
    await request_row(tx, name)
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    await happen(tx, cw, name, Acknowledged(now, OFFICER), now)
    return now


async def _until_all_are_done(cw: Casework, least: int) -> None:
    for _ in range(300):
        if len(await cw.db.read(steps_taken)) >= least and not await _due(cw):
            return
        await asyncio.sleep(0.1)
    pytest.fail("steps are still due")


async def _due(cw: Casework) -> bool:
    from contactpoint.store.rows_requests import anything_due

    return await cw.db.read(lambda tx: anything_due(tx, datetime.now(UTC) + timedelta(seconds=1)))
