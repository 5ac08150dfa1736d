"""The page *Hand over*: read out, offered, accepted, with the keyboard and with scripts off."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser

from tests.web.browserless import Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import SECRET
from tests.web.served import serve, start_shift, wall_clock

__all__ = ["visitor"]

ME, OTHER = "XB-OFF-001", "XB-OFF-002"


async def _mine(visitor: Browserless, count: int = 2) -> list[str]:
    sent = [visitor.desk.arrives() for _ in range(count)]
    for each in sent:
        await visitor.desk.acknowledge(each, ME, None, visitor.desk.start)
    return sent


async def test_what_is_ticked_is_offered_and_what_the_next_officer_ticks_is_taken(visitor: Browserless) -> None:
    sent = await _mine(visitor, 3)
    await visitor.sign_in()
    shown = (await visitor.get("/hand-over")).text
    assert re.findall(r'name="case" value="([^"]+)" checked', shown) == sent
    assert "handed over by neither" in shown
    form = [("case", sent[0]), ("case", sent[1]), ("to", OTHER), ("secret", SECRET)]
    made = await visitor.post("/hand-over", form)
    assert made.status_code == 303
    one = made.headers["location"]
    mine = (await visitor.get(one)).text
    assert 'name="take"' not in mine, "who offered it does not accept it"
    assert "Take the offer back" in mine
    await visitor.post("/sign-out")
    await visitor.sign_in(OTHER)
    assert len(re.findall(r'name="take" value="[^"]+" checked', (await visitor.get(one)).text)) == 2
    await visitor.post(one, [("take", sent[0]), ("secret", SECRET)])
    assert [visitor.desk.requests[each].holder for each in sent] == [OTHER, ME, ME]
    done = (await visitor.get(one)).text
    assert ("Not taken" in done, "each case taken has a new holder" in done) == (True, True)


async def test_a_list_without_a_taker_a_case_or_a_right_secret_comes_back_as_it_was_typed(visitor: Browserless) -> None:
    sent = await _mine(visitor)
    await visitor.sign_in()
    for form in (
        [("case", sent[0]), ("to", ""), ("secret", SECRET)],
        [("to", OTHER), ("secret", SECRET)],
        [("case", sent[0]), ("to", OTHER), ("secret", "not the secret")],
    ):
        answer = await visitor.post("/hand-over", form)
        assert answer.status_code == 422
        assert "There is a problem" in answer.text
        ticked = [value for name, value in form if name == "case"]
        assert re.findall(r'name="case" value="([^"]+)" checked', answer.text) == ticked
    assert visitor.desk.shift.views == {}


async def test_nobody_else_accepts_through_the_page(visitor: Browserless) -> None:
    sent = await _mine(visitor)
    await visitor.sign_in()
    made = await visitor.post("/hand-over", [("case", sent[0]), ("to", OTHER), ("secret", SECRET)])
    answer = await visitor.post(made.headers["location"], [("take", sent[0]), ("secret", SECRET)])
    assert answer.status_code == 422
    assert visitor.desk.requests[sent[0]].holder == ME


@pytest.mark.browser
async def test_a_shift_is_handed_over_from_the_board_with_the_keyboard_and_scripts_off(browser: Browser) -> None:
    desk = DeskSimulator(wall_clock())
    ids = desk.full_day()
    served = serve(desk)
    try:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await start_shift(page, served, heard=False)
        await page.get_by_role("link", name="Hand over").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Hand over the shift").wait_for()
        await page.locator("#f-taker").focus()
        await page.keyboard.type(OTHER)
        await page.get_by_role("button", name="Sign and offer").focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("Waits for the next officer").wait_for()
        assert [line.request for line in desk.shift.views["h-0"].lines] == [ids["mine"]]
        await context.close()
    finally:
        served.stop()
