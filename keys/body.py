"""Sealed bodies and blobs: Cobblestone-256 (C2SP chunked encryption), which streams and commits to its key; Padmé.

Chunks come out before the end is authenticated, so a blob is opened into a temporary file that takes its name only
after the last tag and the digest have been checked. Sources: C2SP chunked-encryption; Nikitin and others, "Reducing
Metadata Leakage from Encrypted Files and Communication with PURBs" (2019), algorithm 1. The library draws the nonce
itself.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.errors import KeyFormatError, UnsealError

KEY_BYTES = 32
_LENGTH_BYTES = 4
_DOES_NOT_OPEN = "the sealed bytes do not open: wrong key, wrong letter or changed bytes; ask the sender to seal again"


def derive_key(secret32: bytes, salt: bytes, info: bytes = b"") -> bytes:
    """Return the 32-byte HKDF-SHA256 (RFC 5869) of `secret32` under `salt` and `info`."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(secret32)


def padded_length(n: int) -> int:
    """Return the Padmé length of `n` bytes: at most 12 % more, and few lengths to tell letters apart by."""
    if n < 2:
        return n
    exponent = n.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (n + mask) & ~mask


def seal_body(key32: bytes, context: bytes, plain: bytes) -> bytes:
    """Return `plain` (length, bytes, zeros up to the Padmé length) sealed under `key32` and `context`."""
    framed = len(plain).to_bytes(_LENGTH_BYTES, "big") + plain
    sealer = _sealer(key32, context)
    return sealer.update(framed.ljust(padded_length(len(framed)), b"\0")) + sealer.finalize()


def open_body(key32: bytes, context: bytes, sealed: bytes) -> bytes:
    """Return what `seal_body` sealed. Raises UnsealError for another key, another context, changed or cut bytes."""
    opener = _opener(key32, context)
    try:
        framed = opener.update(sealed) + opener.finalize()
    except (InvalidTag, ValueError) as error:
        raise UnsealError(_DOES_NOT_OPEN) from error
    size = int.from_bytes(framed[:_LENGTH_BYTES], "big")
    plain, padding = framed[_LENGTH_BYTES : _LENGTH_BYTES + size], framed[_LENGTH_BYTES + size :]
    # One padding per length: else a sender could hide a second message, or mark copies, in the padding.
    if len(framed) != padded_length(_LENGTH_BYTES + size) or padding.strip(b"\0"):
        raise UnsealError("the body is not padded as it must be: ask the sender to seal again")
    return plain


def seal_blob(key32: bytes, context: bytes, source: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the sealed form of the pieces of `source`, without holding them in memory."""
    sealer = _sealer(key32, context)
    for piece in source:
        if sealed := sealer.update(piece):
            yield sealed
    yield sealer.finalize()


def open_blob_to(path: Path, key32: bytes, context: bytes, source: Iterable[bytes], digest: bytes) -> None:
    """Write the opened blob to `path` if all of it is authentic and its SHA-256 is `digest`; else leave no file.

    The file has mode 0600 and is durable on return. Raises UnsealError; OSError when the disk refuses.
    """
    handle, name = tempfile.mkstemp(prefix=".opening-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            found = hashlib.sha256()
            for piece in _opened(_opener(key32, context), source):
                found.update(piece)
                file.write(piece)
            if found.digest() != digest:
                raise UnsealError("the attachment is not the one that was signed: ask the sender for it again")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        _make_durable(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _make_durable(folder: Path) -> None:
    """The new name itself must survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _opened(opener: Cobblestone256Decryptor, source: Iterable[bytes]) -> Iterator[bytes]:
    try:
        for piece in source:
            yield opener.update(piece)
        yield opener.finalize()
    except (InvalidTag, ValueError) as error:
        raise UnsealError(_DOES_NOT_OPEN) from error


def _sealer(key32: bytes, context: bytes) -> Cobblestone256Encryptor:
    _check_key(key32)
    return Cobblestone256Encryptor(key32, context)


def _opener(key32: bytes, context: bytes) -> Cobblestone256Decryptor:
    _check_key(key32)
    return Cobblestone256Decryptor(key32, context)


def _check_key(key32: bytes) -> None:
    if len(key32) != KEY_BYTES:
        raise KeyFormatError(f"a content key of {len(key32)} bytes: it has {KEY_BYTES}")
