"""Rotations in every zone of tzdata and every unit: properties, and an independent calculation that must never differ.

The other calculation reads the zone files itself, walks from the anchor shift by shift, and knows no ``fold``.
"""

from __future__ import annotations

import random
from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.rota import Change, Override, Period, Rota, Rotation, Unit, Window, on_duty, pieces
from tests.domain.zonefile import ZONES, changes, instants_of, wall_at

NAMES = tuple("abcdefgh")
START = datetime.fromisoformat("1970-01-01")
_TINY = timedelta(microseconds=1)
_SPREAD = timedelta(hours=30)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def walls(rotation: Rotation, until: datetime) -> list[datetime]:
    """Every handoff on the wall up to ``until``, one after the other."""
    found, day, turn = [], rotation.anchor, 0
    while day <= until:
        found.append(day)
        turn += 1
        match rotation.unit:
            case Unit.MONTH:
                year, month = rotation.anchor.year, rotation.anchor.month
                for _ in range(turn * rotation.length):
                    year, month = (year, month + 1) if month < 12 else (year + 1, 1)
                longest = 29 if month == 2 and isleap(year) else _DAYS[month - 1]
                day = rotation.anchor.replace(year=year, month=month, day=min(rotation.anchor.day, longest))
            case Unit.HOUR:
                day += timedelta(hours=rotation.length)
            case unit:
                for _ in range(rotation.length * (7 if unit is Unit.WEEK else 1)):
                    day += timedelta(days=1)
    return found


def independent(rotation: Rotation, at: datetime) -> tuple[str | None, datetime]:
    """(who, next handoff): of the handoffs that have come the last by number has it, and it ends with the first of those that have not."""
    now = at.timestamp()
    if rotation.unit is Unit.HOUR and 24 % rotation.length:
        step, due, turn = rotation.length * 3600, instants_of(rotation.zone, rotation.anchor), 0
        while due <= now:
            due, turn = due + step, turn + 1
        who = rotation.officers[(turn - 1) % len(rotation.officers)] if turn else None
        return who, datetime.fromtimestamp(due, UTC)
    here = wall_at(rotation.zone, now)
    longest = timedelta(hours=rotation.length) if rotation.unit is Unit.HOUR else timedelta(days=31 * rotation.length)
    if rotation.unit is Unit.DAY:
        longest = timedelta(days=rotation.length)
    if rotation.unit is Unit.WEEK:
        longest = timedelta(weeks=rotation.length)
    listed = walls(rotation, max(here, rotation.anchor) + longest + 2 * _SPREAD)
    come, ahead = -1, []
    for number, wall in enumerate(listed):
        if wall < here - _SPREAD:
            come = number
        else:
            due = instants_of(rotation.zone, wall)
            if due <= now:
                come = number
            ahead.append((number, due))
    who = None if come < 0 else rotation.officers[come % len(rotation.officers)]
    return who, datetime.fromtimestamp(min(due for number, due in ahead if number > come), UTC)


def drawn(chance: random.Random) -> tuple[Rotation, datetime]:
    """A rotation anywhere, and an instant near one of its handoffs, near a change of its zone's offset, or anywhere."""
    zone, unit = chance.choice(ZONES), chance.choice(list(Unit))
    length = chance.choice((1, 2, 3, 4, 6, 7, 8, 12, 24, 5, 10, 36) if unit is Unit.HOUR else (1, 1, 2, 3, 5))
    times = [each for each in changes(zone)[0] if -2_000_000_000 < each < 2_900_000_000]
    middle = START + timedelta(
        seconds=chance.choice(times) if times and chance.random() < 0.7 else chance.randrange(0, 2_900_000_000)
    )
    shift = {Unit.HOUR: 1 / 24, Unit.DAY: 1.0, Unit.WEEK: 7.0, Unit.MONTH: 30.4}[unit] * length
    anchor = middle - timedelta(days=shift * chance.uniform(-1, 40), hours=chance.uniform(-30, 30))
    anchor = anchor.replace(minute=chance.choice((0, 0, 15, 30, 45)), second=0, microsecond=0)
    if unit is Unit.MONTH and chance.random() < 0.5:
        anchor = anchor.replace(month=1, day=chance.choice((28, 29, 30, 31)))
    rotation = Rotation(zone, anchor, unit, length, NAMES[: chance.randint(1, 8)])
    at = middle.replace(tzinfo=UTC) + timedelta(days=shift * chance.uniform(-3, 3), seconds=chance.choice((-1, 0, 1)))
    if chance.random() < 0.5:
        at = rotation.next_handoff(at) + chance.choice((-_TINY, timedelta(0), _TINY))
    return rotation, at


def test_random_rotations_never_differ_from_an_independent_calculation(seeded: random.Random, run_all: bool) -> None:
    for _ in range(20_000 if run_all else 1_500):
        rotation, at = drawn(seeded)
        found = (rotation.officer_at(at), rotation.next_handoff(at))
        assert found == independent(rotation, at), (rotation, at)


