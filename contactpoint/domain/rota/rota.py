"""A rota, and the one function that says who is on duty: for paging, pages, export and log alike.

Precedence: fixed roster > overrides (and swaps that both agreed to) > rotations > the unit's default officer. Whoever is absent is not on
duty, whatever put him there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota.periods import Absence, Change, Holiday, Override, Period, Roster, Swap, SwapState
from contactpoint.domain.rota.rotation import Rotation
from contactpoint.domain.rota.wall import zone_of

_TICK = timedelta(microseconds=1)
_MANY = 500
_REACHES = (timedelta(days=2), timedelta(days=10), timedelta(days=60), timedelta(days=400))
_MOST_ROTATIONS, _MOST_PERIODS = 20, 1000


class Source(StrEnum):
    """Why somebody is on duty."""

    ROTATION = "rotation"
    ROSTER = "roster"
    OVERRIDE = "override"
    SWAP = "swap"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Night:
    """What counts as night and weekend when duty is shared out fairly; weekdays: 0 is Monday."""

    starts: time = time(22)
    ends: time = time(6)
    weekend: frozenset[int] = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on duty, for one unit. Only confirmed holidays count; ``default`` may be empty.

    Raises RotaError: two overrides of one officer that overlap, or more of anything than a rota can have.
    """

    name: str
    zone: str
    rotations: tuple[Rotation, ...] = ()
    default: str = ""
    unit: str = ""
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    rosters: tuple[Roster, ...] = ()
    swaps: tuple[Swap, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    night: Night = field(default_factory=Night)

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if not self.name or len(self.name) > 64 or not self.name.isprintable():
            raise RotaError("E-ROTA", field="name")
        many = (self.overrides, self.absences, self.rosters, self.swaps)
        if len(self.rotations) > _MOST_ROTATIONS or any(len(each) > _MOST_PERIODS for each in many):
            raise RotaError("E-ROTA", field="rotations")
        taken: dict[str, list[Period]] = {}
        # Which of two overlapping changes of one person counts would depend on the order of a list.
        changes = [(who, each.period) for each in self.overrides for who in each.people]
        for who, period in (*changes, *(("rosters", each.period) for each in self.rosters)):
            taken.setdefault(who, []).append(period)
        for who, periods in taken.items():
            periods.sort(key=lambda period: period.since)
            if any(one.overlaps(other) for one, other in pairwise(periods)):
                raise RotaError("E-ROTA-OVERLAP", field=who)

    @property
    def officers(self) -> tuple[str, ...]:
        """Everybody whom this rota names."""
        named = [officer for rotation in self.rotations for officer in rotation.officers]
        named += [each.officer for each in self.overrides if each.change is not Change.REMOVE]
        named += [officer for roster in self.rosters for officer, _ in roster.duties]
        named += [self.default] if self.default else []
        return tuple(dict.fromkeys(named))

    @property
    def free_days(self) -> frozenset[date]:
        """The holidays that somebody has confirmed."""
        return frozenset(each.day for each in self.holidays if each.confirmed)

    def on_duty(self, at: datetime) -> tuple[tuple[str, ...], datetime | None]:
        """The officers on duty at an instant, and when that changes next: as `on_duty`, for a roll."""
        duty = on_duty(self, at)
        return duty.officers, duty.until

    def neighbour(self, at: datetime, step: int) -> tuple[str, ...]:
        """As `neighbour`, for a roll."""
        return neighbour(self, at, step)

    def to_plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "zone": self.zone,
            "rotations": [each.to_plain() for each in self.rotations],
            "default": self.default,
            "unit": self.unit,
            "overrides": [each.to_plain() for each in self.overrides],
            "absences": [each.to_plain() for each in self.absences],
            "rosters": [each.to_plain() for each in self.rosters],
            "swaps": [each.to_plain() for each in self.swaps],
            "holidays": [each.to_plain() for each in self.holidays],
            "night": [self.night.starts.isoformat(), self.night.ends.isoformat(), sorted(self.night.weekend)],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Rota":
        """Raises RotaError for anything that `to_plain` would not have written."""
        try:
            starts, ends, weekend = plain["night"]
            return cls(
                name=str(plain["name"]),
                zone=str(plain["zone"]),
                rotations=tuple(Rotation.from_plain(each) for each in plain["rotations"]),
                default=str(plain["default"]),
                unit=str(plain["unit"]),
                overrides=tuple(Override.from_plain(each) for each in plain["overrides"]),
                absences=tuple(Absence.from_plain(each) for each in plain["absences"]),
                rosters=tuple(Roster.from_plain(each) for each in plain["rosters"]),
                swaps=tuple(Swap.from_plain(each) for each in plain["swaps"]),
                holidays=tuple(Holiday.from_plain(each) for each in plain["holidays"]),
                night=Night(time.fromisoformat(starts), time.fromisoformat(ends), frozenset(weekend)),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RotaError("E-ROTA", field="rota") from error


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty at one instant and why, and until when that stays so; ``until`` None: longer than can be said (400 days)."""

    duties: tuple[tuple[str, Source], ...]
    until: datetime | None

    @property
    def officers(self) -> tuple[str, ...]:
        return tuple(officer for officer, _ in self.duties)


@dataclass(frozen=True, slots=True)
class Shift:
    """One officer's unbroken time on duty for one reason, [since, until)."""

    officer: str
    source: Source
    since: datetime
    until: datetime


def on_duty(rota: Rota, at: datetime) -> Duty:
    """Promise: who is on duty at this instant; the same answer for routing, screen, export and log."""
    now = _duties(rota, at)
    since = at
    # Looked at in growing stretches: nearly always the next week knows, and a rota that never changes is not counted out each time.
    for reach in _REACHES:
        until = at + reach
        edges = sorted(set(_edges(rota, since, until)))
        for edge in edges:
            if _duties(rota, edge) != now:
                return Duty(now, edge)
        if len(edges) > _MANY:
            # Hourly turns of people who are all away for a year: looked at again then, sooner than counted out for half a minute.
            return Duty(now, edges[-1])
        since = until - _TICK
    return Duty(now, None)


def officers_at(rota: Rota, at: datetime) -> tuple[str, ...]:
    """Promise: the officers of `on_duty`, without counting out until when: for a look at many instants."""
    return _names(_duties(rota, at))


def neighbour(rota: Rota, at: datetime, step: int) -> tuple[str, ...]:
    """Promise: who comes on duty next (``step`` 1) or was on duty before (-1) and is not on duty at this instant.

    Empty when 60 days know nobody else.
    """
    now = frozenset(_names(_duties(rota, at)))
    if now >= frozenset(rota.officers) | {each.taker for each in rota.swaps}:
        return ()  # there is nobody else: not looked for through a year, for each request and each hour of a dry run
    near = at
    for reach in _REACHES[:-1]:
        far = at + step * reach
        cut = list(pieces(rota, min(near, far), max(near, far)))
        for _, _, duties in cut if step > 0 else reversed(cut):
            others = tuple(officer for officer in _names(duties) if officer not in now)
            if others:
                return others
        near = far
    return ()


def pieces(
    rota: Rota, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, tuple[tuple[str, Source], ...]]]:
    """[since, until) cut where anything may change, each piece with who is on duty."""
    edges = [since, *sorted(set(_edges(rota, since, until))), until]
    for begin, end in pairwise(edges):
        yield begin, end, _duties(rota, begin)


def shifts(rota: Rota, since: datetime, until: datetime) -> tuple[Shift, ...]:
    """Promise: every shift that touches [since, until), cut to it, by start and officer. A handoff from an officer to himself is none."""
    running: dict[tuple[str, Source], datetime] = {}
    found: list[Shift] = []
    for begin, _, duties in pieces(rota, since, until):
        gone = [each for each in running if each not in duties]
        found += [Shift(*each, running.pop(each), begin) for each in gone]
        for each in duties:
            running.setdefault(each, begin)
    found += [Shift(*each, start, until) for each, start in running.items()]
    return tuple(sorted(found, key=lambda shift: (shift.since, shift.officer)))


def gaps(rota: Rota, since: datetime, until: datetime) -> tuple[Period, ...]:
    """Promise: every time in [since, until) in which nobody is on duty, joined where they touch."""
    found: list[Period] = []
    for begin, end, duties in pieces(rota, since, until):
        if duties or begin == end:
            continue
        if found and found[-1].until == begin:
            found[-1] = Period(found[-1].since, end)
        else:
            found.append(Period(begin, end))
    return tuple(found)


def _names(duties: Iterable[tuple[str, Source]]) -> tuple[str, ...]:
    return tuple(officer for officer, _ in duties)


def _duties(rota: Rota, at: datetime) -> tuple[tuple[str, Source], ...]:
    roster = next((each for each in rota.rosters if each.period.covers(at)), None)
    absent = {each.officer for each in rota.absences if each.period.covers(at)}
    if roster is not None:
        found = dict.fromkeys(roster.on_duty(at), Source.ROSTER)
    else:
        turns = (rotation.officer_at(at) for rotation in rota.rotations)
        found = {officer: Source.ROTATION for officer in turns if officer is not None}
        found = _overridden(rota, _swapped(rota, found, at), at)
    here = {officer: source for officer, source in found.items() if officer not in absent}
    if not here and rota.default and rota.default not in absent:
        here = {rota.default: Source.DEFAULT}
    return tuple(here.items())


def _swapped(rota: Rota, found: dict[str, Source], at: datetime) -> dict[str, Source]:
    for swap in rota.swaps:
        passed = swap.passes(at)
        if passed is not None and passed[0] in found:
            giver, taker = passed
            found = {
                taker if each == giver else each: Source.SWAP if each == giver else why for each, why in found.items()
            }
    return found


def _overridden(rota: Rota, found: dict[str, Source], at: datetime) -> dict[str, Source]:
    now = [each for each in rota.overrides if each.period.covers(at)]
    for each in now:
        if each.change is Change.REPLACE:
            gone = (
                [each.instead_of]
                if each.instead_of
                else [who for who, why in found.items() if why is not Source.OVERRIDE]
            )
            found = {who: why for who, why in found.items() if who not in gone} | {each.officer: Source.OVERRIDE}
    for each in now:
        if each.change is Change.ADD:
            found = found | {each.officer: found.get(each.officer, Source.OVERRIDE)}
    removed = {each.officer for each in now if each.change is Change.REMOVE}
    return {who: why for who, why in found.items() if who not in removed}


def _edges(rota: Rota, since: datetime, until: datetime) -> Iterator[datetime]:
    """Instants in (since, until) at which anything may change."""
    for rotation in rota.rotations:
        yield from rotation.edges(since, until)
    periods = [each.period for each in rota.overrides]
    periods += [each.period for each in rota.absences]
    periods += [each.period for each in rota.rosters]
    periods += [period for roster in rota.rosters for _, period in roster.duties]
    for swap in rota.swaps:
        if swap.state is SwapState.ACCEPTED:
            periods += [swap.period, *([swap.back] if swap.back is not None else [])]
    for period in periods:
        yield from (edge for edge in (period.since, period.until) if since < edge < until)
