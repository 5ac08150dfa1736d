"""What the published cases ask of a desk beside their own words: who is called, what a reminder waits for, who may say what."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from contactpoint.cli.casefile import case_of
from contactpoint.desk.errors import NotPermittedError
from contactpoint.desk.review import Check
from contactpoint.desk.views import Submitted
from contactpoint.domain.catalogue import check_body, load
from contactpoint.domain.values import Urgency, spell_instant
from contactpoint.store import desk_schema
from contactpoint.store.rows_people import update_officer
from directory.card import LegalCard
from tests.another_product import say
from tests.domain.filled import filled
from tests.simulator import START, SimulatedState, Simulator, preservation_body, simulated
from tests.stories.test_stories_attacks import codes

CATALOGUE = load()
SECRET = {"confidentiality": {"keep_secret": True}}
REFUSAL = {"ground": "RG-22", "reasons": "withheld"}
TOLD = LegalCard(user_notification="required")


async def arrived(net: Simulator, kind: str, urgency: str = "U3", **more: Any) -> Submitted:
    """XA's request of this kind, with what is mandatory, at XB."""
    sent = await net["XA"].ask("XB", kind, urgency, body={**filled(CATALOGUE[kind], net.now), **more})
    await net.settle()
    return sent


async def paged(state: SimulatedState, sent: Submitted) -> set[str]:
    return {page.officer for page in await state.desk.pages(sent.id)}


async def give(state: SimulatedState, number: str, *rights: str) -> None:
    await state.cw.db.write(lambda tx: update_officer(tx, number, {"rights": json.dumps(rights)}))


# --- who is called ---


@pytest.mark.parametrize("kind", ["TSP", "TCP"])
async def test_a_transfer_calls_who_acts_for_the_authority_and_not_the_watch(kind: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        for number in ("XB-OFF-001", "XB-OFF-002"):
            await give(net["XB"], number, "answer", "send")
        await net["XB"].hire("XB-OFF-007", rights=("answer", "central"))
        sent = await arrived(net, kind)
        assert await paged(net["XB"], sent) == {"XB-OFF-007"}
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 0
        other = await arrived(net, "LE-COOP")
        assert await paged(net["XB"], other) == {"XB-OFF-001"}
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 1


async def test_where_nobody_acts_for_the_authority_the_watch_is_called_after_all(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        for number in ("XB-OFF-001", "XB-OFF-002"):
            await give(net["XB"], number, "answer", "send")
        sent = await arrived(net, "TSP")
        assert await paged(net["XB"], sent) == {"XB-OFF-001"}
        assert (await net["XB"].desk.beat(net.now)).unacknowledged == 1


async def test_a_desk_redirects_what_it_may_not_decide(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        night = await net["XB"].hire("XB-OFF-008", rights=("answer",))
        sent = await arrived(net, "EXTR-PROV", "U1")
        with pytest.raises(NotPermittedError, match="central"):
            await net["XB"].desk.answer(sent.id, "ACCEPTED", {}, night, net.now)
        named = {"reason": "not decided at this desk", "authority": "Ministry"}
        await net["XB"].desk.answer(sent.id, "REDIRECTED", named, night, net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "REDIRECTED"


# --- a warning before secrecy is lost ---


async def test_a_desk_whose_law_tells_users_is_reminded_until_it_has_warned(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.register.change_card("XB", net.now, legal=TOLD)
        await net.refresh()
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now), **SECRET)
        assert "W-WARN-FIRST" in await codes(net["XB"])
        assert "W-WARN-FIRST" not in await codes(net["XA"])
        await net["XB"].desk.answer(sent.id, "WARN-42-7", {"warning": "told"}, net["XB"].officer, net.now)
        assert "W-WARN-FIRST" not in await codes(net["XB"])


@pytest.mark.parametrize(("legal", "more"), [(LegalCard(), SECRET), (TOLD, {}), (TOLD, {"confidentiality": {}})])
async def test_nobody_is_reminded_where_no_secret_is_in_danger(
    legal: LegalCard, more: dict[str, Any], tmp_path: Path
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.register.change_card("XB", net.now, legal=legal)
        await net.refresh()
        await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now), **more)
        assert "W-WARN-FIRST" not in await codes(net["XB"])


async def test_the_reminder_goes_when_the_request_is_taken_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.register.change_card("XB", net.now, legal=TOLD)
        await net.refresh()
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now), **SECRET)
        await net["XA"].desk.answer(sent.id, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net.settle()
        assert "W-WARN-FIRST" not in await codes(net["XB"])


# --- a flag brings a second person in ---


async def test_a_flagged_request_is_refused_only_when_a_second_person_has_looked(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now))
        desk, officer = net["XB"].desk, net["XB"].officer
        await desk.flag(sent.id, officer.number, "everybody's data", net.now)
        waits = await desk.answer(sent.id, "REFUSED", REFUSAL, officer, net.now)
        assert waits.state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "OPEN"
        second = net["XB"].officers["XB-OFF-002"]
        assert (await desk.review(waits.id, Check("note", "Article 24"), second, net.now)).state == "QUEUED"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "REFUSED"


