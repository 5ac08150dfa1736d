"""The small words that every other room uses: urgency, address, side, level, twin, and dates as text.

An address is a State (`XA`) or one of its territories (`XA-T1`). Times are aware UTC datetimes, cut to milliseconds,
because a signed statement holds whole milliseconds and both ends must compute with the same number.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from contactpoint.domain.codes import DomainError

Plain: TypeAlias = "bool | int | str | bytes | Sequence[Plain] | Mapping[str, Plain] | None"
"""What a statement's body may hold: no floats, no dates; a date in a body is RFC 3339 text."""

_ADDRESS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,6})?")


class AddressError(DomainError):
    """The text is no address; write two capitals, and a territory after a hyphen: XA, XA-T1."""


class DateError(DomainError):
    """The text is no instant; write it in RFC 3339 with its offset: 2027-03-04T13:00Z."""


class Urgency(StrEnum):
    """How soon it hurts: U0 a life (Article 2(o)), U1 hours, U2 days, U3 normal."""

    U0 = "U0"
    U1 = "U1"
    U2 = "U2"
    U3 = "U3"


class Side(StrEnum):
    """Who speaks within one request: the State that asked, or the State that was asked."""

    REQUESTER = "requester"
    ADDRESSEE = "addressee"

    @property
    def other(self) -> "Side":
        return Side.ADDRESSEE if self is Side.REQUESTER else Side.REQUESTER


class Level(StrEnum):
    """How far one letter came, in rising order (`docs/protocol.md`, the ladder)."""

    QUEUED = "queued"
    HELD = "held"
    RECEIVED = "received"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Twin(StrEnum):
    """The signed *not by then* of a level."""

    UNREACHABLE = "unreachable"
    NOT_RECEIVED = "not-received"
    NOT_OPENED = "not-opened"
    NOT_ACKNOWLEDGED = "not-acknowledged"
    LAPSED = "lapsed"
    EXPIRED = "expired"

    @property
    def level(self) -> Level:
        """The level that was not reached."""
        return _MISSED[self]


_MISSED = {
    Twin.UNREACHABLE: Level.HELD,
    Twin.NOT_RECEIVED: Level.RECEIVED,
    Twin.NOT_OPENED: Level.OPENED,
    Twin.NOT_ACKNOWLEDGED: Level.ACKNOWLEDGED,
    Twin.LAPSED: Level.ANSWERED,
    Twin.EXPIRED: Level.RECEIVED,
}


class Address(str):
    """A contact point's address. Make one from outside text with `parse_address`."""

    __slots__ = ()

    @property
    def state(self) -> str:
        return self[:2]

    @property
    def territory(self) -> str:
        return self[3:]


def is_address(text: str) -> bool:
    """Whether this is an address as every node spells it."""
    return _ADDRESS.fullmatch(text) is not None


def parse_address(text: str) -> Address:
    """Promise: an address that every node spells alike. Raises AddressError."""
    if not _ADDRESS.fullmatch(text):
        raise AddressError("E-MALFORMED", field="address")
    return Address(text)


def parse_instant(text: str) -> datetime:
    """Promise: the instant that an RFC 3339 text names, in UTC, cut to milliseconds; an offset is required. Raises DateError.

    Seconds may be left out, as officers do. A date without its offset is refused: two States would read two instants.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise DateError("E-FIELD-INVALID") from error
    if instant.tzinfo is None:
        raise DateError("E-FIELD-INVALID")
    try:
        return to_ms(instant.astimezone(UTC))
    except OverflowError as error:
        raise DateError("E-FIELD-INVALID") from error


def to_ms(instant: datetime) -> datetime:
    """The same instant cut to the whole millisecond, as it is signed."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms(instant: datetime) -> int:
    """Milliseconds since the Unix epoch, UTC: the number that is signed and stored."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(number: int) -> datetime:
    """The instant of a signed number of milliseconds. Raises DateError where no calendar reaches."""
    try:
        return _EPOCH + timedelta(milliseconds=number)
    except OverflowError as error:
        raise DateError("E-FIELD-INVALID") from error


def spell_instant(instant: datetime) -> str:
    """The one spelling of an instant that the product itself writes into a body."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
