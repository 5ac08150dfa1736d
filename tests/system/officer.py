"""An officer before a real Chromium, who signs in, starts a shift and works with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.fixtures.network import StateAtWork

PASSWORD = "plain words at night"
PATIENCE_MS = 30_000


async def window(browser: Browser, **given: Any) -> BrowserContext:
    """One officer's browser. The nodes' certificates are self-made; the officers' machines would have been given them."""
    context = await browser.new_context(ignore_https_errors=True, locale="en", **given)
    context.set_default_timeout(PATIENCE_MS)
    return context


async def first_sign_in(page: Page, here: StateAtWork) -> None:
    """By the one-time link, which is used up by it; ends before the shift."""
    token = await here.desk.one_time_link(here.officer, here.now())
    await page.goto(f"{here.node.console_url}/first/{token}")
    await page.fill("input[name=password]", PASSWORD)
    await page.fill("input[name=again]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/shift")


async def start_shift(page: Page, here: StateAtWork) -> None:
    await page.click("#alarm-test")
    await page.check("#heard")
    await page.fill("#secret", here.secret)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/board")


async def press(page: Page, selector: str, key: str) -> None:
    """Use one control with the keyboard alone."""
    await page.focus(selector)
    await page.keyboard.press(key)


async def unfold(page: Page) -> None:
    """Open all that is folded away on the form."""
    folded = page.locator("main form details:not([open]) > summary")
    for _ in range(await folded.count()):
        await folded.first.focus()
        await page.keyboard.press("Enter")


async def type_in(page: Page, body: Mapping[str, Any], prefix: str = "f") -> None:
    """Fill the catalogue's form with a body, without the mouse."""
    if prefix == "f":
        await unfold(page)
    for name, value in body.items():
        path = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            await type_in(page, value, path)
        elif isinstance(value, list):
            for each in value:
                await press(page, f'input[name="{path}"][value="{each}"]', "Space")
        elif isinstance(value, bool) and await page.locator(f'input[type=radio][name="{path}"]').count():
            await press(page, f'input[name="{path}"][value={"yes" if value else "no"}]', "Space")
        elif value is True:
            await press(page, f'input[name="{path}"]', "Space")
        elif await page.locator(f'input[type=radio][name="{path}"]').count():
            await press(page, f'input[name="{path}"][value="{value}"]', "Space")
        else:
            await page.focus(f'[name="{path}"]:is(input, textarea)')
            await page.keyboard.insert_text(re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$", r"\1 \2", str(value)))
