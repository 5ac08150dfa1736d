"""*On my way*: the page behind the link of a notice. One button, no content; it acknowledges nothing and signs nobody in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from contactpoint.web.render import page
from contactpoint.web.visitor import Seen, refuse_other_sites

router = APIRouter()


@router.get("/reach/{token}")
async def reach_page(token: str, seen: Seen) -> Response:
    """The button. Looking at it changes nothing: mail scanners open links."""
    if not await seen.desk.notices.link_works(token, seen.now):
        return page(seen, "reach_gone.html", status=410)
    return page(seen, "reach.html", {"said": None})


@router.post("/reach/{token}")
async def reach(token: str, request: Request, seen: Seen) -> Response:
    """Use the link up, then to the sign-in at that case. The token is the whole permission: the page has no cookie of its own."""
    refuse_other_sites(request)
    said = await seen.desk.notices.reach(token, seen.now)
    if said is None:
        return page(seen, "reach_gone.html", status=410)
    elsewhere = seen.console.settings.console_url
    if elsewhere:
        # This page is served under another name than the console: a form may not lead there, a link may.
        return page(seen, "reach.html", {"said": f"{elsewhere}/sign-in?next=/cases/{said.case}"})
    return RedirectResponse(f"/sign-in?next=/cases/{said.case}", status_code=303)
