"""What SQLite must be told before it keeps its word."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store import sqlite
from contactpoint.store.database import Database
from contactpoint.store.errors import StorageUnavailableError, StoreError, UnsafeStorageError
from tests.store.store_examples import BRANCH, metadata, names, opened, put


async def _pragmas(tx: AsyncConnection) -> dict[str, object]:
    wanted = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only", "secure_delete")
    return {name: (await tx.execute(text(f"PRAGMA {name}"))).scalar_one() for name in wanted}


async def test_the_writer_syncs_every_commit_to_a_write_ahead_log(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        settings = await database.write(_pragmas)
    assert settings["journal_mode"] == "wal"
    assert settings["synchronous"] == 2
    assert settings["foreign_keys"] == 1
    assert settings["secure_delete"] == 1
    assert int(str(settings["busy_timeout"])) >= 5000


async def test_readers_cannot_write(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        assert (await database.read(_pragmas))["query_only"] == 1


async def test_a_stolen_disk_image_gives_no_file_to_another_user(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(sqlite_url) as database:
        await database.write(put("law"))
        files = sorted(tmp_path.glob("test.sqlite3*"))
        assert len(files) == 3
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_a_file_that_others_may_read_is_refused_with_the_command_that_helps(
    sqlite_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "test.sqlite3"
    path.touch(0o600)
    path.chmod(0o640)
    with pytest.raises(UnsafeStorageError, match="chmod 600"):
        await Database.open(sqlite_url, metadata, BRANCH)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///x?mode=memory", "sqlite:///x?nolock=1"])
async def test_a_database_that_loses_commits_by_its_url_is_refused(url: str) -> None:
    with pytest.raises(UnsafeStorageError):
        await Database.open(url, metadata, BRANCH)


async def test_a_disk_without_a_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Stands for a network disk: SQLite answers PRAGMA journal_mode with the mode it could not leave.
    monkeypatch.setattr(sqlite, "_set_up", lambda connection: connection.execute("PRAGMA journal_mode = DELETE"))
    with pytest.raises(UnsafeStorageError, match="local disk"):
        await Database.open(f"sqlite:///{tmp_path / 'x'}", metadata, BRANCH)


async def test_a_disk_that_does_not_sync_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    monkeypatch.setattr(sqlite, "_set_up", careless)
    with pytest.raises(UnsafeStorageError, match="sync"):
        await Database.open(f"sqlite:///{tmp_path / 'x'}", metadata, BRANCH)


async def test_another_process_that_holds_the_lock_is_waited_for_without_stopping_the_others(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with opened(sqlite_url) as database:
        other = sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(database.write(put("law")))
        ticks = 0
        for _ in range(10):
            await asyncio.sleep(0.01)
            ticks += 1
            assert await database.read(names) == []
        assert ticks == 10 and not waiting.done()
        other.execute("COMMIT")
        other.close()
        await waiting
        assert await database.read(names) == ["law"]


async def test_a_lock_held_too_long_is_said_and_nothing_was_written(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT_MS", 50)
    async with opened(sqlite_url) as database:
        other = sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailableError):
            await database.write(put("law"))
        other.execute("ROLLBACK")
        other.close()
        await database.write(put("later"))
        assert await database.read(names) == ["later"]


async def test_a_full_disk_is_said_and_the_writer_lives_on(sqlite_url: str) -> None:
    async def fill(tx: AsyncConnection) -> None:
        await tx.execute(text("PRAGMA max_page_count = 1"))
        for number in range(2000):
            await put("x" * 500 + str(number))(tx)

    async def free(tx: AsyncConnection) -> None:
        await tx.execute(text("PRAGMA max_page_count = 1000000"))

    async with opened(sqlite_url) as database:
        with pytest.raises(StorageUnavailableError):
            await database.write(fill)
        await database.write(free)
        await database.write(put("law"))
        assert await database.read(names) == ["law"]


async def test_a_damaged_file_is_refused_and_kept(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "test.sqlite3"
    path.touch(0o600)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnsafeStorageError, match="restore"):
        await Database.open(sqlite_url, metadata, BRANCH)
    assert path.read_bytes() == b"not a database at all" * 100


async def test_a_folder_that_does_not_exist_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match="folder exists"):
        await Database.open(f"sqlite:///{tmp_path}/none/x.sqlite3", metadata, BRANCH)


async def test_sqlite_has_no_clock_to_share(sqlite_url: str) -> None:
    async with opened(sqlite_url) as database:
        assert not database.shared
        with pytest.raises(StoreError, match="now"):
            await database.read(database.clock)


@pytest.mark.parametrize("what", ["deleted", "replaced"])
async def test_a_database_deleted_or_replaced_while_it_runs_takes_no_commit(
    sqlite_url: str, tmp_path: Path, what: str
) -> None:
    """It would go on into a file without a name, and every receipt said after that would be a lie at the next start."""
    async with opened(sqlite_url) as database:
        await database.write(put("before"))
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        path.rename(tmp_path / "aside")
        if what == "replaced":
            path.write_bytes(b"")
        with pytest.raises(StorageUnavailableError):
            await database.write(put("after"))
        (tmp_path / "aside").rename(path)
        await database.write(put("again"))
        assert await database.read(names) == ["again", "before"]
