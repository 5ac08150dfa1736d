"""Climbing: which rungs are due, whom they call now, what follows. Part of the ladder (`ladder.py`); pure.

A rung is fired at its planned instant, or as soon after as somebody looks, and never twice. Whom it calls is looked up then. A rung
with nobody on it takes no time and is reported; where a whole ladder has nobody, every officer is called as a last resort. After a
long stop each rung is fired once, in constant time over cycles, and nobody is called twice for it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contactpoint.domain.escalation import LAST_RESORT, Called, EscalationPolicy, Rung, called
from contactpoint.domain.escalation.call import last_resort, with_first
from contactpoint.domain.ladder_events import (
    Alarm,
    Effect,
    Escalated,
    Hand,
    HoldPages,
    Page,
    Reached,
    SayReached,
    SayRung,
    Until,
)
from contactpoint.domain.ladder_state import Climb, Ladder, Way
from contactpoint.domain.roll import Roll
from contactpoint.domain.values import Twin, Urgency, from_ms, ms

BY_HAND_PAUSE, BY_HAND_PAUSE_TAKEN = timedelta(minutes=1), timedelta(minutes=15)
"""So long after the other State has climbed our ladder, its next such letter is recorded and calls nobody; the second is for a request
of which somebody has taken charge."""

NOBODY_ROLE = "nobody"
_SOON = timedelta(milliseconds=1)

Climbed = tuple[Ladder, tuple[Effect, ...]]


@dataclass(slots=True)
class _Stairs:
    """The places of one policy as they are at one instant; each is looked up once."""

    policy: EscalationPolicy
    roll: Roll
    urgency: Urgency
    at: datetime
    known: dict[int, Called] = field(default_factory=dict)
    alive: list[int] = field(default_factory=list)

    @property
    def places(self) -> int:
        """Rungs, and behind them the last resort."""
        return len(self.policy.rungs) + 1

    def rung(self, index: int) -> Rung:
        return self.policy.rungs[index] if index < len(self.policy.rungs) else LAST_RESORT

    def calls(self, index: int) -> Called:
        if index not in self.known:
            last = index == len(self.policy.rungs)
            self.known[index] = (
                last_resort(self.roll) if last else called(self.policy.rungs[index], self.roll, self.urgency, self.at)
            )
        return self.known[index]

    def live(self) -> list[int]:
        """The places that take time now: the rungs with somebody on them, and the last resort where no person is."""
        if not self.alive:
            found = [index for index in range(len(self.policy.rungs)) if self.calls(index).anybody]
            # Desks and sirens alone are nobody who could take charge.
            persons = any(self.calls(index).people for index in found)
            self.alive = found if persons else [*found, len(self.policy.rungs)]
        return self.alive

    def delay(self, index: int) -> timedelta:
        return timedelta(seconds=self.rung(index).delay_s)

    def next_live(self, place: int) -> int:
        """The first place from here on that takes time."""
        cycle, index = divmod(place, self.places)
        live = self.live()
        return next((cycle * self.places + each for each in live if each >= index), (cycle + 1) * self.places + live[0])


def _stairs(policy: EscalationPolicy, roll: Roll, urgency: Urgency, at: datetime) -> _Stairs:
    """The stairs at this instant: looked up once for all requests of one claim that stand on them."""
    key = ("stairs", policy, urgency, at)
    found: _Stairs | None = roll.known.get(key)
    if found is None:
        found = roll.known[key] = _Stairs(policy, roll, urgency, at)
    return found


def climb(ladder: Ladder, roll: Roll, now: datetime) -> Climbed:
    """Fire every rung that has begun and was not fired, and page who has come on duty while one runs."""
    if ladder.way is Way.OUTGOING or not ladder.rings or ladder.escalation is None or ladder.climb is None:
        return ladder, ()
    limit = min(now, ladder.expires - _SOON)
    stairs = _stairs(ladder.escalation, roll, ladder.urgency, limit)
    effects: tuple[Effect, ...] = ()
    if ladder.climb.at > limit:
        return _hand_over(ladder, stairs, limit)
    at = ladder.climb
    cycle_time = sum((stairs.delay(index) for index in stairs.live()), timedelta(0))
    left_out = max((limit - at.at) // cycle_time - 1, 0)
    if left_out:
        # Cycles that went by are left out: a telephone that rings five hundred times wakes nobody better.
        at = replace(at, next=at.next + left_out * stairs.places, at=at.at + left_out * cycle_time)
    fired: list[tuple[int, datetime]] = []
    at, reports = _walk(at, stairs, limit, fired)
    most = len(stairs.live())
    if left_out or len(fired) > most:
        effects = (Alarm("W-CATCH-UP"),)
    effects += reports
    exhausted = ladder.exhausted or any(place >= stairs.places for place, _ in fired)
    if exhausted and not ladder.exhausted:
        effects += (Alarm("W-LADDER-EXHAUSTED"),)
    already: dict[str, set[str]] = {}
    for place, begins in fired[-most:]:
        at, told = _fire(at, ladder.joined, stairs, place, begins, already)
        effects += told
    return replace(ladder, climb=at, exhausted=exhausted), effects


def _walk(
    at: Climb, stairs: _Stairs, limit: datetime, fired: list[tuple[int, datetime]]
) -> tuple[Climb, tuple[Effect, ...]]:
    """Go from place to place as far as time has come, and report what is empty on the way."""
    reports: dict[Effect, None] = {}
    while at.at <= limit:
        place = stairs.next_live(at.next)
        for empty in range(at.next, place):
            index = empty % stairs.places
            why = stairs.calls(index).why
            if index < stairs.places - 1 and why is not None and not why.as_planned:
                reports[Alarm("W-EMPTY-RUNG", index)] = None
        if place % stairs.places == stairs.places - 1 and at.rung != stairs.places - 1:
            reports[Alarm("E-NOBODY-ON-DUTY")] = None
        fired.append((place, at.at))
        at = replace(at, next=place + 1, at=at.at + stairs.delay(place % stairs.places), handoff=None)
    return at, tuple(reports)


def _fire(
    at: Climb,
    joined: Collection[str],
    stairs: _Stairs,
    place: int,
    begins: datetime,
    already: dict[str, set[str]],
) -> tuple[Climb, tuple[Effect, ...]]:
    """Page one rung and tell the sender. `already`: whom this very decision has paged, by which channels; nobody is called twice."""
    cycle, index = divmod(place, stairs.places)
    rung, who = stairs.rung(index), stairs.calls(index)
    ways = set(rung.channels) or {""}
    people = tuple(each for each in who.people if each not in joined and not ways <= already.get(each, set()))
    for each in people:
        already.setdefault(each, set()).update(ways)
    ends = begins + stairs.delay(index)
    first_time = at.rung != index or index < stairs.places - 1
    effects: tuple[Effect, ...] = ()
    if people or who.desks or who.lines:
        effects = (Page(cycle, index, people, rung.channels, rung.role, who.desks, who.lines),)
    role, code = (rung.role, at.code) if index < stairs.places - 1 else (NOBODY_ROLE, "E-NOBODY-ON-DUTY")
    if first_time:
        effects += (SayRung(cycle, index, role, ends, code),)
    handoff = who.until if who.until is not None and begins < who.until < ends else None
    return replace(at, cycle=cycle, rung=index, paged=who.people, handoff=handoff, again=0, code=""), effects


def _hand_over(ladder: Ladder, stairs: _Stairs, limit: datetime) -> Climbed:
    """A handoff in the middle of a running rung: who comes on duty is paged too."""
    at = ladder.climb
    if at is None or at.handoff is None or at.rung is None or at.handoff > limit:
        return ladder, ()
    rung, who = stairs.rung(at.rung), stairs.calls(at.rung)
    fresh = tuple(each for each in who.people if each not in at.paged and each not in ladder.joined)
    again = at.again + 1
    handoff = who.until if who.until is not None and limit < who.until < at.at else None
    ladder = replace(ladder, climb=replace(at, paged=at.paged + fresh, again=again, handoff=handoff))
    if not fresh:
        return ladder, ()
    return ladder, (Page(at.cycle, at.rung, fresh, rung.channels, rung.role, again=again),)


def hold(ladder: Ladder, roll: Roll, event: Reached) -> Climbed:
    """An officer is on the way: the rest of this rung and the next ones (as the policy says) wait; once, never past the common deadline."""
    policy, place = ladder.escalation, ladder.climb
    if (
        ladder.way is Way.OUTGOING
        or not ladder.rings
        or policy is None
        or place is None
        or ladder.reached_at is not None
    ):
        return ladder, ()
    stairs = _Stairs(policy, roll, ladder.urgency, event.at)
    until, step = place.at, place.next
    for _ in range(policy.hold_rungs):
        step = stairs.next_live(step)
        until, step = until + stairs.delay(step % stairs.places), step + 1
    # The common deadline runs on whoever is on the way: neither the hold nor a second one may carry the ladder over it.
    deadline = ladder.deadlines[Twin.NOT_ACKNOWLEDGED]
    until = max(place.at, min(until, deadline))
    role = "officer" if ladder.rung_now is None else ladder.rung_now.role
    ladder = replace(ladder, reached_at=whole(event.at), reached_by=event.by, climb=replace(place, at=until))
    return ladder, (HoldPages(until), SayReached(place.cycle, place.rung or 0, role, until))


def by_hand(ladder: Ladder, roll: Roll, event: Escalated) -> Climbed:
    """Somebody climbs the ladder by hand: the next rung, or a chosen one, begins now; who had taken charge is rung for again."""
    place, policy = ladder.climb, ladder.escalation
    if ladder.way is Way.OUTGOING or policy is None or place is None or ladder.closed or ladder.expired:
        return ladder, ()
    if event.by is Hand.SENDER:
        # A State that writes this letter again and again must not keep our people from sleeping: it is heeded once a minute,
        # and four times an hour once one of them has it.
        pause = BY_HAND_PAUSE_TAKEN if ladder.acknowledged_by else BY_HAND_PAUSE
        if ladder.by_hand is not None and event.at < ladder.by_hand + pause:
            return ladder, ()
        ladder = replace(ladder, by_hand=whole(event.at))
    stairs = _Stairs(policy, roll, ladder.urgency, event.at)
    step = place.next if event.rung is None else _next_place(place.next, event.rung, stairs.places)
    moved = replace(place, next=step, at=whole(event.at), handoff=None, code="W-ESCALATED")
    if not ladder.rings:
        ladder = ring_again(ladder)
    return replace(ladder, climb=moved), ()


def _next_place(after: int, rung: int, places: int) -> int:
    """The first place of this rung that was not fired yet: a place is never fired twice."""
    index = min(max(rung, 0), places - 1)
    cycle = after // places
    return cycle * places + index if cycle * places + index >= after else (cycle + 1) * places + index


def whole(at: datetime) -> datetime:
    """The instant as rows keep it, in whole milliseconds, never later: a timer that lies behind its own row would spin."""
    return from_ms(ms(at))


def ring_again(ladder: Ladder) -> Ladder:
    """It rings for everybody, who had taken charge included, until one of them answers the ringing."""
    return replace(ladder, again=True, joined=(), wanted=1)


def begin_again(ladder: Ladder, at: datetime, code: str) -> Ladder:
    """Ring from the first rung on, in a cycle of its own, until somebody answers the ringing."""
    if ladder.climb is None or ladder.escalation is None:
        return ladder
    places = len(ladder.escalation.rungs) + 1
    fresh = ladder.climb.next if ladder.climb.next % places == 0 else (ladder.climb.next // places + 1) * places
    return replace(ring_again(ladder), climb=Climb(next=fresh, at=at, cycle=ladder.cycle, code=code))


def milestones(ladder: Ladder, roll: Roll, now: datetime) -> Climbed:
    """The second ladder: whoever is on duty then, and the holder, at parts of the decision time. Several due at once are one page."""
    policy, held = ladder.escalation, ladder.held_at
    if policy is None or held is None or not ladder.waits_for_an_answer:
        return ladder, ()
    due = [
        (index, mark, held + ladder.terms.decision * mark.percent / 100)
        for index, mark in enumerate(policy.until_answered)
        if index >= ladder.answer_step and held + ladder.terms.decision * mark.percent / 100 <= now
    ]
    if not due:
        return ladder, ()
    effects: list[Effect] = [Alarm("W-CATCH-UP")] if len(due) > 1 else []
    people: dict[str, None] = {}
    channels: dict[str, None] = {}
    everywhere = False
    for index, mark, at in due:
        who = called(with_first(mark.rung, policy, roll, ladder.urgency, now), roll, ladder.urgency, now)
        people.update(dict.fromkeys(who.people))
        channels.update(dict.fromkeys(mark.channels))
        everywhere = everywhere or not mark.channels
        effects.append(SayRung(0, index, mark.role, at, "W-UNTIL-ANSWERED", Until.ANSWERED))
    last, mark, _ = due[-1]
    found = tuple(people) or last_resort(roll).people
    if not people:
        effects.append(Alarm("E-NOBODY-ON-DUTY"))
    if found:
        ways = () if everywhere else tuple(channels)
        effects.append(Page(0, last, found, ways, mark.role, until=Until.ANSWERED))
    return replace(ladder, answer_step=last + 1), tuple(effects)
