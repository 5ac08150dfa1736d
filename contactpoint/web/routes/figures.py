"""Figures of a year: response times with both sides' signatures, refusals by ground, rights checks; and their export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from contactpoint.desk.figures import DeskFigures, to_csv
from contactpoint.domain import catalogue as catalogues
from contactpoint.web.render import page
from contactpoint.web.reviews import words
from contactpoint.web.visitor import SignedIn

router = APIRouter()
_FIRST, _LAST = 2000, 9998


async def _of_year(seen: SignedIn, year: int) -> DeskFigures:
    since, until = (datetime(each, 1, 1, tzinfo=UTC) for each in (year, year + 1))
    return await seen.desk.figures(since, until)


@router.get("/figures")
async def figures(seen: SignedIn, year: Annotated[int | None, Query(ge=_FIRST, le=_LAST)] = None) -> Response:
    """One year, this one when none is named."""
    wanted = year or seen.now.year
    found = await _of_year(seen, wanted)
    slowest = max((times.slow_s for row in found.counted.rows for times in row.times.values()), default=0)
    shown = {"found": found, "year": wanted, "slowest": slowest, "grounds": catalogues.load().all_grounds}
    return page(seen, "figures.html", {**shown, **words()})


@router.get("/figures/{year}.csv")
async def export(year: Annotated[int, Path(ge=_FIRST, le=_LAST)], seen: SignedIn) -> Response:
    """The yearly export: codes and numbers, no person, no case."""
    text = to_csv(await _of_year(seen, year))
    name = f"figures-{seen.desk.state}-{year}.csv"
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"content-disposition": f'attachment; filename="{name}"'}
    )
