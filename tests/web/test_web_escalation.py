"""The Escalation page and its editor without a browser: who is called is said in words, and only what was signed is in use."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from contactpoint.desk import climbing
from contactpoint.desk.policies import OtherWay
from contactpoint.desk.views import Deadline, Fact
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
from contactpoint.web.ladder import rungs
from contactpoint.web.routes.otherways import OUTCOMES, WAYS
from contactpoint.web.steps import act, content_of, draft_of
from tests.web.browserless import Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.policies_simulator import HOSTILE, POLICY
from tests.web.sample import SECRET
from tests.web.served import serve, start_shift, wall_clock

__all__ = ["visitor"]


async def entered(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()


def fields(page: str) -> list[tuple[str, str]]:
    """What a browser would post from this form: its inputs, ticks and chosen options, without the buttons."""
    form = page.split('action="/escalation/edit"')[1].split("</form>")[0]
    found = []
    for tag in re.finditer(r"<input [^>]*>|<select [^>]*>.*?</select>", form, re.DOTALL):
        text = tag[0]
        name = re.search(r' name="([^"]*)"', text)
        if name is None or name[1] == "csrf" or ('type="checkbox"' in text and " checked" not in text):
            continue
        if text.startswith("<select"):
            chosen = re.search(r'value="([^"]*)"[^>]* selected', text) or re.search(r'<option value="([^"]*)"', text)
            value = chosen[1] if chosen else ""
        else:
            value = (re.search(r' value="([^"]*)"', text) or ["", ""])[1]
        found.append((name[1], value.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')))
    return found


async def test_every_policy_comes_out_of_the_editor_as_it_went_in() -> None:
    content, problems = content_of(draft_of(POLICY))
    assert problems == ()
    assert EscalationPolicy.from_plain({**content, "version": 3}) == POLICY


async def test_the_page_says_whom_each_rung_calls_now_and_why_one_calls_nobody(visitor: Browserless) -> None:
    await entered(visitor)
    page = (await visitor.get("/escalation")).text
    u1 = page.split('class="class U1"')[1].split("</details>")[0]
    rungs = u1.split("<li")[1:]
    assert "A. Duty" in rungs[0] and "XB-OFF-001" in rungs[0]
    assert "has the right, language or clearance" in rungs[1]
    assert "nobody whom it means is there" in rungs[3]
    assert "2 must take charge" in rungs[4]
    assert len(page.split('class="class U2"')[1].split("</details>")[0].split("<li")) - 1 == 4


async def test_a_dry_run_says_who_is_paged_when_and_by_what(visitor: Browserless) -> None:
    await entered(visitor)
    page = (await visitor.get("/escalation?class=U1&at=2027-03-04+23:00&at.zone=utc")).text
    table = page.split('<table class="run">')[1].split("</table>")[0]
    rows = table.split("<tbody>")[1:]
    after = [re.search(r'class="figure">([^<]+)<', row)[1] for row in rows]  # type: ignore[index]
    assert after[:3] == ["00:00", "10:00", "20:00"]  # an empty rung takes no time
    assert 'datetime="2027-03-04T23:10:00Z"' in rows[1]
    assert "A. Duty" in rows[0]
    assert "Until it is answered" in table
    unread = (await visitor.get("/escalation?class=U1&at=tomorrow")).text
    assert "could not be read" in unread


async def test_markup_in_a_role_or_a_unit_stays_text(visitor: Browserless) -> None:
    await entered(visitor)
    for path in ("/escalation", "/escalation?class=U0", "/escalation/edit"):
        text = (await visitor.get(path)).text
        assert "<img src=x" not in text, path
        assert "&lt;img src=x" in text, path
    assert HOSTILE


async def test_the_editor_without_scripts_adds_moves_and_removes_and_saves_nothing_by_it(visitor: Browserless) -> None:
    await entered(visitor)
    page = (await visitor.get("/escalation/edit")).text
    sent = fields(page)
    for do, roles in (
        ("down r0", ["next duty officer", "duty officer"]),
        ("up r1", ["next duty officer", "duty officer"]),
        ("remove r0", ["next duty officer", "supervisor"]),
        ("add r", ["duty officer", "next duty officer"]),
        ("up r0", ["duty officer", "next duty officer"]),
        ("remove r99", ["duty officer", "next duty officer"]),
    ):
        shown = fields((await visitor.post("/escalation/edit", [*sent, ("do", do)])).text)
        assert [value for name, value in shown if re.fullmatch(r"r\d+\.role", name)][:2] == roles, do
    assert len(visitor.desk.policies.versions) == 1


async def test_a_policy_is_saved_once_its_warnings_are_accepted_and_not_before(visitor: Browserless) -> None:
    await entered(visitor)
    sent = [("rungs", "1"), ("marks", "0"), ("after", "3"), ("r0.role", "deputy"), ("r0.wait", "5"), ("r0.needed", "1")]
    sent += [("r0.who", "officer"), ("r0.of", "XB-OFF-002"), ("r0.channels", "console"), ("hold_rungs", "1")]
    sent += [("remind_percent", "25"), ("again_percent", "40"), ("covers", ""), ("do", "save")]
    warned = await visitor.post("/escalation/edit", [*sent])
    assert warned.status_code == 200
    assert "W-NO-ALTERNATE" in warned.text
    assert len(visitor.desk.policies.versions) == 1
    accept = re.search(r'name="accept" value="(\w+)"', warned.text)
    assert accept
    other = [*sent, ("r0.language", "fr"), ("r0.channels", "carrier-pigeon"), ("accept", accept[1])]
    assert (await visitor.post("/escalation/edit", other)).status_code == 200  # it accepts those warnings and no others
    assert len(visitor.desk.policies.versions) == 1
    saved = await visitor.post("/escalation/edit", [*sent, ("accept", accept[1])])
    assert (saved.status_code, saved.headers["location"]) == (303, "/escalation")
    rung = visitor.desk.policies.policy.rungs[0]
    assert rung == Rung((Target(Who.OFFICER, "XB-OFF-002"),), ("console",), 300, "deputy")
    late = await visitor.post("/escalation/edit", [*sent, ("accept", accept[1])])
    assert late.status_code == 422  # somebody else saved first
    assert "somebody else saved it first" in late.text.lower() or "E-BUSY" in late.text


async def test_a_policy_that_would_call_nobody_cannot_be_accepted(visitor: Browserless) -> None:
    await entered(visitor)
    sent = [("rungs", "1"), ("marks", "0"), ("after", "3"), ("r0.role", "deputy"), ("r0.wait", "5"), ("r0.needed", "1")]
    sent += [("r0.who", "officer"), ("r0.of", "XB-OFF-777"), ("hold_rungs", "1"), ("remind_percent", "25")]
    sent += [("again_percent", "40"), ("covers", ""), ("do", "save")]
    refused = await visitor.post("/escalation/edit", [*sent])
    assert refused.status_code == 422
    assert "E-NOBODY-ON-DUTY" in refused.text
    assert 'name="accept"' not in refused.text
    await visitor.post("/escalation/edit", [*sent, ("accept", "0" * 16)])
    assert len(visitor.desk.policies.versions) == 1


async def test_what_cannot_be_read_is_named_at_its_field(visitor: Browserless) -> None:
    await entered(visitor)
    sent = fields((await visitor.get("/escalation/edit")).text)
    wrong = {"r0.wait": "soon", "r1.needed": "0", "m0.percent": "many", "hold_rungs": "-1"}
    page = (await visitor.post("/escalation/edit", [(name, wrong.get(name, value)) for name, value in sent])).text
    summary = page.split('class="summary"')[1].split("</div>")[0]
    for name in wrong:
        assert f'href="#f-{name.replace(".", "-")}"' in summary, name
        assert f'id="f-{name.replace(".", "-")}"' in page, name


async def test_an_officer_without_the_right_reads_the_policy_and_changes_nothing(visitor: Browserless) -> None:
    desk = visitor.desk
    desk.people["XB-OFF-001"] = replace(desk.people["XB-OFF-001"], rights=("send", "answer"))
    await entered(visitor)
    page = await visitor.get("/escalation")
    assert page.status_code == 200
    assert "/escalation/edit" not in page.text
    assert (await visitor.get("/escalation/edit")).status_code == 403
    assert (await visitor.post("/escalation/edit", {"do": "save"})).status_code == 403


async def test_without_a_shift_the_editor_asks_for_the_secret(visitor: Browserless) -> None:
    await visitor.sign_in()
    assert 'name="secret"' in (await visitor.get("/escalation/edit")).text


async def test_a_forged_count_makes_no_page_of_a_million_rungs(visitor: Browserless) -> None:
    await entered(visitor)
    for count in ("999999", "-5", "x", "9" * 400):
        page = await visitor.post("/escalation/edit", {"rungs": count, "marks": count, "do": "add r"})
        assert page.text.count('class="rung"') <= 42, count
    assert act(draft_of(POLICY), "remove r²") == draft_of(POLICY)


async def test_a_ladder_is_climbed_by_hand_from_the_case_and_only_with_a_key(visitor: Browserless) -> None:
    await visitor.sign_in()
    request = visitor.desk.arrives()
    case = visitor.desk.requests[request].case
    action = f"/requests/{request}/escalate"
    assert action not in (await visitor.get(f"/cases/{case}")).text
    assert (await visitor.post(action)).status_code == 422
    await visitor.start_shift()
    assert action in (await visitor.get(f"/cases/{case}")).text
    for rung in ("", "2", "x"):
        assert (await visitor.post(action, {"rung": rung})).headers["location"] == f"/cases/{case}#request-{request}"
    assert visitor.desk.policies.climbed == [(request, None), (request, 2), (request, None)]


def _own_overdue(desk: DeskSimulator) -> tuple[str, str]:
    """The case and the id of an own request that is past a deadline."""
    late = desk.full_day()["late"]
    return desk.requests[late].case, late


def _second_ladder(desk: DeskSimulator, request: str) -> str:
    """Somebody took charge of it, and the steps until *answered* have called; the case."""
    view = desk.requests[request]
    held, asked = next(each.at for each in view.facts if each.level == "held"), view.recipient
    until = Deadline("answered", held + timedelta(hours=8), None)
    notes = ("duty-officer", 50), ("duty-officer", 80), ("supervisor", 100)
    called = [
        Fact(
            "rung", held + timedelta(minutes=480) * percent / 100, asked, "station", None, f"{role}, cycle 1, {SECOND}"
        )
        for role, percent in notes
    ]
    first = Fact("rung", held + timedelta(minutes=1), asked, "station", None, "duty-officer, cycle 2, W-ESCALATED")
    reached = Fact("officer-reached", held + timedelta(minutes=2), asked, "station", None, "duty-officer")
    taken = Fact("acknowledged", held + timedelta(minutes=9), asked, f"{asked}-OFF-001")
    facts = (*view.facts[:3], first, reached, taken, *called)
    deadlines = (*(each for each in view.deadlines if each.level != "decision"), until)
    desk.requests[request] = replace(view, facts=facts, deadlines=deadlines, acknowledged_by=taken.who)
    return view.case


SECOND = "W-UNTIL-ANSWERED"


def test_every_way_and_outcome_that_the_desk_knows_has_a_name_on_the_form() -> None:
    assert tuple(WAYS) == climbing.WAYS
    assert tuple(OUTCOMES) == climbing.OUTCOMES


async def test_an_own_request_that_is_late_leads_to_its_call_sheet_and_one_that_came_here_does_not(
    visitor: Browserless,
) -> None:
    case, late = _own_overdue(visitor.desk)
    came = visitor.desk.arrives()
    await entered(visitor)
    page = (await visitor.get(f"/cases/{case}")).text
    assert f'href="/requests/{late}/call-sheet"' in page
    assert "A deadline has passed." in page
    assert "/call-sheet" not in (await visitor.get(f"/cases/{visitor.desk.requests[came].case}")).text.split("<main")[1]
    visitor.desk.requests[late] = replace(visitor.desk.requests[late], next_due=wall_clock() + timedelta(hours=1))
    page = (await visitor.get(f"/cases/{case}")).text
    assert f'href="/requests/{late}/call-sheet"' in page
    assert "A deadline has passed." not in page


async def test_the_call_sheet_names_the_message_id_first_then_telephones_mail_and_host(visitor: Browserless) -> None:
    _, late = _own_overdue(visitor.desk)
    await entered(visitor)
    page = (await visitor.get(f"/requests/{late}/call-sheet")).text
    facts = page.split('<dl class="facts">')[1].split("</dl>")[0]
    places = [facts.index(each) for each in (late, "+999 555 0101", "+999 555 0102", "duty@xd.example", "0177")]
    assert places == sorted(places)
    assert "<img src=x" not in page
    assert (await visitor.get("/requests/none/call-sheet")).status_code == 404


async def test_what_was_tried_stands_under_the_ladder_with_who_when_and_the_same_id(visitor: Browserless) -> None:
    case, late = _own_overdue(visitor.desk)
    await entered(visitor)
    sent = {"way": "other-network", "detail": "<b>I-24/7</b> 77", "outcome": "sent"}
    done = await visitor.post(f"/requests/{late}/call-sheet", sent)
    assert (done.status_code, done.headers["location"]) == (303, f"/cases/{case}#request-{late}")
    for path in (f"/cases/{case}", f"/requests/{late}/call-sheet"):
        shown = (await visitor.get(path)).text.split("Other ways that were tried")[1]
        for words in (late, "By another network", "It was sent there", "&lt;b&gt;I-24/7", "XB-OFF-001", "<time"):
            assert words in shown, (path, words)
    assert [each.by_officer for each in visitor.desk.policies.tried] == ["XB-OFF-001"]


async def test_a_way_that_cannot_be_written_down_is_named_at_its_field_and_nothing_is_recorded(
    visitor: Browserless,
) -> None:
    _, late = _own_overdue(visitor.desk)
    await entered(visitor)
    action = f"/requests/{late}/call-sheet"
    right = {"way": "telephone", "detail": "+999 555 0101", "outcome": "busy"}
    for name, value in (
        ("way", ""),
        ("way", "pigeon"),
        ("outcome", "ok"),
        ("detail", "x" * 201),
        ("detail", "a\u202eb"),
    ):
        answer = await visitor.post(action, right | {name: value})
        assert answer.status_code == 422, (name, value)
        assert f'href="#f-{name}"' in answer.text.split('class="summary"')[1].split("</div>")[0]
        assert f'id="f-{name}"' in answer.text
        assert "checked" in answer.text  # what was right stays as it was chosen
    assert visitor.desk.policies.tried == []


async def test_only_an_own_open_request_is_said_to_be_answered_another_way(visitor: Browserless) -> None:
    """Of a request that came here, or that was answered, the form has no such choice, and a forged one is refused."""
    _, late = _own_overdue(visitor.desk)
    came = visitor.desk.arrives()
    await entered(visitor)
    sent = {"way": "telephone", "detail": "", "outcome": "answered"}
    assert 'value="answered"' in (await visitor.get(f"/requests/{late}/call-sheet")).text
    assert 'value="answered"' not in (await visitor.get(f"/requests/{came}/call-sheet")).text
    assert (await visitor.post(f"/requests/{came}/call-sheet", sent)).status_code == 422
    assert visitor.desk.policies.tried == []
    assert (await visitor.post(f"/requests/{late}/call-sheet", sent)).status_code == 303


async def test_without_a_shift_another_way_asks_for_the_secret(visitor: Browserless) -> None:
    _, late = _own_overdue(visitor.desk)
    await visitor.sign_in()
    action, sent = f"/requests/{late}/call-sheet", {"way": "telephone", "detail": "", "outcome": "busy"}
    assert 'name="secret"' in (await visitor.get(action)).text
    for secret in ("", "not the secret"):
        assert (await visitor.post(action, sent | {"secret": secret})).status_code == 422
    assert visitor.desk.policies.tried == []
    assert (await visitor.post(action, sent | {"secret": SECRET})).status_code == 303


@pytest.mark.parametrize("own", [True, False])
async def test_the_steps_until_answered_stand_under_answered_on_either_side(visitor: Browserless, own: bool) -> None:
    request = _own_overdue(visitor.desk)[1] if own else visitor.desk.arrives("U1", minutes_ago=600)
    case = _second_ladder(visitor.desk, request)
    await entered(visitor)
    ladder = (await visitor.get(f"/cases/{case}")).text.split('<ol class="ladder"')[1].split("</details>")
    taken, answered = ladder[0], ladder[1].split("Called until it is answered")[1].split("</ol>")[0]
    assert re.findall(r"(\d+) %", answered) == ["50", "80", "100"]
    assert answered.count("duty officer") == 2
    assert answered.count("supervisor") == 1
    assert SECOND not in taken
    assert "2 calls" in taken  # the first ladder's call and the officer who was reached, and no other
    assert "Officer reached, on the way" in taken
    assert "round 2" in taken


def test_a_time_that_was_changed_says_no_percentage_of_it() -> None:
    desk = DeskSimulator(wall_clock())
    request = desk.arrives("U1", minutes_ago=600)
    _second_ladder(desk, request)
    view = desk.requests[request]
    assert [each.percent for each in rungs(view)[-1].steps] == [50, 80, 100]
    assert [each.percent for each in rungs(replace(view, lowered_to="U2"))[-1].steps] == [None, None, None]
    odd = Fact("rung", view.at, "XA", "station", None, f"cycle x, cycle {'9' * 30}, , {SECOND}")
    assert rungs(replace(view, facts=(odd,)))[-1].steps[0].percent is None


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_escalation_pages_shut_nobody_out(browser: Browser, scheme: str, language: str, width: int) -> None:
    served = serve(DeskSimulator(wall_clock()))
    try:
        context = await browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
            viewport={"width": width, "height": 900},
        )
        page = await context.new_page()
        await start_shift(page, served)
        case, late = _own_overdue(served.desk)
        served.at_desk(lambda: _second_ladder(served.desk, late))
        tried = OtherWay("w1", late, "other-network", HOSTILE + "x" * 90, "reached", "XB-OFF-002", wall_clock())
        served.desk.policies.tried.append(tried)
        sheet = f"/requests/{late}/call-sheet"
        for path in ("/escalation?class=U1", "/escalation/edit", f"/cases/{case}", sheet, f"{sheet}#refused"):
            await page.goto(served.url + path.removesuffix("#refused"))
            if path.endswith("#refused"):
                await page.click("form[action$=call-sheet] button.big")
                await page.locator(".summary").wait_for()
            await page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
            found = (await Axe().run(page)).response["violations"]
            assert [(path, each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        await context.close()
    finally:
        served.stop()


@pytest.mark.browser
async def test_a_rung_is_added_filled_moved_and_saved_by_keyboard_with_scripts_off(browser: Browser) -> None:
    served = serve(DeskSimulator(wall_clock()))
    try:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await start_shift(page, served, heard=False)
        await page.goto(f"{served.url}/escalation/edit")
        await page.locator("button[value='add r']").press("Enter")
        assert await page.evaluate("document.activeElement.id") == "r5"  # there the keyboard goes on
        await page.keyboard.press("Tab")
        await page.keyboard.type("deputy")
        await page.locator("#f-r5-target").press("ArrowDown")
        await page.locator("#f-r5-target").type("this officer")
        await page.keyboard.press("Tab")
        await page.keyboard.type("XB-OFF-002")
        await page.locator("button[value='up r5']").press("Enter")
        await page.locator("button[value='save'].big").press("Enter")
        await page.get_by_role("heading", name="What was found in it").wait_for()
        await page.locator("input[name=accept]").press("Space")
        await page.locator("button[value='save'].big").press("Enter")
        await page.wait_for_url("**/escalation")
        rung = served.desk.policies.policy.rungs[4]
        assert (rung.role, rung.targets) == ("deputy", (Target(Who.OFFICER, "XB-OFF-002"),))
        await context.close()
    finally:
        served.stop()


@pytest.mark.browser
async def test_another_way_is_written_down_by_keyboard_with_scripts_off(browser: Browser) -> None:
    served = serve(DeskSimulator(wall_clock()))
    try:
        case, _ = _own_overdue(served.desk)
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await start_shift(page, served, heard=False)
        await page.goto(f"{served.url}/cases/{case}")
        await page.get_by_role("link", name="Call sheet, and another way").press("Enter")
        await page.get_by_role("button", name="Write it down").press("Enter")
        await page.get_by_role("heading", name="There is a problem").wait_for()
        await page.locator(".summary").get_by_role("link", name="Choose which way was tried.").press("Enter")
        assert await page.evaluate("document.activeElement.id") == "f-way"
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.type("+999 555 0101")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Write it down").press("Enter")
        await page.get_by_role("heading", name="Other ways that were tried").wait_for()
        assert [(each.way, each.detail, each.outcome) for each in served.desk.policies.tried] == [
            ("telephone", "+999 555 0101", "no-answer")
        ]
        await context.close()
    finally:
        served.stop()
