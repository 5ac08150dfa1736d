"""Whether anybody is there: drills, pings, closures, and bells that fall silent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, _put_out, queue, seal
from contactpoint.desk.compose import _statement, prepare
from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError
from contactpoint.desk.evidence import export
from contactpoint.desk.plan import Plan, Signer, open_case
from contactpoint.desk.toolkeys import Scope, add_key, revoke_key
from contactpoint.desk.verify import verify
from contactpoint.domain.errors import DomainError
from contactpoint.domain.rota import Rota, Rotation, Unit
from contactpoint.domain.values import Address, Urgency
from contactpoint.link.tls import GatewayAddress
from contactpoint.store.desk_schema import sheet
from contactpoint.store.rows_drills import pings_since, plans
from contactpoint.watch import bells, drills, pings
from contactpoint.watch.drills import DrillOrder
from contactpoint.wire.statement import decode_statement, encode_statement
from directory.card import Closure, Dispute, DrillResult
from keys.signed import sign
from keys.signing import SigningKey
from tests.simulator import SimulatedState, Simulator, preservation_body, simulated


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


# Drills

EVERY_FOUR_WEEKS = DrillOrder()


async def drilled(net: Simulator, peer: str = "XB") -> str:
    """An officer of XA tries another State; the drill is on its way."""
    xa = net["XA"]
    sent = await xa.desk.drills.start(peer, xa.officer, net.now)
    await net.settle()
    return sent.id


async def settled(net: Simulator, drill: str, *states: str) -> list[tuple[str, str]]:
    """(class, note) of a drill at each of these States, once both have looked."""
    found = []
    for state in states or ("XA", "XB"):
        await drills.settle(net[state].cw, net.now)
        (view,) = [each for each in await net[state].desk.drills.listed() if each.id == drill]
        found.append((view.reach, view.note))
    return found


async def number_of(state: SimulatedState, drill: str) -> str:
    view = await state.desk.case_view(drill, state.net.now)
    return str(view.statements[0].body["nonce"])


async def answer(state: SimulatedState, drill: str, number: str | None = None) -> None:
    body = {"nonce": await number_of(state, drill) if number is None else number}
    await state.desk.answer(drill, "OK", body, state.officer, state.net.now)
    await state.net.settle()


@pytest.mark.parametrize(
    ("minutes", "seconds", "reach"),
    [
        (5, 0, "5-min"),
        (5, 1, "30-min"),
        pytest.param(30, 0, "30-min", marks=pytest.mark.matrix),
        pytest.param(30, 1, "4-h", marks=pytest.mark.matrix),
        (240, 0, "4-h"),
    ],
)
async def test_both_ends_come_to_the_same_class_of_the_same_drill(
    tmp_path: Path, minutes: int, seconds: int, reach: str
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        drill = await drilled(net)
        await net.pass_time(minutes=minutes, seconds=seconds, step_s=600)
        assert await settled(net, drill) == [("", ""), ("", "")]
        await answer(net["XB"], drill)
        assert await settled(net, drill) == [(reach, ""), (reach, "")]


async def test_after_four_hours_and_the_way_of_an_answer_it_has_failed_and_a_late_answer_changes_nothing(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        drill = await drilled(net)
        await net.pass_time(hours=4, minutes=1, seconds=59, step_s=7200)
        assert await settled(net, drill) == [("", ""), ("", "")]
        await net.pass_time(seconds=1, step_s=1)
        assert await settled(net, drill) == [("not", "no-answer"), ("not", "no-answer")]
        await answer(net["XB"], drill)
        assert await settled(net, drill) == [("not", "no-answer"), ("not", "no-answer")]
        # Both boards say so, once, with the telephone numbers where somebody is to call.
        boards = [(await net[state].desk.board("", net.now)).tasks for state in ("XA", "XB")]
        told = [[(task.code, task.phones != ()) for task in board if "DRILL" in task.code] for board in boards]
        assert told == [[("W-DRILL-UNANSWERED", True)], [("W-DRILL-FAILED", True)]]
        assert (await net["XA"].desk.beat(net.now)).overdue == 0


async def test_a_drill_rings_the_officers_of_the_tested_state_and_nobody_of_the_testing_one(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        drill = await drilled(net)
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 1
        assert [notice.urgency for _, notice in net["XB"].telephone.notices] == ["U1"]
        await net.pass_time(hours=1, step_s=600)
        beat = await net["XA"].desk.beat(net.now)
        assert (beat.unacknowledged, beat.overdue, beat.answers) == (0, 0, 0)
        await answer(net["XB"], drill)
        beat = await net["XA"].desk.beat(net.now)
        assert (beat.unacknowledged, beat.overdue, beat.answers) == (0, 0, 0)
        assert net["XA"].telephone.notices == []


async def test_a_machine_s_acknowledgement_is_no_person(tmp_path: Path) -> None:
    """The station can say that somebody took charge; it cannot pass the drill."""
    async with simulated(tmp_path, "XA", "XB") as net:
        drill = await drilled(net)
        await net["XB"].desk.acknowledge(drill, "XB-OFF-001", None, net.now)
        await net.pass_time(hours=4, minutes=2, step_s=7200)
        assert await settled(net, drill) == [("not", "no-answer"), ("not", "no-answer")]


@pytest.mark.parametrize("hand", ["station", "stranger"])
async def test_an_answer_that_no_officer_signed_is_rejected(tmp_path: Path, hand: str) -> None:
    """An attack: a script at the tested State answers by itself, with the station's key or with a key of its own making."""
    async with simulated(tmp_path, "XA", "XB") as net:
        drill, xb = await drilled(net), net["XB"]
        key = xb.cw.keyring.station if hand == "station" else SigningKey.from_seed(net.random(64))
        certificates = () if hand == "station" else xb.officer.certificates
        number = "" if hand == "station" else xb.officer.number
        await forge(xb, drill, {"nonce": await number_of(xb, drill)}, Hand(number, key, certificates))
        await net.settle()
        assert await settled(net, drill, "XA") == [("", "")]
        view = await net["XA"].desk.board("", net.now)
        assert "E-SIGNATURE" in {task.code for task in view.tasks}


