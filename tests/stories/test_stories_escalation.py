"""Escalation, told with time travel over real desks: nothing a second before, exactly the pages that are due, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.casework.plans import PlanKind, save_plan
from contactpoint.casework.reach import Reach, on_my_way
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.domain.escalation import Rung, Target
from contactpoint.domain.rota import Rota, Rotation, Unit
from contactpoint.store.desk_schema import officer as officer_table
from contactpoint.store.rows_desk import open_tasks
from tests.simulator import START, SimulatedState, Simulator, simulated

ONE, TWO, THREE = "OFF-001", "OFF-002", "OFF-003"


def rung(role: str, *targets: str, minutes: float = 10, **more) -> Rung:
    return Rung(tuple(map(Target.read, targets)), more.pop("channels", ("console",)), int(minutes * 60), role, **more)


class Phone:
    """What rang at one State since it was last asked; a test that does not expect a page fails on it."""

    def __init__(self, state: SimulatedState) -> None:
        self.state, self.seen = state, 0

    async def rang(self, request: str) -> list[str]:
        """Officers (without the State) who were called since the last look, in order."""
        pages = [page for page in await self.state.desk.pages(request) if page.state == "delivered"]
        fresh, self.seen = pages[self.seen :], len(pages)
        assert len(self.state.telephone.notices) >= len(pages)
        return [page.officer.removeprefix(f"{self.state.state}-") for page in fresh]


@asynccontextmanager
async def story(folder: Path, *rungs: Rung, states=("XA", "XB"), **policy):
    async with simulated(folder, *states) as net:
        xb = net["XB"]
        await xb.hire(f"XB-{THREE}")
        await xb.save(*rungs, **policy)
        await net.exchange_sheets()
        yield net, xb, Phone(xb)


async def at(net: Simulator, **since_start: float) -> None:
    """Let time pass to this long after the beginning, each timer at its own instant."""
    await net.pass_time(step_s=60, seconds=(START + timedelta(**since_start) - net.now).total_seconds())


async def asked(net: Simulator, urgency: str = "U1") -> str:
    sent = await net["XA"].ask("XB", urgency=urgency)
    await net.settle()
    return sent.id


async def told(state: SimulatedState, request: str, level: str = "rung") -> list[str]:
    return [fact.note for fact in (await state.view(request)).facts if fact.level == level]


async def tasks(state: SimulatedState) -> set[str]:
    return {row.code for row in await state.cw.db.read(open_tasks)}


LADDER = (rung("duty officer", f"officer XB-{ONE}"), rung("deputy", f"officer XB-{TWO}"))
ALONE = {"until_answered": (), "remind_percent": 0}


# --- rungs ---


async def test_people_are_looked_up_when_a_rung_is_fired_and_not_when_the_request_came(tmp_path: Path) -> None:
    ladder = (rung("duty officer", f"officer XB-{ONE}"), rung("deputy", "right review"))
    async with story(tmp_path, *ladder, **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        lock = officer_table.update().where(officer_table.c.number == f"XB-{TWO}").values(locked_at=net.now)
        await xb.cw.db.write(lambda tx: tx.execute(lock))
        await xb.hire("XB-OFF-004")
        await at(net, minutes=9, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=10)
        assert await phone.rang(request) == [ONE, THREE, "OFF-004"]


async def test_a_later_policy_touches_new_requests_only(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request = await asked(net)
        await xb.save(rung("chief", f"officer XB-{THREE}"), **ALONE)
        later = await asked(net)
        assert (await phone.rang(request), await Phone(xb).rang(later)) == ([ONE], [THREE])
        await at(net, minutes=10)
        assert await phone.rang(request) == [TWO]


async def test_a_rung_that_is_empty_falls_through_at_once_and_is_reported(tmp_path: Path) -> None:
    ladder = (rung("specialist", "right review", language="zz"), *LADDER)
    async with story(tmp_path, *ladder, **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        assert "W-EMPTY-RUNG" in await tasks(xb)
        assert await told(net["XA"], request) == ["duty-officer, cycle 1"]


async def test_nobody_on_the_whole_ladder_calls_everybody_and_the_sender_is_told(tmp_path: Path) -> None:
    async with story(tmp_path, rung("night", "duty nowhere"), **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE, TWO, THREE]
        assert {"E-NOBODY-ON-DUTY", "W-EMPTY-RUNG"} <= await tasks(xb)
        assert (await told(net["XA"], request))[0].startswith("nobody")
        await at(net, minutes=1, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=2)
        assert await phone.rang(request) == [ONE, TWO, THREE]
        assert len(await told(net["XA"], request)) == 1


async def test_without_a_policy_everybody_is_called_again_every_two_minutes(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        from contactpoint.store.desk_schema import plan

        await net["XB"].cw.db.write(lambda tx: tx.execute(plan.delete()))
        request, phone = await asked(net), Phone(net["XB"])
        assert await phone.rang(request) == [ONE, TWO]
        await at(net, minutes=1, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=2)
        assert await phone.rang(request) == [ONE, TWO]


async def test_a_policy_that_a_thief_wrote_into_the_database_calls_nobody_and_everybody_is_called(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        from contactpoint.store.desk_schema import plan

        forged = plan.update().where(plan.c.version == 2, plan.c.kind == "policy").values(signed=b"forged")
        await xb.cw.db.write(lambda tx: tx.execute(forged))
        request = await asked(net)
        assert await phone.rang(request) == [ONE, TWO, THREE]
        assert tasks_with_plan(await tasks(xb))


def tasks_with_plan(codes: set[str]) -> bool:
    return "E-PLAN" in codes


async def test_a_rung_of_another_class_is_passed_over_in_silence(tmp_path: Path) -> None:
    from contactpoint.domain.values import Urgency

    night = rung("night", f"officer XB-{THREE}", classes=frozenset({Urgency.U0}))
    async with story(tmp_path, night, *LADDER, **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        assert "W-EMPTY-RUNG" not in await tasks(xb)


async def test_office_hours_decide_which_rung_is_climbed(tmp_path: Path) -> None:
    from contactpoint.domain.escalation import Hours

    # It is Thursday 13:00 UTC; XB works until 17:00.
    day = rung("office", f"officer XB-{ONE}", minutes=241, hours=Hours.IN)
    night = rung("watch", f"officer XB-{TWO}", minutes=241, hours=Hours.OUT)
    async with story(tmp_path, day, night, **ALONE) as (net, _, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        await at(net, hours=4)
        assert await phone.rang(request) == []
        await at(net, hours=4, minutes=1)
        assert await phone.rang(request) == [TWO]


# --- who stops it ---


async def test_two_must_take_charge_and_it_rings_on_for_the_others_until_the_second_has(tmp_path: Path) -> None:
    two = rung("two", "everybody", acknowledgers=2)
    async with story(tmp_path, two, **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE, TWO, THREE]
        await xb.acknowledge(request, ONE)
        assert (await net["XB"].view(request)).rings
        await at(net, minutes=10)
        assert await phone.rang(request) == [TWO, THREE]
        second = await xb.desk.acknowledge(request, f"XB-{TWO}", xb.officers[f"XB-{TWO}"], net.now)
        assert second.first == f"XB-{ONE}"
        assert not (await net["XB"].view(request)).rings
        await at(net, hours=1)
        assert await phone.rang(request) == []
        assert (await net["XA"].view(request)).acknowledged_by == f"XB-{ONE}"


async def test_acknowledging_exactly_at_the_deadline_counts_and_a_withdrawal_stops_everything(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request, other = await asked(net), await asked(net)
        xb.unwatched = net["XA"].unwatched = True
        await at(net, minutes=30)
        await xb.acknowledge(request)
        xb.unwatched = net["XA"].unwatched = False
        await net.settle()
        said = [fact.by for fact in (await xb.view(request)).facts if fact.level == "not-acknowledged"]
        assert "XB" not in said  # the sender's own clock is another one, and had no letter yet
        await net["XA"].desk.answer(other, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net.settle()
        await phone.rang(other)
        await at(net, hours=3)
        assert await phone.rang(other) == []


async def test_on_my_way_holds_the_ladder_once_for_this_rung_and_the_next_and_then_it_goes_on(tmp_path: Path) -> None:
    ladder = tuple(rung(role, f"officer XB-{who}", minutes=5) for role, who in (("duty", ONE), ("deputy", TWO)))
    async with story(tmp_path, *ladder, **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        await at(net, minutes=2)
        reached = await xb.cw.db.write(lambda tx: on_my_way(tx, xb.cw, request, f"XB-{ONE}", net.now))
        assert (reached.reach, reached.until) == (Reach.HELD, START + timedelta(minutes=10))
        again = await xb.cw.db.write(lambda tx: on_my_way(tx, xb.cw, request, f"XB-{TWO}", net.now))
        assert again.reach is Reach.AGAIN
        await net.settle()
        assert await told(net["XA"], request, "officer-reached") != []
        assert (await net["XA"].view(request)).level == "received", "it is no acknowledgement"
        await at(net, minutes=9, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=10)
        assert await phone.rang(request) == [TWO]
        await at(net, minutes=15)
        assert await phone.rang(request) == [ONE]


async def test_on_my_way_never_carries_the_ladder_over_the_common_deadline(tmp_path: Path) -> None:
    ladder = tuple(rung(role, f"officer XB-{who}", minutes=20) for role, who in (("duty", ONE), ("deputy", TWO)))
    async with story(tmp_path, *ladder, **ALONE) as (net, xb, phone):
        request = await asked(net)
        reached = await xb.cw.db.write(lambda tx: on_my_way(tx, xb.cw, request, f"XB-{ONE}", net.now))
        assert reached.until == START + timedelta(minutes=30)
        await phone.rang(request)
        await at(net, minutes=29, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=30)
        assert await phone.rang(request) == [TWO]
        assert "not-acknowledged" in await xb.levels(request)


async def test_a_locked_officer_and_one_who_comes_too_late_hold_nothing(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, _):
        request = await asked(net)
        lock = officer_table.update().where(officer_table.c.number == f"XB-{ONE}").values(locked_at=net.now)
        await xb.cw.db.write(lambda tx: tx.execute(lock))
        for officer in (f"XB-{ONE}", "XB-OFF-999"):
            found = await xb.cw.db.write(lambda tx, who=officer: on_my_way(tx, xb.cw, request, who, net.now))
            assert found.reach is Reach.OVER
        await xb.acknowledge(request, TWO)
        found = await xb.cw.db.write(lambda tx: on_my_way(tx, xb.cw, request, f"XB-{TWO}", net.now))
        assert found.reach is Reach.OVER


async def test_what_was_taken_and_forgotten_is_reminded_and_rings_again_once(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, until_answered=()) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        assert await phone.rang(request) == [ONE]
        await at(net, hours=1, minutes=59, seconds=59)
        assert await phone.rang(request) == []
        await at(net, hours=2)  # a quarter of eight hours
        assert await phone.rang(request) == [ONE]
        await at(net, hours=3, minutes=11, seconds=59)
        assert await phone.rang(request) == []
        await at(net, hours=3, minutes=12)  # 40 %
        assert await phone.rang(request) == [ONE]
        assert (await xb.view(request)).rings
        assert "W-FORGOTTEN" in await tasks(xb)
        await at(net, hours=3, minutes=22)
        assert await phone.rang(request) == [TWO]
        taken = await xb.desk.acknowledge(request, f"XB-{TWO}", xb.officers[f"XB-{TWO}"], net.now)
        assert taken.first == f"XB-{ONE}"
        await at(net, hours=9)
        assert await phone.rang(request) == []


async def test_a_desk_that_is_at_work_is_not_called_forgetful(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, until_answered=()) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        await at(net, hours=1)
        called = {"number": "+999100200", "spoke_with": "OFF-001", "result": "confirmed"}
        await xb.desk.answer(request, "CALLED-BACK", called, xb.officer, net.now)
        await phone.rang(request)
        await at(net, hours=2, minutes=44, seconds=59)
        assert await phone.rang(request) == []
        await at(net, hours=2, minutes=45)  # a quarter of the seven hours that were left
        assert await phone.rang(request) == [ONE]


# --- until answered ---


async def test_half_four_fifths_and_the_end_of_the_decision_time_call_who_is_on_duty_and_the_sender_sees_it(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, *LADDER, remind_percent=0) as (net, xb, phone):
        rights = officer_table.update().where(officer_table.c.number == f"XB-{TWO}").values(rights='["answer"]')
        await xb.cw.db.write(lambda tx: tx.execute(rights))
        request = await asked(net)
        await xb.acknowledge(request, TWO)
        await phone.rang(request)
        await at(net, hours=3, minutes=59, seconds=59)
        assert await phone.rang(request) == []
        await at(net, hours=4)
        assert sorted(await phone.rang(request)) == [ONE, TWO]  # on duty then, and the holder
        await at(net, hours=6, minutes=23, seconds=59)
        assert await phone.rang(request) == []
        await at(net, hours=6, minutes=24)
        assert sorted(await phone.rang(request)) == [ONE, TWO]
        await at(net, hours=8)
        assert sorted(await phone.rang(request)) == [ONE, TWO, THREE]  # and whoever supervises
        seen = [note for note in await told(net["XA"], request) if "W-UNTIL-ANSWERED" in note]
        assert len(seen) == 3
        await at(net, hours=20)
        assert await phone.rang(request) == []


async def test_an_answer_stops_the_second_ladder(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, remind_percent=0) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        await xb.desk.answer(request, "NO-DATA", {"searched": "the provider was asked"}, xb.officer, net.now)
        await phone.rang(request)
        await at(net, hours=9)
        assert await phone.rang(request) == []


async def test_after_a_long_stop_each_milestone_is_logged_and_each_person_called_once(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, remind_percent=0) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        await phone.rang(request)
        xb.unwatched = True
        await at(net, hours=9)
        xb.unwatched = False
        await net.settle()
        rang = await phone.rang(request)
        assert sorted(rang) == [ONE, TWO, THREE]
        assert len([note for note in await told(xb, request) if "W-UNTIL-ANSWERED" in note]) == 3


# --- by hand ---


async def test_the_own_desk_climbs_to_a_chosen_rung_and_the_ladder_goes_on_from_there(tmp_path: Path) -> None:
    ladder = (*LADDER, rung("chief", f"officer XB-{THREE}"))
    async with story(tmp_path, *ladder, **ALONE) as (net, xb, phone):
        request = await asked(net)
        await at(net, minutes=1)
        await phone.rang(request)
        climbed = await xb.desk.policies.escalate(request, xb.officer, net.now, 3)
        assert (climbed.rung, climbed.role) == (3, "chief")
        await net.settle()
        assert await phone.rang(request) == [THREE]
        assert any("W-ESCALATED" in note for note in await told(net["XA"], request))
        await at(net, minutes=10, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=11)
        assert await phone.rang(request) == [ONE]
        with pytest.raises(DraftError):
            await xb.desk.policies.escalate(request, xb.officer, net.now, 4)


async def test_the_sender_s_letter_climbs_one_rung_changes_no_status_and_a_flood_of_them_calls_nobody_more(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, *LADDER, rung("chief", f"officer XB-{THREE}"), **ALONE) as (net, xb, phone):
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        for _ in range(5):
            await net["XA"].desk.policies.escalate(request, net["XA"].officer, net.now)
        await net.settle()
        assert await phone.rang(request) == [TWO]
        assert (await xb.view(request)).status == "OPEN"
        await at(net, minutes=1)
        await net["XA"].desk.policies.escalate(request, net["XA"].officer, net.now)
        await net.settle()
        assert await phone.rang(request) == [THREE]
        cases = [await net[each].desk.case_view((await xb.view(request)).case, net.now) for each in ("XA", "XB")]
        assert cases[0].state_digest == cases[1].state_digest


async def test_a_sender_who_climbs_each_minute_after_somebody_has_it_rings_four_times_an_hour(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        await phone.rang(request)
        rang = 0
        for minute in range(2, 62):
            await at(net, minutes=minute)
            await net["XA"].desk.policies.escalate(request, net["XA"].officer, net.now)
            await net.settle()
            if await phone.rang(request):
                rang += 1
                await xb.desk.acknowledge(request, f"XB-{TWO}", xb.officers[f"XB-{TWO}"], net.now)
        assert rang == 4


async def test_what_was_acknowledged_rings_again_when_it_is_climbed_by_hand(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request = await asked(net)
        await xb.acknowledge(request)
        await phone.rang(request)
        await at(net, hours=1)
        await net["XA"].desk.policies.escalate(request, net["XA"].officer, net.now)
        await net.settle()
        assert await phone.rang(request) == [TWO]
        await xb.desk.acknowledge(request, f"XB-{TWO}", xb.officers[f"XB-{TWO}"], net.now)
        await at(net, hours=3)
        assert await phone.rang(request) == []


async def test_what_is_closed_is_not_climbed(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, _):
        request = await asked(net)
        await net["XA"].desk.answer(request, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net.settle()
        with pytest.raises(NotPermittedError):
            await xb.desk.policies.escalate(request, xb.officer, net.now)


# --- rotas ---


async def test_a_handoff_in_the_middle_of_a_running_rung_pages_who_comes_on_duty(tmp_path: Path) -> None:
    async with story(tmp_path, rung("duty officer", "duty desk", minutes=20), **ALONE) as (net, xb, phone):
        since = START - timedelta(hours=23, minutes=50)
        rotation = Rotation("UTC", since.replace(tzinfo=None), Unit.DAY, 1, (f"XB-{ONE}", f"XB-{TWO}"))
        rota = Rota("desk", "UTC", (rotation,))

        async def work(tx) -> None:
            await save_plan(tx, xb.cw, PlanKind.ROTA, "desk", rota.to_plain(), 0, xb.officer, net.now)

        await xb.cw.db.write(work)
        request = await asked(net)
        assert await phone.rang(request) == [ONE]
        await at(net, minutes=9, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=10)
        assert await phone.rang(request) == [TWO]
        await at(net, minutes=19, seconds=59)
        assert await phone.rang(request) == []
        await at(net, minutes=20)
        assert await phone.rang(request) == [TWO]


async def test_a_unit_is_everybody_whom_its_rota_names(tmp_path: Path) -> None:
    async with story(tmp_path, rung("specialists", "unit cyber"), **ALONE) as (net, xb, phone):
        rotation = Rotation("UTC", START.replace(tzinfo=None), Unit.DAY, 1, (f"XB-{TWO}", f"XB-{THREE}"))
        rota = Rota("night", "UTC", (rotation,), unit="cyber").to_plain()

        async def work(tx) -> None:
            await save_plan(tx, xb.cw, PlanKind.ROTA, "night", rota, 0, xb.officer, net.now)

        await xb.cw.db.write(work)
        request = await asked(net)
        assert await phone.rang(request) == [TWO, THREE]


# --- between two States ---


async def test_cut_off_from_everyone_both_ends_go_on_alone_and_neither_fires_twice(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request = await asked(net)
        net.weather.cut |= {"XA", "XB"}
        await xb.save(rung("chief", f"officer XB-{THREE}"), **ALONE)
        await at(net, minutes=31)
        assert await phone.rang(request) == [ONE, TWO, ONE, TWO][:4]
        for state in ("XA", "XB"):
            levels = [fact.by for fact in (await net[state].view(request)).facts if fact.level == "not-acknowledged"]
            assert levels == [state]
        net.weather.calm()
        await at(net, minutes=45)
        for state in ("XA", "XB"):
            levels = [fact.by for fact in (await net[state].view(request)).facts if fact.level == "not-acknowledged"]
            assert sorted(levels) == ["XA", "XB"]


async def test_another_desk_is_paged_with_class_and_reference_and_only_by_agreement(tmp_path: Path) -> None:
    ladder = (rung("neighbour", "desk XC", f"officer XB-{ONE}"),)
    async with story(tmp_path, *ladder, states=("XA", "XB", "XC"), **ALONE) as (net, _, phone):
        request, xc = await asked(net), net["XC"]
        await net.settle()
        assert (await phone.rang(request), len(xc.telephone.notices)) == ([ONE], 0)
        assert "W-COVER-UNASKED" in await tasks(xc)
        await xc.save(rung("duty officer", f"officer XC-{TWO}"), covers=("XB",))
        later = await asked(net)
        await net.settle()
        (notice,) = [each for _, each in xc.telephone.notices]
        assert (notice.urgency, notice.reference) == ("U1", later[-12:])
        assert "W-COVER" in await tasks(xc)
        assert await xc.desk.request_view(later, net.now) is None
        assert (await net["XA"].view(later)).level == "received"


async def test_an_answer_that_came_another_way_closes_the_case_at_both_ends_once(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, phone):
        request, xa = await asked(net), net["XA"]
        sheet = await xa.desk.policies.call_sheet(request, net.now)
        assert sheet[0].number == request
        assert [line.number for line in sheet if line.way == "telephone"] == ["+999100200", "+999100201"]
        net.weather.cut.add("XB")
        tried = await xa.desk.policies.record_way(request, "telephone", "+999100200", "no-answer", xa.officer, net.now)
        await at(net, minutes=1)
        await xa.desk.policies.record_way(request, "other-network", "I-24/7", "answered", xa.officer, net.now)
        assert [each.way for each in await xa.desk.policies.other_ways(request)] == ["telephone", "other-network"]
        assert (tried.request, tried.by_officer) == (request, f"XA-{ONE}")
        assert (await xa.view(request)).status == "ANSWERED-ELSEWHERE"
        # The real letter is written meanwhile, in ignorance of it: what the asked State ended stands, at both ends, once.
        await xb.acknowledge(request)
        await xb.desk.answer(request, "NO-DATA", {"searched": "the provider was asked"}, xb.officer, net.now)
        net.weather.calm()
        await at(net, minutes=20)
        views = [await net[each].view(request) for each in ("XA", "XB")]
        assert [view.status for view in views] == ["NO-DATA", "NO-DATA"]
        assert not any(view.rings for view in views)
        await phone.rang(request)
        await at(net, hours=9)
        assert await phone.rang(request) == []
        assert "lapsed" not in await xa.levels(request)


async def test_only_who_asked_says_that_the_answer_came_another_way(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, _):
        request = await asked(net)
        with pytest.raises(NotPermittedError):
            await xb.desk.policies.record_way(request, "telephone", "", "answered", xb.officer, net.now)
        for wrong in (("pigeon", "", "sent"), ("telephone", "", "ok"), ("telephone", "x" * 201, "sent")):
            with pytest.raises(DraftError):
                await net["XA"].desk.policies.record_way(request, *wrong, net["XA"].officer, net.now)
        assert await net["XA"].desk.policies.other_ways(request) == ()


# --- the policy itself ---


async def test_a_dry_run_says_who_would_be_paged_when_and_by_what_and_pages_nobody(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, remind_percent=0) as (net, xb, _):
        run = await xb.desk.policies.dry_run("U1", net.now)
        first = [(page.at - START, page.to, page.channel) for page in run.pages if page.ladder == "acknowledged"]
        assert first == [
            (timedelta(minutes=minutes), f"XB-{who}", "console")
            for minutes, who in ((0, ONE), (10, TWO), (20, ONE), (30, TWO))
        ]
        marks = sorted({page.at - START for page in run.pages if page.ladder == "answered"})
        assert marks == [timedelta(hours=4), timedelta(hours=6, minutes=24), timedelta(hours=8)]
        assert (run.acknowledge_by, run.decide_by) == (START + timedelta(minutes=30), START + timedelta(hours=8))
        await net.settle()
        assert xb.telephone.notices == []
        request = await asked(net)
        phone = Phone(xb)
        await at(net, minutes=10)
        assert await phone.rang(request) == [page[1].removeprefix("XB-") for page in first[:2]]


async def test_a_policy_is_saved_by_its_keeper_from_the_version_that_was_seen(tmp_path: Path) -> None:
    async with story(tmp_path, *LADDER, **ALONE) as (net, xb, _):
        port = xb.desk.policies
        shown = await port.shown(net.now)
        assert (shown.version, shown.rungs[0].called) == (2, (f"XB-{ONE}",))
        assert {each.code for each in shown.findings} >= {"W-ONE-CHANNEL", "W-NO-ALTERNATE"}
        content = {**shown.content, "hold_rungs": 2}
        clerk = await xb.hire("XB-OFF-009", ("send", "answer"))
        with pytest.raises(NotPermittedError):
            await port.save(content, 2, clerk, net.now)
        saved = await port.save(content, 2, xb.officer, net.now)
        assert (saved.version, saved.hold_rungs, saved.by_officer) == (3, 2, f"XB-{ONE}")
        with pytest.raises(DraftError, match="E-BUSY"):
            await port.save(content, 2, xb.officer, net.now)
        with pytest.raises(DraftError):
            await port.save({"rungs": 5}, 3, xb.officer, net.now)
        assert [each.version for each in await port.history()] == [3, 2, 1]
        assert await port.check(content, net.now) == saved.findings
