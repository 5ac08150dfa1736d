"""The same desks, gateways and workers on a real PostgreSQL: one story through every room, and workers side by side."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.watch import timers
from tests.fixtures.databases import PostgresServer
from tests.simulator import simulated

pytestmark = pytest.mark.postgres


async def test_a_request_is_asked_taken_and_answered_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async with simulated(
        tmp_path, "XA", "XB", url=lambda name: postgres_server.url(postgres_server.create_database())
    ) as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].desk.opened(sent.id, "XB-OFF-001", net.now)
        await net["XB"].acknowledge(sent.id)
        await net.settle()
        await net["XB"].desk.answer(sent.id, "REFUSED", {"ground": "RG-22", "reasons": "x"}, net["XB"].officer, net.now)
        await net.settle()
        board = await net["XA"].desk.board("XA-OFF-001", net.now)
        assert [view.status for view in board.sent] == ["REFUSED"]
        cases = [await net[state].desk.case_view(sent.case, net.now) for state in ("XA", "XB")]
        assert cases[0].state_digest == cases[1].state_digest


async def test_workers_side_by_side_on_postgresql_page_once(tmp_path: Path, postgres_server: PostgresServer) -> None:
    async with simulated(
        tmp_path, "XA", "XB", url=lambda name: postgres_server.url(postgres_server.create_database())
    ) as net:
        for _ in range(4):
            await net["XA"].ask("XB")
        await net.settle()
        net.now += timedelta(minutes=10)
        await asyncio.gather(*(timers.run_due(net["XB"].cw, net.now) for _ in range(4)))
        await asyncio.gather(*(net["XB"].notices.run_due() for _ in range(2)))
        assert len(net["XB"].telephone.notices) == 8  # each of four requests: the first rung, then the second, once
