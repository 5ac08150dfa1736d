"""The clocks of one request at one end: which deadline is next, whom to page, what to sign. Pure.

Promise: each step fires once, whatever the instants at which the caller looks; both ends compute every deadline from one
signed instant, `held.at`; a fact that is true at its deadline counts; a positive that comes late is kept beside its
negative twin and replaces nothing. It never sleeps: `next_at` is the earliest instant at which `Tick` has work to do.

After a long stop a single Tick says every twin that is due, and pages every rung once: pages of cycles that went by are
left out and reported (W-CATCH-UP), because a telephone that rings five hundred times wakes nobody better.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Staircase
from contactpoint.domain.ladder_events import (
    Acknowledged,
    Alarm,
    Answered,
    Effect,
    Event,
    Held,
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
from contactpoint.domain.policy import Terms
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Level, Twin, from_ms, ms

__all__ = [
    "Acknowledged",
    "Alarm",
    "Answered",
    "Effect",
    "Event",
    "Held",
    "Ladder",
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


class Way(StrEnum):
    """Whose request it is: one that this end sent, or one that came here."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


_SAYS = {
    Way.OUTGOING: (Twin.UNREACHABLE, Twin.NOT_RECEIVED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED, Twin.EXPIRED),
    Way.INCOMING: (Twin.NOT_OPENED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED),
}
"""Which negative twins this end's own station signs (`docs/protocol.md`, the ladder)."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """All that one end knows of one request's clocks; a row's worth of state. Times are aware UTC.

    `levels` keeps every positive with the instant at which it was true, `said` the twins this end signed and `heard` those
    the other end did. `step` counts the rung steps that were fired or left out.
    """

    way: Way
    terms: Terms
    calendar: Calendar
    escalation: EscalationPolicy | None
    opened_at: datetime
    expires: datetime
    levels: Mapping[Level, datetime]
    said: Mapping[Twin, datetime]
    heard: Mapping[Twin, datetime]
    step: int = 0
    exhausted: bool = False
    expired: bool = False
    acknowledged_by: str = ""
    degraded: bool = False
    withdrawn_at: datetime | None = None
    refused: str = ""
    overdue: str = ""

    @property
    def level(self) -> Level:
        """The highest level that is proved here."""
        return max(self.levels, key=lambda level: level.rank)

    @property
    def held_at(self) -> datetime | None:
        return self.levels.get(Level.HELD)

    @property
    def cycle(self) -> int:
        """The cycle of the rung that was last fired; 0 before and during the first."""
        if self.escalation is None or self.step == 0:
            return 0
        return Staircase.of(self.escalation).step(self.step - 1).cycle

    @property
    def rung(self) -> int | None:
        """The rung that is being tried now; None when nobody is being rung."""
        if self.escalation is None or self.step == 0 or not self.rings:
            return None
        return Staircase.of(self.escalation).step(self.step - 1).rung

    @property
    def reached(self) -> int:
        return self.level.rank

    @property
    def closed(self) -> bool:
        """No clock of this ladder runs any more."""
        return self.withdrawn_at is not None or bool(self.refused) or Level.ANSWERED in self.levels

    @property
    def rings(self) -> bool:
        """The alarm is on: an incoming request of which nobody has taken charge, or an own one that is overdue."""
        if self.way is Way.OUTGOING:
            return bool(self.overdue)
        return not self.closed and not self.expired and self.reached < Level.ACKNOWLEDGED.rank

    @property
    def deadlines(self) -> Mapping[Twin, datetime]:
        """Every deadline that can be computed now, said or not, for display as well as for deciding."""
        dues = {Twin.EXPIRED: self.expires}
        if self.way is Way.OUTGOING:
            dues[Twin.UNREACHABLE] = self.opened_at + self.terms.unreachable
        if self.held_at is not None:
            taken = self.terms.acknowledge_by(self.held_at, self.calendar)
            dues[Twin.NOT_RECEIVED] = self.held_at + self.terms.received
            dues[Twin.NOT_OPENED] = taken
            dues[Twin.NOT_ACKNOWLEDGED] = taken
            dues[Twin.LAPSED] = self.held_at + self.terms.decision
        return dues

    def late_by(self, level: Level) -> timedelta | None:
        """How long after its deadline a level was reached; None when it was in time, or was not reached."""
        twins = [twin for twin in self.deadlines if twin.level is level and twin is not Twin.EXPIRED]
        at = self.levels.get(level)
        if at is None or not twins or at <= self.deadlines[twins[0]]:
            return None
        return at - self.deadlines[twins[0]]

    @property
    def next_at(self) -> datetime | None:
        """The earliest instant at which a Tick has something to do; None when it never will."""
        if self.closed:
            return None
        times = [due for _, due in self._unsaid()]
        if self.rings and self.way is Way.INCOMING:
            times.append(self.expires)
            begins = self._next_rung()
            if begins is not None:
                times.append(begins)
        return min(times, default=None)

    def _unsaid(self) -> list[tuple[Twin, datetime]]:
        """Twins that this end would sign, not yet signed, of levels not reached, with their deadlines; in order."""
        dues = self.deadlines
        unsaid = [
            (twin, dues[twin])
            for twin in _SAYS[self.way]
            if twin in dues and twin not in self.said and self.reached < twin.level.rank
        ]
        return sorted(unsaid, key=lambda pair: pair[1])

    def _next_rung(self) -> datetime | None:
        if self.escalation is None or self.held_at is None:
            return None
        stairs = Staircase.of(self.escalation)
        if not stairs.rungs:
            return None
        begins = self.held_at + stairs.step(self.step).starts
        return begins if begins < self.expires else None

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready: instants as milliseconds since the epoch."""
        return {
            "way": self.way.value,
            "terms": self.terms.to_plain(),
            "calendar": self.calendar.to_plain(),
            "escalation": None if self.escalation is None else self.escalation.to_plain(),
            "opened_at": ms(self.opened_at),
            "expires": ms(self.expires),
            "levels": {level.value: ms(at) for level, at in self.levels.items()},
            "said": {twin.value: ms(at) for twin, at in self.said.items()},
            "heard": {twin.value: ms(at) for twin, at in self.heard.items()},
            "step": self.step,
            "exhausted": self.exhausted,
            "expired": self.expired,
            "acknowledged_by": self.acknowledged_by,
            "degraded": self.degraded,
            "withdrawn_at": None if self.withdrawn_at is None else ms(self.withdrawn_at),
            "refused": self.refused,
            "overdue": self.overdue,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Ladder":
        """The ladder that `to_plain` wrote. Raises EscalationError for anything else."""
        try:
            return cls(
                way=Way(plain["way"]),
                terms=Terms.from_plain(plain["terms"]),
                calendar=Calendar.from_plain(plain["calendar"]),
                escalation=None if plain["escalation"] is None else EscalationPolicy.from_plain(plain["escalation"]),
                opened_at=from_ms(plain["opened_at"]),
                expires=from_ms(plain["expires"]),
                levels={Level(level): from_ms(at) for level, at in plain["levels"].items()},
                said={Twin(twin): from_ms(at) for twin, at in plain["said"].items()},
                heard={Twin(twin): from_ms(at) for twin, at in plain["heard"].items()},
                step=int(plain["step"]),
                exhausted=bool(plain["exhausted"]),
                expired=bool(plain["expired"]),
                acknowledged_by=str(plain["acknowledged_by"]),
                degraded=bool(plain["degraded"]),
                withdrawn_at=None if plain["withdrawn_at"] is None else from_ms(plain["withdrawn_at"]),
                refused=str(plain["refused"]),
                overdue=str(plain["overdue"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EscalationError("E-POLICY", field="ladder") from error


Decision = tuple[Ladder, tuple[Effect, ...]]


def open_outgoing(statement: Statement, terms: Terms, now: datetime, *, calendar: Calendar = Calendar()) -> Decision:
    """Promise: the sender's clocks of a request that was just queued. `calendar` is the recipient's, of its card."""
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
    )
    return decide(ladder, Tick(), now)


def open_incoming(
    statement: Statement,
    terms: Terms,
    escalation: EscalationPolicy,
    calendar: Calendar,
    held_at: datetime,
    now: datetime,
) -> Decision:
    """Promise: the recipient's clocks of a request just received; the received slip, and every page due already.

    The rungs are frozen in: a later policy does not touch this request. Empty rungs are reported now, not when reached.
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
    )
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
        ladder, missed = _say_twins(ladder, event.at - timedelta(milliseconds=1))
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
    met = ladder.overdue in Twin and ladder.reached >= Twin(ladder.overdue).level.rank
    return replace(ladder, overdue="") if met or ladder.closed and ladder.overdue != "refused" else ladder


def _hear(ladder: Ladder, twin: Twin, at: datetime) -> Decision:
    if twin in ladder.heard:
        return ladder, ()
    known = twin in ladder.said or ladder.reached >= twin.level.rank or ladder.closed
    ladder = replace(ladder, heard={**ladder.heard, twin: at})
    if known or ladder.way is Way.INCOMING:
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
    for twin, due in ladder._unsaid():
        if due > until:
            break
        ladder = replace(ladder, said={**ladder.said, twin: due})
        effects.append(SayTwin(twin, due))
        if ladder.way is Way.OUTGOING:
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
