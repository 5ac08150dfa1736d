"""Another way to the other State: its call sheet for one request, and the record of what was tried there, under the same id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.climbing import ELSEWHERE
from contactpoint.desk.errors import DeskError, DraftError, SecretError
from contactpoint.desk.views import CaseView, RequestView
from contactpoint.domain.catalogue import Problem
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()

WAYS = {
    "telephone": N_("By telephone"),
    "alternate-point": N_("Through another contact point"),
    "other-network": N_("By another network"),
    "in-person": N_("In person"),
}
OUTCOMES = {
    "no-answer": N_("Nobody answered"),
    "busy": N_("The line was busy"),
    "reached": N_("Somebody was reached"),
    "sent": N_("It was sent there"),
    "answered": N_("The answer came: nothing more is awaited"),
}
LINES = {
    "reference": N_("Name this id there, whatever carries the message"),
    "telephone": N_("Telephone"),
    "mail": N_("Mail"),
    "alternate-point": N_("Telephone of the State that keeps its mailbox"),
}
LABELS = {
    "way": N_("Which way"),
    "detail": N_("Number called, or reference there"),
    "outcome": N_("What came of it"),
}
LONGEST = 200
"""Characters of the detail; the desk says the same."""


def another_way(request: RequestView) -> bool:
    """Whether another way is offered: for an own request that is still waited for, or that ran past a deadline without an answer."""
    if request.incoming or request.quiet:
        return False
    answered = any(fact.level == "answered" for fact in request.facts)
    late = any(each.met is False for each in request.deadlines) and not answered
    return request.next_due is not None or ELSEWHERE in request.permitted or late


@router.get("/requests/{request_id}/call-sheet")
async def sheet(request_id: str, seen: SignedIn) -> Response:
    """Every way to reach the other State, to print, and the form to say that one was tried."""
    return await _draw(*await _found(request_id, seen), {}, None, seen)


async def _found(reference: str, seen: Officer) -> tuple[CaseView, RequestView]:
    case_id, full = await seen.desk.find_request(reference)
    case = await seen.desk.case_view(case_id, seen.now)
    return case, next(each for each in case.requests if each.id == full)


async def _draw(
    case: CaseView, request: RequestView, given: Mapping[str, str], error: DeskError | None, seen: Officer
) -> Response:
    lines = await seen.desk.policies.call_sheet(request.id, seen.now)
    problems = error.problems if error else ()
    context = {
        "case": case,
        "request": request,
        "lines": lines,
        "kinds": LINES,
        "tried": await seen.desk.policies.other_ways(request.id),
        "ways": WAYS,
        "outcomes": OUTCOMES,
        "offered": _offered(request),
        "longest": LONGEST,
        "given": given,
        "labels": LABELS,
        "problems": problems,
        "wrong": {each.field: each for each in problems},
        "error": error,
        "secret_wrong": error if isinstance(error, SecretError) else None,
        "ask_secret": await seen.key() is None,
    }
    return page(seen, "otherways.html", context, status=422 if error else 200)


def _offered(request: RequestView) -> tuple[str, ...]:
    """Only the State that asked says that it has its answer, and only once."""
    return tuple(each for each in OUTCOMES if each != "answered" or ELSEWHERE in request.permitted)


@router.post("/requests/{request_id}/call-sheet")
async def tried(request_id: str, form: Form, seen: SignedIn) -> Response:
    """Write down that another way was tried. That the answer came is said by a signed letter, at both ends."""
    case, request = await _found(request_id, seen)
    given = {name: text(form, name) for name in LABELS}
    try:
        if problems := tuple(_problems(given, _offered(request))):
            raise DraftError(problems[0].code, problems[0].message, N_("Correct what is named."), problems)
        key = await signing_key(form, seen, again=False)
        await seen.desk.policies.record_way(request.id, given["way"], given["detail"], given["outcome"], key, seen.now)
    except DeskError as error:
        return await _draw(case, request, given, error, seen)
    return RedirectResponse(f"/cases/{case.id}#request-{request.id}", status_code=303)


def _problems(given: Mapping[str, str], offered: tuple[str, ...]) -> Iterator[Problem]:
    if given["way"] not in WAYS:
        yield Problem("E-FIELD-MISSING", "way", N_("Choose which way was tried."))
    if len(given["detail"]) > LONGEST or not given["detail"].isprintable():
        yield Problem("E-FIELD-INVALID", "detail", N_("Write one line of 200 characters at most."))
    if given["outcome"] not in offered:
        yield Problem("E-FIELD-MISSING", "outcome", N_("Choose what came of it."))
