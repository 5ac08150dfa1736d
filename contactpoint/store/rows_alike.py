"""Rows that a look for requests about the same matter reads: the newest own letters of some kinds, with their cases' keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, statement

_LETTER = ("id", "sender", "case_id", "recipient", "kind", "sealed")
_COLUMNS: list[Any] = [*(statement.c[name] for name in _LETTER), case_file.c.key_storage]


async def newest_letters(tx: AsyncConnection, sender: str, kinds: Iterable[str], most: int) -> Sequence[Row[Any]]:
    """The newest letters that ``sender`` wrote of these kinds and that still rest here; ``key_storage`` is their case's."""
    query = (
        select(*_COLUMNS)
        .join(case_file, case_file.c.id == statement.c.case_id)
        .where(statement.c.sender == sender, statement.c.kind.in_(sorted(kinds)), statement.c.sealed.is_not(None))
        .order_by(statement.c.kept_at.desc(), statement.c.id)
        .limit(most)
    )
    return (await tx.execute(query)).all()
