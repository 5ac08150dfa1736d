"""A writer killed at any moment has lost nothing that it said, and has kept nothing half."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.journal import verify_journal
from tests.store.store_examples import journal, names, opened

ROOT = Path(__file__).parents[2]


async def _kill_and_look(url: str, rounds: int, chance: random.Random) -> None:
    said = 0
    for _ in range(rounds):
        call = [sys.executable, "-m", "tests.store.durability_writer", url]
        writer = subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        said = max(said, int(writer.stdout.readline()))
        time.sleep(chance.uniform(0, 0.05))
        writer.kill()
        said = max([said, *(int(line) for line in writer.stdout.read().split("\n")[:-1] if line)])
        writer.stdout.close()
        writer.wait(20)
        async with opened(url) as database:

            async def look(tx: AsyncConnection) -> tuple[int, bytes | None, int]:
                head = await verify_journal(tx, journal)
                number = (await tx.execute(journal.head.select())).one().number
                return len(await names(tx)), head, number

            rows, head, entries = await database.read(look)
        assert rows >= said, "a commit that was told to others is gone"
        assert rows == entries, "a row without its journal entry, or an entry without its row"
        assert head is not None


async def test_a_killed_writer_has_lost_nothing_that_it_said(database_url: str, seeded: random.Random) -> None:
    await _kill_and_look(database_url, 2, seeded)


@pytest.mark.soak
async def test_a_writer_killed_fifty_times_has_lost_nothing_that_it_said(
    database_url: str, seeded: random.Random
) -> None:
    await _kill_and_look(database_url, 50, seeded)
