"""A listener for the page *on my way* alone, which an officer's telephone may reach where the console may not be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

from contactpoint.desk.ports import DeskPort
from contactpoint.web import problems
from contactpoint.web.headers import SecurityHeaders
from contactpoint.web.routes import reach, static
from contactpoint.web.settings import WebSettings
from contactpoint.web.visitor import Console


def create_reach_app(
    desk: DeskPort, settings: WebSettings, clock: Callable[[], datetime], random: Callable[[int], bytes]
) -> FastAPI:
    """The page behind the link of a notice and the files that it needs; no sign-in, no case, no health.

    Serve it with ``access_log=False``: the token is a secret in a path.
    """
    app = FastAPI(title="contactpoint", version="0", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(reach.router)
    app.include_router(static.router)
    app.state.console = Console(desk, settings, clock, random, asyncio.Semaphore(1), watch_key=random(32))
    for error in (problems.WebError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error, _refused)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders, random=random)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    """A status and no word more: whoever looks around here learns nothing."""
    status = error.status_code if isinstance(error, HTTPException) else getattr(error, "status", 500)
    return PlainTextResponse("", status_code=status)
