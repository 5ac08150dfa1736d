"""What changes a rota for a time: overrides, absences, fixed rosters, swaps. Each covers [since, until)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from contactpoint.domain.errors import RotaError
from contactpoint.domain.values import from_ms, ms

_LATEST = 2200


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open. Raises RotaError when it ends before it begins, or beyond every calendar."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until or self.until.year > _LATEST:
            raise RotaError("E-ROTA", field="until")

    def covers(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def overlaps(self, other: "Period") -> bool:
        return self.since < other.until and other.since < self.until

    def to_plain(self) -> list[int]:
        return [ms(self.since), ms(self.until)]


def period_of(plain: Any) -> Period:
    """Raises RotaError."""
    try:
        since, until = plain
        return Period(from_ms(int(since)), from_ms(int(until)))
    except (TypeError, ValueError, OverflowError) as error:
        raise RotaError("E-ROTA", field="period") from error


class Change(StrEnum):
    """REPLACE: ``officer`` stands in for ``instead_of``, or for everybody. ADD: is on duty too. REMOVE: is not."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Override:
    """One officer's change for a period. ``id`` is short and unique in its rota."""

    id: str
    change: Change
    officer: str
    period: Period
    instead_of: str = ""

    @property
    def people(self) -> frozenset[str]:
        """Everybody whose duty it changes."""
        return frozenset({self.officer, self.instead_of} - {""})

    def to_plain(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "change": self.change.value,
            "officer": self.officer,
            "period": self.period.to_plain(),
            "instead_of": self.instead_of,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Override":
        return cls(
            str(plain["id"]),
            Change(plain["change"]),
            str(plain["officer"]),
            period_of(plain["period"]),
            str(plain["instead_of"]),
        )


@dataclass(frozen=True, slots=True)
class Absence:
    """An officer who cannot be called, whatever the rota says."""

    id: str
    officer: str
    period: Period

    def to_plain(self) -> dict[str, Any]:
        return {"id": self.id, "officer": self.officer, "period": self.period.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Absence":
        return cls(str(plain["id"]), str(plain["officer"]), period_of(plain["period"]))


@dataclass(frozen=True, slots=True)
class Roster:
    """A fixed roster for a period: it alone says who is on duty then, and the rotation does not."""

    id: str
    period: Period
    duties: tuple[tuple[str, Period], ...]

    def on_duty(self, at: datetime) -> tuple[str, ...]:
        return tuple(dict.fromkeys(officer for officer, period in self.duties if period.covers(at)))

    def to_plain(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "period": self.period.to_plain(),
            "duties": [[officer, *period.to_plain()] for officer, period in self.duties],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Roster":
        duties = tuple((str(officer), period_of((since, until))) for officer, since, until in plain["duties"])
        return cls(str(plain["id"]), period_of(plain["period"]), duties)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; as a seed it is ``confirmed`` by an administrator before it counts."""

    day: date
    name: str
    confirmed: bool = True

    def to_plain(self) -> list[Any]:
        return [self.day.isoformat(), self.name, self.confirmed]

    @classmethod
    def from_plain(cls, plain: Any) -> "Holiday":
        day, name, confirmed = plain
        return cls(date.fromisoformat(day), str(name), bool(confirmed))


class SwapState(StrEnum):
    """Only what both officers agreed to changes who is on duty."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Swap:
    """``giver``'s duty in ``period`` goes to ``taker``, and, where ``back`` is given, ``taker``'s in ``back`` to ``giver``."""

    id: str
    giver: str
    taker: str
    period: Period
    back: Period | None
    state: SwapState
    offered_at: datetime
    answered_at: datetime | None = None

    def to_plain(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "giver": self.giver,
            "taker": self.taker,
            "period": self.period.to_plain(),
            "back": None if self.back is None else self.back.to_plain(),
            "state": self.state.value,
            "offered_at": ms(self.offered_at),
            "answered_at": None if self.answered_at is None else ms(self.answered_at),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Swap":
        return cls(
            str(plain["id"]),
            str(plain["giver"]),
            str(plain["taker"]),
            period_of(plain["period"]),
            None if plain["back"] is None else period_of(plain["back"]),
            SwapState(plain["state"]),
            from_ms(int(plain["offered_at"])),
            None if plain["answered_at"] is None else from_ms(int(plain["answered_at"])),
        )

    def passes(self, at: datetime) -> tuple[str, str] | None:
        """(from, to) at an instant, once both have agreed."""
        if self.state is not SwapState.ACCEPTED:
            return None
        if self.period.covers(at):
            return self.giver, self.taker
        return (self.taker, self.giver) if self.back is not None and self.back.covers(at) else None
