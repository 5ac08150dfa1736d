"""Rights checks, flags, call-backs and telephone requests on the pages: asked of the right person, shown to everybody."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from contactpoint.desk.views import OralView, ReviewView, StatementView, Waiting
from tests.web.browserless import Browserless, visitor
from tests.web.desk_simulator import DeskSimulator
from tests.web.sample import A01, SECRET
from tests.web.served import serve, start_shift, wall_clock

__all__ = ["visitor"]

ME, OTHER = "XB-OFF-001", "XB-OFF-002"


def lawyer(desk: DeskSimulator, number: str = ME) -> None:
    person = desk.people[number]
    desk.people[number] = replace(person, rights=(*person.rights, "review", "supervise"))


def waits(desk: DeskSimulator, **more: Any) -> Waiting:
    """A colleague's request that waits for a check."""
    until = desk.start + timedelta(hours=20)
    plain = Waiting(
        "w-1", "PRES-NEW", "U1", "XA", OTHER, "", desk.start, until, A01, needs_review="offence", request="w-1"
    )
    desk.waiting.append(replace(plain, **more))
    return desk.waiting[-1]


async def test_the_check_is_asked_of_whoever_may_record_it_and_of_nobody_else(visitor: Browserless) -> None:
    waits(visitor.desk)
    visitor.desk.people[ME] = replace(visitor.desk.people[ME], rights=("answer", "approve", "send"))
    await visitor.sign_in()
    assert "Waits for a rights check" in (await visitor.get("/approvals")).text
    assert 'name="finding"' not in (await visitor.get("/approvals/w-1")).text
    lawyer(visitor.desk)
    assert 'name="finding"' in (await visitor.get("/approvals/w-1")).text
    visitor.desk.waiting[0] = replace(visitor.desk.waiting[0], by=ME)
    assert 'name="finding"' not in (await visitor.get("/approvals/w-1")).text
    visitor.desk.waiting[0] = replace(visitor.desk.waiting[0], by=OTHER, reviewer="XB-OFF-009")
    assert 'name="finding"' not in (await visitor.get("/approvals/w-1")).text


async def test_the_check_that_is_typed_is_the_check_that_is_recorded(visitor: Browserless) -> None:
    waits(visitor.desk)
    lawyer(visitor.desk)
    await visitor.sign_in()
    await visitor.start_shift()
    form = {"finding": "note", "text": "narrow enough", "authorised_by": "District Court", "colour": "red"}
    empty = await visitor.post("/approvals/w-1", {"finding": "note"})
    assert empty.status_code == 422
    assert "Say what was looked at" in empty.text
    assert "its way" in (await visitor.post("/approvals/w-1", form)).text
    ((letter, check),) = visitor.desk.checks
    assert (letter, check.finding, check.text) == ("w-1", "note", "narrow enough")
    assert check.fields == {"authorised_by": "District Court"}


async def test_an_approver_may_leave_the_check_to_another(visitor: Browserless) -> None:
    for check in ({}, {"finding": "none", "text": "a rescue"}):
        visitor.desk.waiting.clear()
        waits(visitor.desk, kind="EMERG-DATA", urgency="U0", approver=ME)
        lawyer(visitor.desk)
        await visitor.sign_in()
        await visitor.post("/approvals/w-1", {**check, "secret": SECRET})
        assert not visitor.desk.waiting
    assert [check.text for _, check in visitor.desk.checks] == ["a rescue"]


async def test_the_author_reads_why_a_letter_was_stopped(visitor: Browserless) -> None:
    stopped = ReviewView("check", "speech", "stop", "lawful <b>speech</b>", ME, visitor.desk.start, "w-1", "w-1", {})
    waits(visitor.desk, by=ME, state="stopped", needs_review="", checks=(stopped,))
    await visitor.sign_in()
    page = (await visitor.get("/approvals/w-1")).text
    assert "Stopped by a rights check" in page
    assert "lawful &lt;b&gt;speech&lt;/b&gt;" in page
    assert '<form method="post" class="card signs"' not in page


async def test_who_stops_a_letter_is_told_that_it_has_not_left(visitor: Browserless) -> None:
    waits(visitor.desk)
    lawyer(visitor.desk)
    await visitor.sign_in()
    await visitor.start_shift()
    answer = await visitor.post("/approvals/w-1", {"finding": "stop", "text": "lawful speech"})
    assert "It is a draft again" in answer.text
    assert "on its way" not in answer.text


async def test_a_call_back_is_chosen_among_the_numbers_of_the_directory(visitor: Browserless) -> None:
    new = visitor.desk.arrives("U0", "EMERG-DATA", sender="XA")
    visitor.desk.requests[new] = replace(visitor.desk.requests[new], permitted=("CALLED-BACK",))
    await visitor.sign_in()
    page = (await visitor.get(f"/requests/{new}/answers/CALLED-BACK")).text
    case = await visitor.desk.case_view(visitor.desk.requests[new].case, visitor.desk.start)
    assert case.peer_phones
    offered = re.findall(r'type="radio" name="f\.number" value="([^"]*)"', html.unescape(page))
    assert tuple(offered) == case.peer_phones


