"""What could keep an urgent request from calling anybody: a rota, a policy or a row that cannot be used. Somebody is called."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import read_rules
from contactpoint.casework.facts import About, say
from contactpoint.casework.ids import new_id
from contactpoint.casework.plans import PlanKind, save_plan
from contactpoint.desk.errors import DeskError
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target
from contactpoint.domain.rota import Period, Rota, Rotation, Unit
from contactpoint.store.desk_schema import page, request
from contactpoint.watch import timers
from contactpoint.wire.slip import SlipLevel
from tests.simulator import START, SimulatedState, simulated

KEEPER, OTHER = "XB-OFF-001", "XB-OFF-002"


def turns(name: str = "desk") -> dict[str, Any]:
    rotation = Rotation("UTC", (START - timedelta(days=1)).replace(tzinfo=None), Unit.DAY, 1, (KEEPER, OTHER))
    return Rota(name, "UTC", (rotation,)).to_plain()


def rung(target: str, *channels: str) -> Rung:
    return Rung((Target.read(target),), channels, 120, "duty")


async def called(state: SimulatedState) -> int:
    return len(state.telephone.notices)


@pytest.mark.parametrize("anchor", ["9999-12-31T23:00:00", "0001-01-01T00:00:00"])
async def test_a_rota_at_the_end_of_every_calendar_is_refused(tmp_path: Path, anchor: str) -> None:
    async with simulated(tmp_path, "XB") as net:
        content = turns()
        content["rotations"][0]["anchor"] = anchor
        with pytest.raises(DeskError):
            await net["XB"].desk.rota.save("desk", content, 0, net["XB"].officer, net.now)


async def test_a_rota_that_cannot_be_computed_stops_no_paging_and_can_be_replaced(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        state, broken = net["XB"], turns("spare")
        broken["rotations"][0]["anchor"] = "9999-12-31T23:00:00"
        await state.save(rung("everybody"))
        await state.cw.db.write(
            lambda tx: save_plan(tx, state.cw, PlanKind.ROTA, "spare", broken, 0, state.officer, net.now)
        )
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert (await state.view(sent.id)).rings
        await net.pass_time(minutes=10)
        assert await called(state) > 0
        await state.desk.rota.save("spare", turns("spare"), 1, state.officer, net.now)
        assert [line.name for line in await state.desk.rota.listed(net.now)] == ["spare"]


async def test_a_ladder_that_nobody_can_read_keeps_no_other_request_from_its_pages(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        state = net["XB"]
        torn = await net["XA"].ask("XB")
        await net.settle()
        await state.cw.db.write(
            lambda tx: tx.execute(update(request).where(request.c.id == torn.id).values(ladder="{}"))
        )
        await state.cw.db.write(
            lambda tx: tx.execute(update(page).values(state="due", channel="smtp", next_at=net.now))
        )
        state.notices.reach_url = "https://desk.example"
        healthy = await net["XA"].ask("XB")
        await net.pass_time(minutes=25)
        rows = await state.cw.db.read(lambda tx: _pages(tx, healthy.id))
        assert {row.state for row in rows} == {"delivered"}


async def _pages(tx: Any, of: str) -> Any:
    return (await tx.execute(select(page).where(page.c.request_id == of))).all()


@pytest.mark.parametrize("only", ["desk XB", "desk XC", "channel siren"])
async def test_a_policy_of_desks_and_sirens_alone_calls_every_officer_all_the_same(tmp_path: Path, only: str) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        state = net["XB"]
        await state.save(rung(only))
        await net["XA"].ask("XB")
        await net.pass_time(minutes=5)
        assert await called(state) > 0


async def test_a_rung_whose_only_channel_is_not_set_up_calls_over_those_that_are(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XB"].save(rung("everybody", "fax"))
        await net["XA"].ask("XB")
        await net.pass_time(minutes=5)
        assert await called(net["XB"]) > 0


@pytest.mark.parametrize("target", ["desk X\0Y", "desk Mars", f"channel {'x' * 25}", "officer a\u202eb"])
def test_a_name_that_fits_no_column_is_no_target(target: str) -> None:
    with pytest.raises(EscalationError):
        Target.read(target)


@pytest.mark.parametrize("channel", ["x" * 25, "fax\0"])
def test_a_channel_that_fits_no_column_is_refused(channel: str) -> None:
    plain = EscalationPolicy(0, (rung("everybody"),)).to_plain()
    plain["rungs"][0]["channels"] = [channel]
    with pytest.raises(EscalationError):
        EscalationPolicy.from_plain(plain)


async def test_a_swap_without_end_is_refused_before_it_is_counted_out(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        state = net["XB"]
        await state.desk.rota.save("desk", turns(), 0, state.officer, net.now)
        endless = Period(net.now + timedelta(hours=1), net.now + timedelta(days=60_000))
        with pytest.raises(DeskError, match="62 days"):
            await state.desk.rota.offer_swap("desk", OTHER, endless, None, state.officer, net.now)


async def test_a_dry_run_at_the_end_of_time_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        with pytest.raises(DeskError):
            await net["XB"].desk.policies.dry_run("U1", net.now, net.now.replace(year=9990))


@pytest.mark.parametrize("zone", ["America", "Etc", "x" * 5000])
def test_a_zone_that_is_a_folder_reads_as_no_rule(zone: str) -> None:
    assert read_rules(f'{{"order": {{}}, "quiet": ["22:00:00", "06:00:00"], "zone": "{zone}"}}').zone != zone


async def test_requests_for_cover_by_the_dozen_ring_once_a_minute(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        asking, covering = net["XA"].cw, net["XB"]
        await covering.save(rung(f"officer {KEEPER}"), covers=("XA",))

        async def work(tx: AsyncConnection) -> None:
            for _ in range(30):
                about = About(new_id(asking.random, net.now), "XA", 1, b"x" * 32, "U0")
                await say(tx, asking, SlipLevel.COVER, about, "XB", net.now, code="U0")

        await asking.db.write(work)
        await net.settle()
        assert await called(covering) == 1


async def test_every_row_is_looked_at_although_one_of_them_cannot_even_be_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        state = net["XB"]
        torn = await net["XA"].ask("XB")
        await net.settle()
        whole = await net["XA"].ask("XB")
        await net.settle()
        await state.cw.db.write(
            lambda tx: tx.execute(update(request).where(request.c.id == torn.id).values(ladder="{}", poisoned=2))
        )

        async def raises(*_: object) -> None:
            raise RuntimeError("this row cannot be given up")

        stuck = timers.TIMERS.__class__(
            **{f: getattr(timers.TIMERS, f) for f in timers.TIMERS.__slots__} | {"give_up": raises}
        )
        monkeypatch.setattr(timers, "TIMERS", stuck)
        net.now += timedelta(minutes=11)
        await timers.run_due(state.cw, net.now)
        rows = await state.cw.db.read(lambda tx: _pages(tx, whole.id))
        assert len({row.rung for row in rows}) > 1
