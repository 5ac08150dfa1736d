"""Who is asking: cookies, session, forms that really came from one of our pages."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contactpoint.desk.ports import DeskPort, OfficerKey
from contactpoint.desk.views import OfficerView
from contactpoint.web.i18n import chosen_language
from contactpoint.web.pages import Tabs
from contactpoint.web.problems import ForgeryError, FormError, SignedOutError
from contactpoint.web.settings import WebSettings

# __Host-: only over a secure context, only this host, never a sibling; a subdomain cannot plant one.
SESSION, SIGN, CSRF, LANGUAGE, WATCH = "__Host-session", "__Host-sign", "__Host-csrf", "__Host-lang", "__Host-watch"


DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Console:
    """What every route is given: the desk, the settings, a clock, randomness. One per app, in ``app.state.console``.

    ``checks`` bounds how many passwords and secrets are tried at once: each try costs 64 MiB and a core, and a flood of
    guesses must not starve the desk beside it. ``watch_key`` marks the windows that may go on ringing when their session has
    ended; it lives as long as this process. ``tabs`` are the pages that the header leads to.
    """

    desk: DeskPort
    settings: WebSettings
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    checks: asyncio.Semaphore
    watch_key: bytes = field(repr=False)
    tabs: tuple[Tabs, Tabs] = ((), ())


def console_of(request: Request) -> Console:
    """The console that this app was made with."""
    return cast(Console, request.app.state.console)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request's visitor, signed in or not. ``csrf`` goes into every form; ``new_csrf`` says that the cookie must be set."""

    console: Console
    now: datetime
    session: str | None
    officer: OfficerView | None
    language: str
    csrf: str
    new_csrf: bool
    nonce: str
    sign_cookie: bytes | None
    path: str

    @property
    def desk(self) -> DeskPort:
        return self.console.desk

    async def key(self) -> OfficerKey | None:
        """The officer's key while the shift runs, or None."""
        if self.session is None or self.sign_cookie is None:
            return None
        return await self.desk.shift_key(self.session, self.sign_cookie, self.now)


@dataclass(frozen=True, slots=True)
class Officer(Visitor):
    """A visitor who is signed in."""

    officer: OfficerView
    session: str


def _sign_cookie(request: Request) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(request.cookies.get(SIGN, "")) or None
    except (binascii.Error, ValueError):
        return None


async def visitor(request: Request) -> Visitor:
    """Who asks, from the cookies; reads the session row and the officer, changes nothing."""
    console = console_of(request)
    now = console.clock()
    session = request.cookies.get(SESSION)
    number = await console.desk.session_officer(session, now) if session else None
    officer = await console.desk.officer(number, now) if number else None
    csrf = request.cookies.get(CSRF, "")
    made = len(csrf) != 43
    return Visitor(
        console=console,
        now=now,
        session=session if officer else None,
        officer=officer,
        language=chosen_language(request.cookies.get(LANGUAGE), request.headers.get("accept-language")),
        csrf=fresh_csrf(console) if made else csrf,
        new_csrf=made,
        nonce=request.state.nonce,
        sign_cookie=_sign_cookie(request),
        path=request.url.path if request.method == "GET" else "/",
    )


async def officer(seen: Annotated[Visitor, Depends(visitor)]) -> Officer:
    """The signed-in officer. Raises SignedOutError."""
    if seen.officer is None or seen.session is None:
        raise SignedOutError
    return Officer(
        console=seen.console,
        now=seen.now,
        session=seen.session,
        officer=seen.officer,
        language=seen.language,
        csrf=seen.csrf,
        new_csrf=seen.new_csrf,
        nonce=seen.nonce,
        sign_cookie=seen.sign_cookie,
        path=seen.path,
    )


def fresh_csrf(console: Console) -> str:
    """32 random bytes as 43 characters."""
    return base64.urlsafe_b64encode(console.random(32)).decode().rstrip("=")


def watch_pass(console: Console, number: str, now: datetime) -> str:
    """What an officer's window keeps beyond its session: it opens the counts of the alarm, nothing else, until a day after."""
    until = str(int(now.timestamp()) + console.settings.session_s + DAY_S)
    whose = number.encode().hex()
    return f"{until}.{whose}.{_watch_mark(console, until, whose)}"


def watcher(request: Request) -> str:
    """The officer who was signed in at this window before, where nobody signed it out; "" where there is none."""
    console = console_of(request)
    until, _, rest = request.cookies.get(WATCH, "").partition(".")
    whose, _, mark = rest.partition(".")
    genuine = hmac.compare_digest(mark.encode(), _watch_mark(console, until, whose).encode())
    if not genuine or console.clock().timestamp() >= int(until):
        return ""
    return bytes.fromhex(whose).decode()


def _watch_mark(console: Console, until: str, whose: str) -> str:
    return hmac.new(console.watch_key, f"{until}.{whose}".encode(), "sha256").hexdigest()


async def posted(request: Request) -> FormData:
    """The form of a post that came from one of our own pages. Raises ForgeryError, FormError.

    Three checks against cross-site request forgery: the browser's own word on where the post started, a token that
    only our pages hold, and a cookie that only this host can have set.
    """
    refuse_other_sites(request)
    form = await _read(request, console_of(request).settings.form_bytes)
    cookie, token = request.cookies.get(CSRF, ""), form.get("csrf", "")
    if len(cookie) != 43 or not isinstance(token, str) or not hmac.compare_digest(cookie.encode(), token.encode()):
        raise ForgeryError
    return form


def refuse_other_sites(request: Request) -> None:
    """Raise ForgeryError unless the browser says that the post started here (one of both headers must be there)."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        if site != "same-origin":
            raise ForgeryError
    elif origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise ForgeryError


async def _read(request: Request, limit: int) -> FormData:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise FormError
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > limit:
            raise FormError
    try:
        fields = parse_qsl(data.decode(), keep_blank_values=True, strict_parsing=bool(data), max_num_fields=2000)
    except (UnicodeDecodeError, ValueError) as error:
        raise FormError from error
    return FormData([*fields])


def text(form: FormData, name: str) -> str:
    """One field as trimmed text, empty when absent."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def set_cookie(response: Response, name: str, value: str, max_age: int) -> None:
    """Set one ``__Host-`` cookie; scripts never see it, other sites never send it."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="strict")


def drop_cookie(response: Response, name: str) -> None:
    """Remove one ``__Host-`` cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


Seen = Annotated[Visitor, Depends(visitor)]
SignedIn = Annotated[Officer, Depends(officer)]
Form = Annotated[FormData, Depends(posted)]
