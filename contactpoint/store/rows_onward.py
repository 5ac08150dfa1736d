"""Rows asked before anything is handed on: where an origin was asked for its consent, and what other States wrote in one operation."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, request, statement


async def cases_where_asked(tx: AsyncConnection, peer: str, kinds: Collection[str]) -> list[str]:
    """Cases in which this desk asked ``peer`` by a request of one of these kinds."""
    query = select(request.c.case_id).where(
        request.c.peer == peer, request.c.incoming.is_(False), request.c.kind.in_(kinds)
    )
    return [row.case_id for row in (await tx.execute(query.distinct().order_by(request.c.case_id))).all()]


async def case_of_request(tx: AsyncConnection, request_id: str) -> str:
    """The case that a request stands in here, or ""."""
    row = (await tx.execute(select(request.c.case_id).where(request.c.id == request_id))).first()
    return "" if row is None else str(row.case_id)


async def kin_of(tx: AsyncConnection, cases: Collection[str], thread: str) -> set[str]:
    """These cases, those of their operations and of ``thread``, those they came from and those that came from them."""
    here = (await tx.execute(select(case_file).where(case_file.c.id.in_(cases)))).all()
    threads = {row.thread for row in here} | {thread, *cases}
    threads.discard("")
    parents = select(request.c.case_id).where(request.c.id.in_([row.parent_request for row in here]))
    own = select(request.c.id).where(request.c.case_id.in_(cases))
    kin = select(case_file.c.id).where(
        case_file.c.thread.in_(threads)
        | case_file.c.id.in_(threads)
        | case_file.c.id.in_(parents)
        | case_file.c.parent_request.in_(own)
    )
    return {*cases, *(row.id for row in (await tx.execute(kin)).all())}


async def heard_in(tx: AsyncConnection, cases: Collection[str], but: Collection[str]) -> list[str]:
    """Those of these cases in which a State other than ``but`` has written to this desk."""
    query = select(statement.c.case_id).where(statement.c.case_id.in_(cases), statement.c.sender.not_in(but))
    return [row.case_id for row in (await tx.execute(query.distinct().order_by(statement.c.case_id))).all()]
