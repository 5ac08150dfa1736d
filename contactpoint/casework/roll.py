"""The roll of this desk: a frozen picture, read in the transaction that decides, of who could be called now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.rotas import rotas_now
from contactpoint.domain.errors import DomainError
from contactpoint.domain.roll import NOBODY, Person, Roll
from contactpoint.domain.rota import Rota, neighbour, officers_at, on_duty
from contactpoint.store.rows_people import officer_rows


async def roll_now(tx: AsyncConnection, cw: Casework) -> Roll:
    """Promise: officers, rotas in use and the own calendar as they are in this transaction."""
    watches, broken = await _watches(tx, cw)
    # An officer belongs to the unit whose rota names him; the first by name, where several do.
    units = {number: each.rota.unit for each in reversed(list(watches.values())) for number in each.rota.officers}
    people = tuple(_person(row, units.get(row.number, "")) for row in await officer_rows(tx))
    return Roll(people, watches, cw.register.calendar(cw.state), broken=broken)


async def roll_for(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> Roll:
    """The roll as the ladder of this request looks at it: who holds it stands in it; an own request calls nobody here."""
    return (await roll_now(tx, cw)).held_by(row.holder) if row.incoming else NOBODY


@dataclass(slots=True)
class RotaWatch:
    """A rota as the ladder asks it; an instant that many requests ask for is worked out once.

    One that cannot be computed has nobody on duty: it must not stop the paging of requests that could be answered without it.
    """

    rota: Rota
    known: dict[datetime, tuple[tuple[str, ...], datetime | None]] = field(default_factory=dict)
    beside: dict[tuple[datetime, int], tuple[str, ...]] = field(default_factory=dict)

    def on_duty(self, at: datetime) -> tuple[tuple[str, ...], datetime | None]:
        if at not in self.known:
            try:
                duty = on_duty(self.rota, at)
                self.known[at] = (duty.officers, duty.until)
            except (DomainError, ArithmeticError, ValueError):
                self.known[at] = ((), None)
        return self.known[at]

    def neighbour(self, at: datetime, step: int) -> tuple[str, ...]:
        if (at, step) not in self.beside:
            try:
                self.beside[at, step] = neighbour(self.rota, at, step)
            except (DomainError, ArithmeticError, ValueError):
                self.beside[at, step] = ()
        return self.beside[at, step]


@dataclass(slots=True)
class Glance:
    """A rota asked for fourteen days ahead, hour by hour: who is on duty, not until when; who comes next, once for each duty."""

    rota: Rota
    known: dict[datetime, tuple[str, ...]] = field(default_factory=dict)
    beside: dict[tuple[tuple[str, ...], int], tuple[str, ...]] = field(default_factory=dict)

    def on_duty(self, at: datetime) -> tuple[tuple[str, ...], None]:
        if at not in self.known:
            try:
                self.known[at] = officers_at(self.rota, at)
            except (DomainError, ArithmeticError, ValueError):
                self.known[at] = ()
        return self.known[at], None

    def neighbour(self, at: datetime, step: int) -> tuple[str, ...]:
        duty, _ = self.on_duty(at)
        if (duty, step) not in self.beside:
            try:
                self.beside[duty, step] = neighbour(self.rota, at, step)
            except (DomainError, ArithmeticError, ValueError):
                self.beside[duty, step] = ()
        return self.beside[duty, step]


def glancing(roll: Roll) -> Roll:
    """The same roll for a look at many instants, as a policy's check takes it."""
    return replace(
        roll, rotas={name: Glance(each.rota) for name, each in roll.rotas.items() if isinstance(each, RotaWatch)}
    )


async def _watches(tx: AsyncConnection, cw: Casework) -> tuple[Mapping[str, RotaWatch], tuple[str, ...]]:
    """The rotas in use by name, and the names of those that do not bear their officer's signature or cannot be read."""
    now = await rotas_now(tx, cw)
    return {rota.name: RotaWatch(rota) for rota in now.rotas}, now.broken


def _person(row: Row[Any], unit: str) -> Person:
    return Person(
        number=row.number,
        rights=frozenset(json.loads(row.rights)),
        languages=frozenset((row.language,)),
        unit=unit,
        locked=row.locked_at is not None,
    )
