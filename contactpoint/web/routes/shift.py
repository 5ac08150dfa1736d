"""Start and end of a shift: the alarm is tested, the officer's key is opened for these hours and this browser."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import SecretError
from contactpoint.web.render import page
from contactpoint.web.visitor import SIGN, Form, SignedIn, drop_cookie, set_cookie

router = APIRouter()


@router.get("/shift")
async def shift_page(seen: SignedIn) -> Response:
    """Alarm test and signing secret on one page."""
    return page(seen, "shift.html", {"wrong": None, "running": await seen.key() is not None})


@router.post("/shift")
async def start_shift(form: Form, seen: SignedIn) -> Response:
    """Reseal the officer's key under bytes that live only in this browser's cookie."""
    secret = str(form.get("secret", ""))
    try:
        async with seen.console.checks:
            cookie = await seen.desk.start_shift(seen.session, seen.officer.number, secret, seen.now)
    except SecretError as error:
        return page(seen, "shift.html", {"wrong": error, "running": await seen.key() is not None}, status=422)
    response = RedirectResponse("/board", status_code=303)
    set_cookie(response, SIGN, base64.urlsafe_b64encode(cookie).decode(), seen.console.settings.shift_s)
    return response


@router.post("/shift/end")
async def end_shift(form: Form, seen: SignedIn) -> Response:
    """Forget the key; the session stays."""
    await seen.desk.end_shift(seen.session, seen.now)
    response = RedirectResponse("/shift", status_code=303)
    drop_cookie(response, SIGN)
    return response
