"""A trusted copy as files, so that a node works with no register in reach; read back, everything is verified again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from directory.errors import DocumentError
from directory.tiles import bundle_bytes, split_bundle
from directory.trusted import TrustedCopy
from keys.cbor import Value, decode, encode
from keys.errors import SpellingError
from keys.instants import LAST_MILLISECOND, from_milliseconds, to_milliseconds

COPY_BYTES = 1 << 28
"""A copy of 256 MiB would hold some ten thousand charters; more is refused unread."""


def to_files(copy: TrustedCopy) -> dict[str, bytes]:
    """File names and bytes: genesis, checkpoint, entries, objects by hexadecimal digest, members' parts, state."""
    files = {"genesis": copy.genesis_bytes, "entries": bundle_bytes(copy.log.entries)}
    if copy.checkpoint is not None and copy.checked_at is not None:
        files["checkpoint"] = copy.checkpoint.note
        files["state"] = encode({"size": copy.size, "checked_at": to_milliseconds(copy.checked_at)})
    files |= {f"objects/{name.hex()}": data for name, data in copy.objects.items()}
    files |= {f"members/{name.hex()}": part.to_content() for name, part in copy.members.items()}
    for number, heard in enumerate(copy.heard):
        files[f"heard/{number:06d}"] = encode([to_milliseconds(heard.at), heard.data])
    return files


def from_files(files: Mapping[str, bytes], pinned: bytes, now: datetime) -> TrustedCopy:
    """The copy, replayed and verified anew against the pinned genesis. Raises what `TrustedCopy.advance` raises."""
    if "genesis" not in files:
        raise DocumentError("E-COPY", "no genesis among the files; fetch the register anew")
    copy = TrustedCopy.start(files["genesis"], pinned)
    if "checkpoint" in files:
        size, checked_at = _state(files)
        entries = split_bundle(files.get("entries", b""), size)
        # What was good when it was checked is good now: a clock set back since then must not lose the copy.
        copy = copy.advance(files["checkpoint"], entries, _below(files, "objects/"), max(now, checked_at))
        copy = replace(copy, checked_at=checked_at)
    for data in _below(files, "members/").values():
        copy = copy.with_members(data)
    for name in sorted(name for name in files if name.startswith("heard/")):
        at, data = _heard(files[name])
        copy = copy.hear(data, at)
    return copy


def to_bytes(copy: TrustedCopy) -> bytes:
    """All files as one CBOR map: a copy on one stick, or in one row."""
    files: dict[str, Value] = dict(to_files(copy))
    return encode(files)


def from_bytes(data: bytes, pinned: bytes, now: datetime) -> TrustedCopy:
    """Read `to_bytes`, verified as `from_files` does. DocumentError for other bytes."""
    try:
        value = decode(data, limit=COPY_BYTES)
    except SpellingError as error:
        raise DocumentError("E-COPY", f"not a copy of the register: {error}; fetch it anew") from None
    if not isinstance(value, dict):
        raise DocumentError("E-COPY", "not a copy of the register; fetch it anew")
    files = {name: item for name, item in value.items() if isinstance(item, bytes)}
    return from_files(files, pinned, now)


def _below(files: Mapping[str, bytes], prefix: str) -> dict[bytes, bytes]:
    try:
        return {bytes.fromhex(name.removeprefix(prefix)): d for name, d in files.items() if name.startswith(prefix)}
    except ValueError:
        raise DocumentError("E-COPY", "a file name that is no digest; fetch the register anew") from None


def _plain(data: bytes) -> Value:
    try:
        return decode(data)
    except SpellingError:
        raise DocumentError("E-COPY", "the copy's own notes are damaged; fetch the register anew") from None


def _state(files: Mapping[str, bytes]) -> tuple[int, datetime]:
    match _plain(files.get("state", b"")):
        case {"size": int(size), "checked_at": int(at)} if 0 <= at <= LAST_MILLISECOND:
            return size, from_milliseconds(at)
    raise DocumentError("E-COPY", "the copy's own notes are damaged; fetch the register anew")


def _heard(data: bytes) -> tuple[datetime, bytes]:
    match _plain(data):
        case [int(at), bytes(revocation)] if 0 <= at <= LAST_MILLISECOND:
            return from_milliseconds(at), revocation
    raise DocumentError("E-COPY", "the copy's own notes are damaged; fetch the register anew")
