"""Second bells: which of them have fallen silent. A bell that nobody misses is no bell.

A key of the scope *bell* that was used once counts as a bell on duty until it is revoked; its open stream renews ``seen_at`` with each
beat. Gone for a minute, it rings at the console and stands on the board.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.rows_tools import keys_in_use

BELL = "bell"
GONE_AFTER = timedelta(seconds=60)


async def bells_gone(tx: AsyncConnection, now: datetime) -> tuple[str, ...]:
    """Names of the bells that were on duty once and have not been heard for a minute."""
    return tuple(row.name for row in await keys_in_use(tx, BELL) if now - row.seen_at >= GONE_AFTER)
