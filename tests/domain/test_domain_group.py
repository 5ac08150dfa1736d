"""Groups: who takes part, which list is the next, and which list is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain import catalogue
from contactpoint.domain.errors import MoveError
from contactpoint.domain.group import (
    Group,
    Member,
    Roster,
    Standing,
    check_roster,
    forms_group,
    list_answer,
    message_answer,
    read_roster,
)
from contactpoint.domain.values import Address

AT = datetime(2027, 3, 20, 9, tzinfo=UTC)
STATES = ("QN", "QO", "XB", "XC")


def member(state: str, standing: Standing, roster: Roster | None = None) -> Member:
    return Member(Address(state), f"case-{state}", f"request-{state}", standing, AT, roster)


def group(*members: Member) -> Group:
    return Group(Address("QM"), "JIT", members)


@given(st.lists(st.sampled_from(Standing), min_size=4, max_size=4))
def test_a_message_reaches_exactly_those_who_take_part(standings: list[Standing]) -> None:
    made = group(*(member(state, standing) for state, standing in zip(STATES, standings, strict=True)))
    takes_part = {s for s, standing in zip(STATES, standings, strict=True) if standing is Standing.ACCEPTED}
    assert {str(each.state) for each in made.told()} == takes_part
    for state in STATES:
        if state in takes_part:
            assert [each.state for each in made.told((state,))] == [state]
        else:
            with pytest.raises(MoveError, match="E-NOT-MEMBER"):
                made.told((state,))


@given(st.lists(st.one_of(st.none(), st.integers(1, 50)), min_size=4, max_size=4))
def test_the_next_list_is_newer_than_every_list_that_anybody_was_given(numbers: list[int | None]) -> None:
    rosters = [None if n is None else Roster(n, ("QM", "QN")) for n in numbers]
    made = group(*(member(s, Standing.LEFT, roster) for s, roster in zip(STATES, rosters, strict=True)))
    following = made.next_list()
    for roster in rosters:
        if roster is not None:
            assert check_roster(following, roster.number) > roster.number


def test_who_has_left_still_counts_for_the_number_and_not_for_the_names() -> None:
    made = group(
        member("QN", Standing.ACCEPTED, Roster(2, ("QM", "QN", "XB"))), member("XB", Standing.LEFT, Roster(7, ("QM",)))
    )
    assert made.next_list() == {"number": 8, "members": ["QM", "QN"]}
    assert made.stale


def test_a_list_is_up_to_date_when_each_holds_the_true_names() -> None:
    names = ("QM", "QN", "XB")
    assert not group(
        member("QN", Standing.ACCEPTED, Roster(1, names)), member("XB", Standing.ACCEPTED, Roster(1, names))
    ).stale
    assert group(member("QN", Standing.ACCEPTED, Roster(1, names)), member("XB", Standing.ACCEPTED)).stale
    assert not group(member("QN", Standing.INVITED)).stale, "there is nobody to tell"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_list_rolled_back_is_no_list(number: int) -> None:
    with pytest.raises(MoveError, match="E-ROSTER-OLD"):
        check_roster({"number": number, "members": ["QM"]}, 2)


@pytest.mark.parametrize("body", [{}, {"number": True, "members": []}, {"number": 3, "members": "QM"}, {"number": "3"}])
def test_a_list_that_is_none_is_refused(body: dict[str, object]) -> None:
    assert read_roster(body) is None
    with pytest.raises(MoveError, match="E-FIELD-INVALID"):
        check_roster(body, 0)


def test_types_form_groups_by_what_their_answers_do() -> None:
    forming = [entry for entry in catalogue.load().entries.values() if forms_group(entry)]
    assert forming
    for entry in forming:
        assert list_answer(entry) is not None
        assert message_answer(entry) is not None
