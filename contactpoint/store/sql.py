"""The two statements that SQLite and PostgreSQL spell alike but SQLAlchemy Core keeps apart: insert once, and insert or replace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def _insert(tx: AsyncConnection, table: Table) -> Any:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


async def insert_once(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with a key of it is there already. True when this call inserted it."""
    result = await tx.execute(_insert(tx, table).values(values).on_conflict_do_nothing())
    return bool(result.rowcount == 1)


async def insert_or_replace(tx: AsyncConnection, table: Table, values: Mapping[str, Any], key: Iterable[str]) -> None:
    """Insert a row, or overwrite the columns given of the row with this key."""
    key = tuple(key)
    statement = _insert(tx, table).values(values)
    rest = {name: statement.excluded[name] for name in values if name not in key}
    await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=rest))
