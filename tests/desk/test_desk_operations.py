"""Which cases stand in an operation: decided by who wrote to whom, never by who knows its id."""

from dataclasses import replace

import pytest

from contactpoint.casework.cases import thread_of
from contactpoint.desk.operations import Link, belongs
from tests.wire.letter_examples import STATEMENT


def link(case: str, initiator: str, addressee: str, parent: str = "") -> Link:
    return Link(case, initiator, addressee, frozenset((f"r-{case}",)), parent)


OWN = link("1", "QM", "QN")


def test_what_this_state_began_stands_in_it() -> None:
    assert belongs([OWN, link("2", "QM", "QO")], "QM") == [True, True]


@pytest.mark.parametrize("early", [True, False])
def test_a_stranger_who_has_learnt_the_id_stays_outside_however_early(early: bool) -> None:
    strange = link("9", "XC", "QM")
    links = [strange, OWN] if early else [OWN, strange]
    assert [each.case for each, stands in zip(links, belongs(links, "QM"), strict=True) if stands] == ["1"]


def test_a_state_that_was_written_to_may_add_a_case_of_its_own() -> None:
    assert belongs([OWN, link("2", "QN", "QM")], "QM") == [True, True]


def test_the_case_that_led_to_another_state_stands_in_it() -> None:
    origin = link("1", "XA", "QM")
    assert belongs([origin, link("2", "QM", "XB", parent="r-1")], "QM") == [True, True]
    assert belongs([origin, link("2", "QM", "XB")], "QM") == [False, True], "no link, no place"


def test_where_this_state_began_nothing_the_first_letter_and_its_list_give_places() -> None:
    links = [link("1", "QM", "QN"), link("2", "QO", "QN")]
    assert belongs(links, "QN") == [True, False]
    assert belongs(links, "QN", ("QM", "QN", "QO")) == [True, True]


def test_only_the_opening_letter_puts_a_case_into_an_operation_and_only_by_an_id() -> None:
    """Attack: a later letter of a case that stands alone names an operation; a text that no column takes."""
    thread = "0199a000-0000-7000-8000-00000000f001"
    opening = replace(STATEMENT, id=STATEMENT.case, thread=thread)
    assert thread_of(opening) == thread
    assert thread_of(replace(opening, id="0199a000-0000-7000-8000-00000000f002")) == ""
    for wrong in ("T-1", "0" * 36, "x" * 64, None):
        assert thread_of(replace(opening, thread=wrong)) == ""


def test_no_case_is_no_operation() -> None:
    assert belongs([], "QM") == []
