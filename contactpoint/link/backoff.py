"""How long to wait before dialling again: doubling, with full jitter, forgotten as soon as the peer is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

_ONE = 1 << 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """A policy and how often it has failed in a row. Spans are seconds."""

    first_s: float
    ceiling_s: float
    failures: int = 0

    def failed(self) -> Backoff:
        """After one more failure."""
        return replace(self, failures=self.failures + 1)

    def heard(self) -> Backoff:
        """After anything at all was heard from the peer."""
        return replace(self, failures=0)

    def delay(self, random: Callable[[int], bytes]) -> float:
        """Seconds to wait now: anywhere between nothing and the doubled span.

        Full jitter: peers that lost the same gateway in the same second must not come back in the same second.
        """
        if not self.failures:
            return 0.0
        span = min(self.ceiling_s, self.first_s * 2.0 ** min(self.failures - 1, 32))
        return span * int.from_bytes(random(4), "big") / _ONE


URGENT = Backoff(first_s=1.0, ceiling_s=60.0)
"""U0, U1 and the take link: until the letter expires."""
ROUTINE = Backoff(first_s=1.0, ceiling_s=600.0)
