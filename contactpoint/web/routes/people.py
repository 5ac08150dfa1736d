"""Signing in and out, the one-time link, the language. Opens sessions; opens no key."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import DeskError, SecretError
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.settings import LANGUAGES
from contactpoint.web.visitor import (
    CSRF,
    DAY_S,
    LANGUAGE,
    SESSION,
    SIGN,
    WATCH,
    Form,
    Seen,
    SignedIn,
    Visitor,
    drop_cookie,
    fresh_csrf,
    set_cookie,
    text,
    watch_pass,
)

router = APIRouter()
_CASE = re.compile(r"/cases/[0-9A-Za-z-]{1,64}")
YEAR_S = 365 * 86400
TOO_MANY = N_("Too many wrong passwords. Wait one minute, then try again.")
PASSWORD_AT_LEAST, PASSWORD_AT_MOST = 12, 200


@router.get("/")
async def start(seen: Seen) -> Response:
    """The board, or the door."""
    return RedirectResponse("/board" if seen.officer else "/sign-in", status_code=303)


@router.get("/sign-in")
async def sign_in_page(seen: Seen, next: str = "") -> Response:
    """The door; ``next`` is the case that it opens on."""
    place = _case(next)
    if seen.officer is not None and place:
        return RedirectResponse(place, status_code=303)
    return page(seen, "sign_in.html", {"number": "", "wrong": None, "next": place})


def _case(place: str) -> str:
    """A case of this desk, or nothing: any other address would let a link lead whoever signs in elsewhere (open redirect)."""
    return place if _CASE.fullmatch(place) else ""


@router.post("/sign-in")
async def sign_in(form: Form, seen: Seen) -> Response:
    """Officer number and password; one answer for every failure, so that numbers cannot be fished for."""
    number, password = text(form, "number")[:64], str(form.get("password", ""))
    place = _case(text(form, "next"))
    async with seen.console.checks:
        right = bool(number) and 0 < len(password) <= PASSWORD_AT_MOST
        try:
            right = right and await seen.desk.check_password(number, password, seen.now)
        except SecretError:
            return page(seen, "sign_in.html", {"number": number, "wrong": TOO_MANY, "next": place}, status=429)
    if not right:
        wrong = N_("The officer number or the password is wrong.")
        return page(seen, "sign_in.html", {"number": number, "wrong": wrong, "next": place}, status=422)
    return await _signed_in(seen, number, place or "/shift")


@router.get("/first/{token}")
async def first_page(token: str, seen: Seen) -> Response:
    """The one-time link. Looking at it changes nothing: mail scanners open links."""
    if await seen.desk.link_officer(token, seen.now) is None:
        return page(seen, "first_gone.html", status=410)
    return page(seen, "first.html", {"token": token, "wrong": None, "at_least": PASSWORD_AT_LEAST})


@router.post("/first/{token}")
async def first(token: str, form: Form, seen: Seen) -> Response:
    """Use the link up: set the password, sign in."""
    if await seen.desk.link_officer(token, seen.now) is None:
        return page(seen, "first_gone.html", status=410)
    password, again = str(form.get("password", "")), str(form.get("again", ""))
    wrong = None
    if not PASSWORD_AT_LEAST <= len(password) <= PASSWORD_AT_MOST:
        wrong = N_("The password must have between 12 and 200 characters.")
    elif password != again:
        wrong = N_("The two passwords are not the same.")
    if wrong:
        return page(seen, "first.html", {"token": token, "wrong": wrong, "at_least": PASSWORD_AT_LEAST}, status=422)
    try:
        async with seen.console.checks:
            number = await seen.desk.set_password(token, password, seen.now)
    except DeskError:
        return page(seen, "first_gone.html", status=410)
    return await _signed_in(seen, number)


async def _signed_in(seen: Visitor, number: str, place: str = "/shift") -> Response:
    """A new session and a new form token: nothing that was planted before the sign-in lives on (session fixation)."""
    if seen.session is not None:
        await seen.desk.close_session(seen.session, seen.now)
    session = await seen.desk.open_session(number, seen.now)
    officer = await seen.desk.officer(number, seen.now)
    response = RedirectResponse(place, status_code=303)
    lifetime = seen.console.settings.session_s
    set_cookie(response, SESSION, session, lifetime)
    set_cookie(response, CSRF, fresh_csrf(seen.console), lifetime)
    set_cookie(response, WATCH, watch_pass(seen.console, number, seen.now), lifetime + DAY_S)
    drop_cookie(response, SIGN)
    if officer is not None and officer.language in LANGUAGES:
        set_cookie(response, LANGUAGE, officer.language, YEAR_S)
    return response


@router.post("/sign-out")
async def sign_out(form: Form, seen: SignedIn) -> Response:
    """Close the session; the shift's key goes with it."""
    await seen.desk.end_shift(seen.session, seen.now)
    await seen.desk.close_session(seen.session, seen.now)
    response = RedirectResponse("/sign-in", status_code=303)
    for cookie in (SESSION, SIGN, CSRF, WATCH):
        drop_cookie(response, cookie)
    return response


@router.post("/language")
async def language(form: Form, request: Request, seen: Seen) -> Response:
    """The language of every page from here on, kept with the officer."""
    chosen = text(form, "language")
    back = text(form, "back")
    # Only a path of our own: an absolute or //host address would lead elsewhere (open redirect).
    if not back.startswith("/") or back.startswith(("//", "/\\")) or any(ord(each) < 33 for each in back):
        back = "/"
    response = RedirectResponse(back, status_code=303)
    if chosen in LANGUAGES:
        set_cookie(response, LANGUAGE, chosen, YEAR_S)
        if seen.officer is not None:
            await seen.desk.set_language(seen.officer.number, chosen, seen.now)
    return response
