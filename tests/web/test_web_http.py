"""The console over HTTP, without a browser: who is let in, what a forged post does, what each form becomes."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from contactpoint.web import WebSettings, create_app, drain
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import A01, PASSWORD, SECRET
from tests.web.served import wall_clock

BASE = "https://xb.localhost"
OPEN_TO_ALL = {
    "/",
    "/sign-in",
    "/first/{token}",
    "/language",
    "/livez",
    "/readyz",
    "/status",
    "/favicon.ico",
    "/static/{name:path}",
}
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


def _every(app: FastAPI, method: str) -> list[str]:
    found = [path for each, path in _routes(app.routes) if each == method]
    assert len(found) > 8
    return found


def _filled(path: str) -> str:
    return re.sub(r"{\w+(:path)?}", "x", path)


async def test_nobody_sees_a_page_without_signing_in(visitor: Browserless) -> None:
    for path in _every(visitor.app, "GET"):
        if path not in OPEN_TO_ALL:
            answer = await visitor.get(_filled(path))
            assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), path


async def test_a_forged_post_without_the_token_changes_nothing(visitor: Browserless) -> None:
    await visitor.sign_in()
    for path in _every(visitor.app, "POST"):
        for token in ("", "A" * 43):
            answer = await visitor.http.post(_filled(path), content=f"csrf={token}", headers=FORM | SAME_ORIGIN)
            assert answer.status_code == 403, path
    assert visitor.desk.sessions


async def test_a_post_that_another_site_started_changes_nothing_even_with_the_token(visitor: Browserless) -> None:
    await visitor.sign_in()
    token = visitor.http.cookies.get("__Host-csrf")
    attacks = (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    )
    for headers in attacks:
        answer = await visitor.http.post("/sign-out", content=f"csrf={token}", headers=FORM | headers)
        assert answer.status_code == 403, headers
    assert visitor.desk.sessions
    answer = await visitor.http.post("/sign-out", content=f"csrf={token}", headers=FORM | {"origin": BASE})
    assert answer.status_code == 303


async def test_a_name_rebound_to_this_address_is_not_answered(visitor: Browserless) -> None:
    answer = await visitor.http.get("/sign-in", headers={"host": "evil.example"})
    assert answer.status_code == 400


async def test_a_mail_scanner_that_opens_the_one_time_link_does_not_use_it_up(visitor: Browserless) -> None:
    token = await visitor.desk.one_time_link("XB-OFF-002", wall_clock())
    for _ in range(3):
        page = await visitor.get(f"/first/{token}")
        assert page.status_code == 200
        assert "XB-OFF-002" not in page.text
    new = {"password": "a long new pass phrase", "again": "a long new pass phrase"}
    answer = await visitor.post(f"/first/{token}", new)
    assert answer.headers["location"] == "/shift"
    assert visitor.desk.passwords["XB-OFF-002"] == new["password"]
    assert (await visitor.post(f"/first/{token}", new)).status_code == 410
    assert (await visitor.get(f"/first/{token}")).status_code == 410


async def test_a_short_or_mistyped_password_leaves_the_link_unused(visitor: Browserless) -> None:
    token = await visitor.desk.one_time_link("XB-OFF-002", wall_clock())
    await visitor.get(f"/first/{token}")
    for password, again in (("short", "short"), ("long enough password", "another long password")):
        answer = await visitor.post(f"/first/{token}", {"password": password, "again": again})
        assert answer.status_code == 422
    assert visitor.desk.tokens == {token: "XB-OFF-002"}


async def test_a_session_planted_before_the_sign_in_is_worth_nothing_after_it(visitor: Browserless) -> None:
    visitor.http.cookies.set("__Host-session", "planted", domain="xb.localhost")
    await visitor.get("/sign-in")
    before = visitor.http.cookies.get("__Host-csrf")
    answer = await visitor.post("/sign-in", {"number": "XB-OFF-001", "password": PASSWORD})
    assert "planted" not in str(answer.headers)
    assert "planted" not in visitor.desk.sessions
    assert before is not None
    assert before not in answer.headers["set-cookie"]


async def test_a_wrong_password_and_a_wrong_number_read_the_same(visitor: Browserless) -> None:
    await visitor.get("/sign-in")
    wrong = await visitor.post("/sign-in", {"number": "XB-OFF-001", "password": "no"})
    unknown = await visitor.post("/sign-in", {"number": "XB-OFF-999", "password": "no"})
    assert wrong.status_code == unknown.status_code == 422
    assert _without_nonce(wrong.text) == _without_nonce(unknown.text.replace("XB-OFF-999", "XB-OFF-001"))


def _without_nonce(text: str) -> str:
    return re.sub(r'nonce="[^"]+"|data-now="[^"]+"|datetime="[^"]+"', "", text)


async def test_cookies_are_kept_from_scripts_and_from_other_sites(visitor: Browserless) -> None:
    await visitor.get("/sign-in")
    answer = await visitor.post("/sign-in", {"number": "XB-OFF-001", "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) >= 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


async def test_scripts_run_only_by_a_nonce_that_is_never_repeated(visitor: Browserless) -> None:
    pages = [await visitor.get("/sign-in") for _ in range(2)]
    policies = [page.headers["content-security-policy"] for page in pages]
    assert policies[0] != policies[1]
    for page, policy in zip(pages, policies, strict=True):
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce
        scripts = re.findall(r"<script[^>]*>", page.text)
        assert scripts
        assert all(f'nonce="{nonce[1]}"' in script and " src=" in script for script in scripts)
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page.text)
        assert page.headers["cache-control"] == "no-store"


async def test_the_language_button_never_leads_to_another_site(visitor: Browserless) -> None:
    await visitor.get("/sign-in")
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", ""):
        answer = await visitor.post("/language", {"language": "ar", "back": back})
        assert answer.headers["location"] == "/", back
    answer = await visitor.post("/language", {"language": "ar", "back": "/sign-in"})
    assert answer.headers["location"] == "/sign-in"
    page = await visitor.get("/sign-in")
    assert '<html lang="ar" dir="rtl"' in page.text


async def test_foreign_text_is_never_markup(visitor: Browserless) -> None:
    await visitor.sign_in()
    request = visitor.desk.arrives()
    visitor.desk.bodies[request] = {**A01, "facts": "<script>alert(1)</script>", "<b>": "<img src=x onerror=y>"}
    page = await visitor.get(f"/cases/{visitor.desk.requests[request].case}")
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_the_board_opens_nothing_and_a_page_fetched_ahead_opens_nothing(visitor: Browserless) -> None:
    await visitor.sign_in()
    request = visitor.desk.arrives()
    case = visitor.desk.requests[request].case
    board = await visitor.get("/board")
    assert "key-delivery" not in board.text
    await visitor.get(f"/cases/{case}", **{"sec-purpose": "prefetch"})
    assert visitor.desk.opened_by == []
    await visitor.get(f"/cases/{case}")
    await visitor.get(f"/cases/{case}")
    assert visitor.desk.opened_by == [(request, "XB-OFF-001")]


async def test_taking_charge_never_fails_for_want_of_a_key(visitor: Browserless) -> None:
    await visitor.sign_in()
    request = visitor.desk.arrives()
    page = await visitor.post(f"/requests/{request}/acknowledge")
    assert page.status_code == 200
    assert "Acknowledged by the station" in page.text
    again = await visitor.post(f"/requests/{request}/acknowledge")
    assert "already in the charge of XB-OFF-001" in again.text


async def test_a_cookie_of_another_shift_opens_no_key(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    request = visitor.desk.arrives()
    visitor.http.cookies.set("__Host-sign", "AAAA", domain="xb.localhost")
    page = await visitor.post(f"/requests/{request}/acknowledge")
    assert "Acknowledged by the station" in page.text


def _a01_form() -> list[tuple[str, str]]:
    data: Any = A01["data"]
    offences: Any = A01["offences"]
    return [
        ("to", "XA"),
        ("urgency", "U1"),
        *((f"f.authority.{name}", text) for name, text in A01["authority"].items()),  # type: ignore[attr-defined]
        *(("f.offences", code) for code in offences),
        ("f.facts", str(A01["facts"])),
        *(("f.data.classes", code) for code in data["classes"]),
        ("f.data.what", data["what"]),
        ("f.data.from", "2026-02-01 02:00"),
        ("f.data.from.zone", "local"),
        ("f.data.until", "2026-03-04 12:00"),
        ("f.link_to_offence", str(A01["link_to_offence"])),
        ("f.custodian.name", "Example Hosting XB"),
        ("f.custodian.port", "443"),
        ("f.necessity", str(A01["necessity"])),
        ("f.mla_intent", "yes"),
        ("f.confidentiality.keep_secret", "yes"),
    ]


async def test_the_form_becomes_the_body_that_the_catalogue_asks_for(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    check = await visitor.post("/new/PRES-NEW", [*_a01_form(), ("stage", "check")])
    assert check.status_code == 200
    assert "What you will sign" in check.text
    assert visitor.desk.drafts == []
    sent = await visitor.post("/new/PRES-NEW", [*_a01_form(), ("stage", "sign")])
    assert "Signed and on its way" in sent.text
    body = visitor.desk.drafts[0].body
    assert body["data"]["from"] == "2026-02-01T00:00:00Z"  # 02:00 in Cairo, in winter
    assert body["data"]["until"] == "2026-03-04T12:00:00Z"
    assert body["custodian"] == {"name": "Example Hosting XB", "port": 443}
    assert body["offences"] == A01["offences"]
    assert body["mla_intent"] is True
    assert "wanted_days" not in body


async def test_an_empty_form_names_every_missing_field_by_its_code(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    page = await visitor.post("/new/PRES-NEW", {"stage": "sign"})
    assert page.status_code == 422
    for field in ("to", "urgency", "authority", "offences", "facts", "necessity", "mla_intent"):
        assert f'href="#f-{field}"' in page.text, field
        assert f'id="f-{field}"' in page.text, field
    assert "E-FIELD-MISSING" in page.text
    assert visitor.desk.drafts == []


async def test_nothing_typed_is_lost_when_the_form_comes_back(visitor: Browserless) -> None:
    await visitor.sign_in()
    form = [(name, text) for name, text in _a01_form() if name != "f.necessity"]
    page = await visitor.post(
        "/new/PRES-NEW", [*form, ("f.offences", "O-SC"), ("f.offences.O-SC.provision", "Code 12"), ("stage", "check")]
    )
    assert page.status_code == 422
    assert str(A01["facts"]) in page.text
    assert 'value="Code 12"' in page.text
    assert re.search(r'value="O-07" id="f-offences" checked|value="O-07"[^>]* checked', page.text)


async def test_an_emergency_asks_for_the_secret_again_and_for_a_second_officer(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    form = [(name, text) for name, text in _a01_form() if name != "urgency"] + [("urgency", "U0")]
    alone = await visitor.post("/new/PRES-NEW", [*form, ("stage", "check")])
    assert "Choose the second officer" in alone.text
    himself = await visitor.post("/new/PRES-NEW", [*form, ("approver", "XB-OFF-001"), ("stage", "check")])
    assert himself.status_code == 422
    form.append(("approver", "XB-OFF-002"))
    silent = await visitor.post("/new/PRES-NEW", [*form, ("stage", "sign")])
    assert silent.status_code == 422
    assert visitor.desk.drafts == []
    sent = await visitor.post("/new/PRES-NEW", [*form, ("secret", SECRET), ("stage", "sign")])
    assert "Waiting for the second officer" in sent.text
    assert SECRET not in sent.text


async def test_a_second_officer_releases_an_emergency_only_with_the_secret(visitor: Browserless) -> None:
    waiting = visitor.desk.full_day()["waiting"]
    await visitor.sign_in()
    await visitor.start_shift()
    assert "abducted" in (await visitor.get(f"/approvals/{waiting}")).text
    assert (await visitor.post(f"/approvals/{waiting}")).status_code == 422
    assert (await visitor.post(f"/approvals/{waiting}", {"secret": "wrong"})).status_code == 422
    assert visitor.desk.waiting
    assert "on its way" in (await visitor.post(f"/approvals/{waiting}", {"secret": SECRET})).text
    assert not visitor.desk.waiting
    assert (await visitor.get(f"/approvals/{waiting}")).status_code == 404


async def test_an_answer_is_made_from_the_catalogues_form(visitor: Browserless) -> None:
    mine = visitor.desk.full_day()["mine"]
    await visitor.sign_in()
    await visitor.start_shift()
    assert "Preserved from" in (await visitor.get(f"/requests/{mine}/answers/EXECUTED")).text
    assert (await visitor.post(f"/requests/{mine}/answers/EXECUTED")).status_code == 422
    form = {"f.preserved_from": "2026-11-20 10:00", "f.reference": "XB-77"}
    assert "on its way" in (await visitor.post(f"/requests/{mine}/answers/EXECUTED", form)).text
    assert visitor.desk.answers[0][1:] == ("EXECUTED", {"preserved_from": "2026-11-20T10:00:00Z", "reference": "XB-77"})
    assert (await visitor.get(f"/requests/{mine}/answers/NO-SUCH")).status_code == 404


async def test_programs_get_problem_json_and_people_a_page(visitor: Browserless) -> None:
    await visitor.sign_in()
    person = await visitor.get("/cases/none")
    assert person.status_code == 404
    assert "<html" in person.text
    assert "Check the reference." in person.text
    program = await visitor.http.get("/cases/none", headers={"accept": "application/json"})
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] == "E-UNKNOWN-CASE"
    assert (await visitor.http.get("/none", headers={"accept": "application/json"})).json()["status"] == 404


async def test_a_flooding_form_is_refused_before_it_is_kept(visitor: Browserless) -> None:
    await visitor.sign_in()
    answer = await visitor.post("/new/PRES-NEW", {"f.facts": "x" * 300_000})
    assert answer.status_code == 413


async def test_readiness_ends_when_the_process_drains(visitor: Browserless) -> None:
    assert (await visitor.get("/livez")).status_code == 200
    assert (await visitor.get("/readyz")).status_code == 200
    visitor.desk.arrives()
    status = (await visitor.get("/status")).json()
    assert (status["state"], status["unacknowledged"], status["draining"]) == ("XB", 1, False)
    drain(visitor.app)
    assert (await visitor.get("/readyz")).status_code == 503
    assert (await visitor.get("/livez")).status_code == 200


async def test_no_file_outside_the_list_is_served(visitor: Browserless) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/vendor/LICENSE.htmx", "/static/"):
        assert (await visitor.get(path)).status_code == 404, path
    styles = await visitor.get("/static/console.css")
    assert styles.headers["content-type"].startswith("text/css")
