"""The watcher of the workers: late steps, silent workers, a night that nobody covers, and a signal that is given only while all is well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.casework import round as slip_round
from contactpoint.casework.round import hear_round, next_round
from contactpoint.domain.values import Address
from contactpoint.link.results import StoredResult
from contactpoint.main.metrics import Figures
from contactpoint.store.rows_desk import open_tasks
from contactpoint.store.rows_people import note_manned
from contactpoint.watch import auditor
from contactpoint.watch.fence import Fence
from contactpoint.wire.slip import read_slip
from tests.simulator import SimulatedState, simulated
from tests.stories.test_stories_worker import HERE


async def codes(state: SimulatedState) -> list[str]:
    return sorted(row.code for row in await state.cw.db.read(open_tasks))


async def sit_down(state: SimulatedState, officer: str) -> None:
    now = state.net.now
    await state.cw.db.write(lambda tx: note_manned(tx, officer, "window", now, now))


async def go_round(state: SimulatedState) -> None:
    """The slip to oneself over the simulated wire: own gateway, own mailbox, own desk."""
    slip = await next_round(state.cw, state.net.now)
    if slip is not None:
        assert isinstance(await state.gateway.put(state.peer(), slip), StoredResult)
    await state.net.settle()


async def test_a_step_that_is_overdue_by_five_seconds_is_told_once_with_a_page_and_leaves_the_board_when_it_is_done(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        desk = net["XB"]
        await sit_down(desk, "XB-OFF-001")
        desk.unwatched = True
        net.now += timedelta(minutes=10, seconds=4, milliseconds=999)
        await sit_down(desk, "XB-OFF-001")
        seen = await auditor.look(desk.cw, net.now)
        assert (seen.overdue, await codes(desk)) == (0, [])
        net.now += timedelta(milliseconds=2)
        for _ in range(3):
            seen = await auditor.look(desk.cw, net.now)
        assert (seen.overdue, await codes(desk)) == (1, ["W-OVERDUE"])
        # No worker lives, so the auditor's own process hands the pages out: one to each administrator.
        await desk.notices.run_due()
        assert [n.subject.name for _, n in desk.telephone.notices[1:]] == ["TASK", "TASK"]
        desk.unwatched = False
        await desk.work()
        await sit_down(desk, "XB-OFF-001")
        seen = await auditor.look(desk.cw, net.now)
        assert (seen.overdue, [code for code in await codes(desk) if code == "W-OVERDUE"]) == (0, [])


async def test_a_worker_that_falls_silent_is_told_once_and_one_that_ended_cleanly_is_not(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk = net["XA"]
        await sit_down(desk, "XA-OFF-001")
        killed, stopped = Fence(desk.cw, "killed", HERE), Fence(desk.cw, "stopped", HERE)
        await killed.beat(net.now)
        await stopped.beat(net.now)
        await stopped.leave()
        net.now += timedelta(seconds=10)
        await sit_down(desk, "XA-OFF-001")
        seen = await auditor.look(desk.cw, net.now)
        assert [each.name for each in seen.alive] == ["killed"]
        net.now += timedelta(milliseconds=1)
        for _ in range(2):
            seen = await auditor.look(desk.cw, net.now)
        assert await codes(desk) == ["W-WORKER-SILENT"]
        assert seen.not_ready() == ("worker: none has beaten in the last 10 s",)


async def test_nobody_on_duty_with_a_live_console_or_a_verified_channel_is_an_alarm_now(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk = net["XA"]
        assert not (await auditor.look(desk.cw, net.now)).reachable
        assert await codes(desk) == ["W-NOBODY-REACHABLE"]
        await sit_down(desk, "XA-OFF-002")
        assert not (await auditor.look(desk.cw, net.now)).reachable, "somebody who is not on duty does not count"
        await sit_down(desk, "XA-OFF-001")
        assert (await auditor.look(desk.cw, net.now)).reachable
        assert await codes(desk) == []
        net.now += timedelta(seconds=16)
        assert not (await auditor.look(desk.cw, net.now)).reachable, "a window that answers no beat rings nobody"


async def test_the_dead_man_signal_needs_a_worker_no_lag_and_a_slip_that_came_all_the_way_round(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk = net["XA"]
        worker = Fence(desk.cw, "one", HERE)
        await worker.beat(net.now)
        never = "round: no slip to ourselves came back in the last 5 minutes"
        assert (await auditor.look(desk.cw, net.now)).not_well() == (never,)
        await go_round(desk)
        assert (await auditor.look(desk.cw, net.now)).not_well() == ()
        net.now += timedelta(minutes=5)
        await worker.beat(net.now)
        assert (await auditor.look(desk.cw, net.now)).not_well() == ()
        net.now += timedelta(milliseconds=1)
        assert (await auditor.look(desk.cw, net.now)).not_well() == (never,)
        desk.asleep = True  # its gateway holds, and its desk takes nothing
        await go_round(desk)
        assert (await auditor.look(desk.cw, net.now)).not_well() == (never,)
        desk.asleep = False
        await net.settle()
        assert (await auditor.look(desk.cw, net.now)).not_well() == ()


async def test_of_many_processes_one_a_minute_gives_the_signal_and_makes_the_round(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        cw = net["XA"].cw
        assert [await auditor.take_deadman(cw, net.now) for _ in range(3)] == [True, False, False]
        assert await auditor.take_deadman(cw, net.now + timedelta(seconds=59)) is False
        assert await auditor.take_deadman(cw, net.now + timedelta(seconds=60)) is True
        assert await auditor.take_deadman(cw, net.now) is True, "a clock that was set back does not silence it"
        assert await next_round(cw, net.now) is not None
        assert await next_round(cw, net.now + slip_round.EVERY - timedelta(milliseconds=1)) is None


async def test_a_round_of_another_state_or_an_older_one_proves_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        desk = net["XA"]
        first = await next_round(desk.cw, net.now)
        net.now += slip_round.EVERY
        second = await next_round(desk.cw, net.now)
        assert first is not None and second is not None
        older, _ = read_slip(first)
        fresh, _ = read_slip(second)
        from dataclasses import replace

        for false in (older, replace(fresh, sender=Address("XB"))):
            await desk.cw.db.write(lambda tx, slip=false: hear_round(tx, desk.cw, slip, net.now))
            assert (await auditor.look(desk.cw, net.now)).round_at is None
        await desk.cw.db.write(lambda tx: hear_round(tx, desk.cw, fresh, net.now))
        later = net.now + timedelta(minutes=1)
        await desk.cw.db.write(lambda tx: hear_round(tx, desk.cw, fresh, later))
        assert (await auditor.look(desk.cw, net.now)).round_at == net.now, "a replay makes it no fresher"


async def test_the_figures_say_how_late_steps_were_and_who_is_alive(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk = net["XA"]
        worker = Fence(desk.cw, "one", HERE)
        worker.fired([net.now - timedelta(milliseconds=ms) for ms in (*range(100), 4000)], net.now)
        await worker.beat(net.now)
        figures = Figures()
        figures.show(await auditor.look(desk.cw, net.now))

        def said(name: str, **labels: str) -> float | None:
            return figures.registry.get_sample_value(f"contactpoint_{name}", labels)

        lags = [said("due_lag_seconds", quantile=each) for each in ("0.5", "0.99", "1")]
        assert lags == [pytest.approx(0.05), pytest.approx(0.099), 4.0]
        assert (said("workers_alive"), said("steps_fired"), said("somebody_reachable")) == (1, 101, 0)
