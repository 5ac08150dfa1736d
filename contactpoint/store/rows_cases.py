"""Rows of cases and statements. Nothing is decided here; sealed columns stay sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, statement
from contactpoint.store.sql import may_lock

# Built once: see contactpoint.store.sql.
_case = select(case_file).where(case_file.c.id == bindparam("of"))
_case_locked = _case.with_for_update()
_new_case = insert(case_file)
_move = update(case_file).where(case_file.c.id == bindparam("of"), case_file.c.rev == bindparam("was"))
_of_case = select(statement).where(statement.c.case_id == bindparam("of")).order_by(statement.c.kept_at)
_one = select(statement).where(statement.c.sender == bindparam("by"), statement.c.id == bindparam("named"))
_new_statement = insert(statement)
_change = update(statement).where(statement.c.sender == bindparam("by"), statement.c.id == bindparam("named"))
_change_held = _change.where(or_(statement.c.held_at.is_(None), statement.c.held_at > bindparam("than")))
_unreceived = (
    select(statement.c.id)
    .where(
        statement.c.recipient == bindparam("to"),
        statement.c.sender == bindparam("by"),
        statement.c.received_at.is_(None),
        statement.c.held_at.is_not(None),
    )
    .order_by(statement.c.held_at)
    .limit(bindparam("most"))
)


async def case_row(tx: AsyncConnection, case_id: str) -> Row[Any] | None:
    """The case with this id, its row locked until the end of a writing transaction."""
    query = _case_locked if may_lock(tx) else _case
    return (await tx.execute(query, {"of": case_id})).one_or_none()


async def insert_case(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(_new_case, dict(values))


async def move_heads(tx: AsyncConnection, case_id: str, rev: int, heads: Mapping[str, object]) -> bool:
    """Move the heads by compare-and-set on ``rev``; the parties with them, which only the opening letter makes sure of.

    False: somebody was faster, load and decide again.
    """
    values = {**heads, "rev": rev + 1}
    moved = await tx.execute(_move, {"of": case_id, "was": rev, **values})
    return moved.rowcount == 1


async def statement_rows(tx: AsyncConnection, case_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(_of_case, {"of": case_id})).all()


async def statement_row(tx: AsyncConnection, sender: str, statement_id: str) -> Row[Any] | None:
    return (await tx.execute(_one, {"by": sender, "named": statement_id})).one_or_none()


async def statements_named(tx: AsyncConnection, names: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """The statements with these (sender, id): what a slip about each of them says of its letter."""
    columns: list[Any] = [statement.c.sender, statement.c.id, statement.c.seal, statement.c.envelope_digest]
    query = select(*columns).where(statement.c.id.in_(sorted({each for _, each in names})))
    rows: Sequence[Row[Any]] = (await tx.execute(query)).all()
    wanted = set(names)
    return [row for row in rows if (row.sender, row.id) in wanted]


async def statement_by_id(tx: AsyncConnection, statement_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(statement).where(statement.c.id == statement_id))).all()


async def insert_statement(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(_new_statement, dict(values))


async def reseal_statement(tx: AsyncConnection, sender: str, statement_id: str, values: Mapping[str, Any]) -> None:
    """Replace envelope digest, seal number and sealed copy after the same statement was sealed anew."""
    await tx.execute(_change, {"by": sender, "named": statement_id, **values})


async def note_held(tx: AsyncConnection, sender: str, statement_id: str, at: datetime) -> None:
    """Deadlines count from the earliest *held* of an id, whatever seal or mailbox."""
    await tx.execute(_change_held, {"by": sender, "named": statement_id, "than": at, "held_at": at})


async def note_received(tx: AsyncConnection, sender: str, statement_id: str, at: datetime) -> None:
    await tx.execute(_change, {"by": sender, "named": statement_id, "received_at": at})


async def held_but_not_received(tx: AsyncConnection, sender: str, recipient: str, limit: int = 16) -> list[str]:
    """Ids that the next letter to this recipient names as ``unreceived``, so that suppression shows (oldest first)."""
    values = {"by": sender, "to": recipient, "most": limit}
    return [row.id for row in (await tx.execute(_unreceived, values)).all()]


async def known_ids(tx: AsyncConnection, sender: str, ids: Sequence[str]) -> set[str]:
    """Those of ``ids`` that this desk has received from ``sender``."""
    query = select(statement.c.id).where(statement.c.sender == sender, statement.c.id.in_(ids))
    return {row.id for row in (await tx.execute(query)).all()}


async def cases_by_reference(tx: AsyncConnection, reference: str) -> list[str]:
    """Cases whose own file number is this one."""
    query = select(case_file.c.id).where(case_file.c.own_reference == reference).limit(2)
    return [row.id for row in (await tx.execute(query)).all()]


async def last_heard(tx: AsyncConnection, own: str) -> dict[str, datetime]:
    """By State: when a letter of it last came in."""
    query = select(statement.c.sender, func.max(statement.c.kept_at)).where(statement.c.sender != own)
    return dict((await tx.execute(query.group_by(statement.c.sender))).tuples().all())
