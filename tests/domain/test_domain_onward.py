"""Packages that are handed on: where their origin lets them go, and with labels that never get weaker."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.errors import MoveError
from contactpoint.domain.labels import (
    NO_ONWARD,
    ONWARD,
    RETAIN,
    SECRET_UNTIL,
    UNREADABLE,
    Label,
    covers,
    lets_onward,
    strictest,
)
from contactpoint.domain.onward import (
    Consent,
    Package,
    hand_on,
    joined,
    package_problems,
    passage,
    read_packages,
)

NOW = datetime(2027, 3, 4, 12, tzinfo=UTC)
STATES = ("XA", "XB", "XC", "XD")
label = st.one_of(
    st.sampled_from(["HC-PURPOSE", "HC-REPORT", "HC-MINOR", "HC-TLP-RED", "HC-TLP-GREEN", NO_ONWARD]).map(Label),
    st.builds(Label, st.just(ONWARD), states=st.sets(st.sampled_from(STATES), min_size=1).map(sorted).map(tuple)),
    st.builds(Label, st.sampled_from([RETAIN, SECRET_UNTIL]), until=st.dates(date(2027, 3, 4), date(2027, 12, 31))),
)
sets = st.lists(label, max_size=5).map(strictest)
GIVEN = Package("XB", "letter", "d1", "SPONT", {"content": "what XB gave"}, (), proved=True)


@given(sets, st.lists(st.tuples(st.sampled_from(STATES[2:]), st.booleans(), sets), max_size=5))
def test_labels_never_get_weaker_by_any_chain_of_handing_on(labels: tuple[Label, ...], hops: list[object]) -> None:
    package = first = replace(GIVEN, labels=labels)
    for state, asked, more in hops:  # type: ignore[misc]
        consent = Consent("XB", frozenset({"d1"}), state, None, more)
        before = package
        try:
            package = hand_on(package, state, [consent] if asked else [], NOW)
        except MoveError:
            continue
        (package,) = read_packages([package.spelled()])  # as the next State reads it
        assert package.labels == strictest(before.labels, more if asked else ())
        assert covers(package.labels, before.labels)
        assert {each.code for each in before.labels if not each.binds} <= {each.code for each in package.labels}
        assert (package.origin, package.digest, package.content) == (first.origin, first.digest, first.content)
    assert covers(package.labels, first.labels)


@given(sets, sets, st.sampled_from(STATES[2:]))
def test_a_copy_from_other_hands_permits_nothing_that_its_origin_did_not(
    own: tuple[Label, ...], said: tuple[Label, ...], state: str
) -> None:
    original, copy = replace(GIVEN, labels=own), replace(GIVEN, labels=said, proved=False)
    for both in (joined(original, copy), joined(copy, original)):
        assert covers(both.labels, own)
        assert both.proved
        assert not lets_onward(both.labels, state) or lets_onward(own, state)
    with pytest.raises(MoveError):
        hand_on(copy, state, (), NOW)


def test_a_consent_covers_its_package_its_state_and_its_last_day_and_nothing_else() -> None:
    consent = Consent("XB", frozenset({"d1"}), "XC", date(2027, 3, 4), (Label("HC-REPORT"),))
    assert hand_on(GIVEN, "XC", [consent], NOW).labels == (Label("HC-REPORT"),)
    assert hand_on(GIVEN, "XC", [consent], NOW.replace(hour=23, minute=59)).labels
    for package, state, at in (
        (replace(GIVEN, digest="d2"), "XC", NOW),
        (replace(GIVEN, origin="XD"), "XC", NOW),
        (GIVEN, "XD", NOW),
        (GIVEN, "XC", NOW.replace(day=5, hour=0)),
    ):
        with pytest.raises(MoveError) as refused:
            hand_on(package, state, [consent], at)
        assert refused.value.code == "E-ONWARD"


def test_a_consent_lifts_not_to_be_passed_on_for_this_state_and_the_next_one_still_reads_it() -> None:
    closed = replace(GIVEN, labels=(Label(NO_ONWARD),))
    passed = hand_on(closed, "XC", [Consent("XB", frozenset({"d1"}), "XC", None, ())], NOW)
    assert passed.labels == (Label(NO_ONWARD),)


def test_a_package_whose_labels_cannot_be_read_lets_nothing_pass() -> None:
    for row in ({"origin": "XB", "letter": "l", "digest": "d"}, {"labels": "as you like"}):
        (package,) = read_packages([row])
        assert package.labels[0].code == UNREADABLE
        assert not lets_onward(package.labels, "XC")


def test_a_package_is_named_by_its_letter_and_by_nothing_that_is_not_asked() -> None:
    assert list(package_problems(["one", {"case": "c", "letter": "l", "digest": "d"}])) == []
    assert [place for place, _ in package_problems([7, {"case": "c"}, {"letter": "l", "lable": []}])] == [
        "[0]",
        "[1]",
        "[2]",
    ]
    assert [place for place, _ in package_problems("one")] == [""]


def test_seventy_nine_characters_are_written_twice_and_eighty_were_copied() -> None:
    text = "".join(chr(97 + number * 7 % 26) for number in range(80))
    assert passage([f"so: {text}"], [f"{text} it was"], ()) == text
    assert passage([text[:79]], [text], ()) == ""
    assert passage([text], [text], [text]) == ""
