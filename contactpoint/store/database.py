"""One way to a transaction, on SQLite and on PostgreSQL: hand over a function, await what it returns.

When `write` returns, the commit is durable: SQLite in WAL mode with synchronous=FULL, PostgreSQL with
synchronous_commit and fsync on; a database that is set otherwise is refused at start-up, because a receipt signed on it
could be a lie.

What it does not do: it never repeats a work whose commit may have happened, and it never runs a work in parallel to
itself. A work may be run again after a serialization failure, so it must touch nothing but its transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import MetaData, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contactpoint.store import postgres, sqlite
from contactpoint.store.errors import ConflictError, NestedWriteError, StorageUnavailableError, StoreError
from contactpoint.store.schema import bring_up_to_date

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

_RETRIES = 8  # of a transaction that PostgreSQL asked to run again
_UNREACHABLE = "the database cannot be reached; check that it runs and that its folder exists, then try again"
_CLOSED = "the database of this process is closed; start the program again"


class Database:
    """One schema in one database. Open it once per process with `Database.open` and close it at the end."""

    def __init__(self, url: URL, readers: AsyncEngine, writer: "_OneWriter | _ManyWriters") -> None:
        self._url = url
        self._readers = readers
        self._writer = writer

    @classmethod
    async def open(cls, url: str, metadata: MetaData, branch: str) -> "Database":
        """Check that the settings are safe, create or migrate the tables of `branch`, and start writing.

        `url`: `sqlite:////absolute/path` or `postgresql://user@host/name` (a driver may be named). `branch`: desk,
        gateway or register. Raises UnsafeStorageError, SchemaError, StorageUnavailableError.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            parsed = URL.create("nothing")  # the text may hold a password: it is not repeated
        name = parsed.get_backend_name()
        if name not in ("sqlite", "postgresql"):
            raise StoreError(f"cannot store in {name!r}; give a URL that starts with sqlite:/// or postgresql://")
        with _translated():
            try:
                return await (_open_sqlite if name == "sqlite" else _open_postgres)(parsed, metadata, branch)
            except OSError as error:
                raise StorageUnavailableError(f"{_UNREACHABLE} ({error.strerror})") from error

    @property
    def shared(self) -> bool:
        """True on PostgreSQL: several machines may write here, so leases are judged by the database's clock."""
        return self._url.get_backend_name() == "postgresql"

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent snapshot and return its result; writing in it is refused by the database."""
        with _translated():
            async with _connected(self._readers) as tx, tx.begin():
                return await work(tx)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction, commit durably, return its result; when it raises, nothing has happened.

        Cancelling the caller does not touch the transaction: it runs to its end, seen or unseen. Raises what `work`
        raises, ConflictError, StorageUnavailableError, NestedWriteError.
        """
        return await self._writer.write(work)

    async def clock(self, tx: AsyncConnection) -> datetime:
        """The database's own clock, to the millisecond: the one that all machines share. PostgreSQL only."""
        if not self.shared:
            raise StoreError("SQLite has no clock to share; use `now`")
        at: datetime = (await tx.execute(select(func.clock_timestamp()))).scalar_one()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    async def close(self) -> None:
        """Let the running and queued transactions finish, then let go of all connections. May be called twice."""
        await self._writer.close()
        await self._readers.dispose()


async def _open_sqlite(url: URL, metadata: MetaData, branch: str) -> Database:
    path = sqlite.make_private(url)
    await asyncio.to_thread(sqlite.refuse_unsafe, path)
    engine = sqlite.writing_engine(path)
    try:
        await bring_up_to_date(engine, metadata, branch)
        return Database(url, sqlite.reading_engine(path), await _OneWriter.start(engine, sqlite.OpenFile.of(path)))
    except BaseException:
        await engine.dispose()
        raise


async def _open_postgres(url: URL, metadata: MetaData, branch: str) -> Database:
    await postgres.refuse_unsafe(url)
    engine = postgres.engine(url)
    try:
        await bring_up_to_date(engine, metadata, branch)
    except BaseException:
        await engine.dispose()
        raise
    return Database(url, postgres.reading(engine), _ManyWriters(engine))


