"""The rotas of the simulated desk: the domain's own decisions over plain values; every change is kept in memory, a version each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.plan import Signer
from contactpoint.desk.rota import _shift_views, _view
from contactpoint.desk.rota_ics import write_calendar
from contactpoint.desk.rota_views import PlanVersion, RotaLine, RotaView, ShiftView
from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import (
    Absence,
    Change,
    Holiday,
    Override,
    Period,
    Rota,
    Rotation,
    Swap,
    SwapState,
    Unit,
    Window,
    gaps,
    on_duty,
)
from contactpoint.domain.rota.wall import wall_of

HOSTILE = '"><img src=x onerror=alert(1)>\u202e'
ZONE = "Africa/Cairo"


def a_rota(now: datetime) -> Rota:
    """Two officers in turn, from noon to eight in the morning, so that each day has a gap of four hours; something of everything."""
    midnight = wall_of(now, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    noon = timedelta(hours=12)
    windows = tuple(Window(day, time(12), time(8)) for day in range(7))
    rotation = Rotation(ZONE, midnight - timedelta(days=20), Unit.DAY, 1, ("XB-OFF-001", "XB-OFF-002"), windows=windows)

    def period(days: int, hours: int = 8) -> Period:
        since = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
        return Period(since, since + timedelta(hours=hours))

    return Rota(
        "duty",
        ZONE,
        (rotation,),
        overrides=(
            Override("o1", Change.REPLACE, "XB-OFF-002", period(2), "XB-OFF-001"),
            Override("o2", Change.ADD, "XB-OFF-001", period(4)),
        ),
        absences=(Absence("a1", "XB-OFF-002", period(6, 24)),),
        swaps=(
            Swap("s1", "XB-OFF-002", "XB-OFF-001", period(8), None, SwapState.OFFERED, now - timedelta(hours=3)),
            Swap("s2", "XB-OFF-001", "XB-OFF-002", period(9), None, SwapState.ACCEPTED, now - noon, now - noon / 2),
        ),
        holidays=(
            Holiday((now + timedelta(days=20)).date(), HOSTILE, False),
            Holiday((now + timedelta(days=30)).date(), "Day of the river", True),
        ),
    )


@dataclass
class RotaBook:
    """Implements ``RotaPort`` for one rota or several."""

    start: datetime
    rotas: dict[str, Rota] = field(default_factory=dict)
    history: dict[str, list[PlanVersion]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rotas = {"duty": a_rota(self.start)}
        self.history = {"duty": [PlanVersion(4, "XB-OFF-002", self.start - timedelta(days=5))]}

    def _of(self, name: str) -> Rota:
        if name not in self.rotas:
            raise NotFoundError("E-NOT-FOUND", f"there is no rota {name}", "look at the list of rotas")
        return self.rotas[name]

    async def listed(self, now: datetime) -> tuple[RotaLine, ...]:
        found = []
        for name, rota in sorted(self.rotas.items()):
            duty = on_duty(rota, now)
            found.append(RotaLine(name, duty.officers, duty.until, len(gaps(rota, now, now + timedelta(days=14)))))
        return tuple(found)

    async def shown(self, name: str, now: datetime) -> RotaView:
        rota = self._of(name)
        stored = [_Stored(each, rota.to_plain()) for each in self.history[name]]
        return _view(rota, stored, {"XB-OFF-001": now - timedelta(days=9)}, now)  # type: ignore[arg-type]

    async def shifts(self, name: str, since: datetime, until: datetime) -> tuple[ShiftView, ...]:
        return _shift_views(self._of(name), since, until)

    async def calendar(self, name: str, officer: str, now: datetime) -> bytes:
        return write_calendar(self._of(name), officer, now, now + timedelta(days=30), "2026.1", now)

    async def preview(self, content: Mapping[str, Any], since: datetime, until: datetime) -> tuple[ShiftView, ...]:
        return _shift_views(Rota.from_plain(content), since, until)

    async def save(self, name: str, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> int:
        newest = self.history[name][0].version if name in self.history else 0
        if newest != after:
            raise DraftError("E-BUSY", "somebody else saved it first", "look at it and change it anew")
        return self._keep(Rota.from_plain(content), key, now)

    def _keep(self, rota: Rota, key: Signer, now: datetime) -> int:
        versions = self.history.setdefault(rota.name, [])
        versions.insert(0, PlanVersion(len(versions) + 1 if not versions else versions[0].version + 1, key.number, now))
        self.rotas[rota.name] = rota
        return versions[0].version

    def _change(self, name: str, change: Callable[[Rota], Rota], key: Signer, now: datetime) -> int:
        try:
            return self._keep(change(self._of(name)), key, now)
        except RotaError as error:
            raise DraftError(error.code, f"this rota cannot be used: {error.field}", "correct it") from error

    async def add_override(self, name: str, new: Override, key: Signer, now: datetime) -> int:
        made = replace(new, id=f"o{len(self._of(name).overrides) + 1}")
        return self._change(name, lambda rota: replace(rota, overrides=(*rota.overrides, made)), key, now)

    async def add_absence(self, name: str, new: Absence, key: Signer, now: datetime) -> int:
        made = replace(new, id=f"a{len(self._of(name).absences) + 1}")
        return self._change(name, lambda rota: replace(rota, absences=(*rota.absences, made)), key, now)

    async def remove(self, name: str, identity: str, key: Signer, now: datetime) -> int:
        def without(rota: Rota) -> Rota:
            overrides = tuple(each for each in rota.overrides if each.id != identity)
            return replace(
                rota, overrides=overrides, absences=tuple(each for each in rota.absences if each.id != identity)
            )

        return self._change(name, without, key, now)

    async def confirm_holiday(self, name: str, day: date, key: Signer, now: datetime) -> int:
        def confirmed(rota: Rota) -> Rota:
            days = tuple(replace(each, confirmed=True) if each.day == day else each for each in rota.holidays)
            return replace(rota, holidays=days)

        return self._change(name, confirmed, key, now)

    async def offer_swap(
        self, name: str, taker: str, period: Period, back: Period | None, key: Signer, now: datetime
    ) -> str:
        made = Swap(f"s{len(self._of(name).swaps) + 1}", key.number, taker, period, back, SwapState.OFFERED, now)
        self._change(name, lambda rota: replace(rota, swaps=(*rota.swaps, made)), key, now)
        return made.id

    async def answer_swap(self, name: str, identity: str, accept: bool, key: Signer, now: datetime) -> int:
        state = SwapState.ACCEPTED if accept else SwapState.DECLINED
        if next(each for each in self._of(name).swaps if each.id == identity).taker != key.number:
            raise NotPermittedError("E-RIGHT", "this swap was offered to somebody else", "only they can accept it")

        def answered(rota: Rota) -> Rota:
            swaps = (
                replace(each, state=state, answered_at=now) if each.id == identity else each for each in rota.swaps
            )
            return replace(rota, swaps=tuple(swaps))

        return self._change(name, answered, key, now)


@dataclass(frozen=True)
class _Stored:
    """A version as the desk reads it."""

    told: PlanVersion
    content: Mapping[str, Any]

    @property
    def version(self) -> int:
        return self.told.version

    @property
    def by_officer(self) -> str:
        return self.told.by

    @property
    def at(self) -> datetime:
        return self.told.at


class RotaSimulator:
    """The part of the simulated desk that holds them."""

    start: datetime
    _rotas: RotaBook | None = None

    @property
    def rota(self) -> RotaBook:
        self._rotas = self._rotas or RotaBook(self.start)
        return self._rotas
