"""Operations: one matter in several States, its group and what goes out to whom. Headings only: seeing it is not opening a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError, SecretError
from contactpoint.desk.operation_views import OperationView
from contactpoint.desk.views import Spread
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Answer
from contactpoint.web.forms import controls, labels, place, read_body
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, Officer, SignedIn

router = APIRouter()

STANDINGS = {
    "invited": N_("Invited, not decided"),
    "accepted": N_("Takes part"),
    "declined": N_("Declined"),
    "left": N_("Has left"),
    "removed": N_("No longer asked"),
}


@router.get("/operations")
async def operations(seen: SignedIn) -> Response:
    """Every operation of this desk, the newest first."""
    listed = await seen.desk.joint.listed(seen.now)
    several = [each for each in catalogues.load().entries.values() if each.audience is not catalogues.Audience.ONE]
    return page(seen, "operations.html", {"operations": listed, "several": several})


@router.get("/operations/{thread}")
async def operation(thread: str, seen: SignedIn) -> Response:
    """The cases of one operation with their state and deadlines, who takes part, and the form of a message."""
    return await _draw(thread, seen)


async def _draw(
    thread: str, seen: Officer, body: Mapping[str, Any] | None = None, error: DeskError | None = None
) -> Response:
    view = await seen.desk.joint.shown(thread, seen.now)
    answer = _message(view)
    problems = place(error.problems, body or {}) if error else ()
    drawn = controls(answer.fields, seen.console.settings.zone, body, problems) if answer else ()
    context = {
        "view": view,
        "group": view.group,
        "standings": STANDINGS,
        "fields": drawn,
        "labels": labels(drawn),
        "problems": problems,
        "error": error,
        "ask_secret": await seen.key() is None,
        "secret_wrong": error if isinstance(error, SecretError) else None,
    }
    return page(seen, "operation.html", context, status=422 if error else 200)


def _message(view: OperationView) -> Answer | None:
    if view.group is None or not view.group.message:
        return None
    return catalogues.load()[view.group.kind].answer(view.group.message)


@router.post("/operations/{thread}/message")
async def message(thread: str, form: Form, seen: SignedIn) -> Response:
    """One letter to each State that takes part now."""
    answer = _message(await seen.desk.joint.shown(thread, seen.now))
    if answer is None:
        return await _draw(thread, seen)
    body = read_body(answer.fields, form, seen.console.settings.zone)
    try:
        key = await signing_key(form, seen, again=False)
        spread = await seen.desk.joint.tell(thread, body, key, seen.now)
    except (DraftError, NotPermittedError, SecretError) as error:
        return await _draw(thread, seen, body, error)
    return _told(spread, answer, seen)


@router.post("/operations/{thread}/members")
async def members(thread: str, form: Form, seen: SignedIn) -> Response:
    """Sign the list of members anew."""
    view = await seen.desk.joint.shown(thread, seen.now)
    try:
        key = await signing_key(form, seen, again=False)
        spread = await seen.desk.joint.announce(thread, key, seen.now)
    except (NotPermittedError, SecretError) as error:
        return await _draw(thread, seen, None, error)
    assert view.group is not None
    return _told(spread, catalogues.load()[view.group.kind].answer(view.group.list_code), seen)


def _told(spread: Spread, answer: Answer, seen: Officer) -> Response:
    return page(seen, "submitted_several.html", {"spread": spread, "kind": answer.code, "title": answer.title})
