"""Duty by the clock: who is told of a duty, when, and how often; and a time in which nobody would be called."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from contactpoint.domain.rota import Absence, Change, Override, Period, Rota, Rotation, Unit
from contactpoint.notify.notice import Subject
from contactpoint.store.desk_schema import officer, plan
from contactpoint.watch import rota as duty
from tests.simulator import START, SimulatedState, Simulator, simulated

DAY, HOUR, TINY = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
ONE, TWO = "XA-OFF-001", "XA-OFF-002"


def daily(**more: Any) -> dict[str, Any]:
    """Each a day, handed over at 13:00 UTC: the first of two has the day before the story, the second the first day of it."""
    anchor = (START - DAY).replace(tzinfo=None)
    return Rota("desk", "UTC", (Rotation("UTC", anchor, Unit.DAY, 1, (ONE, TWO)),), **more).to_plain()


async def looked(net: Simulator, at: datetime) -> list[str]:
    """What telephones say when the worker looks at this instant."""
    net.now = at
    xa = net["XA"]
    before = len(xa.telephone.notices)
    await duty.run_due(xa.cw, net.now)
    await xa.notices.run_due()
    return [notice.line for _, notice in xa.telephone.notices[before:]]


async def gap_tasks(state: SimulatedState, now: datetime) -> list[str]:
    tasks = (await state.desk.board("", now)).tasks
    return [task.text.partition("14 days. ")[2] for task in tasks if task.code == "W-ROTA-GAP"]


async def test_nothing_12_hours_and_a_second_before_a_shift_and_one_notice_12_hours_before(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        await net["XA"].desk.rota.save("desk", daily(), 0, net["XA"].officer, net.now)
        begins = START + DAY
        await looked(net, START + 2 * HOUR)
        assert await looked(net, begins - duty.BEFORE - TINY) == []
        (before,) = await looked(net, begins - duty.BEFORE)
        assert before.endswith("U3 Your duty begins: 202703051300")
        assert await looked(net, begins - duty.BEFORE + HOUR) == []
        assert await looked(net, begins - TINY) == []
        at_the_beginning = await looked(net, begins)
        assert len(at_the_beginning) == 1 and "U2 Your duty begins: 202703051300" in at_the_beginning[0]
        assert await looked(net, begins + TINY) == []
        assert await looked(net, begins + 2 * HOUR) == []


async def test_a_worker_that_stood_still_for_half_an_hour_tells_what_began_and_one_that_stood_for_two_hours_does_not(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA") as net:
        await net["XA"].desk.rota.save("desk", daily(), 0, net["XA"].officer, net.now)
        assert len(await looked(net, START + DAY + HOUR / 2)) == 1
        assert [line for line in await looked(net, START + 2 * DAY + 2 * HOUR) if "U2" in line] == []


async def test_many_workers_at_once_tell_of_a_shift_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        await xa.desk.rota.save("desk", daily(), 0, xa.officer, net.now)
        net.now = START + DAY
        await asyncio.gather(*(duty.run_due(xa.cw, net.now) for _ in range(5)))
        await xa.notices.run_due()
        assert [notice.subject for _, notice in xa.telephone.notices] == [Subject.DUTY]


async def test_whoever_stands_in_is_told_and_who_only_goes_on_is_not(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        stands_in = Override("1", Change.REPLACE, TWO, Period(START + DAY, START + 2 * DAY))
        await xa.desk.rota.save("desk", daily(overrides=(stands_in,)), 0, xa.officer, net.now)
        await looked(net, START + 2 * HOUR)
        assert await looked(net, START + DAY) == [], "the second officer goes on: no duty of his begins"
        assert await looked(net, START + 2 * DAY) == [], "and his own day follows"
        assert len(await looked(net, START + 3 * DAY)) == 1


async def test_a_locked_officer_is_told_of_no_duty(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        await xa.desk.rota.save("desk", daily(), 0, xa.officer, net.now)
        await xa.cw.db.write(lambda tx: tx.execute(update(officer).values(locked_at=net.now)))
        assert await looked(net, START + DAY) == []


async def test_a_gap_is_an_alarm_14_days_before_it_once_and_goes_when_it_is_closed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        away = Absence("1", ONE, Period(START + 21 * DAY, START + 22 * DAY))  # his day, and nobody else's
        await xa.desk.rota.save("desk", daily(absences=(away,)), 0, xa.officer, net.now)
        await looked(net, START + 7 * DAY - TINY)
        assert await gap_tasks(xa, net.now) == []
        await looked(net, START + 7 * DAY + TINY)
        assert await gap_tasks(xa, net.now) == ["desk: 2027-03-25 13:00 to 2027-03-26 13:00 UTC"]
        await looked(net, START + 12 * DAY)
        assert len(await gap_tasks(xa, net.now)) == 1
        told = [notice.reference for _, notice in xa.telephone.notices if notice.subject is Subject.TASK]
        assert told == ["202703251300"] * len(xa.officers), "each keeper once"
        await looked(net, START + 21 * DAY + HOUR)
        assert len(await gap_tasks(xa, net.now)) == 1, "a gap that runs stays one gap"
        stands_in = Override("2", Change.ADD, TWO, Period(START + 21 * DAY, START + 22 * DAY))
        await xa.desk.rota.add_override("desk", stands_in, xa.officer, net.now)
        await looked(net, START + 21 * DAY + HOUR + TINY)
        assert await gap_tasks(xa, net.now) == []


async def test_a_rota_that_was_changed_without_a_key_is_named_and_the_others_are_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        await xa.desk.rota.save("desk", daily(), 0, xa.officer, net.now)
        await xa.desk.rota.save("other", daily(), 0, xa.officer, net.now)
        forged = update(plan).where(plan.c.name == "other").values(version=2)
        await xa.cw.db.write(lambda tx: tx.execute(forged))
        assert len(await looked(net, START + DAY)) == 1
        tasks = (await xa.desk.board("", net.now)).tasks
        assert [task.text.rsplit(" ", 1)[1] for task in tasks if task.code == "E-PLAN"] == ["other"]
