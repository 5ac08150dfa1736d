"""What can happen to a ladder, and what it asks to be done. Events and effects are different types."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from contactpoint.domain.values import Level, Twin

# --- events: facts, each with the instant at which it was true (not at which it was heard) ---


@dataclass(frozen=True, slots=True)
class Held:
    """The recipient's gateway signed *held* at `at`. The earliest of an id counts, whatever seal or mailbox."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An officer took charge (`degraded`: the station signed for want of the officer's key)."""

    at: datetime
    by: str = ""
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A coded outcome that meets the decision term; recorded steps such as CALLED-BACK do not come here."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    at: datetime


@dataclass(frozen=True, slots=True)
class Lowered:
    """The addressee lowered the class with a reason: the term for a decision is that of the lower class from now on."""

    at: datetime
    decision: timedelta


@dataclass(frozen=True, slots=True)
class TwinHeard:
    """The other end, or its gateway, signed a negative twin."""

    twin: Twin
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The other end refused the bytes or rejected the move; a later *held* takes it back."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """The own officer has seen that the own request is overdue: that ring stops, the clocks run on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """An officer who was paged says *on my way*, without the console. It is no acknowledgement: it holds the ladder, once."""

    at: datetime
    by: str


class Hand(StrEnum):
    """Who climbed the ladder by hand."""

    OWN = "own"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Escalated:
    """Somebody climbs the ladder by hand: the next rung now, or a chosen one (its index)."""

    at: datetime
    by: Hand
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """One more officer takes charge of what another has acknowledged: the second pair of hands, or the answer to a second ringing."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Worked:
    """The desk did something in the case that does not decide it: it is not forgotten."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; whatever is due by `now` happens."""


Event: TypeAlias = (
    Held
    | Received
    | Opened
    | Acknowledged
    | Joined
    | Worked
    | Reached
    | Escalated
    | Answered
    | Withdrawn
    | Lowered
    | TwinHeard
    | Refused
    | Noted
    | Tick
)

# --- effects ---


class Until(StrEnum):
    """Which ladder of a request a step belongs to: the one until *acknowledged*, or the one until *answered*."""

    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Page:
    """Page all these officers on all these channels (none named: every one). `(request, ladder, cycle, rung, again)` is unique for ever.

    `desks` are other States' desks, `lines` channels that belong to no person. `again` counts handoffs that fell into the rung: only
    who came on duty by it is paged then.
    """

    cycle: int
    rung: int
    officers: tuple[str, ...]
    channels: tuple[str, ...]
    role: str
    desks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    again: int = 0
    until: Until = Until.ACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind who holds the request that it waits for an answer. `number` counts the reminders of this request from 0."""

    officer: str
    number: int


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Nobody need be rung for this request any more; with `officer`, only this one need not."""

    officer: str = ""


@dataclass(frozen=True, slots=True)
class HoldPages:
    """An officer is on the way: what has not gone out yet waits until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class SayReached:
    """The station tells the sender that an officer was reached and is on the way; never who."""

    cycle: int
    rung: int
    role: str
    due: datetime


@dataclass(frozen=True, slots=True)
class SaySlip:
    """The station signs a positive level: received or opened."""

    level: Level


@dataclass(frozen=True, slots=True)
class SayTwin:
    """The own station signs that a level was not reached by its deadline `due`."""

    twin: Twin
    due: datetime


@dataclass(frozen=True, slots=True)
class SayRung:
    """The station tells the sender which role is being tried now and until when; never who.

    `code` of the table: which ladder it is where it is not the first, that it was climbed by hand, that nobody is there.
    """

    cycle: int
    rung: int
    role: str
    due: datetime
    code: str = ""
    until: Until = Until.ACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong at this node. `code` is of the table; `rung` names the rung where there is one."""

    code: str
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring for the own officer: an own request is past a deadline (a twin's name) or was refused (`refused`)."""

    reason: str


Effect: TypeAlias = Page | Remind | StopRinging | HoldPages | SaySlip | SayTwin | SayRung | SayReached | Alarm | Ring
