"""What the Rota page shows, and what it asks of a desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from contactpoint.desk.plan import Signer
from contactpoint.domain.rota import Absence, Override, Period


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """Who signed a version of a plan, and when."""

    version: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShiftView:
    """Who is on duty from ``since`` until ``until`` (half-open), and whence: rotation, override, swap, roster, default; nobody: a gap."""

    since: datetime
    until: datetime
    officers: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RotaLine:
    """One rota in the list. ``until`` None: it never changes."""

    name: str
    officers: tuple[str, ...]
    until: datetime | None
    gaps: int


@dataclass(frozen=True, slots=True)
class OverrideView:
    id: str
    kind: str  # replace, add, remove
    officer: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class AbsenceView:
    id: str
    officer: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SwapView:
    """``giver`` offers the shift to ``taker``; ``state``: offered, accepted, declined."""

    id: str
    giver: str
    taker: str
    since: datetime
    until: datetime
    state: str
    offered_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class HoursView:
    """Hours on duty of one officer over the period, whole hours."""

    officer: str
    all: int
    night: int
    weekend: int
    holiday: int


@dataclass(frozen=True, slots=True)
class HolidayView:
    date: date
    name: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class RotaView:
    """One rota, whole. ``content`` is what its newest version signs."""

    name: str
    zone: str
    content: Mapping[str, Any]
    duty: ShiftView
    following: ShiftView | None
    gaps: tuple[ShiftView, ...]
    overrides: tuple[OverrideView, ...]
    absences: tuple[AbsenceView, ...]
    swaps: tuple[SwapView, ...]
    fairness: tuple[HoursView, ...]
    fair_since: datetime
    fair_until: datetime
    holidays: tuple[HolidayView, ...]
    exercises: Mapping[str, datetime | None]
    history: tuple[PlanVersion, ...]


class RotaPort(Protocol):
    """Rotas of one desk. Every refusal is a ``DeskError``; every change returns the new version's number."""

    async def listed(self, now: datetime) -> tuple[RotaLine, ...]: ...
    async def shown(self, name: str, now: datetime) -> RotaView: ...
    async def shifts(self, name: str, since: datetime, until: datetime) -> tuple[ShiftView, ...]: ...
    async def preview(self, content: Mapping[str, Any], since: datetime, until: datetime) -> tuple[ShiftView, ...]: ...
    async def save(self, name: str, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> int: ...
    async def add_override(self, name: str, new: Override, key: Signer, now: datetime) -> int: ...
    async def add_absence(self, name: str, new: Absence, key: Signer, now: datetime) -> int: ...
    async def remove(self, name: str, identity: str, key: Signer, now: datetime) -> int:
        """Take away the override, absence or fixed roster of this id."""
        ...

    async def confirm_holiday(self, name: str, day: date, key: Signer, now: datetime) -> int: ...
    async def offer_swap(
        self, name: str, taker: str, period: Period, back: Period | None, key: Signer, now: datetime
    ) -> str:
        """Offer one's own duty; returns the swap's id. Needs no right."""
        ...

    async def answer_swap(self, name: str, identity: str, accept: bool, key: Signer, now: datetime) -> int: ...

    async def calendar(self, name: str, officer: str, now: datetime) -> bytes:
        """The coming year as iCalendar: of one officer, or with "" of everybody."""
        ...
