"""Keys and times that the tests of bytes and keys share. Seeds are drawn from names, so that runs repeat."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keys.signing import SigningKey
from keys.xwing import SealingKey

VECTORS = Path(__file__).parent.parent / "vectors"
NET = bytes(range(16))
OTHER_NET = bytes(range(1, 17))
NOON = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def drawn(name: str, size: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(size)


def drawing(name: str) -> Callable[[int], bytes]:
    """Randomness that repeats: the same draws for the same name."""
    count = 0

    def random(size: int) -> bytes:
        nonlocal count
        count += 1
        return drawn(f"{name}/{count}", size)

    return random


def signing_key(name: str) -> SigningKey:
    return SigningKey.from_seed(drawn(f"signing/{name}", 64))


def sealing_key(name: str) -> SealingKey:
    return SealingKey.from_seed(drawn(f"sealing/{name}", 32))


def flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)
