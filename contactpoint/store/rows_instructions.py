"""Rows of the State's standing instructions and of the ticks that officers set. What is sealed stays sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import instruction, tick
from contactpoint.store.sql import insert_once


async def instruction_row(tx: AsyncConnection, kind: str) -> Row[Any] | None:
    return (await tx.execute(select(instruction).where(instruction.c.kind == kind))).one_or_none()


async def instruction_kinds(tx: AsyncConnection) -> tuple[str, ...]:
    """The types of request for which instructions stand."""
    return tuple((await tx.execute(select(instruction.c.kind).order_by(instruction.c.kind))).scalars())


async def put_instruction(tx: AsyncConnection, kind: str, rev: int, values: Mapping[str, Any]) -> bool:
    """Write what follows revision ``rev`` (0: there is none) by compare-and-set. False: somebody was faster."""
    row = {**values, "rev": rev + 1}
    if rev == 0:
        return await insert_once(tx, instruction, {"kind": kind, **row})
    changed = await tx.execute(
        update(instruction).where(instruction.c.kind == kind, instruction.c.rev == rev).values(row)
    )
    return changed.rowcount == 1


async def tick_rows(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(tick).where(tick.c.request_id == request_id).order_by(tick.c.at))).all()


async def insert_tick(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Record a tick once: whoever was first stays. True when this call recorded it."""
    return await insert_once(tx, tick, values)
