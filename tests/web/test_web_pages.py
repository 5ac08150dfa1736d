"""Every page in a real Chromium: readable by everybody, at 320 pixels, in both directions, with scripts off, under the strict policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import PASSWORD, SECRET
from tests.web.served import serve, start_shift, wall_clock

pytestmark = pytest.mark.browser


class Console:
    """A served console with a full day on its board, and the address of each of its pages."""

    def __init__(self) -> None:
        self.desk = DeskSimulator(wall_clock())
        self.ids = self.desk.full_day()
        self.served = serve(self.desk)
        cases = {name: self.desk.requests[self.ids[name]].case for name in ("u1", "late", "kept")}
        self.paths = [
            "/board",
            "/shift",
            *(f"/cases/{case}" for case in cases.values()),
            f"/requests/{self.ids['mine']}/answers/EXECUTED",
            f"/requests/{self.ids['mine']}/answers/NEED-INFO",
            "/new",
            "/new/PRES-NEW?to=XA",
            "/new/EMERG-DATA",
            "/approvals",
            f"/approvals/{self.ids['waiting']}",
            "/directory?sort=time",
            "/directory/XA",
            "/call-sheet",
            "/threats",
            f"/threats/{self.desk.threats.views[0].threat.request}",
            "/no-such-page",
        ]


@pytest.fixture
def console() -> Iterator[Console]:
    made = Console()
    yield made
    made.served.stop()


async def everywhere(page: Page, console: Console) -> Iterator[str]:
    """Sign in first; the pages before the sign-in are visited too."""
    token = await console.desk.one_time_link("XB-OFF-002", wall_clock())
    return iter(["/sign-in", f"/first/{token}", "/first/none", *console.paths])


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "ar")])  # colours know no language
async def test_no_page_shuts_anybody_out(browser: Browser, console: Console, scheme: str, language: str) -> None:
    context = await browser.new_context(color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    page = await context.new_page()
    await start_shift(page, console.served)
    found = []
    for path in await everywhere(page, console):
        await page.goto(console.served.url + path)
        results = await Axe().run(page)
        found += [(path, each["id"], each["nodes"][0]["html"][:200]) for each in results.response["violations"]]
    assert found == []
    await context.close()


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


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_fits_320_pixels(browser: Browser, console: Console, language: str) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, locale=language)
    page = await context.new_page()
    await start_shift(page, console.served)
    for path in await everywhere(page, console):
        await page.goto(console.served.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, path
    await context.close()


async def test_no_page_breaks_its_own_security_policy(browser: Browser, console: Console) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    await start_shift(page, console.served)
    for path in console.paths[:-1]:
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
