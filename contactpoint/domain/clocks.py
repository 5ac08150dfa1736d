"""The long clocks of a request: from when, until when, which instants are told, and what has closed them.

All of it is data of the catalogue (`Clock`); what is counted here is counted alike at both ends, from the fold and the two
States' calendars alone. Nothing here knows a type of request or fires anything: rows and reminders are the desk's affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contactpoint.domain.calendar import Calendar, end_of_day, end_of_working_day, on_a_working_day, works_at
from contactpoint.domain.case import Case, Request, Step
from contactpoint.domain.catalogue.check import Problem
from contactpoint.domain.catalogue.model import Answer, Catalogue, Clock, Entry
from contactpoint.domain.catalogue.words import At, Consequence, Counting
from contactpoint.domain.errors import DomainError
from contactpoint.domain.labels import read_labels
from contactpoint.domain.preservation import Preservation, PreservationState, floor_of
from contactpoint.domain.values import Plain, Side, Urgency, ms, parse_instant

_ALWAYS_CLOSES = "WITHDRAWN"
_LABEL = "HC-"
"""A part of a field's name that is the code of a label: the last day that the label says."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead of ours another State's clock may be before its dates are odd (`docs/protocol.md`, section 3.2)."""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock of a request as both ends compute it.

    `due` is None while the term is open-ended (Article 42(8): held until the decision). `alarms` are the instants before `due` at
    which `audience` is told, strictly rising. `closed_at` and `closed_by` say what ends it, by the fold (`closed_at` lies ahead where
    the preservation will be over first); that a term has lapsed is not in here, because a fold knows no present.
    """

    code: str
    label: str
    starts: datetime
    due: datetime | None
    alarms: tuple[datetime, ...]
    audience: tuple[str, ...]
    at: At
    stops: tuple[str, ...]
    certificate: bool
    closed_at: datetime | None = None
    closed_by: str = ""


@dataclass(frozen=True, slots=True)
class _Start:
    """Whence a clock runs, and the step that started it, if one did."""

    at: datetime
    step: Step | None


def clock_rows(
    case: Case, request: Request, catalogue: Catalogue, calendars: Mapping[Side, Calendar]
) -> tuple[ClockRow, ...]:
    """Promise: the clocks of a request that have begun, in the catalogue's order, the same at both ends.

    `calendars`: the working days of both sides as the register has them. A clock whose date cannot be read or lies beyond the
    calendar is left out: what another State wrote must stop no desk.
    """
    rows = (_row(case, request, clock, calendars) for clock in catalogue[request.kind].clocks)
    return tuple(row for row in rows if row is not None)


def runs_at(row: ClockRow, side: Side) -> bool:
    """Whether the clock is one of this side's desk."""
    return row.at is At.BOTH or row.at.value == side.value


def ends_of(preservation: Preservation) -> frozenset[datetime]:
    """Every end that the preservation has had: what a certificate of its end may name, whichever letter came late."""
    ends = {preservation.until, preservation.ends_at, *(extension.old for extension in preservation.extensions)}
    return frozenset(end for end in ends if end is not None)


def check_term(entry: Entry, answer: Answer, body: Mapping[str, Plain], now: datetime) -> tuple[Problem, ...]:
    """Promise: what is wrong with the dates of an answer that states a preservation: one that would have ended already.

    A start in the future is the form's own affair (`past`). A mistyped year would otherwise tell the other State that data are
    safe which nobody keeps.
    """
    if answer.consequence is not Consequence.PRESERVES:
        return ()
    end = _stated_end(entry, body)
    if end is None or end > now:
        return ()
    message = (
        f"Preserved from: this would have ended on {end:%Y-%m-%d}; check the year, or say until when the data are held."
    )
    return (Problem("E-PRESERVATION-OVER", "preserved_from", message),)


def impossible_term(preservation: Preservation, said_at: datetime) -> bool:
    """Whether what a State said at an instant was over by then, or had not begun."""
    return preservation.preserved_from > said_at + _CLOCKS_DIFFER or preservation.until <= said_at


def _stated_end(entry: Entry, body: Mapping[str, Plain]) -> datetime | None:
    """The end that an answer states or leaves to the floor; None where its dates cannot be read, which the form says itself."""
    stated = body.get("held_until")
    try:
        if stated:
            return parse_instant(str(stated))
        return parse_instant(str(body.get("preserved_from", ""))) + floor_of(entry)
    except (DomainError, OverflowError):
        return None


def length_of(clock: Clock, urgency: Urgency) -> timedelta | None:
    """The length of a term that is no count of working days; None where the catalogue gives none for this class."""
    if clock.days is not None:
        return timedelta(days=max(0, clock.days - clock.receipt_day_counts))
    if clock.hours is not None:
        return timedelta(hours=clock.hours)
    seconds = clock.terms.get(urgency)
    return None if seconds is None else timedelta(seconds=seconds)


def alarms_of(clock: Clock, starts: datetime, due: datetime) -> tuple[datetime, ...]:
    """Promise: the instants before `due` that the catalogue names, after `starts`, strictly rising, each once."""
    days = {due - timedelta(days=number) for number in clock.alarm_days}
    parts = {starts + (due - starts) * percent / 100 for percent in clock.alarm_percent}
    return tuple(sorted(at for at in days | parts if starts < at < due))


