"""Drills: is there a person on duty, at any hour? What passes, how quick it was as a class, and when a State is tried next.

A drill is a request with a number that only an officer's signature can bring back. Its time runs from *held* to *held*: the tested
State's gateway signs when the drill came, the testing State's gateway when the answer did. Both ends hold both receipts, so both come to
the same class, and neither can move it by dating its own letter.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from contactpoint.domain.case import Case
from contactpoint.domain.catalogue.model import Catalogue, Entry
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.request import Request, Step
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Side

Randomness = Callable[[int], bytes]

NUMBER = "nonce"
"""The field of a drill, and of its answer, that holds the number."""
_DIGITS = 8
LONGEST = timedelta(hours=4)
"""After so long a drill has failed."""
ON_ITS_WAY = timedelta(minutes=2)
"""What was held in time may reach the other desk a little later: nobody is called absent before."""
EVERY = timedelta(days=28)


class Reach(StrEnum):
    """How a drill ended, as it is shown to all. VOID: the asking State ended it itself; it says nothing of anybody."""

    MINUTES_5 = "5-min"
    MINUTES_30 = "30-min"
    HOURS_4 = "4-h"
    NOT = "not"
    VOID = "void"

    @property
    def counts(self) -> bool:
        return self is not Reach.VOID


_LIMITS = (
    (timedelta(minutes=5), Reach.MINUTES_5),
    (timedelta(minutes=30), Reach.MINUTES_30),
    (LONGEST, Reach.HOURS_4),
)


def reach_of(took: timedelta) -> Reach:
    """The class of a time; exactly at the limit is within it."""
    return next((reach for limit, reach in _LIMITS if took <= limit), Reach.NOT)


@dataclass(frozen=True, slots=True)
class Result:
    """How a drill ended. ``note``: not-held, no-answer, wrong-number, ended-by-asker; empty where it passed."""

    reach: Reach
    answered_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, the end not in it: a planned closure."""

    begins: datetime
    ends: datetime

    def covers(self, at: datetime) -> bool:
        return self.begins <= at < self.ends


def is_drill(entry: Entry) -> bool:
    """Whether this type tries if anybody is there."""
    return entry.consequence is Consequence.DRILLS


def new_number(random: Randomness) -> str:
    """Eight digits: short enough to be typed, or read out over a telephone, in any script."""
    return f"{int.from_bytes(random(8)) % 10**_DIGITS:0{_DIGITS}d}"


def repeats(asked: Mapping[str, object], said: Mapping[str, object]) -> bool:
    """Whether an answer brings the drill's number back, exactly: a near miss is a guess, or the answer to another drill."""
    number = asked.get(NUMBER)
    return isinstance(number, str) and number != "" and said.get(NUMBER) == number


def judge(
    case: Case, request: Request, held: Mapping[bytes, datetime | None], catalogue: Catalogue, now: datetime
) -> Result | None:
    """How a drill ended, or None while it runs. ``held``: by statement digest, when a gateway signed that it holds it.

    Counted is an officer's answer to this very request with its very number. The station's acknowledgement proves a machine; an old
    answer names another request; a script has no officer's key, and its letter does not come so far.
    """
    began = held.get(request.digest)
    if began is None:
        return Result(Reach.NOT, None, "not-held") if now - request.at >= LONGEST + ON_ITS_WAY else None
    asked = _said(case, request.sender, request.digest).body
    for step in request.steps:
        if _ends_it(request, step, now):
            return Result(Reach.VOID, None, "ended-by-asker")
        if not _answers(catalogue, request, step):
            continue
        if not repeats(asked, _said(case, request.recipient, step.digest).body):
            return Result(Reach.NOT, None, "wrong-number")
        back = held.get(step.digest)
        if back is not None and (reach := reach_of(back - began)) is not Reach.NOT:
            return Result(reach, back)
    return Result(Reach.NOT, None, "no-answer") if now - began >= LONGEST + ON_ITS_WAY else None


def _ends_it(request: Request, step: Step, now: datetime) -> bool:
    """The asker withdrew, or wrote down that nobody answered, before the time was over: nobody else had a chance to fail."""
    return step.side is Side.REQUESTER and step.word and step.status.final and step.at - request.at < LONGEST


def _answers(catalogue: Catalogue, request: Request, step: Step) -> bool:
    """Whether a step is an answer with a number. An officer signed it: what a station or a stranger signs never becomes a step."""
    answer = catalogue[request.kind].offered(step.kind)
    numbered = answer is not None and any(field.name == NUMBER for field in answer.fields)
    return step.side is Side.ADDRESSEE and numbered


def _said(case: Case, sender: Address, digest: bytes) -> Statement:
    return next(each for each in case.halves[sender] if each.digest == digest)


# --- When a State is tried next ---

_HOURS = 6
_PARTS = 24 // _HOURS
Slot = tuple[bool, int]
"""Whether on a weekend (Saturday, Sunday), and which quarter of the day, from midnight on, where the tested State is."""


def slot_of(at: datetime, zone: tzinfo) -> Slot:
    there = at.astimezone(zone)
    return there.weekday() >= 5, there.hour // _HOURS


def next_drill(
    tried: Sequence[datetime],
    zone: tzinfo,
    closed: Collection[Span],
    random: Randomness,
    now: datetime,
    every: timedelta = EVERY,
) -> datetime:
    """When to try a State next: by chance, in the quarter of the day and part of the week that was tried least, in its own zone.

    Never later than ``every`` after the last try (or after now, when that is past), so that each State is tried as often as the
    network asks; never sooner than half of that; never in a closure that was announced before. Nobody can foretell the hour, and
    after eight drills every slot, nights and weekends among them, has been tried.
    """
    last = max(tried, default=now)
    latest = max(last + every, now + timedelta(days=7))
    earliest = min(max(now, last + every / 2), latest - timedelta(days=7))
    counts = {(weekend, part): 0 for weekend in (False, True) for part in range(_PARTS)}
    for at in sorted(tried)[-len(counts) :]:
        counts[slot_of(at, zone)] += 1
    for slot in _shuffled(sorted(counts), counts, random):
        for _ in range(_TRIES):
            found = _in_slot(slot, zone, earliest, latest, random)
            if found is not None and not any(span.covers(found) for span in closed):
                return found
    # Closed for all this time: tried when it opens again.
    return max((span.ends for span in closed if span.covers(latest)), default=latest)


_TRIES = 8


def _shuffled(slots: Sequence[Slot], counts: Mapping[Slot, int], random: Randomness) -> list[Slot]:
    """The slots tried least first, by chance among equals."""
    return sorted(slots, key=lambda slot: (counts[slot], random(4)))


def _in_slot(slot: Slot, zone: tzinfo, earliest: datetime, latest: datetime, random: Randomness) -> datetime | None:
    weekend, part = slot
    first, last = earliest.astimezone(zone).date(), latest.astimezone(zone).date()
    days = [each for each in _days(first, last) if (each.weekday() >= 5) is weekend]
    if not days:
        return None
    day = days[_below(len(days), random)]
    second = _below(_HOURS * 3600, random)
    wall = datetime(day.year, day.month, day.day, part * _HOURS, tzinfo=zone) + timedelta(seconds=second)
    at = wall.astimezone(UTC)
    return at if earliest <= at <= latest and slot_of(at, zone) == slot else None


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def _below(limit: int, random: Randomness) -> int:
    return int.from_bytes(random(8)) % limit
