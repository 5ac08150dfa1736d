"""A State as a requester must see it before it writes: the public part of its card, as plain values.

The desk makes it from the verified copy of the register. A State without a card gives a picture that promises nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from contactpoint.domain.calendar import Calendar


class Does(StrEnum):
    """What a contact point does itself of one kind of help (Article 41(3))."""

    ITSELF = "itself"
    PASSES_ON = "passes-on"
    NOT_AVAILABLE = "not-available"


@dataclass(frozen=True, slots=True)
class Accepts:
    """A language (BCP 47) accepted for these families of help, the letters of Article 41(3); and whether at night too."""

    tag: str
    families: tuple[str, ...]
    at_night: bool


@dataclass(frozen=True, slots=True)
class Body:
    """Another authority of the State: its role, name and telephone (empty when not told)."""

    role: str
    name: str
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class OwnOffence:
    """What an offence code is in the State's own law. The same code does not prove dual criminality."""

    name: str
    provision: str
    maximum_years: int


@dataclass(frozen=True, slots=True)
class Law:
    """What the card says of the law there. `reservations`: paragraph -> whether the State holds the reservation it permits."""

    reservations: Mapping[str, bool] = field(default_factory=dict)
    dual_criminality: str = ""  # required, discretionary, not-required
    preservation_days: int = 90
    preservation_renewable: bool = True
    preservation_law: str = ""
    user_notification: str = "none"  # none, delayed, required
    user_notification_days: int | None = None
    orders_by: tuple[str, ...] = ()
    judge_needed_for: tuple[str, ...] = ()  # subscriber, traffic, content
    emergency_minimum: str = ""
    oral_requests: bool = False
    confirmation_hours: int | None = None
    bases: Mapping[str, bool] = field(default_factory=dict)  # role of an authority -> takes the Convention as basis
    refuses_interpol: bool = False
    diplomatic_channel: bool = False
    offences: Mapping[str, OwnOffence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatePicture:
    """One State. `status`: party, signatory or guest; `since`: the day (YYYY-MM-DD) from which it is a Party, where its card says so."""

    state: str
    name: str
    has_card: bool = False
    status: str = "guest"
    since: str = ""
    roles: tuple[str, ...] = ()  # of the authorities that the contact point itself is: central, extradition
    languages: tuple[Accepts, ...] = ()
    helps: Mapping[str, tuple[Does, str]] = field(default_factory=dict)  # family -> what it does, and who else does it
    bodies: tuple[Body, ...] = ()
    law: Law = field(default_factory=Law)
    calendar: Calendar = field(default_factory=Calendar)
    opens: time = time(9, 0)

    def is_party(self, now: datetime) -> bool:
        """Whether the Convention is in force for it at this instant, as far as its card says."""
        local = now.astimezone(ZoneInfo(self.calendar.zone)).date().isoformat()
        return self.has_card and self.status == "party" and self.since <= local

    def body(self, role: str) -> Body | None:
        """The authority of this role; the contact point itself where it is that."""
        named = next((each for each in self.bodies if each.role == role), None)
        return named or (Body(role, self.name) if role in self.roles else None)

    def at_work(self, now: datetime) -> bool:
        """Whether its working hours run: outside them only the languages of the night are read."""
        local = now.astimezone(ZoneInfo(self.calendar.zone))
        opens, closes = self.opens, self.calendar.closes
        inside = opens <= local.time() < closes if opens < closes else not closes <= local.time() < opens
        return self.calendar.works_on(local.date()) and inside

    def reads(self, family: str, now: datetime) -> tuple[str, ...]:
        """The languages that it accepts for a family of help (any where there is none) at this hour."""
        day = self.at_work(now)
        fitting = (
            each for each in self.languages if (not family or family in each.families) and (day or each.at_night)
        )
        return tuple(dict.fromkeys(each.tag for each in fitting))

    def offence(self, code: str) -> OwnOffence | None:
        """Its own offence for a code of the catalogue; for O-13a also what it says of O-13."""
        offences = self.law.offences
        return offences.get(code) or offences.get(code.rstrip("0123456789")[:-1] if code[-1:].isdigit() else code[:-1])
