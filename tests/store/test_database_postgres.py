"""What PostgreSQL must be asked before it is trusted with a receipt."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Database
from contactpoint.store.errors import StorageUnavailableError, UnsafeStorageError
from tests.fixtures.databases import PostgresServer
from tests.fixtures.ports import free_port
from tests.store.store_examples import BRANCH, metadata, names, opened, put, shelf

pytestmark = pytest.mark.postgres


async def _show(tx: AsyncConnection) -> dict[str, str]:
    wanted = ("synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")
    return {name: str((await tx.execute(text(f"SHOW {name}"))).scalar_one()) for name in wanted}


async def test_a_server_that_answers_before_it_has_synced_is_refused(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    postgres_server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(UnsafeStorageError, match="synchronous_commit = off"):
        await Database.open(postgres_url, metadata, BRANCH)


async def test_a_later_change_of_the_default_does_not_weaken_a_running_node(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with opened(postgres_url) as database:
        name = postgres_url.rsplit("/", 1)[1]
        postgres_server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        settings = await asyncio.gather(*(database.write(_show) for _ in range(5)))
    assert {setting["synchronous_commit"] for setting in settings} == {"on"}


async def test_nobody_holds_a_lock_for_ever(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        settings = await database.write(_show)
    assert settings["lock_timeout"] == "5s"
    assert settings["idle_in_transaction_session_timeout"] == "15s"


async def test_two_copies_that_start_at_once_create_the_tables_once(postgres_url: str) -> None:
    databases = await asyncio.gather(*(Database.open(postgres_url, metadata, BRANCH) for _ in range(4)))
    await databases[0].write(put("law"))
    assert await databases[3].read(names) == ["law"]
    for database in databases:
        await database.close()


async def test_a_serialization_failure_is_repeated_until_it_fits(postgres_url: str) -> None:
    tries = count()
    async with opened(postgres_url) as database:
        await database.write(put("0"))

        async def work(tx: AsyncConnection) -> None:
            await tx.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            value = (await tx.execute(select(shelf.c.name))).scalar_one()
            if next(tries) == 0:
                other = await Database.open(postgres_url, metadata, BRANCH)
                await other.write(_add_ten)
                await other.close()
            await tx.execute(update(shelf).values(name=str(int(value) + 1)))

        await database.write(work)
        assert await database.read(names) == ["11"]
    assert next(tries) == 2


async def _add_ten(tx: AsyncConnection) -> None:
    await tx.execute(update(shelf).values(name="10"))


async def test_a_transaction_that_never_fits_is_given_up_aloud(postgres_url: str) -> None:
    tries = count()

    async def work(tx: AsyncConnection) -> None:
        next(tries)
        await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))

    async with opened(postgres_url) as database:
        with pytest.raises(StorageUnavailableError, match="try again"):
            await database.write(work)
    assert next(tries) == 8


async def test_a_server_that_is_not_there_is_said_with_what_to_do() -> None:
    with pytest.raises(StorageUnavailableError, match="check that it runs"):
        await Database.open(f"postgresql://contactpoint@127.0.0.1:{free_port()}/none", metadata, BRANCH)


async def test_connections_that_the_server_dropped_are_replaced(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with opened(postgres_url) as database:
        await database.write(put("before"))
        name = postgres_url.rsplit("/", 1)[1]
        postgres_server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await database.write(put("later"))
        assert await database.read(names) == ["before", "later"]


async def test_the_clock_that_all_machines_share_goes_on_within_a_transaction(postgres_url: str) -> None:
    async def work(tx: AsyncConnection) -> timedelta:
        first = await database.clock(tx)
        await tx.execute(text("SELECT pg_sleep(0.05)"))
        second = await database.clock(tx)
        assert first.tzinfo is not None and first.microsecond % 1000 == 0
        return second - first

    async with opened(postgres_url) as database:
        assert database.shared
        assert timedelta(milliseconds=40) < await database.read(work) < timedelta(seconds=5)


async def test_an_address_with_another_driver_is_understood(postgres_url: str) -> None:
    async with opened(postgres_url.replace("postgresql:", "postgresql+psycopg:")) as database:
        assert await database.read(names) == []


async def test_timeouts_are_set_on_every_session(postgres_url: str) -> None:
    """A worker that hangs, or whose machine was switched off, must not hold its rows for ever."""
    wanted = {
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "15s",
        "tcp_user_timeout": "15000",
    }  # the last in ms: as the system holds it

    async def shown(tx: AsyncConnection) -> dict[str, str]:
        return {name: (await tx.execute(text(f"SHOW {name}"))).scalar_one() for name in wanted}

    async with opened(postgres_url) as database:
        assert await database.read(shown) == await database.write(shown) == wanted
