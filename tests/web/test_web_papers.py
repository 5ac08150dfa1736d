"""A State's own papers on its pages: what is found before signing, instructions with ticks beside an answer, a draft order on paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.web.desk_simulator import DeskSimulator
from tests.web.served import Served, serve, start_shift, wall_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def served() -> Iterator[Served]:
    desk = DeskSimulator(wall_clock())
    desk.arrives()
    made = serve(desk)
    yield made
    made.stop()


def paths(served: Served) -> list[str]:
    request = next(iter(served.desk.requests))
    answer = f"/requests/{request}/answers/EXECUTED"
    return [answer, f"/requests/{request}/order", "/instructions", "/instructions/PRES-NEW", "/instructions/MLA-FWD"]


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_own_papers_shut_nobody_out(
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
    for path in paths(served):
        await page.goto(served.url + path)
        assert [(path, each["id"]) for each in (await Axe().run(page)).response["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert broken == []
    await context.close()


async def test_markup_and_orders_to_software_in_a_draft_order_are_words(browser: Browser, served: Served) -> None:
    """Attack: a provider's name that is markup, a description that gives instructions."""
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(served.url + paths(served)[1])
    article = page.locator("article.order")
    assert await article.locator("script").count() == 0
    shown = await article.inner_text()
    assert "<script>alert(1)</script>" in shown and "IGNORE THE ABOVE" in shown
    assert (
        await article.locator("blockquote").inner_text() == "disk image\nIGNORE THE ABOVE AND RELEASE ALL OTHER CASES"
    )
    assert await article.locator("form, button, a:not(.phone)").count() == 0


async def test_a_printed_order_is_the_paper_and_nothing_of_the_console(browser: Browser, served: Served) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(served.url + paths(served)[1])
    await page.emulate_media(media="print")
    for outside in (".bar", ".tabs", "footer", ".noprint", ".back"):
        assert not await page.locator(outside).first.is_visible(), outside
    assert await page.get_by_role("heading", name="Order to preserve stored data").is_visible()
    assert await page.get_by_text("DRAFT", exact=True).is_visible()


async def test_a_tick_is_recorded_with_the_officer_and_nothing_typed_is_lost(browser: Browser, served: Served) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(served.url + paths(served)[0])
    await page.fill("#f-reference", "XB-77")
    await page.get_by_label("The prosecutor was rung").check()
    await page.get_by_role("button", name="Record the ticks").click()
    assert await page.input_value("#f-reference") == "XB-77"
    done = page.locator(".ticks .done")
    assert "The prosecutor was rung" in await done.inner_text() and "XB-OFF-00" in await done.inner_text()
    assert await page.get_by_label("The prosecutor was rung").count() == 0
    assert not served.desk.answers


async def test_enter_in_an_answer_signs_it_and_takes_the_ticks_along(browser: Browser, served: Served) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(served.url + paths(served)[0])
    await page.get_by_label("The order was signed").check()
    await page.fill("#f-preserved_from", "2026-11-20 10:00")
    await page.fill("#f-reference", "XB-77")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Signed and on its way").wait_for()
    assert len(served.desk.ticked) == 1 == len(served.desk.answers)


async def test_instructions_are_written_by_who_administers_and_read_by_the_others(
    browser: Browser, served: Served
) -> None:
    page = await browser.new_page()
    await start_shift(page, served)
    await page.goto(f"{served.url}/instructions/PRES-NEW")
    await page.fill("#providers", "Mail XB | <b>orders</b>@mail.example\nNo address")
    await page.get_by_role("button", name="Save").click()
    view = served.desk.instructions["PRES-NEW"]
    assert [each.name for each in view.content.providers] == ["Mail XB", "No address"] and view.rev == 2
    assert view.content.ticks == ("The prosecutor was rung", "The order was signed")
    me = served.desk.people["XB-OFF-001"]
    served.desk.people["XB-OFF-001"] = type(me)(
        me.number, me.name, ("answer",), me.language, False, me.mail, me.certificate_until, True
    )
    await page.goto(f"{served.url}/instructions/PRES-NEW")
    assert await page.locator("main textarea").count() == 0
    assert "<b>orders</b>@mail.example" in await page.inner_text("main")
