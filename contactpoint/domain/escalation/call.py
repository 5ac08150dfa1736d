"""Who is called by a rung at an instant: the one place that says so, for paging, dry run and lint. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contactpoint.domain.calendar import in_office_hours
from contactpoint.domain.escalation.model import EscalationPolicy, Hours, Rung, Target, Who
from contactpoint.domain.roll import Person, Roll
from contactpoint.domain.values import Urgency


class Nobody(StrEnum):
    """Why a rung calls nobody. The first two are as the policy wants it; of the others a person must be told."""

    OTHER_CLASS = "other-class"
    OTHER_HOURS = "other-hours"
    NO_TARGET = "no-target"
    NOBODY_THERE = "nobody-there"
    NOBODY_QUALIFIED = "nobody-qualified"

    @property
    def as_planned(self) -> bool:
        return self in (Nobody.OTHER_CLASS, Nobody.OTHER_HOURS)


@dataclass(frozen=True, slots=True)
class Called:
    """People, States' desks and channels without a person that a rung calls; or `why` it calls nobody.

    `until`: when somebody else comes on duty by a rota that was asked (None: never).
    """

    people: tuple[str, ...] = ()
    desks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    why: Nobody | None = None
    until: datetime | None = None

    @property
    def anybody(self) -> bool:
        return bool(self.people or self.desks or self.lines)


def called(rung: Rung, roll: Roll, urgency: Urgency | None, at: datetime) -> Called:
    """Promise: whom this rung calls at this instant, each once, in the order of its targets; or why nobody. No class: whatever it is."""
    if urgency is not None and not rung.open_to(urgency):
        return Called(why=Nobody.OTHER_CLASS)
    if rung.hours is not Hours.ANY and in_office_hours(roll.calendar, at) != (rung.hours is Hours.IN):
        return Called(why=Nobody.OTHER_HOURS)
    if not rung.targets:
        return Called(why=Nobody.NO_TARGET)
    desks = tuple(dict.fromkeys(each.name for each in rung.targets if each.who is Who.DESK))
    lines = tuple(dict.fromkeys(each.name for each in rung.targets if each.who is Who.CHANNEL))
    found: dict[str, Person] = {}
    changes: list[datetime] = []
    for target in rung.targets:
        numbers, until = _numbers(target, roll, at)
        changes += [] if until is None else [until]
        found.update({person.number: person for person in map(roll.person, numbers) if person is not None})
    people = tuple(number for number, person in found.items() if _qualified(rung, person))
    why = None
    if not people and not desks and not lines:
        why = Nobody.NOBODY_QUALIFIED if found else Nobody.NOBODY_THERE
    return Called(people, desks, lines, why, min(changes, default=None))


def last_resort(roll: Roll) -> Called:
    """Every officer who is not locked: a policy that calls nobody must not be the reason that nobody is called."""
    people = tuple(person.number for person in roll.usable())
    return Called(people, why=None if people else Nobody.NOBODY_THERE)


def first_called(policy: EscalationPolicy, roll: Roll, urgency: Urgency | None, at: datetime) -> Called:
    """Whom the first rung that has people calls at this instant: the officers on duty, as this policy understands it."""
    each = (called(rung, roll, urgency, at) for rung in policy.rungs)
    return next((one for one in each if one.people), Called(why=Nobody.NOBODY_THERE))


def with_first(rung: Rung, policy: EscalationPolicy, roll: Roll, urgency: Urgency, at: datetime) -> Rung:
    """The rung with its target `first` in the place of those whom the policy's first rung calls now."""
    if not any(each.who is Who.FIRST for each in rung.targets):
        return rung
    first = tuple(Target(Who.OFFICER, each) for each in first_called(policy, roll, urgency, at).people)
    targets = [one for each in rung.targets for one in (first if each.who is Who.FIRST else (each,))]
    return Rung(tuple(targets), rung.channels, rung.delay_s, rung.role)


def _qualified(rung: Rung, person: Person) -> bool:
    return (
        (not rung.right or rung.right in person.rights)
        and (not rung.language or rung.language in person.languages)
        and (not rung.clearance or rung.clearance in person.clearances)
    )


def _numbers(target: Target, roll: Roll, at: datetime) -> tuple[Iterable[str], datetime | None]:
    """The officers a target means at an instant, and when its rota changes next."""
    match target.who:
        case Who.DUTY | Who.NEXT | Who.PREVIOUS:
            return _by_rota(target, roll, at)
        case Who.OFFICER:
            return (target.name,), None
        case Who.UNIT:
            return [each.number for each in roll.usable() if each.unit == target.name], None
        case Who.RIGHT:
            return [each.number for each in roll.usable() if target.name in each.rights], None
        case Who.EVERYBODY:
            return _everybody(roll, at)
        case Who.HOLDER:
            return (roll.holder,), None
        case Who.FIRST | Who.DESK | Who.CHANNEL:
            return (), None


def _by_rota(target: Target, roll: Roll, at: datetime) -> tuple[Iterable[str], datetime | None]:
    rota = roll.rotas.get(target.name)
    if rota is None:
        return (), None
    on_duty, until = rota.on_duty(at)
    if target.who is Who.DUTY:
        return on_duty, until
    return rota.neighbour(at, 1 if target.who is Who.NEXT else -1), until


def _everybody(roll: Roll, at: datetime) -> tuple[Iterable[str], datetime | None]:
    if not roll.rotas:
        return [each.number for each in roll.usable()], None
    numbers: dict[str, None] = {}
    changes: list[datetime] = []
    for rota in roll.rotas.values():
        on_duty, until = rota.on_duty(at)
        numbers.update(dict.fromkeys(on_duty))
        changes += [] if until is None else [until]
    return numbers, min(changes, default=None)
