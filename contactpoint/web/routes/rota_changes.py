"""Changes of a rota for a time: overrides, absences, holidays, swaps; each signed by who makes it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from contactpoint.desk.errors import DeskError
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.rota import Absence, Change, Override, Period
from contactpoint.web.i18n import N_
from contactpoint.web.routes.rota import draw
from contactpoint.web.signing import signing_key
from contactpoint.web.turns import invalid, missing
from contactpoint.web.visitor import Form, Officer, SignedIn, text
from contactpoint.web.walltime import read_wall

router = APIRouter()

FROM, UNTIL, OFFICER, SHIFT, TAKER = N_("From"), N_("Until"), N_("Officer"), N_("Your shift"), N_("To officer")
_LABELS = {"since": FROM, "until": UNTIL, "gone": FROM, "back": UNTIL, "officer": OFFICER, "absent": OFFICER}
_LABELS |= {"shift": SHIFT, "taker": TAKER}


def _typed(form: FormData) -> dict[str, str]:
    return {name: text(form, name) for name in form if name not in ("csrf", "secret")}


def _back(name: str, place: str) -> Response:
    return RedirectResponse(f"/rota/{quote(name, safe='')}#{place}", status_code=303)


def _period(form: FormData, zone: str, first: str, last: str) -> tuple[Period | None, list[Problem]]:
    """The period of two fields, and what is wrong with them."""
    since, until = read_wall(form, first, zone), read_wall(form, last, zone)
    found = []
    for field, label, at in ((first, FROM, since), (last, UNTIL, until)):
        if at is None:
            found.append((invalid if text(form, field) else missing)(field, label))
    if since is not None and until is not None and since >= until:
        found.append(Problem("E-FIELD-INVALID", last, "Until: it ends before it begins."))
    return (None if found or since is None or until is None else Period(since, until)), found


@router.post("/rota/{name}/overrides")
async def add_override(name: str, form: Form, seen: SignedIn) -> Response:
    """One officer stands in, is on duty too, or is not, for a time."""
    view = await seen.desk.rota.shown(name, seen.now)
    period, problems = _period(form, view.zone, "since", "until")
    kind, officer = text(form, "kind"), text(form, "officer")
    if not officer:
        problems.insert(0, missing("officer", OFFICER))
    if problems or period is None or kind not in set(Change):
        return await draw(name, seen, opened="override", typed=_typed(form), problems=problems, labels=_LABELS)
    instead = text(form, "instead") if kind == Change.REPLACE else ""
    return await _signed(name, form, seen, "override", Override("", Change(kind), officer, period, instead))


@router.post("/rota/{name}/absences")
async def add_absence(name: str, form: Form, seen: SignedIn) -> Response:
    """An officer cannot be called for a time; everybody may say so of oneself."""
    view = await seen.desk.rota.shown(name, seen.now)
    period, problems = _period(form, view.zone, "gone", "back")
    officer = text(form, "absent")
    if not officer:
        problems.insert(0, missing("absent", OFFICER))
    if problems or period is None:
        return await draw(name, seen, opened="absence", typed=_typed(form), problems=problems, labels=_LABELS)
    return await _signed(name, form, seen, "absence", Absence("", officer, period))


async def _signed(name: str, form: FormData, seen: Officer, what: str, new: Override | Absence) -> Response:
    try:
        key = await signing_key(form, seen, again=False)
        if isinstance(new, Override):
            await seen.desk.rota.add_override(name, new, key, seen.now)
        else:
            await seen.desk.rota.add_absence(name, new, key, seen.now)
    except DeskError as error:
        return await draw(name, seen, opened=what, typed=_typed(form), error=error)
    return _back(name, f"{what}s-title")


@router.post("/rota/{name}/remove")
async def remove(name: str, form: Form, seen: SignedIn) -> Response:
    """Take an override or an absence away."""
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.remove(name, text(form, "id"), key, seen.now)
    except DeskError as error:
        return await draw(name, seen, error=error)
    return _back(name, "overrides-title")


@router.post("/rota/{name}/holidays")
async def confirm_holiday(name: str, form: Form, seen: SignedIn) -> Response:
    """Say that a day of the seed is a holiday here."""
    try:
        key = await signing_key(form, seen, again=False)
        day = _day(text(form, "day"))
        await seen.desk.rota.confirm_holiday(name, day, key, seen.now)
    except DeskError as error:
        return await draw(name, seen, error=error)
    return _back(name, "holidays-title")


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return date.min


@router.post("/rota/{name}/swaps")
async def offer(name: str, form: Form, seen: SignedIn) -> Response:
    """Offer one of one's own shifts to a colleague."""
    period, taker = _shift(text(form, "shift")), text(form, "taker")
    problems = [missing("shift", SHIFT)] if period is None else []
    if not taker:
        problems.append(missing("taker", TAKER))
    if period is None or problems:
        return await draw(name, seen, opened="swap", typed=_typed(form), problems=problems, labels=_LABELS)
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.offer_swap(name, taker, period, None, key, seen.now)
    except DeskError as error:
        return await draw(name, seen, opened="swap", typed=_typed(form), error=error)
    return _back(name, "swaps-title")


def _shift(given: str) -> Period | None:
    """A shift as the list of the form spells it: two instants in seconds."""
    first, _, last = given.partition("-")
    if not (first.isdecimal() and last.isdecimal() and len(given) < 30) or int(first) >= int(last) or int(last) > 2**34:
        return None
    return Period(datetime.fromtimestamp(int(first), UTC), datetime.fromtimestamp(int(last), UTC))


@router.post("/rota/{name}/swaps/{swap}")
async def answer(name: str, swap: str, form: Form, seen: SignedIn) -> Response:
    """Accept or decline a shift that was offered to oneself; nothing else is an answer."""
    do = text(form, "do")
    if do not in ("accept", "decline"):
        return _back(name, "swaps-title")
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.answer_swap(name, swap, do == "accept", key, seen.now)
    except DeskError as error:
        return await draw(name, seen, error=error)
    return _back(name, "swaps-title")
