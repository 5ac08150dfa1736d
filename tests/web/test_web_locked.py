"""A locked officer at a console that stands open: over HTTP, with the real desk behind it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.requests import Request

from contactpoint.casework.errors import LockedError
from contactpoint.desk.leaving import leave
from contactpoint.desk.officers import make_key
from contactpoint.domain.rota import Rota, Rotation, Unit
from contactpoint.store.rows_people import update_officer
from contactpoint.web import WebSettings, create_app
from contactpoint.web.app import refused
from contactpoint.web.routes.events import Listener, _stream
from tests.simulator import START, Simulator, simulated
from tests.web.browserless import Browserless

NUMBER, SECRET, PASSWORD = "XB-OFF-001", "lantern over the harbour", "plain words at night"


ROTA = Rota("desk", "UTC", (Rotation("UTC", START.replace(tzinfo=None), Unit.DAY, 1, (NUMBER,)),)).to_plain()


class Working(Browserless):
    """An officer at work: signed in by a one-time link, with a running shift, and a request that rings."""

    net: Simulator
    request: str
    case: str

    async def begin(self, net: Simulator) -> None:
        self.net, xb = net, net["XB"]
        key = await make_key(SECRET, net.random)
        await xb.cw.db.write(
            lambda tx: update_officer(
                tx, NUMBER, {"sealed_key": key.sealed, "public_key": key.public, "certificate": None}
            )
        )
        link = f"/first/{await xb.desk.one_time_link(NUMBER, net.now)}"
        await self.get(link)
        await self.post(link, {"password": PASSWORD, "again": PASSWORD})
        assert (await self.post("/shift", {"secret": SECRET})).headers["location"] == "/board"
        sent = await net["XA"].ask("XB")
        await net.settle()
        self.request, self.case = sent.id, sent.case
        assert sent.case in (await self.get("/board")).text


@pytest_asyncio.fixture
async def working(tmp_path: Path) -> AsyncIterator[Working]:
    async with simulated(tmp_path, "XA", "XB") as net:
        app = create_app(net["XB"].desk, WebSettings(zone="UTC", beat_s=0.05), net.clock, os.urandom)
        made = Working(app, None)  # type: ignore[arg-type]
        await made.begin(net)
        yield made
        await made.http.aclose()


async def test_the_open_session_of_a_locked_officer_reads_and_does_nothing_more(working: Working) -> None:
    xb = working.net["XB"]
    await leave(xb.cw, NUMBER, False, working.net.now)
    for path in ("/board", f"/cases/{working.case}", "/directory", "/hand-over", "/shift", "/events"):
        answer = await working.get(path)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), path
        assert working.case not in answer.text
    assert (await working.get("/board", accept="application/json")).status_code == 401
    for path, form in (
        (f"/requests/{working.request}/acknowledge", {}),
        (f"/requests/{working.request}/answers/ACCEPTED", {"secret": SECRET}),
        ("/hand-over", {"to": "XB-OFF-002", "secret": SECRET}),
        ("/manned", {"tested": "2027-03-04T13:00Z", "window": "w"}),
    ):
        assert (await working.post(path, form)).status_code == 401, path
    view = await xb.view(working.request)
    assert (view.acknowledged_by, view.rings, view.holder) == ("", True, "")
    signed_in = await working.post("/sign-in", {"number": NUMBER, "password": PASSWORD})
    assert signed_in.status_code == 422


async def test_the_window_that_a_locked_officer_left_open_tells_nothing_more_and_is_not_opened_again(
    working: Working,
) -> None:
    """Its pass outlives a session on purpose, so that a ring does not stop; a lock ends it."""
    net, state = working.net, working.app.state
    stream = _stream(state.console, state.closing, Listener(watching=False, officer=NUMBER))
    assert (await anext(stream)).event == "beat"
    await leave(net["XB"].cw, NUMBER, False, net.now)
    rest = await asyncio.wait_for(_events(stream), 5)
    assert (rest[-1], "beat" in rest) == ("bye", False), rest
    assert working.http.cookies.get("__Host-watch")
    assert (await working.get("/events")).headers["location"] == "/sign-in"


async def test_a_rota_saved_at_the_moment_of_the_lock_is_a_refusal_and_not_a_fault(working: Working) -> None:
    """The page was answered with a key that had been opened before; the desk says so, the console does not break."""
    net = working.net
    key = net["XB"].officers[NUMBER]
    await leave(net["XB"].cw, NUMBER, False, net.now)
    with pytest.raises(LockedError) as locked:
        await net["XB"].desk.rota.save("desk", ROTA, 0, key, net.now)
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": [(b"accept", b"application/json")]})
    answer = await refused(request, locked.value)
    assert (answer.status_code, b"E-LOCKED" in answer.body) == (403, True)


async def _events(stream: AsyncIterator[object]) -> list[str | None]:
    return [getattr(event, "event", None) async for event in stream]
