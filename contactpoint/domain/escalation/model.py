"""The data of an escalation policy: rungs, the milestones of the second ladder, and how it is written down."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from contactpoint.domain.errors import EscalationError
from contactpoint.domain.values import Urgency, is_address

EVERYBODY_AGAIN = 120
"""Seconds after which everybody is called again where no policy says otherwise, and where a whole ladder had nobody on it."""

LONGEST_DELAY = 7 * 86_400
MOST_RUNGS = 20
MOST_TEXT = 64
MOST_CHANNEL = 24


class Who(StrEnum):
    """Whom a target means. It is looked up when the rung is fired, never when the policy is saved."""

    DUTY = "duty"  # on duty by the rota of this name
    NEXT = "next"  # on duty by that rota after this shift
    PREVIOUS = "previous"  # on duty by that rota before this shift
    OFFICER = "officer"  # this very officer
    UNIT = "unit"  # everybody of this unit
    EVERYBODY = "everybody"  # on duty by any rota; without a rota, every officer
    RIGHT = "right"  # everybody who has this right
    HOLDER = "holder"  # who has the acknowledged request now
    FIRST = "first"  # whoever the first rung with somebody on it calls now
    DESK = "desk"  # another State's desk, by agreement: it is paged only (class, reference, telephone)
    CHANNEL = "channel"  # a channel that belongs to no person: the siren, the telephone of the room


_NAMELESS = frozenset((Who.EVERYBODY, Who.HOLDER, Who.FIRST))


class Hours(StrEnum):
    """When a rung is climbed: always, or only in or out of the own State's office hours."""

    ANY = "any"
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call: `who`, and the rota, officer, unit, right, State or channel that it names."""

    who: Who
    name: str = ""

    def __str__(self) -> str:
        return f"{self.who.value} {self.name}" if self.name else self.who.value

    @classmethod
    def read(cls, text: str) -> "Target":
        """The target that `str` spells: `duty NAME`, `officer XA-OFF-001`, `everybody`. Raises EscalationError."""
        word, _, name = text.strip().partition(" ")
        try:
            who = Who(word)
        except ValueError as error:
            raise EscalationError("E-POLICY", field=f"target {text[:MOST_TEXT]}") from error
        name = name.strip()
        # What does not fit a column, or holds a NUL, would make every request of this policy impossible to receive.
        wrong = len(name) > (MOST_CHANNEL if who is Who.CHANNEL else MOST_TEXT) or not name.isprintable()
        if (who in _NAMELESS) == bool(name) or wrong or (who is Who.DESK and not is_address(name)):
            raise EscalationError("E-POLICY", field=f"target {text[:MOST_TEXT]}")
        return cls(who, name)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: whoever its targets mean then is paged at once; the next rung follows after `delay_s` seconds.

    `role` is what the sender is shown (`duty officer`), never a person. No channels: every channel that is set up. No classes:
    every class. `acknowledgers`: so many different people must take charge before it stops ringing. `right`, `language` and
    `clearance`: only who has it is called ("" asks for nothing).
    """

    targets: tuple[Target, ...]
    channels: tuple[str, ...]
    delay_s: int
    role: str
    hours: Hours = Hours.ANY
    classes: frozenset[Urgency] = frozenset()
    acknowledgers: int = 1
    right: str = ""
    language: str = ""
    clearance: str = ""

    def open_to(self, urgency: Urgency) -> bool:
        return not self.classes or urgency in self.classes

    def to_plain(self) -> dict[str, Any]:
        return {
            "targets": [str(target) for target in self.targets],
            "channels": list(self.channels),
            "delay_s": self.delay_s,
            "role": self.role,
            "hours": self.hours.value,
            "classes": sorted(each.value for each in self.classes),
            "acknowledgers": self.acknowledgers,
            "right": self.right,
            "language": self.language,
            "clearance": self.clearance,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Rung":
        """`targets`, `delay_s` and `role` must be there, the rest may be left out. Raises EscalationError."""
        known = set(_OPTIONAL) | {"targets", "delay_s", "role"}
        unknown = set(plain) - known
        if unknown:
            raise EscalationError("E-POLICY", field=", ".join(sorted(map(str, unknown)))[:MOST_TEXT])
        full = {**_OPTIONAL, **plain}
        return cls(
            targets=tuple(Target.read(str(each)) for each in _texts(full["targets"], "targets")),
            channels=_channels(full["channels"]),
            delay_s=_whole(full["delay_s"], 1, LONGEST_DELAY, "delay_s"),
            role=_text(full["role"], "role", least=1),
            hours=Hours(full["hours"]),
            classes=frozenset(Urgency(each) for each in _texts(full["classes"], "classes")),
            acknowledgers=_whole(full["acknowledgers"], 1, 10, "acknowledgers"),
            right=_text(full["right"], "right"),
            language=_text(full["language"], "language"),
            clearance=_text(full["clearance"], "clearance"),
        )


_OPTIONAL: Mapping[str, Any] = {
    "channels": (),
    "hours": "any",
    "classes": (),
    "acknowledgers": 1,
    "right": "",
    "language": "",
    "clearance": "",
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """One rung of the second ladder, which runs until *answered*: called at `percent` of the time for the decision."""

    percent: int
    targets: tuple[Target, ...]
    channels: tuple[str, ...]
    role: str

    @property
    def rung(self) -> Rung:
        return Rung(self.targets, self.channels, 1, self.role)

    def to_plain(self) -> dict[str, Any]:
        return {
            "percent": self.percent,
            "targets": [str(target) for target in self.targets],
            "channels": list(self.channels),
            "role": self.role,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Milestone":
        return cls(
            percent=_whole(plain["percent"], 1, 100, "percent"),
            targets=tuple(Target.read(str(each)) for each in _texts(plain["targets"], "targets")),
            channels=_channels(plain.get("channels", ())),
            role=_text(plain["role"], "role", least=1),
        )


_DUTY_THEN = (Target(Who.HOLDER), Target(Who.FIRST))
MILESTONES = (
    Milestone(50, _DUTY_THEN, (), "duty officer"),
    Milestone(80, _DUTY_THEN, (), "duty officer"),
    Milestone(100, (*_DUTY_THEN, Target(Who.RIGHT, "supervise")), (), "supervisor"),
)


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Rungs in order, and what runs beside them. A later version touches new requests only.

    `until_answered` is the second ladder. `hold_rungs`: how many rungs after the present one wait for an officer who is on the way.
    `remind_percent`, `again_percent`: of the time from taking charge to the decision; when nothing was done in the case by then,
    the holder is reminded, and then it rings again, once (`remind_percent` 0: neither).
    `covers`: States for whose desk this one is paged, by agreement.
    """

    version: int
    rungs: tuple[Rung, ...]
    until_answered: tuple[Milestone, ...] = MILESTONES
    hold_rungs: int = 1
    remind_percent: int = 25
    again_percent: int = 40
    covers: tuple[str, ...] = ()

    def __hash__(self) -> int:
        # Of little, because thousands of ladders look one policy up; equal policies have it alike.
        return hash((self.version, len(self.rungs), self.hold_rungs))

    def to_plain(self) -> dict[str, Any]:
        return {"version": self.version, **self.content()}

    def content(self) -> dict[str, Any]:
        """All but the version: what an officer signs, and what a file of a policy holds."""
        return {
            "rungs": [rung.to_plain() for rung in self.rungs],
            "until_answered": [each.to_plain() for each in self.until_answered],
            "hold_rungs": self.hold_rungs,
            "remind_percent": self.remind_percent,
            "again_percent": self.again_percent,
            "covers": list(self.covers),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "EscalationPolicy":
        """`rungs` must be there, the rest may be left out. Raises EscalationError for anything that `to_plain` would not have written."""
        unknown = set(plain) - _FIELDS
        if unknown or "rungs" not in plain:
            raise EscalationError("E-POLICY", field=", ".join(sorted(map(str, unknown)))[:MOST_TEXT] or "rungs")
        try:
            rungs = tuple(Rung.from_plain(each) for each in _list(plain["rungs"], "rungs"))
            later = plain.get("until_answered")
            marks = MILESTONES if later is None else tuple(map(Milestone.from_plain, _list(later, "until_answered")))
            read = cls(
                version=_whole(plain.get("version", 0), 0, 2**31 - 1, "version"),
                rungs=rungs,
                until_answered=marks,
                hold_rungs=_whole(plain.get("hold_rungs", 1), 0, MOST_RUNGS, "hold_rungs"),
                remind_percent=_whole(plain.get("remind_percent", 25), 0, 99, "remind_percent"),
                again_percent=_whole(plain.get("again_percent", 40), 1, 99, "again_percent"),
                covers=_texts(plain.get("covers", ()), "covers"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EscalationError("E-POLICY", field="rungs") from error
        if len(rungs) > MOST_RUNGS or len(marks) > MOST_RUNGS:
            raise EscalationError("E-POLICY", field="rungs")
        percents = [mark.percent for mark in marks]
        if percents != sorted(set(percents)):
            raise EscalationError("E-POLICY", field="until_answered")
        if read.again_percent <= read.remind_percent:
            raise EscalationError("E-POLICY", field="again_percent")
        return read


@lru_cache(maxsize=256)
def spell_policy(policy: EscalationPolicy) -> str:
    """The policy as the text that stands in every ladder it is frozen into."""
    return json.dumps(policy.to_plain(), separators=(",", ":"))


@lru_cache(maxsize=256)
def read_policy(text: str) -> EscalationPolicy:
    """The policy that `spell_policy` wrote: the same object for every ladder that holds this text. Raises EscalationError, ValueError."""
    return EscalationPolicy.from_plain(json.loads(text))


_FIELDS = {"version", "rungs", "until_answered", "hold_rungs", "remind_percent", "again_percent", "covers"}

LAST_RESORT = Rung((), (), EVERYBODY_AGAIN, "everybody")
"""Climbed when no rung of a whole ladder has anybody on it: every officer who is not locked, whatever rotas and rungs say."""


def everybody_policy(version: int = 0) -> EscalationPolicy:
    """What holds while no policy was saved: everybody on duty, or every officer without a rota, on every channel, every two minutes."""
    return EscalationPolicy(version, (Rung((Target(Who.EVERYBODY),), (), EVERYBODY_AGAIN, "everybody"),))


def _whole(value: object, least: int, most: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise EscalationError("E-POLICY", field=field)
    return value


def _text(value: object, field: str, least: int = 0) -> str:
    if not isinstance(value, str) or not least <= len(value) <= MOST_TEXT or not value.isprintable():
        raise EscalationError("E-POLICY", field=field)
    return value


def _list(value: object, field: str) -> Sequence[Any]:
    # A text is a sequence, too: one officer's number must not be read as a rung of letters.
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise EscalationError("E-POLICY", field=field)
    return value


def _channels(value: object) -> tuple[str, ...]:
    found = _texts(value, "channels")
    if any(len(each) > MOST_CHANNEL for each in found):
        raise EscalationError("E-POLICY", field="channels")
    return found


def _texts(value: object, field: str) -> tuple[str, ...]:
    found = tuple(_text(each, field, least=1) for each in _list(value, field))
    if len(found) > MOST_TEXT:
        raise EscalationError("E-POLICY", field=field)
    return found
