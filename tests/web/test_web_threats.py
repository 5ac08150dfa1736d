"""The pages of threats without a browser: what is foreign stays text, what is recalled is struck through, marks keep files back."""

import json

from tests.web.browserless import Browserless, visitor
from tests.web.threats_simulator import HOSTILE, TOKEN

__all__ = ["visitor"]


async def entered(visitor: Browserless) -> list[str]:
    await visitor.sign_in()
    await visitor.start_shift()
    return [view.threat.request for view in visitor.desk.threats.views]


async def test_markup_formulas_and_marks_of_direction_in_an_indicator_stay_text(visitor: Browserless) -> None:
    _, red, recalled = await entered(visitor)
    for path in ("/threats", f"/threats/{red}", f"/threats/{recalled}"):
        text = (await visitor.get(path)).text
        assert "<script>alert(1)" not in text
        assert "\u202e" not in text
    whole = (await visitor.get(f"/threats/{red}")).text
    assert "&lt;script&gt;alert(1)" in whole
    assert "evil\\u202egpj.exe" in whole
    assert HOSTILE[1].split("(")[0] in whole


async def test_what_is_recalled_is_struck_through_and_still_there(visitor: Browserless) -> None:
    own, _, recalled = await entered(visitor)
    listed = (await visitor.get("/threats")).text
    assert "<s>" in listed.split(f"threat-{recalled}")[1]
    assert "<s>" not in listed.split(f"threat-{own}")[1].split("</li>")[0]
    shown = (await visitor.get(f"/threats/{recalled}")).text
    assert "a mistake of ours" in shown
    assert "police-mail.example" in shown
    assert "/answers/SIGHTED" not in shown


async def test_a_search_shows_those_that_name_it(visitor: Browserless) -> None:
    own, red, _ = await entered(visitor)
    found = (await visitor.get("/threats?q=police-mail[.]example")).text
    assert red in found
    assert own not in found.split("<ol")[1]  # it names no indicator
    none = (await visitor.get('/threats?q="><script>')).text
    assert "<ol" not in none
    assert '"><script>' not in none


async def test_a_mark_keeps_a_threat_out_of_files(visitor: Browserless) -> None:
    own, red, _ = await entered(visitor)
    assert (await visitor.get(f"/threats/{red}/stix")).status_code == 403
    assert f"/threats/{red}/stix" not in (await visitor.get(f"/threats/{red}")).text
    answer = await visitor.get(f"/threats/{own}/stix")
    assert answer.headers["content-type"].startswith("application/stix+json")
    assert answer.headers["content-disposition"] == f'attachment; filename="{own}.stix.json"'
    assert json.loads((await visitor.get("/threats/stix")).text)["type"] == "bundle"


async def test_a_recall_is_signed_once_and_said_with_its_reason(visitor: Browserless) -> None:
    own, red, _ = await entered(visitor)
    assert (await visitor.post(f"/threats/{own}/recall", {"reason": "wrong domain"})).status_code == 303
    assert visitor.desk.threats.recalls == [(own, "wrong domain")]
    assert "wrong domain" in (await visitor.get(f"/threats/{own}")).text
    assert "/recall" not in (await visitor.get(f"/threats/{red}")).text


async def test_a_recall_without_a_running_shift_asks_for_the_secret(visitor: Browserless) -> None:
    await visitor.sign_in()
    own = visitor.desk.threats.views[0].threat.request
    answer = await visitor.post(f"/threats/{own}/recall", {"reason": "wrong domain"})
    assert answer.status_code == 422
    assert 'name="secret"' in answer.text
    assert "wrong domain" in answer.text
    assert visitor.desk.threats.recalls == []


async def test_nobody_who_is_signed_out_sees_a_threat(visitor: Browserless) -> None:
    own = visitor.desk.threats.views[0].threat.request
    for path in ("/threats", f"/threats/{own}", "/threats/stix", f"/threats/{own}/stix"):
        assert (await visitor.get(path)).headers["location"] == "/sign-in"


async def test_the_feed_asks_for_its_own_key_and_takes_no_session(visitor: Browserless) -> None:
    await entered(visitor)
    assert (await visitor.get("/feed/threats")).status_code == 401
    answer = await visitor.get("/feed/threats", authorization=f"Bearer {TOKEN}")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {line["tlp"] for line in lines} == {"TLP:AMBER", "TLP:GREEN"}
    assert "\u202e" not in answer.text
