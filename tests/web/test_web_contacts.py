"""*My contacts* and *on my way*: for everybody, without scripts, and with nothing to be learned from a link that does not work."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx2
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from contactpoint.web import WebSettings
from contactpoint.web.reach import create_reach_app
from tests.web.browserless import SAME_ORIGIN, Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.notices_simulator import CODE, REACH
from tests.web.sample import PASSWORD
from tests.web.served import Served, serve, start_shift, wall_clock

__all__ = ["visitor"]


@pytest.fixture
def served() -> Iterator[Served]:
    made = serve(DeskSimulator(wall_clock()))
    yield made
    made.stop()


# --- on my way ---


async def test_a_mail_scanner_that_opens_the_link_changes_nothing(visitor: Browserless) -> None:
    for _ in range(3):
        answer = await visitor.get(f"/reach/{REACH}")
        assert answer.status_code == 200
    assert visitor.desk.notices.reached == []
    assert answer.text.count("<button") == 1
    assert "U0" not in answer.text
    assert "PRES-NEW" not in answer.text


async def test_the_button_counts_once_and_opens_the_sign_in_at_that_case(visitor: Browserless) -> None:
    answer = await visitor.post(f"/reach/{REACH}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/cases/case-1")
    assert (await visitor.post(f"/reach/{REACH}")).status_code == 410
    assert visitor.desk.notices.reached == [REACH]
    door = await visitor.get("/sign-in?next=/cases/case-1")
    assert 'name="next" value="/cases/case-1"' in door.text
    form = {"number": "XB-OFF-001", "password": PASSWORD, "next": "/cases/case-1"}
    assert (await visitor.post("/sign-in", form)).headers["location"] == "/cases/case-1"


@pytest.mark.parametrize(
    "place", ["//thief.example", "https://thief.example/cases/x", "/cases/../sign-out", "/board?x", "/cases/a\nb"]
)
async def test_a_link_to_the_sign_in_leads_nowhere_else(visitor: Browserless, place: str) -> None:
    form = {"number": "XB-OFF-001", "password": PASSWORD, "next": place}
    await visitor.get("/sign-in")
    assert (await visitor.post("/sign-in", form)).headers["location"] == "/shift"


async def test_a_used_a_guessed_and_a_malformed_token_get_the_same_answer(visitor: Browserless) -> None:
    await visitor.post(f"/reach/{REACH}")
    answers = [await visitor.get(f"/reach/{token}") for token in (REACH, "B" * 43, "x")]
    posts = [await visitor.post(f"/reach/{token}") for token in (REACH, "B" * 43, "x")]
    assert {(each.status_code, each.text) for each in (*answers, *posts)} == {(410, answers[0].text)}


async def test_a_page_of_another_site_cannot_press_the_button(visitor: Browserless) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://thief.example"}, {}):
        answer = await visitor.http.post(f"/reach/{REACH}", headers=headers)
        assert answer.status_code == 403
    assert visitor.desk.notices.reached == []


async def test_the_small_listener_serves_the_button_and_nothing_of_the_console() -> None:
    desk = DeskSimulator(wall_clock())
    settings = WebSettings(hosts=("reach.xb.example",), console_url="https://desk.xb.example:8443")
    app = create_reach_app(desk, settings, wall_clock, os.urandom)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://reach.xb.example") as http:
        for path in ("/", "/sign-in", "/board", "/status", "/livez", "/contacts", "/feed/threats", "/openapi.json"):
            answer = await http.get(path)
            assert (answer.status_code, answer.text) == (404, ""), path
        assert (await http.get(f"/reach/{REACH}")).status_code == 200
        said = await http.post(f"/reach/{REACH}", headers=SAME_ORIGIN)
        assert said.status_code == 200
        assert 'href="https://desk.xb.example:8443/sign-in?next=/cases/case-1"' in said.text
        assert "default-src 'none'" in said.headers["content-security-policy"]
        assert (await http.get(f"/reach/{REACH}", headers={"host": "desk.thief.example"})).status_code == 400


async def test_the_button_works_with_scripts_off_in_a_browser_at_320_pixels(browser: Browser, served: Served) -> None:
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = await context.new_page()
    await page.goto(f"{served.url}/reach/{REACH}")
    await page.get_by_role("button", name="I am on my way").click()
    await page.wait_for_url("**/sign-in?next=/cases/case-1")
    assert served.desk.notices.reached == [REACH]
    await context.close()


# --- my contacts ---


async def test_a_contact_is_added_verified_put_first_and_removed(visitor: Browserless) -> None:
    await visitor.sign_in()
    notices = visitor.desk.notices
    await visitor.post("/contacts/add", {"channel": "sms", "address": "+999 000 0009"})
    new = notices.kept[-1].id
    assert (await visitor.post(f"/contacts/{new}/code")).status_code == 200
    wrong = await visitor.post(f"/contacts/{new}/verify", {"code": "000000"})
    assert wrong.status_code == 422
    assert "This code is wrong or too old" in wrong.text
    await visitor.post(f"/contacts/{new}/verify", {"code": CODE})
    assert notices.kept[-1].state == "verified"
    await visitor.post(f"/contacts/{new}/first")
    assert notices.kept[0].id == new
    await visitor.post(f"/contacts/{new}/remove")
    assert new not in {each.id for each in notices.kept}


async def test_rules_are_saved_and_nonsense_is_named(visitor: Browserless) -> None:
    await visitor.sign_in()
    form = {
        "U0-0-channel": "sms",
        "U0-1-channel": "smtp",
        "U0-1-delay": "60",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    await visitor.post("/contacts/rules", form)
    plain = visitor.desk.notices.rules.to_plain()
    assert plain == {"turns": {"U0": [["sms", 0], ["smtp", 60]]}, "quiet": ["22:00", "07:00"], "zone": ""}
    for bad in ({"U0-0-channel": "sms", "U0-0-delay": "soon"}, {"quiet_from": "22:00"}, {"zone": "Moon/Sea"}):
        assert (await visitor.post("/contacts/rules", bad)).status_code == 422
    assert visitor.desk.notices.rules.to_plain() == plain


async def test_the_log_of_a_request_shows_every_attempt_and_why_a_notice_was_held_back(visitor: Browserless) -> None:
    await visitor.sign_in()
    answer = await visitor.get(f"/requests/{visitor.desk.arrives()}/notices")
    assert "&lt;b&gt;451&lt;/b&gt; try later" in answer.text  # what a server answered stays text
    assert "(sms-2)" in answer.text
    assert "held back in quiet hours until 2027-03-05 07:00 UTC" in answer.text
    assert "held back: said once, with page page-1" in answer.text


async def test_nobody_sees_contacts_without_signing_in(visitor: Browserless) -> None:
    assert (await visitor.get("/contacts")).headers["location"] == "/sign-in"
    for path in ("/contacts/add", "/contacts/test", "/contacts/contact-1/code", "/contacts/rules"):
        await visitor.get("/sign-in")
        assert (await visitor.post(path, {"channel": "sms", "address": "x"})).status_code == 401
    assert len(visitor.desk.notices.kept) == 3


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_contacts_and_the_button_shut_nobody_out(
    browser: Browser, served: Served, scheme: str, language: str, width: int
) -> None:
    context = await browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=language,
        viewport={"width": width, "height": 900},
    )
    page = await context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    await start_shift(page, served)
    shots = os.environ.get("CONTACTPOINT_TEST_SHOTS")
    log = f"/requests/{served.desk.arrives()}/notices"
    for name, path in (("contacts", "/contacts"), ("log", log), ("reach", f"/reach/{REACH}")):
        await page.goto(served.url + path)
        assert [each["id"] for each in (await Axe().run(page)).response["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        if shots:
            await page.screenshot(path=f"{shots}/{name}-{scheme}-{language}.png", full_page=True)
    assert broken == []
    await context.close()
