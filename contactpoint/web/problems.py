"""Errors as answers: one table from the desk's errors to a status, problem+json for programs, a page for people.

WebError
├── ForgeryError     the post did not come from one of our own pages
├── SignedOutError   nobody is signed in
└── FormError        the form is too large or not a form
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse

from contactpoint.desk import errors as desk_errors
from contactpoint.web.i18n import N_


class WebError(Exception):
    """A request that the console itself refuses."""

    status = 400
    code = "E-WEB"
    text = N_("The console could not use this request.")
    what_to_do = N_("Go back to the board and try again.")


class ForgeryError(WebError):
    """The post did not come from one of our own pages (cross-site request forgery), or the page was too old."""

    status = 403
    code = "E-WEB-FORGERY"
    text = N_("This form did not come from this console, or it was open for too long. Nothing was changed.")
    what_to_do = N_("Open the page again and send the form from there.")


class SignedOutError(WebError):
    """Nobody is signed in."""

    status = 401
    code = "E-WEB-SIGNED-OUT"
    text = N_("You are signed out.")
    what_to_do = N_("Sign in, then open the page again.")


class FormError(WebError):
    """The form is too large or not a form."""

    status = 413
    code = "E-WEB-FORM"
    text = N_("The form is too large or is not a form. Nothing was changed.")
    what_to_do = N_("Shorten the text; a long text belongs in an attachment.")


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal as it is shown: HTTP status, stable code, what is wrong, what to do next."""

    status: int
    code: str
    text: str
    what_to_do: str


STATUS: dict[type[Exception], int] = {
    desk_errors.NotFoundError: 404,
    desk_errors.NotPermittedError: 403,
    desk_errors.DraftError: 422,
    desk_errors.SecretError: 422,
    desk_errors.UnreachablePeerError: 409,
}

PAGE_NOT_FOUND = Problem(
    404, "E-WEB-NOT-FOUND", N_("There is no such page."), N_("Check the address, or start from the board.")
)
WRONG_METHOD = Problem(
    405, "E-WEB-METHOD", N_("This page cannot be used that way."), N_("Go back to the board and try again.")
)
UNUSABLE = Problem(
    400, "E-WEB", N_("The console could not use this request."), N_("Go back to the board and try again.")
)
BROKEN = Problem(
    500,
    "E-WEB-BROKEN",
    N_("Something in the console broke. The desk goes on receiving and ringing."),
    N_("Try again. If it stays, telephone the administrator and use the command line or the printed call sheet."),
)


def problem_of(error: Exception) -> Problem:
    """The one table: what a person or a program is told about ``error``."""
    if isinstance(error, WebError):
        return Problem(error.status, error.code, error.text, error.what_to_do)
    if isinstance(error, desk_errors.DeskError):
        return Problem(STATUS.get(type(error), 400), error.code, error.text, error.what_to_do)
    return BROKEN


def wants_json(request: Request) -> bool:
    """True for the API and for programs that ask for JSON; browsers get a page."""
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("json" in accepted and "text/html" not in accepted)


def problem_json(problem: Problem) -> JSONResponse:
    """RFC 9457 problem details; ``type`` is the stable code as a URN."""
    return JSONResponse(
        {
            "type": f"urn:contactpoint:problem:{problem.code}",
            "title": problem.text,
            "status": problem.status,
            "detail": problem.what_to_do,
            "code": problem.code,
        },
        status_code=problem.status,
        media_type="application/problem+json",
    )
