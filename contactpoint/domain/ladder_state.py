"""One end's knowledge of one request's clocks, as a row keeps it. What happens to it is decided in `ladder.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Staircase
from contactpoint.domain.policy import Terms
from contactpoint.domain.values import Level, Twin, from_ms, ms


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

    `levels` keeps every positive with the instant at which it was true, `said` the twins this end signed and `heard`
    those the other end did. `step` counts the rung steps that were fired or left out. `quiet`: the request rings nobody
    at either end and waits for nobody; *received* is the end of its ladder.
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
        if self.quiet:
            return False
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
            begins = self._next_rung()
            if begins is not None:
                times.append(begins)
        return min(times, default=None)

    def unsaid(self) -> list[tuple[Twin, datetime]]:
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
        return self.held_at + stairs.step(self.step).starts

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
            "quiet": self.quiet,
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
                quiet=bool(plain.get("quiet", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EscalationError("E-POLICY", field="ladder") from error
