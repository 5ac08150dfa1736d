"""The frames of a link: what one binary WebSocket message says.

A frame is one deterministic CBOR map of at most 256 KiB (protocol, section 5). Its fields are those of the class
below; its name stands under `frame`. A field that is absent reads as null. Fields that this version does not know are
ignored, unless the sender lists them under `critical`: then the frame is refused, because its sender says that it
means something else without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import ClassVar, get_args, get_type_hints

from contactpoint.domain.codes import Retry
from contactpoint.wire.envelope import Parcel
from keys import cbor
from keys.errors import SpellingError

FRAME_LIMIT = 256 * 1024
_NAME = "frame"
_CRITICAL = "critical"


class FrameError(Exception):
    """These bytes are no frame of this protocol; the link they came over must be closed."""


class CriticalFieldError(FrameError):
    """The peer insists on a field that this version does not know; one of the two must be upgraded."""


class Role(Enum):
    """With which of its keys an end proves itself."""

    STATION = "station"
    GATEWAY = "gateway"


class Lane(Enum):
    """Which of a peer's connections this is; each has its own work queue."""

    URGENT = "urgent"
    ROUTINE = "routine"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Hello:
    """First words, before anybody is believed; `prove` covers the exact bytes of both."""

    NAME: ClassVar[str] = "hello"
    versions: tuple[int, ...]
    name: str
    role: Role
    host: str
    lane: Lane
    nonce: bytes
    incarnation: int
    credit_messages: int
    credit_bytes: int
    log_size: int
    log_root: bytes | None
    sheet: int
    sheet_digest: bytes | None


@dataclass(frozen=True, slots=True)
class Prove:
    """Signature over both hellos, both names and the host dialled."""

    NAME: ClassVar[str] = "prove"
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Put:
    """A letter (envelope and payload) or a slip, for the mailbox named inside; `ref` numbers the question."""

    NAME: ClassVar[str] = "put"
    ref: int
    envelope: bytes | None = None
    payload: bytes | None = None
    slip: bytes | None = None

    def __post_init__(self) -> None:
        _one_cargo(self.envelope, self.payload, self.slip)

    @property
    def cargo(self) -> Cargo:
        return _cargo(self.envelope, self.payload, self.slip)


@dataclass(frozen=True, slots=True)
class Held:
    """The letter is durable; `receipt` is the signed proof. A repeat carries the same bytes and `duplicate`."""

    NAME: ClassVar[str] = "held"
    ref: int
    receipt: bytes
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """The slip is durable. Slips earn no receipt."""

    NAME: ClassVar[str] = "stored"
    ref: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was stored. The code only: a stranger learns no detail. `after` is seconds, for `same-id-later`."""

    NAME: ClassVar[str] = "refused"
    ref: int
    code: str
    retry: Retry
    after: int


@dataclass(frozen=True, slots=True)
class Take:
    """Send me my mail: everything after number `after`, at most `credit` items without `took`."""

    NAME: ClassVar[str] = "take"
    mailbox: str
    holder: str
    epoch: int
    after: int
    credit: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Item `number` of the mailbox: a letter with its held receipt, or a slip."""

    NAME: ClassVar[str] = "deliver"
    number: int
    envelope: bytes | None = None
    payload: bytes | None = None
    held: bytes | None = None
    slip: bytes | None = None

    def __post_init__(self) -> None:
        _one_cargo(self.envelope, self.payload, self.slip)

    @property
    def cargo(self) -> Cargo:
        return _cargo(self.envelope, self.payload, self.slip)


@dataclass(frozen=True, slots=True)
class Event:
    """Item `number`: what the gateway did on its own: a letter it refused, or one that lies undrained.

    `claimed` is whom the letter says it is from. Of a refused letter nothing else is true because it says so.
    """

    NAME: ClassVar[str] = "event"
    number: int
    what: str
    code: str
    claimed: str
    id: str
    urgency: str
    at: int


@dataclass(frozen=True, slots=True)
class BacklogEnd:
    """Everything up to this number was sent; what follows is new."""

    NAME: ClassVar[str] = "backlog-end"
    upto: int


@dataclass(frozen=True, slots=True)
class Missed:
    """These numbers will never be delivered, and why."""

    NAME: ClassVar[str] = "missed"
    first: int
    last: int
    why: str


@dataclass(frozen=True, slots=True)
class Took:
    """Everything through this number is committed at the desk."""

    NAME: ClassVar[str] = "took"
    through: int


@dataclass(frozen=True, slots=True)
class Beat:
    """I am alive; my clock (ms), how many items my mailboxes were given, and my copy of the register."""

    NAME: ClassVar[str] = "beat"
    at: int
    head: int
    log_size: int
    log_root: bytes | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A State's prekey sheet: from its own desk to be handed out, or in answer to `want-sheet` (null: none here)."""

    NAME: ClassVar[str] = "sheet"
    state: str
    number: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class WantSheet:
    """Give me the newest prekey sheet of this State."""

    NAME: ClassVar[str] = "want-sheet"
    state: str