async def test_a_check_written_into_the_table_by_hand_lets_no_flagged_refusal_go(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now))
        desk, officer = net["XB"].desk, net["XB"].officer
        await desk.flag(sent.id, officer.number, "everybody's data", net.now)
        forged = {
            "id": "forged", "case_id": sent.case, "request_id": sent.id, "statement_id": "", "statement_digest": b"",
            "kind": "check", "reason": "flag", "verdict": "stop", "by_officer": "XB-OFF-002", "at": net.now,
            "sealed": b"\0" * 64,
        }  # fmt: skip
        await net["XB"].cw.db.write(lambda tx: tx.execute(insert(desk_schema.review).values(forged)))
        waits = await desk.answer(sent.id, "REFUSED", REFUSAL, officer, net.now)
        assert waits.state == "WAITING-FOR-REVIEW"


async def test_a_request_that_nobody_flagged_is_refused_by_one_officer(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now))
        done = await net["XB"].desk.answer(sent.id, "REFUSED", REFUSAL, net["XB"].officer, net.now)
        assert done.state == "QUEUED"


# --- reminders and forms ---


async def test_a_reminder_of_an_end_goes_when_the_report_on_it_has_been_sent(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        live = {"classes": ["traffic"], "what": "connections", "from": spell_instant(net.now)}
        until = net.now + timedelta(hours=30)
        sent = await arrived(net, "MLA-TRAF-RT", "U2", data={**live, "until": spell_instant(until)})
        await net["XB"].acknowledge(sent.id)
        await net["XB"].desk.answer(sent.id, "ACCEPTED", {}, net["XB"].officer, net.now)
        net.now = until + timedelta(minutes=1)
        await net.settle()
        assert "W-CLOCK-ENDED" in await codes(net["XB"])
        said = {"ended_at": spell_instant(until), "report": "no gaps"}
        await net["XB"].desk.answer(sent.id, "END-REPORT", said, net["XB"].officer, net.now)
        assert "W-CLOCK-ENDED" not in await codes(net["XB"])


async def test_who_is_named_by_a_redirection_is_offered_and_nothing_goes_there_by_itself(tmp_path: Path) -> None:
    """M02: automatic forwarding of personal data to a third State."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await arrived(net, "PRES-NEW", "U1", **preservation_body(net.now))
        where = {"reason": "not here", "state": "XC"}
        await net["XB"].desk.answer(sent.id, "REDIRECTED", where, net["XB"].officer, net.now)
        await net.settle()
        steps = [each for each in (await net["XA"].view(sent.id)).next_steps if each.kind == "PRES-NEW"]
        assert [each.recipient for each in steps] == ["XC"]
        board = await net["XC"].desk.board("", net.now)
        assert not (board.unacknowledged or board.open)


def test_a_treaty_named_as_plain_text_is_the_treaty_of_the_legal_basis() -> None:
    text = "{type: PRES-NEW, from: XA, to: XB, urgency: U2, legal_basis: Treaty of 1999}"
    assert case_of(text, None, CATALOGUE).body == {"legal_basis": {"treaty": "Treaty of 1999"}}


@pytest.mark.parametrize("kind", ["LEGAL-INFO", "TECH-ADV"])
@pytest.mark.parametrize("name", ["question_legal", "question_technical"])
def test_a_question_with_a_mail_address_is_stopped(kind: str, name: str) -> None:
    body = {**filled(CATALOGUE[kind], START), name: "Whose is someone@mail.example?"}
    assert ("E-PERSONAL-DATA", name) in {(each.code, each.field) for each in check_body(CATALOGUE[kind], body, START)}


@pytest.mark.parametrize(("code", "right"), [("O-UN(UNTOC)", True), ("O-UN()", False), ("O-UN", False)])
def test_a_treaty_in_brackets_behind_the_code_is_named(code: str, right: bool) -> None:
    body = {**preservation_body(START), "offences": [code]}
    blocked = [each.field for each in check_body(CATALOGUE["PRES-NEW"], body, START) if each.blocks]
    assert blocked == ([] if right else ["offences[0].treaty"])


# --- what a request lacks ---


async def test_m01_from_another_product_stands_and_its_desk_names_both_fields(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        body = {**preservation_body(net.now), "another_word": "of its own"}
        del body["necessity"], body["mla_intent"]
        said = await say(net["XA"], "XB", "PRES-NEW", Urgency.U1, body)
        await net.settle()
        view = await net["XB"].view(said.id)
        assert set(view.lacks) == {"necessity", "mla_intent"}
        assert "NEED-INFO" in view.permitted
        assert (await net["XA"].view(said.id)).lacks == ()


async def test_nothing_is_said_to_lack_in_a_whole_request(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(minutes=10)
        assert (await net["XB"].view(sent.id)).lacks == ()


# --- the requester's choice ---


async def test_the_asking_state_is_reminded_of_its_choice_after_a_warning_until_it_has_chosen(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa, xb = net["XA"], net["XB"]
        sent = await xa.ask("XB")
        await net.settle()
        await xb.acknowledge(sent.id)
        warning = filled(CATALOGUE["PRES-NEW"].answer("WARN-42-7"), net.now)
        await xb.desk.answer(sent.id, "WARN-42-7", warning, xb.officer, net.now)
        await net.settle()
        await net.pass_days(net.now + timedelta(hours=3, minutes=59))
        assert "W-CLOCK-NEAR" not in await codes(xa)
        await net.pass_days(net.now + timedelta(minutes=2))
        assert "W-CLOCK-NEAR" in await codes(xa)
        assert "W-CLOCK-NEAR" not in await codes(xb)
        await xa.desk.answer(sent.id, "CONFIRMED-BY-REQUESTER", {}, xa.officer, net.now)
        await net.settle()
        assert "W-CLOCK-NEAR" not in await codes(xa)
