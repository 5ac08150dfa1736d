"""The form of a rota, edited without scripts: its turns with their officers and weekly hours, and the plain rota that comes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from starlette.datastructures import FormData

from contactpoint.domain.catalogue import Problem
from contactpoint.domain.rota import Rota, Rotation, Unit, Window
from contactpoint.domain.rota.change import running, succeed
from contactpoint.web.i18n import N_
from contactpoint.web.visitor import text
from contactpoint.web.walltime import read_local

NAME, ZONE, DEFAULT = N_("Name"), N_("Time zone"), N_("Default officer")
LABELS = {
    "anchor": N_("First handoff, local time"),
    "length": N_("Each officer's turn lasts"),
    "officer": N_("Officers in order"),
}
HOURS = N_("Weekly hours")
UNITS = {"hour": N_("hours"), "day": N_("days"), "week": N_("weeks"), "month": N_("months")}
_MOST = 12
_MOST_PLACES = 60
_PLACES = 4


@dataclass(frozen=True, slots=True)
class WindowDraft:
    """Hours of the week as typed: days (0 is Monday), from, until."""

    days: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @property
    def empty(self) -> bool:
        return not (self.days or self.since or self.until)


@dataclass(frozen=True, slots=True)
class TurnDraft:
    """One rotation as typed. ``officers`` may hold empty places."""

    anchor: str = ""
    unit: str = "week"
    length: str = "1"
    officers: tuple[str, ...] = ("",) * _PLACES
    windows: tuple[WindowDraft, ...] = (WindowDraft(),)


@dataclass(frozen=True, slots=True)
class RotaDraft:
    """The whole form; ``after`` is the version that the officer saw, 0 for a new rota."""

    name: str
    zone: str
    default: str
    after: int
    turns: tuple[TurnDraft, ...] = (TurnDraft(),)


def read_rota(form: FormData, name: str = "") -> RotaDraft:
    """What was typed; nothing is checked here."""
    given = text(form, "after")
    return RotaDraft(
        name=name or text(form, "name"),
        zone=text(form, "zone"),
        default=text(form, "default"),
        after=int(given) if given.isdecimal() and len(given) < 9 else 0,
        turns=tuple(_turn(form, f"t{place}") for place in range(_count(form, "turns", _MOST))) or (TurnDraft(),),
    )


def _count(form: FormData, name: str, most: int) -> int:
    # A forged number must not make a page of a million fields.
    given = text(form, name)
    return min(int(given), most) if given.isdecimal() and len(given) < 5 else 0


def _turn(form: FormData, key: str) -> TurnDraft:
    return TurnDraft(
        anchor=text(form, f"{key}.anchor"),
        unit=text(form, f"{key}.unit"),
        length=text(form, f"{key}.length"),
        officers=_places(form, f"{key}.officer"),
        windows=tuple(_window(form, f"{key}.w{place}") for place in range(_count(form, f"{key}.windows", 3 * _MOST)))
        or (WindowDraft(),),
    )


def _places(form: FormData, name: str) -> tuple[str, ...]:
    given = tuple(str(each) for each in form.getlist(name))[:_MOST_PLACES]
    return given + ("",) * (_PLACES - len(given))


def _window(form: FormData, key: str) -> WindowDraft:
    days = tuple(str(each) for each in form.getlist(f"{key}.days") if each in set("0123456"))
    return WindowDraft(days, text(form, f"{key}.since"), text(form, f"{key}.until"))


def act(draft: RotaDraft, do: str) -> RotaDraft:
    """The draft after one button: ``add``, ``remove 1``, ``places 0``, ``hours 0``; anything else changes nothing."""
    word, _, place = do.partition(" ")
    turns = list(draft.turns)
    if word == "add" and len(turns) < _MOST:
        first = turns[0]
        return replace(draft, turns=(*turns, TurnDraft(anchor=first.anchor, unit=first.unit, length=first.length)))
    if not place.isdecimal() or int(place) >= len(turns):
        return draft
    at = int(place)
    turn = turns[at]
    match word:
        case "remove" if len(turns) > 1:
            del turns[at]
        case "places":
            turns[at] = replace(turn, officers=(turn.officers + ("",) * _PLACES)[:_MOST_PLACES])
        case "hours":
            turns[at] = replace(turn, windows=(*turn.windows, WindowDraft())[: 3 * _MOST])
    return replace(draft, turns=tuple(turns))


def moved_by(do: str, draft: RotaDraft) -> str:
    """The field at which the keyboard goes on after a button, by its id."""
    word, _, place = do.partition(" ")
    number = int(place) if place.isdecimal() and int(place) < len(draft.turns) else 0
    turn = draft.turns[number]
    match word:
        case "add":
            return f"f-t{len(draft.turns)}-anchor"
        case "places":
            return f"f-t{number}-place{len(turn.officers) + 1}"
        case "hours":
            return f"f-t{number}-w{len(turn.windows)}-days"
    return ""


def missing(field: str, label: str) -> Problem:
    return Problem("E-FIELD-MISSING", field, f"{label}: this field is mandatory.")


def invalid(field: str, label: str) -> Problem:
    return Problem(
        "E-FIELD-INVALID", field, f"{label}: this is not written as it should be. Look at the hint beside it."
    )


def problems_of(draft: RotaDraft, zones: frozenset[str], officers: Sequence[str]) -> tuple[Problem, ...]:
    """What cannot be read, by field; whether the rota makes sense is the domain's to say."""
    found = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", draft.name):
        found.append(invalid("name", NAME) if draft.name else missing("name", NAME))
    if draft.zone not in zones:
        found.append(invalid("zone", ZONE) if draft.zone else missing("zone", ZONE))
    if draft.default and draft.default not in officers:
        found.append(invalid("default", DEFAULT))
    for number, turn in enumerate(draft.turns):
        found += _of_turn(f"t{number}", turn, officers)
    return tuple(found)


