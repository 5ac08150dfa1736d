"""The working days of a contact point, as its card in the directory says them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
    day = now.astimezone(zone).date()
    for _ in range(_LONGEST_CLOSURE):
        day += timedelta(days=1)
        if calendar.works_on(day):
            return datetime.combine(day, calendar.closes, tzinfo=zone).astimezone(UTC)
    raise PolicyError("E-POLICY", field="calendar")