async def test_an_old_answer_is_no_answer_to_a_new_drill(tmp_path: Path) -> None:
    """An attack: the number of last month's drill, signed by an officer who was there then."""
    async with simulated(tmp_path, "XA", "XB") as net:
        first = await drilled(net)
        old = await number_of(net["XB"], first)
        await answer(net["XB"], first)
        await settled(net, first)
        second = await drilled(net)
        with pytest.raises(DraftError) as refused:
            await answer(net["XB"], second, old)
        assert refused.value.code == "E-DRILL-NUMBER"
        # A desk of another product sends it all the same.
        await forge(net["XB"], second, {"nonce": old}, net["XB"].officer)
        await net.settle()
        assert await settled(net, second) == [("not", "wrong-number"), ("not", "wrong-number")]


async def test_who_is_neither_on_duty_nor_called_does_not_pass_the_drill(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        anchor = (net.now - timedelta(days=1)).replace(tzinfo=None)
        rota = Rota("desk", "UTC", (Rotation("UTC", anchor, Unit.DAY, 1, ("XB-OFF-002",)),))
        await xb.desk.rota.save("desk", rota.to_plain(), 0, xb.officer, net.now)
        third = await xb.hire("XB-OFF-003")
        drill = await drilled(net)
        number = {"nonce": await number_of(xb, drill)}
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.answer(drill, "OK", number, third, net.now)
        assert refused.value.code == "E-OFF-DUTY"
        paged = {page.officer for page in await xb.desk.pages(drill)}
        assert "XB-OFF-002" not in paged  # the rota alone lets this one answer
        await xb.desk.answer(drill, "OK", number, xb.officers["XB-OFF-002"], net.now)
        await net.settle()
        assert await settled(net, drill) == [("5-min", ""), ("5-min", "")]
        # Whom the drill itself has paged may answer it, too.
        again = await drilled(net)
        assert "XB-OFF-001" in {page.officer for page in await xb.desk.pages(again)}
        await answer(xb, again)
        assert await settled(net, again) == [("5-min", ""), ("5-min", "")]


async def test_a_drill_that_its_sender_ends_says_nothing_of_anybody(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        drill, xa = await drilled(net), net["XA"]
        await xa.desk.answer(drill, "NO-ANSWER", {"tried": "one telephone"}, xa.officer, net.now)
        await net.settle()
        assert await settled(net, drill) == [("void", "ended-by-asker"), ("void", "ended-by-asker")]
        assert (await xa.desk.drills.figures(net.now))[0].last is None
        assert (await xa.desk.drills.to_publish(net.now))[0] == ()


async def test_a_state_is_never_tried_twice_at_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await drilled(net)
        with pytest.raises(NotPermittedError) as refused:
            await drilled(net)
        assert refused.value.code == "E-DRILL-RUNS"


async def test_a_flood_of_drills_rings_once(tmp_path: Path) -> None:
    """An attack: a hundred drills in one night, until nobody heeds the bell any more."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        for number in range(6):
            await net["XA"].ask("XB", "DIR-PING", body={"nonce": f"{number:08d}"})
        await net.settle()
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 1
        await net["XC"].ask("XB", "DIR-PING", body={"nonce": "00000000"})
        await net.settle()
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 2  # of another State it rings


async def test_what_never_arrived_is_failed_at_the_sender_and_unknown_at_the_other(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.weather.cut.add("XB")
        drill = await drilled(net)
        await net.pass_time(hours=4, minutes=2, step_s=7200)
        assert await settled(net, drill, "XA") == [("not", "not-held")]
        assert await net["XB"].desk.drills.listed() == ()


# By the clock


async def test_the_machine_opens_a_drill_within_four_weeks_at_an_hour_of_chance_once_with_two_workers(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now)
        (plan,) = await xa.cw.db.read(plans)
        assert net.now < plan.next_at <= net.now + timedelta(days=28)
        net.now = plan.next_at - timedelta(seconds=1)
        await net.begin_day()
        assert await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now) == 0
        net.now = plan.next_at
        opened = await asyncio.gather(*(drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now) for _ in range(4)))
        assert sum(opened) == 1
        await net.settle()
        (drill,) = await xa.desk.drills.listed()
        assert drill.by == ""  # the station signed it: no officer of XA was needed
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 1
        await answer(net["XB"], drill.id)
        assert await settled(net, drill.id) == [("5-min", ""), ("5-min", "")]
        for state in ("XA", "XB"):  # either end proves it to a court, with a letter that no officer of XA signed
            report = verify(await export(net[state].cw, drill.id, net.now), None)
            assert report.verified, report.problems
        (later,) = await xa.cw.db.read(plans)
        assert timedelta(days=14) <= later.next_at - plan.next_at <= timedelta(days=28)


@pytest.mark.parametrize("urgency", [Urgency.U1, pytest.param(Urgency.U2, marks=pytest.mark.matrix)])
async def test_a_station_opens_drills_and_nothing_else(tmp_path: Path, urgency: Urgency) -> None:
    """An attack: whoever took over a desk has its station's key; it must not be enough for a request that asks something."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        station = Hand("", xa.cw.keyring.station, ())
        for kind, body in (("PRES-NEW", preservation_body(net.now)), ("DIR-PING", {"nonce": "12345678"})):
            plan = Plan(kind, Address("XB"), urgency, body, None, None, "en", None, "", "")
            await smuggle(xa, prepare(xa.cw, plan, station, net.now).letter)
        await net.settle()
        board = await net["XB"].desk.board("", net.now)
        drilled = [] if urgency is Urgency.U2 else ["DIR-PING"]  # and that in the one class that the catalogue names
        assert [view.kind for view in board.unacknowledged] == drilled
        assert "E-SIGNATURE" in {task.code for task in board.tasks}


async def test_a_state_that_cannot_be_written_to_holds_up_no_other(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        xa = net["XA"]
        await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now)
        net.now += timedelta(days=29)  # the worker slept: both are due
        await net.begin_day()
        await xa.cw.db.write(lambda tx: tx.execute(delete(sheet).where(sheet.c.state == "XB")))
        assert await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now) == 1
        assert [drill.peer for drill in await xa.desk.drills.listed()] == ["XC"]
        later = {plan.peer: plan.next_at - net.now for plan in await xa.cw.db.read(plans)}
        assert later["XB"] == timedelta(minutes=10)
        await net.exchange_sheets()
        net.now += timedelta(minutes=10)
        assert await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now) == 1


