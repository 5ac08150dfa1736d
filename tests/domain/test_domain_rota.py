"""Who is on duty: the worked cases, clock changes, windows, and what changes a rota for a time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import (
    Absence,
    Change,
    Holiday,
    Override,
    Period,
    Roster,
    Rota,
    Rotation,
    Source,
    Swap,
    SwapState,
    Unit,
    Window,
    fairness,
    gaps,
    neighbour,
    on_duty,
    shifts,
)

NAMES = tuple("0123456789")
# zone, unit, length, anchor on the wall, officers, instant, who, the next handoff
WORKED = [
    ("Europe/Brussels", "week", 1, "2026-03-23T09:00", 3, "2026-03-30T08:59:59+02:00", "0", "2026-03-30T09:00+02:00"),
    ("Europe/Brussels", "week", 1, "2026-03-23T09:00", 3, "2026-03-30T09:00:00+02:00", "1", "2026-04-06T09:00+02:00"),
    ("Europe/Brussels", "week", 1, "2026-10-19T09:00", 3, "2026-10-26T08:30:00+01:00", "0", "2026-10-26T09:00+01:00"),
    ("Europe/Brussels", "day", 1, "2027-03-26T02:30", 4, "2027-03-28T03:00:00+02:00", "1", "2027-03-28T03:30+02:00"),
    ("America/Chicago", "day", 1, "2026-10-30T01:30", 4, "2026-11-01T01:15:00-06:00", "2", "2026-11-02T01:30-06:00"),
    ("Europe/London", "hour", 12, "2026-10-24T08:00", 2, "2026-10-25T07:30:00+00:00", "1", "2026-10-25T08:00+00:00"),
    ("Europe/Paris", "month", 1, "2026-01-31T09:00", 4, "2026-03-01T12:00:00+01:00", "1", "2026-03-31T09:00+02:00"),
    ("Asia/Kathmandu", "day", 1, "2026-01-01T09:00", 3, "2026-01-11T03:14:59+00:00", "0", "2026-01-11T03:15+00:00"),
    ("Asia/Kathmandu", "day", 1, "2026-01-01T09:00", 3, "2026-01-11T03:15:00+00:00", "1", "2026-01-12T09:00+05:45"),
    ("Atlantic/Azores", "day", 1, "2026-03-20T09:00", 3, "2026-03-29T12:00:00+00:00", "0", "2026-03-30T09:00+00:00"),
    ("UTC", "hour", 10, "2020-06-01T03:00", 3, "2020-05-30T21:00:00+00:00", None, "2020-06-01T03:00+00:00"),
    # Samoa left out 30 December 2011: that day's shift is empty, its officer is skipped.
    ("Pacific/Apia", "day", 1, "2011-12-28T09:00", 4, "2011-12-31T09:00:00+14:00", "3", "2012-01-01T09:00+14:00"),
    # Lord Howe moves by half an hour.
    (
        "Australia/Lord_Howe",
        "hour",
        6,
        "2026-10-03T02:15",
        4,
        "2026-10-04T02:44:59+11:00",
        "3",
        "2026-10-04T02:45+11:00",
    ),
]


@pytest.mark.parametrize(("zone", "unit", "length", "anchor", "many", "at", "who", "then"), WORKED)
def test_the_worked_case(
    zone: str, unit: str, length: int, anchor: str, many: int, at: str, who: str | None, then: str
) -> None:
    rotation = Rotation(zone, datetime.fromisoformat(anchor), Unit(unit), length, NAMES[:many])
    instant = datetime.fromisoformat(at)
    assert rotation.officer_at(instant) == who
    assert rotation.next_handoff(instant) == datetime.fromisoformat(then)
    duty = on_duty(Rota("night", zone, (rotation,)), instant)
    assert duty.officers == (() if who is None else (who,))
    assert duty.until == datetime.fromisoformat(then)


def test_a_month_that_is_too_short_hands_over_on_its_last_day() -> None:
    rotation = Rotation("Europe/Paris", at("2026-01-31T09:00"), Unit.MONTH, 1, NAMES[:4])
    days = [rotation.handoff(number).date().isoformat() for number in range(4)]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_two_handoffs_on_one_instant_skip_an_officer_and_say_so() -> None:
    rotation = Rotation("Pacific/Apia", at("2011-12-28T09:00"), Unit.DAY, 1, NAMES[:4])
    assert rotation.handoff(2) == rotation.handoff(3)
    ends = datetime(2012, 1, 5, tzinfo=UTC)
    assert rotation.skipped(datetime(2011, 12, 28, tzinfo=UTC), ends) == ((rotation.handoff(2), "2"),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_changing_officers_leaves_todays_officer_until_the_next_handoff_and_history_as_it_was() -> None:
    before = Rotation("Europe/Brussels", at("2026-03-02T09:00"), Unit.WEEK, 1, ("a", "b", "c"))
    now = at("2026-03-11T12:00+01:00")  # b's week
    rota = Rota("desk", "Europe/Brussels", before.with_officers(("x", "y"), now))
    assert on_duty(rota, at("2026-03-04T12:00+01:00")).officers == ("a",)
    assert on_duty(rota, now).officers == ("b",)
    assert on_duty(rota, at("2026-03-16T08:59+01:00")).officers == ("b",)
    assert on_duty(rota, at("2026-03-16T09:00+01:00")).officers == ("x",)
    assert on_duty(rota, at("2026-03-24T09:00+01:00")).officers == ("y",)


def office_and_night() -> Rota:
    week = tuple(Window(day, time(9), time(17)) for day in range(5))
    nights = tuple(Window(day, time(17), time(9)) for day in range(4))
    weekend = (Window(4, time(17), time(9)), Window(5, time(9), time(9)), Window(6, time(9), time(9)))
    anchor = at("2026-03-02T00:00")
    return Rota(
        "desk",
        "Europe/Brussels",
        tuple(
            Rotation("Europe/Brussels", anchor, Unit.WEEK, 1, (who,), windows=hours)
            for who, hours in (("office", week), ("night", nights), ("weekend", weekend))
        ),
    )


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-03-04T12:00+01:00", "office"),
        ("2026-03-04T17:00+01:00", "night"),
        ("2026-03-05T08:59+01:00", "night"),
        ("2026-03-06T17:00+01:00", "weekend"),
        ("2026-03-09T08:59+01:00", "weekend"),
        ("2026-03-09T09:00+01:00", "office"),
    ],
)
def test_the_weekday_of_the_start_decides_a_window_over_midnight(when: str, who: str) -> None:
    assert on_duty(office_and_night(), at(when)).officers == (who,)


def test_windows_that_meet_leave_no_gap_in_the_weeks_when_the_clock_changes() -> None:
    for since in ("2026-03-26T00:00+01:00", "2026-10-22T00:00+02:00"):
        assert gaps(office_and_night(), at(since), at(since) + timedelta(days=14)) == ()


def test_a_window_begins_at_the_first_and_ends_at_the_last_of_a_repeated_hour() -> None:
    window = Window(6, time(2, 30), time(2, 45))
    (only,) = window.between(at("2026-10-25T00:00+02:00"), at("2026-10-25T12:00+01:00"), "Europe/Brussels")
    assert only == (at("2026-10-25T02:30+02:00"), at("2026-10-25T02:45+01:00"))


def duo() -> Rotation:
    return Rotation("UTC", at("2026-03-02T00:00"), Unit.DAY, 1, ("a", "b"))


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 0, tzinfo=UTC)


def test_precedence_is_roster_then_override_then_rotation_then_default() -> None:
    rota = Rota(
        "desk",
        "UTC",
        (duo(),),
        default="boss",
        overrides=(
            Override("1", Change.REPLACE, "x", Period(day(3), day(4))),
            Override("2", Change.ADD, "y", Period(day(3), day(5))),
            Override("3", Change.REMOVE, "a", Period(day(6), day(7))),
            Override("4", Change.REPLACE, "z", Period(day(9), day(10))),
        ),
        rosters=(Roster("5", Period(day(9), day(11)), (("r", Period(day(9), day(10))),)),),
    )
    seen = {number: on_duty(rota, day(number)).duties for number in range(2, 12)}
    assert seen == {
        2: (("a", Source.ROTATION),),
        3: (("x", Source.OVERRIDE), ("y", Source.OVERRIDE)),
        4: (("a", Source.ROTATION), ("y", Source.OVERRIDE)),
        5: (("b", Source.ROTATION),),
        6: (("boss", Source.DEFAULT),),
        7: (("b", Source.ROTATION),),
        8: (("a", Source.ROTATION),),
        9: (("r", Source.ROSTER),),
        10: (("boss", Source.DEFAULT),),
        11: (("b", Source.ROTATION),),
    }
    assert on_duty(rota, day(1) - timedelta(days=9)).officers == ("boss",)


def test_two_overrides_of_one_person_that_overlap_are_refused() -> None:
    one = Override("1", Change.ADD, "x", Period(day(3), day(5)))
    other = Override("2", Change.REMOVE, "x", Period(day(4), day(6)))
    with pytest.raises(RotaError, match="E-ROTA-OVERLAP"):
        Rota("desk", "UTC", (duo(),), overrides=(one, other))


def test_an_absent_officer_is_not_on_duty_and_nobody_is_a_gap() -> None:
    rota = Rota("desk", "UTC", (duo(),), absences=(Absence("1", "a", Period(day(4), day(7))),))
    assert on_duty(rota, day(4)).officers == ()
    assert gaps(rota, day(2), day(9)) == (Period(day(4), day(5)), Period(day(6), day(7)))


def test_a_swap_counts_once_both_have_agreed() -> None:
    swap = Swap("1", "a", "b", Period(day(2), day(3)), Period(day(3), day(4)), SwapState.OFFERED, day(1))
    assert on_duty(Rota("desk", "UTC", (duo(),), swaps=(swap,)), day(2)).officers == ("a",)
    agreed = Swap("1", "a", "b", Period(day(2), day(3)), Period(day(3), day(4)), SwapState.ACCEPTED, day(1), day(2))
    rota = Rota("desk", "UTC", (duo(),), swaps=(agreed,))
    assert [on_duty(rota, day(number)).duties[0] for number in (2, 3, 4)] == [
        ("b", Source.SWAP),
        ("a", Source.SWAP),
        ("a", Source.ROTATION),
    ]


def test_neighbours_are_who_comes_next_and_who_was_before() -> None:
    rota = Rota("desk", "UTC", (Rotation("UTC", at("2026-03-02T00:00"), Unit.DAY, 1, ("a", "b", "c")),))
    assert (neighbour(rota, day(3), 1), neighbour(rota, day(3), -1)) == (("c",), ("a",))


def test_fairness_counts_night_weekend_and_holiday_hours() -> None:
    rota = Rota(
        "desk",
        "UTC",
        (duo(),),
        holidays=(Holiday(date(2026, 3, 4), "Day of Data"), Holiday(date(2026, 3, 5), "Unsure", confirmed=False)),
    )
    loads = {load.officer: load for load in fairness(rota, day(2), day(9))}
    hours = {who: (load.total, load.night, load.weekend, load.holiday) for who, load in loads.items()}
    h = lambda number: timedelta(hours=number)  # noqa: E731
    assert hours == {"a": (h(96), h(32), h(24), h(24)), "b": (h(72), h(24), h(24), h(0))}


def test_shifts_are_cut_to_the_period_and_name_their_source() -> None:
    found = shifts(Rota("desk", "UTC", (duo(),)), day(2) + timedelta(hours=6), day(4))
    assert [(each.officer, each.since, each.until) for each in found] == [
        ("a", day(2) + timedelta(hours=6), day(3)),
        ("b", day(3), day(4)),
    ]


def test_a_rota_comes_back_from_its_plain_data_as_it_was() -> None:
    rota = Rota(
        "desk",
        "Europe/Brussels",
        (*duo().with_officers(("x",), day(5)), *office_and_night().rotations),
        default="boss",
        overrides=(Override("1", Change.REPLACE, "x", Period(day(3), day(4)), "a"),),
        absences=(Absence("1", "a", Period(day(4), day(7))),),
        rosters=(Roster("5", Period(day(9), day(11)), (("r", Period(day(9), day(10))),)),),
        swaps=(Swap("1", "a", "b", Period(day(2), day(3)), None, SwapState.DECLINED, day(1)),),
        holidays=(Holiday(date(2026, 5, 1), "Day of Work"),),
    )
    assert Rota.from_plain(rota.to_plain()) == rota


@pytest.mark.parametrize("broken", [{}, {"zone": "Mars/Olympus"}, {"rotations": [{}]}, {"night": 3}])
def test_a_rota_that_cannot_be_computed_with_is_refused(broken: dict[str, object]) -> None:
    plain = Rota("desk", "UTC", (duo(),)).to_plain()
    with pytest.raises(RotaError):
        Rota.from_plain({**plain, **broken} if broken else {})


def test_who_is_on_duty_holds_until_a_window_of_next_month_opens_for_another() -> None:
    always = Rotation("UTC", at("2001-01-01T00:00"), Unit.WEEK, 3, ("a",))
    mondays = Rotation("UTC", at("2001-01-01T00:00"), Unit.MONTH, 1, ("a", "b"), windows=(Window(0, time(0), time(0)),))
    rota = Rota("desk", "UTC", (always, mondays))
    assert on_duty(rota, at("2001-01-06T00:00+00:00")).until == at("2001-02-05T00:00+00:00")


def test_the_next_on_duty_is_somebody_who_is_not_on_duty_now() -> None:
    always = Rotation("UTC", at("2026-03-02T00:00"), Unit.WEEK, 1, ("a",))
    days = Rotation("UTC", at("2026-03-02T00:00"), Unit.DAY, 1, ("b", "a", "c"))
    rota = Rota("desk", "UTC", (always, days))
    assert on_duty(rota, day(2)).officers == ("a", "b")
    assert (neighbour(rota, day(2), 1), neighbour(rota, day(4), -1)) == (("c",), ("b",))


def test_two_overrides_that_replace_the_same_officer_at_one_time_are_refused() -> None:
    one = Override("1", Change.REPLACE, "x", Period(day(3), day(5)), "a")
    other = Override("2", Change.REPLACE, "y", Period(day(4), day(6)), "a")
    with pytest.raises(RotaError, match="E-ROTA-OVERLAP"):
        Rota("desk", "UTC", (duo(),), overrides=(one, other))
