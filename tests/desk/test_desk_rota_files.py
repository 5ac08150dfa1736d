"""Rotas as files: the keeper's own, calendars out and in, holidays as a proposal."""

from __future__ import annotations

from datetime import UTC, datetime, time

import holidays
import pytest
import vobject

from contactpoint.desk.errors import DraftError, NotFoundError
from contactpoint.desk.holiday_seed import seed
from contactpoint.desk.rota_file import read_rota_file
from contactpoint.desk.rota_ics import read_calendar, write_calendar
from contactpoint.domain.rota import Absence, Change, Override, Period, Rota, Rotation, Unit, Window, on_duty, shifts

ONE, TWO = "XA-OFF-001", "XA-OFF-002"
ZONE = "Europe/Brussels"
FILE = f"""
name = "night"
zone = "{ZONE}"
default = "{ONE}"

[[rotation]]
anchor = 2027-03-01T18:00:00
unit = "week"
officers = ["{ONE}", "{TWO}"]
windows = [
    {{ days = ["mon", "tue", "wed", "thu", "fri"], from = "18:00", to = "08:00" }},
    {{ days = ["sat", "sun"], from = "08:00", to = "08:00" }},
]

[night]
from = 21:00:00
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def turns() -> Rota:
    anchor = datetime.fromisoformat("2027-03-01T09:00")
    stands_in = Override("1", Change.REPLACE, ONE, Period(at("2027-03-30T09:00+02:00"), at("2027-03-31T09:00+02:00")))
    return Rota("desk", ZONE, (Rotation(ZONE, anchor, Unit.WEEK, 1, (ONE, TWO)),), overrides=(stands_in,))


def test_a_file_says_the_turns_their_hours_and_the_default() -> None:
    rota = read_rota_file(FILE.encode())
    (turn,) = rota.rotations
    assert (rota.name, rota.default, rota.night.starts, rota.night.ends) == ("night", ONE, time(21), time(6))
    assert (turn.length, turn.officers, len(turn.windows)) == (1, (ONE, TWO), 7)
    assert turn.windows[0] == Window(0, time(18), time(8))
    assert on_duty(rota, at("2027-03-02T03:00+01:00")).officers == (ONE,)


def test_what_is_not_in_the_file_stays_when_it_is_saved_again() -> None:
    away = Absence("1", TWO, Period(at("2027-03-02T00:00Z"), at("2027-03-03T00:00Z")))
    stands = Rota("night", "UTC", absences=(away,))
    assert read_rota_file(FILE.encode(), stands).absences == (away,)


@pytest.mark.parametrize(
    ("was", "said", "names"),
    [
        ("anchor = 2027-03-01T18:00:00", "anchor = 2027-03-01T18:00:00Z", "without a zone"),
        ("anchor = 2027-03-01T18:00:00", 'anchor = "2027-03-01"', "wall"),
        ('unit = "week"', 'unit = "fortnight"', "fortnight"),
        ('unit = "week"', 'unit = "week"\nlenght = 2', "lenght"),
        ('unit = "week"', 'unit = "week"\nlength = true', "whole number"),
        (f'"{ONE}", "{TWO}"', "", "officers"),
        ('"mon", "tue"', '"monday", "tue"', "days"),
        ('name = "night"', 'name = "Night Watch"', "small letters"),
        (f'zone = "{ZONE}"', 'zone = "Mars/Olympus"', "zone"),
        ("[night]", "[night", "no rota"),
    ],
)
def test_a_slip_in_the_file_is_named(was: str, said: str, names: str) -> None:
    assert was in FILE
    with pytest.raises(DraftError, match=names):
        read_rota_file(FILE.replace(was, said).encode())


def test_a_calendar_is_read_back_by_another_library_as_it_was_computed() -> None:
    since, until = at("2027-03-22T00:00Z"), at("2027-04-19T00:00Z")
    data = write_calendar(turns(), "", since, until, "2026.6", at("2027-03-20T00:00Z"))
    calendar = vobject.readOne(data.decode())
    found = [
        (event.contents["x-contactpoint-officer"][0].value, event.dtstart.value, event.dtend.value)
        for event in calendar.vevent_list
    ]
    expected = [(each.officer, each.since, each.until) for each in shifts(turns(), since, until)]
    assert len(expected) > 3 and found == expected
    assert calendar.contents["x-contactpoint-tzdata"][0].value == "2026.6"
    uids = [event.uid.value for event in calendar.vevent_list]
    assert len(set(uids)) == len(uids)


def test_an_officers_calendar_holds_only_that_officers_shifts() -> None:
    since, until = at("2027-03-22T00:00Z"), at("2027-04-19T00:00Z")
    calendar = vobject.readOne(write_calendar(turns(), TWO, since, until, "2026.6", since).decode())
    assert {event.summary.value for event in calendar.vevent_list} == {f"desk: {TWO} on duty"}


def test_what_was_written_is_read_as_the_same_duties() -> None:
    since, until = at("2027-03-22T00:00Z"), at("2027-04-19T00:00Z")
    read = read_calendar(write_calendar(turns(), "", since, until, "2026.6", since), ZONE, (ONE, TWO))
    assert read.duties == tuple(
        (each.officer, Period(each.since, each.until)) for each in shifts(turns(), since, until)
    )
    assert (read.left, read.period) == (0, Period(since, until))


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", "DTSTAMP:20270301T000000Z", *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def test_whole_days_and_floating_times_are_of_the_rotas_zone_and_strangers_are_left_out() -> None:
    data = calendar(
        f"SUMMARY:{ONE}|DTSTART;VALUE=DATE:20270328|DTEND;VALUE=DATE:20270329",
        f"SUMMARY:Night, {TWO}|DTSTART:20270329T180000|DURATION:PT14H",
        f"SUMMARY:{TWO}|DTSTART;TZID=America/New_York:20270401T080000|DTEND;TZID=America/New_York:20270401T160000",
        "SUMMARY:Birthday|DTSTART;VALUE=DATE:20270328",
        f"SUMMARY:{ONE} or {TWO}|DTSTART;VALUE=DATE:20270328",
    )
    read = read_calendar(data, ZONE, (ONE, TWO))
    assert read.left == 2
    assert read.duties == (
        (ONE, Period(at("2027-03-28T00:00+01:00"), at("2027-03-29T00:00+02:00"))),
        (TWO, Period(at("2027-03-29T18:00+02:00"), at("2027-03-30T08:00+02:00"))),
        (TWO, Period(at("2027-04-01T12:00Z"), at("2027-04-01T20:00Z"))),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"X" * ((1 << 20) + 1),
        calendar(f"SUMMARY:{ONE}|DTSTART:20270301T000000Z|DTEND:20270302T000000Z|RRULE:FREQ=DAILY"),
        calendar(f"SUMMARY:{ONE}|DTSTART:20270303T000000Z|DTEND:20270302T000000Z"),
        calendar(f"SUMMARY:{ONE}|DTSTART:20270303T000000Z"),
        calendar(f"SUMMARY:{ONE}|DTSTART:never|DTEND:20270302T000000Z"),
        calendar(f"SUMMARY:{ONE}|DTEND:20270302T000000Z"),
        calendar("SUMMARY:nobody|DTSTART:20270301T000000Z|DTEND:20270302T000000Z"),
        calendar(*[f"SUMMARY:{ONE}|DTSTART:20270301T000000Z|DTEND:20270302T000000Z"] * 1001),
    ],
)
def test_a_calendar_that_could_be_misread_is_refused_whole(data: bytes) -> None:
    with pytest.raises(DraftError):
        read_calendar(data, ZONE, (ONE, TWO))


def test_seeded_holidays_are_proposals_and_an_unknown_country_is_refused() -> None:
    country = min(holidays.list_supported_countries())
    days = seed(country, [2027])
    assert days and not any(each.confirmed for each in days)
    assert all(each.day.year == 2027 for each in days)
    with pytest.raises(NotFoundError):
        seed("XA", [2027])
