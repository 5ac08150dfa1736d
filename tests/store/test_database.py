"""One contract for both databases: what is written stays, what fails leaves nothing, cancelling changes nothing."""

import asyncio
import traceback
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Database
from contactpoint.store.errors import ConflictError, NestedWriteError, SchemaError, StorageUnavailableError, StoreError
from contactpoint.store.instant import from_milliseconds, to_milliseconds
from tests.store.store_examples import BRANCH, NOW, book, metadata, names, opened, put, shelf


async def test_what_was_written_is_there_after_a_restart(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.write(put("law"))
    async with opened(database_url) as database:
        assert await database.read(names) == ["law"]


async def test_a_work_that_raises_leaves_nothing_behind(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> None:
        await put("law")(tx)
        raise KeyError("stop")

    async with opened(database_url) as database:
        with pytest.raises(KeyError):
            await database.write(work)
        assert await database.read(names) == []
        await database.write(put("works again"))
        assert await database.read(names) == ["works again"]


async def test_a_cancelled_caller_does_not_touch_the_transaction(database_url: str) -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(tx: AsyncConnection) -> None:
        await put("first half")(tx)
        begun.set()
        await go_on.wait()
        await put("second half")(tx)

    async with opened(database_url) as database:
        caller = asyncio.create_task(database.write(slow))
        await begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        go_on.set()
        await database.write(put("z"))
        await database.close()
    async with opened(database_url) as database:
        assert await database.read(names) == ["first half", "second half", "z"]


async def test_a_work_whose_awaited_task_was_cancelled_does_not_stop_the_others(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> None:
        await put("law")(tx)
        task = asyncio.create_task(asyncio.sleep(10))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    async with opened(database_url) as database:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(database.write(work), 10)
        await asyncio.wait_for(database.write(put("works again")), 10)
        assert await database.read(names) == ["works again"]


async def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(database_url: str) -> None:
    async with opened(database_url) as database:

        async def work(_tx: AsyncConnection) -> None:
            await database.write(put("law"))

        with pytest.raises(NestedWriteError):
            await asyncio.wait_for(database.write(work), 10)
        assert await database.read(names) == []


async def test_a_broken_uniqueness_rule_is_a_conflict_without_the_value_in_its_text(database_url: str) -> None:
    value = "what nobody may log"
    async with opened(database_url) as database:
        await database.write(put(value))
        with pytest.raises(ConflictError) as caught:
            await database.write(put(value))
    told = "".join(traceback.format_exception(caught.value))
    assert value not in told
    assert "shelf" in str(caught.value)


async def test_a_row_cannot_point_at_nothing(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> None:
        await tx.execute(insert(book), {"shelf": 7})

    async with opened(database_url) as database:
        with pytest.raises(ConflictError):
            await database.write(work)


async def test_a_read_cannot_write(database_url: str) -> None:
    async with opened(database_url) as database:
        with pytest.raises(Exception, match=r"(?i)read-?only|locked, full or gone"):
            await database.read(put("law"))
        assert await database.read(names) == []


async def test_a_read_sees_one_snapshot(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.write(put("before"))

        async def twice(tx: AsyncConnection) -> tuple[list[str], list[str]]:
            first = await names(tx)
            await database.write(put("meanwhile"))
            return first, await names(tx)

        assert await database.read(twice) == (["before"], ["before"])


async def test_a_read_sees_what_was_committed_before_it(database_url: str) -> None:
    async with opened(database_url) as database:
        for number in range(20):
            await database.write(put(f"{number:02}"))
            assert len(await database.read(names)) == number + 1


async def test_crossing_counters_lose_no_step(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.write(put("0"))

        async def step(tx: AsyncConnection) -> None:
            value = (await tx.execute(select(shelf.c.name).with_for_update())).scalar_one()
            await asyncio.sleep(0)
            await tx.execute(update(shelf).values(name=str(int(value) + 1)))

        await asyncio.gather(*(database.write(step) for _ in range(40)))
        assert await database.read(names) == ["40"]


async def test_a_closed_database_says_so(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.close()
        with pytest.raises(StorageUnavailableError):
            await database.write(put("law"))


async def test_closing_waits_for_what_was_ordered(database_url: str) -> None:
    async with opened(database_url) as database:
        orders = [asyncio.create_task(database.write(put(str(number)))) for number in range(10)]
        await asyncio.sleep(0)
        await database.close()
        await asyncio.gather(*orders)
    async with opened(database_url) as database:
        assert len(await database.read(names)) == 10


async def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    async with opened(database_url) as database:

        async def age(tx: AsyncConnection) -> None:
            await tx.exec_driver_sql(f"UPDATE {BRANCH}_alembic_version SET version_num = 'desk_9999'")

        await database.write(age)
    with pytest.raises(SchemaError, match="desk_9999"):
        await Database.open(database_url, metadata, BRANCH)


async def test_tables_of_somebody_else_are_not_taken_over(database_url: str) -> None:
    async with opened(database_url) as database:

        async def forget(tx: AsyncConnection) -> None:
            await tx.exec_driver_sql(f"DROP TABLE {BRANCH}_alembic_version")

        await database.write(forget)
    with pytest.raises(SchemaError, match="shelf"):
        await Database.open(database_url, metadata, BRANCH)


async def test_an_error_of_the_work_itself_is_not_taken_for_the_databases(database_url: str) -> None:
    async def work(_tx: AsyncConnection) -> None:
        raise TimeoutError("the work's own")

    async with opened(database_url) as database:
        for through in (database.write, database.read):
            with pytest.raises(TimeoutError, match="own"):
                await through(work)


async def test_an_unreadable_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(StoreError, match="sqlite:///") as caught:
        await Database.open("postgresql:/x:password@", metadata, BRANCH)
    assert "password" not in "".join(traceback.format_exception_only(caught.value))


async def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        await Database.open("mysql://192.0.2.1/x", metadata, BRANCH)


async def test_a_time_comes_back_to_the_millisecond_in_utc(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> datetime:
        await tx.execute(insert(shelf), {"id": 1, "name": "law"})
        await tx.execute(insert(book), {"shelf": 1, "at": NOW.astimezone(timezone(timedelta(hours=5)))})
        at: datetime = (await tx.execute(select(book.c.at))).scalar_one()
        return at

    async with opened(database_url) as database:
        at = await database.write(work)
    assert at == NOW
    assert at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(database_url: str) -> None:
    async def work(tx: AsyncConnection) -> None:
        await tx.execute(insert(book), {"shelf": 1, "at": NOW.replace(tzinfo=None)})

    async with opened(database_url) as database:
        with pytest.raises(StatementError, match="without a zone"):
            await database.write(work)


@given(st.integers(0, 253402300799999))
def test_every_millisecond_survives_the_way_there_and_back(milliseconds: int) -> None:
    assert to_milliseconds(from_milliseconds(milliseconds)) == milliseconds


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stored_time_is_never_later_than_the_time(at: datetime) -> None:
    stored = from_milliseconds(to_milliseconds(at))
    assert timedelta(0) <= at - stored < timedelta(milliseconds=1)
