"""What each form becomes, and what each signature asks for."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import pytest

from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.values import parse_instant
from contactpoint.web.when import moment
from tests.web.browserless import Browserless, visitor
from tests.web.sample import A01, SECRET, TYPED, a01_form

__all__ = ["visitor"]


async def test_the_form_becomes_the_body_that_the_catalogue_asks_for(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    check = await visitor.post("/new/PRES-NEW", [*a01_form(), ("stage", "check")])
    assert check.status_code == 200
    assert "What you will sign" in check.text
    assert visitor.desk.drafts == []
    sent = await visitor.post("/new/PRES-NEW", [*a01_form(), ("stage", "sign")])
    assert "Signed and on its way" in sent.text
    body = visitor.desk.drafts[0].body
    assert body["data"]["from"] == "2026-02-01T00:00:00Z"  # 02:00 in Cairo, in winter
    assert body["data"]["until"] == "2026-03-04T12:00:00Z"
    assert body["custodian"] == {"name": "Example Hosting XB", "port": 443}
    assert body["offences"] == A01["offences"]
    assert body["mla_intent"] is True
    assert "wanted_days" not in body


async def test_an_empty_form_names_every_missing_field_by_its_code(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    page = await visitor.post("/new/PRES-NEW", {"stage": "sign"})
    assert page.status_code == 422
    for field in ("to", "urgency", "authority", "offences", "facts", "necessity", "mla_intent"):
        assert f'href="#f-{field}"' in page.text, field
        assert f'id="f-{field}"' in page.text, field
    assert "E-FIELD-MISSING" in page.text
    assert visitor.desk.drafts == []


async def test_nothing_typed_is_lost_when_the_form_comes_back(visitor: Browserless) -> None:
    await visitor.sign_in()
    form = [(name, text) for name, text in a01_form() if name != "f.necessity"]
    page = await visitor.post(
        "/new/PRES-NEW", [*form, ("f.offences", "O-SC"), ("f.offences.O-SC.provision", "Code 12"), ("stage", "check")]
    )
    assert page.status_code == 422
    assert str(A01["facts"]) in page.text
    assert 'value="Code 12"' in page.text
    assert re.search(r'value="O-07" id="f-offences" checked|value="O-07"[^>]* checked', page.text)


async def test_nothing_typed_into_a_date_a_condition_or_beside_an_offence_is_lost(visitor: Browserless) -> None:
    await visitor.sign_in()
    page = await visitor.post("/new/PRES-NEW", [("to", "XA"), ("urgency", "U2"), *TYPED, ("stage", "check")])
    assert page.status_code == 422
    for name, text in TYPED:
        drawn = [each for each in re.findall(r"<(?:input|textarea)[^>]*>[^<]*", page.text) if f'name="{name}"' in each]
        assert drawn, name
        kept = [each for each in drawn if f'value="{escape(text)}"' in each or each.endswith(f">{escape(text)}")]
        assert kept, (name, text)
        if 'type="radio"' in kept[0] or 'type="checkbox"' in kept[0]:
            assert " checked" in kept[0], (name, text)
    for wrong in ("handling-HC-RETAIN-until", "offences-O-SC-provision", "safeguards-date", "wanted_days"):
        assert f'href="#f-{wrong}"' in page.text, wrong
        assert f'id="f-{wrong}"' in page.text, wrong


async def test_a_condition_goes_with_its_date_and_its_states(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    beside = [("f.handling", "HC-RETAIN"), ("f.handling", "HC-ONWARD"), ("f.handling.HC-ONWARD.states", "XA, XC")]
    form = [*a01_form(), *beside, ("f.handling", "HC-MINOR"), ("f.handling.HC-RETAIN.until", "2027-12-31")]
    # A date that was typed beside a condition that is not chosen says nothing.
    form.append(("f.handling.HC-SECRET-UNTIL.until", "2028-01-01"))
    assert "on its way" in (await visitor.post("/new/PRES-NEW", [*form, ("stage", "sign")])).text
    assert visitor.desk.drafts[0].body["handling"] == [
        {"code": "HC-ONWARD", "states": ["XA", "XC"]},
        {"code": "HC-RETAIN", "until": "2027-12-31"},
        "HC-MINOR",
    ]


async def test_a_group_that_may_stay_empty_is_folded_until_something_stands_in_it(visitor: Browserless) -> None:
    await visitor.sign_in()
    empty = (await visitor.get("/new/PRES-NEW")).text
    assert re.search(r'<details[^>]*id="f-safeguards"(?![^>]* open)', empty)
    filled = [("f.safeguards.authorised_by", "Court 3"), ("stage", "edit")]
    page = (await visitor.post("/new/PRES-NEW", [("to", "XA"), *filled])).text
    assert re.search(r'<details[^>]*id="f-safeguards"[^>]* open', page)
    assert re.search(r'<details[^>]*id="f-oral"(?![^>]* open)', page)


async def test_an_answer_is_called_as_its_type_calls_it(visitor: Browserless) -> None:
    """EXECUTED is *preserved* of one type and *give the data* of another."""
    ids = visitor.desk.full_day()
    await visitor.sign_in()
    for name, kind in (("mine", "PRES-NEW"), ("u0", "EMERG-DATA")):
        page = (await visitor.get(f"/cases/{visitor.desk.requests[ids[name]].case}")).text
        title = catalogues.load()[kind].answer("EXECUTED").title
        assert re.search(rf'answers/EXECUTED">{title} ', page), kind


async def test_an_emergency_asks_for_the_secret_again_and_for_a_second_officer(visitor: Browserless) -> None:
    await visitor.sign_in()
    await visitor.start_shift()
    form = [(name, text) for name, text in a01_form() if name != "urgency"] + [("urgency", "U0")]
    alone = await visitor.post("/new/PRES-NEW", [*form, ("stage", "check")])
    assert "Choose the second officer" in alone.text
    himself = await visitor.post("/new/PRES-NEW", [*form, ("approver", "XB-OFF-001"), ("stage", "check")])
    assert himself.status_code == 422
    form.append(("approver", "XB-OFF-002"))
    silent = await visitor.post("/new/PRES-NEW", [*form, ("stage", "sign")])
    assert silent.status_code == 422
    assert visitor.desk.drafts == []
    sent = await visitor.post("/new/PRES-NEW", [*form, ("secret", SECRET), ("stage", "sign")])
    assert "Waiting for the second officer" in sent.text
    assert SECRET not in sent.text


async def test_a_second_officer_releases_an_emergency_only_with_the_secret(visitor: Browserless) -> None:
    waiting = visitor.desk.full_day()["waiting"]
    await visitor.sign_in()
    await visitor.start_shift()
    assert "abducted" in (await visitor.get(f"/approvals/{waiting}")).text
    assert (await visitor.post(f"/approvals/{waiting}")).status_code == 422
    assert (await visitor.post(f"/approvals/{waiting}", {"secret": "wrong"})).status_code == 422
    assert visitor.desk.waiting
    assert "on its way" in (await visitor.post(f"/approvals/{waiting}", {"secret": SECRET})).text
    assert not visitor.desk.waiting
    assert (await visitor.get(f"/approvals/{waiting}")).status_code == 404


async def test_an_answer_is_made_from_the_catalogues_form(visitor: Browserless) -> None:
    mine = visitor.desk.full_day()["mine"]
    await visitor.sign_in()
    await visitor.start_shift()
    assert "Preserved from" in (await visitor.get(f"/requests/{mine}/answers/EXECUTED")).text
    assert (await visitor.post(f"/requests/{mine}/answers/EXECUTED")).status_code == 422
    form = {"f.preserved_from": "2026-11-20 10:00", "f.reference": "XB-77"}
    assert "on its way" in (await visitor.post(f"/requests/{mine}/answers/EXECUTED", form)).text
    assert visitor.desk.answers[0][1:] == ("EXECUTED", {"preserved_from": "2026-11-20T10:00:00Z", "reference": "XB-77"})
    assert (await visitor.get(f"/requests/{mine}/answers/NO-SUCH")).status_code == 404


async def test_the_answer_to_an_own_request_counts_as_read_when_its_case_is_opened(visitor: Browserless) -> None:
    late = visitor.desk.full_day()["late"]
    await visitor.sign_in()
    await visitor.get(f"/cases/{visitor.desk.requests[late].case}")
    assert (late, "XB-OFF-001") in visitor.desk.opened_by


async def test_an_answer_that_discloses_asks_for_the_secret_again_and_for_a_second_officer(
    visitor: Browserless,
) -> None:
    emergency = visitor.desk.full_day()["u0"]
    await visitor.sign_in()
    await visitor.start_shift()
    form = {"f.result": "the last login was 192.0.2.7", "f.purpose_limit": "rescue", "f.handling": "HC-PURPOSE"}
    path = f"/requests/{emergency}/answers/EXECUTED"
    assert "Second officer" in (await visitor.get(path)).text
    assert (await visitor.post(path, {**form, "approver": "XB-OFF-002"})).status_code == 422
    assert (await visitor.post(path, {**form, "secret": SECRET})).status_code == 422
    sent = await visitor.post(path, {**form, "secret": SECRET, "approver": "XB-OFF-002"})
    assert "Waiting for the second officer" in sent.text


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_a_date_at_the_end_of_the_calendar_breaks_no_page(text, zone):
    shown = moment(parse_instant(text), zone, "en")
    assert shown.iso == text


async def test_a_question_begins_with_the_fields_that_the_request_lacks(visitor: Browserless) -> None:
    request = visitor.desk.full_day()["u1"]
    old = visitor.desk.requests[request]
    visitor.desk.requests[request] = replace(old, lacks=("necessity", "data.until"))
    await visitor.sign_in()
    case = (await visitor.get(f"/cases/{old.case}")).text
    assert "A mandatory field is missing." in case
    assert "Why preservation is necessary; Until" in case
    page = (await visitor.get(f"/requests/{request}/answers/NEED-INFO")).text
    ticked = re.findall(r'value="([\w.]+)"[^>]* checked', page)
    assert set(ticked) == {"necessity", "data.until"}
