"""The form of a policy, edited without scripts: fieldsets of rungs, buttons that add, remove and move, the policy that comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData

from contactpoint.domain.catalogue import Problem
from contactpoint.domain.escalation import EscalationPolicy, Milestone, Rung, Target, Who
from contactpoint.domain.values import Urgency
from contactpoint.web.i18n import N_
from contactpoint.web.visitor import text

LABELS = {
    "role": N_("Shown to the sender as"),
    "wait": N_("Waits before the next rung"),
    "needed": N_("How many must take charge"),
    "percent": N_("Percent of the time for the decision"),
    "target": N_("Who is called"),
}
NAMELESS = frozenset((Who.EVERYBODY, Who.HOLDER, Who.FIRST))
_UNITS = {"min": 60, "s": 1}
_MOST = 20


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """One target as typed: a word of `Who` and the name it asks for."""

    who: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung or one milestone as typed; text where a person may write anything. ``key`` names its fieldset."""

    key: str
    role: str = "duty officer"
    wait: str = "10"
    unit: str = "min"
    needed: str = "1"
    percent: str = ""
    targets: tuple[TargetDraft, ...] = ()
    channels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    hours: str = "any"
    right: str = ""
    language: str = ""
    clearance: str = ""

    @property
    def qualified(self) -> bool:
        return bool(self.right or self.language or self.clearance)


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """The whole form: ``rungs`` until somebody takes charge, ``marks`` until there is an answer."""

    rungs: tuple[Step, ...]
    marks: tuple[Step, ...]
    hold_rungs: str
    remind_percent: str
    again_percent: str
    covers: str

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.rungs, *self.marks)


def draft_of(policy: EscalationPolicy) -> PolicyDraft:
    """The form of a policy as it stands."""
    return PolicyDraft(
        tuple(_of_rung(f"r{place}", rung) for place, rung in enumerate(policy.rungs)),
        tuple(_of_mark(f"m{place}", mark) for place, mark in enumerate(policy.until_answered)),
        str(policy.hold_rungs),
        str(policy.remind_percent),
        str(policy.again_percent),
        " ".join(policy.covers),
    )


def _targets(targets: Sequence[Target]) -> tuple[TargetDraft, ...]:
    return tuple(TargetDraft(each.who.value, each.name) for each in targets)