# Midnights that never were, days that never were, a clock that went back over midnight, half an hour.
MOVED = [
    ("America/Sao_Paulo", "2018-11-04"),
    ("Asia/Beirut", "2022-03-27"),
    ("Africa/Cairo", "2024-04-26"),
    ("America/Havana", "2026-11-01"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Fakaofo", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Pacific/Kiritimati", "1994-12-31"),
    ("Pacific/Guam", "1969-01-26"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Antarctica/Troll", "2026-03-29"),
    ("America/Toronto", "2026-11-01"),
]


@pytest.mark.parametrize(("zone", "day"), MOVED)
@pytest.mark.parametrize("unit", list(Unit))
def test_no_shift_overlaps_or_leaves_a_gap_where_the_clock_moves(zone: str, day: str, unit: Unit) -> None:
    moved = datetime.fromisoformat(day)
    for hour in (0, 2):
        for length in (1, 5, 12):
            anchor = moved.replace(hour=hour) - timedelta(days=3)
            rotation = Rotation(zone, anchor, unit, length, NAMES[:3])
            at = (moved - timedelta(days=2)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            for _ in range(90 if unit is Unit.HOUR else 5):
                ends = rotation.next_handoff(at)
                number = rotation.shift_at(at)
                assert ends > at and number is not None
                assert rotation.shift_at(ends - _TINY) == number
                assert (rotation.shift_at(ends) or -1) > number
                assert (rotation.officer_at(at), ends) == independent(rotation, at)
                at = ends


zones = st.sampled_from(ZONES)
anchors = st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2060-01-01")).map(
    lambda at: at.replace(fold=0)
)
rotations = st.builds(
    Rotation,
    zones,
    anchors,
    st.sampled_from(Unit),
    st.integers(1, 30),
    st.integers(1, 8).map(lambda count: NAMES[:count]),
)
lengths = st.timedeltas(timedelta(days=-40), timedelta(days=900))


@given(rotations, lengths)
def test_the_next_handoff_is_later_and_ends_this_shift_and_no_other(rotation: Rotation, after: timedelta) -> None:
    at = rotation.handoff(0) + after
    ends, number = rotation.next_handoff(at), rotation.shift_at(at)
    assert ends > at
    assert rotation.shift_at(ends - _TINY) == number
    begun = rotation.shift_at(ends)
    assert begun is not None and (number is None or begun > number)
    assert rotation.handoff(begun) == ends
    if number is None:
        assert rotation.officer_at(at) is None
    else:
        assert rotation.handoff(number) <= at


clock_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
windows = st.lists(st.builds(Window, st.integers(0, 6), clock_times, clock_times), max_size=4).map(tuple)


@st.composite
def whole_rotas(draw: st.DrawFn) -> tuple[Rota, datetime]:
    zone = draw(zones)
    anchor = draw(anchors)
    made = tuple(
        Rotation(
            draw(zones),
            anchor,
            draw(st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])),
            draw(st.integers(1, 3)),
            NAMES[: draw(st.integers(1, 4))],
            windows=draw(windows),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    begin = anchor.replace(tzinfo=UTC) + draw(st.timedeltas(timedelta(0), timedelta(days=60)))
    period = Period(begin + timedelta(days=2), begin + timedelta(days=2, hours=draw(st.integers(1, 200))))
    override = Override("1", draw(st.sampled_from(Change)), draw(st.sampled_from(NAMES)), period)
    default = draw(st.sampled_from(("", "z")))
    return Rota("desk", zone, made, default=default, overrides=(override,)), begin


@given(whole_rotas(), st.lists(st.floats(0, 0.999), min_size=1, max_size=5))
def test_pieces_leave_no_gap_and_no_overlap_and_say_what_the_one_function_says(
    made: tuple[Rota, datetime], places: list[float]
) -> None:
    rota, begin = made
    end = begin + timedelta(days=10)
    cut = list(pieces(rota, begin, end))
    assert cut[0][0] == begin and cut[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(cut))
    assert all(since < until for since, until, _ in cut)
    for place in places:
        at = begin + place * (end - begin)
        duties = next(who for since, until, who in cut if since <= at < until)
        duty = on_duty(rota, at)
        assert duty.duties == duties
        if duty.until is not None:
            assert duty.until > at
            assert on_duty(rota, duty.until - _TINY).duties == duties
            assert on_duty(rota, duty.until).duties != duties


@given(zones, st.dates(date(1950, 1, 1), date(2060, 1, 1)), st.integers(0, 6))
def test_windows_that_meet_on_the_wall_leave_nobody_out_in_any_zone(zone: str, day: date, hour: int) -> None:
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    all_week = tuple(Window(each, time(hour), time(hour)) for each in range(7))
    rotation = Rotation(zone, datetime.fromisoformat("1949-01-01"), Unit.DAY, 1, ("a",), windows=all_week)
    rota = Rota("desk", zone, (rotation,))
    assert all(duties for _, _, duties in pieces(rota, begin, begin + timedelta(days=9)))
