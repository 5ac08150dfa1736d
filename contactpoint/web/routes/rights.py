"""A flag on a request, and requests made by telephone: local records, of which nothing travels."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import DeskError, DraftError, SecretError
from contactpoint.desk.oral import FIELDS, Call
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import parse_instant, spell_instant
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()
LABELS = {
    "state": N_("State that called"),
    "caller": N_("Who called"),
    "from_number": N_("Number that the call came from"),
    "called_at": N_("When"),
    "asked": N_("What was asked"),
    "called_back": N_("Directory number that you rang back"),
    "spoke_with": N_("Who answered there"),
}


@router.post("/requests/{request_id}/flag")
async def flag(request_id: str, form: Form, seen: SignedIn) -> Response:
    """An officer says that the facts do not match the offence, or are speech."""
    request = await seen.desk.flag(request_id, seen.officer.number, text(form, "reason"), seen.now)
    case, _ = await seen.desk.find_request(request)
    return RedirectResponse(f"/cases/{case}#request-{request}", status_code=303)


@router.get("/oral")
async def oral(seen: SignedIn, state: str = "") -> Response:
    """Telephone requests that wait for their letter, and the form to note another."""
    return await _draw(seen, {"state": state}, None)


async def _draw(seen: Officer, given: dict[str, str], error: DeskError | None) -> Response:
    board = await seen.desk.board(seen.officer.number, seen.now)
    directory = await seen.desk.directory(seen.now)
    states = [each for each in directory.states if each.state != seen.desk.state]
    incoming = [*board.unacknowledged, *board.mine, *board.open]
    problems = error.problems if error else ()
    context: dict[str, Any] = {
        "notes": [(each, [view for view in incoming if view.sender == each.state]) for each in board.oral],
        "states": states,
        "given": {"called_at": spell_instant(seen.now)[:16].replace("T", " "), **given},
        "labels": LABELS,
        "problems": problems,
        "wrong": {problem.field: problem for problem in problems},
        "error": error,
        "ask_secret": await seen.key() is None,
    }
    return page(seen, "oral.html", context, status=422 if error else 200)


@router.post("/oral")
async def log(form: Form, seen: SignedIn) -> Response:
    """Note a telephone request."""
    given = {name: text(form, name) for name in LABELS}
    try:
        at = parse_instant(given["called_at"].strip().replace(" ", "T", 1) + "Z")
    except DomainError:
        problem = Problem("E-FIELD-INVALID", "called_at", N_("Write a time in UTC, as in 2027-03-04 13:00."))
        error = DraftError(problem.code, N_("The time cannot be read."), N_("Write it as shown."), (problem,))
        return await _draw(seen, given, error)
    call = Call(called_at=at, **{name: given[name] for name in FIELDS})
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.log_oral(given["state"], call, key, seen.now)
    except DeskError as error:
        return await _draw(seen, given, error)
    return RedirectResponse("/oral", status_code=303)


@router.post("/oral/{note}/link")
async def link(note: str, form: Form, seen: SignedIn) -> Response:
    """The officer says which letter confirms it."""
    try:
        key = await signing_key(form, seen, again=False)
    except SecretError as error:
        return await _draw(seen, {}, error)
    request = await seen.desk.confirm_oral(note, text(form, "request"), key, seen.now)
    case, _ = await seen.desk.find_request(request)
    return RedirectResponse(f"/cases/{case}#request-{request}", status_code=303)
