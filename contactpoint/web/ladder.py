"""A request's facts as the rungs of a ladder: each level with its proof, its twin, its deadline, on the side that signed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contactpoint.desk.views import Deadline, Fact, RequestView
from contactpoint.web.labels import LEVELS, ROW_OF_TWIN


@dataclass(frozen=True, slots=True)
class Rung:
    """One level. ``reached``: at least one proof stands. ``missed``: a signed twin stands. ``next``: it is awaited now.
    ``passed``: a higher level is proved, this one's own proof stands at the other end.

    ``called`` are the notices of who was being called when this level was awaited.
    """

    level: str
    proofs: tuple[Fact, ...]
    twins: tuple[Fact, ...]
    called: tuple[Fact, ...]
    deadline: Deadline | None
    next: bool
    passed: bool

    @property
    def reached(self) -> bool:
        return bool(self.proofs)

    @property
    def missed(self) -> bool:
        return bool(self.twins)


def rungs(request: RequestView) -> tuple[Rung, ...]:
    """The ladder of one request, lowest rung first; unknown levels are shown with the last rung, never dropped."""
    every = rungs_of(request.facts, request.deadlines)
    # What rings nobody waits for nobody: its ladder ends with received, but for what was said all the same.
    return every if not request.quiet else tuple(each for each in every if each.level not in _OF_PEOPLE or each.reached)


def rungs_of(facts: Sequence[Fact], deadlines: Sequence[Deadline]) -> tuple[Rung, ...]:
    """The same from bare facts."""
    by_level: dict[str, list[Fact]] = {level: [] for level in LEVELS}
    twins: dict[str, list[Fact]] = {level: [] for level in LEVELS}
    called: list[Fact] = []
    for fact in sorted(facts, key=lambda each: each.at):
        if fact.level in by_level:
            by_level[fact.level].append(fact)
        elif fact.level in ROW_OF_TWIN:
            twins[ROW_OF_TWIN[fact.level]].append(fact)
        else:
            called.append(fact)
    due = {_LEVEL_OF_DEADLINE.get(each.level, each.level): each for each in deadlines}
    order = tuple(LEVELS)
    # A level below the highest one reached is no longer awaited: not every proof stands at both ends.
    highest = max((order.index(level) for level in order if by_level[level]), default=-1)
    awaited = order[highest + 1] if highest + 1 < len(order) else None
    return tuple(
        Rung(
            level,
            tuple(by_level[level]),
            tuple(twins[level]),
            tuple(called) if level == "acknowledged" else (),
            due.get(level),
            level == awaited,
            order.index(level) < highest and not by_level[level],
        )
        for level in LEVELS
    )


_OF_PEOPLE = ("opened", "acknowledged", "answered")
_LEVEL_OF_DEADLINE = {"decision": "answered", "unreachable": "held"}
