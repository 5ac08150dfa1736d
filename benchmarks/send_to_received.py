"""Send to received: from the officer's submit to the commit at the recipient's desk, beside the bare steps that it cannot do without.

Two real processes over loopback and kept links: this one asks, the other is the recipient. Both read `monotonic_ns`, which is one
clock. The bare steps are timed in the same run, between the letters, so that a busy machine slows both alike.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

import directory.main as register_main
from benchmarks.bare import COMMITS, Bare, bare_steps
from benchmarks.machine import quantiles
from contactpoint.casework.context import Casework
from contactpoint.desk.desk import Desk
from contactpoint.desk.results import NodeAnswers
from contactpoint.desk.views import Draft
from contactpoint.main.first_run import enrol, init_node
from contactpoint.main.serve import running_node
from contactpoint.store.rows_desk import newest_sheet
from directory.documents import Genesis, Purpose
from tests.fixtures.network import body_of
from tests.fixtures.ports import free_port

LETTERS, WARM_UP = 200, 20
MOST = 2.5
"""The bar: p50 of a letter at most so many times the sum of its bare steps."""
_SECRET = "correct horse battery of the benchmark"


@dataclass(frozen=True)
class Recipient:
    """The other process, by what it tells."""

    process: Process

    async def next(self) -> tuple[str, int]:
        """The id of the next letter that its desk has committed, and when."""
        assert self.process.stdout is not None
        said, _, at = (await self.process.stdout.readline()).decode().partition(" ")
        return said, int(at)


def run() -> Iterator[str]:
    """Each bare step, their sum, p50 and p99 of the letters, and the ratio."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        letters, steps = asyncio.run(_measure(Path(folder)))
    for name, milliseconds in steps.items():
        yield f"{name:26}{milliseconds:9.3f} ms"
    total, median = sum(steps.values()), statistics.median(letters)
    yield f"{'sum of the bare steps':26}{total:9.3f} ms   ({len(COMMITS)} commits of {sum(COMMITS) // 1000} kB together)"
    yield f"{'send to received':26}{quantiles(letters)}"
    verdict = "within" if median <= MOST * total else "ABOVE"
    yield f"{'ratio':26}{median / total:9.2f}      {verdict} the bar of {MOST}"


async def _measure(folder: Path) -> tuple[list[float], dict[str, float]]:
    genesis = register_main.init_register(folder / "register", Purpose.TRAINING, "Benchmark", "standard-1")
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(bare_steps(folder))
        register = await stack.enter_async_context(register_main.running_register(folder / "register", 0))
        for state in ("QM", "QN"):
            await _make(folder, state, register.url, genesis)
        recipient = await stack.enter_async_context(_recipient(folder / "QN"))
        node = await stack.enter_async_context(running_node(folder / "QM"))
        assert node.cw is not None
        await _meet(node.cw)
        return await _send(Desk(node.cw), recipient, bare)


async def _send(desk: Desk, recipient: Recipient, bare: Bare) -> tuple[list[float], dict[str, float]]:
    key = await desk.unseal("QM-OFF-001", _SECRET, _now())
    body, spent = body_of("A01", _now()), []
    for number in range(WARM_UP + LETTERS):
        await bare.round()
        begun = time.monotonic_ns()
        sent = await desk.submit(Draft("PRES-NEW", "QN", "U1", body, label=f"letter {number}"), key, _now())
        received, at = await recipient.next()
        assert received == sent.id
        spent.append((at - begun) / 1e6)
        await asyncio.sleep(0.05)  # slips and receipts of this letter are through before the next
    return spent[WARM_UP:], bare.medians()


async def _make(folder: Path, state: str, url: str, genesis: Genesis) -> None:
    answers = NodeAnswers(
        state=state,
        name=f"Contact point {state}",
        host="127.0.0.1",
        public_port=free_port(),
        inside_port=free_port(),
        register_url=url,
        genesis=genesis.digest.hex(),
        officer=f"{state}-OFF-001",
        officer_name="Officer One",
        officer_secret=_SECRET,
        phones=("+999 100 200", "+999 100 201"),
    )
    made = await init_node(folder / state, answers)
    await enrol(folder / state)
    await register_main.approve(folder / "register", state, " ".join(made.words))


@asynccontextmanager
async def _recipient(home: Path) -> AsyncIterator[Recipient]:
    words = (sys.executable, "-m", "benchmarks.recipient", str(home))
    process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
    recipient = Recipient(process)
    try:
        await recipient.next()  # ready
        yield recipient
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _meet(cw: Casework) -> None:
    while await cw.db.read(lambda tx: newest_sheet(tx, "QN")) is None:
        cw.bell.ring("mirror")
        await asyncio.sleep(0.1)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
