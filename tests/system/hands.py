"""The hands at the desks, each a process of its own that may be killed: one sends what it is told, others take charge and accept.

python -m tests.system.hands send HOME PEER LEDGER    a label on each line of standard input
python -m tests.system.hands answer HOME
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.desk.desk import Desk
from contactpoint.desk.errors import DeskError, UnreachablePeerError
from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.views import Draft
from contactpoint.main.clock import Clock
from contactpoint.main.node import open_desk
from contactpoint.store.desk_schema import request
from tests.fixtures.network import body_of


class Ledger:
    """Written through to the disk before the next thing is done: what was wanted stands here whatever dies."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")

    def note(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


Work = Callable[[Desk, SigningOfficer, Clock], Awaitable[None]]


async def at_the_desk(home: Path, peer: str, work: Work) -> None:
    """Work at this desk as its first officer, as soon as its copy of the register lists the peer."""
    while True:
        async with open_desk(home) as (desk, clock):
            if desk.cw.register.contact(peer) is not None:
                key = await desk.unseal(f"{desk.state}-OFF-001", f"correct horse battery {desk.state}", clock())
                return await work(desk, key, clock)
        await asyncio.sleep(0.2)


async def send(home: Path, peer: str, path: Path) -> None:
    ledger = Ledger(path)

    async def work(desk: Desk, key: SigningOfficer, clock: Clock) -> None:
        while label := (await asyncio.to_thread(sys.stdin.readline)).strip():
            ledger.note(f"want {label}")
            ledger.note(f"sent {label} {await _submit(desk, key, peer, label, clock)}")

    await at_the_desk(home, peer, work)


async def _submit(desk: Desk, key: SigningOfficer, peer: str, label: str, clock: Clock) -> str:
    while True:
        draft = Draft("PRES-NEW", peer, "U1", body_of("A01", clock()), label=label)
        try:
            return (await desk.submit(draft, key, clock())).id
        except UnreachablePeerError:
            await asyncio.sleep(0.2)  # the peer's key sheet is not here yet


async def answer(home: Path, peer: str) -> None:
    """Take charge of whatever came and accept it. A second officer does the same: of two, one is first."""

    async def look(tx: AsyncConnection) -> list[str]:
        query = select(request.c.id).where(request.c.incoming, request.c.status.in_(("OPEN", "ACKNOWLEDGED")))
        return [row.id for row in (await tx.execute(query.limit(20))).all()]

    async def work(desk: Desk, key: SigningOfficer, clock: Clock) -> None:
        while True:
            waiting = await desk.cw.db.read(look)
            random.shuffle(waiting)
            for each in waiting:
                try:
                    await desk.opened(each, key.number, clock())
                    await desk.acknowledge(each, key.number, key, clock())
                    await desk.answer(each, "ACCEPTED", {}, key, clock())
                except DeskError:
                    continue  # the colleague was faster
            await asyncio.sleep(0.05)

    await at_the_desk(home, peer, work)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        asyncio.run(send(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
    else:
        asyncio.run(answer(Path(sys.argv[2]), sys.argv[3]))
