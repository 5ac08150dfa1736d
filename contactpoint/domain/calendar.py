"""The working days of a contact point, as its card in the directory says them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactpoint.domain.errors import PolicyError

_LONGEST_CLOSURE = 400  # days; a calendar without any working day is a mistake, not a wait without end


@dataclass(frozen=True, slots=True)
class Calendar:
    """Zone (IANA name), working weekdays (0 is Monday), closing time on the wall, and public holidays."""

    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    holidays: frozenset[date] = frozenset()
    closes: time = time(17, 0)

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def to_plain(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "weekdays": sorted(self.weekdays),
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "closes": self.closes.isoformat(),
        }

    @classmethod
    def told(cls, zone: str, workdays: Iterable[int], holidays: Iterable[str], closes: str) -> "Calendar":
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
        return cls(zone, frozenset(day - 1 for day in workdays), frozenset(days), time.fromisoformat(closes))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Calendar":
        return cls(
            zone=plain["zone"],
            weekdays=frozenset(plain["weekdays"]),
            holidays=frozenset(date.fromisoformat(day) for day in plain["holidays"]),
            closes=time.fromisoformat(plain["closes"]),
        )


def end_of_next_working_day(calendar: Calendar, now: datetime) -> datetime:
    """Promise: the closing time, as an instant in UTC, of the first working day after the local day of `now`.

    A closing time in the gap of a clock change takes the offset before the gap (RFC 5545). Raises PolicyError for a
    calendar that never works.
    """
    zone = ZoneInfo(calendar.zone)
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(1, _LONGEST_CLOSURE + 1)]
    # A card whose holidays close the State for longer than a year would stop a clock: then no holiday counts.
    working = next((each for each in days if calendar.works_on(each)), None)
    working = working or next((each for each in days if each.weekday() in calendar.weekdays), None)
    if working is not None:
        return datetime.combine(working, calendar.closes, tzinfo=zone).astimezone(UTC)
    raise PolicyError("E-POLICY", field="calendar")
