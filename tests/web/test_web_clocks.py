"""The page of the clocks: what runs out is on top, nobody is shut out, and another State's words stay words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.web.clocks_simulator import some_clocks
from tests.web.desk_simulator import DeskSimulator
from tests.web.served import Served, serve, start_shift, wall_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def served() -> Iterator[Served]:
    desk = DeskSimulator(wall_clock())
    request = desk.arrives()
    desk.running = some_clocks(request, desk.requests[request].case, desk.start)
    made = serve(desk)
    yield made
    made.stop()


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_clocks_shut_nobody_out(
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
    await page.goto(f"{served.url}/clocks")
    for summary in await page.locator("main summary").all():
        await summary.click()
    assert [each["id"] for each in (await Axe().run(page)).response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert broken == []
    await context.close()


async def test_each_clock_says_its_end_its_law_its_days_and_its_reminders(browser: Browser, served: Served) -> None:
    page = await browser.new_page(locale="en")
    await start_shift(page, served)
    await page.click("summary:has-text('More')")
    await page.get_by_role("link", name="Clocks", exact=True).click()
    rows = page.locator("main ul.rows > li")
    texts = [await row.inner_text() for row in await rows.all()]
    assert len(texts) == 4
    assert "working days of XA" in texts[0]
    assert "4 days left" in texts[1] or "5 days left" in texts[1]
    assert "certify the end" in texts[1] and "central authority" in texts[1] and "3 / 5" in texts[1]
    assert "59 days left" in texts[2] or "60 days left" in texts[2]
    assert "Open-ended" in texts[3] and "until the formal request is decided" in texts[3]
    assert await rows.locator("b").count() == 0  # another State's reference is text, whatever it holds
    assert "<b>2027-00412</b>" in texts[0]
    await rows.nth(1).get_by_role("link").click()
    assert "/cases/" in page.url
