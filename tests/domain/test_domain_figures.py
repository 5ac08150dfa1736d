"""Figures count what both sides attest."""

from datetime import UTC, datetime, timedelta

from contactpoint.domain.figures import HEAD, Measured, Reached, figures, table
from contactpoint.domain.values import Level, Urgency

T0 = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)
YEAR = (datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def after(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def measured(number: int = 1, **changes: object) -> Measured:
    values: dict[str, object] = {
        "request": f"r{number}",
        "asking": "XA",
        "asked": "XB",
        "kind": "PRES-NEW",
        "urgency": Urgency.U1,
        "lowered_to": None,
        "began": T0,
        "reached": (Reached(Level.ACKNOWLEDGED, after(10), after(10)),),
        "due": {Level.ACKNOWLEDGED: after(30)},
        "status": "EXECUTED",
        **changes,
    }
    return Measured(**values)  # type: ignore[arg-type]


def acknowledged(claimed: float, witnessed: float | None) -> tuple[Reached, ...]:
    return (Reached(Level.ACKNOWLEDGED, after(claimed), None if witnessed is None else after(witnessed)),)


def test_the_middle_and_the_slow_end_are_counted_for_each_state_type_and_class():
    many = [measured(number, reached=acknowledged(number, number)) for number in range(1, 11)]
    other = measured(11, asking="XB", asked="XA", urgency=Urgency.U2)
    counted = figures([other, *reversed(many)], *YEAR)
    first, second = counted.rows
    assert (first.asking, first.asked, first.kind, first.urgency, first.requests) == ("XA", "XB", "PRES-NEW", "U1", 10)
    times = first.times["acknowledged"]
    assert (times.count, times.median_s, times.slow_s, times.in_time) == (10, 330, 540, 10)
    assert (second.asking, second.urgency, second.requests) == ("XB", "U2", 1)


def test_a_back_dated_acknowledgement_counts_when_the_other_state_attests_it_and_is_listed():
    counted = figures([measured(reached=acknowledged(1, 45))], *YEAR)
    assert counted.rows[0].times["acknowledged"].median_s == 45 * 60
    assert counted.rows[0].times["acknowledged"].in_time == 0
    (apart,) = counted.disagreements
    assert (apart.request, apart.level, apart.claimed, apart.witnessed) == ("r1", "acknowledged", after(1), after(45))


def test_an_acknowledgement_before_the_request_arrived_is_listed():
    counted = figures([measured(reached=acknowledged(-6, -6))], *YEAR)
    assert [each.witnessed for each in counted.disagreements] == [T0]


def test_two_honest_clocks_may_differ_by_five_minutes_and_no_more():
    assert figures([measured(reached=acknowledged(10, 15))], *YEAR).disagreements == ()
    assert len(figures([measured(reached=acknowledged(10, 15.1))], *YEAR).disagreements) == 1


def test_what_nobody_attests_yet_counts_as_claimed_and_is_not_called_a_disagreement():
    counted = figures([measured(reached=acknowledged(10, None))], *YEAR)
    assert counted.rows[0].times["acknowledged"].median_s == 600
    assert counted.disagreements == ()


def test_a_year_begins_and_ends_with_its_own_requests():
    early, late = measured(1, began=YEAR[0] - timedelta(milliseconds=1)), measured(2, began=YEAR[1])
    first = measured(3, began=YEAR[0])
    assert figures([early, late, first], *YEAR).requests == 1


def test_refusals_are_counted_by_ground_and_overrides_apart():
    refused = [measured(n, status="REFUSED", ground="RG-22") for n in (1, 2)]
    opened = measured(3, status="REFUSED", ground="RG-36", overridden=True)
    counted = figures([*refused, opened, measured(4)], *YEAR)
    assert [(each.what, each.number) for each in counted.refusals] == [("RG-22", 2), ("RG-36", 1)]
    assert counted.overridden == 1
    assert [(each.what, each.number) for each in counted.outcomes] == [("EXECUTED", 1), ("REFUSED", 3)]


def test_the_rate_of_lowered_emergencies_is_reported():
    many = [measured(n, urgency=Urgency.U0, lowered_to=Urgency.U2 if n < 3 else None) for n in range(5)]
    counted = figures(many, *YEAR)
    first = counted.classes[0]
    assert (first.urgency, first.asked, first.lowered) == ("U0", 5, 3)


def test_the_export_holds_no_person_and_no_case():
    rows = table(figures([measured(reached=acknowledged(1, 45), ground="RG-22", status="REFUSED")], *YEAR))
    assert all(len(row) == len(HEAD) for row in rows)
    assert all(not isinstance(cell, datetime) and "r1" not in cell for row in rows for cell in row)
    assert ("disagreement", "", "", "", "", "times", "1", "", "", "") in rows
