"""Rota: who is on duty now and in the next weeks, what stands in its way, and every change of it, each signed by who makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import available_timezones

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from contactpoint.desk.errors import DeskError, NotPermittedError, SecretError
from contactpoint.desk.rota_views import RotaView
from contactpoint.desk.views import OfficerView
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import Absence, Change, Override, Period, Rota
from contactpoint.web.duty import ASK_A_KEEPER, ONLY_KEEPERS, may_keep, names_of
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.turns import (
    UNITS,
    RotaDraft,
    act,
    draft_of,
    invalid,
    labels_of,
    missing,
    moved_by,
    problems_of,
    read_rota,
    rota_of,
)
from contactpoint.web.visitor import Form, Officer, SignedIn, text
from contactpoint.web.walltime import read_wall
from contactpoint.web.weeks import midnight, weeks
from contactpoint.web.when import weekday, zone_of

router = APIRouter()

SOURCES = {
    "override": N_("override"),
    "swap": N_("swap"),
    "roster": N_("fixed roster"),
    "default": N_("default officer"),
    "rotation": N_("turn"),
}
CHANGES = {
    "replace": N_("stands in"),
    "add": N_("is on duty too"),
    "remove": N_("is not on duty"),
}
CHOICES = {
    "replace": N_("Stands in: for everybody on duty, or for the officer named below"),
    "add": N_("Is on duty too, beside the others"),
    "remove": N_("Is not on duty"),
}
SWAPS = {"offered": N_("offered"), "accepted": N_("agreed by both"), "declined": N_("declined")}
WEEKS_SHOWN = 4
_HUES = 6
_LOOK = timedelta(days=120)
"""How far from today the calendar may be turned: a page must not be made to count for an hour."""


def _context(seen: Officer, officers: Sequence[OfficerView]) -> dict[str, Any]:
    """What every page of a rota needs."""
    return {
        "names": {each.number: each.name for each in officers},
        "officers": [each for each in officers if not each.locked],
        "hues": {each.number: place % _HUES for place, each in enumerate(officers)},
        "sources": SOURCES,
        "may_edit": may_keep(seen),
    }


@router.get("/rota")
async def rotas(seen: SignedIn) -> Response:
    """Every rota: who is on duty now, until when, and whether a gap lies ahead."""
    context = {
        "rotas": await seen.desk.rota.listed(seen.now),
        "names": await names_of(seen),
        "may_edit": may_keep(seen),
    }
    return page(seen, "rotas.html", context)


@router.get("/rota/new")
async def new(seen: SignedIn) -> Response:
    """The form of a new rota."""
    _keeper(seen)
    return await _form(RotaDraft("", seen.console.settings.zone, "", 0), None, seen)


@router.post("/rota/new")
async def create(form: Form, seen: SignedIn) -> Response:
    """One button of the form; only the last signs and saves."""
    _keeper(seen)
    return await _acted(read_rota(form), None, form, seen)


@router.get("/rota/{name}")
async def one(name: str, seen: SignedIn, since: Annotated[str, Query(alias="from", max_length=10)] = "") -> Response:
    """One rota, whole."""
    return await _draw(name, seen, since=since)


@router.get("/rota/{name}/edit")
async def edit(name: str, seen: SignedIn) -> Response:
    """The form of its turns."""
    _keeper(seen)
    view = await seen.desk.rota.shown(name, seen.now)
    return await _form(draft_of(_rota(view), _version(view)), view, seen)


@router.post("/rota/{name}/edit")
async def change(name: str, form: Form, seen: SignedIn) -> Response:
    """One button of the form; only the last signs and saves."""
    _keeper(seen)
    view = await seen.desk.rota.shown(name, seen.now)
    return await _acted(read_rota(form, view.name), view, form, seen)


def _keeper(seen: Officer) -> None:
    if not may_keep(seen):
        raise NotPermittedError("E-RIGHT", ONLY_KEEPERS, ASK_A_KEEPER)


def _rota(view: RotaView) -> Rota:
    return Rota.from_plain(view.content)


def _version(view: RotaView) -> int:
    return view.history[0].version if view.history else 0


async def _acted(draft: RotaDraft, stands: RotaView | None, form: FormData, seen: Officer) -> Response:
    do = text(form, "do") or "save"
    if do not in ("save", "look"):
        return await _form(act(draft, do), stands, seen, moved=moved_by(do, draft))
    numbers = [each.number for each in await seen.desk.officers(seen.now)]
    problems = problems_of(draft, frozenset(available_timezones()), numbers)
    if problems:
        return await _form(draft, stands, seen, problems=problems)
    try:
        rota = rota_of(draft, None if stands is None else _rota(stands), seen.now)
        content = rota.to_plain()
        if do == "look":
            return await _form(draft, stands, seen, looked=content)
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.save(rota.name, content, draft.after, key, seen.now)
    except RotaError as error:
        return await _form(draft, stands, seen, problems=[_domain_problem(error)])
    except DeskError as error:
        return await _form(draft, stands, seen, error=error)
    return RedirectResponse(f"/rota/{quote(rota.name, safe='')}", status_code=303)


def _domain_problem(error: RotaError) -> Problem:
    return Problem(error.code, error.field or "rota", str(error))


async def _form(
    draft: RotaDraft,
    stands: RotaView | None,
    seen: Officer,
    *,
    problems: Sequence[Problem] = (),
    error: DeskError | None = None,
    looked: Mapping[str, Any] | None = None,
    moved: str = "",
) -> Response:
    officers = await seen.desk.officers(seen.now)
    language = seen.language
    shown: dict[str, Any] = {"weeks": (), "zone": draft.zone, "today": None}
    if looked is not None:
        shown = await _preview(draft, looked, seen)
    monday = date(2024, 1, 1)
    context = (
        _context(seen, officers)
        | {
            "draft": draft,
            "back": "/rota" if stands is None else f"/rota/{quote(stands.name, safe='')}",
            "problems": problems,
            "labels": labels_of(draft),
            "error": error,
            "moved": moved,
            "officer_pairs": [(each.number, f"{each.number} · {each.name}") for each in officers if not each.locked],
            "unit_pairs": list(UNITS.items()),
            "days": [
                (
                    str(day),
                    weekday(monday + timedelta(days=day), language),
                    weekday(monday + timedelta(days=day), language, "wide"),
                )
                for day in range(7)
            ],
            "ask_secret": await seen.key() is None,
            "secret_wrong": error if isinstance(error, SecretError) else None,
        }
        | shown
    )
    return page(seen, "rota_form.html", context, status=422 if problems or error else 200)


async def _preview(draft: RotaDraft, content: Mapping[str, Any], seen: Officer) -> dict[str, Any]:
    today = seen.now.astimezone(zone_of(draft.zone)).date()
    since, until = midnight(today, draft.zone), midnight(today + timedelta(days=35), draft.zone)
    shifts = await seen.desk.rota.preview(content, since, until)
    return {"weeks": weeks(shifts, today, WEEKS_SHOWN, draft.zone), "zone": draft.zone, "today": today}


async def _draw(
    name: str,
    seen: Officer,
    *,
    since: str = "",
    opened: str = "",
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    labels: Mapping[str, str] | None = None,
    error: DeskError | None = None,
) -> Response:
    view = await seen.desk.rota.shown(name, seen.now)
    officers = await seen.desk.officers(seen.now)
    today = seen.now.astimezone(zone_of(view.zone)).date()
    first = _first_day(since, today)
    until = midnight(first + timedelta(days=7 * WEEKS_SHOWN + 7), view.zone)
    shifts = await seen.desk.rota.shifts(view.name, midnight(first - timedelta(days=7), view.zone), until)
    coming = await seen.desk.rota.shifts(view.name, seen.now, seen.now + timedelta(days=60))
    own = [each for each in coming if seen.officer.number in each.officers and each.since > seen.now]
    context = _context(seen, officers) | {
        "view": view,
        "name": view.name,
        "zone": view.zone,
        "newest": view.history[0] if view.history else None,
        "weeks": weeks(shifts, first, WEEKS_SHOWN, view.zone),
        "today": today,
        "earlier": max(first - timedelta(days=7 * WEEKS_SHOWN), today - _LOOK).isoformat(),
        "later": min(first + timedelta(days=7 * WEEKS_SHOWN), today + _LOOK).isoformat(),
        "own_shifts": own[:_MOST_OWN],
        "override_words": CHANGES,
        "override_choices": CHOICES,
        "swap_words": SWAPS,
        "opened": opened,
        "typed": typed or {},
        "problems": problems,
        "labels": labels or {},
        "error": error,
        "ask_secret": await seen.key() is None,
        "secret_wrong": error if isinstance(error, SecretError) else None,
    }
    return page(seen, "rota.html", context, status=422 if problems or error else 200)


_MOST_OWN = 60


def _first_day(given: str, today: date) -> date:
    try:
        asked = date.fromisoformat(given) if given else today
    except ValueError:
        return today
    return min(max(asked, today - _LOOK), today + _LOOK)


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


FROM, UNTIL, OFFICER, SHIFT, TAKER = N_("From"), N_("Until"), N_("Officer"), N_("Your shift"), N_("To officer")
_LABELS = {"since": FROM, "until": UNTIL, "gone": FROM, "back": UNTIL, "officer": OFFICER, "absent": OFFICER}
_LABELS |= {"shift": SHIFT, "taker": TAKER}


@router.post("/rota/{name}/overrides")
async def add_override(name: str, form: Form, seen: SignedIn) -> Response:
    """One officer stands in, is on duty too, or is not, for a time."""
    view = await seen.desk.rota.shown(name, seen.now)
    period, problems = _period(form, view.zone, "since", "until")
    kind, officer = text(form, "kind"), text(form, "officer")
    if not officer:
        problems.insert(0, missing("officer", OFFICER))
    if problems or period is None or kind not in set(Change):
        return await _draw(name, seen, opened="override", typed=_typed(form), problems=problems, labels=_LABELS)
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
        return await _draw(name, seen, opened="absence", typed=_typed(form), problems=problems, labels=_LABELS)
    return await _signed(name, form, seen, "absence", Absence("", officer, period))


async def _signed(name: str, form: FormData, seen: Officer, what: str, new: Override | Absence) -> Response:
    try:
        key = await signing_key(form, seen, again=False)
        if isinstance(new, Override):
            await seen.desk.rota.add_override(name, new, key, seen.now)
        else:
            await seen.desk.rota.add_absence(name, new, key, seen.now)
    except DeskError as error:
        return await _draw(name, seen, opened=what, typed=_typed(form), error=error)
    return _back(name, f"{what}s-title")


@router.post("/rota/{name}/remove")
async def remove(name: str, form: Form, seen: SignedIn) -> Response:
    """Take an override or an absence away."""
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.remove(name, text(form, "id"), key, seen.now)
    except DeskError as error:
        return await _draw(name, seen, error=error)
    return _back(name, "overrides-title")


@router.post("/rota/{name}/holidays")
async def confirm_holiday(name: str, form: Form, seen: SignedIn) -> Response:
    """Say that a day of the seed is a holiday here."""
    try:
        key = await signing_key(form, seen, again=False)
        day = _day(text(form, "day"))
        await seen.desk.rota.confirm_holiday(name, day, key, seen.now)
    except DeskError as error:
        return await _draw(name, seen, error=error)
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
        return await _draw(name, seen, opened="swap", typed=_typed(form), problems=problems, labels=_LABELS)
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.rota.offer_swap(name, taker, period, None, key, seen.now)
    except DeskError as error:
        return await _draw(name, seen, opened="swap", typed=_typed(form), error=error)
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
        return await _draw(name, seen, error=error)
    return _back(name, "swaps-title")
