"""One contract of the register's rows, held by SQLite and by a real PostgreSQL alike: the register itself works on both."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from contactpoint.store.database import Database
from directory.checkpoint import read_checkpoint
from directory.errors import ApprovalError
from directory.log import Log
from directory.ports import Rows, StoredCheckpoint, Waiting
from directory.register import Register
from directory.rules import Status
from directory.store import BRANCH, SqlShelf, metadata
from directory.words import fingerprint_words
from keys.prekeys import SHEET_DAYS, make_sheet
from tests.directory.registerworld import GENESIS, NET, NOW, card, charter, genesis_object, log_key, signing


@pytest.fixture
async def shelf(database_url: str) -> AsyncIterator[SqlShelf]:
    database = await Database.open(database_url, metadata, BRANCH)
    yield SqlShelf(database)
    await database.close()


@pytest.fixture
async def beside(database_url: str, shelf: SqlShelf) -> AsyncIterator[SqlShelf]:
    """A second program on the same rows: its own connections, its own writer."""
    database = await Database.open(database_url, metadata, BRANCH)
    yield SqlShelf(database)
    await database.close()


def register(shelf: SqlShelf) -> Register:
    return Register(shelf, genesis_object(), log_key())


def words(state: str) -> str:
    return fingerprint_words(signing(f"{state}/root").public.id)


def sheet(state: str, number: int) -> bytes:
    seeds = [bytes([number]) * 16 + bytes([day]) * 16 for day in range(SHEET_DAYS)]
    return make_sheet(signing(f"{state}/station"), state, number, NOW.date(), seeds, NET).to_bytes()


async def enrol(at: Register, state: str) -> None:
    await at.submit(charter(state).to_bytes(), NOW)
    await at.submit(card(state)[0].to_bytes(), NOW)
    await at.approve(state, words(state), signing("registrar"), "", NOW)


async def test_a_charter_and_its_card_wait_and_leave_no_trace_in_the_log(shelf: SqlShelf) -> None:
    here = register(shelf)
    assert (await here.submit(charter("XA").to_bytes(), NOW)).outcome == "waiting"
    assert (await here.submit(card("XA")[0].to_bytes(), NOW)).outcome == "waiting"
    assert [(each.state, each.kind, each.at) for each in await here.waiting()] == [
        ("XA", "charter", NOW),
        ("XA", "card", NOW),
    ]
    assert (await here.view()).log.size == 0


async def test_the_heard_words_append_the_listing_and_what_waited_in_one_step(shelf: SqlShelf) -> None:
    here = register(shelf)
    await enrol(here, "XA")
    view = await here.view()
    assert view.log.size == 3
    assert view.registry.standings["XA"].status is Status.LISTED
    assert await here.waiting() == []
    assert (await here.submit(card("XA", 2)[0].to_bytes(), NOW)).index == 3


async def test_wrong_words_change_no_row(shelf: SqlShelf) -> None:
    here = register(shelf)
    await here.submit(charter("XA").to_bytes(), NOW)
    with pytest.raises(ApprovalError):
        await here.approve("XA", words("XB"), signing("registrar"), "", NOW)
    assert (await here.view()).log.size == 0
    assert len(await here.waiting()) == 1


async def test_objects_come_back_byte_for_byte_and_the_log_replays_to_its_root(shelf: SqlShelf) -> None:
    here = register(shelf)
    await enrol(here, "XA")
    second = charter("XA", 2).to_bytes()
    taken = await here.submit(second, NOW)
    assert await here.object(taken.digest) == second
    assert await here.object(b"x" * 32) is None
    rows = await shelf.read(lambda rows: rows.entries_after(0))
    again = await register(shelf).view()
    assert again.log.root == Log().extend([entry for entry, _ in rows]).root
    assert await shelf.read(lambda rows: rows.entries_after(3)) == rows[3:]


async def test_a_checkpoint_is_kept_signed_anew_only_in_time_and_never_older(shelf: SqlShelf) -> None:
    here = register(shelf)
    await enrol(here, "XA")
    first = await here.checkpoint(NOW)
    assert read_checkpoint(first, GENESIS.origin, GENESIS.log.key).size == 3
    assert await here.checkpoint(NOW + timedelta(minutes=9)) == first
    assert await register(shelf).checkpoint(NOW - timedelta(hours=1)) == first
    second = await here.checkpoint(NOW + timedelta(minutes=11))
    assert second != first
    held = await shelf.read(lambda rows: rows.checkpoint())
    assert held == StoredCheckpoint(3, NOW + timedelta(minutes=11), second)


async def test_of_two_checkpoints_of_one_second_the_larger_log_is_the_newest(shelf: SqlShelf) -> None:
    async def two(rows: Rows) -> None:
        await rows.put_checkpoint(StoredCheckpoint(10, NOW, b"ten"))
        await rows.put_checkpoint(StoredCheckpoint(9, NOW, b"nine"))

    await shelf.write(two)
    held = await shelf.read(lambda rows: rows.checkpoint())
    assert held is not None
    assert held.size == 10


async def test_the_newest_sheet_replaces_the_older_one(shelf: SqlShelf) -> None:
    here = register(shelf)
    await enrol(here, "XA")
    assert await here.sheet("XA") is None
    first, second = sheet("XA", 1), sheet("XA", 2)
    outcomes = [(await here.submit(each, NOW)).outcome for each in (first, second, second)]
    assert outcomes == ["stored", "stored", "known"]
    assert await here.sheet("XA") == second
    assert await here.sheet("XB") is None


async def test_a_members_part_is_kept_by_its_salted_digest_and_a_newer_one_erases_it(shelf: SqlShelf) -> None:
    here = register(shelf)
    await enrol(here, "XA")
    _, part = card("XA")
    assert part is not None
    assert (await here.submit(part.to_content(), NOW)).outcome == "stored"
    assert await here.members(part.salted) == part.to_content()
    await shelf.write(lambda rows: rows.put_members("XB", b"other State", b"stays"))
    await shelf.write(lambda rows: rows.put_members("XA", b"newer", b"new"))
    assert await here.members(part.salted) is None
    assert await here.members(b"other State") == b"stays"


async def test_what_waits_is_replaced_by_claim_and_dropped_by_state(shelf: SqlShelf) -> None:
    async def work(rows: Rows) -> list[bytes]:
        for state, claim, data in (("XA", b"1", b"old"), ("XA", b"1", b"new"), ("XA", b"2", b"b"), ("XB", b"1", b"c")):
            await rows.put_waiting(Waiting(state, claim, "charter", data, NOW))
        kept = [each.data for each in await rows.waiting("XA")]
        await rows.drop_waiting("XA")
        return kept + [each.data for each in await rows.waiting()]

    assert await shelf.write(work) == [b"new", b"b", b"c"]


async def test_a_decision_that_fails_half_way_leaves_no_row(shelf: SqlShelf) -> None:
    async def broken(rows: Rows) -> None:
        await rows.append(0, b"entry", b"digest", b"data", NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await shelf.write(broken)
    assert await shelf.read(lambda rows: rows.size()) == 0
    assert await shelf.read(lambda rows: rows.entries_after(0)) == []


async def test_an_entry_takes_only_the_next_place(shelf: SqlShelf) -> None:
    await shelf.write(lambda rows: rows.append(0, b"entry", b"digest", b"data", NOW))
    for wrong in (0, 2):
        with pytest.raises(AssertionError):
            await shelf.write(lambda rows, index=wrong: rows.append(index, b"entry", b"other", b"data", NOW))  # type: ignore[misc]
    assert await shelf.read(lambda rows: rows.size()) == 1


async def test_two_programs_that_append_at_once_take_places_one_after_another(
    shelf: SqlShelf, beside: SqlShelf
) -> None:
    here, there = register(shelf), register(beside)
    await asyncio.gather(enrol(here, "XA"), enrol(there, "XB"))  # the first rows ever: both make the head of the log
    cards = [(at, state, number) for number in (2, 3, 4) for at, state in ((here, "XA"), (there, "XB"))]
    for number in (2, 3, 4):
        await asyncio.gather(
            *(at.submit(card(state, each)[0].to_bytes(), NOW) for at, state, each in cards if each == number)
        )
    seen = [await each.view() for each in (here, there, register(shelf))]
    assert [each.log.size for each in seen] == [12, 12, 12]
    assert len({each.log.root for each in seen}) == 1
    assert await shelf.read(lambda rows: rows.size()) == 12
