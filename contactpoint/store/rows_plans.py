"""Rows of rotas and escalation policies. Every version stays; the newest of each name is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import plan
from contactpoint.store.sql import insert_once


async def insert_plan(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Write one version. False: somebody has written this version before."""
    return await insert_once(tx, plan, values)


async def plan_row(tx: AsyncConnection, kind: str, name: str, version: int | None = None) -> Row[Any] | None:
    """The newest version of a plan, or the one asked for."""
    query = select(plan).where(plan.c.kind == kind, plan.c.name == name)
    if version is not None:
        query = query.where(plan.c.version == version)
    return (await tx.execute(query.order_by(plan.c.version.desc()).limit(1))).one_or_none()


async def plan_versions(tx: AsyncConnection, kind: str, name: str) -> Sequence[Row[Any]]:
    """Every version of one plan, the newest first."""
    query = select(plan).where(plan.c.kind == kind, plan.c.name == name).order_by(plan.c.version.desc())
    return (await tx.execute(query)).all()


async def newest_plans(tx: AsyncConnection, kind: str) -> Sequence[Row[Any]]:
    """The newest version of every plan of a kind, by name."""
    newest = (
        select(plan.c.name, func.max(plan.c.version).label("version"))
        .where(plan.c.kind == kind)
        .group_by(plan.c.name)
        .subquery()
    )
    query = select(plan).join(newest, (plan.c.name == newest.c.name) & (plan.c.version == newest.c.version))
    return (await tx.execute(query.where(plan.c.kind == kind).order_by(plan.c.name))).all()
