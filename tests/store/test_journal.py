"""A journal in which nothing can be changed, removed or reordered unseen."""

import asyncio

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Work
from contactpoint.store.errors import JournalBrokenError
from contactpoint.store.journal import append, journal_head, verify_journal
from tests.store.store_examples import NOW, journal, metadata, opened

entries = journal.entries


def note(subject: str, digest: bytes | None = None) -> Work[bytes]:
    async def work(tx: AsyncConnection) -> bytes:
        return await append(tx, journal, "noted", subject, digest, NOW)

    return work


async def check(tx: AsyncConnection) -> bytes | None:
    return await verify_journal(tx, journal)


async def test_an_empty_journal_has_no_head(database_url: str) -> None:
    async with opened(database_url) as database:
        assert await database.read(check) is None
        assert await database.read(lambda tx: journal_head(tx, journal)) is None


async def test_each_entry_changes_the_head_and_the_chain_replays(database_url: str) -> None:
    async with opened(database_url) as database:
        heads = [await database.write(note(f"case {number}", bytes([number]) * 32)) for number in range(5)]
        assert len(set(heads)) == 5
        assert {len(head) for head in heads} == {32}
        assert await database.read(check) == heads[-1]
        assert await database.read(lambda tx: journal_head(tx, journal)) == heads[-1]


async def test_the_same_entry_twice_has_two_heads(database_url: str) -> None:
    async with opened(database_url) as database:
        assert await database.write(note("case")) != await database.write(note("case"))


async def test_an_entry_whose_transaction_failed_is_not_in_the_chain(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> None:
        await note("never")(tx)
        raise KeyError

    async with opened(database_url) as database:
        head = await database.write(note("first"))
        with pytest.raises(KeyError):
            await database.write(work)
        assert await database.read(check) == head


async def test_writers_at_once_make_one_chain(database_url: str) -> None:
    async with opened(database_url) as one, opened(database_url) as two:
        await asyncio.gather(*((one, two)[number % 2].write(note(str(number))) for number in range(30)))
        assert await one.read(check) is not None
        assert await one.read(lambda tx: _count(tx)) == 30


async def _count(tx: AsyncConnection) -> int:
    return int((await tx.execute(select(func.count()).select_from(entries))).scalar_one())


ATTACKS = {
    "changing a subject": (update(entries).where(entries.c.number == 3).values(subject="other"), 3),
    "changing an event": (update(entries).where(entries.c.number == 3).values(event="other"), 3),
    "changing a digest": (update(entries).where(entries.c.number == 3).values(digest=bytes(32)), 3),
    "removing a digest": (update(entries).where(entries.c.number == 3).values(digest=None), 3),
    "changing a time": (update(entries).where(entries.c.number == 3).values(at=NOW.replace(year=2025)), 3),
    "removing an entry": (delete(entries).where(entries.c.number == 3), 3),
    "removing the first entry": (delete(entries).where(entries.c.number == 1), 1),
    "cutting the tail off": (delete(entries).where(entries.c.number > 3), 3),
    "emptying it": (delete(entries), 0),
    "removing the head row": (delete(journal.head), 5),
    "setting the head back": (update(journal.head).values(number=3), 5),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_changed_journal_is_found_with_the_number_of_the_entry(database_url: str, attack: str) -> None:
    statement, number = ATTACKS[attack]

    async def tamper(tx: AsyncConnection) -> None:
        await tx.execute(statement)

    async with opened(database_url) as database:
        for index in range(5):
            await database.write(note(f"case {index}", bytes([index]) * 32))
        await database.write(tamper)
        with pytest.raises(JournalBrokenError) as caught:
            await database.read(check)
    assert caught.value.number == number


async def test_a_rewritten_journal_is_found_by_a_head_that_a_peer_has_seen(sqlite_url: str) -> None:
    async def forge(tx: AsyncConnection) -> None:
        for table in metadata.tables.values():
            await tx.execute(delete(table))
        await note("a tidier story")(tx)

    async with opened(sqlite_url) as database:
        published = await database.write(note("what happened"))
        await database.read(lambda tx: verify_journal(tx, journal, [published]))
        await database.write(forge)
        await database.read(check)
        with pytest.raises(JournalBrokenError, match="published"):
            await database.read(lambda tx: verify_journal(tx, journal, [published]))


async def test_a_journal_longer_than_one_page_replays(sqlite_url: str) -> None:
    async def many(tx: AsyncConnection) -> bytes:
        head = b""
        for number in range(2100):
            head = await note(str(number))(tx)
        return head

    async with opened(sqlite_url) as database:
        head = await database.write(many)
        assert await database.read(check) == head
