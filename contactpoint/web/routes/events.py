"""The alarm's stream: what changed, and every few seconds a beat read from the database. Events carry no content."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from contactpoint.desk.errors import NotPermittedError
from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import parse_instant
from contactpoint.web.problems import FormError, SignedOutError
from contactpoint.web.visitor import Console, Form, Seen, SignedIn, console_of, text, watcher

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


@dataclass(frozen=True, slots=True)
class Listener:
    """Who reads the stream. ``watching``: beats only, no word of what changed; ``bell``: the key of a second bell, empty for a window;
    ``officer``: whose window it is.
    """

    watching: bool
    bell: str = ""
    officer: str = ""


async def _beat(console: Console, listener: Listener) -> ServerSentEvent:
    if listener.bell:
        # With every beat: a key that is revoked closes the stream that it has opened.
        await console.desk.bell_rings(listener.bell, console.clock())
    elif await _is_locked(console, listener.officer):
        # The attack: a window that an officer left open goes on telling how much rings after the officer was locked.
        raise NotPermittedError("E-LOCKED", "this officer is locked", "an administrator can enter the officer anew")
    beat = await console.desk.beat(console.clock())
    told = {
        "unacknowledged": beat.unacknowledged,
        "oldest": beat.oldest_s,
        "overdue": beat.overdue,
        "answers": beat.answers,
        "bells": beat.bells,
        "watching": listener.watching,
    }
    return ServerSentEvent(event="beat", data=told)


async def _stream(console: Console, closing: Closing, listener: Listener) -> AsyncIterator[ServerSentEvent]:
    """Beats at a steady pace whatever changes meanwhile; a change is told at once and followed by a beat of its own."""
    changes = console.desk.changes()
    change = asyncio.ensure_future(anext(changes))
    end = asyncio.ensure_future(closing.wait())
    try:
        yield await _beat(console, listener)
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
                for what in () if listener.watching else sorted(told):
                    yield ServerSentEvent(event="changed", data={"what": what})
            yield await _beat(console, listener)
    except NotPermittedError:
        yield ServerSentEvent(event="bye", data={})
    finally:
        for task in (change, end):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await task
        if hasattr(changes, "aclose"):
            await changes.aclose()


async def _is_locked(console: Console, number: str) -> bool:
    officer = await console.desk.officer(number, console.clock())
    return officer is None or officer.locked


async def _listener(request: Request, seen: Seen) -> Listener:
    """A bell by its key; a window that only watches, for its session has ended and the ring must not; or an officer's window.

    Raises NotPermittedError for a key that opens no stream, SignedOutError for all others.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # Before the answer begins, so that a wrong key is told so and not sent away by an empty stream.
        await seen.desk.bell_rings(token.strip(), seen.now)
        return Listener(watching=True, bell=token.strip())
    whose = watcher(request) if seen.officer is None else seen.officer.number
    if not whose or await _is_locked(seen.console, whose):
        raise SignedOutError
    return Listener(watching=seen.officer is None, officer=whose)


@router.get("/events", response_class=EventSourceResponse)
async def events(request: Request, listener: Annotated[Listener, Depends(_listener)]) -> AsyncIterator[ServerSentEvent]:
    """Open to whoever is signed in when it begins, to a window whose session has ended since, and to a bell: counts, no content."""
    async for event in _stream(console_of(request), request.app.state.closing, listener):
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
