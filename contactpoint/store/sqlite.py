"""SQLite as a database that keeps its word: WAL, a sync at every commit, a file that only its owner reads.

Statements run on the caller's thread: most take some ten microseconds, a hop to another thread and back takes several
times that, and the driver would hop four times a statement. Only what can wait hops: taking the write lock, and the
commit with its sync. So a work must read by index and in pages, as it should anyway.
"""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contactpoint.store.errors import StorageUnavailableError, UnsafeStorageError

_BUSY_TIMEOUT_MS = 10_000  # how long to wait for another process of this node (a command beside the server)
_READERS = 4  # connections for reading, opened when needed
_FULL = 2  # PRAGMA synchronous: 2 FULL, 3 EXTRA
_OTHERS = 0o077

Refusal = sqlite3.Error  # what the driver raises


def make_private(url: URL) -> Path:
    """The database's path; a new file is made readable to its owner only. SQLite gives -wal and -shm the same mode."""
    if not url.database or url.database == ":memory:" or url.query:
        raise UnsafeStorageError("a database in memory or with options loses commits; give sqlite:///path/to/file")
    path = Path(url.database)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    if path.stat().st_mode & _OTHERS:
        raise UnsafeStorageError(f"others may read {path}; run: chmod 600 {path}")
    return path


def refuse_unsafe(path: Path) -> None:
    """Raise UnsafeStorageError unless this file, on this disk, can be kept in WAL mode with a sync at every commit."""
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_MS / 1000, isolation_level=None)
    try:
        _set_up(connection)
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        level = connection.execute("PRAGMA synchronous").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise StorageUnavailableError(f"{path} cannot be opened ({error}); check the disk, then try again") from error
    except sqlite3.DatabaseError as error:
        raise UnsafeStorageError(f"{path} is damaged or no database ({error}); restore it from a backup") from error
    finally:
        connection.close()
    if mode != "wal":
        raise UnsafeStorageError(f"{path} cannot use a write-ahead log ({mode}); move it to a local disk")
    if level < _FULL:
        raise UnsafeStorageError(f"{path} would not sync its commits; use an SQLite that honours synchronous=FULL")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The very file that was opened under a path: a database that was deleted or replaced takes commits that nobody will find."""

    path: Path
    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "OpenFile":
        found = path.stat()
        return cls(path, found.st_dev, found.st_ino)

    def check(self) -> None:
        """Raise StorageUnavailableError unless it is still there. Asked before each commit, because receipts follow it."""
        try:
            there = OpenFile.of(self.path)
        except OSError as error:
            raise StorageUnavailableError(f"{self.path} is gone; restore it, then start again") from error
        if there != self:
            raise StorageUnavailableError(f"{self.path} was replaced while it was in use; start again")


def broken_rule(error: IntegrityError) -> str:
    """Which rule a refused row broke, such as `UNIQUE constraint failed: officer.number`; never a value."""
    return str(error.orig)


def writing_engine(path: Path) -> AsyncEngine:
    """An engine of one connection, whose transactions take the write lock when they begin."""
    engine = _engine(path, _WritingConnection, 1)
    _listen(engine, "BEGIN IMMEDIATE")
    return engine


def reading_engine(path: Path) -> AsyncEngine:
    """An engine of a few connections that cannot write; each transaction sees one snapshot."""
    engine = _engine(path, _ReadingConnection, _READERS)
    _listen(engine, "BEGIN", "PRAGMA query_only = ON")
    return engine


class _ReadingConnection(aiosqlite.Connection):
    """Runs everything at once on the caller's thread: with a write-ahead log a reader waits for nobody."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._can_wait(fn, args):
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # their method is untyped

    def _can_wait(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        return fn == self._conn.close


class _WritingConnection(_ReadingConnection):
    """Runs statements on the caller's thread; lock, commit and rollback on its own thread, one after another."""

    def _can_wait(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        if args and isinstance(args[0], str):
            return args[0].startswith(("BEGIN", "PRAGMA"))
        return fn in (self._conn.commit, self._conn.rollback, self._conn.close)


def _engine(path: Path, kind: type[aiosqlite.Connection], connections: int) -> AsyncEngine:
    def connect(*_: object, **__: object) -> aiosqlite.Connection:
        # Thread-safe without the check: the driver's thread touches it only while the caller waits for it.
        connection = kind(lambda: sqlite3.connect(path, check_same_thread=False), iter_chunk_size=64)
        connection._thread.daemon = True
        return connection

    url = URL.create("sqlite+aiosqlite", database=str(path))
    return create_async_engine(url, pool_size=connections, max_overflow=0, async_creator=connect, hide_parameters=True)


def _listen(engine: AsyncEngine, begin: str, *more: str) -> None:
    # Python's sqlite3 would begin transactions by itself, late and deferred: switch that off and say BEGIN ourselves.
    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        _set_up(cursor)
        for pragma in more:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _set_up(connection: Any) -> None:
    for pragma in (
        f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",  # what retention erases must not stay readable in free pages
    ):
        connection.execute(pragma)
