"""The board: what rings, what is mine, what is open, which clocks run out."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.web.render import page
from contactpoint.web.reviews import words
from contactpoint.web.visitor import Form, SignedIn

router = APIRouter()


@router.get("/board")
async def board(seen: SignedIn) -> Response:
    """Shows headings only, never a body: seeing the board is not opening a request."""
    view = await seen.desk.board(seen.officer.number, seen.now)
    return page(seen, "board.html", {"board": view, "has_key": await seen.key() is not None, **words()})


@router.post("/tasks/{task}/done")
async def task_done(task: str, form: Form, seen: SignedIn) -> Response:
    """An officer has dealt with a task."""
    await seen.desk.task_done(task, seen.officer.number, seen.now)
    return RedirectResponse("/board", status_code=303)
