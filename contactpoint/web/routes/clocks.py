"""Clocks: every long term that runs at this desk, the soonest end first, with the reminders that were given."""

from __future__ import annotations

from fastapi import APIRouter, Response

from contactpoint.web.render import page
from contactpoint.web.visitor import SignedIn

router = APIRouter()


@router.get("/clocks")
async def clocks(seen: SignedIn) -> Response:
    """Shows names and dates only, never a body: looking here is not opening a request."""
    return page(seen, "clocks.html", {"clocks": await seen.desk.clocks(seen.now)})
