"""Duty as a calendar file (iCalendar, RFC 5545): written for a person's own calendar, and a simple one read as a roster.

A file that is written holds numbers of officers and times, nothing of a case. Instants are UTC, and the version of tzdata by which they
were computed stands in it: an older calendar shows then why it differs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Calendar, Component, Event

from contactpoint.desk.errors import DraftError
from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import Period, Rota, Shift, shifts
from contactpoint.domain.rota.wall import instant

LARGEST_CALENDAR = 1 << 20  # octets
MOST_EVENTS = 1000
_OFFICER = "X-CONTACTPOINT-OFFICER"


@dataclass(frozen=True, slots=True)
class Imported:
    """Duties in order. ``left``: how many events were not taken, because they name nobody who is known here."""

    duties: tuple[tuple[str, Period], ...]
    left: int

    @property
    def period(self) -> Period:
        return Period(min(period.since for _, period in self.duties), max(period.until for _, period in self.duties))


def write_calendar(rota: Rota, officer: str, since: datetime, until: datetime, tzdata: str, now: datetime) -> bytes:
    """The shifts of one officer, or with "" of everybody, in [since, until); the same rota gives the same identifiers again."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//contactpoint//rota//EN")
    calendar.add("x-wr-calname", f"{rota.name} {officer}".strip())
    calendar.add("x-contactpoint-tzdata", tzdata)
    for shift in shifts(rota, since, until):
        if officer in ("", shift.officer):
            calendar.add_component(_event(rota, shift, tzdata, now))
    return bytes(calendar.to_ical())


def _event(rota: Rota, shift: Shift, tzdata: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{rota.name}-{shift.officer}-{shift.since:%Y%m%dT%H%M%SZ}@contactpoint")
    event.add("summary", f"{rota.name}: {shift.officer} on duty")
    event.add("dtstart", shift.since.astimezone(UTC))
    event.add("dtend", shift.until.astimezone(UTC))
    event.add("dtstamp", now.astimezone(UTC))
    event.add("categories", [shift.source.value])
    event.add("description", f"By {shift.source.value}; zone of the rota {rota.zone}; tzdata {tzdata}")
    event.add("transp", "OPAQUE")
    event.add(_OFFICER, shift.officer)
    return event


def read_calendar(data: bytes, zone: str, officers: Collection[str]) -> Imported:
    """The events of a simple calendar that name an officer, as duties. Whole days and times without a zone are of ``zone``.

    Raises DraftError: no calendar, too large, an event that repeats or has no end, or none that names an officer.
    """
    if len(data) > LARGEST_CALENDAR:
        raise _wrong("the calendar is larger than a mebibyte")
    try:
        calendar = Calendar.from_ical(data)
        events = calendar.walk("VEVENT")
        if len(events) > MOST_EVENTS:
            raise _wrong(f"the calendar has more than {MOST_EVENTS} events")
        found = [(_named(event, officers), _period(event, zone)) for event in events]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise _wrong("the file is no calendar that can be read") from error
    duties = [(officer, period) for officer, period in found if officer]
    if not duties:
        raise _wrong("no event names an officer of this State by number")
    return Imported(tuple(sorted(duties, key=lambda duty: (duty[1].since, duty[0]))), len(found) - len(duties))


def _named(event: Component, officers: Collection[str]) -> str:
    """The officer whom an event names: in our own field, or as a word of its title; two are none."""
    own = str(event.get(_OFFICER, ""))
    words = {own} if own else {word.strip(",;:()") for word in str(event.get("SUMMARY", "")).split()}
    named = words & set(officers)
    return named.pop() if len(named) == 1 else ""


def _period(event: Component, zone: str) -> Period:
    # A repeating event would be taken for one duty, and the rest of them silently lost.
    if "RRULE" in event or "RDATE" in event:
        raise _wrong("an event repeats; export single events, or save the pattern as a rotation")
    since = event.decoded("DTSTART")
    if "DTEND" in event:
        until = event.decoded("DTEND")
    elif "DURATION" in event:
        until = since + event.decoded("DURATION")
    elif isinstance(since, datetime):
        raise _wrong("an event has no end")
    else:
        until = since + timedelta(days=1)
    try:
        return Period(_instant(since, zone), _instant(until, zone))
    except RotaError as error:
        raise _wrong("an event ends before it begins") from error


def _instant(at: Any, zone: str) -> datetime:
    if isinstance(at, datetime):
        return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    if isinstance(at, date):
        return instant(datetime.combine(at, time()), zone)
    raise TypeError(at)


def _wrong(text: str) -> DraftError:
    return DraftError("E-ROTA", text, "export single events with the officer's number in their title")
