"""Rows of what was said and must still be put: facts (receipts and slips) and the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import fact, outbox
from contactpoint.store.sql import insert_once, may_lock

# Built once: see contactpoint.store.sql.
_fact = select(fact).where(fact.c.digest == bindparam("of"))
_sign = update(fact).where(fact.c.digest == bindparam("of"), fact.c.signed.is_(None))
_signed = select(fact.c.signed).where(fact.c.digest == bindparam("of"))
_due = (
    select(outbox)
    .where(outbox.c.state == "due", outbox.c.next_at <= bindparam("now"))
    .order_by(outbox.c.urgency, outbox.c.next_at)
    .limit(bindparam("most"))
)
_due_locked = _due.with_for_update(skip_locked=True)
_settle = update(outbox).where(outbox.c.id == bindparam("of"))


async def insert_fact(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a receipt or slip once, by its digest. False: it was known."""
    return await insert_once(tx, fact, values)


async def facts_of(tx: AsyncConnection, statement_ids: Sequence[str]) -> Sequence[Row[Any]]:
    query = select(fact).where(fact.c.statement_id.in_(statement_ids)).order_by(fact.c.at)
    return (await tx.execute(query)).all()


async def fact_row(tx: AsyncConnection, digest: bytes) -> Row[Any] | None:
    return (await tx.execute(_fact, {"of": digest})).one_or_none()


async def store_signature(tx: AsyncConnection, digest: bytes, signed: bytes) -> bytes:
    """Store the signed bytes where there are none yet, and return those that stand: asking again gives the same bytes."""
    await tx.execute(_sign, {"of": digest, "signed": signed})
    return bytes((await tx.execute(_signed, {"of": digest})).scalar_one())


async def insert_parcel(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, outbox, {"state": "due", **values})


def _due_but(
    query: Select[Any], in_hand: Collection[str], full: Collection[tuple[str, Collection[str]]]
) -> Select[Any]:
    """Without the rows that are in hand, and those of a recipient and its urgency classes that have enough in hand."""
    if in_hand:
        query = query.where(outbox.c.id.not_in(in_hand))
    for recipient, classes in full:
        query = query.where(~and_(outbox.c.recipient == recipient, outbox.c.urgency.in_(classes)))
    return query


async def due_parcels(
    tx: AsyncConnection,
    now: datetime,
    limit: int = 64,
    in_hand: Collection[str] = (),
    full: Collection[tuple[str, Collection[str]]] = (),
) -> Sequence[Row[Any]]:
    """What is due, the urgent first; in a writing transaction each to one worker only.

    ``in_hand``: ids that this worker holds already; ``full``: (recipient, urgency classes) that it takes no more of now.
    """
    query = _due_but(_due_locked if may_lock(tx) else _due, in_hand, full)
    rows: Sequence[Row[Any]] = (await tx.execute(query, {"now": now, "most": limit})).all()
    return rows


async def lease_parcels(tx: AsyncConnection, ids: Sequence[str], until: datetime) -> None:
    """Push the next attempt out, so that another worker takes over only when this one has died."""
    await tx.execute(update(outbox).where(outbox.c.id.in_(ids)).values(next_at=until))


async def settle_parcel(tx: AsyncConnection, parcel_id: str, values: Mapping[str, Any]) -> None:
    await tx.execute(_settle, {"of": parcel_id, **values})


async def parcels_of(tx: AsyncConnection, statement_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(outbox).where(outbox.c.statement_id == statement_id))).all()
