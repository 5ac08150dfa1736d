"""The console over HTTP, without a browser: who is let in, what a forged post does, what each form becomes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from contactpoint.web import drain
from tests.web.browserless import BASE, FORM, SAME_ORIGIN, Browserless, every_route, visitor
from tests.web.sample import A01, PASSWORD
from tests.web.served import wall_clock

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
BY_TOKEN = {"/reach/{token}"}
"""What whoever holds its token may do, signed in or not: tests/web/test_web_contacts.py."""
OPEN_TO_KEYS = {"/feed/threats"}
"""For the State's own tools, which show an API key and no cookie."""


def _filled(path: str) -> str:
    return re.sub(r"{\w+(:path)?}", "x", path)


async def test_nobody_sees_a_page_without_signing_in(visitor: Browserless) -> None:
    for path in every_route(visitor.app, "GET"):
        answer = await visitor.get(_filled(path))
        if path in OPEN_TO_KEYS:
            assert answer.status_code == 401, path
        elif path not in OPEN_TO_ALL | BY_TOKEN:
            assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), path


async def test_a_forged_post_without_the_token_changes_nothing(visitor: Browserless) -> None:
    await visitor.sign_in()
    for path in sorted(set(every_route(visitor.app, "POST")) - BY_TOKEN):
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
    await visitor.get(f"/cases/{case}", **{"hx-request": "true"})  # a page that refreshes itself with nobody before it
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


__all__ = ["visitor"]


@pytest.mark.parametrize(
    "cookie",
    ["", "9999999999.", "9999999999.00", "nonsense", ".", "9999999999." + "0" * 64, "9999999999.58422d4f4646.00"],
)
async def test_a_forged_watch_pass_opens_no_stream(visitor: Browserless, cookie: str) -> None:
    visitor.http.cookies.set("__Host-watch", cookie)
    answer = await visitor.get("/events")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("key", ["", "cpf_wrong", "cpf_" + "0" * 64, "x" * 100_000])
async def test_a_forged_bell_key_opens_no_stream(visitor: Browserless, key: str) -> None:
    visitor.desk.bell_keys.add("cpf_right")
    answer = await visitor.get("/events", authorization=f"Bearer {key}")
    assert answer.status_code == 403
    assert visitor.desk.bells_heard == []


async def test_a_watch_pass_opens_no_page_and_is_gone_after_signing_out(visitor: Browserless) -> None:
    await visitor.sign_in()
    assert visitor.http.cookies.get("__Host-watch")
    kept = dict(visitor.desk.sessions)
    visitor.desk.sessions.clear()
    for path in ("/board", "/directory", "/approvals", "/shift"):
        assert (await visitor.get(path)).headers["location"] == "/sign-in"
    visitor.desk.sessions.update(kept)
    await visitor.post("/sign-out")
    assert not visitor.http.cookies.get("__Host-watch")


async def test_a_refusal_by_the_other_side_is_told_on_case_and_board(visitor: Browserless) -> None:
    ids = visitor.desk.full_day()
    late = visitor.desk.requests[ids["late"]]
    visitor.desk.requests[late.id] = replace(late, refused="E-TOO-LARGE")
    await visitor.sign_in()
    for path in ("/board", f"/cases/{late.case}"):
        told = (await visitor.get(path)).text
        assert "Refused by the other State" in told
        assert "The message is larger than the limit." in told
        assert "E-TOO-LARGE" in told
