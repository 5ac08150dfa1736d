"""Stories of one desk: two copies of it, lost prekeys, renewals, restarts, clocks that disagree, and a register that is gone for weeks."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from contactpoint.casework.keyring import PREKEY, renew_prekeys
from contactpoint.desk.errors import DeskError
from contactpoint.desk.officers import add_officer, make_key, unseal
from contactpoint.desk.take import Taker
from contactpoint.desk.views import Draft
from contactpoint.domain.values import Address
from contactpoint.gateway.mailbox import Mailbox, Mailboxes
from contactpoint.link.listen import TakeEndedError
from contactpoint.store import desk_schema
from contactpoint.store.rows_desk import newest_sheet
from contactpoint.wire.frames import Take
from keys.certificate import OFFICER_DAYS
from keys.prekeys import KEEP_DAYS, read_sheet
from tests.simulator import SimulatedState, Simulator, preservation_body, simulated


async def rows(state: SimulatedState, table: Any) -> Any:
    async def work(tx: Any) -> Any:
        return (await tx.execute(select(table))).all()

    return await state.cw.db.read(work)


# Copies and mailboxes


async def test_a_second_desk_copy_closes_the_older_one_and_nothing_is_taken_twice(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        here = net["XB"]
        here.asleep = True
        sent = [await net["XA"].ask("XB") for _ in range(4)]
        await net.settle()
        older, newer = (Taker(here.cw, "XB", net.clock, net.refresh) for _ in range(2))
        old = await here.gateway.take(here.peer(), Take("XB", "copy 1", 1, 0, 64))
        items = old.items()
        first = await anext(items)
        await older.on_item(first, 1)  # type: ignore[arg-type]
        new = await here.gateway.take(here.peer(), Take("XB", "copy 2", 2, 0, 64))
        with pytest.raises(TakeEndedError):
            await old.took(1)
        count = 0
        async for item in new.items():
            await newer.on_item(item, 2)
            count += 1
            if count == len(sent):
                break
        with pytest.raises(TakeEndedError):
            await here.gateway.take(here.peer(), Take("XB", "copy 1", 1, 0, 64))
        here.epoch, here.asleep = 2, False
        await net.settle()
        for each in sent:
            assert (await net["XA"].levels(each.id)).count("received") == 1
        assert len(here.telephone.notices) == len(sent)


async def test_a_state_with_two_mailboxes_takes_both_and_acts_once_on_each_letter(tmp_path: Path) -> None:
    """Gateways that share no database are separate mailboxes; each has its own cursor."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        here, host = net["XB"], net["XC"]
        second = Mailboxes(
            [Mailbox("XC", "XC", frozenset((Address("XC"),))), Mailbox("XB-2", "XB", frozenset((Address("XB"),)))]
        )
        host.gateway.parts.mailboxes._by_name.update(second._by_name)
        host.gateway.parts.mailboxes._by_address.update(second._by_address)
        await host.gateway.open()
        sent = await net["XA"].ask("XB")
        await net.settle()
        parcel = await _parcel_of(here, sent.id)
        await host.gateway.put(net["XA"].peer(), parcel)
        taker = Taker(here.cw, "XB-2", net.clock, net.refresh)
        taking = await host.gateway.take(here.peer(), Take("XB-2", "copy", 1, 0, 64))
        async for item in taking.items():
            await taker.on_item(item, 1)
            break
        await net.settle()
        cursors = {row.mailbox: row.number for row in await rows(here, desk_schema.cursor)}
        assert set(cursors) == {"XB", "XB-2"}
        assert len(await rows(here, desk_schema.statement)) == 1
        assert len(here.telephone.notices) == 1


async def _parcel_of(state: SimulatedState, statement: str) -> Any:
    from contactpoint.store import gateway_schema
    from contactpoint.wire.envelope import Parcel

    async def work(tx: Any) -> Any:
        return (await tx.execute(select(gateway_schema.item).where(gateway_schema.item.c.id == statement))).first()

    row = await state.gateway.parts.db.read(work)
    return Parcel(bytes(row.envelope), bytes(row.payload))


# Keys


async def lose_prekeys(state: SimulatedState) -> None:
    async def work(tx: Any) -> None:
        table = desk_schema.own_key
        await tx.execute(update(table).where(table.c.role == PREKEY).values(sealed=None))
        await tx.execute(update(desk_schema.sheet).where(desk_schema.sheet.c.state == state.state).values(state="ZZ"))

    await state.cw.db.write(work)
    await state.restart()


async def test_an_undecryptable_letter_is_sealed_again_and_delivered_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net["XB"].asleep = True
        sent = await net["XA"].ask("XB", urgency="U3")
        await net.settle()
        await lose_prekeys(net["XB"])

        # Its next sheet has the next number, as one that came back from a backup without prekeys would publish.
        async def number_two(tx: Any) -> None:
            await tx.execute(update(desk_schema.sheet).where(desk_schema.sheet.c.state == "ZZ").values(state="XB"))

        await net["XB"].cw.db.write(number_two)
        net.now += timedelta(days=7)
        await net.exchange_sheets()
        net["XB"].asleep = False
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"
        levels = await net["XA"].levels(sent.id)
        assert levels.count("undecryptable") == 1
        assert levels.count("received") == 1
        assert [row.seal for row in await rows(net["XA"], desk_schema.statement)] == [2]
        assert len(net["XB"].telephone.notices) == 1


