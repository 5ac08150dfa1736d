"""Taking mail from a real gateway over real WebSockets: order, resume, the one taker, and what happens to slow ones."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from contactpoint.domain.values import Address
from contactpoint.gateway.mailbox import Mailbox
from contactpoint.link.errors import (
    CursorAheadError,
    LeaseLostError,
    NotOurMailboxError,
    StaleEpochError,
    UnreachableError,
)
from contactpoint.link.results import HeldResult
from contactpoint.store.database import Database
from contactpoint.store.errors import StorageUnavailableError
from contactpoint.store.gateway_schema import item, mailbox
from contactpoint.wire.frames import BacklogEnd, Deliver, Missed, Role, Sheet
from keys.prekeys import make_sheet
from tests.gateway.gateway_desk import TakingDesk, stop
from tests.gateway.gateway_world import Serving, World, world
from tests.link.link_examples import NET, NOW, LetterForm, drawn, key, letter, slip


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def filled(net: World, count: int) -> Serving:
    serving = await net.serve(await net.gateway())
    dialler = net.dialler()
    await asyncio.gather(*(dialler.put(serving.address, letter(LetterForm(number=n))) for n in range(1, count + 1)))
    return serving


def desk_of(net: World, serving: Serving, state: str = "XB", **more: object) -> TakingDesk:
    return TakingDesk(net.dialler(state), serving.address, **more)  # type: ignore[arg-type]


async def taken(serving: Serving, name: str = "XB") -> int:
    query = select(mailbox.c.taken).where(mailbox.c.name == name)
    return await serving.gateway.parts.db.read(lambda tx: tx.scalar(query))


async def until_taken(serving: Serving, through: int) -> None:
    async with asyncio.timeout(5):
        while await taken(serving) < through:
            await asyncio.sleep(0.01)


async def test_a_taker_gets_the_exact_letter_and_the_receipt_that_its_sender_got(net: World) -> None:
    serving = await net.serve(await net.gateway())
    desk = desk_of(net, serving)
    task = desk.start()
    parcel = letter(LetterForm())
    result = await net.dialler().put(serving.address, parcel)
    [got] = await desk.until(1)
    assert isinstance(result, HeldResult)
    assert (got.cargo, got.held) == (parcel, result.receipt)
    await stop(task)


async def test_the_backlog_comes_in_the_order_of_its_numbers_and_its_end_is_said_once(net: World) -> None:
    serving = await filled(net, 40)
    desk = desk_of(net, serving)
    task = desk.start()
    await desk.until(1, BacklogEnd)
    await net.dialler().put(serving.address, slip())
    await desk.until(41)
    assert desk.numbers == list(range(1, 42))
    assert [entry for entry in desk.items if isinstance(entry, BacklogEnd)] == [BacklogEnd(40)]
    await stop(task)


async def test_a_taker_that_returns_resumes_after_its_cursor_and_skips_nothing(net: World) -> None:
    serving = await filled(net, 5)
    first = desk_of(net, serving)
    task = first.start()
    await first.until(5)
    await until_taken(serving, 5)
    await stop(task)
    await net.dialler().put(serving.address, letter(LetterForm(number=6)))
    second = desk_of(net, serving, epoch=2, after=3)
    task = second.start()
    await second.until(3)
    assert second.numbers == [4, 5, 6]
    await stop(task)


async def test_took_is_said_only_after_the_desk_has_committed(net: World) -> None:
    serving = await filled(net, 3)
    desk = desk_of(net, serving)
    released = desk.pause = asyncio.Event()
    task = desk.start()
    await asyncio.sleep(0.3)
    assert await taken(serving) == 0
    released.set()
    await until_taken(serving, 3)
    await stop(task)


async def test_a_desk_that_cannot_commit_ends_the_link_and_keeps_its_place(net: World) -> None:
    serving = await filled(net, 3)

    def fail_at_two(entry: object) -> None:
        if isinstance(entry, Deliver) and entry.number == 2:
            raise OSError("disk full")

    desk = desk_of(net, serving, commit=fail_at_two)
    with pytest.raises(OSError, match="disk full"):
        await asyncio.wait_for(desk.take(), 5)
    await until_taken(serving, 1)
    assert await taken(serving) == 1


async def test_a_second_desk_copy_with_a_higher_epoch_closes_the_first(net: World) -> None:
    serving = await filled(net, 1)
    first, second = desk_of(net, serving), desk_of(net, serving, epoch=2, holder="desk 2")
    losing = first.start()
    await first.until(1)
    taking = second.start()
    await second.until(1)
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(losing, 5)
    await stop(taking)


async def test_a_taker_of_another_copy_of_the_gateway_is_closed_too(net: World) -> None:
    net.limits = replace(net.limits, lease_s=0.4)
    db = await net.database("shared")
    one, other = await net.serve(await net.gateway(db=db)), await net.serve(await net.gateway(db=db))
    await net.dialler().put(one.address, letter(LetterForm()))
    first, second = desk_of(net, one), desk_of(net, other, epoch=2, holder="desk 2")
    losing = first.start()
    await first.until(1)
    taking = second.start()
    await second.until(1)
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(losing, 5)
    await stop(taking)


@pytest.mark.parametrize("epoch", [1, 4, 5])
async def test_an_equal_or_lower_epoch_is_refused_and_told_the_mailboxes(net: World, epoch: int) -> None:
    serving = await filled(net, 1)
    first = desk_of(net, serving, epoch=5)
    task = first.start()
    await first.until(1)
    with pytest.raises(StaleEpochError) as caught:
        await asyncio.wait_for(desk_of(net, serving, epoch=epoch).take(), 5)
    assert caught.value.epoch == 5
    assert not task.done()
    await stop(task)


async def test_a_taker_with_a_stale_epoch_cannot_move_the_cursor(net: World) -> None:
    serving = await filled(net, 2)
    first, second = desk_of(net, serving), desk_of(net, serving, epoch=2, holder="desk 2")
    first.pause = second.pause = asyncio.Event()
    losing, taking = first.start(), second.start()
    await asyncio.sleep(0.2)
    service = serving.gateway
    older = service._takers._current["XB"]
    assert older.epoch == 2
    older.epoch = 1  # what a copy of the gateway that heard of nothing would still believe
    with pytest.raises(Exception, match="superseded"):
        await older.took(2)
    assert await taken(serving) == 0
    await stop(losing)
    await stop(taking)


async def test_another_states_mailbox_cannot_be_taken(net: World) -> None:
    serving = await filled(net, 1)
    with pytest.raises(NotOurMailboxError):
        await asyncio.wait_for(desk_of(net, serving, "XC").take(), 5)


async def test_a_stolen_gateway_key_takes_no_mail(net: World) -> None:
    serving = await filled(net, 1)
    thief = TakingDesk(net.dialler("XB", Role.GATEWAY), serving.address)
    with pytest.raises(NotOurMailboxError):
        await asyncio.wait_for(thief.take(), 5)


async def test_a_slow_reader_is_paused_then_closed_and_loses_nothing(net: World) -> None:
    net.link = replace(net.link, slow_reader_s=0.6, credit_messages=4)
    serving = await filled(net, 12)
    desk = desk_of(net, serving)
    desk.pause = asyncio.Event()
    with pytest.raises(UnreachableError) as caught:
        await asyncio.wait_for(desk.take(), 5)
    assert "slow" in str(caught.value)
    again = desk_of(net, serving, epoch=2)
    task = again.start()
    await again.until(12)
    assert again.numbers == list(range(1, 13))
    await stop(task)


async def test_a_hole_in_the_numbers_is_said(net: World) -> None:
    serving = await filled(net, 3)
    forget = update(item).where(item.c.number == 2).values(envelope=None, payload=None)
    await serving.gateway.parts.db.write(lambda tx: tx.execute(forget))
    desk = desk_of(net, serving)
    task = desk.start()
    await desk.until(2)
    assert [(m.first, m.last) for m in await desk.until(1, Missed)] == [(2, 2)]
    await stop(task)


async def test_taken_envelopes_stay_fourteen_days_and_the_fact_for_ever(net: World) -> None:
    serving = await filled(net, 2)
    desk = desk_of(net, serving)
    task = desk.start()
    await desk.until(2)
    await until_taken(serving, 2)
    await stop(task)
    await serving.gateway.forget()
    net.clock.ahead = timedelta(days=13)
    await serving.gateway.forget()
    kept = select(item.c.number).where(item.c.envelope.is_not(None))
    assert len((await serving.gateway.parts.db.read(lambda tx: tx.execute(kept))).all()) == 2
    net.clock.ahead = timedelta(days=15)
    await serving.gateway.forget()
    assert not (await serving.gateway.parts.db.read(lambda tx: tx.execute(kept))).all()
    again = await net.dialler().put(serving.address, letter(LetterForm(number=1)))
    assert isinstance(again, HeldResult)
    assert again.duplicate


async def test_a_cursor_from_before_a_restore_is_told_instead_of_waiting_for_ever(net: World) -> None:
    serving = await filled(net, 2)
    with pytest.raises(CursorAheadError) as caught:
        await asyncio.wait_for(desk_of(net, serving, after=9).take(), 5)
    assert caught.value.head == 2


async def test_a_host_keeps_the_mailboxes_of_several_states_apart(net: World) -> None:
    hosted = [Mailbox(name, name, frozenset({Address(name)})) for name in ("QM", "XB", "XC")]
    serving = await net.serve(await net.gateway(hosted, name="QM"))
    dialler = net.dialler()
    await dialler.put(serving.address, letter(LetterForm(number=1, recipient="XB")))
    await dialler.put(serving.address, letter(LetterForm(number=2, recipient="XC")))
    desks = [desk_of(net, serving, state, mailbox=state) for state in ("XB", "XC")]
    tasks = [desk.start() for desk in desks]
    got = [(await desk.until(1))[0].cargo for desk in desks]
    assert got == [letter(LetterForm(number=1, recipient="XB")), letter(LetterForm(number=2, recipient="XC"))]
    for task in tasks:
        await stop(task)


async def test_a_state_may_have_a_second_mailbox_for_a_territory(net: World) -> None:
    two = [
        Mailbox("XB", "XB", frozenset({Address("XB")})),
        Mailbox("XB-T1", "XB", frozenset({Address("XB-T1")})),
    ]
    serving = await net.serve(await net.gateway(two))
    await net.dialler().put(serving.address, letter(LetterForm(number=1, recipient="XB-T1")))
    first, second = desk_of(net, serving), desk_of(net, serving, mailbox="XB-T1")
    tasks = [first.start(), second.start()]
    await second.until(1)
    await first.until(1, BacklogEnd)
    assert first.numbers == []
    for task in tasks:
        await stop(task)


async def test_a_peer_gets_the_newest_prekey_sheet_that_the_own_desk_handed_over(net: World) -> None:
    serving = await net.serve(await net.gateway())
    seeds = [drawn(f"day {n}", 32) for n in range(35)]
    sheets = [Sheet("XB", n, make_sheet(key("XB station"), "XB", n, NOW.date(), seeds, NET).to_bytes()) for n in (1, 2)]
    assert await net.dialler().want_sheet(serving.address, "XB") is None
    for epoch, sheet in enumerate([*sheets, sheets[0]], 1):
        desk = desk_of(net, serving, sheet=lambda sheet=sheet: sheet, epoch=epoch)
        task = desk.start()
        await desk.until(1, BacklogEnd)
        await asyncio.sleep(0.05)
        await stop(task)
    assert await net.dialler().want_sheet(serving.address, "XB") == sheets[1].data


def signed_sheet(state: str, signer: str) -> bytes:
    seeds = [drawn(f"day {n}", 32) for n in range(35)]
    return make_sheet(key(signer), state, 1, NOW.date(), seeds, NET).to_bytes()


@pytest.mark.parametrize(
    ("state", "sheet"),
    [
        pytest.param("XC", Sheet("XB", 1, signed_sheet("XB", "XC station")), id="forged"),
        pytest.param("XC", Sheet("XB", 1, signed_sheet("XB", "XB station")), id="genuine, from another's desk"),
        pytest.param("XB", Sheet("XB", 1, signed_sheet("XB", "XB gateway")), id="signed by the gateway"),
        pytest.param("XB", Sheet("XB", 9, signed_sheet("XB", "XB station")), id="called newer than it is"),
        pytest.param("XB", Sheet("XB", 1, signed_sheet("XC", "XB station")), id="of another State"),
        pytest.param("XB", Sheet("XB", 1, b"no sheet"), id="none at all"),
    ],
)
async def test_a_sheet_that_is_not_the_states_own_is_not_handed_out(net: World, state: str, sheet: Sheet) -> None:
    both = [Mailbox(name, name, frozenset({Address(name)})) for name in ("XB", "XC")]
    serving = await net.serve(await net.gateway(both))
    desk = desk_of(net, serving, state, mailbox=state, sheet=lambda: sheet)
    task = desk.start()
    await desk.until(1, BacklogEnd)
    await asyncio.sleep(0.05)
    assert await net.dialler().want_sheet(serving.address, "XB") is None
    await stop(task)


async def test_a_database_that_fails_while_delivering_ends_the_link_with_an_alarm(net: World) -> None:
    serving = await filled(net, 1)
    parts = serving.gateway.parts

    class Broken(Database):
        shared = False

        async def write(self, work: Any) -> Any:
            return await parts.db.write(work)

        async def read(self, work: Any) -> Any:
            raise StorageUnavailableError("disk gone")

    serving.gateway._takers._parts = replace(parts, db=Broken.__new__(Broken))
    with pytest.raises(UnreachableError):
        await asyncio.wait_for(desk_of(net, serving).take(), 5)
    assert ("E-LINK", "StorageUnavailableError") in net.alarms
