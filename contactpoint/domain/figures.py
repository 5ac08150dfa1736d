"""Figures of a desk: response times by State, type and class, reconciled from both sides' signatures; refusals by ground; outcomes.

Pure: it counts what it is given. Every time has two witnesses where the protocol gives two: the signature of the State that reached
a level, and the receipt of the other State's gateway for that letter. Where they do not agree the case is listed, and the later time
counts, so that nobody looks faster than the other side can attest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from contactpoint.domain.values import Level, Urgency

TOLERANCE = timedelta(minutes=5)
"""What two honest clocks and a slow line may differ by; more is a disagreement and is listed."""

MEASURES = (Level.RECEIVED, Level.ACKNOWLEDGED, Level.ANSWERED)


@dataclass(frozen=True, slots=True)
class Reached:
    """One level: when its author's signature says it was reached, when the other State's first attests it (None: not attested)."""

    level: Level
    claimed: datetime
    witnessed: datetime | None
    two_sided: bool = True

    @property
    def counted(self) -> datetime:
        """The time that counts."""
        late = self.witnessed is not None and self.witnessed - self.claimed > TOLERANCE
        return self.witnessed if late and self.witnessed is not None else self.claimed


@dataclass(frozen=True, slots=True)
class Measured:
    """One request as the figures see it: no officer, no content. `began` is the common instant from which all terms run."""

    request: str
    asking: str
    asked: str
    kind: str
    urgency: Urgency
    lowered_to: Urgency | None
    began: datetime
    reached: tuple[Reached, ...]
    due: Mapping[Level, datetime]
    status: str
    ground: str = ""
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """How long one level took: seconds at the middle and at the slow end, and how many of `count` came in their time."""

    count: int
    median_s: int
    slow_s: int
    in_time: int


@dataclass(frozen=True, slots=True)
class FigureRow:
    """All requests of one type and class from one State to another. `times` has only levels that some of them reached."""

    asking: str
    asked: str
    kind: str
    urgency: str
    requests: int
    times: Mapping[str, Times]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A time on which the two States' signatures do not agree within the tolerance."""

    request: str
    asking: str
    asked: str
    level: str
    claimed: datetime
    witnessed: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many requests of one type from one State to another ended in one status, or were refused on one ground."""

    asking: str
    asked: str
    kind: str
    what: str
    number: int


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many requests were asked in a class, and how many of them the receiver lowered."""

    urgency: str
    asked: int
    lowered: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a period; `overridden` counts refusals on a ground that a supervisor opened."""

    since: datetime
    until: datetime
    requests: int
    rows: tuple[FigureRow, ...]
    disagreements: tuple[Disagreement, ...]
    outcomes: tuple[Count, ...]
    refusals: tuple[Count, ...]
    overridden: int
    classes: tuple[ClassCount, ...]


def figures(measured: Iterable[Measured], since: datetime, until: datetime) -> Figures:
    """Promise: the figures of the requests that began in [since, until), whatever their order."""
    taken = [each for each in measured if since <= each.began < until]
    groups: dict[tuple[str, str, str, str], list[Measured]] = defaultdict(list)
    for each in taken:
        groups[each.asking, each.asked, each.kind, each.urgency.value].append(each)
    return Figures(
        since=since,
        until=until,
        requests=len(taken),
        rows=tuple(FigureRow(*key, len(group), _times(group)) for key, group in sorted(groups.items())),
        disagreements=tuple(sorted(_disagreements(taken), key=lambda each: (each.request, each.level))),
        outcomes=_count((each.asking, each.asked, each.kind, each.status) for each in taken),
        refusals=_count((each.asking, each.asked, each.kind, each.ground) for each in taken if each.ground),
        overridden=sum(each.overridden for each in taken),
        classes=tuple(_class(urgency, taken) for urgency in Urgency),
    )


def _count(keys: Iterable[tuple[str, str, str, str]]) -> tuple[Count, ...]:
    return tuple(Count(*key, number) for key, number in sorted(Counter(keys).items()))


def _class(urgency: Urgency, taken: Sequence[Measured]) -> ClassCount:
    asked = [each for each in taken if each.urgency is urgency]
    return ClassCount(urgency.value, len(asked), sum(each.lowered_to is not None for each in asked))


def _times(group: Sequence[Measured]) -> Mapping[str, Times]:
    found = {}
    for level in MEASURES:
        spans = [(each, reached) for each in group for reached in each.reached if reached.level is level]
        if not spans:
            continue
        seconds = sorted(max(0, int((reached.counted - each.began).total_seconds())) for each, reached in spans)
        in_time = sum(level not in each.due or reached.counted <= each.due[level] for each, reached in spans)
        found[level.value] = Times(len(seconds), int(median(seconds)), seconds[-(-len(seconds) * 9 // 10) - 1], in_time)
    return found


def _disagreements(measured: Iterable[Measured]) -> Iterable[Disagreement]:
    for each in measured:
        for reached in each.reached:
            if reached.claimed < each.began - TOLERANCE:
                # Nobody takes charge of what had not arrived: the author's clock, or the author, is wrong.
                yield _disagreement(each, reached, each.began)
            elif reached.witnessed is not None and abs(reached.witnessed - reached.claimed) > TOLERANCE:
                yield _disagreement(each, reached, reached.witnessed)


def _disagreement(each: Measured, reached: Reached, witnessed: datetime) -> Disagreement:
    return Disagreement(each.request, each.asking, each.asked, reached.level.value, reached.claimed, witnessed)


HEAD = ("section", "asking", "asked", "type", "class", "what", "count", "median_s", "slowest_tenth_s", "in_time")


def table(counted: Figures) -> list[tuple[str, ...]]:
    """Promise: the figures as rows of text under `HEAD`: States, types, classes, numbers; no person, no case, no content."""
    rows: list[tuple[str, ...]] = []
    for row in counted.rows:
        head = (row.asking, row.asked, row.kind, row.urgency)
        rows.append(("requests", *head, "", str(row.requests), "", "", ""))
        for level, times in row.times.items():
            numbers = (times.count, times.median_s, times.slow_s, times.in_time)
            rows.append(("response", *head, level, *(str(number) for number in numbers)))
    for section, counts in (("outcome", counted.outcomes), ("refusal", counted.refusals)):
        rows += [
            (section, each.asking, each.asked, each.kind, "", each.what, str(each.number), "", "", "")
            for each in counts
        ]
    for each in counted.classes:
        rows.append(("class", "", "", "", each.urgency, "asked", str(each.asked), "", "", ""))
        rows.append(("class", "", "", "", each.urgency, "lowered", str(each.lowered), "", "", ""))
    rows.append(("override", "", "", "", "", "closed ground", str(counted.overridden), "", "", ""))
    rows.append(("disagreement", "", "", "", "", "times", str(len(counted.disagreements)), "", "", ""))
    return rows
