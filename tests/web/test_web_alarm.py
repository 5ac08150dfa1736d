"""The alarm in a real Chromium: what rings, what silences, what happens when the page is hidden or the desk falls silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route

from contactpoint.web.routes.events import Closing
from tests.web.desk_simulator import DeskSimulator
from tests.web.served import Served, serve, start_shift, wall_clock

pytestmark = pytest.mark.browser
BEAT_S = 0.5
# What a browser does to a hidden page, at its worst: it is told so, and its own timers stand still.
HIDDEN = """
Object.defineProperty(document, "hidden", { get: () => true });
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
window.setInterval = () => 0;
"""


@pytest.fixture
def console() -> Iterator[Served]:
    served = serve(DeskSimulator(wall_clock()), BEAT_S)
    yield served
    served.desk.silent = False
    served.stop()


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context()
    yield made
    await made.close()


def cut_streams(console: Served) -> None:
    """Every open stream ends; the console stays."""
    console.app.state.closing.close()
    console.app.state.closing = Closing()


async def alarm(page: Page, state: str, within_s: float = 5) -> None:
    await page.wait_for_selector(f'html[data-alarm="{state}"]', state="attached", timeout=within_s * 1000)


async def rings(page: Page) -> int:
    return int(await page.locator("html").get_attribute("data-rings") or 0)


async def rings_more(page: Page, times: int, within_s: float = 6) -> None:
    start = await rings(page)
    end = time.monotonic() + within_s
    while await rings(page) < start + times:
        assert time.monotonic() < end, f"rang {await rings(page) - start} of {times} times"
        await page.wait_for_timeout(100)


async def test_a_request_appears_without_a_reload_and_rings_on_every_beat(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.at_desk(lambda: console.desk.arrives("U0", "EMERG-DATA", 1))
    await alarm(page, "ringing")
    await page.get_by_role("heading", name="Emergency: give data to save a life").wait_for(timeout=3000)
    await rings_more(page, 3)
    assert (await page.title()).startswith("(1) ")


async def test_a_second_bell_that_has_fallen_silent_rings_here(console: Served, context: BrowserContext) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.at_desk(lambda: setattr(console.desk, "bells_gone", 1))
    await alarm(page, "ringing")
    await rings_more(page, 2)
    console.at_desk(lambda: setattr(console.desk, "bells_gone", 0))
    await alarm(page, "quiet")


async def test_the_header_says_that_the_alarm_is_off_until_it_was_heard(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    console.at_desk(lambda: console.desk.arrives())
    await start_shift(page, console, heard=False)
    await page.wait_for_timeout(1500)
    await alarm(page, "off")
    assert await page.get_by_text("ALARM IS OFF").is_visible()
    assert await rings(page) == 0
    assert console.desk.manned_by == []


async def test_a_desk_counts_as_manned_only_by_a_window_whose_alarm_was_heard(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    await page.wait_for_timeout(1500)
    officers = {officer for officer, _, _ in console.desk.manned_by}
    windows = {window for _, window, _ in console.desk.manned_by}
    assert officers == {"XB-OFF-001"}
    assert len(windows) == 1
    assert all(abs((wall_clock() - tested).total_seconds()) < 60 for _, _, tested in console.desk.manned_by)


async def test_it_rings_in_a_hidden_page_whose_own_timers_stand_still(console: Served, context: BrowserContext) -> None:
    await context.add_init_script(HIDDEN)
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await rings_more(page, 2)


async def test_a_desk_that_falls_silent_is_noticed_in_a_hidden_page_within_sixteen_seconds(
    console: Served, context: BrowserContext
) -> None:
    await context.add_init_script(HIDDEN)
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.desk.silent = True
    started = time.monotonic()
    await page.wait_for_timeout(9000)
    assert await page.locator("html").get_attribute("data-alarm") == "quiet"
    await alarm(page, "lost", 9)
    assert 13 < time.monotonic() - started < 17
    assert await page.get_by_text("CONNECTION LOST · telephone").is_visible()
    await rings_more(page, 1)
    console.desk.silent = False
    await alarm(page, "quiet")


async def test_silence_lasts_for_what_waits_now_and_not_for_the_next_request(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await page.get_by_role("button", name="Silence for 60 seconds").click()
    await alarm(page, "silenced")
    before = await rings(page)
    await page.wait_for_timeout(1500)
    assert await rings(page) == before
    console.at_desk(lambda: console.desk.arrives("U0", "EMERG-DATA"))
    await alarm(page, "ringing")
    await rings_more(page, 1)


async def test_the_ring_goes_on_from_page_to_page_without_another_gesture(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await page.get_by_role("link", name="Directory").click()
    await page.wait_for_url("**/directory")
    await alarm(page, "ringing")
    await rings_more(page, 2)


async def test_the_ring_goes_on_when_the_session_has_ended(console: Served, context: BrowserContext) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.at_desk(console.desk.sessions.clear)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await rings_more(page, 2)


async def test_the_ring_goes_on_when_a_stream_must_begin_anew_after_the_sessions_end(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    await alarm(page, "quiet")
    console.at_desk(console.desk.sessions.clear)
    console.at_desk(lambda: cut_streams(console))
    await page.get_by_text("Signed out. This window only rings.").wait_for(timeout=10_000)
    manned = len(console.desk.manned_by)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await rings_more(page, 2)
    assert len(console.desk.manned_by) == manned  # nobody is signed in: it rings, and counts as nobody


async def test_what_arrives_between_a_page_and_its_first_beat_is_shown_by_it(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    gate = asyncio.Event()

    async def late(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/events", late)
    await page.reload()
    console.at_desk(lambda: console.desk.arrives())
    gate.set()
    await page.locator(".wait").wait_for(timeout=5000)


async def test_two_windows_share_one_stream_and_one_voice(console: Served, context: BrowserContext) -> None:
    first = await context.new_page()
    await start_shift(first, console)
    await alarm(first, "quiet")
    second = await context.new_page()
    await second.goto(f"{console.url}/board")
    await second.get_by_role("heading", name="Board").click()
    await alarm(second, "quiet")
    assert len(console.desk.listeners) == 1
    console.at_desk(lambda: console.desk.arrives())
    await alarm(second, "ringing")
    await rings_more(first, 2)
    assert await rings(second) == 0
    await first.close()
    await rings_more(second, 2)


async def test_news_do_not_take_the_keyboard_from_the_button_that_has_it(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    console.at_desk(lambda: console.desk.arrives())
    await page.locator(".wait a.button").focus()
    before = await page.evaluate("document.activeElement.href")
    console.at_desk(lambda: console.desk.arrives("U3"))
    await page.locator(".wait").nth(1).wait_for()
    assert await page.evaluate("document.activeElement.href") == before


async def test_taking_charge_ends_the_ring(console: Served, context: BrowserContext) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await page.locator(".wait a.button").click()
    await page.get_by_role("button", name="Acknowledge: I take charge").click()
    await page.get_by_role("heading", name="You have taken charge").wait_for()
    await alarm(page, "quiet")


async def test_an_officer_takes_charge_with_the_keyboard_alone_in_under_twenty_seconds(
    console: Served, context: BrowserContext
) -> None:
    page = await context.new_page()
    await start_shift(page, console)
    console.at_desk(lambda: console.desk.arrives())
    await alarm(page, "ringing")
    await page.reload()
    started = time.monotonic()
    await page.keyboard.press("Tab")  # the first stop of the board leads to the oldest request
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cases/**", wait_until="load")
    await page.keyboard.press("Tab")  # the first stop of that request is the button
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="You have taken charge").wait_for()
    assert time.monotonic() - started < 20
    assert [each.acknowledged_by for each in console.desk.requests.values()] == ["XB-OFF-001"]
