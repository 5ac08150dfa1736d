"""Checkpoints (C2SP tlog-checkpoint): origin, size and root, under two signatures of the log, never under one."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from directory.errors import CheckpointError, NoteError
from directory.logkey import ML_DSA_44_SIGNATURE_BYTES, LogKey, LogPublicKey
from directory.note import ED25519, ML_DSA_44, Note, NoteSignature, note_key_id, read_note, write_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified head of the log: `at` is the whole second at which the log signed it, `note` the exact bytes."""

    origin: str
    size: int
    root: bytes
    at: datetime
    note: bytes


def sign_checkpoint(key: LogKey, origin: str, size: int, root: bytes, now: datetime) -> bytes:
    """The note of a checkpoint under both signatures. Call it only for a tree that is already durable."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    seconds = int(now.timestamp())
    public = key.public
    return write_note(
        text,
        [
            NoteSignature(origin, note_key_id(origin, ED25519, public.ed25519), key.sign_text(text)),
            NoteSignature(
                origin,
                note_key_id(origin, ML_DSA_44, public.ml_dsa_44),
                seconds.to_bytes(_SECONDS, "big") + key.sign_tree(origin, seconds, size, root),
            ),
        ],
    )


def read_checkpoint(data: bytes, origin: str, key: LogPublicKey) -> Checkpoint:
    """The checkpoint, once both signatures of the log are found and true.

    Signatures of others (witnesses) are passed over. CheckpointError for another log, a forged signature, or one of the
    two missing: whoever breaks one algorithm must not gain by leaving the other away.
    """
    try:
        note = read_note(data)
    except NoteError as error:
        raise CheckpointError("E-CHECKPOINT", f"not a checkpoint: {error.text}") from None
    size, root = _head(note.text, origin)
    key.verify_text(_only(note, origin, note_key_id(origin, ED25519, key.ed25519)), note.text)
    stamped = _only(note, origin, note_key_id(origin, ML_DSA_44, key.ml_dsa_44))
    if len(stamped) != _SECONDS + ML_DSA_44_SIGNATURE_BYTES:
        raise CheckpointError("E-CHECKPOINT-FORGED", "the ML-DSA-44 signature of the checkpoint has a wrong length")
    seconds = int.from_bytes(stamped[:_SECONDS], "big")
    key.verify_tree(stamped[_SECONDS:], origin, seconds, size, root)
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise CheckpointError("E-CHECKPOINT", "the checkpoint's time is no time") from None
    return Checkpoint(origin, size, root, at, data)


def _head(text: str, origin: str) -> tuple[int, bytes]:
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise CheckpointError("E-CHECKPOINT", "a checkpoint of ours has three lines and no extension")
    if lines[0] != origin:
        raise CheckpointError("E-CHECKPOINT-ORIGIN", "a checkpoint of another log; compare the genesis digest")
    if not _SIZE.fullmatch(lines[1]):
        raise CheckpointError("E-CHECKPOINT", "the checkpoint's size is not a number")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError("E-CHECKPOINT", "the checkpoint's root is not base64") from None
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise CheckpointError("E-CHECKPOINT", "the checkpoint's root is not 32 bytes")
    return int(lines[1]), root


def _only(note: Note, name: str, key_id: bytes) -> bytes:
    found = [s.signature for s in note.signatures if s.name == name and s.key_id == key_id]
    if len(found) != 1:
        raise CheckpointError(
            "E-CHECKPOINT-DOWNGRADED",
            "the checkpoint lacks one of the log's two signatures; keep the held copy, ask another mirror",
        )
    return found[0]
