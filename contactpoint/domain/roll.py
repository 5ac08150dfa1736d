"""The roll: a frozen picture of who could be called at this desk, read in the transaction that decides. Pure data."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from contactpoint.domain.calendar import Calendar


class Watch(Protocol):
    """Who keeps watch by one rota: `contactpoint.domain.rota` decides it, for paging as for every page and export."""

    def on_duty(self, at: datetime) -> tuple[tuple[str, ...], datetime | None]:
        """The officers on duty at an instant, and when that changes next (None: never)."""
        ...

    def neighbour(self, at: datetime, step: int) -> tuple[str, ...]:
        """Who is on duty in the shift after this one (`step` 1) or before it (-1)."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """One officer as far as calling goes. A locked one is never called."""

    number: str
    rights: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    clearances: frozenset[str] = frozenset()
    unit: str = ""
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Roll:
    """Officers and rotas of one desk, its own calendar, and who holds the request in question (`` when nobody does).

    `broken` are rotas that may not be believed: nobody is on duty by them, and a person is told. `known` is what was worked out of this
    very picture before: many requests look at it in one instant.
    """

    officers: tuple[Person, ...] = ()
    rotas: Mapping[str, Watch] = field(default_factory=lambda: MappingProxyType({}))
    calendar: Calendar = field(default_factory=Calendar)
    holder: str = ""
    broken: tuple[str, ...] = ()
    known: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def held_by(self, holder: str) -> "Roll":
        """The same roll, looked at for a request that this officer holds."""
        if holder == self.holder:
            return self
        held: Roll = self.known.setdefault(("held", holder), replace(self, holder=holder))
        return held

    def usable(self) -> Iterator[Person]:
        return (person for person in self.officers if not person.locked)

    def person(self, number: str) -> Person | None:
        """The officer of this number who can be called; None when there is none, or is locked."""
        return next((person for person in self.usable() if person.number == number), None)


NOBODY = Roll()
"""For a ladder that calls nobody here: an own request, which waits for the other State."""
