"""Drills and pings over two real nodes: by commands, over real links, published in the real register and read by the other State."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from contactpoint.link.ping import ping
from contactpoint.main.dialling import station_dialler
from contactpoint.watch import drills, pings
from tests.cli.test_cli_threats import Commands
from tests.fixtures.network import two_states, until


async def test_a_drill_goes_by_commands_is_answered_by_an_officer_and_its_class_is_published(tmp_path: Path) -> None:
    async with two_states(tmp_path) as net:
        here, there = Commands(net.qm, tmp_path), Commands(net.qn, tmp_path)
        sent = await here("drill", "start", "QN")
        assert (await here("drill", "start", "QN", code=1))["error"]["code"] == "E-DRILL-RUNS"

        async def arrived() -> bool:
            return bool(await net.qn.desk.drills.listed())

        await until(arrived)
        case = await net.qn.desk.case_view(sent["case"], net.qn.now())
        number = {"nonce": case.statements[0].body["nonce"]}
        await net.qn.desk.answer(sent["id"], "OK", number, net.qn.key, net.qn.now())

        async def passed() -> bool:
            for state in (net.qm, net.qn):
                await drills.settle(state.cw, state.now())
            found = [(await state.desk.drills.listed())[0].reach for state in (net.qm, net.qn)]
            return found == ["5-min", "5-min"]

        await until(passed)
        (listed,) = await here("drill", "list", "QN")
        assert (listed["reach"], listed["by"]) == ("5-min", net.qm.officer)

        # Announced, read by the other, and then nobody tries it.
        begins, ends = net.qn.now() + timedelta(seconds=4), net.qn.now() + timedelta(hours=2)
        span = ("--from", begins.isoformat(), "--until", ends.isoformat(), "--reason", "power works", "--yes")
        assert (await there("drill", "closure", *span))["public"]["closures"]
        late = ("--from", (begins - timedelta(hours=1)).isoformat(), "--until", ends.isoformat(), "--yes")
        assert (await there("drill", "closure", *late, code=1))["error"]["code"] == "E-CLOSURE"

        async def announced() -> bool:
            net.qm.cw.bell.ring("mirror")
            (figures,) = await here("drill", "figures", "QN")
            return figures["closure"] is not None and net.qm.now() > begins

        await until(announced)
        assert (await here("drill", "start", "QN", code=1))["error"]["code"] == "E-CLOSED"


async def test_each_minute_has_its_mark_and_a_node_that_is_gone_is_missed(tmp_path: Path) -> None:
    async with two_states(tmp_path) as net:
        qm, now = net.qm, net.qm.now().replace(second=0, microsecond=0)
        dialler = station_dialler(qm.cw, qm.node.means)

        async def measure(minutes: int) -> int:
            at = now + timedelta(minutes=minutes)
            return await pings.run_round(qm.cw, lambda address: ping(dialler.caller, address), at, spread_s=0.0)

        assert await measure(61) == 1
        assert await measure(61) == 0  # another worker in the same minute
        found = (await qm.desk.drills.figures(now + timedelta(minutes=62)))[0]
        assert (found.day.tried, found.day.reached) in ((1, 1), (2, 2))  # the node's own round may have been first
        assert found.day.median_ms is not None
        addresses = qm.cw.register.addresses("QN")
        gone = [type(each)(each.state, "wss://127.0.0.1:9/", each.pin) for each in addresses]
        qm.cw.register.addresses = lambda state: tuple(gone)  # type: ignore[method-assign]
        await measure(63)
        month = (await qm.desk.drills.figures(now + timedelta(minutes=64)))[0].month
        assert month.tried - month.reached == 1
        await dialler.close()
