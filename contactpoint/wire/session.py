"""One link as two sans-I/O machines: frames in, events out, bytes to send, and when to be woken.

Both ends say `hello`, both `prove` (a signature over both hellos, both names and the host dialled), and only then anything
else. Who may say what in which phase is one table, `MAY_SAY`; what stands not in it closes the link. The machines never
touch a socket, a clock or a key: `now` and nonces are arguments, signing and checking are callables given at the start.

What they do not do: they do not know what a letter is. Who may put for whom is the gateway's question; `Opened.peer`
tells it who speaks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from contactpoint.wire.frames import (
    BacklogEnd,
    Beat,
    Bye,
    Cargo,
    CriticalFieldError,
    Deliver,
    Event,
    Frame,
    FrameError,
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
    decode_frame,
    encode_frame,
    put_of,
)
from contactpoint.wire.limits import LinkLimits
from keys import cbor
from keys.digest import digest

VERSION = 1
PROVE_TYPE = "prove"
"""The signed type of a proof: its signature context is the CBOR list ["cpn1", "prove", net]."""
NONCE_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
_NUMBERED = (Deliver, Event)
_ANSWERS = (Held, Stored, Refused)


def prove_message(end: End, dialler_hello: bytes, listener_hello: bytes) -> bytes:
    """What `prove` signs: which end speaks, both names, the host dialled, both nonces and the digests of both hellos.

    The host stops a man in the middle: a proof made for his host is none for the one he dials. The end stops a proof
    from being sent back to its maker.
    """
    dialler, listener = decode_frame(dialler_hello), decode_frame(listener_hello)
    if not isinstance(dialler, Hello) or not isinstance(listener, Hello):
        raise FrameError("a proof covers two hellos")
    return cbor.encode(
        [
            end.value,
            dialler.name,
            listener.name,
            dialler.host,
            dialler.nonce,
            listener.nonce,
            digest(dialler_hello),
            digest(listener_hello),
        ]
    )


class _Session:
    """What both ends have in common: phases, proof, heartbeat, credit. Use Dialler or Listener."""

    end: End
    other: End

    def __init__(
        self, identity: Identity, standing: Standing, verify: Verify, nonce: bytes, limits: LinkLimits, now: datetime
    ) -> None:
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
        self.phase = Phase.HELLO
        self.peer: Peer | None = None
        self.closed: Closed | None = None
        self._identity, self._standing, self._verify = identity, standing, verify
        self._nonce, self._limits = nonce, limits
        self._out: list[bytes] = []
        self._hello: bytes | None = None
        self._their_hello: Hello | None = None
        self._their_hello_bytes = b""
        self._begun = self._heard = self._beaten = now
        self._asked: dict[int, int] = {}  # put credit in use: ref -> bytes of the frame
        self._flying: deque[tuple[int, int]] = deque()  # deliveries without `took`: (number, bytes of the frame)
        self._moved = now  # when `_flying` last got shorter, or longer from nothing
        self._last_number = 0
        self._take_credit = 0
        self._strange_puts = 0

    # What the shell calls.

    def receive(self, data: bytes, now: datetime) -> list[SessionEvent]:
        """One message from the peer -> what it means. Anything that the peer may not say closes the link."""
        if self.phase is Phase.CLOSED:
            return []
        self._heard = now
        try:
            frame = decode_frame(data)
        except CriticalFieldError as error:
            return self._close(CloseCode.VERSION, str(error))
        except FrameError as error:
            return self._close(CloseCode.PROTOCOL, str(error))
        if type(frame) not in MAY_SAY[self.other, self.phase]:
            return self._close(CloseCode.PROTOCOL, f"a {frame.NAME} may not be said in phase {self.phase.value}")
        match frame:
            case Hello():
                return self._on_hello(frame, data, now)
            case Prove():
                return self._on_prove(frame, now)
            case Beat():
                return [LogHead(frame.log_size, frame.log_root), *_clock(frame.at)]
            case Bye():
                return [frame]
            case _:
                return self._on_work(frame, len(data), now)

    def send(self, frame: Frame, now: datetime) -> None:
        """Queue one frame. NotNowError when this end may not say it in this phase or has no credit left."""
        if type(frame) not in MAY_SAY.get((self.end, self.phase), frozenset()):
            raise NotNowError(f"a {frame.NAME} may not be said in phase {self.phase.value}")
        data = encode_frame(frame)
        self._account(frame, len(data), now)
        self._out.append(data)

    def data_to_send(self) -> list[bytes]:
        """The messages to send now, in order; each is handed out once."""
        out, self._out = self._out, []
        return out

    @property
    def next_wake(self) -> datetime | None:
        """When to call `wake` unless something arrives before; None when closed."""
        if self.phase is Phase.CLOSED:
            return None
        if self.phase in (Phase.HELLO, Phase.PROVE):
            return self._begun + timedelta(seconds=self._limits.handshake_s)
        due = [
            self._heard + timedelta(seconds=self._limits.dead_s),
            self._beaten + timedelta(seconds=self._limits.beat_s),
        ]
        if self._flying and self.end is End.LISTENER:
            due.append(self._moved + timedelta(seconds=self._limits.slow_reader_s))
        return min(due)

    def wake(self, now: datetime, standing: Standing | None = None) -> list[SessionEvent]:
        """Time has passed: a heartbeat is queued, or the link is given up. `standing` is what the heartbeat tells."""
        self._standing = standing or self._standing
        if self.phase is Phase.CLOSED:
            return []
        if self.phase in (Phase.HELLO, Phase.PROVE):
            late = now >= self._begun + timedelta(seconds=self._limits.handshake_s)
            return self._close(CloseCode.UNPROVEN, "no proof in time") if late else []
        if now >= self._heard + timedelta(seconds=self._limits.dead_s):
            return self._close(CloseCode.SILENT, "nothing heard from the peer")
        slow = now >= self._moved + timedelta(seconds=self._limits.slow_reader_s)
        if self._flying and slow and self.end is End.LISTENER:
            return self._close(CloseCode.SLOW_READER, "the taker does not say `took`")
        if now >= self._beaten + timedelta(seconds=self._limits.beat_s):
            self._beaten = now
            log = self._standing
            self.send(Beat(_milliseconds(now), log.head, log.log_size, log.log_root), now)
        return []

    def close(self, code: CloseCode, reason: str, number: int = 0) -> list[SessionEvent]:
        """End the link from this side: `bye`, then close with this code. `number`: see `frames.Bye`."""
        if self.phase is Phase.CLOSED:
            return []
        return self._close(code, reason, number)

    @property
    def unanswered(self) -> int:
        """How many puts wait for an answer."""
        return len(self._asked)

    # Handshake.

    def _say_hello(self, host: str, lane: Lane) -> None:
        mine, log = self._identity, self._standing
        hello = Hello(
            versions=(VERSION,),
            name=mine.name,
            role=mine.role,
            host=host,
            lane=lane,
            nonce=self._nonce,
            incarnation=log.incarnation,
            credit_messages=self._limits.credit_messages,
            credit_bytes=self._limits.credit_bytes,
            log_size=log.log_size,
            log_root=log.log_root,
            sheet=log.sheet,
            sheet_digest=log.sheet_digest,
        )
        self._hello = encode_frame(hello)
        self._out.append(self._hello)

    def _say_prove(self) -> None:
        signature = self._identity.sign(self._message(self.end))
        self._out.append(encode_frame(Prove(self._identity.key, signature)))

    def _message(self, end: End) -> bytes:
        assert self._hello is not None  # (a proof follows both hellos)
        mine, theirs = self._hello, self._their_hello_bytes
        return prove_message(end, *((mine, theirs) if self.end is End.DIALLER else (theirs, mine)))

    def _on_hello(self, hello: Hello, data: bytes, now: datetime) -> list[SessionEvent]:
        if VERSION not in hello.versions:
            return self._close(CloseCode.VERSION, "no version in common")
        if len(hello.nonce) != NONCE_BYTES or hello.nonce == self._nonce:
            return self._close(CloseCode.PROTOCOL, "not a fresh nonce")
        self._their_hello, self._their_hello_bytes = hello, data
        problem = self._wrong_hello(hello)
        if problem:
            return self._close(CloseCode.NOT_YOURS, problem)
        self.phase = Phase.PROVE
        self._greet(hello)
        return []

    def _on_prove(self, prove: Prove, now: datetime) -> list[SessionEvent]:
        hello = self._their_hello
        assert hello is not None  # (phase PROVE follows a hello)
        claim = Claim(hello.name, hello.role, prove.key, now)
        verdict = self._verify(claim, self._message(self.other), prove.signature)
        if verdict is Verdict.FALSE or (verdict is Verdict.UNKNOWN_KEY and self.end is End.DIALLER):
            return self._close(CloseCode.UNPROVEN, "the proof does not hold")
        proven = verdict is Verdict.TRUSTED
        self.peer = Peer(hello.name, hello.role, hello.lane, hello.host, proven)
        self._admit()
        self.phase = Phase.OPEN if proven else Phase.STRANGER
        self._beaten = self._moved = now
        opened = Opened(self.peer, hello.incarnation, hello.sheet, hello.sheet_digest)
        return [opened, LogHead(hello.log_size, hello.log_root)] if proven else [opened]

    def _wrong_hello(self, hello: Hello) -> str:
        raise NotImplementedError

    def _greet(self, hello: Hello) -> None:
        raise NotImplementedError

    def _admit(self) -> None:
        raise NotImplementedError

    def _on_work(self, frame: Frame, size: int, now: datetime) -> list[SessionEvent]:
        raise NotImplementedError

    def _account(self, frame: Frame, size: int, now: datetime) -> None:
        raise NotImplementedError

    def _close(self, code: CloseCode, reason: str, number: int = 0) -> list[SessionEvent]:
        self._out.append(encode_frame(Bye(code.name.lower().replace("_", "-"), number)))
        self.phase = Phase.CLOSED
        self.closed = Closed(code, reason)
        return [self.closed]


class Dialler(_Session):
    """The end that dialled: a State's station, or a gateway that reports a twin. It asks and takes."""

    end, other = End.DIALLER, End.LISTENER

    def __init__(
        self,
        identity: Identity,
        standing: Standing,
        verify: Verify,
        nonce: bytes,
        limits: LinkLimits,
        now: datetime,
        *,
        name: str,
        host: str,
        lane: Lane,
    ) -> None:
        """`name` is the State whose gateway must answer, `host` the host and port that were dialled."""
        super().__init__(identity, standing, verify, nonce, limits, now)
        self._name, self._host = name, host
        self._ref = 0
        self._say_hello(host, lane)

    def may_put(self, cargo: Cargo) -> bool:
        """Whether there is credit for this question now."""
        if self.phase not in (Phase.OPEN, Phase.TAKING) or self._their_hello is None:
            return False
        size = len(encode_frame(put_of(self._ref + 1, cargo)))
        room = self._their_hello.credit_bytes - sum(self._asked.values())
        return len(self._asked) < self._their_hello.credit_messages and size <= room

    def send_put(self, cargo: Cargo, now: datetime) -> int:
        """Ask the gateway to hold this; the answer carries the `ref` returned here."""
        if not self.may_put(cargo):
            raise NotNowError("no credit for another question; wait for an answer")
        self._ref += 1
        self.send(put_of(self._ref, cargo), now)
        return self._ref

    def send_take(self, mailbox: str, holder: str, epoch: int, after: int, now: datetime) -> None:
        """Become the mailbox's taker, from the item after number `after`."""
        self.send(Take(mailbox, holder, epoch, after, self._limits.credit_messages), now)
        self._last_number = after
        self.phase = Phase.TAKING

    def _wrong_hello(self, hello: Hello) -> str:
        # A gateway that answers as somebody else is not the one we dialled for.
        if hello.name != self._name or hello.role is not Role.GATEWAY:
            return "another than the gateway dialled answers"
        return "" if hello.host == self._host else "the gateway answers for another host"

    def _greet(self, hello: Hello) -> None:
        """Nothing yet: our proof goes out when theirs holds, so that an impostor gets none."""

    def _admit(self) -> None:
        self._say_prove()

    def _account(self, frame: Frame, size: int, now: datetime) -> None:
        match frame:
            case Put():
                self._asked[frame.ref] = size
            case Took():
                if not any(number <= frame.through for number, _ in self._flying):
                    raise NotNowError("nothing was delivered that this `took` covers")
                while self._flying and self._flying[0][0] <= frame.through:
                    self._flying.popleft()

    def _on_work(self, frame: Frame, size: int, now: datetime) -> list[SessionEvent]:
        if isinstance(frame, _ANSWERS) and self._asked.pop(frame.ref, None) is None:
            return self._close(CloseCode.PROTOCOL, "an answer to no question")
        if isinstance(frame, _NUMBERED):
            # Numbers are commit-ordered; one that goes back would be taken twice or skip another.
            if frame.number <= self._last_number:
                return self._close(CloseCode.PROTOCOL, "a mailbox number went back")
            if len(self._flying) >= self._limits.credit_messages:
                return self._close(CloseCode.CREDIT, "more deliveries than were asked for")
            self._last_number = frame.number
            self._flying.append((frame.number, size))
        return [frame]


