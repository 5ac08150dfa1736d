"""Paths and bytes of C2SP tlog-tiles: 256 hashes to a tile, 256 entries to a bundle, immutable once full."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from directory.errors import TamperError
from directory.merkle import root_of

WIDTH = 256
HASH_BYTES = 32
ENTRY_BYTES = 65535
"""A bundle gives each entry a 16-bit length; nothing longer can be logged."""

_PATH = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: `level` 0 to 63, or None for a bundle of entries; `width` 1 to 256 (256 is a full one)."""

    level: int | None
    index: int
    width: int

    @property
    def path(self) -> str:
        """The path below `/tile/`, as in `0/x001/x234/067` or `entries/000.p/8`."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        name = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{name}/{'/'.join(reversed(groups))}{partial}"


def parse_path(path: str) -> Tile | None:
    """The tile that a path names, or None when the path is not spelled as we would spell it."""
    match = _PATH.fullmatch(path)
    if not match:
        return None
    name, groups, width = match.groups()
    index = int(groups.replace("x", "").replace("/", ""))
    tile = Tile(None if name == "entries" else int(name), index, int(width) if width else WIDTH)
    return tile if tile.path == path and 1 <= tile.width <= WIDTH else None


def width_at(tile: Tile, size: int) -> int:
    """How wide this tile is in a log of `size` entries (0: it does not exist yet)."""
    hashes = size >> 8 * (tile.level or 0)
    return max(0, min(WIDTH, hashes - tile.index * WIDTH))


def tile_bytes(tile: Tile, hashes: Sequence[bytes]) -> bytes | None:
    """Bytes of a hash tile, from the leaf hashes of the whole log; None if the log is too short for it."""
    if tile.level is None or width_at(tile, len(hashes)) < tile.width:
        return None
    span = WIDTH**tile.level
    first = tile.index * WIDTH
    return b"".join(root_of(hashes[i * span : (i + 1) * span]) for i in range(first, first + tile.width))


def split_tile(data: bytes, width: int) -> tuple[bytes, ...]:
    """The hashes of a tile. TamperError if it is not exactly `width` wide."""
    if len(data) != width * HASH_BYTES:
        raise TamperError("E-TILE", f"a tile of {len(data)} bytes instead of {width * HASH_BYTES}; ask another mirror")
    return tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES))


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length as a big-endian 16-bit integer."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def split_bundle(data: bytes, width: int) -> tuple[bytes, ...]:
    """The entries of a bundle. TamperError if there are not exactly `width`, or bytes are missing or left over."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise TamperError("E-TILE", "an entry bundle ends inside an entry; ask another mirror")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != width:
        raise TamperError("E-TILE", f"an entry bundle does not hold {width} entries; ask another mirror")
    return tuple(entries)


def covering(level: int | None, start: int, size: int) -> tuple[Tile, ...]:
    """The tiles of one level (0, or None for entries) that hold entries `start` to `size` - 1."""
    indices = range(start // WIDTH, (size + WIDTH - 1) // WIDTH)
    return tuple(Tile(level, index, min(WIDTH, size - index * WIDTH)) for index in indices)