def _of_turn(key: str, turn: TurnDraft, officers: Sequence[str]) -> list[Problem]:
    found = []
    if read_local(turn.anchor) is None:
        found.append((invalid if turn.anchor else missing)(f"{key}.anchor", LABELS["anchor"]))
    if turn.unit not in UNITS or not (turn.length.isdecimal() and 0 < len(turn.length) < 5 and int(turn.length)):
        found.append((invalid if turn.length else missing)(f"{key}.length", LABELS["length"]))
    named = [each for each in turn.officers if each]
    if not named:
        found.append(missing(f"{key}.officer", LABELS["officer"]))
    elif set(named) - set(officers):
        found.append(invalid(f"{key}.officer", LABELS["officer"]))
    for place, window in enumerate(turn.windows):
        if not window.empty and (not window.days or clock(window.since) is None or clock(window.until) is None):
            found.append(invalid(f"{key}.w{place}.since", HOURS))
    return found


def clock(given: str) -> str | None:
    """``9:00`` as ``09:00``; ``24:00`` is the end of a day; None for anything else."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", given)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    fits = (hour < 24 and minute < 60) or (hour, minute) == (24, 0)
    return f"{hour:02d}:{minute:02d}" if fits else None


def labels_of(draft: RotaDraft) -> dict[str, str]:
    """Each field's label, for the summary of problems."""
    found = {"name": NAME, "zone": ZONE, "default": DEFAULT}
    for number, turn in enumerate(draft.turns):
        found |= {f"t{number}.{name}": label for name, label in LABELS.items()}
        found |= {f"t{number}.w{place}.since": HOURS for place in range(len(turn.windows))}
    return found


def draft_of(rota: Rota, after: int) -> RotaDraft:
    """The form of a rota as it stands."""
    turns = tuple(_of_rotation(each) for each in running(rota.rotations)) or (TurnDraft(),)
    return RotaDraft(rota.name, rota.zone, rota.default, after, turns)


def _of_rotation(turn: Rotation) -> TurnDraft:
    days: dict[tuple[str, str], list[str]] = {}
    for window in turn.windows:
        hours = (f"{window.starts:%H:%M}", "24:00" if window.ends == time() else f"{window.ends:%H:%M}")
        days.setdefault(hours, []).append(str(window.weekday))
    windows = tuple(WindowDraft(tuple(each), *hours) for hours, each in days.items())
    officers = turn.officers + ("",) * max(1, _PLACES - len(turn.officers))
    anchor = turn.anchor.strftime("%Y-%m-%d %H:%M")
    return TurnDraft(anchor, turn.unit.value, str(turn.length), officers, (*windows, WindowDraft()))


def rota_of(draft: RotaDraft, stands: Rota | None, now: datetime) -> Rota:
    """The rota that the form means, once ``problems_of`` found nothing; ``stands`` is the one that it changes. Raises RotaError.

    The form shows the running turns in their order, so that its first is the first of them; what it shows no more, ends.
    """
    new = [_rotation(each, draft.zone) for each in draft.turns]
    if stands is None:
        return Rota(draft.name, draft.zone, tuple(new), draft.default)
    turns = succeed(stands.rotations, new, now)
    return replace(stands, zone=draft.zone, default=draft.default, rotations=turns)


def _rotation(turn: TurnDraft, zone: str) -> Rotation:
    anchor = read_local(turn.anchor)
    assert anchor is not None
    windows = [
        Window(int(day), time.fromisoformat(_start(window.since)), time.fromisoformat(_start(window.until)))
        for window in turn.windows
        for day in window.days
    ]
    officers = tuple(each for each in turn.officers if each)
    return Rotation(zone, anchor, Unit(turn.unit), int(turn.length), officers, windows=tuple(windows))


def _start(given: str) -> str:
    told = clock(given) or "00:00"
    return "00:00" if told == "24:00" else told
