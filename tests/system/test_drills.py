"""Drills and pings over two real nodes: by commands, over real links, published in the real register and read by the other State."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.link.ping import ping
from contactpoint.link.register import RegisterClient
from contactpoint.main import drills as main_drills
from contactpoint.main.card import held_card
from contactpoint.main.dialling import station_dialler
from contactpoint.main.drills import card_step
from contactpoint.main.mirror import Mirror
from contactpoint.store.rows_drills import update_drill
from contactpoint.watch import drills, pings
from tests.cli.test_cli_threats import Commands
from tests.fixtures.network import StateAtWork, two_states, until


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


async def test_a_result_and_the_dispute_of_it_reach_the_register_and_stand_in_both_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_states(tmp_path) as net:
        here, there = Commands(net.qm, tmp_path), Commands(net.qn, tmp_path)
        sent = await here("drill", "start", "QN")
        await until(lambda: _arrived(net.qn))
        failed = {"reach": "not", "note": "no-answer", "next_at": None}
        for state in (net.qm, net.qn):
            await state.cw.db.write(lambda tx: update_drill(tx, sent["id"], failed))
        assert (await there("drill", "dispute", sent["id"], "--reason", "no power"))["dispute"] == "no power"
        monkeypatch.setattr(main_drills, "_RESULTS_EVERY", timedelta())
        for state in (net.qm, net.qn):
            means = state.node.means
            async with RegisterClient(means.settings.directory.url) as client:
                mirror = Mirror(means.folder, means.pinned, means.register, client, state.cw.keyring.station)
                step = card_step(state.cw, means, mirror)
                await step()
                number = held_card(means.folder).number
                await mirror.refresh(state.now())
                await step()
                assert held_card(means.folder).number == number  # what is published already is not published again

        async def seen() -> bool:
            for state in (net.qm, net.qn):
                state.cw.bell.ring("mirror")
            told = [(await state.desk.contact("QN", state.now())).reach for state in (net.qm, net.qn)]
            found = [[(each.by, each.reach, each.dispute) for each in (one.published if one else ())] for one in told]
            return found == [[("QM", "not", "no power")]] * 2

        await until(seen)
        (own,) = await here("drill", "list", "QN")
        assert own["dispute"] == "no power"
        # A card set from a file keeps what the node publishes, and a file that states it is refused.
        shown = await here("directory", "card", "show")
        assert shown["public"]["drills"][0]["state"] == "QN"


async def _arrived(state: StateAtWork) -> bool:
    return bool(await state.desk.drills.listed())