async def test_prekeys_are_destroyed_fifteen_days_after_their_day(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        here = net["XA"]
        first = net.now.date()
        for days, there in ((KEEP_DAYS, True), (KEEP_DAYS + 2, False)):
            at = datetime.combine(first + timedelta(days=days), time(1), UTC)
            await here.cw.db.write(lambda tx, at=at: renew_prekeys(tx, here.cw.keyring, net.random, at))
            keys = [row for row in await rows(here, desk_schema.own_key) if row.role == PREKEY]
            of_the_day = [row for row in keys if row.not_before.date() == first]
            assert [row.sealed is not None for row in of_the_day] == [there]
        assert all(row.destroyed_at is not None for row in keys if row.sealed is None)


async def test_the_prekey_sheet_is_renewed_each_week_and_not_sooner(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        here, numbers = net["XA"], []
        for _ in range(15):
            await net.exchange_sheets()
            row = await here.cw.db.read(lambda tx: newest_sheet(tx, "XA"))
            assert row is not None
            numbers.append(read_sheet(bytes(row.body), here.cw.keyring.station.public, here.cw.net).number)
            net.now += timedelta(days=1)
        assert numbers == [1] * 7 + [2] * 7 + [3]
        await net["XB"].ask("XA")
        await net.settle()
        assert len(await rows(here, desk_schema.statement)) == 1


async def test_an_officer_s_certificate_is_renewed_ten_days_before_its_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        here, secret = net["XA"], "a signing secret of an officer"
        key = await make_key(secret, net.random)
        values = {"number": "XA-OFF-009", "name": "Nine", "rights": ["send"], "mail": "", "language": "en"}
        await here.cw.db.write(lambda tx: add_officer(tx, net.random, key=key, now=net.now, **values))
        first = (await unseal(here.cw, "XA-OFF-009", secret, net.now)).certificate
        net.now += timedelta(days=OFFICER_DAYS - 11)
        assert (await unseal(here.cw, "XA-OFF-009", secret, net.now)).certificate == first
        net.now += timedelta(days=1)
        assert (await unseal(here.cw, "XA-OFF-009", secret, net.now)).certificate != first


# Restarts and clocks


async def test_a_restart_in_the_middle_of_a_backlog_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", seed=3) as net:
        here = net["XB"]
        here.asleep = True
        sent = [await net["XA"].ask("XB") for _ in range(6)]
        await net.settle()
        here.asleep = False
        net.weather.dropped = 0.6  # the desk commits, and dies before it can say so
        for _ in range(12):
            await here.take()
            await here.restart()
        net.weather.calm()
        await net.settle()
        assert len(await rows(here, desk_schema.statement)) == len(sent)
        assert len(here.telephone.notices) == len(sent)
        for each in sent:
            assert (await net["XA"].levels(each.id)).count("received") == 1


@pytest.mark.parametrize("minutes", [-30, -4, 4])
async def test_a_peer_whose_clock_is_behind_or_a_little_ahead_is_heard(tmp_path: Path, minutes: int) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.now += timedelta(hours=1)  # every key is older than any of these clocks
        true, net.now = net.now, net.now + timedelta(minutes=minutes)
        sent = await net["XA"].ask("XB")
        net.now = true
        await net.pass_time(minutes=6)
        view = await net["XB"].view(sent.id)
        assert view.level == "received"
        held = next(fact.at for fact in view.facts if fact.level == "held")
        assert true <= held <= net.now  # every clock counts from here, not from the author's


async def test_a_letter_of_a_peer_whose_clock_is_far_ahead_waits_until_it_is_time(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        true, net.now = net.now, net.now + timedelta(minutes=30)
        sent = await net["XA"].ask("XB")
        net.now = true
        await net.pass_time(minutes=20)
        assert await net["XB"].desk.request_view(sent.id, net.now) is None
        await net.pass_time(minutes=20)
        assert (await net["XB"].view(sent.id)).level == "received"


# The register is gone


async def days_without_register(net: Simulator, days: int) -> None:
    net.now += timedelta(days=days)


async def test_a_register_that_is_gone_for_a_week_is_told_and_everything_goes_on(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await days_without_register(net, 7)
        assert any("register" in problem for problem in (await net["XA"].desk.directory(net.now)).problems)
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        await net.settle()
        assert (await net["XA"].view(sent.id)).level == "acknowledged"


async def test_after_thirty_days_without_the_register_a_new_case_is_not_begun_and_receiving_goes_on(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await days_without_register(net, 31)
        await net.exchange_sheets()
        with pytest.raises(DeskError) as refused:
            await net["XA"].ask("XB")
        assert "register" in str(refused.value)
        net["XA"].cw.register.copy = net.register.copy(net.now)  # one State has found it again
        net["XA"].officers["XA-OFF-003"] = officer = await net["XA"].hire("XA-OFF-003")
        draft = Draft("PRES-NEW", "XB", "U1", preservation_body(net.now))
        sent = await net["XA"].desk.submit(draft, officer, net.now)
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"
        await net["XB"].desk.acknowledge(sent.id, "XB-OFF-001", None, net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).level == "acknowledged"
