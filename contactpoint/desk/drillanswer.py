"""A drill's answer: its number repeated exactly, by somebody who is on duty. The own desk sees to both before anything is signed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import OpenCase
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import PlanError
from contactpoint.casework.plans import PlanKind, plans_in_use
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.codes import look_up
from contactpoint.domain.drills import NUMBER, is_drill, repeats
from contactpoint.domain.request import Request
from contactpoint.domain.rota import Rota, on_duty
from contactpoint.store.rows_requests import pages_of


async def check_drill_answer(
    cw: Casework,
    entry: Entry,
    answer: Answer,
    case: OpenCase,
    request: Request,
    body: Mapping[str, Any],
    officer: str,
    now: datetime,
) -> None:
    """Raise DraftError (E-DRILL-NUMBER) where the number is another, NotPermittedError (E-OFF-DUTY) where the officer is not on duty.

    A slip of the finger must not fail a State's drill: the answer is final, and the other end counts a wrong number as nobody. And who
    sits there by day must not pass the drill of a night for which nobody was called.
    """
    if not is_drill(entry) or all(field.name != NUMBER for field in answer.fields):
        return
    asked = next(each for each in case.statements if each.digest == request.digest)
    if not repeats(asked.body, body):
        row = look_up("E-DRILL-NUMBER")
        raise DraftError(row.code, row.text, row.action, (Problem(row.code, NUMBER, row.text),))
    if not await cw.db.read(lambda tx: _is_on_duty(tx, cw, request.id, officer, now)):
        row = look_up("E-OFF-DUTY")
        raise NotPermittedError(row.code, row.text, row.action)


async def _is_on_duty(tx: AsyncConnection, cw: Casework, request: str, officer: str, now: datetime) -> bool:
    """By a rota in use, or because this very drill has paged this officer. A State without a rota has everybody on duty."""
    try:
        rotas = [Rota.from_plain(plan.content) for plan in await plans_in_use(tx, cw, PlanKind.ROTA)]
    except PlanError:
        return True  # a forged rota has its own alarm; it must not choose who may answer, either
    if not rotas or any(officer in on_duty(rota, now).officers for rota in rotas):
        return True
    return any(page.officer == officer for page in await pages_of(tx, request))
