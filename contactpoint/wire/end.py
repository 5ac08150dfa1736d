"""What both ends of a link have in common: hello, proof, heartbeats, silence, and the closing of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from datetime import UTC, datetime, timedelta

from contactpoint.wire.frames import (
    Beat,
    Bye,
    CriticalFieldError,
    Frame,
    FrameError,
    Hello,
    Lane,
    Prove,
    decode_frame,
    encode_frame,
)
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.phases import (
    MAY_SAY,
    Claim,
    CloseCode,
    Closed,
    End,
    Identity,
    LogHead,
    NotNowError,
    Opened,
    Peer,
    PeerClock,
    Phase,
    SessionEvent,
    Standing,
    Verdict,
    Verify,
)
from keys import cbor
from keys.digest import digest

VERSION = 1
PROVE_TYPE = "prove"
"""The signed type of a proof: its signature context is the CBOR list ["cpn1", "prove", net]."""
NONCE_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


class LinkEnd(ABC):
    """What both ends have in common: phases, proof, heartbeat, credit. Use `session.Dialler` or `session.Listener`."""

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

    @abstractmethod
    def _wrong_hello(self, hello: Hello) -> str:
        """Why this hello cannot be answered; empty when it can."""

    @abstractmethod
    def _greet(self, hello: Hello) -> None:
        """Say what this end says after a good hello."""

    @abstractmethod
    def _admit(self) -> None:
        """The peer has proven itself (or is a stranger): say what this end owes for that."""

    @abstractmethod
    def _on_work(self, frame: Frame, size: int, now: datetime) -> list[SessionEvent]:
        """What a frame beyond hello and proof means."""

    @abstractmethod
    def _account(self, frame: Frame, size: int, now: datetime) -> None:
        """Count the frame against the credits."""

    def _close(self, code: CloseCode, reason: str, number: int = 0) -> list[SessionEvent]:
        self._out.append(encode_frame(Bye(code.name.lower().replace("_", "-"), number)))
        self.phase = Phase.CLOSED
        self.closed = Closed(code, reason)
        return [self.closed]


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _clock(milliseconds: int) -> list[SessionEvent]:
    """A heartbeat's clock, unless it says a time that is none: a peer's nonsense must not stop its link."""
    try:
        return [PeerClock(_EPOCH + timedelta(milliseconds=milliseconds))]
    except OverflowError:
        return []
