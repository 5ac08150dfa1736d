"""How well another State's node can be reached: a mark for every minute, and what a day or a month of them comes to.

A mark is one character: not tried, not reached, excused (a closure announced before, or our own), or how long it took: 52 steps, each a
fifth longer than the last, from a millisecond to some eleven seconds. So an hour is sixty characters, and a median is right to a fifth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_letters

UNTRIED, UNREACHED, EXCUSED = ".", "-", "="
HOUR = "." * 60
KEPT = timedelta(days=31)
DAY, MONTH = timedelta(hours=24), timedelta(days=30)
_STEP = 1.2


def mark_of(took_ms: float | None) -> str:
    """The mark of one ping; None: not reached."""
    if took_ms is None:
        return UNREACHED
    place = next((n for n in range(len(ascii_letters)) if _limit(n) >= took_ms), len(ascii_letters) - 1)
    return ascii_letters[place]


def _limit(place: int) -> float:
    return float(_STEP**place)


def with_mark(marks: str, minute: int, mark: str) -> str:
    """An hour with one mark more. What stands there already stands: of two workers that tried at once the first is kept."""
    return marks if marks[minute] != UNTRIED else marks[:minute] + mark + marks[minute + 1 :]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of pings of a State."""

    begins: datetime
    marks: str


@dataclass(frozen=True, slots=True)
class Availability:
    """Of a stretch of time: pings that count, those that reached the node, those in a closure. Milliseconds, rounded up by a fifth."""

    tried: int
    reached: int
    excused: int
    median_ms: int | None

    @property
    def percent(self) -> float | None:
        """None where nothing was tried: that is no availability of zero, and none of a hundred."""
        return None if not self.tried else round(100 * self.reached / self.tried, 2)


def availability(hours: Iterable[Hour], since: datetime, until: datetime) -> Availability:
    """What the minutes in [since, until) come to."""
    marks = "".join(_between(hour, since, until) for hour in hours)
    times = sorted(ascii_letters.index(mark) for mark in marks if mark in ascii_letters)
    median = None if not times else round(_limit(times[(len(times) - 1) // 2]))
    return Availability(len(times) + marks.count(UNREACHED), len(times), marks.count(EXCUSED), median)


def _between(hour: Hour, since: datetime, until: datetime) -> str:
    first = max(0, -(-int((since - hour.begins).total_seconds()) // 60))
    last = min(60, -(-int((until - hour.begins).total_seconds()) // 60))
    return hour.marks[first : max(first, last)]


def last_mark(hours: Sequence[Hour]) -> str:
    """The newest minute that was tried, or not tried at all."""
    for hour in sorted(hours, key=lambda each: each.begins, reverse=True):
        tried = hour.marks.rstrip(UNTRIED)
        if tried:
            return tried[-1]
    return UNTRIED
