"""Escalate now: an officer climbs the ladder by hand, here or, of an own request, at the other State's desk."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, SignedIn, text

router = APIRouter()


@router.post("/requests/{request_id}/escalate")
async def escalate(request_id: str, form: Form, seen: SignedIn) -> Response:
    """To the next rung, or to the one that was chosen (counted from 1)."""
    given = text(form, "rung")
    rung = int(given) if given.isdecimal() and len(given) < 4 else None
    key = await signing_key(form, seen, again=False)
    case, full = await seen.desk.find_request(request_id)
    await seen.desk.policies.escalate(full, key, seen.now, rung or None)
    return RedirectResponse(f"/cases/{case}#request-{full}", status_code=303)
