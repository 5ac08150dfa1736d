"""The two statements that SQLite and PostgreSQL spell alike but SQLAlchemy Core keeps apart: insert once, and insert or replace.

Statements are built once and executed with parameters: to build one costs three times what the database takes to carry it out, and a
letter passes some fifty of them. The columns of an insert or update are the names of its parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.gathered import keep_row


def may_lock(tx: AsyncConnection) -> bool:
    """Whether rows read here are to be locked: on PostgreSQL, in a transaction that may write. SQLite has one writer anyway."""
    options = {} if tx.sync_connection is None else tx.sync_connection.get_execution_options()
    return tx.dialect.name == "postgresql" and not options.get("postgresql_readonly")


def _insert(dialect: str, table: Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _once(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _or_replace(dialect: str, table: Table, names: tuple[str, ...], key: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    rest = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=rest)


async def insert_once(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with a key of it is there already. True when this call inserted it.

    In a transaction that gathers (``contactpoint.store.gathered``) it is kept for its end.
    """
    if (kept := keep_row(tx, table, values)) is not None:
        return kept
    result = await tx.execute(_once(tx.dialect.name, table), dict(values))
    return bool(result.rowcount == 1)


async def insert_or_replace(tx: AsyncConnection, table: Table, values: Mapping[str, Any], key: Iterable[str]) -> None:
    """Insert a row, or overwrite the columns given of the row with this key."""
    await tx.execute(_or_replace(tx.dialect.name, table, tuple(values), tuple(key)), dict(values))
