"""Every page in a real Chromium: readable by everybody, at 320 pixels, in both directions, with scripts off, under the strict policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from contactpoint.desk.shift_views import HandoverView
from contactpoint.domain import catalogue as catalogues
from contactpoint.web.settings import LANGUAGES
from tests.web.browserless import every_route
from tests.web.clocks_simulator import some_clocks
from tests.web.desk_simulator import DeskSimulator
from tests.web.handover_simulator import case_line
from tests.web.joint_simulator import THREAD
from tests.web.notices_simulator import REACH
from tests.web.sample import A01, PASSWORD, SECRET, TYPED, a01_form
from tests.web.served import serve, start_shift, wall_clock

pytestmark = pytest.mark.browser


LANGUAGE_AND_SCHEME = tuple((language, scheme) for language in LANGUAGES for scheme in ("light", "dark"))
NO_PAGES = {
    "/",
    "/livez",
    "/readyz",
    "/status",
    "/favicon.ico",
    "/static/{name:path}",
    "/events",
    "/requests/{reference}",
    "/figures/{year}.csv",
    "/feed/threats",
    "/rota/{name}/calendar.ics",
    "/threats/stix",
    "/threats/{reference}/stix",
}
"""What answers a GET with no page of its own: files, streams, ways to another page."""
POST = """([path, fields]) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = path;
    for (const [name, value] of [...fields, ["csrf", document.querySelector("input[name=csrf]").value]]) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        field.value = value;
        form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""


class Console:
    """A served console with a full day on its board, and the address of each of its pages."""

    def __init__(self) -> None:
        self.desk = DeskSimulator(wall_clock())
        self.ids = self.desk.full_day()
        first = self.desk.requests[self.ids["u1"]]
        self.desk.running = some_clocks(first.id, first.case, self.desk.start)
        self.desk.waiting.append(
            replace(self.desk.waiting[0], id="checked", kind="PRES-NEW", body=A01, needs_review="offence", urgency="U2")
        )
        self.served = serve(self.desk)
        cases = {name: self.desk.requests[self.ids[name]].case for name in ("u1", "late", "kept")}
        self.hand_over()
        threats = (view.threat.request for view in self.desk.threats.views)
        self.paths = [
            "/board",
            "/shift",
            *(f"/cases/{case}" for case in cases.values()),
            f"/requests/{self.ids['mine']}/answers/EXECUTED",
            f"/requests/{self.ids['mine']}/answers/REFUSED",
            f"/requests/{self.ids['u0']}/answers/EXECUTED",
            f"/requests/{self.ids['u1']}/order",
            f"/requests/{self.ids['u1']}/notices",
            f"/requests/{self.ids['late']}/call-sheet",
            "/new",
            "/new?q=data",
            "/new/PRES-NEW?to=XA",
            "/new/MLA-FWD?to=XA",
            "/new/THREAT-SHARE?to=ALL",
            "/new/JIT",
            "/oral",
            "/approvals",
            f"/approvals/{self.ids['waiting']}",
            "/approvals/checked",
            "/clocks",
            "/contacts",
            f"/reach/{REACH}",
            "/reach/none",
            "/directory?sort=time",
            "/directory/XA",
            "/directory/XD",
            "/call-sheet",
            "/rota",
            "/rota/new",
            "/rota/duty",
            "/rota/duty/edit",
            "/escalation",
            "/escalation?class=U1&at=2027-03-04+23:00",
            "/escalation/edit",
            "/figures",
            "/figures?year=2020",
            "/hand-over",
            "/hand-over/offered",
            "/hand-over/accepted",
            "/instructions",
            "/instructions/PRES-NEW",
            "/operations",
            f"/operations/{THREAD}",
            "/terms",
            "/terms/PRES-NEW",
            "/threats",
            "/threats?q=nothing",
            *(f"/threats/{reference}" for reference in threats),
            "/no-such-page",
        ]
        sent = [*a01_form(), ("own_reference", "XB-1")]
        self.posts: list[tuple[str, list[tuple[str, str]]]] = [
            ("/new/PRES-NEW", [*sent, ("stage", "check")]),
            ("/new/PRES-NEW", [*sent, ("stage", "sign")]),
            ("/new/PRES-NEW", [("to", "XA"), *TYPED, ("stage", "check")]),
            ("/new/MLA-FWD", [("stage", "check")]),
            (f"/requests/{self.ids['mine']}/answers/EXECUTED", []),
            (f"/requests/{self.ids['u0']}/answers/EXECUTED", [("f.handling", "HC-RETAIN")]),
            (f"/approvals/{self.ids['waiting']}", [("secret", "wrong")]),
            (f"/requests/{self.ids['late']}/call-sheet", [("detail", "x" * 201)]),
            ("/oral", [("caller", "")]),
            ("/hand-over", [("to", "")]),
            ("/hand-over/offered", [("secret", "wrong")]),
            ("/contacts/add", [("channel", "sms"), ("address", "")]),
            ("/contacts/test", []),
        ]

    def hand_over(self) -> None:
        """One that waits for the first officer, one that is settled, one case of it refused."""
        lines = tuple(case_line(each, None) for each in list(self.desk.requests.values())[:3])
        until = self.desk.start + timedelta(hours=2)
        offered = HandoverView("offered", "XB-OFF-002", "XB-OFF-001", self.desk.start, until, "offered", lines, None)
        taken = (replace(lines[0], taken=True), replace(lines[1], taken=False, ended=True), replace(lines[2], case=""))
        accepted = replace(offered, id="accepted", state="accepted", lines=taken, settled_at=self.desk.start)
        broken = replace(offered, id="broken", lines=(), holds=False)
        self.desk.shift.views = {each.id: each for each in (offered, accepted, broken)}


