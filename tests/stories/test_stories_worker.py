"""Workers side by side, clocks that are set, rows that break: every step once, nobody forgotten, and the reason said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import journal, request, task
from contactpoint.watch import timers
from contactpoint.watch.fence import SILENT, Fence, FenceError, Version
from contactpoint.watch.stepped import ClockWatch, tell_stepped
from tests.simulator import START, SimulatedState, simulated

HERE = Version("0.1.0", "desk_0001", "1a2b3c4d", "2026c")


async def tasks(state: SimulatedState) -> list[tuple[str, str]]:
    query = select(task.c.code, task.c.note).where(task.c.done_at.is_(None))
    return [(row.code, row.note) for row in await state.cw.db.read(lambda tx: _all(tx, query))]


async def _all(tx, query):
    return (await tx.execute(query)).all()


async def _do(tx, statement):
    await tx.execute(statement)


async def test_a_worker_stopped_for_three_minutes_over_three_due_reminders_pages_once_and_the_log_shows_three(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        desk = net["XB"]
        await desk.call(("duty officer", ("OFF-001",), 60))
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert len(desk.telephone.notices) == 1
        desk.unwatched = True
        await net.pass_time(minutes=3)
        assert len(desk.telephone.notices) == 1
        desk.unwatched = False
        await net.settle()
        assert len(desk.telephone.notices) == 2, "one catch-up notice on the one channel"
        events = await desk.cw.db.read(lambda tx: _all(tx, select(journal.entries.c.event, journal.entries.c.subject)))
        assert ("caught up: 3 rungs were due", sent.id) in [tuple(row) for row in events]
        assert "W-CATCH-UP" in [code for code, _ in await tasks(desk)]
        await net.pass_time(seconds=59, step_s=59)
        assert len(desk.telephone.notices) == 2
        await net.pass_time(seconds=1, step_s=1)
        assert len(desk.telephone.notices) == 3
        assert (await desk.view(sent.id)).level == "received"


async def test_a_clock_set_back_ten_minutes_fires_nothing_twice_and_is_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(minutes=10)
        desk = net["XB"]
        fence = Fence(desk.cw, "first", HERE)
        await fence.beat(net.now)
        assert len(desk.telephone.notices) == 2
        net.now -= timedelta(minutes=10)
        await fence.beat(net.now)
        await net.pass_time(minutes=19, seconds=59)
        assert len(desk.telephone.notices) == 2
        await net.pass_time(seconds=1, step_s=1)
        assert [at - START for at, _ in desk.telephone.notices] == [timedelta(minutes=m) for m in (0, 10, 20, 20)]
        assert ("W-CLOCK-STEPPED", "-600 s") in await tasks(desk)


def test_a_clock_that_runs_as_it_should_is_not_reported_and_one_set_forward_is() -> None:
    watch = ClockWatch()
    assert not watch.look(START, 100.0)
    assert not watch.look(START + timedelta(seconds=3), 103.1)
    assert watch.look(START + timedelta(minutes=10), 106.0) == timedelta(seconds=594.1)
    assert not watch.look(START + timedelta(minutes=10, seconds=3), 109.0)
    assert watch.look(START, 112.0) == -timedelta(minutes=10, seconds=6)


async def test_a_clock_set_forward_is_one_open_task_that_says_how_far(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        cw = net["XA"].cw
        for seconds in (594, 20):
            await cw.db.write(lambda tx, s=seconds: tell_stepped(tx, cw, timedelta(seconds=s), net.now))
        assert await tasks(net["XA"]) == [("W-CLOCK-STEPPED", "+594 s")]


async def test_of_two_workers_with_different_zone_data_the_second_refuses_to_work_and_says_why(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        desk = net["XB"]
        first, second = Fence(desk.cw, "first", HERE), Fence(desk.cw, "second", replace(HERE, tzdata="2025b"))
        await first.beat(net.now)
        with pytest.raises(FenceError, match="tzdata 2025b here, 2026c there"):
            await second.beat(net.now)
        assert ("E-FENCE", "workers of another version are at work: tzdata 2025b here, 2026c there") in await tasks(
            desk
        )
        net.now += timedelta(minutes=10)
        # It has not looked at its last beat's answer, or beats no more: the claim itself refuses.
        with pytest.raises(FenceError):
            await timers.run_due(desk.cw, net.now, second)
        assert await timers.run_due(desk.cw, net.now, first) == 1


async def test_the_newer_worker_begins_when_the_last_older_one_has_ended_or_fallen_silent(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        old, new = Fence(net["XA"].cw, "old", HERE), Fence(net["XA"].cw, "new", replace(HERE, code="0.2.0"))
        await old.beat(net.now)
        with pytest.raises(FenceError, match=r"code 0\.2\.0 here, 0\.1\.0 there"):
            await new.beat(net.now + SILENT)
        await new.beat(net.now + SILENT + timedelta(milliseconds=1))
        with pytest.raises(FenceError, match=r"code 0\.1\.0 here, 0\.2\.0 there"):
            await old.beat(net.now + SILENT + timedelta(seconds=1))
        await new.leave()
        await old.beat(net.now + SILENT + timedelta(seconds=2))


async def test_a_request_whose_slips_cannot_be_said_still_climbs_and_a_person_is_told_at_the_third_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        desk = net["XB"]

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("no slip today")

        monkeypatch.setattr("contactpoint.casework.effects.say", broken)
        await net.pass_time(minutes=11, seconds=59, step_s=1)
        assert len(desk.telephone.notices) == 1
        assert not await tasks(desk)
        await net.pass_time(seconds=1, step_s=1)
        assert len(desk.telephone.notices) == 2, "the next rung was paged without its slip"
        assert ("E-POISONED", "RuntimeError") in await tasks(desk)
        await net.pass_time(minutes=8, step_s=1)
        assert len(desk.telephone.notices) == 4, "and the one after it at its own instant: both officers"


async def test_a_ladder_that_nobody_can_read_calls_who_is_on_duty_once_and_is_claimed_no_more(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent, whole = await net["XA"].ask("XB"), await net["XA"].ask("XB")
        await net.settle()
        desk = net["XB"]
        torn = update(request).where(request.c.id == sent.id).values(ladder="{}")
        await desk.cw.db.write(lambda tx: _do(tx, torn))
        await net.pass_time(minutes=10)
        await net.pass_time(minutes=3)
        told = [notice.reference for _, notice in desk.telephone.notices]
        assert told.count(sent.id[-12:]) == 2
        assert told.count(whole.id[-12:]) == 2, "the others are not held up"
        assert "E-POISONED" in [code for code, _ in await tasks(desk)]
        rows = await desk.cw.db.read(lambda tx: _all(tx, select(request.c.next_at).where(request.c.id == sent.id)))
        assert rows[0].next_at is None


async def test_workers_side_by_side_on_one_file_fire_each_step_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        for _ in range(3):
            await net["XA"].ask("XB")
        await net.settle()
        net.now += timedelta(minutes=10)
        await asyncio.gather(*(timers.run_due(net["XB"].cw, net.now) for _ in range(4)))
        await net["XB"].notices.run_due()
        assert len(net["XB"].telephone.notices) == 6
        rows = await net["XB"].cw.db.read(lambda tx: _all(tx, select(journal.entries.c.subject)))
        assert rows


async def test_what_has_a_life_in_danger_is_claimed_by_itself_before_the_rest(tmp_path: Path) -> None:
    class Claims:
        def __init__(self) -> None:
            self.of: list[list[str]] = []

        async def check(self, tx: AsyncConnection) -> None:
            """Whoever asks may work."""

        def fired(self, due: Sequence[datetime], now: datetime) -> None:
            self.of.append([due_at[at] for at in due])

    async with simulated(tmp_path, "XA", "XB") as net:
        first, second = await net["XA"].ask("XB"), await net["XA"].ask("XB")
        await net.settle()
        desk, claims, due_at = net["XB"], Claims(), {}
        for number, (sent, urgency) in enumerate(((first, "U1"), (second, "U0"))):
            at = net.now + timedelta(seconds=number)
            due_at[at] = urgency
            due = update(request).where(request.c.id == sent.id).values(next_at=at, urgency=urgency)
            await desk.cw.db.write(lambda tx, due=due: _do(tx, due))
        net.now += timedelta(minutes=10)
        assert await timers.run_due(desk.cw, net.now, claims) == 2
        assert claims.of == [["U0"], ["U1"]]
