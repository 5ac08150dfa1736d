"""Health: alive, ready, status. No secret, no content, no sign-in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from contactpoint.store.errors import StorageUnavailableError
from contactpoint.web.visitor import console_of

router = APIRouter()


@router.get("/livez")
async def livez() -> Response:
    """200 while the process answers."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 while new work is welcome and the clocks run; otherwise 503 with one line for each thing that is not ready."""
    if request.app.state.closing.closed:
        return PlainTextResponse("draining\n", status_code=503)
    console = console_of(request)
    try:
        await console.desk.beat(console.clock())
        ask = request.app.state.not_ready
        why = () if ask is None else await ask(console.clock())
    except StorageUnavailableError as error:
        why = (f"database: {error}",)
    if why:
        return PlainTextResponse("".join(f"not ready: {each}\n" for each in why), status_code=503)
    return PlainTextResponse("ready\n")


@router.get("/status")
async def status(request: Request) -> Response:
    """State, network, version and the counts that the alarm reads, as JSON."""
    console = console_of(request)
    now = console.clock()
    beat = await console.desk.beat(now)
    return JSONResponse(
        {
            "state": console.desk.state,
            "network": console.desk.network,
            "version": console.settings.version,
            "now": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "draining": request.app.state.closing.closed,
            "unacknowledged": beat.unacknowledged,
            "oldest_s": beat.oldest_s,
            "overdue": beat.overdue,
            "answers": beat.answers,
        }
    )
