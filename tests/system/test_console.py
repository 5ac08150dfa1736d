"""Two officers of two States before real Chromium windows, over two real nodes: ask, ring, take charge, answer, see it at both ends."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.fixtures.network import body_of, two_states, until
from tests.system.officer import PASSWORD, PATIENCE_MS, first_sign_in, press, start_shift, type_in, window

pytestmark = pytest.mark.browser
# What a browser does to a hidden page, at its worst: it is told so, and its own timers stand still.
HIDDEN = """
Object.defineProperty(document, "hidden", { get: () => true });
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
window.setInterval = () => 0;
"""


async def alarm(page: Page, state: str) -> None:
    await page.wait_for_selector(f'html[data-alarm="{state}"]', state="attached")


async def rings_twice_more(page: Page) -> None:
    async def rings() -> int:
        return int(await page.locator("html").get_attribute("data-rings") or 0)

    before = await rings()

    async def rang() -> bool:
        return await rings() >= before + 2

    await until(rang, PATIENCE_MS / 1000)


async def kept_until(page: Page) -> list[datetime]:
    """(preserved from, kept at least until) as the case page says it to machines."""
    note = page.locator(".note.good time")
    await note.nth(1).wait_for()
    return [datetime.fromisoformat(await note.nth(place).get_attribute("datetime") or "") for place in (0, 1)]


async def test_a_request_is_typed_rings_at_the_other_end_and_is_taken_and_executed_by_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    async with two_states(tmp_path) as net:
        asking, asked = await (await window(browser)).new_page(), await (await window(browser)).new_page()
        await asked.add_init_script(HIDDEN)
        await first_sign_in(asking, net.qm)
        await start_shift(asking, net.qm)
        await first_sign_in(asked, net.qn)
        await start_shift(asked, net.qn)
        await alarm(asked, "quiet")

        # QM types the request and signs it with its shift's key.
        await asking.goto(f"{net.qm.node.console_url}/new/PRES-NEW?to=QN&urgency=U1")
        await type_in(asking, {**body_of("A01", net.qm.now()), "speech": False})
        await press(asking, "button[value=check]", "Enter")
        await press(asking, "button[value=sign]", "Enter")
        await asking.get_by_role("heading", name="Signed and on its way").wait_for()
        await press(asking, "main a[href^='/cases/']", "Enter")
        await asking.wait_for_url("**/cases/**")
        await asking.evaluate("window.neverReloaded = true")

        # QN's window is hidden, and rings all the same, on every beat.
        await alarm(asked, "ringing")
        await asked.locator(".wait").wait_for()
        await rings_twice_more(asked)

        # QN reads and takes charge with two stops of the keyboard.
        await asked.reload()
        started = time.monotonic()
        await asked.keyboard.press("Tab")
        await asked.keyboard.press("Enter")
        await asked.wait_for_url("**/cases/**", wait_until="load")
        assert await asked.get_by_text("server lease ends in 36 hours").first.is_visible()
        await asked.keyboard.press("Tab")
        await asked.keyboard.press("Enter")
        await asked.get_by_role("heading", name="You have taken charge").wait_for()
        assert time.monotonic() - started < 20
        await alarm(asked, "quiet")

        # QM sees it without asking.
        await asking.locator("#live .tag.good", has_text="Acknowledged").wait_for()
        await asking.locator("#live", has_text=f"in charge: {net.qn.officer}").wait_for()

        # QN executes: sixty days from the instant it says, the same at both ends.
        case = re.sub(r".*/cases/([^#]*).*", r"\1", asking.url)
        await asked.goto(f"{net.qn.node.console_url}/cases/{case}")
        await press(asked, "main a[href$='/answers/EXECUTED']", "Enter")
        await asked.wait_for_url("**/answers/EXECUTED")
        since = net.qn.now().replace(second=0, microsecond=0)
        await type_in(asked, {"preserved_from": since.strftime("%Y-%m-%d %H:%M"), "reference": "QN-77"})
        await asked.keyboard.press("Enter")
        await asked.get_by_role("heading", name="Signed and on its way").wait_for()
        await asked.goto(f"{net.qn.node.console_url}/cases/{case}")
        assert await kept_until(asked) == await kept_until(asking) == [since, since + timedelta(days=60)]
        assert await asking.evaluate("window.neverReloaded")


async def test_with_scripts_off_an_officer_takes_charge_and_answers_on_plain_forms(
    browser: Browser, tmp_path: Path
) -> None:
    async with two_states(tmp_path) as net:
        page = await (await window(browser, java_script_enabled=False)).new_page()
        await first_sign_in(page, net.qn)
        await page.fill("#secret", net.qn.secret)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/board")
        sent = await net.qm.ask(net.qn)
        await page.goto(f"{net.qn.node.console_url}/board")
        await page.click(".wait a.button")
        await page.get_by_role("button", name="Acknowledge: I take charge").click()
        await page.get_by_role("heading", name="You have taken charge").wait_for()
        await page.goto(f"{net.qn.node.console_url}/requests/{sent.id}/answers/EXECUTED")
        since = net.qn.now().replace(second=0, microsecond=0)
        await page.fill("#f-preserved_from", since.strftime("%Y-%m-%d %H:%M"))
        await page.fill("#f-reference", "QN-78")
        await page.click("main form button")
        await page.get_by_role("heading", name="Signed and on its way").wait_for()
        await page.goto(f"{net.qn.node.console_url}/cases/{sent.case}")
        assert await kept_until(page) == [since, since + timedelta(days=60)]


async def test_a_one_time_link_opens_nothing_twice(browser: Browser, tmp_path: Path) -> None:
    async with two_states(tmp_path) as net:
        token = await net.qn.desk.one_time_link(net.qn.officer, net.qn.now())
        await net.qn.desk.set_password(token, PASSWORD, net.qn.now())
        page = await (await window(browser)).new_page()
        answer = await page.goto(f"{net.qn.node.console_url}/first/{token}")
        assert answer is not None
        assert answer.status == 410
        assert await page.locator("input[type=password]").count() == 0
