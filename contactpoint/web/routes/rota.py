"""Rota: who is on duty now and in the next weeks, what stands in its way, and every change of it, each signed by who makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
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
from contactpoint.domain.rota import Rota
from contactpoint.web.duty import ASK_A_KEEPER, ONLY_KEEPERS, may_keep, names_of
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.turns import (
    UNITS,
    RotaDraft,
    act,
    draft_of,
    labels_of,
    moved_by,
    problems_of,
    read_rota,
    rota_of,
)
from contactpoint.web.visitor import Form, Officer, SignedIn, text
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
    return await draw(name, seen, since=since)


@router.get("/rota/{name}/calendar.ics")
async def calendar(name: str, seen: SignedIn, officer: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The shifts of the coming year as iCalendar: of one officer, or of everybody."""
    data = await seen.desk.rota.calendar(name, officer, seen.now)
    safe = "".join(
        each for each in f"{name}-{officer}".strip("-") if each.isascii() and (each.isalnum() or each == "-")
    )
    headers = {"Content-Disposition": f'attachment; filename="{safe[:64] or "rota"}.ics"'}
    return Response(data, media_type="text/calendar; charset=utf-8", headers=headers)


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


async def draw(
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