class Listener(_Session):
    """The end that was dialled: a gateway. It answers and delivers."""

    end, other = End.LISTENER, End.DIALLER

    def __init__(
        self,
        identity: Identity,
        standing: Standing,
        verify: Verify,
        nonce: bytes,
        limits: LinkLimits,
        now: datetime,
        *,
        hosts: frozenset[str],
    ) -> None:
        """`hosts`: every host and port under which this gateway stands in charters."""
        super().__init__(identity, standing, verify, nonce, limits, now)
        self._hosts = hosts

    def may_deliver(self, frame: Deliver | Event) -> bool:
        """Whether the taker has credit for this item now."""
        size = len(encode_frame(frame))
        used = sum(bytes_ for _, bytes_ in self._flying)
        return len(self._flying) < self._take_credit and (not used or used + size <= self._limits.credit_bytes)

    def _wrong_hello(self, hello: Hello) -> str:
        # A proof made for another host must not open this one (man in the middle).
        return "" if hello.host in self._hosts else "not a host of this gateway"

    def _greet(self, hello: Hello) -> None:
        self._say_hello(hello.host, hello.lane)
        self._say_prove()

    def _admit(self) -> None:
        """Nothing to say: our proof went out with our hello."""

    def _account(self, frame: Frame, size: int, now: datetime) -> None:
        if isinstance(frame, _ANSWERS):
            if self._asked.pop(frame.ref, None) is None:
                raise NotNowError("an answer to no question")
        elif isinstance(frame, _NUMBERED):
            if not self.may_deliver(frame):
                raise NotNowError("the taker has no credit for another item")
            if not self._flying:
                self._moved = now
            self._last_number = frame.number
            self._flying.append((frame.number, size))

    def _on_work(self, frame: Frame, size: int, now: datetime) -> list[SessionEvent]:
        match frame:
            case Put():
                return self._on_put(frame, size)
            case Take():
                self.phase = Phase.TAKING
                self._take_credit = min(frame.credit, self._limits.credit_messages)
                self._last_number = frame.after
                if not self._take_credit:
                    return self._close(CloseCode.PROTOCOL, "a taker without credit")
            case Took():
                if not self._flying or frame.through > self._last_number:
                    return self._close(CloseCode.PROTOCOL, "`took` of what was not delivered")
                while self._flying and self._flying[0][0] <= frame.through:
                    self._flying.popleft()
                self._moved = now
        return [frame]

    def _on_put(self, put: Put, size: int) -> list[SessionEvent]:
        if put.ref in self._asked:
            return self._close(CloseCode.PROTOCOL, "two questions under one number")
        self._strange_puts += self.phase is Phase.STRANGER
        if self._strange_puts > self._limits.stranger_messages:
            return self._close(CloseCode.UNPROVEN, "a stranger puts too much")
        # Flooding: whoever sends beyond the credit that it was given is not asked to slow down.
        if (
            len(self._asked) >= self._limits.credit_messages
            or sum(self._asked.values()) + size > self._limits.credit_bytes
        ):
            return self._close(CloseCode.CREDIT, "more unanswered than was granted")
        self._asked[put.ref] = size
        return [put]


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _clock(milliseconds: int) -> list[SessionEvent]:
    """A heartbeat's clock, unless it says a time that is none: a peer's nonsense must not stop its link."""
    try:
        return [PeerClock(_EPOCH + timedelta(milliseconds=milliseconds))]
    except OverflowError:
        return []
