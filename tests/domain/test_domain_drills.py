"""When a State is tried, and what a minute's mark comes to: pure, with chance and time as arguments."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.availability import (
    EXCUSED,
    HOUR,
    UNREACHED,
    Hour,
    availability,
    last_mark,
    mark_of,
    with_mark,
)
from contactpoint.domain.drills import EVERY, Reach, Span, new_number, next_drill, reach_of, repeats, slot_of

START = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)
ZONES = ("UTC", "Asia/Kathmandu", "America/Chicago", "Pacific/Auckland", "Atlantic/Azores")


@pytest.mark.parametrize(
    ("seconds", "reach"),
    [(0, "5-min"), (300, "5-min"), (301, "30-min"), (1800, "30-min"), (1801, "4-h"), (14400, "4-h"), (14401, "not")],
)
def test_a_time_exactly_at_the_limit_is_within_it(seconds: int, reach: str) -> None:
    assert reach_of(timedelta(seconds=seconds)) is Reach(reach)


@given(seed=st.integers(0, 2**32), zone=st.sampled_from(ZONES))
def test_eight_drills_try_every_quarter_of_the_day_on_weekdays_and_on_weekends(seed: int, zone: str) -> None:
    chance, there = random.Random(seed), ZoneInfo(zone)
    tried: list[datetime] = []
    now = START
    for _ in range(8):
        now = next_drill(tried, there, (), chance.randbytes, now)
        tried.append(now)
    assert len({slot_of(at, there) for at in tried}) == 8


@given(seed=st.integers(0, 2**32), zone=st.sampled_from(ZONES), days=st.integers(7, 90))
def test_a_state_is_tried_at_least_so_often_and_never_sooner_than_half_of_that(seed: int, zone: str, days: int) -> None:
    chance, every = random.Random(seed), timedelta(days=days)
    tried = [START]
    for _ in range(6):
        at = next_drill(tried, ZoneInfo(zone), (), chance.randbytes, tried[-1], every)
        assert tried[-1] < at <= tried[-1] + max(every, timedelta(days=7))
        if days >= 14:
            assert at >= tried[-1] + every / 2
        tried.append(at)


def test_nobody_can_foretell_the_hour() -> None:
    chance = random.Random(7)
    hours = Counter(next_drill((), ZoneInfo("UTC"), (), chance.randbytes, START).hour for _ in range(2400))
    assert set(hours) == set(range(24))
    assert max(hours.values()) < 3 * min(hours.values())


@given(seed=st.integers(0, 2**32), begins=st.integers(0, 40), length=st.integers(1, 60))
def test_no_drill_falls_into_a_closure_that_was_announced(seed: int, begins: int, length: int) -> None:
    closed = Span(START + timedelta(days=begins), START + timedelta(days=begins + length))
    at = next_drill((), ZoneInfo("UTC"), (closed,), random.Random(seed).randbytes, START)
    assert not closed.covers(at)
    assert START <= at <= max(START + EVERY, closed.ends)


def test_a_worker_that_slept_two_months_plans_within_a_week_and_not_in_the_past() -> None:
    now = START + timedelta(days=60)
    at = next_drill([START], ZoneInfo("UTC"), (), random.Random(1).randbytes, now)
    assert now <= at <= now + timedelta(days=7)


def test_a_number_is_repeated_exactly_or_not_at_all() -> None:
    asked = {"nonce": new_number(random.Random(3).randbytes)}
    assert len(asked["nonce"]) == 8 and asked["nonce"].isdigit()
    assert repeats(asked, {"nonce": asked["nonce"]})
    for wrong in (asked["nonce"] + " ", asked["nonce"][:-1], int(asked["nonce"]), None, "", [asked["nonce"]]):
        assert not repeats(asked, {"nonce": wrong})
    assert not repeats({"nonce": ""}, {"nonce": ""})
    assert not repeats({}, {})


# Pings


def test_a_median_is_right_to_a_fifth_and_a_slow_answer_is_no_missing_one() -> None:
    marks = HOUR
    for minute, took in enumerate((12, 12, 40, 90_000)):
        marks = with_mark(marks, minute, mark_of(took))
    marks = with_mark(marks, 4, UNREACHED)
    found = availability([Hour(START, marks)], START, START + timedelta(hours=1))
    assert (found.tried, found.reached, found.percent) == (5, 4, 80.0)
    assert found.median_ms is not None and 12 <= found.median_ms <= 12 * 1.2


def test_a_closure_counts_neither_for_nor_against() -> None:
    marks = with_mark(with_mark(HOUR, 0, EXCUSED), 1, mark_of(5))
    found = availability([Hour(START, marks)], START, START + timedelta(hours=1))
    assert (found.tried, found.excused, found.percent) == (1, 1, 100.0)


def test_where_nothing_was_tried_there_is_no_figure_at_all() -> None:
    found = availability([Hour(START, HOUR)], START, START + timedelta(hours=1))
    assert (found.percent, found.median_ms) == (None, None)
    assert last_mark([Hour(START, HOUR)]) == "."


def test_of_two_workers_in_one_minute_the_first_is_kept() -> None:
    marks = with_mark(HOUR, 30, UNREACHED)
    assert with_mark(marks, 30, mark_of(3)) == marks


@given(first=st.integers(0, 120), length=st.integers(0, 120))
def test_a_day_counts_each_minute_once_and_none_outside(first: int, length: int) -> None:
    hours = [Hour(START + timedelta(hours=n), mark_of(3) * 60) for n in range(2)]
    since = START + timedelta(minutes=first)
    until = since + timedelta(minutes=length)
    assert availability(hours, since, until).reached == max(0, min(120, first + length) - first)