# Closures


async def test_a_closure_that_was_announced_puts_the_drill_off_and_one_that_comes_later_excuses_nothing(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now)
        (plan,) = await xa.cw.db.read(plans)
        net.now = plan.next_at - timedelta(hours=1)
        closed = Closure(
            begins=plan.next_at - timedelta(minutes=1), ends=plan.next_at + timedelta(hours=6), reason="move"
        )
        net.register.change_card("XB", net.now, closures=(closed,))
        await net.begin_day()
        net.now = plan.next_at
        assert await drills.run_due(xa.cw, EVERY_FOUR_WEEKS, net.now) == 0
        (later,) = await xa.cw.db.read(plans)
        assert later.next_at >= closed.ends
        with pytest.raises(NotPermittedError) as refused:
            await drilled(net)
        assert refused.value.code == "E-CLOSED"
        # After it has failed a drill a State says that it had been closed.
        net.now = closed.ends
        drill = await drilled(net)
        await net.pass_time(hours=4, minutes=2, step_s=7200)
        lie = Closure(begins=closed.begins, ends=net.now, reason="we were away")
        net.register.change_card("XB", net.now, closures=(lie,))
        await net.refresh()
        assert await settled(net, drill, "XA") == [("not", "no-answer")]


# Disputes, and what is published


