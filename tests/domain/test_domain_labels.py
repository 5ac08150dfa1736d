"""Labels of handling: read, checked, put together, and never weaker for it."""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.labels import (
    NO_ONWARD,
    ONWARD,
    RETAIN,
    SECRET_UNTIL,
    UNREADABLE,
    Label,
    binding,
    covers,
    expired,
    label_problems,
    labels_of,
    lets_onward,
    read_labels,
    spell_labels,
    strictest,
)

CODES = ("HC-PURPOSE", "HC-INTEL-ONLY", "HC-NO-USER-NOTICE", "HC-REPORT", "HC-MINOR", "HC-VICTIM", "HC-NO-TORTURE")
COLOURS = ("HC-TLP-RED", "HC-TLP-AMBER", "HC-TLP-GREEN", "HC-TLP-CLEAR", "HC-PAP-RED", "HC-PAP-GREEN")
OPEN = (*CODES, NO_ONWARD, ONWARD, RETAIN, SECRET_UNTIL)

texts = st.sampled_from(["", "trial of case 12", "only the hospital", "a\nb"])
days = st.dates(date(2027, 1, 1), date(2027, 12, 31))
states = st.lists(st.sampled_from(["XB", "XC", "XD", "XE"]), min_size=1, unique=True).map(sorted).map(tuple)
label = st.one_of(
    st.builds(Label, st.sampled_from(CODES + COLOURS), text=texts),
    st.builds(Label, st.sampled_from([RETAIN, SECRET_UNTIL]), until=days, text=texts),
    st.builds(Label, st.just(ONWARD), states=states, text=texts),
    st.builds(Label, st.just(NO_ONWARD), text=texts),
)
sets = st.lists(label, max_size=6).map(strictest)


def codes(problems: object) -> list[tuple[str, str]]:
    return [(problem.place, problem.code) for problem in problems]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "written",
    [
        {"code": "HC-SECRET-UNTIL", "until": "2027-05-01"},
        [{"code": "HC-SECRET-UNTIL", "until": "2027-05-01"}],
        "HC-SECRET-UNTIL(2027-05-01)",
        ["HC-SECRET-UNTIL(2027-05-01)"],
    ],
)
def test_one_map_a_list_and_the_terse_spelling_say_the_same(written: object) -> None:
    assert read_labels(written) == (Label(SECRET_UNTIL, date(2027, 5, 1)),)  # type: ignore[arg-type]
    assert codes(label_problems(written, OPEN)) == []  # type: ignore[arg-type]


def test_a_list_of_bare_codes_and_one_map_with_a_colour_are_read() -> None:
    assert read_labels(["HC-MINOR", "HC-PURPOSE"]) == (Label("HC-MINOR"), Label("HC-PURPOSE"))
    assert read_labels({"code": "HC-TLP-AMBER"}) == (Label("HC-TLP-AMBER"),)


def test_every_problem_of_a_label_is_named_by_its_place() -> None:
    written = [
        "HC-RETAIN",
        {"code": "HC-ONWARD"},
        {"code": "HC-PURPOSE", "until": "2027-05-01"},
        {"code": "HC-RETAIN", "until": "next May"},
        {"code": "HC-ONWARD", "states": ["Atlantis"]},
        "HC-TLP-RED",
        7,
    ]
    assert codes(label_problems(written, OPEN)) == [  # type: ignore[arg-type]
        ("[0].until", "E-FIELD-MISSING"),
        ("[1].states", "E-FIELD-MISSING"),
        ("[2].until", "E-UNKNOWN-FIELD"),
        ("[3].until", "E-FIELD-INVALID"),
        ("[4].states", "E-FIELD-INVALID"),
        ("[5]", "E-FIELD-INVALID"),
        ("[6]", "E-FIELD-INVALID"),
    ]


def test_a_traffic_light_is_open_only_where_the_type_opens_it() -> None:
    assert codes(label_problems(["HC-TLP-AMBER"], OPEN)) == [("[0]", "E-FIELD-INVALID")]
    assert codes(label_problems(["HC-TLP-AMBER"], (*OPEN, "HC-TLP-AMBER"))) == []


def test_passing_to_nobody_and_to_some_cannot_both_be_written() -> None:
    assert codes(label_problems(["HC-NO-ONWARD", "HC-ONWARD(XB)"], OPEN)) == [("", "E-FIELD-INVALID")]


