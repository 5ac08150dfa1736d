"""A rotation: who has which shift, computed from one anchor on the wall. Handoff k never depends on handoff k - 1."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota.wall import add_months, days_between, instant, last_instant, wall_of, zone_of
from contactpoint.domain.values import from_ms, ms

_LONGEST_CHANGE = timedelta(hours=27)
"""No clock was ever moved by more than a day (the date line, Samoa 1892 and 2011)."""
MOST_OFFICERS, LONGEST, MOST_WINDOWS = 200, 1000, 100
EARLIEST, LATEST = 1800, 2200


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """Weekly hours on the wall, half-open. ``weekday`` (0 is Monday) is that of the start, also when the window runs over midnight.

    It begins at the first and ends at the last occurrence of an hour that the clock repeats. The same start and end: a whole day.
    """

    weekday: int
    starts: time
    ends: time

    def around(self, at: datetime, zone: str) -> tuple[tuple[datetime, datetime], ...]:
        """The occurrences near an instant, as [begin, end)."""
        return self.between(at - timedelta(days=7), at + timedelta(days=8), zone)

    def between(self, since: datetime, until: datetime, zone: str) -> tuple[tuple[datetime, datetime], ...]:
        """Every occurrence that touches [since, until)."""
        found = []
        for day in days_between(since, until, zone):
            if day.weekday() != self.weekday:
                continue
            last = day if self.ends > self.starts else day + timedelta(days=1)
            begin = instant(datetime.combine(day, self.starts), zone)
            end = last_instant(datetime.combine(last, self.ends), zone)
            if begin < end and begin < until and end > since:
                found.append((begin, end))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Officers in turn. ``anchor`` is wall time (naive) in ``zone``; a shift lasts ``length`` units.

    Hours that divide the day stand on the wall; other numbers of hours are elapsed time. ``first`` is the handoff at which
    ``officers[0]`` begins; ``since`` and ``until`` bound the segment. Windows: only in these hours, empty means always.
    """

    zone: str
    anchor: datetime
    unit: Unit
    length: int
    officers: tuple[str, ...]
    first: int = 0
    since: datetime | None = None
    until: datetime | None = None
    windows: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for wrong, field in (
            # Far from any calendar's end: a handoff that cannot be computed would stop the paging of every request that asks for it.
            (self.anchor.tzinfo is not None or not EARLIEST <= self.anchor.year <= LATEST, "anchor"),
            (not 1 <= self.length <= LONGEST, "length"),
            (not 1 <= len(self.officers) <= MOST_OFFICERS, "officers"),
            (len(self.windows) > MOST_WINDOWS, "windows"),
            (any(not 0 <= window.weekday <= 6 for window in self.windows), "windows"),
            (self.since is not None and self.until is not None and self.until < self.since, "until"),
        ):
            if wrong:
                raise RotaError("E-ROTA", field=field)

    @property
    def on_the_wall(self) -> bool:
        return self.unit is not Unit.HOUR or 24 % self.length == 0

    def handoff(self, number: int) -> datetime:
        """Promise: the instant of handoff ``number``, from the anchor alone. Raises RotaError where no calendar reaches."""
        try:
            if not self.on_the_wall:
                return instant(self.anchor, self.zone) + timedelta(hours=self.length * number)
            if self.unit is Unit.MONTH:
                return instant(add_months(self.anchor, self.length * number), self.zone)
            return instant(self.anchor + self._period * number, self.zone)
        except (OverflowError, ValueError) as error:
            raise RotaError("E-ROTA", field="anchor") from error

    def shift_at(self, at: datetime) -> int | None:
        """Promise: the number of the shift that runs at an instant: the last handoff by number that has passed; None before the anchor.

        Of handoffs on one instant the last counts: the shifts between them are empty, their officers are skipped.
        """
        near = reversed(self._near(at))
        return next((number for number in near if number >= 0 and self.handoff(number) <= at), None)

    def next_handoff(self, at: datetime) -> datetime:
        """Promise: the first instant strictly after ``at`` at which another shift begins."""
        now = self.shift_at(at)
        start = 0 if now is None else now + 1
        ahead = start + 2 + math.ceil(_LONGEST_CHANGE / self._least)
        return min(due for number in range(start, ahead) if (due := self.handoff(number)) > at)

    def officer_at(self, at: datetime) -> str | None:
        """Whose shift it is, if this segment and its windows cover the instant."""
        if (self.since is not None and at < self.since) or (self.until is not None and at >= self.until):
            return None
        if self.windows and not any(
            begin <= at < end for window in self.windows for begin, end in window.around(at, self.zone)
        ):
            return None
        return self.turn_at(at)

    def turn_at(self, at: datetime) -> str | None:
        """Whose turn it is, whatever the windows and the segment say; None before the anchor."""
        number = self.shift_at(at)
        return None if number is None else self.officers[(number - self.first) % len(self.officers)]

    def skipped(self, since: datetime, until: datetime) -> tuple[tuple[datetime, str], ...]:
        """Empty shifts in [since, until): a clock change put their handoff and the next on one instant, so nobody had them."""
        found = []
        for number in range(max(0, min(self._near(since))), max(self._near(until)) + 1):
            at = self.handoff(number)
            if since <= at < until and self.shift_at(at) != number:
                found.append((at, self.officers[(number - self.first) % len(self.officers)]))
        return tuple(found)

    def edges(self, since: datetime, until: datetime) -> Iterable[datetime]:
        """Every instant in (since, until) at which `officer_at` may change."""
        at = since
        while (at := self.next_handoff(at)) < until:
            yield at
            if len(set(self.officers)) == 1:
                break  # the same officer hands over to himself: nothing changes any more
        for window in self.windows:
            for pair in window.between(since, until, self.zone):
                yield from (edge for edge in pair if since < edge < until)
        yield from (edge for edge in (self.since, self.until) if edge is not None and since < edge < until)

    def with_officers(self, officers: tuple[str, ...], at: datetime) -> tuple["Rotation", "Rotation"]:
        """Promise: the segment that ends with the shift running at ``at``, and the one that follows it with these officers.

        Whoever is on duty stays until the next handoff, and what was stays as it was.
        """
        change = self.next_handoff(at)
        number = self.shift_at(change)
        assert number is not None
        ended = replace(self, until=change if self.until is None else min(change, self.until))
        return ended, replace(self, officers=officers, first=number, since=change)

    @property
    def _period(self) -> timedelta:
        if self.unit is Unit.HOUR:
            return timedelta(hours=self.length)
        return timedelta(days=self.length * (7 if self.unit is Unit.WEEK else 1))

    @property
    def _least(self) -> timedelta:
        return timedelta(days=28 * self.length) if self.unit is Unit.MONTH else self._period

    def _near(self, at: datetime) -> range:
        """Numbers of handoffs around an instant, enough for any clock change."""
        wall = wall_of(at, self.zone)
        if not self.on_the_wall:
            guess, more = (at - instant(self.anchor, self.zone)) // self._period, 1
        elif self.unit is Unit.MONTH:
            months = (wall.year - self.anchor.year) * 12 + wall.month - self.anchor.month
            guess, more = months // self.length, 2
        else:
            guess, more = (wall - self.anchor) // self._period, 1 + math.ceil(_LONGEST_CHANGE / self._period)
        return range(guess - more, guess + more + 1)

    def to_plain(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "anchor": self.anchor.isoformat(),
            "unit": self.unit.value,
            "length": self.length,
            "officers": list(self.officers),
            "first": self.first,
            "since": None if self.since is None else ms(self.since),
            "until": None if self.until is None else ms(self.until),
            "windows": [[each.weekday, each.starts.isoformat(), each.ends.isoformat()] for each in self.windows],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Rotation":
        """Raises RotaError for anything that `to_plain` would not have written."""
        try:
            return cls(
                zone=str(plain["zone"]),
                anchor=datetime.fromisoformat(plain["anchor"]),
                unit=Unit(plain["unit"]),
                length=int(plain["length"]),
                officers=tuple(map(str, plain["officers"])),
                first=int(plain["first"]),
                since=None if plain["since"] is None else from_ms(plain["since"]),
                until=None if plain["until"] is None else from_ms(plain["until"]),
                windows=tuple(
                    Window(int(day), time.fromisoformat(starts), time.fromisoformat(ends))
                    for day, starts, ends in plain["windows"]
                ),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RotaError("E-ROTA", field="rotations") from error
