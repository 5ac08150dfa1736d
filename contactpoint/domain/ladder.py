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
from contactpoint.domain.escalation import EscalationPolicy, Staircase
from contactpoint.domain.ladder_events import (
    Acknowledged,
    Alarm,
    Answered,
    Effect,
    Event,
    Held,
    Lowered,
    Noted,
    Opened,
    Page,
    Received,
    Refused,
    Ring,
    SayRung,
    SaySlip,
    SayTwin,
    StopRinging,
    Tick,
    TwinHeard,
    Withdrawn,
)
from contactpoint.domain.ladder_state import Ladder, Way
from contactpoint.domain.policy import Terms
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Level, Twin

__all__ = [
    "Acknowledged",
    "Alarm",
    "Answered",
    "Effect",
    "Event",
    "Held",
    "Ladder",
    "Lowered",
    "Noted",
    "Opened",
    "Page",
    "Received",
    "Refused",
    "Ring",
    "SayRung",
    "SaySlip",
    "SayTwin",
    "StopRinging",
    "Tick",
    "TwinHeard",
    "Way",
    "Withdrawn",
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
        quiet=quiet,
    )
    return decide(ladder, Tick(), now)


def open_incoming(
    statement: Statement,
    terms: Terms,
    escalation: EscalationPolicy | None,
    calendar: Calendar,
    held_at: datetime,
    now: datetime,
) -> Decision:
    """Promise: the recipient's clocks of a request just received; the received slip, and every page due already.

    The rungs are frozen in: a later policy does not touch this request. Empty rungs are reported now, not when reached.
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
        quiet=escalation is None,
    )
    if escalation is None:
        return ladder, (SaySlip(Level.RECEIVED),)
    stairs = Staircase.of(escalation)
    reports: tuple[Effect, ...] = tuple(Alarm("W-EMPTY-RUNG", rung) for rung in stairs.empty)
    if not stairs.rungs:
        reports = (*reports, Alarm("E-NOBODY-ON-DUTY"))
    ladder, effects = decide(ladder, Tick(), now)
    return ladder, (SaySlip(Level.RECEIVED), *reports, *effects)


def decide(ladder: Ladder, event: Event, now: datetime) -> Decision:
    """Promise: the ladder after an event, with everything that is due by `now` done once.

    A fact is judged by when it was true: deadlines that had passed by then are said first (a worker that is late misses
    no twin), deadlines that had not are never said for it (an acknowledgement at the deadline counts).
    """
    if isinstance(event, Tick):
        return _run_clocks(ladder, now)
    missed: tuple[Effect, ...] = ()
    if not isinstance(event, Held):
        ladder, missed = _say_twins(ladder, min(event.at - timedelta(milliseconds=1), now))
    rang = ladder.rings
    ladder, told = _take(ladder, event)
    stopped: tuple[Effect, ...] = (StopRinging(),) if rang and not ladder.rings else ()
    ladder, due = _run_clocks(ladder, now)
    return ladder, missed + told + stopped + due


def _take(ladder: Ladder, event: Event) -> Decision:
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
        case Acknowledged(at, by, degraded):
            if not ladder.acknowledged_by:
                ladder = replace(ladder, acknowledged_by=by, degraded=degraded)
            return _reach(ladder, Level.ACKNOWLEDGED, at), ()
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


def _run_clocks(ladder: Ladder, now: datetime) -> Decision:
    ladder, twins = _say_twins(ladder, now)
    ladder, pages = _climb(ladder, now)
    if ladder.way is Way.INCOMING and ladder.rings and now >= ladder.expires:
        return replace(ladder, expired=True), (*twins, *pages, StopRinging(), Alarm("E-EXPIRED"))
    return ladder, twins + pages


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


def _climb(ladder: Ladder, now: datetime) -> Decision:
    """Page every rung that has begun and was not paged, the newest of each only."""
    if ladder.way is Way.OUTGOING or not ladder.rings or ladder.escalation is None or ladder.held_at is None:
        return ladder, ()
    stairs = Staircase.of(ladder.escalation)
    if not stairs.rungs:
        return ladder, ()
    limit = min(now, ladder.expires - timedelta(milliseconds=1))
    last = stairs.last_begun(limit - ladder.held_at)
    if last < ladder.step:
        return ladder, ()
    first = max(ladder.step, last - len(stairs.rungs) + 1)
    effects: list[Effect] = [Alarm("W-CATCH-UP")] if first > ladder.step else []
    if last >= len(stairs.rungs) and not ladder.exhausted:
        effects.append(Alarm("W-LADDER-EXHAUSTED"))
    for index in range(first, last + 1):
        step = stairs.step(index)
        rung = ladder.escalation.rungs[step.rung]
        effects.append(Page(step.cycle, step.rung, rung.officers, rung.channels, rung.role))
        effects.append(SayRung(step.cycle, step.rung, rung.role, ladder.held_at + step.ends))
    exhausted = ladder.exhausted or last >= len(stairs.rungs)
    return replace(ladder, step=last + 1, exhausted=exhausted), tuple(effects)
