"""One visitor of the console without a browser, as a fixture."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from contactpoint.web import WebSettings, create_app
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import PASSWORD, SECRET
from tests.web.served import wall_clock

BASE = "https://xb.localhost"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


class Browserless:
    """One visitor: keeps cookies, carries the form token, says where its posts start."""

    def __init__(self, app: FastAPI, desk: DeskSimulator) -> None:
        self.app, self.desk = app, desk
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.http.get(path, headers={"accept": "text/html", **headers})

    async def post(self, path: str, form: dict[str, Any] | list[tuple[str, str]] | None = None) -> httpx2.Response:
        fields = list((form or {}).items()) if not isinstance(form, list) else form
        fields.append(("csrf", self.http.cookies.get("__Host-csrf") or ""))
        return await self.http.post(path, content=_encoded(fields), headers=FORM | SAME_ORIGIN)

    async def sign_in(self, number: str = "XB-OFF-001") -> None:
        await self.get("/sign-in")
        answer = await self.post("/sign-in", {"number": number, "password": PASSWORD})
        assert answer.headers["location"] == "/shift"

    async def start_shift(self) -> None:
        answer = await self.post("/shift", {"secret": SECRET})
        assert answer.headers["location"] == "/board"


FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}


def _encoded(fields: list[tuple[str, Any]]) -> str:
    return str(httpx2.QueryParams(fields))


@pytest_asyncio.fixture
async def visitor() -> AsyncIterator[Browserless]:
    desk = DeskSimulator(wall_clock())
    app = create_app(desk, WebSettings(zone="Africa/Cairo"), wall_clock, os.urandom)
    made = Browserless(app, desk)
    yield made
    await made.http.aclose()


def _routes(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Route):
            yield from ((method, route.path) for method in route.methods or () if method in ("GET", "POST"))
        else:
            inner = getattr(getattr(route, "original_router", None), "routes", ())
            yield from _routes(list(inner))


def every_route(app: FastAPI, method: str) -> list[str]:
    """The paths of all routes of the console with this method."""
    found = [path for each, path in _routes(app.routes) if each == method]
    assert len(found) > 8
    return found
