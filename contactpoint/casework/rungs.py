"""Whom to page now: for a request that opens, the policy in use; for a clock, who is on duty and who has a right."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.errors import PlanError
from contactpoint.casework.plans import PlanKind, newest_plan
from contactpoint.casework.roll import roll_now
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import (
    EVERYBODY_AGAIN,
    EscalationPolicy,
    Rung,
    Target,
    Who,
    everybody_policy,
    first_called,
)

ON_DUTY = "duty"
"""The role of whoever is called first; any other role is a right that officers have (``central``: acts for the central authority)."""

IN_USE = "desk"
"""The name of the policy that new requests are given."""


async def policy_in_use(tx: AsyncConnection, cw: Casework) -> EscalationPolicy:
    """The newest saved policy; without one, everybody. Raises PlanError, EscalationError for one that may not be used."""
    plan = await newest_plan(tx, cw, PlanKind.POLICY, IN_USE)
    return (
        everybody_policy() if plan is None else EscalationPolicy.from_plain({**plan.content, "version": plan.version})
    )


async def policy_now(tx: AsyncConnection, cw: Casework) -> tuple[EscalationPolicy, str]:
    """Promise: a policy to page by, whatever rests in the database; and the code of what is wrong with the saved one, or nothing.

    Attack: a thief with the database file writes a policy that calls himself, or nobody. It is not believed, and everybody is called.
    """
    try:
        return await policy_in_use(tx, cw), ""
    except (PlanError, EscalationError) as error:
        return everybody_policy(), error.code


async def rungs_now(tx: AsyncConnection, cw: Casework, role: str = ON_DUTY) -> tuple[EscalationPolicy, str]:
    """The policy that is frozen into a request, and what was wrong with the saved one.

    A type that calls a right (``role``) pages the officers who have it, and not the watch; where nobody has it, the watch after all.
    """
    if role != ON_DUTY and role in await roles_held(tx, cw):
        return EscalationPolicy(0, (Rung((Target(Who.RIGHT, role),), (), EVERYBODY_AGAIN, role),)), ""
    return await policy_now(tx, cw)


async def roles_held(tx: AsyncConnection, cw: Casework) -> frozenset[str]:
    """Every right that somebody has who can be called now."""
    return frozenset(right for person in (await roll_now(tx, cw)).usable() for right in person.rights)


async def people_now(
    tx: AsyncConnection, cw: Casework, roles: Iterable[str], now: datetime
) -> tuple[tuple[str, str], ...]:
    """Promise: officer and channel of everybody who has one of these roles now, each pair once; locked officers are passed over.

    On duty are the officers of the first rung that calls somebody now.
    """
    roll, (policy, _) = await roll_now(tx, cw), await policy_now(tx, cw)
    found: dict[tuple[str, str], None] = {}
    for role in roles:
        if role == ON_DUTY:
            people = first_called(policy, roll, None, now).people
        else:
            people = tuple(person.number for person in roll.usable() if role in person.rights)
        found.update(dict.fromkeys((number, channel) for number in people for channel in cw.channels))
    return tuple(found)
