"""Terms, working days, instants and addresses."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest

from contactpoint.domain.calendar import Calendar, end_of_next_working_day
from contactpoint.domain.errors import AddressError, DateError, PolicyError
from contactpoint.domain.policy import POLICIES, Terms, load
from contactpoint.domain.values import Urgency, from_ms, ms, parse_address, parse_instant, spell_instant, to_ms

BRUSSELS = Calendar("Europe/Brussels", frozenset(range(5)), frozenset({date(2027, 3, 29)}), time(17, 0))


def minutes(*numbers):
    return [timedelta(minutes=number) for number in numbers]


def test_the_standard_terms_are_those_of_the_protocol():
    terms = load("standard-1").terms
    assert [terms[urgency].received for urgency in Urgency] == minutes(2, 10, 60, 240)
    assert [terms[urgency].acknowledged for urgency in Urgency] == [*minutes(15, 30, 240), None]
    assert [terms[urgency].decision for urgency in Urgency] == minutes(60, 480, 1440, 7 * 1440)
    assert [terms[urgency].unreachable for urgency in Urgency] == minutes(1, 5, 60, 60)


def test_no_statement_outlives_the_keys_that_open_it():
    for name in POLICIES:
        policy = load(name)
        assert policy.longest_expiry <= timedelta(days=14)
        assert all(expiry <= policy.longest_expiry for expiry in policy.expiry.values())


def test_the_demo_is_over_in_seconds():
    terms = load("demo-1").terms[Urgency.U1]
    assert [t.total_seconds() for t in (terms.unreachable, terms.received, terms.decision)] == [2, 3, 20]
    assert terms.acknowledged == timedelta(seconds=6)


def test_a_policy_of_another_name_is_refused_and_no_file_is_opened_for_it():
    for name in ("standard-2", "../policy/standard-1", ""):
        with pytest.raises(PolicyError):
            load(name)


def test_terms_survive_being_stored():
    for name in POLICIES:
        for terms in load(name).terms.values():
            assert Terms.from_plain(json.loads(json.dumps(terms.to_plain()))) == terms


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2027-03-24T12:00Z", "2027-03-25T16:00Z"),
        ("2027-03-25T22:59Z", "2027-03-26T16:00Z"),
        ("2027-03-25T23:00Z", "2027-03-30T15:00Z"),  # Friday there: over the weekend, the holiday and the clock change
        ("2027-03-27T12:00Z", "2027-03-30T15:00Z"),
    ],
)
def test_a_working_day_ends_where_the_recipient_is(now, end):
    assert end_of_next_working_day(BRUSSELS, parse_instant(now)) == parse_instant(end)


def test_a_calendar_without_a_working_day_is_an_error_and_not_a_wait_without_end():
    with pytest.raises(PolicyError):
        end_of_next_working_day(Calendar("UTC", frozenset()), datetime(2027, 3, 4, tzinfo=UTC))


def test_a_calendar_survives_being_stored():
    assert Calendar.from_plain(json.loads(json.dumps(BRUSSELS.to_plain()))) == BRUSSELS


def test_an_instant_needs_its_offset():
    assert parse_instant("2027-03-04T14:00+01:00") == parse_instant("2027-03-04T13:00:00.000Z")
    for text in ("2027-03-04T13:00", "2027-03-04", "", "now", "0001-01-01T00:00+23:00"):
        with pytest.raises(DateError):
            parse_instant(text)


def test_milliseconds_go_there_and_back():
    instant = datetime(2027, 3, 4, 13, 0, 0, 123_999, tzinfo=UTC)
    assert from_ms(ms(instant)) == to_ms(instant) == parse_instant(spell_instant(instant))
    assert spell_instant(instant) == "2027-03-04T13:00:00.123Z"
    with pytest.raises(DateError):
        from_ms(2**53)


def test_an_address_has_one_spelling():
    assert (parse_address("XA-T1").state, parse_address("XA-T1").territory) == ("XA", "T1")
    for text in ("xa", "XAB", "XA-", "XA-T1\n", "XA/..", "ХA", ""):
        with pytest.raises(AddressError):
            parse_address(text)
