"""Attachments: each sealed as a blob under a random key of its own, bound to network and statement id.

The signed header carries digest and length of each blob, the sealed manifest its key, the statement its name, size and
SHA-256. So a blob that is cut, exchanged for another or taken from another letter does not open.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from contactpoint.domain.statement import Attachment
from contactpoint.wire.errors import MismatchError
from keys.body import KEY_BYTES, open_blob_to, seal_blob
from keys.cbor import encode
from keys.errors import UnsealError


@dataclass(frozen=True, slots=True)
class SealedAttachment:
    """An attachment as the statement names it, with the key, SHA-256 and size of its sealed blob."""

    name: str
    size: int
    sha256: bytes
    key: bytes = field(repr=False)
    blob_digest: bytes
    blob_size: int

    @property
    def attachment(self) -> Attachment:
        """What the statement says of it."""
        return Attachment(self.name, self.size, self.sha256)


def seal_attachment(
    name: str,
    pieces: Iterable[bytes],
    write: Callable[[bytes], object],
    *,
    statement_id: str,
    net: bytes,
    random: Callable[[int], bytes],
) -> SealedAttachment:
    """Write the sealed form of `pieces` through `write`, holding one piece at a time; return what letters say of it."""
    key = random(KEY_BYTES)
    plain, plain_size = hashlib.sha256(), 0
    blob, blob_size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal plain_size
        for piece in pieces:
            plain.update(piece)
            plain_size += len(piece)
            yield piece

    for sealed in seal_blob(key, _context(statement_id, net), counted()):
        blob.update(sealed)
        blob_size += len(sealed)
        write(sealed)
    return SealedAttachment(name, plain_size, plain.digest(), key, blob.digest(), blob_size)


def open_attachment(
    attachment: SealedAttachment, pieces: Iterable[bytes], path: Path, *, statement_id: str, net: bytes
) -> None:
    """Write the opened blob to `path`, or nothing. Raises MismatchError when it is not the blob of this letter."""
    try:
        open_blob_to(
            path, attachment.key, _context(statement_id, net), _as_listed(attachment, pieces), attachment.sha256
        )
    except UnsealError as error:
        raise MismatchError(f"an attachment is not the one that was sent: {error}") from error


def _as_listed(attachment: SealedAttachment, pieces: Iterable[bytes]) -> Iterator[bytes]:
    found, size = hashlib.sha256(), 0
    for piece in pieces:
        found.update(piece)
        size += len(piece)
        if size > attachment.blob_size:
            break
        yield piece
    if size != attachment.blob_size or found.digest() != attachment.blob_digest:
        raise MismatchError("an attachment is not the blob that the letter lists: fetch it again")


def _context(statement_id: str, net: bytes) -> bytes:
    return encode(["cpn1/blob", net, statement_id])
