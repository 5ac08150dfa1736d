"""SHA-256, bare and labelled. A labelled digest can be mistaken for no other, because its label is inside."""

import hashlib

from keys.cbor import Value, encode


def digest(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def labelled(label: str, *parts: Value) -> bytes:
    """Return the 32-byte SHA-256 of the deterministic CBOR list `[label, *parts]`."""
    return digest(encode([label, *parts]))
