"""Stories of one request's way, told in simulated time over real desks and gateways."""

from datetime import timedelta
from pathlib import Path

from tests.simulator import START, simulated


async def test_a_request_travels_and_both_ends_hold_the_same_state(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert {"held", "received", "rung"} <= set(await net["XA"].levels(sent.id))
        await net["XB"].desk.opened(sent.id, "XB-OFF-001", net.now)
        await net["XB"].acknowledge(sent.id)
        await net.settle()
        for state in ("XA", "XB"):
            view = await net[state].view(sent.id)
            assert (view.level, view.acknowledged_by) == ("acknowledged", "XB-OFF-001")
            # Who has it is this desk's own affair: the other end knows who took charge, and no more.
            assert view.holder == ("XB-OFF-001" if state == "XB" else "")
        cases = [await net[state].desk.case_view(sent.case, net.now) for state in ("XA", "XB")]
        assert cases[0].state_digest == cases[1].state_digest


async def test_nothing_at_9_59_exactly_one_page_more_at_10_00(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        phone = net["XB"].telephone
        assert len(phone.notices) == 1
        await net.pass_time(minutes=9, seconds=59)
        assert len(phone.notices) == 1
        await net.pass_time(seconds=1, step_s=1)
        assert [at - START for at, _ in phone.notices] == [timedelta(0), timedelta(minutes=10)]


async def test_an_acknowledgement_stops_every_later_page(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        await net.pass_time(hours=1, minutes=59)  # a quarter of the time for the answer later its holder is reminded
        assert len(net["XB"].telephone.notices) == 1


async def test_not_acknowledged_is_signed_by_both_states_at_the_common_deadline(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(minutes=29, seconds=59, step_s=60)
        assert "not-acknowledged" not in await net["XA"].levels(sent.id)
        await net.pass_time(seconds=1, step_s=1)
        for state in ("XA", "XB"):
            facts = [fact for fact in (await net[state].view(sent.id)).facts if fact.level == "not-acknowledged"]
            assert sorted(fact.by for fact in facts) == ["XA", "XB"]
        assert (await net["XA"].view(sent.id)).rings
        await net.pass_time(minutes=2)
        await net["XB"].acknowledge(sent.id)
        await net.pass_time(minutes=5)
        view = await net["XA"].view(sent.id)
        assert [fact.late_s for fact in view.facts if fact.level == "acknowledged"] == [120]
        assert not view.rings


async def test_a_desk_that_does_not_take_its_mail_is_not_received_and_its_gateway_says_so(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net["XB"].asleep = True
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(minutes=11)
        facts = {(fact.level, fact.by, fact.who) for fact in (await net["XA"].view(sent.id)).facts}
        assert ("not-received", "XA", "station") in facts
        assert ("not-received", "XB", "gateway") in facts
        net["XB"].asleep = False
        await net.settle()
        view = await net["XA"].view(sent.id)
        assert [fact.late_s for fact in view.facts if fact.level == "received"] == [60]


async def test_an_unreachable_gateway_is_said_after_the_class_s_limit_and_the_letter_still_arrives(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.weather.cut.add("XB")
        sent = await net["XA"].ask("XB")
        await net.pass_time(minutes=4, seconds=59)
        assert "unreachable" not in await net["XA"].levels(sent.id)
        await net.pass_time(seconds=1, step_s=1)
        assert "unreachable" in await net["XA"].levels(sent.id)
        net.weather.cut.clear()
        await net.pass_time(minutes=2)
        assert (await net["XB"].view(sent.id)).level == "received"
        board = await net["XA"].desk.board("XA-OFF-001", net.now)
        assert [task.phones for task in board.tasks if task.code == "W-UNREACHABLE"] == [("+999100200", "+999100201")]


async def test_a_worker_that_slept_three_hours_pages_once_and_says_every_twin_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        net["XB"].unwatched = True
        await net.pass_time(hours=3, step_s=600)
        before = len(net["XB"].telephone.notices)
        net["XB"].unwatched = False
        await net.settle()
        woken = net["XB"].telephone.notices[before:]
        assert 1 <= len(woken) <= 4  # each rung once, not every cycle that went by
        said = [fact.level for fact in (await net["XB"].view(sent.id)).facts if fact.by == "XB"]
        assert said.count("not-acknowledged") == 1


async def test_lost_answers_and_repeated_letters_are_delivered_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", seed=7) as net:
        net.weather.lost, net.weather.repeated = 0.5, 0.5
        sent = [(await net["XA"].ask("XB")).id for _ in range(5)]
        await net.pass_time(minutes=10)
        board = await net["XB"].desk.board("", net.now)
        assert sorted(view.id for view in board.unacknowledged) == sorted(sent)
        for request in sent:
            assert (await net["XA"].levels(request)).count("received") == 1


async def test_a_move_that_overtakes_the_letter_that_opens_its_case_waits_for_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.weather.held_back = 1.0
        sent = await net["XA"].ask("XB")
        await net["XA"].outbox.run_due()
        net.weather.calm()
        await net["XA"].desk.answer(sent.id, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net["XA"].outbox.run_due()
        await net["XB"].take()
        assert await net["XB"].desk.request_view(sent.id, net.now) is None
        await net.pass_time(minutes=15)
        digests = set()
        for state in ("XA", "XB"):
            assert (await net[state].view(sent.id)).status == "WITHDRAWN"
            digests.add((await net[state].desk.case_view(sent.case, net.now)).state_digest)
        assert len(digests) == 1
        assert not net["XB"].telephone.notices


async def test_a_rented_mailbox_works_like_an_own_one_and_its_host_reads_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QM", "XA", "XB", hosted={"XB": "QM"}) as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"
        held = [fact for fact in (await net["XA"].view(sent.id)).facts if fact.level == "held"]
        assert [fact.by for fact in held] == ["QM"]
        assert await net["QM"].desk.request_view(sent.id, net.now) is None
        assert b"hospital" not in (tmp_path / "QM-gateway.sqlite3").read_bytes()


async def test_withdrawing_stops_the_ringing_at_the_other_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XA"].desk.answer(sent.id, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net.pass_time(hours=1)
        assert not (await net["XB"].view(sent.id)).rings
        assert len(net["XB"].telephone.notices) == 1
        await net.pass_time(hours=24)
        for state in ("XA", "XB"):  # nobody waits for it any more, and nobody was late
            assert {each.met for each in (await net[state].view(sent.id)).deadlines} == {True}


async def test_without_a_key_the_station_takes_charge_and_both_sides_see_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        taken = await net["XB"].desk.acknowledge(sent.id, "XB-OFF-001", None, net.now)
        assert taken.kind == "ACK-DEGRADED"
        await net.settle()
        view = await net["XA"].view(sent.id)
        assert view.level == "acknowledged"
        assert [fact.who for fact in view.facts if fact.level == "acknowledged"] == ["station"]
        tasks = (await net["XB"].desk.board("", net.now)).tasks
        assert "W-DEGRADED" in [task.code for task in tasks]


async def test_a_second_acknowledgement_is_told_who_was_first(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        officer = net["XB"].officers["XB-OFF-002"]
        taken = await net["XB"].desk.acknowledge(sent.id, "XB-OFF-002", officer, net.now)
        assert taken.first == "XB-OFF-001"


async def test_a_request_that_expires_before_it_is_received_is_said_so_and_rings_until_somebody_has_looked(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        net.now += timedelta(days=13)  # it lay in the outbox until after its end
        net.weather.cut.add("XB")
        await net.settle()
        net.weather.cut.clear()
        await net.pass_time(days=2, step_s=3600)
        view = await net["XA"].view(sent.id)
        assert "expired" in [fact.level for fact in view.facts]
        assert view.rings
        await net["XA"].desk.opened(sent.id, "XA-OFF-001", net.now)
        assert not (await net["XA"].view(sent.id)).rings
