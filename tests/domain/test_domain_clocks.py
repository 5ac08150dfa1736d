"""Long clocks: how days and hours are counted, what opens and closes a clock, and which instants before its end are told."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.calendar import Calendar, end_of_day, end_of_working_day, on_a_working_day
from contactpoint.domain.case import fold
from contactpoint.domain.catalogue.model import Catalogue, Citation, Clock
from contactpoint.domain.catalogue.words import At, Counting
from contactpoint.domain.clocks import alarms_of, check_term, clock_rows, ends_of, impossible_term, runs_at
from contactpoint.domain.errors import PolicyError
from contactpoint.domain.values import Side, Urgency, parse_instant, spell_instant
from tests.domain.domain_examples import CATALOGUE, T0, XA, XB, Pair

BRUSSELS = Calendar("Europe/Brussels", frozenset(range(5)), frozenset({date(2027, 3, 29)}), time(17, 0))
CAIRO = Calendar("Africa/Cairo", frozenset({6, 0, 1, 2, 3}), frozenset({date(2027, 3, 10)}), time(15, 0))
CALENDARS = {Side.REQUESTER: CAIRO, Side.ADDRESSEE: BRUSSELS}
CITED = Citation("42(8)", "M", False)
DAY = timedelta(days=1)


def clock(**values) -> Clock:
    return Clock(**{"code": "C", "label": "A clock", "starts": "request", "citation": CITED, **values})


def having(*clocks: Clock, kind: str = "PRES-NEW") -> Catalogue:
    return replace(CATALOGUE, entries={**CATALOGUE.entries, kind: replace(CATALOGUE[kind], clocks=clocks)})


def rows(pair: Pair, *clocks: Clock, calendars=CALENDARS):
    """The clocks of the opening request, which both ends must count alike."""
    catalogue = having(*clocks) if clocks else CATALOGUE
    both = []
    for desk in (pair.asking, pair.asked):
        case = desk.case
        assert case is not None
        both.append(clock_rows(case, case.requests[pair.opener.id], catalogue, calendars))
    assert both[0] == both[1]
    return {row.code: row for row in both[0]}


def preserved(start: str = "2027-03-04T15:00Z", **more) -> Pair:
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED", body={"preserved_from": start, "reference": "P", **more})
    return pair


# Counting


@pytest.mark.parametrize(
    ("start", "number", "end"),
    [
        ("2027-03-24T12:00Z", 1, "2027-03-25T16:00Z"),
        ("2027-03-24T12:00Z", 2, "2027-03-26T16:00Z"),
        ("2027-03-24T12:00Z", 3, "2027-03-30T15:00Z"),  # over a weekend, a holiday and the clock change
        ("2027-03-24T12:00Z", 4, "2027-03-31T15:00Z"),
        ("2027-03-24T22:59Z", 1, "2027-03-25T16:00Z"),  # one minute before midnight there
        ("2027-03-24T23:00Z", 1, "2027-03-26T16:00Z"),  # midnight there: the day of receipt is already Thursday
        ("2027-03-27T10:00Z", 1, "2027-03-30T15:00Z"),  # received on a Saturday
        ("2027-10-29T10:00Z", 1, "2027-11-01T16:00Z"),  # over the clock change of autumn
    ],
)
def test_working_days_are_those_of_the_calendar_and_the_day_of_receipt_counts_not(start, number, end):
    assert end_of_working_day(BRUSSELS, parse_instant(start), number) == parse_instant(end)


@pytest.mark.parametrize(
    ("end", "moved"),
    [
        ("2027-03-26T10:00Z", "2027-03-26T10:00Z"),  # a Friday stays, to the minute
        ("2027-03-27T10:00Z", "2027-03-30T15:00Z"),
        ("2027-03-28T22:30Z", "2027-03-30T15:00Z"),  # already the Monday there, a holiday
        ("2027-03-26T22:59Z", "2027-03-26T22:59Z"),
        ("2027-03-26T23:00Z", "2027-03-30T15:00Z"),  # Saturday there, Friday here
    ],
)
def test_an_end_on_a_free_day_goes_to_the_next_working_day_and_never_backwards(end, moved):
    assert on_a_working_day(BRUSSELS, parse_instant(end)) == parse_instant(moved)


def test_a_day_of_the_clock_change_has_its_own_length():
    assert end_of_day(BRUSSELS, date(2027, 3, 28)) - end_of_day(BRUSSELS, date(2027, 3, 27)) == timedelta(hours=23)
    assert end_of_day(BRUSSELS, date(2027, 10, 31)) - end_of_day(BRUSSELS, date(2027, 10, 30)) == timedelta(hours=25)


def test_a_calendar_that_never_works_is_said_and_not_waited_for():
    with pytest.raises(PolicyError):
        end_of_working_day(Calendar("UTC", frozenset()), T0, 1)


@given(number=st.integers(1, 30), seconds=st.integers(0, 1000 * 86_400))
def test_a_later_working_day_ends_later_and_each_is_one(number, seconds):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ends = [end_of_working_day(BRUSSELS, start, each) for each in range(1, number + 1)]
    assert ends == sorted(set(ends))
    assert ends[0] > start
    assert all(on_a_working_day(BRUSSELS, end) == end for end in ends)


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ({"days": 60}, T0 + 60 * DAY),
        ({"days": 0, "hours": None}, T0),
        ({"hours": 24}, T0 + DAY),
        ({"terms": {Urgency.U0: 60, Urgency.U1: 7200}}, T0 + timedelta(hours=2)),
        ({"days": 4, "counting": Counting.WORKING}, parse_instant("2027-03-10T16:00Z")),
        ({"days": 4, "counting": Counting.WORKING, "of": Side.REQUESTER}, parse_instant("2027-03-11T13:00Z")),
        # 4 March is a Thursday and a working day: counted, it is the first of the four
        ({"days": 4, "counting": Counting.WORKING, "receipt_day_counts": True}, parse_instant("2027-03-09T16:00Z")),
        ({"days": 1, "counting": Counting.WORKING, "receipt_day_counts": True}, parse_instant("2027-03-04T16:00Z")),
        ({"days": 60, "receipt_day_counts": True}, T0 + 59 * DAY),
        ({"days": 2, "end_on_working_day": True}, parse_instant("2027-03-08T16:00Z")),  # a Saturday in Brussels
        ({"days": 2, "end_on_working_day": True, "of": Side.REQUESTER}, parse_instant("2027-03-07T13:00Z")),
        ({"until": "field:period.until"}, parse_instant("2027-05-01T10:00Z")),
        ({"until": "field:day"}, parse_instant("2027-05-01T22:00Z")),
    ],
)
def test_a_term_is_counted_as_the_catalogue_says(values, due):
    pair = Pair.opened()
    opener = replace(pair.opener, body={"period": {"until": "2027-05-01T12:00+02:00"}, "day": "2027-05-01"})
    case = fold([opener], CATALOGUE)
    (row,) = clock_rows(case, case.requests[opener.id], having(clock(**values)), CALENDARS)
    assert (row.starts, row.due) == (T0, due)


@pytest.mark.parametrize(
    "values",
    [
        {"terms": {Urgency.U0: 60}},  # not for this class
        {"until": "field:nothing.here"},
        {"starts": "field:facts", "days": 1},
        {"starts": "answer:EXECUTED", "days": 1},
        {"days": 10**9},  # beyond the calendar
    ],
)
def test_a_clock_without_a_date_that_can_be_read_does_not_run_and_stops_nobody(values):
    assert rows(Pair.opened(), clock(**values)) == {}


# What starts, closes and moves a clock


def test_a_preservation_ends_after_sixty_days_and_is_certified_at_both_ends():
    row = rows(preserved())["PRES-60"]
    assert row.due == parse_instant("2027-05-03T15:00Z")
    assert [(row.due - at).days for at in row.alarms] == [21, 14, 7, 3, 1]
    assert (row.at, row.certificate, row.audience) == (At.BOTH, True, ("duty", "central"))
    assert runs_at(row, Side.REQUESTER)
    assert runs_at(row, Side.ADDRESSEE)


def test_the_domestic_order_is_the_custodian_s_own_clock_and_counts_anew_when_it_is_renewed():
    pair = preserved(held_until="2028-03-04T00:00Z", domestic_order_from="2027-03-05T08:00Z")
    first = rows(pair)["DOMESTIC-90"]
    assert first.due == parse_instant("2027-06-03T08:00Z")
    assert not runs_at(first, Side.REQUESTER)
    pair.exchange(pair.asked, "DOMESTIC-RENEWED", body={"domestic_order_from": "2027-06-01T08:00Z"})
    assert rows(pair)["DOMESTIC-90"].due == parse_instant("2027-08-30T08:00Z")


def test_nobody_is_reminded_to_renew_an_order_for_data_that_need_not_be_kept_any_longer():
    row = rows(preserved(domestic_order_from="2027-03-05T08:00Z"))["DOMESTIC-90"]
    ends = parse_instant("2027-05-03T15:00Z")
    assert (row.closed_at, row.closed_by) == (ends, "EXPIRED")
    assert row.due is not None
    assert row.due > ends


def test_a_formal_request_makes_the_end_open_and_its_decision_closes_it():
    pair = preserved(domestic_order_from="2027-03-05T08:00Z")
    formal = pair.asking.say("MLA-FWD", re=pair.opener.digest, urgency=Urgency.U2, at=T0 + 30 * DAY)
    pair.asked.take(formal)
    held = rows(pair)
    assert (held["PRES-60"].due, held["PRES-60"].alarms) == (None, ())
    assert held["DOMESTIC-90"].closed_at is None  # the order must be renewed for as long as they are held
    decided = T0 + 100 * DAY
    pair.exchange(pair.asked, "NO-DATA", on=formal, at=decided, body={"searched": "everything"})
    assert rows(pair)["PRES-60"].due == decided


def test_an_extension_moves_the_end_and_its_alarms_and_a_court_knows_both_ends():
    pair = preserved()
    ext = pair.asking.say("PRES-EXT", re=pair.opener.digest, urgency=Urgency.U1, at=T0 + 40 * DAY)
    pair.asked.take(ext)
    body = {"new_expiry": "2027-07-02T15:00Z"}
    pair.exchange(pair.asked, "EXTENDED", on=ext, at=T0 + 41 * DAY, body=body)
    row = rows(pair)["PRES-60"]
    assert row.due == parse_instant("2027-07-02T15:00Z")
    assert row.alarms[0] == row.due - 21 * DAY
    assert pair.asked.case is not None
    kept = pair.asked.case.requests[pair.opener.id].preservation
    assert kept is not None
    assert ends_of(kept) == {parse_instant("2027-05-03T15:00Z"), row.due}


def test_a_release_closes_every_clock_of_what_was_preserved():
    pair = preserved(domestic_order_from="2027-03-05T08:00Z")
    asked_to = pair.asking.say("PRES-REL", re=pair.opener.digest, urgency=Urgency.U2, at=T0 + 10 * DAY)
    pair.asked.take(asked_to)
    at = T0 + 11 * DAY
    pair.exchange(pair.asked, "RELEASED", on=asked_to, at=at, body={})
    assert {(row.closed_at, row.closed_by) for row in rows(pair).values()} == {(at, "RELEASED")}


def test_a_step_closes_only_a_clock_that_had_begun_before_it():
    watch = clock(starts="answer:ACCEPTED", hours=24, stops=("CALLED-BACK",))
    pair = Pair.opened()
    pair.exchange(pair.asked, "CALLED-BACK")
    pair.exchange(pair.asked, "ACCEPTED", at=T0 + DAY, body={})
    assert rows(pair, watch)["C"].closed_by == ""
    pair.exchange(pair.asked, "CALLED-BACK", at=T0 + 1.5 * DAY)
    assert (rows(pair, watch)["C"].closed_at, rows(pair, watch)["C"].closed_by) == (T0 + 1.5 * DAY, "CALLED-BACK")


def test_a_withdrawal_closes_what_runs():
    pair = Pair.opened()
    pair.exchange(pair.asked, "ACCEPTED", body={})
    assert rows(pair)["EXECUTION-REPORT"].due == T0 + DAY
    pair.exchange(pair.asking, "WITHDRAW", at=T0 + timedelta(hours=1), body={})
    assert rows(pair)["EXECUTION-REPORT"].closed_at == T0 + timedelta(hours=1)


# Alarms


@given(
    days=st.sets(st.integers(0, 400), max_size=8),
    percent=st.sets(st.integers(0, 100), max_size=8),
    length=st.integers(0, 400 * 86_400_000),
)
def test_alarms_rise_strictly_and_lie_between_start_and_end(days, percent, length):
    due = T0 + timedelta(milliseconds=length)
    alarms = alarms_of(clock(alarm_days=tuple(days), alarm_percent=tuple(percent)), T0, due)
    assert all(T0 < at < due for at in alarms)
    assert all(first < second for first, second in pairwise(alarms))
    assert {due - each * DAY for each in days if each and due - each * DAY > T0} <= set(alarms)


# Dates that cannot be


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"preserved_from": "2027-03-04T12:00Z"}, []),
        ({"preserved_from": "2027-01-03T13:00:01Z"}, []),  # one second of the sixty days is left
        ({"preserved_from": "2027-01-03T13:00Z"}, ["E-PRESERVATION-OVER"]),
        ({"preserved_from": "2026-03-04T12:00Z"}, ["E-PRESERVATION-OVER"]),  # last year's number written in January
        ({"preserved_from": "2026-03-04T12:00Z", "held_until": "2027-04-01T00:00Z"}, []),
        ({"preserved_from": "2026-03-04T12:00Z", "held_until": "2027-03-01T00:00Z"}, ["E-PRESERVATION-OVER"]),
        ({"preserved_from": "yesterday"}, []),  # the form says so itself
        ({"preserved_from": "9999-12-31T00:00Z"}, []),
        ({}, []),
    ],
)
def test_a_preservation_that_would_have_ended_already_is_not_stated(body, codes):
    entry = CATALOGUE["PRES-NEW"]
    for kind in ("EXECUTED", "PARTIAL"):
        assert [problem.code for problem in check_term(entry, entry.answer(kind), body, T0)] == codes
    assert check_term(entry, entry.answer("ACCEPTED"), body, T0) == ()


@pytest.mark.parametrize(
    ("start", "odd"),
    [(T0, False), (T0 + timedelta(minutes=5), False), (T0 + timedelta(minutes=6), True), (T0 - 60 * DAY, True)],
)
def test_what_another_state_says_of_a_day_that_is_over_or_to_come_is_odd(start, odd):
    pair = preserved(spell_instant(start))
    assert pair.asking.case is not None
    kept = pair.asking.case.requests[pair.opener.id].preservation
    assert kept is not None
    assert impossible_term(kept, T0) is odd


def test_both_ends_of_an_invented_case_count_the_same_from_any_order_of_arrival():
    pair = preserved()
    case = pair.asking.case
    assert case is not None
    letters = [each for half in case.halves.values() for each in half]
    again = fold(reversed(letters), CATALOGUE)
    want = clock_rows(case, case.requests[pair.opener.id], CATALOGUE, CALENDARS)
    assert clock_rows(again, again.requests[pair.opener.id], CATALOGUE, CALENDARS) == want
    assert {XA, XB} == set(case.halves)