async def test_a_failed_drill_is_disputed_once_and_both_views_are_shown_to_all(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        xa, xb, xc = (net[state] for state in ("XA", "XB", "XC"))
        drill = await drilled(net)
        with pytest.raises(NotPermittedError):
            await xb.desk.drills.dispute(drill, "too early", xb.officer, net.now)
        await net.pass_time(hours=4, minutes=2, step_s=7200)
        await settled(net, drill)
        await xb.desk.drills.dispute(drill[:13], "the exchange had no power", xb.officer, net.now)
        with pytest.raises(NotPermittedError):
            await xb.desk.drills.dispute(drill, "or something else", xb.officer, net.now)
        with pytest.raises(NotPermittedError):
            await xa.desk.drills.dispute(drill, "not ours to dispute", xa.officer, net.now)
        for state in (xa, xb):
            results, disputes = await state.desk.drills.to_publish(net.now)
            net.register.change_card(
                state.state,
                net.now,
                drills=tuple(DrillResult.model_validate(each) for each in results),
                disputes=tuple(Dispute.model_validate(each) for each in disputes),
            )
        await net.refresh()
        (seen,) = [each for each in await xc.desk.drills.figures(net.now) if each.state == "XB"]
        (told,) = seen.published
        assert (told.by, told.reach, told.dispute) == ("XA", "not", "the exchange had no power")
        (own,) = await xa.desk.drills.listed("XB")
        assert own.dispute == "the exchange had no power"
        # Both ends name the same letter, which each of them holds.
        assert own.digest == (await xb.desk.drills.listed("XA"))[0].digest


async def test_a_drill_by_telephone_is_written_down_by_hand_and_never_published(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        made = await xa.desk.drills.record("XB", "telephone", timedelta(minutes=7), xa.officer, net.now)
        assert (made.reach, made.by) == ("30-min", "XA-OFF-001")
        nobody = await xa.desk.drills.record("XB", "alternate", None, xa.officer, net.now + timedelta(seconds=1))
        assert nobody.reach == "not"
        assert (await xa.desk.drills.to_publish(net.now))[0] == ()
        for wrong in (("XB", "carrier pigeon"), ("XA", "telephone"), ("ZZ", "telephone")):
            with pytest.raises(DeskError):
                await xa.desk.drills.record(*wrong, None, xa.officer, net.now)


# By a hand that is not ours


@dataclass(frozen=True)
class Hand:
    """Whoever signs."""

    number: str
    key: SigningKey
    certificates: tuple[bytes, ...]
    rights: tuple[str, ...] = ()


async def forge(state: SimulatedState, drill: str, body: dict[str, str], hand: Signer) -> None:
    """An answer past the own desk's checks, put out as another product might."""
    cw, now = state.cw, state.net.now
    case = await open_case(cw, drill)
    request = case.case.requests[drill]
    plan = Plan("OK", request.sender, request.urgency, body, drill, request.digest, "en", None, "", "")
    statement = _statement(cw, plan, new_id(cw.random, now), case, hand.number, now)
    signed = sign("statement", encode_statement(statement, cw.net), [hand.key], cw.net)
    letter = SignedLetter(decode_statement(signed.content, cw.net), signed, hand.certificates)
    try:
        await queue(cw, letter, None, "", "", now)
    except DomainError:
        await smuggle(state, letter)


async def smuggle(state: SimulatedState, letter: SignedLetter) -> None:
    """Straight to the wire, past what the own fold refuses."""
    cw, now = state.cw, state.net.now
    sealed = await seal(cw, letter, 1, cw.random(32), now)
    await cw.db.write(lambda tx: _put_out(tx, letter.statement, 1, sealed, now))


# Pings


async def test_a_minute_in_an_announced_closure_is_excused_and_marks_are_kept_for_a_month(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC", start=datetime(2027, 3, 4, 13, 0, tzinfo=UTC)) as net:
        xa, tried = net["XA"], []

        async def answers(address: GatewayAddress) -> float | None:
            tried.append(address.state)
            return None if address.state in net.weather.cut else 12.0

        async def minute() -> None:
            await pings.run_round(xa.cw, answers, net.now, spread_s=0)
            net.now += timedelta(minutes=1)

        closed = Closure(begins=net.now + timedelta(minutes=2), ends=net.now + timedelta(minutes=4), reason="works")
        net.register.change_card("XB", net.now, closures=(closed,))
        await net.refresh()
        for turn in range(6):
            net.weather.cut = {"XB"} if turn in (2, 3) else set()
            await minute()
        xb, xc = await xa.desk.drills.figures(net.now)
        assert (xb.day.tried, xb.day.reached, xb.day.excused, xb.day.percent) == (4, 4, 2, 100.0)
        assert (xc.day.tried, xc.day.reached, xc.day.excused) == (6, 6, 0)
        assert tried.count("XB") == 4
        own = Closure(begins=net.now, ends=net.now + timedelta(minutes=1), reason="our own works")
        net.register.change_card("XA", net.now, closures=(own,))
        await net.refresh()
        await minute()
        assert (await xa.desk.drills.figures(net.now, "XC"))[0].day.excused == 1
        net.weather.cut = {"XC"}
        await minute()
        assert (await xa.desk.drills.figures(net.now, "XC"))[0].day.percent == round(600 / 7, 2)
        assert await pings.run_round(xa.cw, answers, net.now - timedelta(minutes=1), spread_s=0) == 0
        net.now = datetime(2027, 4, 5, 16, 0, tzinfo=UTC)
        await minute()
        assert (await xa.desk.drills.figures(net.now, "XC"))[0].month.tried == 1
        assert len(await xa.cw.db.read(lambda tx: pings_since(tx, datetime(2027, 1, 1, tzinfo=UTC), "XC"))) == 1
