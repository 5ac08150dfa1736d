"""Rows of cases as they hang together: the thread of an operation, and the link to the request that a case came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, request


async def cases_of_thread(tx: AsyncConnection, thread: str) -> Sequence[Row[Any]]:
    """The cases that name this operation, the oldest first; of the same instant, what came from nowhere goes first."""
    order = (case_file.c.opened_at, case_file.c.parent_request, case_file.c.id)
    query = select(case_file).where(case_file.c.thread == thread).order_by(*order)
    return (await tx.execute(query)).all()


async def threads_like(tx: AsyncConnection, beginning: str) -> list[str]:
    """Operations whose id is this or begins with it; three at most, enough to tell one from several."""
    named = case_file.c.thread.startswith(beginning, autoescape=True)
    query = select(case_file.c.thread).where(named, case_file.c.thread != "").distinct().limit(3)
    return [row.thread for row in (await tx.execute(query)).all()]


async def newest_threads(tx: AsyncConnection, limit: int) -> Sequence[Row[Any]]:
    """(thread, cases, since), the operation last begun first."""
    since = func.min(case_file.c.opened_at).label("since")
    query = select(case_file.c.thread, func.count().label("cases"), since).where(case_file.c.thread != "")
    return (await tx.execute(query.group_by(case_file.c.thread).order_by(since.desc()).limit(limit))).all()


async def begin_thread(tx: AsyncConnection, case_id: str) -> None:
    """The case becomes the first of an operation that is named after it, unless it belongs to one already."""
    change = update(case_file).where(case_file.c.id == case_id, case_file.c.thread == "")
    await tx.execute(change.values(thread=case_id))


async def name_thread(tx: AsyncConnection, case_id: str, thread: str) -> None:
    """What the opening letter says, when another letter of its case had come before it."""
    change = update(case_file).where(case_file.c.id == case_id, case_file.c.thread == "")
    await tx.execute(change.values(thread=thread))


async def requests_of_cases(tx: AsyncConnection, cases: Sequence[str]) -> Mapping[str, Sequence[Row[Any]]]:
    """The requests of these cases, by case."""
    rows = (await tx.execute(select(request).where(request.c.case_id.in_(cases)).order_by(request.c.at))).all()
    found: dict[str, list[Row[Any]]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(row)
    return found
