"""A preservation under Article 42: from when, until when at least, each extension, and the clocks that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contactpoint.domain.catalogue.model import Entry
from contactpoint.domain.errors import DateError, MoveError
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Plain, parse_instant


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension under Article 42(9). `old` and `new` are ends; `digest` is the statement that granted it."""

    old: datetime
    new: datetime
    at: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Preservation:
    """Promise: `until` is never earlier than `earliest_expiry`, which is the 60 days of Article 42(8)."""

    preserved_from: datetime
    earliest_expiry: datetime
    until: datetime
    reference: str
    extensions: tuple[Extension, ...]
    domestic_order_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One long clock of a request: its end, and the instants at which both desks are told that it comes."""

    code: str
    label: str
    due: datetime
    alarms: tuple[datetime, ...]


def preserve(before: Preservation | None, statement: Statement, entry: Entry) -> Preservation:
    """Promise: the preservation that an EXECUTED or PARTIAL states; a second one never shortens the first.

    Raises MoveError where the start cannot be read, or the end stated lies before the floor of Article 42(8).
    """
    start = _instant(statement.body, "preserved_from")
    stated = _instant(statement.body, "held_until") if statement.body.get("held_until") else None
    order = _instant(statement.body, "domestic_order_from") if statement.body.get("domestic_order_from") else None
    if order is not None:
        _check_reach(order, entry)
    try:
        floor = start + floor_of(entry)
    except OverflowError as error:
        raise MoveError("E-FIELD-INVALID", field="preserved_from") from error
    if stated is not None and stated < floor:
        raise MoveError("E-FIELD-INVALID", field="held_until")
    until = stated or floor
    new = Preservation(start, floor, until, str(statement.body.get("reference", "")), (), order)
    if before is None:
        return new
    return replace(new, until=max(before.until, until), extensions=before.extensions)


def extend(before: Preservation | None, statement: Statement) -> Preservation:
    """Promise: the preservation with one extension more, old end and new end kept.

    Raises MoveError where there is nothing to extend, or the new end is not later than the old one.
    """
    if before is None:
        raise MoveError("E-MOVE-ILLEGAL")
    new = _instant(statement.body, "new_expiry")
    if new <= before.until:
        raise MoveError("E-FIELD-INVALID", field="new_expiry")
    extension = Extension(before.until, new, statement.at, statement.digest)
    return replace(before, until=new, extensions=(*before.extensions, extension))


def _check_reach(order: datetime, entry: Entry) -> None:
    """A date whose clocks would end beyond the calendar is refused: it is no date of an order, and no desk could show it."""
    try:
        for clock in entry.clocks:
            order + clock.length
    except OverflowError as error:
        raise MoveError("E-FIELD-INVALID", field="domestic_order_from") from error


def floor_of(entry: Entry) -> timedelta:
    """The least time of a preservation that the catalogue states for a type."""
    return max((clock.length for clock in entry.clocks if clock.minimum), default=timedelta(0))


def clock_rows(preservation: Preservation, entry: Entry) -> tuple[ClockRow, ...]:
    """Promise: the long clocks of a preservation, computed alike at both ends.

    A floor clock (Article 42(8)) ends when the preservation ends, extensions included; a ceiling runs its own length.
    """
    rows = []
    for clock in entry.clocks:
        start = preservation.domestic_order_from if clock.runs_from == "domestic_order_from" else None
        if clock.runs_from == "preserved_from":
            start = preservation.preserved_from
        if start is None:
            continue
        due = preservation.until if clock.minimum else start + clock.length
        rows.append(ClockRow(clock.code, clock.label, due, tuple(due - before for before in clock.alarms)))
    return tuple(rows)


def _instant(body: Mapping[str, Plain], field: str) -> datetime:
    text = body.get(field)
    if not isinstance(text, str):
        raise MoveError("E-FIELD-MISSING", field=field)
    try:
        return parse_instant(text)
    except DateError as error:
        raise MoveError("E-FIELD-INVALID", field=field) from error
