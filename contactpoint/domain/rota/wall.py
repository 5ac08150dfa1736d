"""Wall time and instants: one rule for hours that a clock change repeats or leaves out (RFC 5545 section 3.3.5, PEP 495)."""

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactpoint.domain.errors import RotaError


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of this name. Raises RotaError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RotaError("E-ROTA", field="zone") from error


def instant(wall: datetime, zone: str) -> datetime:
    """Promise: the instant of a naive wall time. Ambiguous means the first; what the clock leaves out takes the offset before the gap."""
    return wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)


def last_instant(wall: datetime, zone: str) -> datetime:
    """Promise: as `instant`, but of an ambiguous wall time the last: a window ends only when its hour is over for good."""
    late = wall.replace(tzinfo=zone_of(zone), fold=1).astimezone(UTC)
    # In a gap fold=1 would name the earlier instant; only of a repeated hour it names the later one.
    return max(late, instant(wall, zone))


def wall_of(at: datetime, zone: str) -> datetime:
    """The naive wall time of an instant."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def add_months(wall: datetime, months: int) -> datetime:
    """The same day and time so many months on; a month that is too short gives its last day (31 Jan, 28 Feb, 31 Mar)."""
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)


def days_between(since: datetime, until: datetime, zone: str) -> tuple[date, ...]:
    """Every local day that two instants touch, a day more on either side."""
    first = wall_of(since, zone).date() - timedelta(days=1)
    count = (wall_of(until, zone).date() - first).days + 2
    return tuple(first + timedelta(days=number) for number in range(count))
