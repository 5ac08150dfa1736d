"""Rows of other ways that were tried for a request; nothing is ever changed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import other_way


async def insert_other_way(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(other_way.insert().values(values))


async def other_ways_of(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    """The oldest first."""
    query = select(other_way).where(other_way.c.request_id == request_id).order_by(other_way.c.at, other_way.c.id)
    return (await tx.execute(query)).all()
