"""The app factory: middleware, routes, errors. Everything it needs is handed in; it reads no clock and no environment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from contactpoint.casework.errors import LockedError
from contactpoint.desk.errors import DeskError, locked_out
from contactpoint.desk.ports import DeskPort
from contactpoint.web import problems
from contactpoint.web.headers import SecurityHeaders
from contactpoint.web.pages import tabs
from contactpoint.web.render import page
from contactpoint.web.routes import ROUTERS
from contactpoint.web.routes.events import Closing
from contactpoint.web.settings import WebSettings
from contactpoint.web.visitor import Console, visitor


def create_app(
    desk: DeskPort,
    settings: WebSettings,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
    not_ready: Callable[[datetime], Awaitable[Sequence[str]]] | None = None,
) -> FastAPI:
    """The console of one contact point over ``desk``.

    ``clock`` gives aware UTC, ``random(n)`` n random bytes, ``not_ready`` why the node behind the desk is
    not ready, a reason a line. Serve it on the inside listener only, with ``access_log=False`` (a one-time link is a secret in a path) and
    ``timeout_graceful_shutdown=5`` (an open event stream would block the end for ever); call ``drain`` first.
    """
    app = FastAPI(
        title="contactpoint", version=settings.version or "0", docs_url=None, redoc_url=None, openapi_url=None
    )
    checks = asyncio.Semaphore(settings.sign_ins_at_once)
    for router in ROUTERS:
        app.include_router(router)
    routes = frozenset(str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes)
    app.state.console = Console(desk, settings, clock, random, checks, watch_key=random(32), tabs=tabs(routes))
    app.state.closing = Closing()
    app.state.not_ready = not_ready
    app.add_exception_handler(problems.WebError, refused)
    app.add_exception_handler(DeskError, refused)
    app.add_exception_handler(LockedError, refused)
    app.add_exception_handler(HTTPException, not_served)
    app.add_exception_handler(RequestValidationError, not_served)
    app.add_exception_handler(Exception, broken)
    # A page of another site that rebinds its own name to this address must not be answered.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders, random=random)
    return app


def drain(app: FastAPI) -> None:
    """Say goodbye: readiness turns 503 and every event stream ends with ``bye``. Call it on SIGTERM."""
    app.state.closing.close()


async def refused(request: Request, error: Exception) -> Response:
    """A refusal by the desk or by the console itself; also of an officer who was locked while the page was being answered."""
    if isinstance(error, LockedError):
        error = locked_out(error)
    if isinstance(error, problems.SignedOutError) and request.method == "GET" and not problems.wants_json(request):
        return Response(status_code=303, headers={"Location": "/sign-in"})
    return await _answer(request, problems.problem_of(error))


async def not_served(request: Request, error: Exception) -> Response:
    """No such page, wrong method, unusable parameters."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    table = {404: problems.PAGE_NOT_FOUND, 405: problems.WRONG_METHOD}
    return await _answer(request, table.get(status, problems.UNUSABLE))


async def broken(request: Request, error: Exception) -> Response:
    """Whatever nobody foresaw; the page holds no detail, the server's log does."""
    return await _answer(request, problems.BROKEN, look_up=False)


async def _answer(request: Request, problem: problems.Problem, look_up: bool = True) -> Response:
    if problems.wants_json(request) or not look_up:
        return problems.problem_json(problem)
    return page(await visitor(request), "problem.html", {"problem": problem}, status=problem.status)
