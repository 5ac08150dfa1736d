"""The Rota pages: who is on duty is said in words, each change is signed by who may make it, and all of it works by keyboard alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from contactpoint.desk.rota_views import ShiftView
from contactpoint.domain.rota import Change, SwapState, on_duty
from contactpoint.web.turns import clock, draft_of, problems_of, rota_of
from contactpoint.web.walltime import read_at, wall
from contactpoint.web.weeks import WIDE, weeks
from tests.web.browserless import Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.rota_simulator import HOSTILE, ZONE, a_rota
from tests.web.sample import SECRET
from tests.web.served import Served, serve, sign_in, start_shift, wall_clock

__all__ = ["visitor"]
NOW = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)


async def entered(visitor: Browserless, number: str = "XB-OFF-001") -> None:
    await visitor.sign_in(number)
    await visitor.start_shift()


# Weeks and forms, without a page


def test_a_day_of_23_hours_and_one_of_25_are_drawn_whole() -> None:
    for sunday, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        noon = datetime(sunday.year, sunday.month, sunday.day, 12, tzinfo=UTC)
        shift = ShiftView(noon - timedelta(days=9), noon + timedelta(days=9), ("XB-OFF-001",), "rotation")
        day = weeks([shift], sunday, 1, "Europe/Brussels")[0][6]
        assert day.date == sunday
        (piece,) = day.pieces
        assert piece.until - piece.since == timedelta(hours=hours)
        assert (piece.x, piece.wide) == (0, WIDE)


def test_a_shift_over_midnight_stands_on_both_days() -> None:
    shift = ShiftView(NOW, NOW + timedelta(hours=20), ("XB-OFF-001",), "rotation")
    week = weeks([shift], NOW.date(), 1, "UTC")[0]
    first, second = week[3].pieces, week[4].pieces
    assert (first[0].begins, first[0].ends, second[0].begins, second[0].ends) == (True, False, False, True)
    assert [len(day.pieces) for day in week] == [0, 0, 0, 1, 1, 0, 0]


def test_every_rota_comes_out_of_the_form_as_it_went_in() -> None:
    rota = a_rota(NOW)
    draft = draft_of(rota, 4)
    assert problems_of(draft, frozenset({ZONE}), ["XB-OFF-001", "XB-OFF-002"]) == ()
    assert rota_of(draft, rota, NOW) == rota


def test_who_was_on_duty_stays_when_the_turns_change() -> None:
    rota = a_rota(NOW)
    draft = draft_of(rota, 4)
    turn = replace(draft.turns[0], officers=("XB-OFF-002",))
    for other in (turn, replace(turn, unit="week", windows=())):
        after = rota_of(replace(draft, turns=(other,)), rota, NOW)
        for hours in range(1, 24 * 15, 5):
            at = NOW - timedelta(hours=hours)
            assert on_duty(after, at).officers == on_duty(rota, at).officers
        assert on_duty(after, NOW).officers == on_duty(rota, NOW).officers
        assert {who for days in range(2, 20) for who in on_duty(after, NOW + timedelta(days=days)).officers} <= {
            "XB-OFF-002",
            "XB-OFF-001",
        }


def test_times_are_read_as_people_write_them_and_no_other_way() -> None:
    assert [clock(each) for each in ("9:00", "24:00", "24:01", "12:60", "noon", "")] == [
        "09:00",
        "24:00",
        None,
        None,
        None,
        None,
    ]
    at = read_at("2026-10-25 02:30", "Europe/Brussels")
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # an hour that comes twice is its first
    assert wall(at, "Europe/Brussels") == "2026-10-25 02:30"
    assert [read_at(each, ZONE) for each in ("2027-02-30 10:00", "tomorrow", "9999-99-99 99:99", "")] == [None] * 4


# Pages, without a browser


async def test_the_page_says_who_is_on_duty_until_when_and_where_nobody_is(visitor: Browserless) -> None:
    await entered(visitor)
    page = (await visitor.get("/rota/duty")).text
    assert "Alarm: nobody is on duty in these hours." in page
    now = page.split('id="now-title"')[1].split("</section>")[0]
    assert "A. Duty" in now or "B. Second" in now or "Nobody is on duty now." in now
    assert page.count("<caption>") >= 4  # a table a week
    for word in ("override", "swap", "nobody on duty", "offered by", "not yet agreed by", "to confirm", "never"):
        assert word in page, word
    overview = (await visitor.get("/rota")).text
    assert re.search(r"\d+ gaps in the next 14 days", overview)


async def test_the_calendar_is_a_file_of_everybodys_shifts_or_of_ones_own(visitor: Browserless) -> None:
    await entered(visitor)
    whole = await visitor.get("/rota/duty/calendar.ics")
    assert whole.headers["content-type"].startswith("text/calendar")
    assert whole.headers["content-disposition"] == 'attachment; filename="duty.ics"'
    own = await visitor.get("/rota/duty/calendar.ics?officer=XB-OFF-002")
    assert "XB-OFF-001" in whole.text
    assert "XB-OFF-001 on duty" not in own.text
    assert "XB-OFF-002 on duty" in own.text


async def test_markup_in_a_holiday_a_name_or_a_rota_stays_text(visitor: Browserless) -> None:
    desk = visitor.desk
    desk.people["XB-OFF-002"] = replace(desk.people["XB-OFF-002"], name=HOSTILE)
    await entered(visitor)
    for path in ("/rota", "/rota/duty", "/rota/duty/edit", "/rota/new"):
        assert "<img src=x" not in (await visitor.get(path)).text, path
    assert "&lt;img src=x" in (await visitor.get("/rota/duty")).text


async def test_an_override_is_signed_and_stands_in_the_rota(visitor: Browserless) -> None:
    await entered(visitor)
    form = {"kind": "replace", "officer": "XB-OFF-002", "since": "2030-01-07 09:00", "until": "2030-01-07 17:00"}
    answer = await visitor.post("/rota/duty/overrides", {**form, "since.zone": "local", "until.zone": "utc"})
    assert answer.status_code == 303
    made = visitor.desk.rota.rotas["duty"].overrides[-1]
    assert (made.change, made.officer, made.instead_of) == (Change.REPLACE, "XB-OFF-002", "")
    assert made.period.since == datetime(2030, 1, 7, 7, 0, tzinfo=UTC)  # 09:00 in Cairo, in winter
    assert made.period.until == datetime(2030, 1, 7, 17, 0, tzinfo=UTC)
    assert visitor.desk.rota.history["duty"][0].by == "XB-OFF-001"
    overlapping = await visitor.post("/rota/duty/overrides", {**form, "kind": "add"})
    assert overlapping.status_code == 422
    assert "E-ROTA-OVERLAP" in overlapping.text or "cannot be used" in overlapping.text
    assert 'value="2030-01-07 09:00"' in overlapping.text  # what was typed is not lost
    assert (await visitor.post("/rota/duty/remove", {"id": made.id})).status_code == 303
    assert made not in visitor.desk.rota.rotas["duty"].overrides


async def test_what_was_typed_wrong_is_named_at_its_field(visitor: Browserless) -> None:
    await entered(visitor)
    page = (await visitor.post("/rota/duty/overrides", {"kind": "add", "since": "soon", "until": ""})).text
    for field in ("officer", "since", "until"):
        assert f'href="#f-{field}"' in page
        assert f'id="f-{field}"' in page
    backwards = {"kind": "add", "officer": "XB-OFF-001", "since": "2030-01-07 09:00", "until": "2030-01-07 08:00"}
    assert (await visitor.post("/rota/duty/overrides", backwards)).status_code == 422
    empty = (await visitor.post("/rota/new", {"turns": "1", "do": "save", "t0.unit": "week"})).text
    for field in ("f-name", "f-zone", "f-t0-anchor", "f-t0-length", "f-t0-officer"):
        assert f'href="#{field}"' in empty, field
        assert f'id="{field}"' in empty, field
    assert list(visitor.desk.rota.rotas) == ["duty"]


async def test_an_officer_without_the_right_sees_everything_and_changes_only_the_own_shifts(
    visitor: Browserless,
) -> None:
    desk = visitor.desk
    desk.people["XB-OFF-001"] = replace(desk.people["XB-OFF-001"], rights=("send", "answer"))
    await entered(visitor)
    page = (await visitor.get("/rota/duty")).text
    for action in ("/rota/duty/overrides", "/rota/duty/remove", "/rota/duty/edit", "/rota/duty/holidays"):
        assert action not in page, action
    assert "/rota/duty/swaps" in page
    for path in ("/rota/new", "/rota/duty/edit"):
        assert (await visitor.get(path)).status_code == 403
        assert (await visitor.post(path, {"do": "save"})).status_code == 403
    assert (await visitor.post("/rota/duty/swaps/s1", {"do": "accept"})).status_code == 303
    assert desk.rota.rotas["duty"].swaps[0].state is SwapState.ACCEPTED


async def test_a_swap_is_answered_by_whom_it_was_offered_to_and_by_nobody_else(visitor: Browserless) -> None:
    await entered(visitor, "XB-OFF-002")
    page = (await visitor.get("/rota/duty")).text
    assert "/rota/duty/swaps/s1" not in page  # the giver sees no button
    assert (await visitor.post("/rota/duty/swaps/s1", {"do": "accept"})).status_code == 422
    assert (await visitor.post("/rota/duty/swaps/s1", {"do": "perhaps"})).status_code == 303
    assert visitor.desk.rota.rotas["duty"].swaps[0].state is SwapState.OFFERED


async def test_without_a_shift_the_secret_is_asked_for_and_a_wrong_one_changes_nothing(visitor: Browserless) -> None:
    await visitor.sign_in()
    form = {"absent": "XB-OFF-001", "gone": "2030-01-07 09:00", "back": "2030-01-08 09:00"}
    before = len(visitor.desk.rota.history["duty"])
    for secret in ("", "wrong"):
        answer = await visitor.post("/rota/duty/absences", {**form, "secret": secret})
        assert answer.status_code == 422
        assert 'id="secret-absence-wrong"' in answer.text
    assert len(visitor.desk.rota.history["duty"]) == before
    assert (await visitor.post("/rota/duty/absences", {**form, "secret": SECRET})).status_code == 303
    assert visitor.desk.rota.rotas["duty"].absences[-1].officer == "XB-OFF-001"


async def test_two_keepers_at_once_do_not_overwrite_one_another(visitor: Browserless) -> None:
    await entered(visitor)
    form = [("after", "3"), ("turns", "1"), ("zone", ZONE), ("t0.anchor", "2026-03-02 09:00"), ("t0.length", "1")]
    form += [("t0.unit", "week"), ("t0.officer", "XB-OFF-001"), ("do", "save")]
    late = await visitor.post("/rota/duty/edit", form)  # it shows version 3, and 4 is in use
    assert late.status_code == 422
    assert len(visitor.desk.rota.history["duty"]) == 1


async def test_a_forged_number_makes_no_page_of_a_million_fields(visitor: Browserless) -> None:
    await entered(visitor)
    for count in ("999999", "-1", "x", "²"):
        page = await visitor.post("/rota/new", {"turns": count, "t0.windows": count, "do": "add"})
        assert len(page.text) < 2_000_000
        assert page.text.count('class="rung"') <= 13, count
    for since in ("1000-01-01", "9999-12-31", "nonsense", "0001-01-01"):
        assert (await visitor.get(f"/rota/duty?from={since}")).status_code == 200, since
    for shift in ("1-2", "5-1", "x-y", f"1-{2**70}", "-"):
        sent = await visitor.post("/rota/duty/swaps", {"shift": shift, "taker": "XB-OFF-002"})
        assert sent.status_code in (303, 422), shift
    assert (await visitor.post("/rota/duty/holidays", {"day": "never"})).status_code in (303, 422)
    assert (await visitor.get("/rota/none")).status_code == 404


# In Chromium


@pytest.fixture
def served() -> Served:
    return serve(DeskSimulator(wall_clock()))


async def _type(page: Page, field: str, text: str) -> None:
    """Go to a field by keyboard, as far as a page script can: focus, then keys only."""
    await _tab_to(page, field)
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)


async def _tab_to(page: Page, field: str) -> None:
    for _ in range(160):
        if await page.evaluate("document.activeElement.matches(arguments[0])".replace("arguments[0]", repr(field))):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {field}")


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
async def test_a_rota_with_overrides_and_a_swap_is_built_by_keyboard_only(
    browser: Browser, served: Served, scripts: bool
) -> None:
    try:
        await _built_by_keyboard(browser, served, scripts)
    finally:
        served.stop()


async def _built_by_keyboard(browser: Browser, served: Served, scripts: bool) -> None:
    context = await browser.new_context(java_script_enabled=scripts)
    page = await context.new_page()
    await start_shift(page, served, heard=False)
    await page.goto(f"{served.url}/rota")
    await _tab_to(page, "a[href='/rota/new']")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rota/new")
    start = (wall_clock() - timedelta(days=1)).strftime("%Y-%m-%d 09:00")
    await _type(page, "#f-name", "nights")
    await _type(page, "#f-t0-anchor", start)
    await _tab_to(page, "#f-t0-unit")
    await page.keyboard.type("days")
    await _tab_to(page, "#f-t0-officer")
    await page.keyboard.type("XB-OFF-001")
    await page.keyboard.press("Tab")
    await page.keyboard.type("XB-OFF-002")
    await _tab_to(page, "button[value=look]")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="The first weeks, not saved yet").wait_for()
    await _tab_to(page, "#f-name")
    await page.keyboard.press("Enter")  # the first button of the form, which saves
    await page.wait_for_url("**/rota/nights")
    rota = served.desk.rota.rotas["nights"]
    assert rota.rotations[0].officers == ("XB-OFF-001", "XB-OFF-002")

    for kind, officer, day in (("add", "XB-OFF-001", "2030-01-07"), ("remove", "XB-OFF-002", "2030-01-09")):
        await _tab_to(page, "details:has(form[action$='/overrides']) > summary")
        await page.keyboard.press("Enter")
        await _tab_to(page, "input[name=kind]")
        await page.keyboard.press("ArrowDown")
        if kind == "remove":
            await page.keyboard.press("ArrowDown")
        await _tab_to(page, "#f-officer")
        await page.keyboard.type(officer)
        await _type(page, "#f-since", f"{day} 09:00")
        await _type(page, "#f-until", f"{day} 17:00")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/rota/nights#overrides-title")
        await page.locator("section", has=page.locator("#overrides-title")).get_by_text(officer).first.wait_for()
        await page.goto(f"{served.url}/rota/nights")
    changes = [(each.change.value, each.officer) for each in served.desk.rota.rotas["nights"].overrides]
    assert changes == [("add", "XB-OFF-001"), ("remove", "XB-OFF-002")]

    await _tab_to(page, "details:has(form[action$='/swaps']) > summary")
    await page.keyboard.press("Enter")
    await _tab_to(page, "#f-shift")
    await page.keyboard.press("ArrowDown")
    await _tab_to(page, "#f-taker")
    await page.keyboard.type("XB-OFF-002")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rota/nights#swaps-title")
    (swap,) = served.desk.rota.rotas["nights"].swaps
    assert (swap.giver, swap.taker, swap.state) == ("XB-OFF-001", "XB-OFF-002", SwapState.OFFERED)
    await context.close()


@pytest.mark.browser
async def test_markup_in_a_name_runs_nothing(browser: Browser, served: Served) -> None:
    try:
        desk = served.desk
        desk.people["XB-OFF-002"] = replace(desk.people["XB-OFF-002"], name="<img src=x onerror='window.attacked=1'>")
        page = await browser.new_page()
        await sign_in(page, served)
        for path in ("/rota/duty", "/rota/duty/edit"):
            await page.goto(served.url + path)
            assert await page.evaluate("window.attacked ?? 'nothing'") == "nothing"
            assert await page.locator("main img").count() == 0
    finally:
        served.stop()


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_rota_shuts_nobody_out(
    browser: Browser, served: Served, scheme: str, language: str, width: int
) -> None:
    try:
        context = await browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
            viewport={"width": width, "height": 900},
        )
        page = await context.new_page()
        broken: list[str] = []
        page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
        await start_shift(page, served)
        for path in ("/rota", "/rota/duty", "/rota/duty/edit", "/rota/new"):
            await page.goto(served.url + path)
            await page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
            found = (await Axe().run(page)).response["violations"]
            assert [(path, each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert broken == []
        await context.close()
    finally:
        served.stop()
