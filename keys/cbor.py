"""One spelling: a value has exactly one encoding, and any other bytes are refused.

Deterministic CBOR (RFC 8949 section 4.2.1) cut down to what signed objects need: maps with text keys, lists, NFC text,
byte strings, true, false, null and integers below 2^53 in size, at most sixteen levels deep. No floats, no tags, no
indefinite lengths. Signed bytes are checked here before any model sees them.
"""

import unicodedata
from typing import TypeAlias

import cbor2

from keys.errors import SpellingError

Value: TypeAlias = "bool | int | str | bytes | list[Value] | dict[str, Value] | None"

MAX_BYTES = 131_072
MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1

# cbor2 turns tags into dates, regular expressions, sets, fractions... before anybody could look. Each is refused
# instead, so that no peer chooses which parser runs here, nor how long it runs; references to shared values, which could
# unfold without end (a "billion laughs"), are tags too.
_KNOWN_TAGS = (*range(64), 100, *range(256, 262), 1004, 43000, 55799)


def _refuse_tag(*_: object) -> object:
    raise SpellingError("a CBOR tag stands where only plain values may: send the value without a tag")


_TAG_DECODERS = dict.fromkeys(_KNOWN_TAGS, _refuse_tag)


def encode(value: Value) -> bytes:
    """Return the one encoding of `value`. Raises SpellingError for a value that has none."""
    _check(value, 1)
    try:
        return cbor2.dumps(value, canonical=True)
    except UnicodeEncodeError as error:
        raise SpellingError("text with half a surrogate pair: correct the text") from error


def decode(data: bytes, *, limit: int = MAX_BYTES) -> Value:
    """Return the value spelled by `data`, at most `limit` bytes. Raises SpellingError for anything not spelled so."""
    if len(data) > limit:
        raise SpellingError(f"{len(data)} bytes where at most {limit} are taken: send less, or as an attachment")
    try:
        value = cbor2.loads(
            data,
            tag_hook=_refuse_tag,
            semantic_decoders=_TAG_DECODERS,
            max_depth=MAX_DEPTH + 1,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error.__cause__, SpellingError):
            raise error.__cause__ from None
        raise SpellingError("not a single well-formed CBOR value: send it again unchanged") from error
    _check(value, 1)
    if cbor2.dumps(value, canonical=True) != data:
        raise SpellingError("CBOR, but not in its one spelling: encode it deterministically (RFC 8949 4.2.1)")
    return value  # type: ignore[no-any-return]


def _check(value: object, depth: int) -> None:
    if value is None or value is True or value is False or type(value) is bytes:
        return
    if type(value) is int:
        if abs(value) > MAX_INTEGER:
            raise SpellingError("an integer of 2^53 or more: send it as text or bytes")
    elif type(value) is str:
        _check_text(value)
    elif type(value) is list:
        _check_depth(depth)
        for item in value:
            _check(item, depth + 1)
    elif type(value) is dict:
        _check_depth(depth)
        for key, item in value.items():
            if type(key) is not str:
                raise SpellingError("a map key that is not text: name every field by text")
            _check_text(key)
            _check(item, depth + 1)
    else:
        raise SpellingError(f"a value of type {type(value).__name__}: only plain values may be spelled")


def _check_text(text: str) -> None:
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        # Two texts that look alike must be the same bytes, or two readers see two names.
        raise SpellingError("text that is not in Unicode form NFC: normalise it before signing")


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise SpellingError(f"nested more than {MAX_DEPTH} levels deep: send it flatter")
