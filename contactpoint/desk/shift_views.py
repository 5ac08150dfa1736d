"""What a person is shown of the end of a shift, and of an officer who leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HandoverLine:
    """One request of a hand-over: ``level`` and ``due`` as they were read out, ``status`` and ``holder`` as they are now.

    ``taken`` is None while nobody has answered the offer. ``ended``: nothing more is to be said of it.
    """

    request: str
    case: str
    kind: str
    title: str
    urgency: str
    peer: str
    level: str
    due: datetime | None
    status: str
    holder: str
    taken: bool | None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class HandoverView:
    """A hand-over of a shift: offered, accepted, refused, withdrawn, void or lapsed.

    ``holds`` is False where the signatures do not prove what the row says; it then names no case.
    """

    id: str
    giver: str
    taker: str
    at: datetime
    until: datetime
    state: str
    lines: tuple[HandoverLine, ...]
    settled_at: datetime | None
    holds: bool = True


@dataclass(frozen=True, slots=True)
class LeftView:
    """What locking an officer changed: each moved request with its new holder ("" where nobody can be called), and what ended."""

    number: str
    moved: tuple[tuple[str, str], ...]
    handovers: tuple[str, ...]
    letters: tuple[str, ...]
    plans: tuple[str, ...]  # "rota night", "policy desk": those that still name the officer
