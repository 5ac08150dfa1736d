"""What a person is shown of drills and pings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contactpoint.domain.availability import Availability
from contactpoint.domain.drills import Span


@dataclass(frozen=True, slots=True)
class DrillView:
    """One drill. ``reach``: 5-min, 30-min, 4-h, not, void; empty while it runs. ``by``: the officer who opened it, empty for a station.

    ``dispute`` is the tested State's own view of a failed one, from this desk or from the other State's card.
    """

    id: str
    peer: str
    incoming: bool
    channel: str
    by: str
    at: datetime
    reach: str
    answered_at: datetime | None
    note: str
    dispute: str
    digest: str


@dataclass(frozen=True, slots=True)
class Published:
    """What one State says in its card of how quickly another was reached; ``dispute``: what that one says against it."""

    by: str
    day: str
    reach: str
    dispute: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """How well one State is reached: its last drill from here, pings of a day and a month, what others publish, the next closure."""

    state: str
    last: DrillView | None
    day: Availability
    month: Availability | None  # None where only a day was looked at
    published: tuple[Published, ...]
    closure: Span | None
