"""Whether anybody is there: drills, pings, closures, and bells that fall silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactpoint.desk.errors import NotPermittedError
from contactpoint.desk.toolkeys import Scope, add_key, revoke_key
from contactpoint.watch import bells
from tests.simulator import SimulatedState, simulated


async def tasks(state: SimulatedState) -> list[str]:
    await bells.run_due(state.cw, state.net.now)
    return [task.code for task in (await state.desk.board("", state.net.now)).tasks]


async def test_a_bell_that_is_gone_rings_at_the_console_at_sixty_seconds_and_not_at_fifty_nine(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        token = await add_key(xa.cw, "guard room", Scope.BELL, net.now)
        await net.pass_time(minutes=5)
        assert (await xa.desk.beat(net.now)).bells == 0  # it was never used: nobody misses it
        await xa.desk.bell_rings(token, net.now)
        await net.pass_time(seconds=59, step_s=59)
        assert (await xa.desk.beat(net.now)).bells == 0
        assert await tasks(xa) == []
        await net.pass_time(seconds=1, step_s=1)
        assert (await xa.desk.beat(net.now)).bells == 1
        assert await tasks(xa) == ["W-BELL-GONE"]
        assert await tasks(xa) == ["W-BELL-GONE"]  # once, however often one looks
        await xa.desk.bell_rings(token, net.now)
        assert (await xa.desk.beat(net.now)).bells == 0
        assert await tasks(xa) == []


async def test_a_bell_whose_key_was_revoked_is_not_missed_and_listens_no_more(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        token = await add_key(xa.cw, "guard room", Scope.BELL, net.now)
        await xa.desk.bell_rings(token, net.now)
        await net.pass_time(minutes=2)
        assert await tasks(xa) == ["W-BELL-GONE"]
        await revoke_key(xa.cw, "guard room", Scope.BELL, net.now)
        assert await tasks(xa) == []
        with pytest.raises(NotPermittedError):
            await xa.desk.bell_rings(token, net.now)


async def test_a_key_of_the_feed_cannot_pose_as_a_bell(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        token = await net["XA"].desk.threats.add_key("siem", net.now)
        with pytest.raises(NotPermittedError):
            await net["XA"].desk.bell_rings(token, net.now)