def _of_rung(key: str, rung: Rung) -> Step:
    minutes = rung.delay_s % 60 == 0
    return Step(
        key=key,
        role=rung.role,
        wait=str(rung.delay_s // 60 if minutes else rung.delay_s),
        unit="min" if minutes else "s",
        needed=str(rung.acknowledgers),
        targets=_targets(rung.targets),
        channels=rung.channels,
        classes=tuple(sorted(rung.classes)),
        hours=rung.hours.value,
        right=rung.right,
        language=rung.language,
        clearance=rung.clearance,
    )


def _of_mark(key: str, mark: Milestone) -> Step:
    targets = _targets(mark.targets)
    return Step(key, role=mark.role, percent=str(mark.percent), targets=targets, channels=mark.channels)


def read_draft(form: FormData) -> PolicyDraft:
    """What was typed; nothing is checked here."""
    return PolicyDraft(
        tuple(_read(form, f"r{place}") for place in range(_count(form, "rungs"))),
        tuple(_read(form, f"m{place}") for place in range(_count(form, "marks"))),
        text(form, "hold_rungs"),
        text(form, "remind_percent"),
        text(form, "again_percent"),
        text(form, "covers"),
    )


def _count(form: FormData, name: str) -> int:
    # A forged number must not make a page of a million rungs.
    given = text(form, name)
    return min(int(given), _MOST) if given.isdecimal() and len(given) < 5 else 0


def _all(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in form.getlist(name) if isinstance(each, str))


def _read(form: FormData, key: str) -> Step:
    pairs = zip(_all(form, f"{key}.who"), _all(form, f"{key}.of"), strict=False)
    return Step(
        key=key,
        role=text(form, f"{key}.role"),
        wait=text(form, f"{key}.wait"),
        unit=text(form, f"{key}.unit") or "min",
        needed=text(form, f"{key}.needed"),
        percent=text(form, f"{key}.percent"),
        targets=tuple(TargetDraft(who, name) for who, name in pairs if who or name),
        channels=_all(form, f"{key}.channels"),
        classes=_all(form, f"{key}.classes"),
        hours=text(form, f"{key}.hours") or "any",
        right=text(form, f"{key}.right"),
        language=text(form, f"{key}.language"),
        clearance=text(form, f"{key}.clearance"),
    )


def act(draft: PolicyDraft, do: str) -> PolicyDraft:
    """The draft after one button: ``add r``, ``remove r2``, ``up r2``, ``down r0``; anything else changes nothing."""
    word, _, key = do.partition(" ")
    kind, place = key[:1], key[1:]
    if kind not in ("r", "m"):
        return draft
    steps = list(draft.rungs if kind == "r" else draft.marks)
    if word == "add" and len(steps) < _MOST:
        steps.append(Step("", percent="" if kind == "r" else "90"))
    elif place.isdecimal() and int(place) < len(steps):
        _move(steps, word, int(place))
    keyed = tuple(replace(each, key=f"{kind}{number}") for number, each in enumerate(steps))
    return replace(draft, rungs=keyed) if kind == "r" else replace(draft, marks=keyed)


def moved_by(do: str, draft: PolicyDraft) -> str:
    """The fieldset that a button made or moved: there the keyboard goes on."""
    word, _, key = do.partition(" ")
    kind, place = key[:1], key[1:]
    if word == "add" and kind in ("r", "m"):
        return f"{kind}{len(draft.rungs if kind == 'r' else draft.marks)}"
    step = {"up": -1, "down": 1}.get(word, 0)
    return f"{kind}{int(place) + step}" if place.isdecimal() and len(place) < 4 else ""


def _move(steps: list[Step], word: str, at: int) -> None:
    match word:
        case "remove":
            del steps[at]
        case "up" if at > 0:
            steps[at - 1], steps[at] = steps[at], steps[at - 1]
        case "down" if at + 1 < len(steps):
            steps[at + 1], steps[at] = steps[at], steps[at + 1]


def content_of(draft: PolicyDraft) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """The policy's plain content, and what cannot be read, by field. The content counts only where there is no problem."""
    problems: list[Problem] = []

    def number(field: str, label: str, given: str, least: int, most: int) -> int:
        if given.isdecimal() and len(given) < 8 and least <= int(given) <= most:
            return int(given)
        problems.append(_problem(field, label, given))
        return least

    def step(each: Step) -> dict[str, Any]:
        plain = {"targets": _spelled(each, problems), "channels": list(each.channels), "role": each.role}
        if not each.role:
            problems.append(_problem(f"{each.key}.role", LABELS["role"], ""))
        if each.key.startswith("m"):
            return plain | {"percent": number(f"{each.key}.percent", LABELS["percent"], each.percent, 1, 100)}
        times = _UNITS.get(each.unit, 60)
        return plain | {
            "delay_s": times * number(f"{each.key}.wait", LABELS["wait"], each.wait, 1, 604_800 // times),
            "acknowledgers": number(f"{each.key}.needed", LABELS["needed"], each.needed, 1, 10),
            "classes": [code for code in each.classes if code in set(Urgency)],
            "hours": each.hours if each.hours in ("any", "in", "out") else "any",
            "right": each.right,
            "language": each.language,
            "clearance": each.clearance,
        }

    content = {
        "rungs": [step(each) for each in draft.rungs],
        "until_answered": sorted([step(each) for each in draft.marks], key=lambda mark: int(mark["percent"])),
        "hold_rungs": number("hold_rungs", OTHERS["hold_rungs"], draft.hold_rungs, 0, 20),
        "remind_percent": number("remind_percent", OTHERS["remind_percent"], draft.remind_percent, 1, 98),
        "again_percent": number("again_percent", OTHERS["again_percent"], draft.again_percent, 2, 99),
        "covers": draft.covers.replace(",", " ").split(),
    }
    return content, tuple(problems)


OTHERS = {
    "hold_rungs": N_("Rungs that wait for an officer who is on the way"),
    "remind_percent": N_("Reminder to the holder who does nothing, percent of the time for the decision"),
    "again_percent": N_("It rings again, percent of the time for the decision"),
    "covers": N_("States for whose desk this one is paged"),
}


def _spelled(step: Step, problems: list[Problem]) -> list[str]:
    spelled = []
    for each in step.targets:
        known = each.who in set(Who)
        if not known or (Who(each.who) in NAMELESS) == bool(each.name) or len(each.name) > 64:
            problems.append(_problem(f"{step.key}.target", LABELS["target"], each.who and each.name))
        else:
            spelled.append(str(Target(Who(each.who), each.name)))
    return spelled


def _problem(field: str, label: str, given: str) -> Problem:
    if not given:
        return Problem("E-FIELD-MISSING", field, f"{label}: this field is mandatory.")
    return Problem(
        "E-FIELD-INVALID", field, f"{label}: this is not written as it should be. Look at the hint beside it."
    )


def labels_of(draft: PolicyDraft) -> dict[str, str]:
    """Each field's label, for the summary of problems."""
    of_steps = {f"{each.key}.{name}": label for each in draft.steps for name, label in LABELS.items()}
    return of_steps | OTHERS
