"""Rotas at the desk: who may change what, consent of both, and of two who save at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from contactpoint.casework.errors import BusyCaseError, PlanError
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.domain.rota import Absence, Change, Holiday, Override, Period, Roster, Rota, Rotation, Unit, on_duty
from contactpoint.store.desk_schema import plan
from tests.simulator import START, SimulatedState, simulated

DAY = timedelta(days=1)
KEEPER, ONE, TWO = "XA-OFF-001", "XA-OFF-001", "XA-OFF-002"


def turns(*officers: str) -> dict[str, Any]:
    """Each officer a day, handed over at 13:00 UTC, from the day before the story."""
    anchor = (START - DAY).replace(tzinfo=None)
    rotation = Rotation("UTC", anchor, Unit.DAY, 1, officers or (ONE, TWO))
    return Rota(
        "desk", "UTC", (rotation,), holidays=(Holiday(START.date() + DAY, "Day of Data", confirmed=False),)
    ).to_plain()


def span(first: int, last: int) -> Period:
    return Period(START + first * DAY, START + last * DAY)


async def kept(state: SimulatedState) -> SimulatedState:
    """A State with a rota, and a second officer who does not keep it."""
    await state.desk.rota.save("desk", turns(), 0, state.officer, state.net.now)
    return state


async def called(state: SimulatedState, days: float) -> tuple[str, ...]:
    return on_duty(await state.desk.rota.rota("desk"), START + days * DAY).officers


async def test_only_the_keeper_of_the_rota_saves_one(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        officer = await net["XA"].hire("XA-OFF-009", rights=("answer",))
        with pytest.raises(NotPermittedError):
            await net["XA"].desk.rota.save("desk", turns(), 0, officer, net.now)
        assert await net["XA"].desk.rota.listed(net.now) == ()


async def test_a_number_that_no_officer_has_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        with pytest.raises(DraftError, match="XA-OFF-O01"):
            await net["XA"].desk.rota.save("desk", turns("XA-OFF-O01"), 0, net["XA"].officer, net.now)


async def test_overlapping_overrides_of_one_person_are_refused_also_under_a_race(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        both = [
            state.desk.rota.add_override("desk", Override("", Change.ADD, TWO, span(1 + n, 4)), state.officer, net.now)
            for n in (0, 1)
        ]
        done = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["DraftError", "int"]
        assert len((await state.desk.rota.rota("desk")).overrides) == 1


async def test_of_two_who_save_a_whole_rota_at_once_one_is_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        both = [state.desk.rota.save("desk", turns(who), 1, state.officer, net.now) for who in (ONE, TWO)]
        done = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == [BusyCaseError.__name__, "int"]


async def test_a_swap_needs_the_consent_of_both(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        third = await state.hire("XA-OFF-003", rights=("answer",))
        two = state.officers[TWO]
        assert (await called(state, 1.5), await called(state, 2.5)) == ((ONE,), (TWO,))
        swap = await state.desk.rota.offer_swap("desk", ONE, span(2, 3), span(1, 2), two, net.now)
        assert await called(state, 2.5) == (TWO,)
        with pytest.raises(NotPermittedError):
            await state.desk.rota.answer_swap("desk", swap, True, third, net.now)
        await state.desk.rota.answer_swap("desk", swap, True, state.officers[ONE], net.now)
        assert (await called(state, 1.5), await called(state, 2.5)) == ((TWO,), (ONE,))
        with pytest.raises(DraftError):
            await state.desk.rota.answer_swap("desk", swap, False, state.officers[ONE], net.now)
        shown = await state.desk.rota.shown("desk", net.now)
        assert [(each.by, each.version) for each in shown.history] == [(ONE, 3), (TWO, 2), (ONE, 1)]


async def test_a_shift_of_somebody_else_cannot_be_offered(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        for period in (span(1, 2), span(2, 4), Period(START - DAY, START + DAY)):
            with pytest.raises(DraftError):
                await state.desk.rota.offer_swap("desk", ONE, period, None, state.officers[TWO], net.now)


async def test_an_offer_that_was_overtaken_by_an_override_is_not_accepted(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        swap = await state.desk.rota.offer_swap("desk", ONE, span(2, 3), None, state.officers[TWO], net.now)
        await state.desk.rota.add_override("desk", Override("", Change.REMOVE, TWO, span(2, 3)), state.officer, net.now)
        with pytest.raises(DraftError):
            await state.desk.rota.answer_swap("desk", swap, True, state.officers[ONE], net.now)


async def test_an_officer_enters_his_own_absence_and_nobody_elses(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        other = await state.hire("XA-OFF-003", rights=("answer",))
        with pytest.raises(NotPermittedError):
            await state.desk.rota.add_absence("desk", Absence("", ONE, span(1, 2)), other, net.now)
        await state.desk.rota.add_absence("desk", Absence("", ONE, span(1, 2)), state.officers[ONE], net.now)
        shown = await state.desk.rota.shown("desk", net.now)
        assert [(gap.since, gap.until) for gap in shown.gaps] == [(START + DAY, START + 2 * DAY)]


async def test_what_was_added_is_taken_away_by_its_id(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        await state.desk.rota.add_override(
            "desk", Override("", Change.REPLACE, TWO, span(1, 2)), state.officer, net.now
        )
        (only,) = (await state.desk.rota.shown("desk", net.now)).overrides
        assert await called(state, 1.5) == (TWO,)
        await state.desk.rota.remove("desk", only.id, state.officer, net.now)
        assert await called(state, 1.5) == (ONE,)
        with pytest.raises(NotFoundError):
            await state.desk.rota.remove("desk", only.id, state.officer, net.now)


async def test_a_seeded_holiday_counts_once_it_is_confirmed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        await state.desk.rota.confirm_holiday("desk", START.date() + DAY, state.officer, net.now)
        assert (await state.desk.rota.rota("desk")).free_days == {START.date() + DAY}


async def test_the_calendar_says_where_each_shift_comes_from(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        await state.desk.rota.add_override(
            "desk", Override("", Change.REPLACE, TWO, span(1, 2)), state.officer, net.now
        )
        found = await state.desk.rota.shifts("desk", START, START + 3 * DAY)
        assert [(each.officers, each.source) for each in found] == [
            ((TWO,), "rotation"),
            ((TWO,), "override"),
            ((TWO,), "rotation"),
        ]
        assert found[0].since == START and found[-1].until == datetime(2027, 3, 7, 13, tzinfo=UTC)
        with pytest.raises(DraftError):
            await state.desk.rota.shifts("desk", START, START + 4000 * DAY)


async def test_whoever_is_on_duty_stays_until_the_handoff_whatever_a_new_version_says(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        await state.hire("XA-OFF-003", rights=("answer",))
        net.now = START + DAY / 2
        assert await called(state, 0.5) == (TWO,)
        await state.desk.rota.save("desk", turns("XA-OFF-003", ONE), 1, state.officer, net.now)
        assert [await called(state, days) for days in (-0.5, 0.5, 1.0, 2.0)] == [
            (ONE,),
            (TWO,),
            ("XA-OFF-003",),
            (ONE,),
        ]
        again = (await state.desk.rota.rota("desk")).to_plain()
        await state.desk.rota.save("desk", again, 2, state.officer, net.now)
        assert (await state.desk.rota.rota("desk")).to_plain() == again, "the same once more changes nothing"
        await state.desk.rota.save("desk", turns(ONE), 3, state.officer, net.now)
        assert [await called(state, days) for days in (-0.5, 0.5, 1.0, 2.0)] == [(ONE,), (TWO,), (ONE,), (ONE,)]


async def test_a_rota_that_was_changed_without_a_key_can_be_replaced(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        forged = update(plan).where(plan.c.name == "desk").values(by_officer="XA-OFF-002", version=2)
        await state.cw.db.write(lambda tx: tx.execute(forged))
        with pytest.raises(PlanError):
            await state.desk.rota.rota("desk")
        assert await state.desk.rota.save("desk", turns(), 2, state.officer, net.now) == 3
        assert await called(state, 0.5) == (TWO,)


async def test_several_overrides_are_entered_together_or_not_at_all(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        both = [Override("", Change.ADD, TWO, span(1, 3)), Override("", Change.ADD, TWO, span(2, 4))]
        with pytest.raises(DraftError):
            await state.desk.rota.add_overrides("desk", both, state.officer, net.now)
        assert (await state.desk.rota.rota("desk")).overrides == ()
        await state.desk.rota.add_overrides("desk", [both[0], replace(both[1], officer=ONE)], state.officer, net.now)
        assert len({each.id for each in (await state.desk.rota.rota("desk")).overrides}) == 2


async def test_a_fixed_roster_stands_above_an_override(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        await state.desk.rota.add_override(
            "desk", Override("", Change.REPLACE, TWO, span(1, 2)), state.officer, net.now
        )
        fixed = Roster("", span(1, 2), ((ONE, span(1, 2)),))
        await state.desk.rota.add_roster("desk", fixed, state.officer, net.now)
        assert await called(state, 1.5) == (ONE,)
        with pytest.raises(DraftError):
            await state.desk.rota.add_roster("desk", fixed, state.officer, net.now + DAY)


async def test_a_seed_proposes_holidays_and_undoes_no_confirmation(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        day = START.date() + DAY
        await state.desk.rota.confirm_holiday("desk", day, state.officer, net.now)
        proposed = [Holiday(day, "Day of Data"), Holiday(day + DAY, "Day after")]
        await state.desk.rota.seed_holidays("desk", proposed, state.officer, net.now)
        rota = await state.desk.rota.rota("desk")
        assert [(each.day, each.confirmed) for each in rota.holidays] == [(day, True), (day + DAY, False)]


async def test_a_swap_that_would_not_happen_is_not_accepted(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        state = await kept(net["XA"])
        swap = await state.desk.rota.offer_swap("desk", ONE, span(2, 3), None, state.officers[TWO], net.now)
        await state.desk.rota.add_absence("desk", Absence("", ONE, span(2, 3)), state.officer, net.now)
        with pytest.raises(DraftError, match="stands above"):
            await state.desk.rota.answer_swap("desk", swap, True, state.officers[ONE], net.now)
        assert await called(state, 2.5) == (TWO,)
