"""The bundle: one file that holds a case's evidence, written in exactly one way.

It is a ZIP that every computer opens: members stored (not compressed), in the order of their names, all dated 1980. The member
`manifest.sha256` lists the SHA-256 of every other one as `sha256sum --check` reads it. `read_bundle` refuses any bytes that
`write_bundle` would not have written, so no byte of the file can be changed unseen, also none of the ZIP's own structure, and
there is nothing that could unfold to more than the file's own size.

BundleError    the file is not a bundle, or no longer the one that was written
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Mapping

from keys.digest import digest

MANIFEST = "manifest.sha256"
MAX_BUNDLE_BYTES = 1 << 28
MAX_MEMBER_BYTES = 1 << 26
MAX_MEMBERS = 20_000

# One word a step, lower case: no absolute path, no parent, no drive, no second name for the same file on any system.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(\.[a-z0-9]{1,8})?(/[a-z0-9][a-z0-9_-]{0,79}(\.[a-z0-9]{1,8})?){0,4}")
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
_DATE = (1980, 1, 1, 0, 0, 0)


class BundleError(Exception):
    """The bytes are no bundle of ours; the text says what was found. Ask whoever gave them for an untouched copy."""


def is_member_name(name: str) -> bool:
    """Whether a member may be called so."""
    return len(name) <= 240 and _NAME.fullmatch(name) is not None


def write_bundle(members: Mapping[str, bytes]) -> bytes:
    """The bundle of these members (without the manifest, which is made here). The same members give the same bytes.

    Raises BundleError for a name, a number or a size that no reader would take.
    """
    if MANIFEST in members:
        raise BundleError("the manifest is made from the other members, not given")
    _check_sizes({name: len(data) for name, data in members.items()})
    whole = {**members, MANIFEST: _manifest(members)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(whole):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, whole[name])
    return target.getvalue()


def read_bundle(data: bytes) -> dict[str, bytes]:
    """The members by name, without the manifest. Raises BundleError for any bytes that `write_bundle` would not have written."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise BundleError(f"the bundle is larger than {MAX_BUNDLE_BYTES >> 20} MiB")
    try:
        members = _unpack(data)
    except (
        zipfile.BadZipFile,
        struct.error,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise BundleError("the file is not a ZIP, or was cut off or changed") from error
    listed = members.pop(MANIFEST, None)
    if listed is None:
        raise BundleError(f"the bundle has no {MANIFEST}")
    _compare(listed, members)
    if write_bundle(members) != data:
        raise BundleError("the ZIP's own structure was changed: these are not the bytes that were written")
    return members


def _unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if len(set(names)) != len(names):
            raise BundleError("two members have the same name")
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits for entry in entries):
            # A compressed member could unfold to any size; nothing is unpacked before this is known.
            raise BundleError("a member is compressed or encrypted; bundles are stored as they are")
        _check_sizes({entry.filename: max(entry.file_size, entry.compress_size) for entry in entries})
        if sum(entry.file_size for entry in entries) > len(data):
            raise BundleError("the members claim to be larger than the bundle")
        return {entry.filename: archive.read(entry) for entry in entries}


def _check_sizes(sizes: Mapping[str, int]) -> None:
    if len(sizes) > MAX_MEMBERS:
        raise BundleError(f"more than {MAX_MEMBERS} members")
    for name, size in sizes.items():
        if not is_member_name(name):
            raise BundleError("a member has a name that no bundle gives")
        if size > MAX_MEMBER_BYTES:
            raise BundleError(f"{name} is larger than {MAX_MEMBER_BYTES >> 20} MiB")


def _manifest(members: Mapping[str, bytes]) -> bytes:
    return "".join(f"{digest(members[name]).hex()}  {name}\n" for name in sorted(members)).encode("ascii")


def _compare(listed: bytes, members: Mapping[str, bytes]) -> None:
    said: dict[str, str] = {}
    for line in listed.decode("ascii", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise BundleError(f"{MANIFEST} has a line that is none")
        said[match[2]] = match[1]
    for name in sorted(members.keys() - said.keys()):
        raise BundleError(f"{name} is in the bundle, but not listed")
    for name in sorted(said.keys() - members.keys()):
        if is_member_name(name):
            raise BundleError(f"{name} is listed, but not in the bundle")
        raise BundleError(f"{MANIFEST} lists a name that no bundle gives")
    for name, data in members.items():
        if digest(data).hex() != said[name]:
            raise BundleError(f"{name} was changed: its digest is not the listed one")