@dataclass(frozen=True, slots=True)
class Bye:
    """I am about to close, and why. `number`: the mailbox's epoch (stale-epoch) or its last number (cursor-ahead)."""

    NAME: ClassVar[str] = "bye"
    code: str
    number: int


Frame = (
    Hello
    | Prove
    | Put
    | Held
    | Stored
    | Refused
    | Take
    | Deliver
    | Event
    | BacklogEnd
    | Missed
    | Took
    | Beat
    | Sheet
    | WantSheet
    | Bye
)
Cargo = Parcel | bytes
"""What is put: a letter (`Parcel`) or the bytes of a signed slip."""

_Read = Callable[[cbor.Value], object]


def put_of(ref: int, cargo: Cargo) -> Put:
    """The question that carries this cargo."""
    if isinstance(cargo, Parcel):
        return Put(ref, envelope=cargo.envelope, payload=cargo.payload)
    return Put(ref, slip=cargo)


def encode_frame(frame: Frame) -> bytes:
    """One frame as the bytes of one message. FrameError when it is too long to travel."""
    value: dict[str, cbor.Value] = {_NAME: frame.NAME}
    for field in fields(frame):
        content = _plain(getattr(frame, field.name))
        if content is not None:
            value[field.name] = content
    data = cbor.encode(value)
    if len(data) > FRAME_LIMIT:
        raise FrameError(f"a {frame.NAME} of {len(data)} bytes does not fit into a frame of {FRAME_LIMIT}")
    return data


def decode_frame(data: bytes) -> Frame:
    """The frame that these bytes say. FrameError for anything this version would not have written."""
    try:
        value = cbor.decode(data, limit=FRAME_LIMIT)
    except SpellingError as error:
        raise FrameError("a message is not one deterministic CBOR map of at most 256 KiB") from error
    if not isinstance(value, dict):
        raise FrameError("a message is not a map")
    name = value.get(_NAME)
    shape = _SHAPES.get(name) if isinstance(name, str) else None
    if shape is None:
        raise FrameError("a message has no name that this version knows")
    _refuse_unknown_critical(value, shape.readers)
    try:
        return shape.make(**{field: read(value.get(field)) for field, read in shape.readers.items()})
    except (TypeError, ValueError) as error:
        raise FrameError(f"a {shape.name} has a field missing or of the wrong type") from error


def _refuse_unknown_critical(value: dict[str, cbor.Value], readers: dict[str, _Read]) -> None:
    critical = value.get(_CRITICAL, [])
    if not isinstance(critical, list):
        raise FrameError("`critical` is not a list of field names")
    for field in critical:
        if not isinstance(field, str) or field not in readers:
            raise CriticalFieldError("the peer insists on a field that this version does not know")


def _one_cargo(envelope: bytes | None, payload: bytes | None, slip: bytes | None) -> None:
    letter = envelope is not None and payload is not None and slip is None
    if not letter and (slip is None or envelope is not None or payload is not None):
        raise ValueError("one of a letter and a slip, not both and not half of one")


def _cargo(envelope: bytes | None, payload: bytes | None, slip: bytes | None) -> Cargo:
    if envelope is not None and payload is not None:
        return Parcel(envelope, payload)
    assert slip is not None  # (_one_cargo has seen to it)
    return slip


def _plain(value: object) -> cbor.Value:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str):
        return str(value)  # an Address is text, but not exactly
    assert value is None or isinstance(value, bool | int | str | bytes)  # (the field types above)
    return value


def _integer(value: cbor.Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _text(value: cbor.Value) -> str:
    if not isinstance(value, str) or len(value) > 255:
        raise ValueError
    return value


def _octets(value: cbor.Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError
    return value


def _octets_or_none(value: cbor.Value) -> bytes | None:
    return None if value is None else _octets(value)


def _truth(value: cbor.Value) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _integers(value: cbor.Value) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 16:
        raise ValueError
    return tuple(_integer(part) for part in value)


_READERS: dict[object, _Read] = {
    int: _integer,
    str: _text,
    bytes: _octets,
    bytes | None: _octets_or_none,
    bool: _truth,
    tuple[int, ...]: _integers,
    Role: lambda value: Role(_text(value)),
    Lane: lambda value: Lane(_text(value)),
    Retry: lambda value: Retry(_text(value)),
}


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    make: Callable[..., Frame]
    readers: dict[str, _Read]


def _shape(kind: type[Frame]) -> _Shape:
    hints = get_type_hints(kind)
    return _Shape(kind.NAME, kind, {field.name: _READERS[hints[field.name]] for field in fields(kind)})


_SHAPES: dict[str, _Shape] = {kind.NAME: _shape(kind) for kind in get_args(Frame)}
