"""The draft of the domestic order: one page to print."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter, Response

from contactpoint.domain.errors import DateError
from contactpoint.domain.values import parse_instant
from contactpoint.web.render import page
from contactpoint.web.visitor import SignedIn

router = APIRouter()


@router.get("/requests/{request}/order")
async def order(request: str, seen: SignedIn) -> Response:
    """Filled from the request and the own card, in the officer's language; what another State wrote is shown as plain text."""
    view = await seen.desk.order(request, seen.officer.number, seen.now)
    period = [(each, _instant(each)) for each in view.period]
    return page(seen, "order.html", {"order": view, "period": period})


def _instant(told: str) -> datetime | None:
    with suppress(DateError):
        return parse_instant(told)
    return None
