"""A request's facts as the rungs of a ladder: each level with its proof, its twin, its deadline, on the side that signed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contactpoint.desk.views import Deadline, Fact, RequestView
from contactpoint.web.labels import LEVELS, ROW_OF_TWIN


@dataclass(frozen=True, slots=True)
class Call:
    """One slip about who is called: which role, in which round (from 1), with which code of the table, if any.

    ``percent``: of a step of the ladder until *answered*, how much of the time for the answer had passed; None where it is not known.
    """

    fact: Fact
    role: str
    cycle: int
    code: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One level. ``reached``: at least one proof stands. ``missed``: a signed twin stands. ``next``: it is awaited now.
    ``passed``: a higher level is proved, this one's own proof stands at the other end.

    ``called`` are the notices of who was being called when this level was awaited; ``steps`` those of the ladder until *answered*.
    """

    level: str
    proofs: tuple[Fact, ...]
    twins: tuple[Fact, ...]
    called: tuple[Fact, ...]
    deadline: Deadline | None
    next: bool
    passed: bool
    steps: tuple[Call, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(call_of(each) for each in self.called)

    @property
    def reached(self) -> bool:
        return bool(self.proofs)

    @property
    def missed(self) -> bool:
        return bool(self.twins)


def rungs(request: RequestView) -> tuple[Rung, ...]:
    """The ladder of one request, lowest rung first; unknown levels are shown with the last rung, never dropped."""
    every = rungs_of(request.facts, request.deadlines, lowered=bool(request.lowered_to))
    # What rings nobody waits for nobody: its ladder ends with received, but for what was said all the same.
    return every if not request.quiet else tuple(each for each in every if each.level not in _OF_PEOPLE or each.reached)


def rungs_of(facts: Sequence[Fact], deadlines: Sequence[Deadline], *, lowered: bool = False) -> tuple[Rung, ...]:
    """The same from bare facts. ``lowered``: the time for the answer is no longer the one that the steps until then were reckoned from."""
    by_level: dict[str, list[Fact]] = {level: [] for level in LEVELS}
    twins: dict[str, list[Fact]] = {level: [] for level in LEVELS}
    called: list[Fact] = []
    steps: list[Call] = []
    for fact in sorted(facts, key=lambda each: each.at):
        if fact.level in by_level:
            by_level[fact.level].append(fact)
        elif fact.level in ROW_OF_TWIN:
            twins[ROW_OF_TWIN[fact.level]].append(fact)
        elif fact.level == "rung" and call_of(fact).code == UNTIL_ANSWERED:
            steps.append(call_of(fact))
        else:
            called.append(fact)
    due = {_LEVEL_OF_DEADLINE.get(each.level, each.level): each for each in deadlines}
    held = by_level["held"][0].at if by_level["held"] else None
    answer_by = due["answered"].due if "answered" in due and not lowered else None
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
            tuple(_reckoned(each, held, answer_by) for each in steps) if level == "answered" else (),
        )
        for level in LEVELS
    )


def call_of(fact: Fact) -> Call:
    """Read the note of a slip: role, round and code stand in it as *role, cycle 1, CODE*."""
    if fact.level not in ("rung", "officer-reached"):
        return Call(fact, fact.note, 1, "")
    role, *rest = fact.note.split(", ")
    cycle = next((each.removeprefix("cycle ") for each in rest if each.startswith("cycle ")), "1")
    code = rest[-1] if rest and not rest[-1].startswith("cycle ") else ""
    # A role travels as one short word.
    return Call(fact, role.replace("-", " "), int(cycle) if cycle.isdecimal() else 1, code)


def _reckoned(call: Call, held: datetime | None, answer_by: datetime | None) -> Call:
    if held is None or answer_by is None or answer_by <= held:
        return call
    return replace(call, percent=max(0, (call.fact.at - held) * 100 // (answer_by - held)))


UNTIL_ANSWERED = "W-UNTIL-ANSWERED"
_OF_PEOPLE = ("opened", "acknowledged", "answered")
_LEVEL_OF_DEADLINE = {"decision": "answered", "unreachable": "held"}
