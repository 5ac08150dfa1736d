"""Exercises: what an officer did in a training is kept at the live desk, so that the rota keeper sees who is competent and since when."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.results import ExerciseReport
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_handover import insert_exercise
from contactpoint.store.rows_people import officer_row


async def check_trainee(tx: AsyncConnection, number: str) -> str:
    """The officer's name, before an hour is spent on an exercise that nobody could record. NotFoundError, NotPermittedError."""
    row = await officer_row(tx, number)
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no officer {number}", "run `contactpoint officer list`")
    if row.locked_at is not None:
        raise NotPermittedError("E-LOCKED", f"officer {number} is locked", "train somebody who is on a rota")
    return str(row.name)


async def record_exercise(cw: Casework, report: ExerciseReport, now: datetime) -> None:
    """Keep a finished exercise. An officer's date of competence is the newest one's. NotFoundError, NotPermittedError."""

    async def work(tx: AsyncConnection) -> None:
        await check_trainee(tx, report.officer)
        values = {
            "id": new_id(cw.random, now),
            "officer": report.officer,
            "at": report.ended,
            "script": report.script,
            "expected": len(report.lines),
            "met": report.met,
            "report": json.dumps([[line.what, line.of, line.mark, line.took_s] for line in report.lines]),
        }
        await insert_exercise(tx, values)
        await append(
            tx, journal, f"exercise {report.script} {report.met}/{len(report.lines)}", report.officer, None, now
        )

    await cw.db.write(work)
