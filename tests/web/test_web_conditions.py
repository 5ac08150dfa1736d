"""Conditions on the pages: read in full, with their meaning, before anybody signs; accepted as they were shown and not otherwise."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from contactpoint.desk.conditions import CLOSED
from contactpoint.domain import catalogue as catalogues
from contactpoint.web.conditions import conditions
from tests.web.browserless import Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import A01
from tests.web.served import serve, start_shift, wall_clock

__all__ = ["visitor"]

PURPOSE = {"code": "HC-PURPOSE", "text": "the search <b>for</b> the abducted person"}
ASKED: tuple[Any, ...] = (
    "HC-NO-USER-NOTICE",
    {"code": "HC-ONWARD", "states": ["XC", "XD"]},
    PURPOSE,
    {"code": "HC-RETAIN", "until": "2027-06-01"},
)


def information(desk: DeskSimulator) -> str:
    """Another State has given this desk something under conditions, and it is closed."""
    new = desk.arrives("U2", "SPONT")
    may = ("CONDITIONS-ACCEPTED", "CONDITIONS-DECLINED")
    desk.requests[new] = replace(desk.requests[new], conditions=ASKED, permitted=may, rings=False)
    desk.bodies[new] = {"authority": A01["authority"], "content": CLOSED, "conditions": [*ASKED, "HC-MINOR"]}
    return new


async def test_what_is_closed_and_what_it_asks_stand_on_the_case_with_their_meaning(visitor: Browserless) -> None:
    new = information(visitor.desk)
    await visitor.sign_in()
    page = html.unescape((await visitor.get(f"/cases/{visitor.desk.requests[new].case}")).text)
    note = re.search(r'<div class="note warn"><p><strong>The other State asks.*?</ul>\s*</div>', page, re.DOTALL)
    assert note is not None
    for words in ("Only for the proceedings named", "HC-PURPOSE", "XC, XD", "2027-06-01"):
        assert words in note[0]
    assert "HC-MINOR" not in note[0]
    assert CLOSED in page
    assert 'class="tag condition">Data of children' in page


async def test_the_acceptance_repeats_what_the_page_showed_and_ticks_nothing_by_halves(visitor: Browserless) -> None:
    new = information(visitor.desk)
    await visitor.sign_in()
    await visitor.start_shift()
    path = f"/requests/{new}/answers/CONDITIONS-ACCEPTED"
    page = (await visitor.get(path)).text
    assert "the search &lt;b&gt;for&lt;/b&gt; the abducted person" in page
    assert 'name="f.conditions"' not in page
    shown = re.search(r'name="conditions_shown" value="([^"]*)"', page)
    assert shown is not None
    # Meanwhile the other State asks for more: it was not on the page, and is not accepted with it.
    visitor.desk.requests[new] = replace(visitor.desk.requests[new], conditions=(*ASKED, "HC-REPORT"))
    await visitor.post(path, {"conditions_shown": html.unescape(shown[1])})
    ((_, kind, body),) = visitor.desk.answers
    assert (kind, body) == ("CONDITIONS-ACCEPTED", {"conditions": list(ASKED)})


async def test_a_hidden_field_that_somebody_broke_accepts_nothing(visitor: Browserless) -> None:
    new = information(visitor.desk)
    await visitor.sign_in()
    await visitor.start_shift()
    for broken in ("", "{", "[" * 5000, "null"):
        await visitor.post(f"/requests/{new}/answers/CONDITIONS-ACCEPTED", {"conditions_shown": broken})
    assert all(not body for _, _, body in visitor.desk.answers)


def test_a_condition_that_cannot_be_read_is_shown_as_binding() -> None:
    (shown,) = conditions([7], catalogues.load())
    assert shown.meaning == "A condition that cannot be read: it binds"
    assert json.dumps(shown.code)


def _spont(to: list[str], **more: str) -> list[tuple[str, str]]:
    authority = {f"f.authority.{name}": words for name, words in A01["authority"].items()}
    fields = {**authority, "urgency": "U3", "f.content": "for both", "f.speech": "no", "stage": "sign", **more}
    return [*(("to", state) for state in to), ("f.conditions", "HC-PURPOSE"), *fields.items()]


async def test_one_of_several_states_gets_its_own_part_and_the_page_shows_which(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    assert 'name="part.0.text"' in (await visitor.get("/new/SPONT")).text
    assert 'name="part.0.text"' not in (await visitor.get("/new/PRES-NEW")).text
    part = {"part.0.state": "XC", "part.0.text": "only for XC", "stage": "check"}
    page = (await visitor.post("/new/SPONT", _spont(["XA", "XC"], **part))).text
    assert "XC gets instead" in page
    assert "only for XC" in page
    assert 'name="part.0.text" value="only for XC"' in page  # it goes on to the signature


async def test_a_part_for_the_only_state_is_what_it_gets(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    await visitor.post("/new/SPONT", _spont(["XA"], **{"part.0.state": "XA", "part.0.text": "only for XA"}))
    (draft,) = visitor.desk.drafts
    assert (draft.recipient, draft.body["content"], dict(draft.subsets)) == ("XA", "only for XA", {})


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_pages_of_conditions_shut_nobody_out(
    browser: Browser, scheme: str, language: str, width: int
) -> None:
    desk = DeskSimulator(wall_clock())
    new = information(desk)
    served = serve(desk)
    try:
        context = await browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
            viewport={"width": width, "height": 900},
        )
        page = await context.new_page()
        await start_shift(page, served)
        for path in (f"/cases/{desk.requests[new].case}", f"/requests/{new}/answers/CONDITIONS-ACCEPTED", "/new/SPONT"):
            await page.goto(served.url + path)
            found = (await Axe().run(page)).response["violations"]
            assert [(path, each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
            assert await page.evaluate("document.querySelector('main').scrollWidth") <= width
        await context.close()
    finally:
        served.stop()
