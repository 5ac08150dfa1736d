"""Rows of the keys with which the State's own tools read: a feed, or the alarm's beat. Only a key's digest rests here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import api_key
from contactpoint.store.sql import insert_once


async def insert_api_key(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, api_key, values)


async def api_keys(tx: AsyncConnection) -> Sequence[Row[Any]]:
    return (await tx.execute(select(api_key).order_by(api_key.c.at, api_key.c.name))).all()


async def api_key_row(tx: AsyncConnection, digest: bytes) -> Row[Any] | None:
    return (await tx.execute(select(api_key).where(api_key.c.digest == digest))).one_or_none()


async def revoke_api_key(tx: AsyncConnection, name: str, now: datetime) -> bool:
    """End every key of this name. False: there is none that still held."""
    changed = await tx.execute(
        update(api_key).where(api_key.c.name == name, api_key.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return changed.rowcount > 0


async def note_key_seen(tx: AsyncConnection, digest: bytes, scope: str, now: datetime) -> bool:
    """Write down that a key of this scope is in use now. False: it is unknown, of another scope, or revoked."""
    which = (api_key.c.digest == digest, api_key.c.scope == scope, api_key.c.revoked_at.is_(None))
    return (await tx.execute(update(api_key).where(*which).values(seen_at=now))).rowcount == 1


async def keys_in_use(tx: AsyncConnection, scope: str) -> Sequence[Row[Any]]:
    """Keys of this scope that hold and were used at least once."""
    which = (api_key.c.scope == scope, api_key.c.revoked_at.is_(None), api_key.c.seen_at.is_not(None))
    return (await tx.execute(select(api_key).where(*which).order_by(api_key.c.name))).all()
