"""The clocks of one request at one end: which deadline is next, whom to page, what to sign. Pure.

Promise: each step fires once, whatever the instants at which the caller looks; both ends compute every deadline from
one signed instant, `held.at`; a fact that is true at its deadline counts; a positive that comes late is kept beside its
negative twin and replaces nothing. It never sleeps: `next_at` is the earliest instant at which `Tick` has work to do.

After a long stop a single Tick says every twin that is due, and pages every rung once: pages of cycles that went by are
left out and reported (W-CATCH-UP), because a telephone that rings five hundred times wakes nobody better.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.climb import begin_again, by_hand, climb, hold, milestones, whole
from contactpoint.domain.escalation import EscalationPolicy
from contactpoint.domain.ladder_events import (
    Acknowledged,
    Alarm,
    Answered,
    Effect,
    Escalated,
    Event,
    Hand,
    Held,
    HoldPages,
    Joined,
    Lowered,
    Noted,
    Opened,
    Page,
    Reached,
    Received,
    Refused,
    Remind,
    Ring,
    SayReached,
    SayRung,
    SaySlip,
    SayTwin,
    StopRinging,
    Tick,
    TwinHeard,
    Until,
    Withdrawn,
    Worked,
)
from contactpoint.domain.ladder_state import Climb, Ladder, Way
from contactpoint.domain.policy import Terms
from contactpoint.domain.roll import NOBODY, Roll
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Level, Twin

__all__ = [
    "Acknowledged",
    "Alarm",
    "Answered",
    "Effect",
    "Escalated",
    "Event",
    "Hand",
    "Held",
    "HoldPages",
    "Joined",
    "Ladder",
    "Lowered",
    "Noted",
    "Opened",
    "Page",
    "Reached",
    "Received",
    "Refused",
    "Remind",
    "Ring",
    "SayReached",
    "SayRung",
    "SaySlip",
    "SayTwin",
    "StopRinging",
    "Tick",
    "TwinHeard",
    "Until",
    "Way",
    "Withdrawn",
    "Worked",
    "decide",
    "open_incoming",
    "open_outgoing",
]


Decision = tuple[Ladder, tuple[Effect, ...]]

_OFFICE = Calendar()
"""A recipient whose card says nothing of its hours: Monday to Friday, UTC."""


def open_outgoing(
    statement: Statement, terms: Terms, now: datetime, *, calendar: Calendar = _OFFICE, quiet: bool = False
) -> Decision:
    """Promise: the sender's clocks of a request that was just queued. `calendar` is the recipient's, of its card.

    `quiet`: it rings nobody; that it did not arrive in time is signed and shown, and no more is awaited.
    """
    ladder = Ladder(
        way=Way.OUTGOING,
        terms=terms,
        calendar=calendar,
        escalation=None,
        opened_at=now,
        expires=statement.expires,
        levels={Level.QUEUED: now},
        said={},
        heard={},
        urgency=statement.urgency,
        quiet=quiet,
    )
    return decide(ladder, Tick(), NOBODY, now)


def open_incoming(
    statement: Statement,
    terms: Terms,
    escalation: EscalationPolicy | None,
    calendar: Calendar,
    held_at: datetime,
    roll: Roll,
    now: datetime,
) -> Decision:
    """Promise: the recipient's clocks of a request just received; the received slip, and every page due already.

    The policy is frozen in: a later one does not touch this request. Whom its rungs call is looked up in the roll when each is fired.
    Without an escalation policy the request is quiet: it rings nobody, and the received slip is all that it earns.
    """
    ladder = Ladder(
        way=Way.INCOMING,
        terms=terms,
        calendar=calendar,
        escalation=escalation,
        opened_at=now,
        expires=statement.expires,
        levels={Level.QUEUED: statement.at, Level.HELD: held_at, Level.RECEIVED: now},
        said={},
        heard={},
        urgency=statement.urgency,
        climb=None if escalation is None else Climb(next=0, at=held_at),
        quiet=escalation is None,
    )
    if escalation is None:
        return ladder, (SaySlip(Level.RECEIVED),)
    ladder, effects = decide(ladder, Tick(), roll, now)
    return ladder, (SaySlip(Level.RECEIVED), *effects)


def decide(ladder: Ladder, event: Event, roll: Roll, now: datetime) -> Decision:
    """Promise: the ladder after an event, with everything that is due by `now` done once. `roll`: who could be called now.

    A fact is judged by when it was true: deadlines that had passed by then are said first (a worker that is late misses
    no twin), deadlines that had not are never said for it (an acknowledgement at the deadline counts).
    """
    if isinstance(event, Tick):
        return _run_clocks(ladder, roll, now)
    missed: tuple[Effect, ...] = ()
    if isinstance(event, Reached | Escalated):
        # What was due before somebody spoke is done first: neither may swallow a rung that a late worker still owes.
        ladder, missed = _run_clocks(ladder, roll, now)
    elif not isinstance(event, Held):
        ladder, missed = _say_twins(ladder, min(event.at - timedelta(milliseconds=1), now))
    rang, ran = ladder.rings, ladder.waits_for_an_answer and ladder.answer_step > 0
    ladder, told = _take(ladder, event, roll, now)
    # An answer stops the second ladder, too: its pages that have not gone out are taken back.
    over = (rang and not ladder.rings) or (ran and ladder.closed)
    stopped: tuple[Effect, ...] = (StopRinging(),) if over else ()
    ladder, due = _run_clocks(ladder, roll, now)
    return ladder, missed + told + stopped + due


def _take(ladder: Ladder, event: Event, roll: Roll, now: datetime) -> Decision:
    match event:
        case Held(at):
            return _reach(replace(ladder, refused=""), Level.HELD, at), ()
        case Received(at):
            return _reach(ladder, Level.RECEIVED, at), ()
        case Opened() if ladder.quiet:
            return ladder, ()
        case Opened(at):
            first = ladder.way is Way.INCOMING and Level.OPENED not in ladder.levels
            return _reach(ladder, Level.OPENED, at), (SaySlip(Level.OPENED),) if first else ()
        case Acknowledged():
            return _acknowledge(ladder, event, roll)
        case Joined(_, by):
            return _join(ladder, by)
        case Worked(at):
            worked = max(at, ladder.worked_at or at)
            hands = ladder.joined or (ladder.acknowledged_by,)
            return replace(ladder, worked_at=whole(min(worked, now)), reminded=False, again=False, joined=hands), ()
        case Reached():
            return hold(ladder, roll, replace(event, at=min(event.at, now)))
        case Escalated(at):
            return by_hand(ladder, roll, replace(event, at=min(at, now)))
        case Answered(at):
            return _reach(ladder, Level.ANSWERED, at), ()
        case Withdrawn(at):
            return replace(ladder, withdrawn_at=ladder.withdrawn_at or at, overdue=""), ()
        case Lowered(_, decision):
            # A deadline that had passed by then was said already; a later one is not brought forward.
            later = max(decision, ladder.terms.decision)
            return replace(ladder, terms=replace(ladder.terms, decision=later)), ()
        case TwinHeard(twin, at):
            return _hear(ladder, twin, at)
        case Refused(code, _):
            if ladder.way is Way.INCOMING or ladder.closed:
                return ladder, ()
            return replace(ladder, refused=code, overdue="refused"), (Ring("refused"),)
        case Noted():
            return replace(ladder, overdue=""), ()
        case Tick():
            return ladder, ()


def _acknowledge(ladder: Ladder, event: Acknowledged, roll: Roll) -> Decision:
    """The first officer is in charge. Where the rung wants more, it rings on for the others until they have joined."""
    first = Level.ACKNOWLEDGED not in ladder.levels
    rung = ladder.rung_now
    if first and rung is not None and ladder.way is Way.INCOMING:
        # More hands than there are people can never come: it must not ring for them until the request expires.
        people = sum(1 for _ in roll.usable())
        ladder = replace(ladder, wanted=max(1, min(rung.acknowledgers, people)))
    if not ladder.acknowledged_by:
        ladder = replace(ladder, acknowledged_by=event.by, degraded=event.degraded)
    return _join(_reach(ladder, Level.ACKNOWLEDGED, event.at), event.by)


def _join(ladder: Ladder, by: str) -> Decision:
    joined = ladder.joined if by in ladder.joined else (*ladder.joined, by)
    ladder = replace(ladder, joined=joined, again=False)
    return ladder, (StopRinging(by),) if by and ladder.way is Way.INCOMING and ladder.rings else ()


def _reach(ladder: Ladder, level: Level, at: datetime) -> Ladder:
    """The earliest instant of a level stands, in whatever order the facts arrive."""
    before = ladder.levels.get(level)
    levels = {**ladder.levels, level: at if before is None else min(at, before)}
    ladder = replace(ladder, levels=levels)
    if ladder.overdue == "refused":
        over = level is Level.HELD
    else:
        over = bool(ladder.overdue) and (ladder.closed or ladder.reached >= Twin(ladder.overdue).level.rank)
    return replace(ladder, overdue="") if over else ladder


def _hear(ladder: Ladder, twin: Twin, at: datetime) -> Decision:
    if twin in ladder.heard:
        return ladder, ()
    known = twin in ladder.said or ladder.reached >= twin.level.rank or ladder.closed
    ladder = replace(ladder, heard={**ladder.heard, twin: at})
    if known or ladder.quiet or ladder.way is Way.INCOMING:
        return ladder, ()
    return replace(ladder, overdue=twin.value), (Ring(twin.value),)


def _run_clocks(ladder: Ladder, roll: Roll, now: datetime) -> Decision:
    ladder, twins = _say_twins(ladder, now)
    ladder, forgotten = _remember(ladder, roll, now)
    ladder, pages = climb(ladder, roll, now)
    ladder, marks = milestones(ladder, roll, now)
    effects = (*twins, *forgotten, *pages, *marks)
    if ladder.way is Way.INCOMING and ladder.rings and now >= ladder.expires:
        return replace(ladder, expired=True), (*effects, StopRinging(), Alarm("E-EXPIRED"))
    return ladder, effects


def _remember(ladder: Ladder, roll: Roll, now: datetime) -> Decision:
    """Acknowledged and then forgotten: the holder is reminded, and then it rings again, once."""
    effects: tuple[Effect, ...] = ()
    while (due := ladder.forgotten_at) is not None and due <= now:
        if ladder.reminded:
            ladder = begin_again(replace(ladder, rang_again=True), due, "W-FORGOTTEN")
            return ladder, (Alarm("W-FORGOTTEN"),)
        holder = roll.person(roll.holder or ladder.acknowledged_by)
        effects = () if holder is None else (Remind(holder.number, ladder.reminders),)
        ladder = replace(ladder, reminded=True, reminders=ladder.reminders + 1)
    return ladder, effects


def _say_twins(ladder: Ladder, until: datetime) -> Decision:
    """Sign every twin whose deadline has come by `until`; the sender's own officer is rung for each new one."""
    if ladder.closed:
        return ladder, ()
    effects: list[Effect] = []
    for twin, due in ladder.unsaid():
        if due > until:
            break
        ladder = replace(ladder, said={**ladder.said, twin: due})
        effects.append(SayTwin(twin, due))
        if ladder.way is Way.OUTGOING and not ladder.quiet:
            ladder = replace(ladder, overdue=twin.value)
            if twin not in ladder.heard:
                effects.append(Ring(twin.value))
    return ladder, tuple(effects)
