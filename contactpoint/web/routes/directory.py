"""The directory: every contact point of the verified copy, its keys and proof, its call sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from contactpoint.desk.views import ContactView
from contactpoint.web.render import page
from contactpoint.web.visitor import SignedIn
from contactpoint.web.when import zone_of

router = APIRouter()


@router.get("/directory")
async def directory(seen: SignedIn, sort: str = "state", down: bool = False) -> Response:
    """The table, sorted by the server so that it sorts without scripts too."""
    orders: dict[str, Callable[[ContactView], Any]] = {
        "state": lambda each: each.state,
        "name": lambda each: each.name.casefold(),
        "time": lambda each: seen.now.astimezone(zone_of(each.zone)).utcoffset(),
        "languages": lambda each: each.languages,
        "status": lambda each: each.status,
        "drill": _drill,
    }
    view = await seen.desk.directory(seen.now)
    column = sort if sort in orders else "state"
    states = sorted(view.states, key=orders[column], reverse=down)
    return page(seen, "directory.html", {"view": view, "states": states, "sort": column, "down": down})


_CLASSES = ("5-min", "30-min", "4-h", "not")


def _drill(each: ContactView) -> int:
    """The quickest first, who was never tried last."""
    last = None if each.reach is None else each.reach.last
    return len(_CLASSES) if last is None or last.reach not in _CLASSES else _CLASSES.index(last.reach)


@router.get("/directory/{state}")
async def contact(state: str, seen: SignedIn) -> Response:
    """One entry with keys and proof."""
    view = await seen.desk.directory(seen.now)
    return page(seen, "contact.html", {"contact": await seen.desk.contact(state, seen.now), "view": view})


@router.get("/call-sheet")
async def call_sheet(seen: SignedIn) -> Response:
    """All telephone numbers on paper, for the hour when the network is down."""
    view = await seen.desk.directory(seen.now)
    return page(seen, "call_sheet.html", {"view": view})
