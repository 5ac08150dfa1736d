"""The slip to oneself: station, own gateway, mailbox, own desk. When it comes back, a letter of another State would have come through.

It is the proof behind the dead-man signal: a node whose gateway cannot be reached from outside, or whose desk takes no mail, looks
well in every other figure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.values import Address
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import journal_head
from contactpoint.store.rows_desk import hold_setting, put_setting, setting_at
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content

EVERY = timedelta(seconds=120)
FRESH = timedelta(minutes=5)
_SENT, _BACK = "round sent", "round back"


async def next_round(cw: Casework, now: datetime) -> bytes | None:
    """Promise: the signed slip to put into our own mailbox, or None when one was made less than two minutes ago by any worker."""

    async def work(tx: AsyncConnection) -> bytes | None:
        await hold_setting(tx, _SENT, to_change=True)
        sent_at = await setting_at(tx, _SENT)
        if sent_at is not None and timedelta(0) <= now - sent_at < EVERY:
            return None
        subject = cw.random(32)
        await put_setting(tx, _SENT, subject, now)
        slip = Slip(
            level=SlipLevel.ROUND,
            sender=Address(cw.state),
            recipient=Address(cw.state),
            at=now,
            skew_ms=None,
            dir_size=cw.register.copy.size,
            journal_head=await journal_head(tx, journal),
            subject=subject,
        )
        return slip_content(slip, cw.net)

    content = await cw.db.write(work)
    return None if content is None else sign_slip(content, cw.keyring.station, cw.net)


async def hear_round(tx: AsyncConnection, cw: Casework, slip: Slip, now: datetime) -> bool:
    """Note that the last one came back. Another State's, an older one, or one again says nothing."""
    sent = await hold_setting(tx, _SENT)
    if slip.sender == cw.state and slip.subject == sent and await hold_setting(tx, _BACK) != sent:
        await put_setting(tx, _BACK, slip.subject or b"", now)
    return False


async def last_round(tx: AsyncConnection) -> datetime | None:
    """When one last came back."""
    return await setting_at(tx, _BACK)
