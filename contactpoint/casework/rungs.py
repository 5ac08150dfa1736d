"""Whom to page now: for a request that opens, the node's own policy, or everybody; for a clock, who is on duty and who has a right."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.escalation import EscalationPolicy, Rung
from contactpoint.store.rows_people import officer_rows

_EVERYBODY_AGAIN_S = 120


ON_DUTY = "duty"
"""The role of whoever is called first; any other role is a right that officers have (``central``: acts for the central authority)."""


async def rungs_now(tx: AsyncConnection, cw: Casework, role: str = ON_DUTY) -> EscalationPolicy:
    """The policy that is frozen into a request. Without one, every officer is paged on every channel, every two minutes.

    A type that calls a right (``role``) pages the officers who have it, and not the watch; where nobody has it, the watch after all.
    """
    usable = [row for row in await officer_rows(tx) if row.locked_at is None]
    having = tuple(row.number for row in usable if role != ON_DUTY and role in json.loads(row.rights))
    if having:
        return EscalationPolicy(0, (Rung(having, cw.channels, _EVERYBODY_AGAIN_S, role),))
    if cw.rungs is not None:
        return cw.rungs
    return EscalationPolicy(
        0, (Rung(tuple(row.number for row in usable), cw.channels, _EVERYBODY_AGAIN_S, "everybody"),)
    )


async def roles_held(tx: AsyncConnection) -> frozenset[str]:
    """Every right that somebody has who can be called now."""
    return frozenset(
        right for row in await officer_rows(tx) if row.locked_at is None for right in json.loads(row.rights)
    )


async def people_now(tx: AsyncConnection, cw: Casework, roles: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Promise: officer and channel of everybody who has one of these roles now, each pair once; locked officers are passed over.

    On duty are the officers of the first rung that has one who can be called.
    """
    usable = {row.number: row for row in await officer_rows(tx) if row.locked_at is None}
    found: dict[tuple[str, str], None] = {}
    for role in roles:
        if role == ON_DUTY:
            rungs = (await rungs_now(tx, cw)).rungs
            rung = next((each for each in rungs if any(number in usable for number in each.officers)), None)
            called = [] if rung is None else [(n, c) for n in rung.officers if n in usable for c in rung.channels]
        else:
            having = [number for number, row in usable.items() if role in json.loads(row.rights)]
            called = [(number, channel) for number in having for channel in cw.channels]
        found.update(dict.fromkeys(called))
    return tuple(found)
