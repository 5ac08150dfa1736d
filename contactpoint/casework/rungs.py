"""Whom to page for a request that opens now: the node's own policy, or, where it has none, everybody."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.escalation import EscalationPolicy, Rung
from contactpoint.store.rows_people import officer_rows

_EVERYBODY_AGAIN_S = 120


async def rungs_now(tx: AsyncConnection, cw: Casework) -> EscalationPolicy:
    """The policy that is frozen into a request. Without one, every officer is paged on every channel, every two minutes."""
    if cw.rungs is not None:
        return cw.rungs
    officers = tuple(row.number for row in await officer_rows(tx) if row.locked_at is None)
    return EscalationPolicy(0, (Rung(officers, cw.channels, _EVERYBODY_AGAIN_S, "everybody"),))
