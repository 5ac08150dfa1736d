"""Kill -9 of any process at any moment, with fifty requests in flight: nothing is lost, nothing happens twice, nobody lied."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.system.killable import Network, founded, populate
from tests.system.ledger import (
    Books,
    judge_journals,
    judge_pages,
    judge_receipts,
    judge_requests,
    judge_state,
    judge_statements,
    wanted,
)

IN_FLIGHT = 50
PATIENCE_S = 240
PARTS = {"whole": ("all",), "parts": ("gateway", "desk", "worker")}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("form", "rounds"), [("whole", (2, 15)), ("parts", (1, 15))])
async def test_a_process_killed_with_fifty_requests_in_flight_loses_and_doubles_nothing(
    form: str, rounds: tuple[int, int], tmp_path: Path, seeded: random.Random, run_all: bool
) -> None:
    with founded(tmp_path) as network:
        await populate(network, PARTS[form])
        books = Books(tmp_path)
        for number in range(rounds[run_all]):
            before = set(books.requests().values())
            victim = await _round(network, number, seeded)
            seconds = await _quiet(network, books)
            print(f"{form}, round {number}: {victim} was killed; quiet {seconds:.1f} s after")
            kept = wanted(network.wanted)
            judge_requests(books, kept)
            judge_statements(books)
            judge_receipts(books)
            judge_pages(books, network.pages)
            await judge_state(books, sorted(set(books.requests().values()) - before))
        await judge_journals(books)
        assert len(kept.labels) == IN_FLIGHT * rounds[run_all]


async def _round(network: Network, number: int, seeded: random.Random) -> str:
    """Fifty requests are handed in; one process is killed before they are through, and started again."""
    labels = [f"round-{number}-{index}" for index in range(IN_FLIGHT)]
    for label in labels:
        network.processes["sender"].tell(label)
    some = seeded.randrange(1, IN_FLIGHT)
    while f"round-{number}-{some}" not in wanted(network.wanted).labels:
        await asyncio.sleep(0.01)
    await asyncio.sleep(seeded.uniform(0, 0.5))
    victim = seeded.choice(list(network.processes.values()))
    victim.kill()
    victim.start()
    if victim.name == "sender":
        kept = wanted(network.wanted)
        network.interrupted.update(set(kept.labels) - set(kept.ids))
        for label in labels:
            if label not in kept.labels:
                victim.tell(label)
    return victim.name


async def _quiet(network: Network, books: Books) -> float:
    """Wait until everything that was handed in is through at both ends; seconds that it took."""
    begun = time.monotonic()
    while found := _open(network, books):
        if time.monotonic() > begun + PATIENCE_S:
            pytest.fail(f"still open after {PATIENCE_S} s: {found[:9]}\n{network.logs()}")
        await asyncio.sleep(0.1)
    return time.monotonic() - begun


def _open(network: Network, books: Books) -> list[tuple[str, str]]:
    kept = wanted(network.wanted)
    dead = [(name, "is dead") for name, process in network.processes.items() if not process.alive()]
    pending = [("being sent", label) for label in kept.labels if label not in {*kept.ids, *network.interrupted}]
    told = [("not begun", str(number)) for number in range(len(kept.labels) % IN_FLIGHT, 0, -1)]
    return dead + pending + told + books.unfinished()