@dataclass(slots=True)
class _Order(Generic[T]):
    work: Work[T]
    done: "asyncio.Future[T]"


class _OneWriter:
    """SQLite: one task owns the only write connection, so writers queue here instead of failing on the file's lock."""

    def __init__(self, engine: AsyncEngine, connection: AsyncConnection, file: sqlite.OpenFile) -> None:
        self._engine = engine
        self._connection = connection
        self._file = file
        self._orders: asyncio.Queue[_Order[Any] | None] = asyncio.Queue()
        self._closed = False
        self._task = asyncio.create_task(self._run(), name="sqlite writer")

    @classmethod
    async def start(cls, engine: AsyncEngine, file: sqlite.OpenFile) -> "_OneWriter":
        return cls(engine, await engine.connect(), file)

    async def write(self, work: Work[T]) -> T:
        if asyncio.current_task() is self._task:
            raise NestedWriteError("a write inside a write would wait for itself; use the transaction you were given")
        if self._closed:
            raise StorageUnavailableError(_CLOSED)
        order = _Order(work, asyncio.get_running_loop().create_future())
        self._orders.put_nowait(order)
        return await asyncio.shield(order.done)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._orders.put_nowait(None)
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            while (order := await self._orders.get()) is not None:
                await self._carry_out(order)
        finally:
            self._closed = True
            self._forget_orders()
            await self._connection.close()
            await self._engine.dispose()

    async def _carry_out(self, order: "_Order[Any]") -> None:
        try:
            with _translated():
                result = await self._transact(order.work)
        except asyncio.CancelledError:
            order.done.cancel()
            if self._task.cancelling():
                raise
            # Otherwise something that the work waited for was cancelled: its affair. The writer goes on for the others.
        except Exception as error:  # noqa: BLE001  the outermost loop of all writing: the error is its giver's
            _settle(order.done, error)
        else:
            order.done.set_result(result)

    def _forget_orders(self) -> None:
        while not self._orders.empty():
            order = self._orders.get_nowait()
            if order is not None:
                order.done.cancel()

    async def _transact(self, work: Work[T]) -> T:
        async with self._connection.begin():
            result = await work(self._connection)
            self._file.check()
            return result


class _ManyWriters:
    """PostgreSQL: each write has a connection of the pool and a task of its own, which outlives a cancelled caller."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        if asyncio.current_task() in self._tasks:
            raise NestedWriteError("a write inside a write can wait for itself; use the transaction you were given")
        if self._closed:
            raise StorageUnavailableError(_CLOSED)
        task = asyncio.create_task(self._transact(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._engine.dispose()

    async def _transact(self, work: Work[T]) -> T:
        with _translated():
            for attempt in range(_RETRIES):
                try:
                    async with _connected(self._engine) as tx, tx.begin():
                        return await work(tx)
                except DBAPIError as error:
                    if not postgres.asks_to_repeat(error):
                        raise
                    # Whoever collided waits a little longer each time; the pool's queue spreads them out.
                    await asyncio.sleep(0.002 * 2**attempt)
            raise StorageUnavailableError("the database kept refusing this transaction for others' sake; try again")


def _settle(done: "asyncio.Future[Any]", error: Exception) -> None:
    # StopIteration cannot travel through a future.
    done.set_exception(StoreError(repr(error)) if isinstance(error, StopIteration) else error)


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        connection = await engine.connect()
    except (PoolTimeoutError, OSError) as error:
        raise StorageUnavailableError(_UNREACHABLE) from error
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Foreign errors stop here: the driver's become ours, without the values of rows that their texts may hold."""
    try:
        yield
    except IntegrityError as error:
        rule = sqlite.broken_rule(error) if isinstance(error.orig, sqlite.Refusal) else postgres.broken_rule(error)
        raise ConflictError(f"the database already holds a row that forbids this one ({rule})") from None
    except DBAPIError as error:
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise StorageUnavailableError("the database is locked, full or gone; check it, then try again") from error
        raise