def test_what_cannot_be_read_binds_and_lets_nothing_pass() -> None:
    for broken in ("do as you like", 7, {"code": 3}, {"states": ["XB"]}, ["HC-ONWARD(Atlantis)"], ["HC-ONWARD()"]):
        labels = read_labels(broken)  # type: ignore[arg-type]
        assert binding(labels) == labels
        assert labels
        assert not lets_onward((*labels, Label(ONWARD, states=("XB",))), "XB")
    assert read_labels("do as you like")[0].code == UNREADABLE


def test_secrecy_without_its_date_has_no_end_and_erasure_takes_the_earliest_day() -> None:
    dated = Label(SECRET_UNTIL, date(2027, 5, 1))
    assert strictest([Label(SECRET_UNTIL)], [dated]) == (Label(SECRET_UNTIL),)
    assert strictest([Label(SECRET_UNTIL, date(2027, 6, 1))], [dated]) == (Label(SECRET_UNTIL, date(2027, 6, 1)),)
    assert strictest([Label(RETAIN, date(2027, 6, 1))], [Label(RETAIN, date(2027, 5, 1))])[0].until == date(2027, 5, 1)


def test_only_the_named_states_and_silence_names_nobody() -> None:
    only = (Label(ONWARD, states=("XB", "XC")),)
    assert lets_onward(only, "XB")
    assert lets_onward(only, "XB-T1")
    assert not lets_onward(only, "XD")
    assert not lets_onward((), "XB")
    assert not lets_onward((Label("HC-PURPOSE"),), "XB")
    assert not lets_onward((*only, Label("HC-TLP-RED")), "XB")
    assert lets_onward((Label("HC-TLP-CLEAR"),), "XB")
    assert strictest(only, [Label(ONWARD, states=("XD",))]) == (Label(NO_ONWARD),)


def test_the_last_day_is_over_only_when_it_is_over() -> None:
    kept = (Label(RETAIN, date(2027, 5, 1)), Label("HC-PURPOSE"))
    assert expired(kept, datetime(2027, 5, 1, 23, 59, tzinfo=UTC)) == ()
    assert expired(kept, datetime(2027, 5, 2, tzinfo=UTC)) == kept[:1]


def test_a_body_s_labels_are_those_of_all_its_fields() -> None:
    body = {"handling": ["HC-MINOR"], "conditions": {"code": "HC-PURPOSE", "text": "trial"}, "result": "x"}
    assert labels_of(body) == (Label("HC-MINOR"), Label("HC-PURPOSE", text="trial"))  # type: ignore[arg-type]


def test_a_marker_asks_nothing_and_everything_else_does() -> None:
    assert binding(read_labels(["HC-MINOR", "HC-VICTIM", "HC-SPECIAL", "HC-REPORT"])) == (Label("HC-REPORT"),)
    assert covers((), read_labels(["HC-MINOR"]))
    assert not covers((), read_labels(["HC-REPORT"]))


@given(sets)
def test_what_is_spelled_is_read_again(labels: tuple[Label, ...]) -> None:
    assert read_labels(spell_labels(labels)) == labels


@given(st.lists(sets, min_size=1, max_size=3))
def test_order_and_grouping_do_not_matter_and_putting_twice_adds_nothing(each: list[tuple[Label, ...]]) -> None:
    whole = strictest(*each)
    for turn in permutations(each):
        step: tuple[Label, ...] = ()
        for labels in turn:
            step = strictest(step, labels)
        assert step == whole
    assert strictest(whole, *each) == whole


@given(sets, sets)
def test_together_they_ask_at_least_what_each_asks(one: tuple[Label, ...], other: tuple[Label, ...]) -> None:
    both = strictest(one, other)
    assert covers(both, one)
    assert covers(both, other)
    assert {label.code for label in (*one, *other) if not label.binds} <= {label.code for label in both}
    for state in ("XB", "XC", "XD"):
        if lets_onward(both, state):
            assert lets_onward(one, state) or lets_onward(other, state)


@given(sets, sets, sets)
def test_who_accepted_more_accepted_less(a: tuple[Label, ...], b: tuple[Label, ...], c: tuple[Label, ...]) -> None:
    if covers(a, b) and covers(b, c):
        assert covers(a, c)
