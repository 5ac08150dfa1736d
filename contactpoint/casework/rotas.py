"""The rotas in use, read in the caller's transaction. One that may not be believed is named and left out: the others go on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.errors import PlanError
from contactpoint.casework.plans import PlanKind, newest_plan
from contactpoint.domain.errors import DomainError
from contactpoint.domain.rota import Rota
from contactpoint.store.rows_plans import newest_plans


@dataclass(frozen=True, slots=True)
class RotasNow:
    """``broken``: names of rotas whose signature does not hold, or that cannot be computed with."""

    rotas: tuple[Rota, ...]
    broken: tuple[str, ...] = ()


async def rotas_now(tx: AsyncConnection, cw: Casework) -> RotasNow:
    """Promise: every rota that can be believed, by name."""
    found: list[Rota] = []
    broken: list[str] = []
    for row in await newest_plans(tx, PlanKind.ROTA.value):
        try:
            plan = await newest_plan(tx, cw, PlanKind.ROTA, row.name)
            if plan is not None:
                found.append(Rota.from_plain(plan.content))
        except (PlanError, DomainError):
            broken.append(row.name)
    return RotasNow(tuple(found), tuple(broken))
