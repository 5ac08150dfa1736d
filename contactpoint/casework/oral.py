"""Telephone requests meet their letters: by the reference in the letter, or by an officer's choice; and the term that ends unmet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.domain.statement import Statement
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_requests import take_step
from contactpoint.store.rows_rights import any_late_oral, confirm_oral, finish_cause, open_orals

FIELD, REFERENCE = "oral", "reference"
"""A letter's field that says it was first made by telephone, and in it the reference that was given then, or its beginning."""
_SHORTEST = 8
LATE = "oral-late"


def oral_name(oral_id: str) -> str:
    """The name under which a note is sealed at rest."""
    return f"oral/{oral_id}"


async def meet_oral(tx: AsyncConnection, cw: Casework, statement: Statement, request_id: str, now: datetime) -> None:
    """Link a letter that has just come to the call that it names, or to its State's only open one; else an officer chooses."""
    told = statement.body.get(FIELD)
    if not isinstance(told, Mapping):
        return
    named = told.get(REFERENCE)
    fitting = await open_orals(tx, statement.sender)
    if isinstance(named, str) and len(named.strip()) >= _SHORTEST:
        fitting = [row for row in fitting if row.id.startswith(named.strip().lower())]
    if len(fitting) == 1:
        await link_oral(tx, cw, fitting[0].id, request_id, now)


async def link_oral(tx: AsyncConnection, cw: Casework, oral_id: str, request_id: str, now: datetime) -> bool:
    """Close the note's clock, once. False: it was closed before."""
    if not await confirm_oral(tx, oral_id, request_id, now):
        return False
    for cause in (oral_name(oral_id), _late(oral_id)):
        await finish_cause(tx, cause, "station", now)
    await append(tx, journal, "oral request confirmed", oral_id, None, now)
    return True


async def run_due(cw: Casework, now: datetime) -> int:
    """Tell the officers, once, of each call whose 24 hours have passed without a letter; returns how many are told now."""
    if not await cw.db.read(lambda tx: any_late_oral(tx, LATE, now)):
        return 0

    async def work(tx: AsyncConnection) -> int:
        told = 0
        for row in await open_orals(tx):
            # The step is once for ever; a task that a person has dealt with must not come back.
            if row.due <= now and await take_step(tx, row.id, 0, LATE, row.due, now):
                code, once = "W-ORAL-UNCONFIRMED", _late(row.id)
                told += await raise_task(tx, cw, code, row.due, state=row.peer, note=row.id, once=once)
        return told

    told = await cw.db.write(work)
    if told:
        cw.bell.ring("board")
    return told


def _late(oral_id: str) -> str:
    return f"{LATE}/{oral_id}"
