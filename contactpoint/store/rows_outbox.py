"""Rows of what was said and must still be put: facts (receipts and slips) and the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import fact, outbox
from contactpoint.store.sql import insert_once


async def insert_fact(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a receipt or slip once, by its digest. False: it was known."""
    return await insert_once(tx, fact, values)


async def facts_of(tx: AsyncConnection, statement_ids: Sequence[str]) -> Sequence[Row[Any]]:
    query = select(fact).where(fact.c.statement_id.in_(statement_ids)).order_by(fact.c.at)
    return (await tx.execute(query)).all()


async def fact_row(tx: AsyncConnection, digest: bytes) -> Row[Any] | None:
    return (await tx.execute(select(fact).where(fact.c.digest == digest))).one_or_none()


async def store_signature(tx: AsyncConnection, digest: bytes, signed: bytes) -> bytes:
    """Store the signed bytes where there are none yet, and return those that stand: asking again gives the same bytes."""
    await tx.execute(update(fact).where(fact.c.digest == digest, fact.c.signed.is_(None)).values(signed=signed))
    return bytes((await tx.execute(select(fact.c.signed).where(fact.c.digest == digest))).scalar_one())


async def unsigned_facts(tx: AsyncConnection, statement_ids: Sequence[str]) -> Sequence[Row[Any]]:
    query = select(fact).where(fact.c.statement_id.in_(statement_ids), fact.c.signed.is_(None))
    return (await tx.execute(query)).all()


async def insert_parcel(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, outbox, {"state": "due", **values})


def _due_but(in_hand: Collection[str], full: Collection[tuple[str, Collection[str]]]) -> list[ColumnElement[bool]]:
    """Due rows that are not in hand, but those of a recipient and its urgency classes that have enough in hand."""
    return [
        outbox.c.state == "due",
        outbox.c.id.not_in(in_hand),
        *(~and_(outbox.c.recipient == recipient, outbox.c.urgency.in_(classes)) for recipient, classes in full),
    ]


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
    query = select(outbox).where(*_due_but(in_hand, full), outbox.c.next_at <= now)
    query = query.order_by(outbox.c.urgency, outbox.c.next_at).limit(limit)
    if tx.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    return (await tx.execute(query)).all()


async def next_parcel_at(
    tx: AsyncConnection, in_hand: Collection[str] = (), full: Collection[tuple[str, Collection[str]]] = ()
) -> datetime | None:
    first: datetime | None = (
        await tx.execute(select(func.min(outbox.c.next_at)).where(*_due_but(in_hand, full)))
    ).scalar_one()
    return first


async def lease_parcels(tx: AsyncConnection, ids: Sequence[str], until: datetime) -> None:
    """Push the next attempt out, so that another worker takes over only when this one has died."""
    await tx.execute(update(outbox).where(outbox.c.id.in_(ids)).values(next_at=until))


async def settle_parcel(tx: AsyncConnection, parcel_id: str, values: Mapping[str, Any]) -> None:
    await tx.execute(update(outbox).where(outbox.c.id == parcel_id).values(values))


async def parcels_of(tx: AsyncConnection, statement_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(outbox).where(outbox.c.statement_id == statement_id))).all()


async def due_again_now(tx: AsyncConnection, recipient: str, now: datetime) -> None:
    """Anything heard from the peer resets its back-off."""
    await tx.execute(
        update(outbox)
        .where(outbox.c.recipient == recipient, outbox.c.state == "due", outbox.c.next_at > now)
        .values(next_at=now)
    )
