"""Escalation: the policy in use as a ladder, what it would do now, its versions, and its editor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import DeskError, NotPermittedError, SecretError
from contactpoint.desk.officers import RIGHTS
from contactpoint.desk.policies import DryPage, FindingView
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.escalation import EscalationPolicy, Nobody
from contactpoint.domain.values import Urgency
from contactpoint.web.duty import ASK_A_KEEPER, ONLY_KEEPERS, may_keep, names_of
from contactpoint.web.i18n import N_
from contactpoint.web.labels import WORDS
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.steps import (
    PolicyDraft,
    TargetDraft,
    act,
    content_of,
    draft_of,
    labels_of,
    moved_by,
    read_draft,
)
from contactpoint.web.visitor import Form, Officer, SignedIn, text
from contactpoint.web.walltime import read_at
from keys.digest import digest

router = APIRouter()

CHANNELS = {
    "console": N_("console"),
    "smtp": N_("mail"),
    "webhook": N_("webhook"),
    "exec": N_("command (text message, siren)"),
}
WHO = {
    "duty": N_("on duty by the rota"),
    "next": N_("next on duty by the rota"),
    "previous": N_("before on duty by the rota"),
    "officer": N_("this officer"),
    "unit": N_("everybody of the unit"),
    "everybody": N_("everybody on duty"),
    "right": N_("everybody with the right"),
    "holder": N_("who has the request now"),
    "first": N_("whoever the first rung calls"),
    "desk": N_("the desk of another State (paged only)"),
    "channel": N_("a channel without a person"),
}
HOURS = {"any": N_("at all hours"), "in": N_("in office hours only"), "out": N_("out of office hours only")}
WHY = {
    "other-class": N_("it is not for this class"),
    "other-hours": N_("it is for other hours"),
    "no-target": N_("it names nobody"),
    "nobody-there": N_("nobody whom it means is there"),
    "nobody-qualified": N_("nobody there has the right, language or clearance that it asks for"),
}
AS_PLANNED = tuple(each.value for each in Nobody if each.as_planned)
_MOST_PAGES = 40
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
ROLES = ("duty officer", "next duty officer", "deputy", "supervisor", "everybody")


@dataclass(frozen=True, slots=True)
class Found:
    """One remark of the check, at the fieldset that it is about."""

    code: str
    key: str
    number: int
    detail: str

    @property
    def blocks(self) -> bool:
        return self.code.startswith("E-")


@router.get("/escalation")
async def escalation(
    seen: SignedIn,
    urgency: Annotated[str, Query(alias="class", max_length=2)] = "",
    at: Annotated[str, Query(max_length=40)] = "",
    zone: Annotated[str, Query(alias="at.zone", max_length=8)] = "local",
) -> Response:
    """The ladder of each class and, where a class was asked for, its dry run."""
    view = await seen.desk.policies.shown(seen.now)
    asked = urgency if urgency in set(Urgency) else ""
    typed = read_at(at, "UTC" if zone == "utc" else seen.console.settings.zone) if at.strip() else seen.now
    run = await seen.desk.policies.dry_run(asked, seen.now, typed or seen.now) if asked else None
    pages = run.pages[:_MOST_PAGES] if run else ()
    context = {
        "view": view,
        "history": await seen.desk.policies.history(),
        "ladders": {
            each.value: [rung for rung in view.rungs if not rung.classes or each.value in rung.classes]
            for each in Urgency
        },
        "names": await names_of(seen),
        "may_edit": may_keep(seen, "administer"),
        "classes": [each.value for each in Urgency],
        "asked_class": asked,
        "asked_at": at,
        "asked_zone": zone,
        "unread": typed is None,
        "run": run,
        "groups": [(key, list(some)) for key, some in groupby(pages, key=_together)],
        "more": len(run.pages) - len(pages) if run else 0,
        "zone": seen.console.settings.zone,
        "who_words": WHO,
        "hour_words": HOURS,
        "why_words": WHY,
        "as_planned": AS_PLANNED,
        "channel_words": CHANNELS,
    }
    return page(seen, "escalation.html", context)


def _together(each: DryPage) -> tuple[object, ...]:
    """Pages of one rung at one instant stand together."""
    return (each.ladder, each.cycle, each.rung, each.at)


@router.get("/escalation/edit")
async def edit(seen: SignedIn) -> Response:
    """The editor, filled with the policy in use."""
    _keeper(seen)
    view = await seen.desk.policies.shown(seen.now)
    return await _form(draft_of(EscalationPolicy.from_plain(view.content)), view.version, seen)


def _keeper(seen: Officer) -> None:
    if not may_keep(seen, "administer"):
        raise NotPermittedError("E-RIGHT", ONLY_KEEPERS, ASK_A_KEEPER)


@router.post("/escalation/edit")
async def change(form: Form, seen: SignedIn) -> Response:
    """One button of the editor: add, remove, move, check, or sign and save. Only the last changes anything."""
    _keeper(seen)
    given, do = text(form, "after"), text(form, "do") or "save"
    after = int(given) if given.isdecimal() and len(given) < 9 else 0
    draft = read_draft(form)
    if do not in ("save", "check"):
        return await _form(act(draft, do), after, seen, moved=moved_by(do, draft))
    content, problems = content_of(draft)
    if problems:
        return await _form(draft, after, seen, problems=problems)
    try:
        findings = await seen.desk.policies.check(content, seen.now)
        warned = _mark(findings)
        if do == "check" or _stops(findings) or (findings and text(form, "accept") != warned):
            return await _form(draft, after, seen, findings=findings, checked=True)
        key = await signing_key(form, seen, again=False)
        await seen.desk.policies.save(content, after, key, seen.now)
    except DeskError as error:
        return await _form(draft, after, seen, error=error)
    return RedirectResponse("/escalation", status_code=303)


def _stops(findings: Sequence[FindingView]) -> bool:
    return any(each.code.startswith("E-") for each in findings)


def _mark(findings: Sequence[FindingView]) -> str:
    """What an officer accepts: these warnings and no others. A change that brings new ones asks again."""
    # Without the instant from which a rung is empty: that is another one with every look.
    told = [(each.code, each.rung, _INSTANT.sub("", each.detail)) for each in findings]
    return digest(repr(told).encode()).hex()[:16]


async def _form(
    draft: PolicyDraft,
    after: int,
    seen: Officer,
    *,
    problems: Sequence[Problem] = (),
    findings: Sequence[FindingView] = (),
    error: DeskError | None = None,
    checked: bool = False,
    moved: str = "",
) -> Response:
    found = tuple(_found(each) for each in findings)
    people = await seen.desk.officers(seen.now)
    context: dict[str, Any] = {
        "draft": draft,
        "after": after,
        "problems": problems,
        "labels": labels_of(draft),
        "error": error,
        "findings": found,
        "warned": _mark(findings) if found and not _stops(findings) else "",
        "checked": checked,
        "moved": moved,
        "blank": TargetDraft(),
        "known": [each.name for each in await seen.desk.rota.listed(seen.now)] + [each.number for each in people],
        "who_choices": WHO,
        "hours_words": HOURS,
        "right_pairs": [(each, each) for each in RIGHTS],
        "channel_pairs": lambda own: [(each, CHANNELS.get(each, each)) for each in _with(tuple(CHANNELS), own)],
        "role_pairs": lambda own: [(each, WORDS.get(each, each)) for each in _with(ROLES, (own,))],
        "class_pairs": [(each.value, WORDS[each.value]) for each in Urgency],
        "ask_secret": await seen.key() is None,
        "secret_wrong": error if isinstance(error, SecretError) else None,
    }
    return page(seen, "escalation_form.html", context, status=422 if error or problems or _stops(findings) else 200)


def _with(known: Sequence[str], own: Sequence[str]) -> list[str]:
    """What may be chosen: also what stands there already, or saving would drop it silently."""
    return list(dict.fromkeys([*known, *(each for each in own if each)]))


def _found(each: FindingView) -> Found:
    key = "" if each.rung is None else f"r{each.rung - 1}"
    return Found(each.code, key, each.rung or 0, each.detail)
