"""This desk's figures: every request of a period, unsealed one case at a time, reduced to times and codes at once."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import read_ladder
from contactpoint.domain.case import Request, Step
from contactpoint.domain.catalogue import FieldType
from contactpoint.domain.figures import HEAD, Figures, Measured, Reached, figures, table
from contactpoint.domain.ladder import Ladder
from contactpoint.domain.values import Level, Twin
from contactpoint.store.rows_requests import requests_between, requests_of_case
from contactpoint.store.rows_rights import count_reviews

_DUE = {Level.RECEIVED: Twin.NOT_RECEIVED, Level.ACKNOWLEDGED: Twin.NOT_ACKNOWLEDGED, Level.ANSWERED: Twin.LAPSED}


@dataclass(frozen=True, slots=True)
class RightsCount:
    """How many flags or rights checks were recorded, by reason and finding."""

    kind: str
    reason: str
    verdict: str
    number: int


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """The figures of a period with the rights checks recorded in it. ``unreadable``: cases whose content was erased."""

    counted: Figures
    rights: tuple[RightsCount, ...]
    unreadable: int


async def desk_figures(cw: Casework, since: datetime, until: datetime) -> DeskFigures:
    """The figures of the requests that began in [since, until) at this desk, sent or received."""
    rows = await cw.db.read(lambda tx: requests_between(tx, since, until))
    measured: list[Measured] = []
    unreadable = 0
    for case_id in dict.fromkeys(row.case_id for row in rows):
        case = await cw.db.read(lambda tx, case_id=case_id: load_case(tx, cw, case_id))  # type: ignore[misc]
        if case is None:
            unreadable += 1
            continue
        of_case = await cw.db.read(lambda tx, case_id=case_id: requests_of_case(tx, case_id))  # type: ignore[misc]
        measured += _of_case(cw, case, of_case)
        await asyncio.sleep(0)  # the alarm's beat goes on beside a year of cases
    counts = await cw.db.read(lambda tx: count_reviews(tx, since, until))
    rights = tuple(RightsCount(row.kind, row.reason, row.verdict, row.number) for row in counts)
    return DeskFigures(figures(measured, since, until), rights, unreadable)


def _of_case(cw: Casework, case: OpenCase, rows: Sequence[Row[Any]]) -> list[Measured]:
    found = []
    for row in rows:
        request = case.case.requests.get(row.id)
        ladder = read_ladder(row)
        began = ladder.levels.get(Level.HELD)
        if request is not None and began is not None:
            found.append(_measured(cw, case, request, ladder, began))
    return found


def _measured(cw: Casework, case: OpenCase, request: Request, ladder: Ladder, began: datetime) -> Measured:
    reached = []
    if Level.RECEIVED in ladder.levels:
        # A slip is signed by one side; the other attests only that it came.
        reached.append(Reached(Level.RECEIVED, ladder.levels[Level.RECEIVED], None, two_sided=False))
    for level, step in ((Level.ACKNOWLEDGED, _first(request, _takes)), (Level.ANSWERED, _decision(cw, request))):
        if step is not None:
            row = case.rows.get(step.digest)
            reached.append(Reached(level, step.at, None if row is None else row.held_at))
    ground, overridden = _ground(cw, request)
    return Measured(
        request=request.id,
        asking=request.sender,
        asked=request.recipient,
        kind=request.kind,
        urgency=request.urgency,
        lowered_to=request.lowered_to,
        began=began,
        reached=tuple(reached),
        due={level: ladder.deadlines[twin] for level, twin in _DUE.items() if twin in ladder.deadlines},
        status=request.status.code,
        ground=ground,
        overridden=overridden,
    )


def _takes(step: Step) -> bool:
    return step.kind in ("ACKNOWLEDGED", "ACK-DEGRADED")


def _first(request: Request, fits: Any) -> Step | None:
    return next((step for step in request.steps if fits(step)), None)


def _decision(cw: Casework, request: Request) -> Step | None:
    entry = cw.catalogue[request.kind]
    return _first(request, lambda step: (answer := entry.offered(step.kind)) is not None and answer.decides)


def _ground(cw: Casework, request: Request) -> tuple[str, bool]:
    """The ground of a refusal, where the last answer has one, and whether a supervisor opened it."""
    if request.answer is None:
        return "", False
    answer = cw.catalogue[request.kind].offered(request.answer.kind)
    names = [field.name for field in answer.fields if field.type is FieldType.GROUND] if answer else []
    ground = next((str(request.answer.body.get(name, "")) for name in names), "")
    return ground, bool(ground and request.answer.body.get("override"))


def to_csv(found: DeskFigures) -> str:
    """The yearly export: one table, RFC 4180, codes and numbers only."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    # A sheet runs what begins with = + - @: what another State wrote (a status, a ground) is a code of the catalogue here, or dropped.
    writer.writerows([_plain(cell) for cell in row] for row in table(found.counted))
    for count in found.rights:
        what = _plain("/".join(part for part in (count.kind, count.reason, count.verdict) if part))
        writer.writerow(("rights", "", "", "", "", what, count.number, "", "", ""))
    return text.getvalue()


def _plain(cell: str) -> str:
    return "" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
