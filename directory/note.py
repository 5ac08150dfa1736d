"""Signed notes (C2SP signed-note): text, a blank line, and one signature line per key.

This module reads and writes the form only; `directory.logkey` makes and checks the signatures.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from directory.errors import NoteError
from keys.digest import digest

NOTE_BYTES = 262_144
"""A checkpoint with nine witnesses has about 40 kB; longer ones are refused unread."""
SIGNATURES = 32

ED25519 = 0x01
"""Signature type: Ed25519 over the note's text (signed-note)."""
ML_DSA_44 = 0x06
"""Signature type: ML-DSA-44 over a timestamped subtree (tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its 4-byte id, and what the key's type puts after it."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Text (ends in a newline) and its signature lines, in the order of the bytes. Nothing is verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]


def note_key_id(name: str, kind: int, public: bytes) -> bytes:
    """The first four bytes of SHA-256(name, newline, type, key): a name for a key, no proof of it."""
    return digest(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def write_note(text: str, signatures: Sequence[NoteSignature]) -> bytes:
    """The note's bytes."""
    lines = [f"— {s.name} {base64.b64encode(s.key_id + s.signature).decode()}\n" for s in signatures]
    return (text + "\n" + "".join(lines)).encode()


def read_note(data: bytes) -> Note:
    """Text and signature lines. NoteError for anything that `write_note` would not write."""
    if len(data) > NOTE_BYTES:
        raise NoteError("E-NOTE", f"a note of {len(data)} bytes; the limit is {NOTE_BYTES}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("E-NOTE", "the note is not UTF-8; fetch it again, from another mirror") from None
    if any(ord(letter) < 0x20 and letter != "\n" for letter in whole):
        raise NoteError("E-NOTE", "the note contains control characters; fetch it again, from another mirror")
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError("E-NOTE", "the note has no signature lines; fetch it again, from another mirror")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES:
        raise NoteError("E-NOTE", f"more than {SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature_line(line) for line in lines))


def _signature_line(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—" or not is_key_name(name):
        raise NoteError("E-NOTE", "a signature line is malformed")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("E-NOTE", "a signature line is not base64") from None
    if len(raw) < 5 or base64.b64encode(raw).decode() != encoded:
        raise NoteError("E-NOTE", "a signature line is not base64 as we write it")
    return NoteSignature(name, raw[:4], raw[4:])


def is_key_name(name: str) -> bool:
    """Whether this can name a key or a log: not empty, no spaces, no plus sign."""
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)
