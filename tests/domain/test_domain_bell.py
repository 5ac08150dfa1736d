"""When a second bell rings: on every beat while something waits, when the node says nothing, when the link breaks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contactpoint.domain.bell import BellState, Counts, Why, breaks, hear, look, part, read_counts
from contactpoint.domain.errors import DomainError

START = datetime(2027, 3, 4, 3, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_it_rings_on_every_beat_while_something_waits_and_not_on_one_more() -> None:
    state = BellState(START)
    for beat in range(4):
        state, why = hear(state, Counts(unacknowledged=1, oldest=beat * 5), at(beat * 5))
        assert why == (Why.WAITING,)
    assert hear(state, Counts(), at(20))[1] == ()


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        (Counts(unacknowledged=2), Why.WAITING),
        (Counts(overdue=1), Why.OVERDUE),
        (Counts(answers=1), Why.ANSWERS),
        (Counts(bells=1), Why.BELLS),
    ],
)
def test_each_of_the_four_things_rings(counts: Counts, why: Why) -> None:
    assert hear(BellState(START), counts, at(1))[1] == (why,)


def test_a_silent_node_rings_at_fifteen_seconds_and_not_a_moment_earlier_and_again_every_five() -> None:
    state, _ = hear(BellState(START), Counts(), at(0))
    assert look(state, at(14.9)) == (state, ())
    state, why = look(state, at(15))
    assert why == (Why.SILENT,)
    assert look(state, at(19.9))[1] == ()
    state, why = look(state, at(20))
    assert why == (Why.SILENT,)
    state, why = hear(state, Counts(), at(21))
    assert why == ()
    assert look(state, at(30))[1] == ()


def test_a_broken_link_rings_at_once_and_the_next_failed_try_does_not_ring_beside_the_clock() -> None:
    state, why = breaks(BellState(START), at(1))
    assert why == (Why.LINK,)
    assert breaks(state, at(2))[1] == ()
    assert look(state, at(5.9))[1] == ()
    assert look(state, at(6))[1] == (Why.LINK,)


def test_a_planned_restart_rings_only_when_the_node_stays_away() -> None:
    state, _ = hear(BellState(START), Counts(), at(0))
    state = part(state)
    state, why = breaks(state, at(2))  # nobody answers while it starts again
    assert why == ()
    assert look(state, at(14))[1] == ()
    assert look(state, at(15))[1] == (Why.SILENT,)
    back, _ = hear(state, Counts(), at(9))
    assert breaks(back, at(10))[1] == (Why.LINK,)  # the goodbye counts once


def test_a_node_that_never_answered_is_missed_too() -> None:
    assert look(BellState(START), at(15))[1] == (Why.SILENT,)


@pytest.mark.parametrize("wrong", [None, "0", -1, True, 1.5])
def test_a_beat_that_is_no_beat_is_refused_and_not_read_as_quiet(wrong: Any) -> None:
    whole: dict[str, Any] = {"unacknowledged": 0, "oldest": 0, "overdue": 0, "answers": 0, "bells": 0, "watching": True}
    assert read_counts(whole) == Counts()
    with pytest.raises(DomainError):
        read_counts({**whole, "overdue": wrong})
