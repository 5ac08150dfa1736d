"""Rows of rights checks and flags, of letters that wait for one, and of requests made by telephone. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import oral, review, statement, step, task, waiting
from contactpoint.store.sql import insert_once

FLAG, CHECK = "flag", "check"


async def insert_review(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """A flag or a check, as it was recorded. Rows are never changed."""
    await tx.execute(review.insert().values(dict(values)))


async def reviews_of_case(tx: AsyncConnection, case_id: str) -> Sequence[Row[Any]]:
    return (await tx.execute(select(review).where(review.c.case_id == case_id).order_by(review.c.at))).all()


async def reviews_of_statement(tx: AsyncConnection, statement_id: str) -> Sequence[Row[Any]]:
    query = select(review).where(review.c.statement_id == statement_id, review.c.kind == CHECK).order_by(review.c.at)
    return (await tx.execute(query)).all()


async def flagged_requests(tx: AsyncConnection) -> set[str]:
    query = select(review.c.request_id).where(review.c.kind == FLAG).distinct()
    return {row.request_id for row in (await tx.execute(query)).all()}


async def count_reviews(tx: AsyncConnection, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """(kind, reason, verdict, number) of the flags and checks recorded in [since, until), for the figures."""
    columns = (review.c.kind, review.c.reason, review.c.verdict)
    query = select(*columns, func.count().label("number")).where(review.c.at >= since, review.c.at < until)
    return (await tx.execute(query.group_by(*columns).order_by(*columns))).all()


# --- letters that wait ---


async def change_waiting(
    tx: AsyncConnection, waiting_id: str, reviewed_by: str, sealed: bytes, values: Mapping[str, Any]
) -> bool:
    """Change a waiting letter, if nobody has approved or checked it since it was read. False: read it again.

    Both halves of four eyes may come at the same moment; each must see the other, or the letter would wait for ever.
    """
    changed = await tx.execute(
        update(waiting)
        .where(
            waiting.c.id == waiting_id,
            waiting.c.state == "waiting",
            waiting.c.reviewed_by == reviewed_by,
            waiting.c.sealed == sealed,
        )
        .values(dict(values))
    )
    return changed.rowcount == 1


# --- quarantine ---


async def letters_to_since(tx: AsyncConnection, own: str, peer: str, since: datetime, most: int) -> list[str]:
    """Cases, the newest first, in which this State wrote to this peer since then."""
    query = (
        select(statement.c.case_id, func.max(statement.c.at).label("last"))
        .where(statement.c.sender == own, statement.c.recipient == peer, statement.c.at >= since)
        .group_by(statement.c.case_id)
        .order_by(func.max(statement.c.at).desc())
        .limit(most)
    )
    return [row.case_id for row in (await tx.execute(query)).all()]


async def requests_with_task(tx: AsyncConnection, code: str) -> set[str]:
    """Requests about which an open task of this code says something."""
    query = select(task.c.request_id).where(
        task.c.code == code, task.c.done_at.is_(None), task.c.request_id.is_not(None)
    )
    return {row.request_id for row in (await tx.execute(query)).all()}


# --- requests made by telephone ---


async def insert_oral(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await insert_once(tx, oral, values)


async def oral_row(tx: AsyncConnection, oral_id: str) -> Row[Any] | None:
    return (await tx.execute(select(oral).where(oral.c.id == oral_id))).one_or_none()


async def open_orals(tx: AsyncConnection, peer: str = "") -> Sequence[Row[Any]]:
    """Telephone requests whose letter is not here, the oldest first."""
    query = select(oral).where(oral.c.confirmed_at.is_(None)).order_by(oral.c.due)
    return (await tx.execute(query if not peer else query.where(oral.c.peer == peer))).all()


async def confirm_oral(tx: AsyncConnection, oral_id: str, request_id: str, now: datetime) -> bool:
    """Link a telephone request to its letter, once. False: it was linked before."""
    done = await tx.execute(
        update(oral)
        .where(oral.c.id == oral_id, oral.c.confirmed_at.is_(None))
        .values(request_id=request_id, confirmed_at=now)
    )
    return done.rowcount == 1


async def any_late_oral(tx: AsyncConnection, step_name: str, now: datetime) -> bool:
    """Whether a telephone request's term has passed and nobody was told: the read probe before a write."""
    told = select(step.c.request_id).where(step.c.step == step_name)
    query = select(oral.c.id).where(oral.c.confirmed_at.is_(None), oral.c.due <= now, oral.c.id.not_in(told)).limit(1)
    return (await tx.execute(query)).first() is not None


async def finish_cause(tx: AsyncConnection, once: str, by: str, now: datetime) -> None:
    """Close the open task of this cause, when what it asked for has happened."""
    values = {"done_at": now, "done_by": by, "once": None}
    await tx.execute(update(task).where(task.c.once == once, task.c.done_at.is_(None)).values(values))
