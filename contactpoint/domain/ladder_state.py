"""One end's knowledge of one request's clocks, as a row keeps it. What happens to it is decided in `ladder.py`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import LAST_RESORT, EscalationPolicy, Rung, read_policy, spell_policy
from contactpoint.domain.policy import Terms
from contactpoint.domain.values import Level, Twin, Urgency, from_ms, ms


class Way(StrEnum):
    """Whose request it is: one that this end sent, or one that came here."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


_JSON = json.JSONEncoder(separators=(",", ":"))

_SAYS = {
    Way.OUTGOING: (Twin.UNREACHABLE, Twin.NOT_RECEIVED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED, Twin.EXPIRED),
    Way.INCOMING: (Twin.NOT_OPENED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED),
}
"""Which negative twins this end's own station signs (`docs/protocol.md`, the ladder)."""


@dataclass(frozen=True, slots=True)
class Climb:
    """Where the first ladder stands.

    `next` is the place that is climbed at `at`: places are counted over all cycles, each cycle has every rung and behind them the
    last resort. `cycle` and `rung` are those last fired (None: none yet), `paged` whom that rung has called, `handoff` when somebody
    else comes on duty while it still runs, `again` how many such handoffs it has seen. `code`: why it is climbed, of the table.
    """

    next: int
    at: datetime
    cycle: int = 0
    rung: int | None = None
    paged: tuple[str, ...] = ()
    handoff: datetime | None = None
    again: int = 0
    code: str = ""

    def to_plain(self) -> dict[str, Any]:
        return {
            "next": self.next,
            "at": ms(self.at),
            "cycle": self.cycle,
            "rung": self.rung,
            "paged": list(self.paged),
            "handoff": _ms(self.handoff),
            "again": self.again,
            "code": self.code,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Climb":
        return cls(
            next=int(plain["next"]),
            at=from_ms(plain["at"]),
            cycle=int(plain["cycle"]),
            rung=None if plain["rung"] is None else int(plain["rung"]),
            paged=tuple(map(str, plain["paged"])),
            handoff=_from_ms(plain["handoff"]),
            again=int(plain["again"]),
            code=str(plain["code"]),
        )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else ms(at)


def _from_ms(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)


@dataclass(frozen=True, slots=True)
class Ladder:
    """All that one end knows of one request's clocks; a row's worth of state. Times are aware UTC.

    `levels` keeps every positive with the instant at which it was true, `said` the twins this end signed and `heard`
    those the other end did. `quiet`: the request rings nobody at either end and waits for nobody; *received* is the end of its ladder.

    `urgency` chooses the rungs. `climb` is where the first ladder stands, `answer_step` how many milestones of the second one were
    fired or left out. `joined` are the officers who took charge, in order; `wanted` how many must. `reached_at`: an officer is on the
    way. `worked_at`: the desk last did something; `reminded`, `rang_again`: forgotten work was told; `again`: it rings again.
    `by_hand`: when the other State last climbed the ladder.
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
    urgency: Urgency = Urgency.U1
    climb: "Climb | None" = None
    answer_step: int = 0
    joined: tuple[str, ...] = ()
    wanted: int = 1
    reached_at: datetime | None = None
    reached_by: str = ""
    worked_at: datetime | None = None
    reminded: bool = False
    reminders: int = 0
    rang_again: bool = False
    again: bool = False
    by_hand: datetime | None = None
    exhausted: bool = False
    expired: bool = False
    acknowledged_by: str = ""
    degraded: bool = False
    withdrawn_at: datetime | None = None
    refused: str = ""
    overdue: str = ""
    quiet: bool = False

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
        return 0 if self.climb is None else self.climb.cycle

    @property
    def rung(self) -> int | None:
        """The rung that is being tried now; None when nobody is being rung. The number of rungs: everybody, as a last resort."""
        return None if self.climb is None or not self.rings else self.climb.rung

    @property
    def rung_now(self) -> Rung | None:
        """The rung itself, the last resort included."""
        if self.rung is None or self.escalation is None:
            return None
        rungs = self.escalation.rungs
        return rungs[self.rung] if self.rung < len(rungs) else LAST_RESORT

    @property
    def step(self) -> int:
        """How many rungs of both ladders have been fired or left out so far."""
        if self.climb is None or self.escalation is None:
            return 0
        cycle, place = divmod(self.climb.next, len(self.escalation.rungs) + 1)
        return cycle * len(self.escalation.rungs) + place + self.answer_step

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
        if self.quiet:
            return False
        if self.way is Way.OUTGOING:
            return bool(self.overdue)
        if self.closed or self.expired:
            return False
        return self.again or self.reached < Level.ACKNOWLEDGED.rank or len(self.joined) < self.wanted

    @property
    def deadlines(self) -> Mapping[Twin, datetime]:
        """Every deadline that can be computed now, said or not, for display as well as for deciding."""
        dues = {Twin.EXPIRED: self.expires}
        if self.way is Way.OUTGOING:
            dues[Twin.UNREACHABLE] = self.opened_at + self.terms.unreachable
        if self.held_at is not None:
            dues[Twin.NOT_RECEIVED] = self.held_at + self.terms.received
        if self.held_at is not None and not self.quiet:
            taken = self.terms.acknowledge_by(self.held_at, self.calendar)
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
        times = [due for _, due in self.unsaid()]
        if self.rings and self.way is Way.INCOMING:
            times.append(self.expires)
            if self.climb is not None:
                times += [self.climb.at] if self.climb.handoff is None else [self.climb.at, self.climb.handoff]
        times += [at for at in (self.milestone_at, self.forgotten_at) if at is not None]
        return min(times, default=None)

    def unsaid(self) -> list[tuple[Twin, datetime]]:
        """Twins that this end would sign, not yet signed, of levels not reached, with their deadlines; in order."""
        dues, reached = self.deadlines, self.reached
        unsaid = [
            (twin, dues[twin])
            for twin in _SAYS[self.way]
            if twin in dues and twin not in self.said and reached < twin.level.rank
        ]
        return sorted(unsaid, key=lambda pair: pair[1])

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether the second ladder runs here."""
        return self.way is Way.INCOMING and not (self.quiet or self.closed or self.expired or self.held_at is None)

    @property
    def milestone_at(self) -> datetime | None:
        """When the next milestone of the second ladder is due."""
        if self.escalation is None or self.held_at is None or not self.waits_for_an_answer:
            return None
        marks = self.escalation.until_answered[self.answer_step :]
        return self.held_at + self.terms.decision * marks[0].percent / 100 if marks else None

    @property
    def forgotten_at(self) -> datetime | None:
        """When the holder is reminded, or it rings again, because nothing was done since somebody took charge."""
        taken = self.levels.get(Level.ACKNOWLEDGED)
        if self.escalation is None or self.held_at is None or taken is None:
            return None
        if self.rang_again or self.rings or not self.waits_for_an_answer:
            return None
        since = max(taken, self.worked_at or taken)
        left = self.held_at + self.terms.decision - since
        if left <= timedelta(0) or not self.escalation.remind_percent:
            return None
        percent = self.escalation.again_percent if self.reminded else self.escalation.remind_percent
        return since + timedelta(seconds=left * percent // timedelta(seconds=100))

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready: instants as milliseconds since the epoch."""
        return self._plain(None if self.escalation is None else self.escalation.to_plain())

    def to_text(self) -> str:
        """As a row keeps it: JSON, in which the policy is a text of its own, spelled and read once for all requests that hold it."""
        return _JSON.encode(self._plain(None if self.escalation is None else spell_policy(self.escalation)))

    def _plain(self, escalation: object) -> dict[str, Any]:
        return {
            "way": self.way.value,
            "terms": self.terms.to_plain(),
            "calendar": self.calendar.to_plain(),
            "escalation": escalation,
            "opened_at": ms(self.opened_at),
            "expires": ms(self.expires),
            "levels": {level.value: ms(at) for level, at in self.levels.items()},
            "said": {twin.value: ms(at) for twin, at in self.said.items()},
            "heard": {twin.value: ms(at) for twin, at in self.heard.items()},
            "urgency": self.urgency.value,
            "climb": None if self.climb is None else self.climb.to_plain(),
            "answer_step": self.answer_step,
            "joined": list(self.joined),
            "wanted": self.wanted,
            "reached_at": _ms(self.reached_at),
            "reached_by": self.reached_by,
            "worked_at": _ms(self.worked_at),
            "reminded": self.reminded,
            "reminders": self.reminders,
            "rang_again": self.rang_again,
            "again": self.again,
            "by_hand": _ms(self.by_hand),
            "exhausted": self.exhausted,
            "expired": self.expired,
            "acknowledged_by": self.acknowledged_by,
            "degraded": self.degraded,
            "withdrawn_at": _ms(self.withdrawn_at),
            "refused": self.refused,
            "overdue": self.overdue,
            "quiet": self.quiet,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Ladder":
        """The ladder that `to_plain` wrote. Raises EscalationError for anything else."""
        return cls._read(plain, EscalationPolicy.from_plain)

    @classmethod
    def from_text(cls, text: str) -> "Ladder":
        """The ladder that `to_text` wrote. Raises EscalationError for anything else."""
        try:
            plain = json.loads(text)
        except ValueError as error:
            raise EscalationError("E-POLICY", field="ladder") from error
        return cls._read(plain, read_policy)

    @classmethod
    def _read(cls, plain: Any, policy: Callable[[Any], EscalationPolicy]) -> "Ladder":
        try:
            return cls(
                way=Way(plain["way"]),
                terms=Terms.from_plain(plain["terms"]),
                calendar=Calendar.from_plain(plain["calendar"]),
                escalation=None if plain["escalation"] is None else policy(plain["escalation"]),
                opened_at=from_ms(plain["opened_at"]),
                expires=from_ms(plain["expires"]),
                levels={Level(level): from_ms(at) for level, at in plain["levels"].items()},
                said={Twin(twin): from_ms(at) for twin, at in plain["said"].items()},
                heard={Twin(twin): from_ms(at) for twin, at in plain["heard"].items()},
                urgency=Urgency(plain["urgency"]),
                climb=None if plain["climb"] is None else Climb.from_plain(plain["climb"]),
                answer_step=int(plain["answer_step"]),
                joined=tuple(map(str, plain["joined"])),
                wanted=int(plain["wanted"]),
                reached_at=_from_ms(plain["reached_at"]),
                reached_by=str(plain["reached_by"]),
                worked_at=_from_ms(plain["worked_at"]),
                reminded=bool(plain["reminded"]),
                reminders=int(plain["reminders"]),
                rang_again=bool(plain["rang_again"]),
                again=bool(plain["again"]),
                by_hand=_from_ms(plain["by_hand"]),
                exhausted=bool(plain["exhausted"]),
                expired=bool(plain["expired"]),
                acknowledged_by=str(plain["acknowledged_by"]),
                degraded=bool(plain["degraded"]),
                withdrawn_at=_from_ms(plain["withdrawn_at"]),
                refused=str(plain["refused"]),
                overdue=str(plain["overdue"]),
                quiet=bool(plain.get("quiet", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EscalationError("E-POLICY", field="ladder") from error
