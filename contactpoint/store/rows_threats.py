"""Rows of shared threats, in the order in which they came here.

What was shared and what was recalled draw their numbers from one series, so that who reads on by number misses neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, literal, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import case_file, request, statement, threat
from contactpoint.store.sql import insert_once

_other, _other_case = threat.alias(), case_file.alias()
# An own threat went to many States in one operation, signed at one instant: it is one threat, and its first row stands for all of them.
_leads = or_(
    threat.c.incoming,
    case_file.c.thread == "",
    ~exists().where(
        _other.c.case_id == _other_case.c.id,
        _other_case.c.thread == case_file.c.thread,
        _other.c.incoming.is_(False),
        _other.c.at == threat.c.at,
        _other.c.seq < threat.c.seq,
    ),
)
_listed = select(threat, case_file.c.thread).join(case_file, case_file.c.id == threat.c.case_id)


async def next_number(tx: AsyncConnection) -> int:
    """The next of the series. The caller has the journal's head locked: two who draw at once would draw the same."""
    query = select(func.max(threat.c.seq), func.max(threat.c.recall_seq))
    shared, recalled = (await tx.execute(query)).one()
    return max(shared or 0, recalled or 0) + 1


async def threat_row(tx: AsyncConnection, request_id: str) -> Row[Any] | None:
    return (await tx.execute(_listed.where(threat.c.request_id == request_id))).one_or_none()


async def insert_threat(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    return await insert_once(tx, threat, values)


async def note_recall(tx: AsyncConnection, request_id: str, number: int, at: datetime) -> bool:
    """Write the recall down, once; the row itself stays for ever."""
    changed = await tx.execute(
        update(threat)
        .where(threat.c.request_id == request_id, threat.c.recall_seq.is_(None))
        .values(recall_seq=number, recalled_at=at)
    )
    return changed.rowcount == 1


async def newest_threats(tx: AsyncConnection, limit: int) -> Sequence[Row[Any]]:
    """The newest threats, each operation of our own once."""
    return (await tx.execute(_listed.where(_leads).order_by(threat.c.seq.desc()).limit(limit))).all()


async def sent_together(tx: AsyncConnection, thread: str, at: datetime) -> Sequence[Row[Any]]:
    """All own rows of one threat, the first first: one a State."""
    mine = (case_file.c.thread == thread, threat.c.at == at, threat.c.incoming.is_(False))
    return (await tx.execute(_listed.where(*mine).order_by(threat.c.seq))).all()


async def entries_after(tx: AsyncConnection, number: int, limit: int) -> Sequence[Row[Any]]:
    """What was shared or recalled after this number of the series, in its order: columns of the threat, ``number``, ``recall``."""
    columns = (threat.c.request_id, threat.c.case_id, threat.c.tlp, threat.c.pap)
    joined = threat.join(case_file, case_file.c.id == threat.c.case_id)
    shared = select(*columns, threat.c.seq.label("number"), literal(False).label("recall"))
    recalled = select(*columns, threat.c.recall_seq.label("number"), literal(True).label("recall"))
    both = union_all(
        shared.select_from(joined).where(threat.c.seq > number, _leads),
        recalled.select_from(joined).where(
            and_(threat.c.recall_seq.is_not(None), threat.c.recall_seq > number), _leads
        ),
    ).subquery()
    return (await tx.execute(select(both).order_by(both.c.number).limit(limit))).all()


async def letters_by_case(tx: AsyncConnection, cases: Sequence[str], kind: str) -> dict[str, int]:
    """How many letters of a kind each of these cases holds; both sides' together."""
    count = func.count().label("letters")
    query = select(statement.c.case_id, count).where(statement.c.case_id.in_(cases), statement.c.kind == kind)
    return {row.case_id: row.letters for row in (await tx.execute(query.group_by(statement.c.case_id))).all()}


async def reached(tx: AsyncConnection, requests: Sequence[str]) -> dict[str, str]:
    """By State: how far the request to it has come."""
    query = select(request.c.peer, request.c.level).where(request.c.id.in_(requests)).order_by(request.c.peer)
    return {row.peer: row.level for row in (await tx.execute(query)).all()}
