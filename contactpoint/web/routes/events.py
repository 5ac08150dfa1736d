"""The alarm's stream: what changed, and every few seconds a beat read from the database. Events carry no content."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import parse_instant
from contactpoint.web.problems import FormError, SignedOutError
from contactpoint.web.visitor import Console, Form, Seen, SignedIn, console_of, may_watch, text

router = APIRouter()
GATHER_S = 0.15


class Closing:
    """Whether this process is going away; every open stream waits for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self._event.is_set()

    def close(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


async def _beat(console: Console, watching: bool) -> ServerSentEvent:
    beat = await console.desk.beat(console.clock())
    told = {
        "unacknowledged": beat.unacknowledged,
        "oldest": beat.oldest_s,
        "overdue": beat.overdue,
        "answers": beat.answers,
        "watching": watching,
    }
    return ServerSentEvent(event="beat", data=told)


async def _stream(console: Console, closing: Closing, watching: bool) -> AsyncIterator[ServerSentEvent]:
    """Beats at a steady pace whatever changes meanwhile; a change is told at once and followed by a beat of its own."""
    changes = console.desk.changes()
    change = asyncio.ensure_future(anext(changes))
    end = asyncio.ensure_future(closing.wait())
    try:
        yield await _beat(console, watching)
        while True:
            done, _ = await asyncio.wait(
                {change, end}, timeout=console.settings.beat_s, return_when=asyncio.FIRST_COMPLETED
            )
            if end in done:
                yield ServerSentEvent(event="bye", data={})
                return
            if change in done:
                told = {change.result()}
                change = asyncio.ensure_future(anext(changes))
                # One step of the desk touches many rows: gather its news, or every open page would fetch each of them.
                for _ in range(20):
                    done, _ = await asyncio.wait({change, end}, timeout=GATHER_S)
                    if change not in done:
                        break
                    told.add(change.result())
                    change = asyncio.ensure_future(anext(changes))
                for what in () if watching else sorted(told):
                    yield ServerSentEvent(event="changed", data={"what": what})
            yield await _beat(console, watching)
    finally:
        for task in (change, end):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await task
        if hasattr(changes, "aclose"):
            await changes.aclose()


async def _listener(request: Request, seen: Seen) -> bool:
    """Whether this window only watches: its session has ended, the ring must not. Raises SignedOutError for all others."""
    if seen.officer is None and not may_watch(request):
        raise SignedOutError
    return seen.officer is None


@router.get("/events", response_class=EventSourceResponse)
async def events(request: Request, watching: Annotated[bool, Depends(_listener)]) -> AsyncIterator[ServerSentEvent]:
    """Open to whoever is signed in when it begins, and to a window whose session has ended since: counts, no content."""
    async for event in _stream(console_of(request), request.app.state.closing, watching):
        yield event


@router.post("/manned")
async def manned(form: Form, officer: SignedIn) -> Response:
    """A window with a tested alarm answers a beat: for the next seconds this desk is manned."""
    try:
        tested_at = parse_instant(text(form, "tested"))
    except DomainError as error:
        raise FormError from error
    await officer.desk.manned(
        officer.officer.number, text(form, "window")[:64], min(tested_at, officer.now), officer.now
    )
    return Response(status_code=204)