@pytest.fixture
def console() -> Iterator[Console]:
    made = Console()
    yield made
    made.served.stop()


async def everywhere(page: Page, console: Console) -> list[str]:
    """Sign in first; the pages before the sign-in are visited too."""
    token = await console.desk.one_time_link("XB-OFF-002", wall_clock())
    return ["/sign-in", f"/first/{token}", "/first/none", *console.paths]


async def show(page: Page, console: Console, path: str, fields: Sequence[tuple[str, str]] | None = None) -> None:
    """Go to a page, or to what comes back when a form with these fields is posted there."""
    if fields is None:
        await page.goto(console.served.url + path)
        return
    await page.goto(f"{console.served.url}/no-such-page")
    async with page.expect_navigation():
        await page.evaluate(POST, [path, [list(each) for each in fields]])


async def speak(page: Page, language: str, scheme: str) -> None:
    await page.context.set_extra_http_headers({"accept-language": language})
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]


async def violations(page: Page) -> list[tuple[str, str]]:
    found = (await Axe().run(page, options={"resultTypes": ["violations"]})).response["violations"]
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found]


def test_every_page_that_the_console_has_is_tried_here(console: Console) -> None:
    known = {each.split("?")[0] for each in ("/sign-in", "/first/x", *console.paths)}
    for route in every_route(console.served.app, "GET"):
        pattern = re.compile(re.sub(r"{\w+(:path)?}", "[^/]+", route))
        assert route in NO_PAGES or any(pattern.fullmatch(each) for each in known), route


@pytest.mark.matrix
@pytest.mark.parametrize(("language", "scheme"), LANGUAGE_AND_SCHEME)
async def test_no_page_shuts_anybody_out(
    browser: Browser, console: Console, seeded: Random, run_all: bool, language: str, scheme: str
) -> None:
    """Eight pages drawn by lot; with ALL=1 all of them in six languages, light and dark."""
    page = await browser.new_page()
    await start_shift(page, console.served)
    await speak(page, language, scheme)
    pages: list[tuple[str, Sequence[tuple[str, str]] | None]] = [
        (path, None) for path in await everywhere(page, console)
    ]
    pages += console.posts
    found = []
    for path, fields in pages if run_all else seeded.sample(pages, 8):
        await show(page, console, path, fields)
        assert await page.locator("html").get_attribute("lang") == language, path
        found += [(path, *each) for each in await violations(page)]
    assert found == []


@pytest.mark.parametrize("kind", [code for code, entry in catalogues.load().entries.items()])
@pytest.mark.matrix
async def test_no_form_of_a_type_and_no_answer_to_it_shuts_anybody_out(
    browser: Browser, console: Console, seeded: Random, run_all: bool, kind: str
) -> None:
    entry = catalogues.load()[kind]
    request = console.desk.arrives(max(entry.signers), kind)
    answers = [f"/requests/{request}/answers/{each.code}" for each in entry.answers if each.fields]
    page = await browser.new_page(viewport={"width": 320, "height": 700})
    await start_shift(page, console.served)
    for path in [f"/new/{kind}", *(answers if run_all else seeded.sample(answers, min(2, len(answers))))]:
        language, scheme = seeded.choice(LANGUAGE_AND_SCHEME)
        await speak(page, language, scheme)
        await show(page, console, path)
        await page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert await violations(page) == [], (path, language)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, (path, language)


async def test_an_error_page_of_a_form_shuts_nobody_out(browser: Browser, console: Console) -> None:
    page = await browser.new_page()
    await start_shift(page, console.served)
    await page.goto(f"{console.served.url}/new/PRES-NEW")
    await page.click("button[value=check]")
    await page.get_by_role("heading", name="There is a problem").wait_for()
    assert await page.evaluate("document.activeElement.className") == "summary"
    assert (await Axe().run(page)).response["violations"] == []
    await page.locator(".summary").get_by_role("link", name="Why preservation is necessary").click()
    assert await page.evaluate("document.activeElement.id") == "f-necessity"


