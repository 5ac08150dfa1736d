"""The working days of a contact point, as its card in the directory says them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactpoint.domain.errors import PolicyError

_LONGEST_CLOSURE = 400  # days; a calendar without any working day is a mistake, not a wait without end


@dataclass(frozen=True, slots=True)
class Calendar:
    """Zone (IANA name), working weekdays (0 is Monday), opening and closing time on the wall, and public holidays."""

    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    holidays: frozenset[date] = frozenset()
    closes: time = time(17, 0)
    opens: time = time(9, 0)

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def to_plain(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "weekdays": sorted(self.weekdays),
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "closes": self.closes.isoformat(),
            "opens": self.opens.isoformat(),
        }

    @classmethod
    def told(
        cls, zone: str, workdays: Iterable[int], holidays: Iterable[str], closes: str, opens: str = "09:00"
    ) -> "Calendar":
        """Promise: a calendar that can be computed with, whatever a State's card says (weekdays there: 1 is Monday).

        A zone that is not known here reads as UTC, and a holiday that no calendar has is none: a desk that failed on them could
        not keep the clocks of its own letters to that State.
        """
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = "UTC"
        days = set()
        for day in holidays:
            with suppress(ValueError):
                days.add(date.fromisoformat(day))
        working = frozenset(day - 1 for day in workdays)
        return cls(zone, working, frozenset(days), time.fromisoformat(closes), time.fromisoformat(opens))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Calendar":
        days, holidays = tuple(plain["weekdays"]), tuple(plain["holidays"])
        return _read(plain["zone"], days, holidays, plain["closes"], plain["opens"])


@lru_cache(maxsize=256)
def _read(zone: str, weekdays: tuple[int, ...], holidays: tuple[str, ...], closes: str, opens: str) -> Calendar:
    """Of all ladders there are few different ones: each is read once."""
    return Calendar(
        zone=zone,
        weekdays=frozenset(weekdays),
        holidays=frozenset(date.fromisoformat(day) for day in holidays),
        closes=time.fromisoformat(closes),
        opens=time.fromisoformat(opens),
    )


def end_of_next_working_day(calendar: Calendar, now: datetime) -> datetime:
    """Promise: the closing time, as an instant in UTC, of the first working day after the local day of `now`.

    A closing time in the gap of a clock change takes the offset before the gap (RFC 5545). Raises PolicyError for a
    calendar that never works.
    """
    return end_of_working_day(calendar, now, 1)


def end_of_working_day(calendar: Calendar, start: datetime, number: int) -> datetime:
    """Promise: the closing time of the `number`-th working day after the local day of `start`, which never counts itself.

    Raises PolicyError for a calendar that never works, OverflowError where no calendar reaches.
    """
    day = _local_day(calendar, start)
    for _ in range(number):
        day = _next_working_day(calendar, day)
    return _closing(calendar, day)


def works_at(calendar: Calendar, at: datetime) -> bool:
    """Whether the local day of an instant is a working day."""
    return calendar.works_on(_local_day(calendar, at))


def in_office_hours(calendar: Calendar, at: datetime) -> bool:
    """Whether somebody works there at an instant: a working day, from opening (included) to closing (not included)."""
    wall, opens, closes = at.astimezone(ZoneInfo(calendar.zone)).time(), calendar.opens, calendar.closes
    inside = opens <= wall < closes if opens < closes else not closes <= wall < opens
    return inside and works_at(calendar, at)


def on_a_working_day(calendar: Calendar, end: datetime) -> datetime:
    """Promise: `end` itself where its local day is a working day, else the closing time of the next one; never earlier.

    Raises PolicyError for a calendar that never works, OverflowError where no calendar reaches.
    """
    return end if works_at(calendar, end) else end_of_working_day(calendar, end, 1)


def end_of_day(calendar: Calendar, day: date) -> datetime:
    """Promise: the midnight, as an instant in UTC, with which a local day ends. Raises OverflowError."""
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)


def _local_day(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(ZoneInfo(calendar.zone)).date()


def _closing(calendar: Calendar, day: date) -> datetime:
    return datetime.combine(day, calendar.closes, tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)


def _next_working_day(calendar: Calendar, day: date) -> date:
    # A card whose holidays close the State for longer than a year would stop a clock: then no holiday counts.
    working = next((each for each in _days_after(day) if calendar.works_on(each)), None)
    working = working or next((each for each in _days_after(day) if each.weekday() in calendar.weekdays), None)
    if working is None:
        raise PolicyError("E-POLICY", field="calendar")
    return working


def _days_after(day: date) -> Iterator[date]:
    return (day + timedelta(days=number) for number in range(1, _LONGEST_CLOSURE + 1))
