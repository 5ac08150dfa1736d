"""One matter, several requests: what fits next stands half written, and an operation joins cases without opening them to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contactpoint.cli.casefile import case_of
from contactpoint.cli.draftfile import draft_file
from contactpoint.desk import compose
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.plan import make_plan
from contactpoint.domain import catalogue
from tests.simulator import Simulator, simulated
from tests.stories.thread_examples import at, case_draft, forced, say, send

PRESERVED = {"preserved_from": "2027-03-04T12:30:00Z", "reference": "QN-77"}


def typed(case: str, filled: Mapping[str, Any]) -> list[str]:
    """The fields of a case that its officer must still type, because they do not stand in the prefilled form."""
    return [name for name in case_draft(case).body if not filled.get(name)]


async def preserve(net: Simulator) -> str:
    """A01 as far as EXECUTED."""
    made = await send(net, "QM", "A01")
    await net["QN"].acknowledge(made.id)
    await say(net, "QN", made.id, "ACCEPTED")
    await say(net, "QN", made.id, "EXECUTED", PRESERVED)
    return made.id


async def test_the_formal_request_starts_from_the_case_and_at_most_five_fields_are_typed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QM", "QN", start=at("2027-03-04T13:00")) as net:
        first = await preserve(net)
        assert "MLA-FWD" in [step.kind for step in (await net["QM"].view(first)).next_steps]
        draft = await net["QM"].desk.joint.prefilled(first, "MLA-FWD", net.now)
        assert len(typed("A11", draft.body)) <= 5, typed("A11", draft.body)
        assert draft.body["offences"] == case_draft("A01").body["offences"]
        assert (draft.recipient, draft.parent) == ("QN", first)

        entry = catalogue.load()["MLA-FWD"]
        text, missing = draft_file(entry, "QM", draft)
        assert set(missing) <= {"subject_and_nature", "purpose", "assistance"}, text
        again = case_of(text, None, catalogue.load())
        assert again.body == {name: value for name, value in draft.body.items() if value}
        assert again.parent == first

        made = await send(net, "QM", "A11", parent=first)
        assert made.case == (await net["QM"].view(first)).case, "one case, one chain"
        await net["QN"].acknowledge(made.id)
        for state in ("QM", "QN"):
            case = await net[state].cw.db.read(lambda tx, cw=net[state].cw: compose.load_case(tx, cw, made.case))
            assert case is not None
            kept = case.case.requests[first].preservation
            assert kept is not None and kept.state_at(net.now) == "HELD-UNTIL-DECISION"


async def test_the_provider_is_in_a_third_state_and_the_next_request_is_written_to_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QR", "QS", "XA", "XC", start=at("2027-06-02T10:00")) as net:
        qr = net["QR"]
        made = await send(net, "QR", "A04")
        await net["QS"].acknowledge(made.id)
        await say(net, "QS", made.id, "EXECUTED", {"provider": "Example Hosting XA", "state": "XA"})
        [step] = [each for each in (await qr.view(made.id)).next_steps if each.kind == "PRES-NEW"]
        assert (step.recipient, step.inside) == ("XA", False)
        draft = await qr.desk.joint.prefilled(made.id, "PRES-NEW", net.now)
        assert draft.recipient == "XA"
        assert draft.body["custodian"]["name"] == "Example Hosting XA"
        assert "mla_intent" not in draft.body, "what somebody promises is promised anew"
        rest = {name: value for name, value in case_draft("A01").body.items() if name not in draft.body}
        data = {**case_draft("A01").body["data"], "until": "2027-06-01T00:00Z"}
        sent = await qr.desk.submit(
            replace(draft, urgency="U2", body={**draft.body, **rest, "data": data}), qr.officer, net.now
        )
        await net.settle()
        assert sent.case != made.case
        thread = await qr.desk.joint.find(sent.id)
        assert thread == made.case, "the operation is named after the case it began with"
        shown = await qr.desk.joint.shown(thread, net.now)
        assert [(case.peer, case.parent) for case in shown.cases] == [("QS", ""), ("XA", made.id)]
        there = await net["XA"].desk.joint.shown(thread, net.now)
        assert [(case.peer, case.parent) for case in there.cases] == [("QR", "")], "the link itself is never sent"
        await a_stranger_guesses_the_operation(net, thread, sent.id)


async def test_an_emergency_that_is_redirected_goes_to_the_named_state_only_by_its_senders_hand(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QT", "QU", "XA", start=at("2027-07-09T19:40")) as net:
        qt = net["QT"]
        body = {**case_draft("A06").body, "offences": ["O-07"]}
        waits = await qt.desk.submit(case_draft("A06", approver="QT-OFF-002", body=body), qt.officer, net.now)
        made = await qt.desk.approve(waits.id, qt.officers["QT-OFF-002"], net.now)
        await net.settle()
        await net["QU"].acknowledge(made.id)
        await say(net, "QU", made.id, "REDIRECTED", {"reason": "The machines stand in XA.", "state": "XA"})
        board = await net["XA"].desk.board("", net.now)
        assert not (board.unacknowledged or board.tasks), "nothing is passed on by itself"
        [step] = [each for each in (await qt.view(made.id)).next_steps if each.recipient == "XA"]
        assert (step.kind, step.inside) == ("EMERG-DATA", False)
        draft = await qt.desk.joint.prefilled(made.id, "EMERG-DATA", net.now)
        assert draft.recipient == "XA"
        assert draft.body["emergency_facts"] == body["emergency_facts"]
        again = await qt.desk.submit(replace(draft, approver="QT-OFF-002"), qt.officer, net.now)
        sent = await qt.desk.approve(again.id, qt.officers["QT-OFF-002"], net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).sender == "QT"


async def a_stranger_guesses_the_operation(net: Simulator, thread: str, request: str) -> None:
    """XC has learnt the id: it is shown nothing, and is shown to nobody as part of it."""
    with pytest.raises(NotFoundError):
        await net["XC"].desk.joint.shown(thread, net.now)
    xc = net["XC"]
    draft = case_draft("A09", recipient="QR", thread=thread)
    strange = await xc.desk.submit(draft, xc.officer, net.now)
    await net.settle()
    mine = await xc.desk.joint.shown(thread, net.now)
    assert [case.requests[0].id for case in mine.cases] == [strange.id], "its own letter is all it has"
    seen = await net["QR"].desk.joint.shown(thread, net.now)
    assert sorted(case.peer for case in seen.cases) == ["QS", "XA"]
    assert seen.apart == ("XC",)
    assert [line.states for line in await net["QR"].desk.joint.listed(net.now)] == [("QS", "XA")]
    assert (await net["QR"].view(strange.id)).status == "OPEN", "it stands on the board as a request of its own"


async def test_custody_is_asked_after_a_suspect_was_found_and_handed_over(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QV", "QW", start=at("2027-05-13T10:00")) as net:
        found = await send(net, "QV", "A08")
        await net["QW"].acknowledge(found.id)
        await say(net, "QW", found.id, "ACCEPTED")
        where = "entered on 14 May; stays at Example Hotel"
        await say(net, "QW", found.id, "EXECUTED", {"result": where, "handling": [{"code": "HC-PURPOSE"}]})
        draft = await net["QV"].desk.joint.prefilled(found.id, "EXTR-PROV", net.now)
        assert "circumstances" not in draft.body, (
            "what is given under conditions is not carried before they are accepted"
        )
        assert draft.body["person"] == case_draft("A08").body["person"]
        await say(net, "QV", found.id, "CONDITIONS-ACCEPTED", {"conditions": [{"code": "HC-PURPOSE"}]})
        draft = await net["QV"].desk.joint.prefilled(found.id, "EXTR-PROV", net.now)
        assert draft.body["circumstances"] == where
        assert "EXTR-PROV" in [step.kind for step in (await net["QV"].view(found.id)).next_steps]
        custody = await send(net, "QV", "A16", parent=found.id)
        qw = net["QW"]
        await qw.acknowledge(custody.id)
        clerk = await qw.hire("QW-OFF-003", rights=("answer", "send"))
        with pytest.raises(NotPermittedError, match="right `central`"):
            await qw.desk.answer(custody.id, "ACCEPTED", {}, clerk, net.now)
        qw.telephone.notices.clear()
        with pytest.raises(DraftError, match="names no extradition authority"):
            await qw.desk.joint.hand_over(custody.id, "", clerk, net.now)
        await qw.desk.joint.hand_over(custody.id, "QW Extradition Authority", clerk, net.now)
        await net.settle()
        for state in ("QV", "QW"):
            view = await net[state].view(custody.id)
            assert (view.status, view.authority) == ("WITH-CENTRAL-AUTHORITY", "QW Extradition Authority")
        board = await qw.desk.board("", net.now)
        assert [view.id for view in board.central] == [custody.id]
        assert "W-CENTRAL" in [task.code for task in board.tasks]
        called = {page.officer for page in await qw.desk.pages(custody.id) if page.rung < 0}
        assert qw.telephone.notices and called == {"QW-OFF-001", "QW-OFF-002"}, (
            "who acts for the authority, and nobody else"
        )

        with pytest.raises(NotPermittedError, match="right `central`"):
            await qw.desk.answer(custody.id, "CENTRAL-TAKEN", {}, clerk, net.now)
        await say(net, "QW", custody.id, "CENTRAL-TAKEN", {"reference": "QW-EX-9"})
        assert "W-CENTRAL" not in [task.code for task in (await qw.desk.board("", net.now)).tasks]
        await say(net, "QW", custody.id, "ACCEPTED")
        assert (await net["QV"].view(custody.id)).status == "ACCEPTED"


async def test_the_authority_is_called_again_while_nobody_takes_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QV", "QW", start=at("2027-05-14T18:00")) as net:
        qw = net["QW"]
        custody = await send(net, "QV", "A16", parent=None)
        await qw.acknowledge(custody.id)
        await qw.desk.joint.hand_over(custody.id, "QW Extradition Authority", qw.officer, net.now)
        await net.settle()
        qw.telephone.notices.clear()
        start = net.now
        await net.pass_time(hours=8, minutes=5, step_s=600)
        rungs = sorted({round((when - start) / timedelta(hours=8) * 100, -1) for when, _ in qw.telephone.notices})
        assert rungs == [50, 80, 100]


async def test_two_questions_stand_in_one_case(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XD", "QP", start=at("2027-02-10T09:00")) as net:
        first = await send(net, "XD", "A09")
        steps = [step for step in (await net["XD"].view(first.id)).next_steps if step.kind == "TECH-ADV"]
        assert [step.inside for step in steps] == [True]
        draft = await net["XD"].desk.joint.prefilled(first.id, "TECH-ADV", net.now)
        assert draft.body["question_technical"] == case_draft("A09").body["question_technical"]
        also = await net["XD"].desk.submit(draft, net["XD"].officer, net.now)
        await net.settle()
        assert also.case == first.case
        await net["QP"].acknowledge(also.id)
        await say(net, "QP", also.id, "EXECUTED", {"result": "SHA-256; raw and E01"})
        await say(net, "QP", first.id, "EXECUTED", {"result": "a judge's order"})
        assert (await net["XD"].view(also.id)).status == (await net["XD"].view(first.id)).status == "EXECUTED"


async def test_a_request_does_not_enter_somebody_elses_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XC names a request of QM and QN as its parent: it cannot, and a product that tries all the same is rejected."""
    async with simulated(tmp_path, "QM", "QN", "XC", start=at("2027-03-04T13:00")) as net:
        first = await send(net, "QM", "A01")
        xc = net["XC"]
        with pytest.raises(NotFoundError):
            await xc.desk.submit(case_draft("A11", parent=first.id, recipient="QN"), xc.officer, net.now)
        case, _ = await net["QN"].desk.find_request(first.id)
        theirs = await net["QN"].desk.case_view(case, net.now)
        own = await send(net, "XC", "A09", recipient="QN")
        rows = await net["QN"].cw.db.read(lambda tx: compose.load_case(tx, net["QN"].cw, case))
        assert rows is not None
        plan = await make_plan(
            xc.cw, case_draft("A09", recipient="QN", kind="TECH-ADV", parent=own.id), xc.officer, net.now
        )
        await forced(net, "XC", replace(plan, re=rows.case.requests[first.id].digest), monkeypatch)
        assert "E-UNKNOWN-CASE" in [task.code for task in (await net["QN"].desk.board("", net.now)).tasks]
        assert (await net["QN"].desk.case_view(case, net.now)).state_digest == theirs.state_digest


async def test_a_request_of_one_case_is_not_sent_to_another_state(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QM", "QN", "QO", start=at("2027-03-04T13:00")) as net:
        first = await preserve(net)
        with pytest.raises(DraftError, match="stands in the case with QN"):
            await net["QM"].desk.submit(case_draft("A03", parent=first, recipient="QO"), net["QM"].officer, net.now)
