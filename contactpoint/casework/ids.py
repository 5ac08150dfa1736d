"""UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from contactpoint.domain.values import ms

Randomness = Callable[[int], bytes]


def new_id(random: Randomness, now: datetime) -> str:
    """A fresh id as canonical text; ids made later sort later (to the millisecond)."""
    number = ms(now) << 80 | int.from_bytes(random(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
