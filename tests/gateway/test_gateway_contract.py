"""The promises that rest on the database: kept alike on SQLite and on PostgreSQL, by two copies of one gateway."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from contactpoint.link.errors import LeaseLostError, StaleEpochError
from contactpoint.link.results import HeldResult, RefusedResult, StoredResult
from contactpoint.store import rows_mailbox as rows
from contactpoint.store.gateway_schema import item, journal
from contactpoint.store.journal import verify_journal
from contactpoint.wire.slip import read_slip
from tests.gateway.gateway_desk import TakingDesk, stop
from tests.gateway.gateway_world import Serving, World, world
from tests.link.link_examples import LetterForm, letter, slip


@pytest.fixture
async def net(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        made.url = database_url
        made.limits = replace(made.limits, lease_s=0.4)
        yield made


@pytest.fixture
async def copies(net: World) -> list[Serving]:
    return [await net.serve(await net.gateway()) for _ in range(2)]


async def test_two_copies_given_one_letter_at_once_hold_it_once(net: World, copies: list[Serving]) -> None:
    dialler = net.dialler()
    puts = [dialler.put(copies[n % 2].address, letter(LetterForm(number=n // 4))) for n in range(24)]
    results = await asyncio.gather(*puts)
    held = [result for result in results if isinstance(result, HeldResult)]
    assert len(held) == 24
    assert len({result.receipt for result in held}) == 6
    assert sum(not result.duplicate for result in held) == 6


async def test_two_copies_number_one_mailbox_without_a_hole_and_journal_every_receipt(
    net: World, copies: list[Serving]
) -> None:
    dialler = net.dialler()
    puts = [dialler.put(copies[n % 2].address, letter(LetterForm(number=n))) for n in range(1, 21)]
    results = await asyncio.gather(
        *puts, dialler.put(copies[0].address, slip()), dialler.put(copies[1].address, slip())
    )
    assert results[-2:] == [StoredResult(), StoredResult()]
    db = copies[0].gateway.parts.db
    numbers = await db.read(lambda tx: tx.scalars(select(item.c.number).order_by(item.c.number)))
    assert list(numbers) == list(range(1, 22))
    receipts = [read_slip(result.receipt)[0] for result in results if isinstance(result, HeldResult)]
    heads = {receipt.journal_head for receipt in receipts if receipt.journal_head is not None}
    assert len(heads) == 20
    await db.read(lambda tx: verify_journal(tx, journal, heads))


async def test_a_conflict_is_kept_and_refused(net: World, copies: list[Serving]) -> None:
    dialler = net.dialler()
    await dialler.put(copies[0].address, letter(LetterForm()))
    second = await dialler.put(copies[1].address, letter(LetterForm(text="another")))
    assert isinstance(second, RefusedResult)
    assert second.code == "E-ID-CONFLICT"


async def test_a_higher_epoch_at_another_copy_takes_the_mailbox_over(net: World, copies: list[Serving]) -> None:
    await net.dialler().put(copies[0].address, letter(LetterForm()))
    first = TakingDesk(net.dialler("XB"), copies[0].address)
    losing = first.start()
    await first.until(1)
    second = TakingDesk(net.dialler("XB"), copies[1].address, epoch=2, holder="desk 2")
    taking = second.start()
    await second.until(1)
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(losing, 5)
    with pytest.raises(StaleEpochError):
        await asyncio.wait_for(TakingDesk(net.dialler("XB"), copies[0].address, epoch=2).take(), 5)
    await stop(taking)


async def test_mail_put_at_one_copy_reaches_the_taker_of_the_other(net: World, copies: list[Serving]) -> None:
    desk = TakingDesk(net.dialler("XB"), copies[1].address)
    task = desk.start()
    for number in (1, 2):
        await net.dialler().put(copies[0].address, letter(LetterForm(number=number)))
        await desk.until(number)
    await stop(task)


async def test_took_moves_the_cursor_only_where_the_epoch_is_the_takers_own(net: World, copies: list[Serving]) -> None:
    db = copies[0].gateway.parts.db
    until = net.clock()
    assert await db.write(lambda tx: rows.claim(tx, "XB", "desk 2", 2, until))
    assert not await db.write(lambda tx: rows.took(tx, "XB", 1, 9))
    assert not await db.write(lambda tx: rows.renew(tx, "XB", 1, until))
    assert await db.write(lambda tx: rows.took(tx, "XB", 2, 9))
    assert await db.write(lambda tx: rows.took(tx, "XB", 2, 5))
    assert (await db.read(lambda tx: rows.mailbox_row(tx, "XB"))).taken == 9
