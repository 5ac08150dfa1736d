"""The command `figures`: count a year, and write its export."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from contactpoint.desk.figures import DeskFigures, desk_figures, to_csv
from contactpoint.main.node import open_desk


async def figures(home: Path, year: int | None) -> tuple[DeskFigures, str]:
    """The figures of a calendar year in UTC (this one when none is named), and their CSV."""
    async with open_desk(home) as (desk, clock):
        wanted = year or clock().year
        found = await desk_figures(desk.cw, datetime(wanted, 1, 1, tzinfo=UTC), datetime(wanted + 1, 1, 1, tzinfo=UTC))
        return found, to_csv(found)