async def test_a_flag_is_raised_from_the_case_and_stands_there(visitor: Browserless) -> None:
    new = visitor.desk.arrives()
    await visitor.sign_in()
    answer = await visitor.post(f"/requests/{new}/flag", {"reason": "an article is no intrusion"})
    assert answer.status_code == 303
    assert visitor.desk.flags == [(new, "an article is no intrusion")]
    assert "Flagged at this desk" in (await visitor.get(answer.headers["location"].split("#")[0])).text


async def test_quarantine_and_a_lowered_class_are_seen_on_case_and_board(visitor: Browserless) -> None:
    new = visitor.desk.arrives("U0", "EMERG-DATA")
    marked = replace(visitor.desk.requests[new], quarantined=True, suspect=True, lowered_to="U2", acknowledged_by=ME)
    visitor.desk.requests[new] = marked
    await visitor.sign_in()
    for path in ("/board", f"/cases/{marked.case}"):
        page = (await visitor.get(path)).text
        for words in ("Call-back failed", "Same asking officer as a failed call-back", "treated as"):
            assert words in page, (path, words)


async def test_a_supervisor_s_override_is_marked_for_the_state_that_asked(visitor: Browserless) -> None:
    new = visitor.desk.arrives()
    request = visitor.desk.requests[new]
    visitor.desk.requests[new] = replace(request, sender="XB", recipient="XA", incoming=False)
    for ground, marked in (("RG-36", True), ("RG-21b", False)):
        override = {"override": {"text": "t", "supervisor": "XA-OFF-001"}} if marked else {}
        body = {"ground": ground, "reasons": "r", **override}
        said = StatementView(request.case[:4] + "-said", "REFUSED", "XA", request.at, "XA-OFF-001", None, body, ())
        visitor.desk.letters[:] = [said]
        await visitor.sign_in()
        page = html.unescape((await visitor.get(f"/cases/{request.case}")).text)
        assert ("Supervisor's override" in page) is marked, ground


async def test_a_call_is_noted_and_linked_to_its_letter(visitor: Browserless) -> None:
    new = visitor.desk.arrives(sender="XA")
    await visitor.sign_in()
    await visitor.start_shift()
    form = {"state": "XA", "caller": "duty officer", "from_number": "+999555111", "asked": "keep a server"}
    for at in ("yesterday", "2027-13-01 10:00"):
        wrong = await visitor.post("/oral", {**form, "called_at": at})
        assert (wrong.status_code, "duty officer" in wrong.text) == (422, True)
    done = await visitor.post("/oral", {**form, "called_at": "2027-03-04 12:55"})
    assert done.status_code == 303
    (note,) = visitor.desk.notes
    assert f"{note.called_at:%Y-%m-%dT%H:%M%z}" == "2027-03-04T12:55+0000"
    assert "Asked by telephone" in (await visitor.get("/board")).text
    await visitor.post(f"/oral/{note.id}/link", {"request": new})
    assert not visitor.desk.notes


def full(desk: DeskSimulator) -> list[str]:
    """Every page of this part with something in every place."""
    lawyer(desk)
    now = desk.start
    flagged = ReviewView("flag", "flag", "", "an article is no intrusion", ME, now, "", "", {})
    fields = {"authorised_by": "District Court", "date": "2027-03-04", "end": "2027-04-04"}
    checked = ReviewView("check", "flag", "note", "Only the account named.", OTHER, now, "", "", fields)
    false = replace(checked, holds=False)
    waits(desk, kind="EMERG-DATA", urgency="U0", approver=ME, checks=(flagged,))
    new = desk.arrives("U0", "EMERG-DATA", sender="XA")
    desk.reviews += [flagged, checked, false]
    desk.requests[new] = replace(
        desk.requests[new], quarantined=True, suspect=True, flagged=True, lowered_to="U2", permitted=("CALLED-BACK",)
    )
    body = {
        "ground": "RG-36",
        "reasons": "r",
        "override": {"text": "a court has forbidden it", "supervisor": "XA-OFF-001"},
    }
    desk.notes.append(
        OralView(
            "0195-note", "XA", ME, now, now + timedelta(hours=20), None, "", now - timedelta(hours=4), "duty officer",
            "+999555111", "keep a server", "+999100200", "OFF-001",
        )
    )  # fmt: skip
    case = desk.requests[new].case
    desk.letters.append(StatementView(case[:4] + "-said", "REFUSED", "XA", now, "XA-OFF-001", None, body, ()))
    return ["/approvals", "/approvals/w-1", f"/cases/{case}", f"/requests/{new}/answers/CALLED-BACK", "/oral", "/board"]


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "en", 1280), ("dark", "ar", 320)])
async def test_the_pages_of_rights_and_calls_shut_nobody_out(
    browser: Browser, scheme: str, language: str, width: int
) -> None:
    desk = DeskSimulator(wall_clock())
    paths = full(desk)
    served = serve(desk)
    try:
        context = await browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
            viewport={"width": width, "height": 900},
        )
        page = await context.new_page()
        await start_shift(page, served)
        for path in paths:
            await page.goto(served.url + path)
            await page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
            found = (await Axe().run(page)).response["violations"]
            assert [(path, each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
            assert await page.evaluate("document.querySelector('main').scrollWidth") <= width, path
        await context.close()
    finally:
        served.stop()
