"""The same desks, gateways and workers on a real PostgreSQL: one story through every room, and workers side by side."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.notify.channel import Outcome, Result
from contactpoint.watch import timers
from contactpoint.watch.notices import Notices
from tests.fixtures.databases import PostgresServer
from tests.simulator import simulated
from tests.stories.call_examples import calling, three_due_pages, verified

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


async def test_failed_unknown_and_on_my_way_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    made = lambda name: postgres_server.url(postgres_server.create_database())  # noqa: E731
    async with calling(tmp_path, url=made) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "exec", "+999 000 0001")
        lines["smtp"].answers = [Outcome(Result.UNKNOWN, "no answer")]
        sent = await net["XA"].ask("XB")
        await net.settle()
        await asyncio.gather(*(xb.notices.run_due() for _ in range(3)))
        assert (len(lines["smtp"].pages), len(lines["exec"].pages)) == (1, 1)
        token = lines["exec"].said[-1][1].link.rpartition("/")[2]
        pressed = await asyncio.gather(*(xb.desk.notices.reach(token, net.now) for _ in range(4)))
        assert sum(each is not None for each in pressed) == 1
        await net.settle()
        assert (await xb.levels(sent.id)).count("officer-reached") == 1
        log = [(each.channel, each.result) for each in await xb.desk.notices.log(sent.id) if each.channel != "sms"]
        assert sorted(log) == [("exec", "DELIVERED"), ("smtp", "UNKNOWN")]


async def test_two_workers_say_three_due_pages_once_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    made = lambda name: postgres_server.url(postgres_server.create_database())  # noqa: E731
    async with calling(tmp_path, url=made) as (net, xb, lines):
        await three_due_pages(xb)
        net.now += timedelta(minutes=3)
        others = [Notices(xb.cw, lines, net.clock) for _ in range(2)]
        await asyncio.gather(*(each.run_due() for each in others))
        await asyncio.gather(*(each.run_due() for each in others))
        assert len(lines["sms"].said) == 1
        assert sorted(page.state for page in await xb.desk.pages("request-1")) == [
            "delivered",
            "held-back",
            "held-back",
        ]
