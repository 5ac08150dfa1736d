"""The phases of a link, what may be said in each, close codes, and what a session tells its shell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from contactpoint.wire.frames import (
    BacklogEnd,
    Beat,
    Bye,
    Deliver,
    Event,
    Frame,
    Held,
    Hello,
    Lane,
    Missed,
    Prove,
    Put,
    Refused,
    Role,
    Sheet,
    Stored,
    Take,
    Took,
    WantSheet,
)


class End(Enum):
    """Which end of the link this machine is."""

    DIALLER = "dialler"
    LISTENER = "listener"


class Phase(Enum):
    """What has been shown so far. STRANGER: the proof's key is not in the register; TAKING: a mailbox is being read."""

    HELLO = "hello"
    PROVE = "prove"
    OPEN = "open"
    STRANGER = "stranger"
    TAKING = "taking"
    CLOSED = "closed"


class CloseCode(Enum):
    """WebSocket close codes of this protocol, each with the stable code that is logged and said in `bye`."""

    GOING_AWAY = 1001
    PROTOCOL = 4400
    UNPROVEN = 4401
    NOT_YOURS = 4403
    VERSION = 4406
    SLOW_READER = 4408
    SUPERSEDED = 4409
    SILENT = 4410
    STALE_EPOCH = 4411
    CURSOR_AHEAD = 4412
    CREDIT = 4429


class Verdict(Enum):
    """What the register says of a proof."""

    TRUSTED = "trusted"
    UNKNOWN_KEY = "unknown-key"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a peer says it is: whose key must have signed."""

    name: str
    role: Role
    key: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """This end: the State it speaks for, in which role, and the callable that signs (context bound by the caller)."""

    name: str
    role: Role
    key: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Standing:
    """What this end tells of itself at `hello` and with each heartbeat. Roots are None while the log is empty."""

    incarnation: int = 0
    head: int = 0
    log_size: int = 0
    log_root: bytes | None = None
    sheet: int = 0
    sheet_digest: bytes | None = None


Verify = Callable[[Claim, bytes, bytes], Verdict]
"""(claim, message, signature) -> Verdict; pure."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as proven; `proven` is False for a stranger, whose name is only claimed."""

    name: str
    role: Role
    lane: Lane
    host: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """Both proofs hold (or the peer is a stranger, see `peer.proven`)."""

    peer: Peer
    incarnation: int
    sheet: int
    sheet_digest: bytes | None


@dataclass(frozen=True, slots=True)
class LogHead:
    """The proven peer's copy of the register. One that is no prefix or extension of ours is a split view."""

    size: int
    root: bytes | None


@dataclass(frozen=True, slots=True)
class PeerClock:
    """The proven peer's clock, as it spoke."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """The link is over; send what is left, then close with this code."""

    code: CloseCode
    reason: str


SessionEvent = Opened | LogHead | PeerClock | Closed | Frame


class NotNowError(Exception):
    """This end may not say that now (MAY_SAY), or has no credit for it; ask `may_put` or `may_deliver` first."""


_ALIVE: frozenset[type] = frozenset({Beat, Bye})
_ASKING: frozenset[type] = _ALIVE | {Put, Sheet, WantSheet}
_ANSWERING: frozenset[type] = _ALIVE | {Held, Stored, Refused, Sheet}
MAY_SAY: dict[tuple[End, Phase], frozenset[type]] = {
    (End.DIALLER, Phase.HELLO): frozenset({Hello, Bye}),
    (End.LISTENER, Phase.HELLO): frozenset({Hello, Bye}),
    (End.DIALLER, Phase.PROVE): frozenset({Prove, Bye}),
    (End.LISTENER, Phase.PROVE): frozenset({Prove, Bye}),
    (End.DIALLER, Phase.OPEN): _ASKING | {Take},
    (End.LISTENER, Phase.OPEN): _ANSWERING,
    (End.DIALLER, Phase.STRANGER): _ALIVE | {Put, WantSheet},
    (End.LISTENER, Phase.STRANGER): _ALIVE | {Refused, Sheet},
    (End.DIALLER, Phase.TAKING): _ASKING | {Took},
    (End.LISTENER, Phase.TAKING): _ANSWERING | {Deliver, Event, BacklogEnd, Missed},
}
"""The one table: what an end may say while the link is in a phase. A missing entry is the error."""
