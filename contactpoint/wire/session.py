"""One link as two sans-I/O machines: frames in, events out, bytes to send, and when to be woken.

Both ends say `hello`, both `prove` (a signature over both hellos, both names and the host dialled), and only then
anything else. Who may say what in which phase is one table, `phases.MAY_SAY`; what stands not in it closes the link.
The machines never touch a socket, a clock or a key: `now` and nonces are arguments, signing and checking are callables.

What they do not do: they do not know what a letter is. Who may put for whom is the gateway's question; `Opened.peer`
tells it who speaks.
"""

from __future__ import annotations

from datetime import datetime

from contactpoint.wire.end import NONCE_BYTES, LinkEnd, prove_message
from contactpoint.wire.frames import (
    Cargo,
    Deliver,
    Event,
    Frame,
    Held,
    Hello,
    Lane,
    Put,
    Refused,
    Role,
    Stored,
    Take,
    Took,
    encode_frame,
    put_of,
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

__all__ = [
    "MAY_SAY",
    "NONCE_BYTES",
    "Claim",
    "CloseCode",
    "Closed",
    "Dialler",
    "End",
    "Identity",
    "Listener",
    "LogHead",
    "NotNowError",
    "Opened",
    "Peer",
    "PeerClock",
    "Phase",
    "SessionEvent",
    "Standing",
    "Verdict",
    "Verify",
    "prove_message",
]

_NUMBERED = (Deliver, Event)
_ANSWERS = (Held, Stored, Refused)


class Dialler(LinkEnd):
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


class Listener(LinkEnd):
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