def _row(case: Case, request: Request, clock: Clock, calendars: Mapping[Side, Calendar]) -> ClockRow | None:
    try:
        start = _start(case, request, clock, calendars)
        if start is None:
            return None
        due = _due(case, request, clock, start.at, calendars)
        alarms = () if due is None else alarms_of(clock, start.at, due)
    except (DomainError, OverflowError):
        return None
    if due is None and not _open_ended(request, clock):
        return None
    # No station can certify an end before the epoch: such a clock would be tried again for ever, at both desks.
    if due is not None and ms(due) < 0:
        return None
    closed_at, closed_by = _closed(request, clock, start)
    if closed_at is None and not clock.minimum:
        closed_at, closed_by = _moot(request.preservation, due)
    return ClockRow(
        code=clock.code,
        label=clock.label,
        starts=start.at,
        due=due,
        alarms=alarms,
        audience=clock.audience,
        at=clock.at,
        stops=clock.stops,
        certificate=clock.certificate,
        closed_at=closed_at,
        closed_by=closed_by,
    )


def _open_ended(request: Request, clock: Clock) -> bool:
    return clock.minimum and request.preservation is not None and request.preservation.ends_at is None


def _due(
    case: Case, request: Request, clock: Clock, start: datetime, calendars: Mapping[Side, Calendar]
) -> datetime | None:
    """The end of the term. A floor between States ends when the preservation ends, extensions included."""
    if clock.minimum and request.preservation is not None:
        return request.preservation.ends_at
    calendar = calendars[clock.of]
    if clock.until:
        end = _until(case, request, clock.until, calendar)
    elif clock.counting is Counting.WORKING and clock.days is not None:
        counted = clock.receipt_day_counts and works_at(calendar, start)
        return end_of_working_day(calendar, start, clock.days - counted)
    else:
        length = length_of(clock, request.weight)
        end = None if length is None else start + length
    if end is not None and clock.end_on_working_day:
        return on_a_working_day(calendar, end)
    return end


def _until(case: Case, request: Request, until: str, calendar: Calendar) -> datetime | None:
    """The date that a field of the request names, or (`answer:CODE.field`) the last of these answers that says one."""
    source, _, name = until.partition(":")
    if source != "answer":
        return _read(_field(case, request, until), calendar)
    codes, _, field = name.partition(".")
    for step in reversed([each for each in request.steps if each.kind in codes.split("|")]):
        at = _read(_value(_body(case, step.digest), field), calendar)
        if at is not None:
            return at
    return None


def _start(case: Case, request: Request, clock: Clock, calendars: Mapping[Side, Calendar]) -> _Start | None:
    """What the catalogue's `starts` names: `request`, `field:a.b`, `answer:CODE` or `answer:CODE.field`; codes may stand side by
    side (`answer:EXECUTED|PARTIAL.preserved_from`), and of several the last that says it counts."""
    if clock.minimum and request.preservation is not None:
        return _Start(request.preservation.preserved_from, None)
    source, _, name = clock.starts.partition(":")
    if source == "request":
        return _Start(request.at, None)
    if source == "field":
        at = _read(_field(case, request, name), calendars[clock.of])
        return None if at is None else _Start(at, None)
    codes, _, field = name.partition(".")
    for step in reversed([each for each in request.steps if each.kind in codes.split("|")]):
        at = step.at if not field else _read(_value(_body(case, step.digest), field), calendars[clock.of])
        if at is not None:
            return _Start(at, step)
    return None


def _closed(request: Request, clock: Clock, start: _Start) -> tuple[datetime | None, str]:
    """When and by what the fold has closed the clock: a release, a withdrawal, or one of its `stops` said after it began."""
    kept = request.preservation
    if kept is not None and kept.released_at is not None:
        return kept.released_at, PreservationState.RELEASED.value
    begun = request.steps.index(start.step) + 1 if start.step is not None else 0
    for step in request.steps[begun:]:
        if step.kind in clock.stops or (step.word and step.status.code in (*clock.stops, _ALWAYS_CLOSES)):
            return step.at, step.kind
    return None, ""


def _moot(kept: Preservation | None, due: datetime | None) -> tuple[datetime | None, str]:
    """Nobody has to renew an order for data that need not be kept any longer: such a clock closes when the preservation ends."""
    ends = None if kept is None else kept.ends_at
    if ends is None or due is None or due <= ends:
        return None, ""
    return ends, PreservationState.EXPIRED.value


def _body(case: Case, digest: bytes) -> Mapping[str, Plain]:
    statements = (statement for half in case.halves.values() for statement in half)
    return next((each.body for each in statements if each.digest == digest), {})


def _field(case: Case, request: Request, name: str) -> Plain:
    return _value(_body(case, request.digest), name.removeprefix("field:"))


def _value(body: Plain, name: str) -> Plain:
    for part in name.split("."):
        if part.startswith(_LABEL):
            days = [label.until for label in read_labels(body) if label.code == part and label.until is not None]
            body = days[0].isoformat() if days else None
        else:
            body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _read(value: Plain, calendar: Calendar) -> datetime | None:
    """An instant, or a bare date: that day's end where the State is whose days count."""
    if not isinstance(value, str):
        return None
    try:
        return end_of_day(calendar, date.fromisoformat(value))
    except ValueError:
        return parse_instant(value)
