"""The pages of operations: who takes part, what goes out to whom, and nothing for whom it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from contactpoint.desk.views import NextStepView
from tests.web.desk_simulator import DeskSimulator
from tests.web.joint_simulator import THREAD
from tests.web.served import Served, serve, start_shift, wall_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def served() -> Iterator[Served]:
    made = serve(DeskSimulator(wall_clock()))
    yield made
    made.stop()


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_operations_shut_nobody_out(
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
    for path in ("/operations", f"/operations/{THREAD}"):
        await page.goto(served.url + path)
        assert [(path, each["id"]) for each in (await Axe().run(page)).response["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert broken == []
    await context.close()


async def test_a_message_is_written_by_keyboard_and_goes_to_those_who_take_part(
    browser: Browser, served: Served
) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(f"{served.url}/operations/{THREAD}")
    section = page.locator("section", has=page.locator("#message-title"))
    assert await section.locator("form > p").first.locator("bdi").all_inner_texts() == ["XA", "XC"]
    await page.focus("#f-text")
    await page.keyboard.type("Search on Monday")
    await section.locator("button.big").press("Enter")
    assert "XC" in await page.inner_text("main")
    assert served.desk.joint.said == [("tell", {"text": "Search on Monday"})]


async def test_the_list_is_signed_anew_and_markup_of_another_state_is_words(browser: Browser, served: Served) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(f"{served.url}/operations/{THREAD}")
    assert await page.locator("main b").count() == 0, "a State's name is text"
    assert "XF" in await page.inner_text("section:has(#cases-title) p.note")
    await page.click("text=Sign the list and send it to each")
    assert ("announce", THREAD) in served.desk.joint.said


async def test_what_fits_next_stands_on_the_case_and_a_hand_over_names_the_authority(
    browser: Browser, served: Served
) -> None:
    desk = served.desk
    request = desk.arrives("U2", "MLA-FWD", 5)
    step = NextStepView("EVID-COLL", "Collect evidence", "Collect the evidence that was granted", "XF", request, False)
    desk.requests[request] = replace(
        desk.requests[request],
        next_steps=(step,),
        authority="Ministry of Justice",
        permitted=("WITH-CENTRAL-AUTHORITY",),
    )
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(f"{served.url}/requests/{request}")
    assert [each["id"] for each in (await Axe().run(page)).response["violations"]] == []
    assert "Ministry of Justice" in await page.inner_text("main")
    link = page.get_by_role("link", name="Collect the evidence that was granted")
    assert await link.get_attribute("href") == f"/new/EVID-COLL?parent={request}&to=XF&urgency=U2"
    await page.goto(f"{served.url}/requests/{request}/answers/WITH-CENTRAL-AUTHORITY")
    assert await page.input_value("#f-authority") == "Ministry of Justice of XB"
