"""PostgreSQL as a database that keeps its word: commits reach the disk, nobody holds a lock for ever."""

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from contactpoint.store.errors import UnsafeStorageError

_CONNECTIONS = 10  # of one process, shared by reading and writing
_POOL_TIMEOUT_S = 10
_TIMEOUTS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_user_timeout": "15s",  # a machine that was switched off while it held a row lets go of it
}
_REQUIRED = {
    "synchronous_commit": ("on", "remote_apply"),
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "server_encoding": ("UTF8",),
}
_REPEAT = ("40001", "40P01")  # serialization failure, deadlock: the server has undone everything and asks for a repeat


async def refuse_unsafe(url: URL) -> None:
    """Raise UnsafeStorageError unless the server, as configured for us, syncs each commit before it answers."""
    engine = create_async_engine(_with_driver(url), poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            for setting, safe in _REQUIRED.items():
                value = (await connection.execute(text(f"SHOW {setting}"))).scalar_one()
                if value not in safe:
                    raise UnsafeStorageError(f"PostgreSQL has {setting} = {value}; set it to {safe[0]} and start again")
    finally:
        await engine.dispose()


def engine(url: URL) -> AsyncEngine:
    """The pool of this process. Sessions repeat the safe settings, so that changed defaults cannot weaken them."""
    return create_async_engine(
        _with_driver(url),
        isolation_level="READ COMMITTED",
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"server_settings": {"synchronous_commit": "on", "timezone": "UTC", **_TIMEOUTS}},
    )


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, for transactions that see one snapshot and cannot write."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def asks_to_repeat(error: DBAPIError) -> bool:
    """Whether the server undid the transaction and a repeat may succeed."""
    return getattr(error.orig, "sqlstate", None) in _REPEAT


def broken_rule(error: DBAPIError) -> str:
    """The name of the rule that a refused row broke; never a value (the server's own text quotes the row)."""
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    return str(name or "a rule without a name")


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+asyncpg")
