"""Rows of cases and statements. Nothing is decided here; sealed columns stay sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, statement


async def case_row(tx: AsyncConnection, case_id: str) -> Row[Any] | None:
    """The case with this id, its row locked until the end of a writing transaction."""
    query = select(case_file).where(case_file.c.id == case_id)
    if tx.dialect.name == "postgresql":
        query = query.with_for_update()
    return (await tx.execute(query)).one_or_none()


async def insert_case(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(case_file.insert().values(values))


async def move_heads(
    tx: AsyncConnection, case_id: str, rev: int, head_initiator: bytes | None, head_addressee: bytes | None
) -> bool:
    """Move the heads by compare-and-set on ``rev``. False: somebody was faster, load and decide again."""
    moved = await tx.execute(
        update(case_file)
        .where(case_file.c.id == case_id, case_file.c.rev == rev)
        .values(head_initiator=head_initiator, head_addressee=head_addressee, rev=rev + 1)
    )
    return moved.rowcount == 1


async def statement_rows(tx: AsyncConnection, case_id: str) -> Sequence[Row[Any]]:
    return (
        await tx.execute(select(statement).where(statement.c.case_id == case_id).order_by(statement.c.kept_at))
    ).all()


async def statement_row(tx: AsyncConnection, sender: str, statement_id: str) -> Row[Any] | None:
    query = select(statement).where(statement.c.sender == sender, statement.c.id == statement_id)
    return (await tx.execute(query)).one_or_none()


async def statement_by_id(tx: AsyncConnection, statement_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(statement).where(statement.c.id == statement_id))).all()


async def insert_statement(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(statement.insert().values(values))


async def reseal_statement(tx: AsyncConnection, sender: str, statement_id: str, values: Mapping[str, Any]) -> None:
    """Replace envelope digest, seal number and sealed copy after the same statement was sealed anew."""
    await tx.execute(
        update(statement).where(statement.c.sender == sender, statement.c.id == statement_id).values(values)
    )


async def note_held(tx: AsyncConnection, sender: str, statement_id: str, at: datetime) -> None:
    """Deadlines count from the earliest *held* of an id, whatever seal or mailbox."""
    await tx.execute(
        update(statement)
        .where(
            statement.c.sender == sender,
            statement.c.id == statement_id,
            or_(statement.c.held_at.is_(None), statement.c.held_at > at),
        )
        .values(held_at=at)
    )


async def note_received(tx: AsyncConnection, sender: str, statement_id: str, at: datetime) -> None:
    await tx.execute(
        update(statement).where(statement.c.sender == sender, statement.c.id == statement_id).values(received_at=at)
    )


async def held_but_not_received(tx: AsyncConnection, sender: str, recipient: str, limit: int = 16) -> list[str]:
    """Ids that the next letter to this recipient names as ``unreceived``, so that suppression shows (oldest first)."""
    query = (
        select(statement.c.id)
        .where(
            statement.c.recipient == recipient,
            statement.c.sender == sender,
            statement.c.received_at.is_(None),
            statement.c.held_at.is_not(None),
        )
        .order_by(statement.c.held_at)
        .limit(limit)
    )
    return [row.id for row in (await tx.execute(query)).all()]


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