async def test_every_page_fits_320_pixels(browser: Browser, console: Console, seeded: Random, run_all: bool) -> None:
    """Pages drawn by lot, Arabic for every second; with ALL=1 all of them in all six languages."""
    context = await browser.new_context(viewport={"width": 320, "height": 640})
    page = await context.new_page()
    await start_shift(page, console.served)
    pages: list[tuple[str, Sequence[tuple[str, str]] | None]] = [
        (path, None) for path in await everywhere(page, console)
    ]
    pages += console.posts
    for place, (path, fields) in enumerate(pages if run_all else seeded.sample(pages, 30)):
        for language in LANGUAGES if run_all else ("ar" if place % 2 else seeded.choice(tuple(LANGUAGES)),):
            await speak(page, language, "light")
            await show(page, console, path, fields)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320, (path, language)
    await context.close()


async def test_no_page_breaks_its_own_security_policy(browser: Browser, console: Console) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    await start_shift(page, console.served)
    # A page that is not there is an error to the browser, whatever its policy.
    for path in (each for each in console.paths if each not in ("/reach/none", "/no-such-page")):
        await page.goto(console.served.url + path)
        await page.evaluate("document.body.dispatchEvent(new Event('desk-changed'))")
        await page.wait_for_timeout(150)
    assert broken == []
    await context.close()


async def test_injected_markup_runs_nothing(browser: Browser, console: Console) -> None:
    page = await browser.new_page()
    await start_shift(page, console.served)
    # In a timer of the page itself: what a debugger evaluates directly stands above the policy.
    inject = """() => new Promise((done) => setTimeout(() => {
        const script = document.createElement("script");
        try { script.textContent = "window.attacked = 'script'"; document.body.append(script); } catch (refused) {}
        try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.attacked = 1'>"); } catch (refused) {}
        try { eval("window.attacked = 'eval'"); } catch (refused) {}
        setTimeout(() => done(window.attacked ?? "nothing"), 300);
    }))"""
    assert await page.evaluate(inject) == "nothing"


async def test_all_of_an_officers_work_is_done_with_scripts_off(browser: Browser, console: Console) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{console.served.url}/sign-in")
    await page.fill("#number", "XB-OFF-001")
    await page.fill("#password", PASSWORD)
    await page.click("main button")
    await page.fill("#secret", SECRET)
    await page.click("#shift-form button:not([type=button])")
    await page.wait_for_url("**/board")
    await page.locator("noscript .note").wait_for()
    assert await page.get_by_text("ALARM IS OFF").is_visible()
    await page.locator(".wait a.button").first.click()
    await page.get_by_role("button", name="Acknowledge: I take charge").click()
    await page.get_by_role("link", name="Back to the case").click()
    await page.goto(f"{console.served.url}/requests/{console.ids['mine']}/answers/EXECUTED")
    await page.fill("#f-preserved_from", "2026-11-20 10:00")
    await page.fill("#f-reference", "XB-77")
    await page.click("main form button")
    await page.get_by_role("heading", name="Signed and on its way").wait_for()
    assert console.desk.answers
    await context.close()


async def test_what_a_choice_asks_is_seen_once_it_is_chosen_with_scripts_off(
    browser: Browser, console: Console
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await start_shift(page, console.served, heard=False)
    await page.goto(f"{console.served.url}/new/PRES-NEW")
    await page.focus("#f-more > summary")
    await page.keyboard.press("Enter")
    for field, choice, beside in (("handling", "HC-RETAIN", "until"), ("offences", "O-SC", "maximum_years")):
        asked = page.locator(f"#f-{field}-{choice}-{beside}")
        assert not await asked.is_visible()
        await page.focus(f"input[name='f.{field}'][value={choice}]")
        await page.keyboard.press("Space")
        assert await asked.is_visible()
    await context.close()


async def test_both_sides_of_a_ladder_are_seen(browser: Browser, console: Console) -> None:
    page = await browser.new_page()
    await start_shift(page, console.served)
    await page.goto(f"{console.served.url}/cases/{console.desk.requests[console.ids['late']].case}")
    assert await page.locator(".ladder .asks").first.is_visible()
    assert await page.locator(".ladder .asked").first.is_visible()


async def test_what_a_reader_has_opened_stays_open_when_the_page_is_fetched_anew(
    browser: Browser, console: Console
) -> None:
    page = await browser.new_page()
    await start_shift(page, console.served)
    await page.goto(f"{console.served.url}/cases/{console.desk.requests[console.ids['mine']].case}")
    opened = page.locator("#live details").first
    await opened.locator("summary").focus()
    for is_open in (True, False):
        await page.keyboard.press("Enter")
        async with page.expect_response(lambda response: "/cases/" in response.url):
            await page.evaluate("document.body.dispatchEvent(new Event('desk-changed'))")
        await page.wait_for_timeout(300)
        assert await opened.evaluate("each => each.open") is is_open


async def test_arabic_is_chosen_by_a_button_and_stays(browser: Browser, console: Console) -> None:
    page = await browser.new_page()
    await start_shift(page, console.served)
    await page.click("footer button[value=ar]")
    await page.wait_for_selector('html[dir="rtl"]')
    assert page.url.endswith("/board")
    await page.click('a[href="/directory"]')
    await page.wait_for_url("**/directory")
    assert await page.locator("html").get_attribute("lang") == "ar"
    assert console.desk.people["XB-OFF-001"].language == "ar"
