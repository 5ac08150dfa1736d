"""What can happen to a ladder, and what it asks to be done. Events and effects are different types."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
class Tick:
    """Time has passed; whatever is due by `now` happens."""


Event: TypeAlias = (
    Held | Received | Opened | Acknowledged | Answered | Withdrawn | Lowered | TwinHeard | Refused | Noted | Tick
)

# --- effects ---


@dataclass(frozen=True, slots=True)
class Page:
    """Page all these officers on all these channels. `(request, cycle, rung)` is unique for ever."""

    cycle: int
    rung: int
    officers: tuple[str, ...]
    channels: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Nobody need be rung for this request any more."""


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
    """The station tells the sender which role is being tried now and until when; never who."""

    cycle: int
    rung: int
    role: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong at this node. `code` is of the table; `rung` names the rung where there is one."""

    code: str
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring for the own officer: an own request is past a deadline (a twin's name) or was refused (`refused`)."""

    reason: str


Effect: TypeAlias = Page | StopRinging | SaySlip | SayTwin | SayRung | Alarm | Ring
