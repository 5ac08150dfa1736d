"""Shifts as weeks of a calendar: one day a row, each with the pieces of shifts that fall on it and where on the day they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from contactpoint.desk.rota_views import ShiftView
from contactpoint.web.when import zone_of

WIDE = 1440
"""The width of a drawn day: what lies on it is drawn by its share of the day, which has 23 or 25 hours twice a year."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of ``shift`` that falls on one day: from ``since`` to ``until``, drawn from ``x`` over ``wide`` of `WIDE`.

    ``begins`` and ``ends`` say whether the shift itself begins and ends on this day.
    """

    shift: ShiftView
    since: datetime
    until: datetime
    x: int
    wide: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the zone. ``noon`` is an instant on it, for its name; ``begins`` its first instant."""

    date: date
    begins: datetime
    noon: datetime
    pieces: tuple[Piece, ...]


def weeks(shifts: Sequence[ShiftView], first: date, count: int, zone: str) -> tuple[tuple[Day, ...], ...]:
    """``count`` weeks, each of seven days, from the Monday of the week in which ``first`` lies (ISO 8601)."""
    monday = first - timedelta(days=first.weekday())
    return tuple(
        tuple(_day(shifts, monday + timedelta(days=7 * week + day), zone) for day in range(7)) for week in range(count)
    )


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a day of the zone, as UTC: also where its clocks skip midnight."""
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def _day(shifts: Sequence[ShiftView], day: date, zone: str) -> Day:
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    length = max(
        (ends - begins).total_seconds(), 1.0
    )  # a day that a State skipped at the date line is empty, not an error

    def piece(shift: ShiftView) -> Piece:
        since, until = max(shift.since, begins), min(shift.until, ends)
        x = round((since - begins).total_seconds() * WIDE / length)
        right = round((until - begins).total_seconds() * WIDE / length)
        return Piece(shift, since, until, x, right - x, shift.since >= begins, shift.until <= ends)

    pieces = tuple(piece(each) for each in shifts if each.since < ends and each.until > begins)
    return Day(day, begins, begins + (ends - begins) / 2, pieces)
