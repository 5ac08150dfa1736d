"""The second bell: when it rings, and why. It knows numbers and the time since it last heard from the node, nothing else.

It rings on every beat while something waits; when the node has said nothing for a while or its link broke, it rings on its own clock
until the node is heard again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contactpoint.domain.errors import DomainError

SILENT_AFTER = timedelta(seconds=15)
AGAIN_AFTER = timedelta(seconds=5)


class Why(StrEnum):
    """What a bell rings for, the gravest first."""

    LINK = "link-broken"
    SILENT = "node-silent"
    WAITING = "unacknowledged"
    OVERDUE = "overdue"
    ANSWERS = "answer-unread"
    BELLS = "bell-gone"

    @property
    def text(self) -> str:
        """One sentence without content, for a screen and a log."""
        return _TEXTS[self]


_TEXTS = {
    Why.LINK: "the link to the node is broken",
    Why.SILENT: "the node is silent",
    Why.WAITING: "a request waits that nobody has taken",
    Why.OVERDUE: "an own request is overdue",
    Why.ANSWERS: "an answer waits that nobody has read",
    Why.BELLS: "another bell has fallen silent",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What a beat says. ``oldest``: seconds for which the first request has waited."""

    unacknowledged: int = 0
    oldest: int = 0
    overdue: int = 0
    answers: int = 0
    bells: int = 0

    @property
    def reasons(self) -> tuple[Why, ...]:
        told = (
            (Why.WAITING, self.unacknowledged),
            (Why.OVERDUE, self.overdue),
            (Why.ANSWERS, self.answers),
            (Why.BELLS, self.bells),
        )
        return tuple(why for why, count in told if count)


def read_counts(told: Mapping[str, Any]) -> Counts:
    """The numbers of one beat. Raises DomainError (E-FIELD-INVALID): a bell that reads nonsense as silence would never ring."""
    numbers = {each.name: told.get(each.name) for each in fields(Counts)}
    if any(not isinstance(number, int) or isinstance(number, bool) or number < 0 for number in numbers.values()):
        raise DomainError("E-FIELD-INVALID", field="beat")
    return Counts(**numbers)  # type: ignore[arg-type]  # each was looked at


@dataclass(frozen=True, slots=True)
class BellState:
    """What the bell knows. ``heard_at``: the last event, or when it began to wait for one; ``rung_at``: for a node that is lost.
    ``parted``: it said goodbye, and is missed only when it stays away."""

    heard_at: datetime
    counts: Counts = Counts()
    lost: Why | None = None
    rung_at: datetime | None = None
    parted: bool = False


def hear(state: BellState, counts: Counts, now: datetime) -> tuple[BellState, tuple[Why, ...]]:
    """A beat: the node lives, and the bell rings again for all that waits."""
    return BellState(now, counts), counts.reasons


def part(state: BellState) -> BellState:
    """The node said goodbye: a planned restart, which has its fifteen seconds from the last beat on."""
    return replace(state, parted=True)


def breaks(state: BellState, now: datetime) -> tuple[BellState, tuple[Why, ...]]:
    """The link ended without a goodbye: the bell rings at once. A broken link that cannot be mended rings on by itself."""
    if state.lost is not None or state.parted:
        return state, ()
    return replace(state, lost=Why.LINK, rung_at=now), (Why.LINK,)


def look(state: BellState, now: datetime) -> tuple[BellState, tuple[Why, ...]]:
    """Time has passed: a node that says nothing rings after 15 seconds, and what is lost rings again every five."""
    if state.lost is None:
        if now - state.heard_at < SILENT_AFTER:
            return state, ()
        return replace(state, lost=Why.SILENT, rung_at=now), (Why.SILENT,)
    if state.rung_at is not None and now - state.rung_at < AGAIN_AFTER:
        return state, ()
    return replace(state, rung_at=now), (state.lost,)
