"""Wall times as people type them, and instants as they are typed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from starlette.datastructures import FormData

from contactpoint.web.visitor import text
from contactpoint.web.when import zone_of

_WALL = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})")


def read_local(given: str) -> datetime | None:
    """A naive wall time from ``2027-03-04 13:00``; None for anything else."""
    match = _WALL.fullmatch(given.strip())
    if match is None:
        return None
    try:
        year, month, day, hour, minute = map(int, match.groups())
        return datetime.combine(date(year, month, day), time(hour, minute))
    except ValueError:
        return None


def read_wall(form: FormData, name: str, zone: str) -> datetime | None:
    """The instant (UTC) of a field and of the zone chosen beside it. An hour that comes twice is its first, as in every rota."""
    return read_at(text(form, name), "UTC" if text(form, f"{name}.zone") == "utc" else zone)


def read_at(given: str, zone: str) -> datetime | None:
    """The instant (UTC) of a wall time in a zone, or None."""
    local = read_local(given)
    try:
        return None if local is None else local.replace(tzinfo=zone_of(zone)).astimezone(UTC)
    except OverflowError:
        return None


def wall(at: datetime, zone: str) -> str:
    """An instant as it would be typed in the zone."""
    return at.astimezone(zone_of(zone)).strftime("%Y-%m-%d %H:%M")
