"""Field types shared by the register's documents: how keys, instants and codes stand in CBOR, and their limits."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationError,
)
from pydantic import Field as Limited

from directory.errors import DocumentError
from keys.cbor import Value, decode, encode
from keys.certificate import KeyRecord
from keys.digest import digest
from keys.errors import KeysError
from keys.instants import from_milliseconds, to_milliseconds
from keys.signing import PublicKey

DOCUMENT_BYTES = 98_304
"""A charter with sixteen keys and their proofs fits; the signed object around it stays below 128 KiB."""


def _instant(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return from_milliseconds(to_milliseconds(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return from_milliseconds(value)
    raise ValueError("not an instant: milliseconds since the Unix epoch, or an aware datetime")


def _public_key(value: object) -> PublicKey:
    if isinstance(value, PublicKey):
        return value
    if not isinstance(value, bytes):
        raise ValueError("not a public key")
    try:
        return PublicKey(value)
    except KeysError as error:
        raise ValueError(str(error)) from None


def _key_record(value: object) -> KeyRecord:
    if isinstance(value, KeyRecord):
        return value
    try:
        return KeyRecord.from_value(value)  # type: ignore[arg-type]
    except (KeysError, TypeError, KeyError) as error:
        raise ValueError(f"not a key record: {error}") from None


def _raw_key(key: PublicKey) -> bytes:
    return key.data


def _record_value(record: KeyRecord) -> dict[str, object]:
    return dict(record.to_value())


Instant = Annotated[datetime, BeforeValidator(_instant), PlainSerializer(to_milliseconds)]
Key = Annotated[PublicKey, PlainValidator(_public_key), PlainSerializer(_raw_key)]
Record = Annotated[KeyRecord, PlainValidator(_key_record), PlainSerializer(_record_value)]
Digest = Annotated[bytes, Limited(min_length=32, max_length=32)]
StateCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?$")]
"""Two letters of ISO 3166-1, or such a code with, say, `-T1` for a territory that has a desk of its own."""
Number = Annotated[int, Limited(ge=1, le=2**31)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Long = Annotated[str, StringConstraints(max_length=2000)]


class Plain(BaseModel):
    """A frozen value that stands inside a document. Unknown fields are refused: what is signed is understood."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A validated copy with other fields. (pydantic's own would neither validate nor forget a remembered digest.)"""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**fields, **(update or {})})

    def to_value(self) -> Value:
        """Its plain value for CBOR: every field present, lists instead of tuples."""
        return _plain(self.model_dump())


class Document(Plain):
    """A document that is signed: its content bytes have one spelling, so bytes and model say the same."""

    def to_content(self) -> bytes:
        """The bytes that are signed."""
        return encode(self.to_value())

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of its content bytes: how leaves, pins and receipts name it."""
        return digest(self.to_content())

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """The document in these bytes, if they are what this class would write itself. DocumentError otherwise."""
        try:
            document = cls.model_validate(decode(content, limit=DOCUMENT_BYTES))
        except KeysError as error:
            raise DocumentError("E-DOCUMENT", f"not spelled as it must be: {error}") from None
        except ValidationError as error:
            raise DocumentError("E-DOCUMENT", f"not a {cls.__name__.lower()}: {_first(error)}") from None
        if document.to_content() != content:
            # A model coerces and fills in; a reader of the bytes would not. Both must see the same document.
            raise DocumentError("E-DOCUMENT", f"not a {cls.__name__.lower()} as it is written: fields differ")
        return document


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'it'}: {first['msg']}"


def _plain(value: object) -> Value:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return str(value.value)
    return value  # type: ignore[return-value]
