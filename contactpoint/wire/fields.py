"""Strict reading of one CBOR map: every field typed, none missing, none unknown, or MalformedError."""

import re
from collections.abc import Set
from datetime import datetime

from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import Address, Urgency, parse_address
from contactpoint.wire.errors import MalformedError
from keys.cbor import Value, decode
from keys.errors import SpellingError
from keys.instants import from_milliseconds

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def decode_map(data: bytes, what: str, required: Set[str], optional: Set[str] = frozenset()) -> "Fields":
    """Return the fields of the one-spelling CBOR map in `data`. Raises MalformedError."""
    try:
        value = decode(data)
    except SpellingError as error:
        raise MalformedError(f"{what}: {error}") from error
    return Fields(value, what, required, optional)


def is_message_id(text: str) -> bool:
    """Return whether `text` is a UUIDv7 (RFC 9562) in its one spelling, as statements and cases are named."""
    return _UUID7.fullmatch(text) is not None


class Fields:
    """The fields of one map, each read by its type. `what` names the map in errors; errors never quote content."""

    __slots__ = ("_map", "_what")

    def __init__(self, value: Value, what: str, required: Set[str], optional: Set[str] = frozenset()) -> None:
        if not isinstance(value, dict):
            raise MalformedError(f"{what} is not a map: update the sending software")
        missing = required - value.keys()
        unknown = value.keys() - required - optional
        if missing or unknown:
            raise MalformedError(
                f"{what} lacks {sorted(missing)} and has {len(unknown)} unknown fields: update the sending software"
            )
        self._map, self._what = value, what

    def _wrong(self, name: str, expected: str) -> MalformedError:
        return MalformedError(f"{self._what}: {name} is not {expected}: update the sending software")

    def has(self, name: str) -> bool:
        return name in self._map

    def text(self, name: str, *, most: int = 256) -> str:
        value = self._map[name]
        if not isinstance(value, str) or len(value) > most:
            raise self._wrong(name, f"text of at most {most} characters")
        return value

    def token(self, name: str) -> str:
        """A short name of letters, digits, dot, hyphen and underscore: a kind, a version, a code, a role."""
        value = self.text(name)
        if not _TOKEN.fullmatch(value):
            raise self._wrong(name, "a short name")
        return value

    def message_id(self, name: str) -> str:
        value = self.text(name)
        if not is_message_id(value):
            raise self._wrong(name, "a UUIDv7")
        return value

    def integer(self, name: str, *, least: int = 0) -> int:
        value = self._map[name]
        if type(value) is not int or value < least:
            raise self._wrong(name, f"an integer of at least {least}")
        return value

    def integer_or_none(self, name: str) -> int | None:
        """A signed integer of either sign, or null."""
        return None if self._map[name] is None else self.integer(name, least=-(2**53))

    def octets(self, name: str, size: int | None = None) -> bytes:
        value = self._map[name]
        if not isinstance(value, bytes) or (size is not None and len(value) != size):
            raise self._wrong(name, "a byte string" if size is None else f"{size} bytes")
        return value

    def octets_or_none(self, name: str, size: int) -> bytes | None:
        return None if self._map[name] is None else self.octets(name, size)

    def instant(self, name: str) -> datetime:
        try:
            return from_milliseconds(self.integer(name))
        except ValueError as error:
            raise self._wrong(name, "an instant") from error

    def address(self, name: str) -> Address:
        try:
            return parse_address(self.text(name))
        except DomainError as error:
            raise self._wrong(name, "an address") from error

    def urgency(self, name: str) -> Urgency:
        try:
            return Urgency(self.text(name))
        except ValueError as error:
            raise self._wrong(name, "a class U0 to U3") from error

    def items(self, name: str, *, most: int) -> list[Value]:
        value = self._map[name]
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(name, f"a list of at most {most}")
        return value

    def mapping(self, name: str) -> dict[str, Value]:
        value = self._map[name]
        if not isinstance(value, dict):
            raise self._wrong(name, "a map")
        return value
