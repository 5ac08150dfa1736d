"""A preservation under Article 42: from when, until when at least, each extension, what holds it, and what ended it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

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


class PreservationState(StrEnum):
    """Where a preservation stands at an instant. HELD: a formal request is in, the data stay until it is decided (42(8))."""

    PRESERVED = "PRESERVED"
    HELD = "HELD-UNTIL-DECISION"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Hold:
    """A formal request that keeps the data until it is decided: its id, since when, and when it was decided."""

    request: str
    since: datetime
    decided: datetime | None


@dataclass(frozen=True, slots=True)
class Preservation:
    """Promise: `until` is never earlier than `earliest_expiry`, which is the 60 days of Article 42(8).

    What holds it and what ended it are kept as facts of both halves; the state at an instant follows from them alone.
    """

    preserved_from: datetime
    earliest_expiry: datetime
    until: datetime
    reference: str
    extensions: tuple[Extension, ...]
    domestic_order_from: datetime | None = None
    holds: tuple[Hold, ...] = ()
    released_at: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether a formal request that came in time is still undecided: the end is open."""
        return self.released_at is None and self.ends_at is None

    @property
    def ends_at(self) -> datetime | None:
        """The end as it stands: the term, or the decision on what held it if that was later; None while one is undecided."""
        end = self.until
        for hold in sorted(self.holds, key=lambda each: each.since):
            if hold.since > end:
                break  # what came after the end holds nothing: the data may be gone
            if hold.decided is None:
                return None
            end = max(end, hold.decided)
        return end

    def state_at(self, now: datetime) -> PreservationState:
        """Promise: the same at both ends for the same letters and the same instant."""
        if self.released_at is not None and self.released_at <= now:
            return PreservationState.RELEASED
        if self.held:
            return PreservationState.HELD
        end = self.ends_at
        return PreservationState.EXPIRED if end is not None and now >= end else PreservationState.PRESERVED


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
    # The domestic order that was named once stays named, and an end that was promised is never taken back.
    order = order or before.domestic_order_from
    return replace(new, until=max(before.until, until), extensions=before.extensions, domestic_order_from=order)


def extend(before: Preservation, statement: Statement) -> Preservation:
    """Promise: the preservation with one extension more, old end and new end kept.

    Raises MoveError where the new end is not later than the old one.
    """
    new = _instant(statement.body, "new_expiry")
    if new <= before.until:
        raise MoveError("E-FIELD-INVALID", field="new_expiry")
    extension = Extension(before.until, new, statement.at, statement.digest)
    return replace(before, until=new, extensions=(*before.extensions, extension))


def renew(before: Preservation | None, statement: Statement, entry: Entry) -> Preservation:
    """Promise: the preservation under a new domestic order (Article 25(2)). Raises MoveError where there is none to renew."""
    if before is None:
        raise MoveError("E-MOVE-ILLEGAL")
    order = _instant(statement.body, "domestic_order_from")
    _check_reach(order, entry)
    return replace(before, domestic_order_from=order)


def release(before: Preservation, statement: Statement) -> Preservation:
    """Promise: the preservation as released by its keeper; the first release stands."""
    return replace(before, released_at=before.released_at or statement.at)


def _check_reach(order: datetime, entry: Entry) -> None:
    """A date whose clocks would end beyond the calendar is refused: it is no date of an order, and no desk could show it."""
    try:
        for clock in entry.clocks:
            order + timedelta(days=clock.days or 0)
    except OverflowError as error:
        raise MoveError("E-FIELD-INVALID", field="domestic_order_from") from error


def floor_of(entry: Entry) -> timedelta:
    """The least time of a preservation that the catalogue states for a type."""
    return timedelta(days=max((clock.days or 0 for clock in entry.clocks if clock.minimum), default=0))


def _instant(body: Mapping[str, Plain], field: str) -> datetime:
    text = body.get(field)
    if not isinstance(text, str):
        raise MoveError("E-FIELD-MISSING", field=field)
    try:
        return parse_instant(text)
    except DateError as error:
        raise MoveError("E-FIELD-INVALID", field=field) from error
