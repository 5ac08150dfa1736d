"""The network policy: how long each step may take, by urgency. Data beside this file, a file a version, kept for ever.

The terms are service times agreed between the States of a network; none of them is treaty law. The genesis of a network
names its policy, and every statement names the one it was written under.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from contactpoint.domain.calendar import Calendar, end_of_next_working_day
from contactpoint.domain.errors import PolicyError
from contactpoint.domain.values import Urgency

POLICIES = ("standard-1", "demo-1")
NEXT_WORKING_DAY = "next-working-day"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one urgency. `unreachable` runs from queueing, the others from `held.at`.

    `acknowledged` None means the end of the recipient's next working day.
    """

    unreachable: timedelta
    received: timedelta
    acknowledged: timedelta | None
    decision: timedelta

    def acknowledge_by(self, held_at: datetime, calendar: Calendar) -> datetime:
        if self.acknowledged is None:
            return end_of_next_working_day(calendar, held_at)
        return held_at + self.acknowledged

    def to_plain(self) -> dict[str, Any]:
        return {
            "unreachable_s": self.unreachable.total_seconds(),
            "received_s": self.received.total_seconds(),
            "acknowledged_s": None if self.acknowledged is None else self.acknowledged.total_seconds(),
            "decision_s": self.decision.total_seconds(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Terms":
        return _terms(plain["unreachable_s"], plain["received_s"], plain["acknowledged_s"], plain["decision_s"])


@lru_cache(maxsize=256)
def _terms(unreachable: float, received: float, acknowledged: float | str | None, decision: float) -> Terms:
    """Of all ladders there are few different ones: each is read once."""
    working_day = acknowledged is None or acknowledged == NEXT_WORKING_DAY
    return Terms(
        unreachable=timedelta(seconds=unreachable),
        received=timedelta(seconds=received),
        acknowledged=None if working_day else timedelta(seconds=acknowledged),  # type: ignore[arg-type]  # a text is refused here
        decision=timedelta(seconds=decision),
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the network's terms. `expiry` is how long a statement lives unless its author says less or more;
    `longest_expiry` bounds it, because the keys that open a letter are destroyed soon after."""

    name: str
    terms: Mapping[Urgency, Terms]
    expiry: Mapping[Urgency, timedelta]
    longest_expiry: timedelta


@cache
def load(name: str) -> Policy:
    """Promise: the policy that ships under this name. Raises PolicyError."""
    if name not in POLICIES:
        raise PolicyError("E-POLICY", field=name)
    source = Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(source)
    return Policy(
        name=name,
        terms={urgency: Terms.from_plain(data["terms"][urgency.value]) for urgency in Urgency},
        expiry={urgency: timedelta(seconds=data["expiry_s"][urgency.value]) for urgency in Urgency},
        longest_expiry=timedelta(seconds=data["longest_expiry_s"]),
    )
