"""What is odd about a policy, found when it is saved and not at night: `lint`, against the roll of the next fourteen days."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contactpoint.domain.escalation.call import called
from contactpoint.domain.escalation.model import EscalationPolicy, Rung, Who
from contactpoint.domain.roll import Roll
from contactpoint.domain.values import Urgency, spell_instant

AHEAD = timedelta(days=14)
_STEP = timedelta(hours=1)

LATENCY_S: Mapping[str, int] = {"console": 1, "webhook": 5, "exec": 30, "smtp": 60}
"""How long a notice may take to be noticed by this channel, in seconds; of an unknown channel a minute."""

_OTHER_LATENCY_S = 60


@dataclass(frozen=True, slots=True)
class Reachable:
    """What is known of one officer's contacts: verified channels, and after how many seconds the last is used in each class."""

    channels: frozenset[str]
    last_s: Mapping[Urgency, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of `lint`: a code of the table, the rung's index (None: the whole policy), and what is odd there."""

    code: str
    rung: int | None
    detail: str


def lint(
    policy: EscalationPolicy,
    roll: Roll,
    now: datetime,
    *,
    channels: Collection[str],
    contacts: Mapping[str, Reachable] | None = None,
) -> tuple[Finding, ...]:
    """Promise: every reason that can be seen now why this policy could fail to reach a human in the next fourteen days.

    `channels` are set up at this node. `contacts` are the verified ones, by officer; None: nothing is known of them.
    """
    found: list[Finding] = []
    for index, rung in enumerate(policy.rungs):
        found += _names(index, rung, roll, channels)
        found += _window(index, rung, channels)
        found += _empty(index, rung, roll, now)
        found += _enough(index, rung, roll, now)
        if contacts is not None:
            found += _people(index, rung, roll, now, contacts)
    found += _nobody(policy, roll, now)
    found += _alternate(policy, channels)
    return tuple(dict.fromkeys(found))


def _enough(index: int, rung: Rung, roll: Roll, now: datetime) -> Iterator[Finding]:
    """Whether as many people are called as must take charge; an empty rung is another finding."""
    if rung.acknowledgers < 2:
        return
    for at in _instants(now):
        people = called(rung, roll, None, at).people
        if people and len(people) < rung.acknowledgers:
            yield Finding("W-TOO-FEW", index, f"{len(people)} of {rung.acknowledgers} at {spell_instant(at)}")
            return


def _names(index: int, rung: Rung, roll: Roll, channels: Collection[str]) -> Iterator[Finding]:
    """What a rung names and this desk does not have."""
    units, rights = ({each.unit for each in roll.officers}, {right for each in roll.officers for right in each.rights})
    for target in rung.targets:
        match target.who:
            case Who.OFFICER if roll.person(target.name) is None:
                yield Finding("W-UNKNOWN-OFFICER", index, target.name)
            case Who.DUTY | Who.NEXT | Who.PREVIOUS if target.name not in roll.rotas:
                yield Finding("W-UNKNOWN-TARGET", index, str(target))
            case Who.UNIT if target.name not in units:
                yield Finding("W-UNKNOWN-TARGET", index, str(target))
            case Who.RIGHT if target.name not in rights:
                yield Finding("W-UNKNOWN-TARGET", index, str(target))
            case Who.CHANNEL if target.name not in channels:
                yield Finding("W-UNKNOWN-CHANNEL", index, target.name)
    for channel in rung.channels:
        if channel not in channels:
            yield Finding("W-UNKNOWN-CHANNEL", index, channel)


def _window(index: int, rung: Rung, channels: Collection[str]) -> Iterator[Finding]:
    slowest = max((LATENCY_S.get(each, _OTHER_LATENCY_S) for each in rung.channels or channels), default=0)
    if rung.delay_s < slowest:
        yield Finding("W-SHORT-WINDOW", index, f"{rung.delay_s} s, and its slowest channel may need {slowest} s")


def _instants(now: datetime) -> Iterator[datetime]:
    """The instants to look at: now, and every full hour after it; handoffs and office hours fall on them, or change before one."""
    at = now
    while at <= now + AHEAD:
        yield at
        at = at.replace(minute=0, second=0, microsecond=0) + _STEP


def _empty(index: int, rung: Rung, roll: Roll, now: datetime) -> Iterator[Finding]:
    """When this rung would call nobody for the first time, in a class that it is climbed for."""
    urgency = next(each for each in Urgency if rung.open_to(each))
    for at in _instants(now):
        why = called(rung, roll, urgency, at).why
        if why is not None and not why.as_planned:
            yield Finding("W-EMPTY-RUNG", index, f"{why.value} from {spell_instant(at)}")
            return


def _nobody(policy: EscalationPolicy, roll: Roll, now: datetime) -> Iterator[Finding]:
    """When a whole ladder would be empty for the first time, by class."""
    for urgency in Urgency:
        for at in _instants(now):
            # The last resort calls every officer then; the plan itself has failed all the same.
            if not any(called(rung, roll, urgency, at).people for rung in policy.rungs):
                yield Finding("E-NOBODY-ON-DUTY", None, f"{urgency.value} at {spell_instant(at)}")
                break


def _people(index: int, rung: Rung, roll: Roll, now: datetime, contacts: Mapping[str, Reachable]) -> Iterator[Finding]:
    people = {
        (number, urgency)
        for urgency in Urgency
        for at in _instants(now)
        for number in called(rung, roll, urgency, at).people
    }
    for number, urgency in sorted(people):
        known = contacts.get(number)
        if known is None or len(known.channels) < 2:
            yield Finding("W-ONE-CHANNEL", index, number)
        if known is not None and known.last_s.get(urgency, 0) >= rung.delay_s:
            yield Finding("W-LATE-REMINDER", index, f"{number}, {urgency.value}: {known.last_s[urgency]} s")


def _alternate(policy: EscalationPolicy, channels: Collection[str]) -> Iterator[Finding]:
    """A ladder that has one way only fails with it."""
    ways = {way for rung in policy.rungs for way in (rung.channels or channels)}
    ways |= {target.name for rung in policy.rungs for target in rung.targets if target.who is Who.CHANNEL}
    desks = any(target.who is Who.DESK for rung in policy.rungs for target in rung.targets)
    if len(ways) < 2 and not desks:
        yield Finding("W-NO-ALTERNATE", None, ", ".join(sorted(ways)) or "no channel")
