"""Attacks on the legal side by a listed State with another product, or by an officer of the own desk. Each is named after what it tries."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from contactpoint.casework.cases import make_case_key
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.cli.cases import _case_lines
from contactpoint.cli.output import Output
from contactpoint.desk.compose import _statement
from contactpoint.desk.errors import NotPermittedError
from contactpoint.desk.plan import Plan
from contactpoint.desk.review import Check
from contactpoint.desk.views import Draft
from contactpoint.domain.case import admit
from contactpoint.domain.group import Roster, read_roster
from contactpoint.domain.values import Address, Urgency
from contactpoint.store import desk_schema
from contactpoint.store.rows_clocks import insert_clock, running_clocks
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.signed import sign
from tests.another_product import say
from tests.domain.domain_examples import CATALOGUE, XB, Pair
from tests.domain.filled import filled
from tests.simulator import SimulatedState, Simulator, preservation_body, simulated
from tests.stories.test_stories_attacks import codes
from tests.stories.test_stories_groups import group, joined
from tests.stories.thread_examples import at as day


async def asked(net: Simulator, kind: str = "PRES-NEW", **more: Any) -> tuple[str, str]:
    """XA asks XB, which takes charge: (case, request)."""
    sent = await net["XA"].ask("XB", kind, **more)
    await net.settle()
    await net["XB"].acknowledge(sent.id)
    await net.settle()
    return sent.case, sent.id


@pytest.mark.parametrize("start", ["0001-01-01T00:00Z", "1969-06-01T00:00Z"])
async def test_a_preservation_that_ended_before_any_signed_time_poisons_no_clock(tmp_path: Path, start: str) -> None:
    """No slip can certify an end before 1970: the clock was tried again for ever, at both desks."""
    async with simulated(tmp_path, "XA", "XB") as net:
        case, request = await asked(net)
        body = {"preserved_from": start, "reference": "P-1", "domestic_order_from": start}
        await say(net["XB"], "XA", "EXECUTED", Urgency.U1, body, case=case, about=request)
        await net.settle()
        await net.pass_time(minutes=12, step_s=120)
        for state in net:
            assert "E-POISONED" not in await codes(state)
        assert "W-PRESERVATION-DATES" in await codes(net["XA"])


async def test_the_name_of_who_took_charge_drives_no_terminal_and_forges_no_line(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        named = "XB-OFF-001\x1b[2J\nstatus EXECUTED\u202e" + "x" * 5_000
        body = {"officer": named, "cause": "no-signing-key"}
        await say(net["XB"], "XA", "ACK-DEGRADED", Urgency.U1, body, case=sent.case, about=sent.id)
        await net.settle()
        view = await net["XA"].desk.case_view(sent.case, net.now)
        lines = list(_case_lines(Output(json=False, colour=False), view))
        assert not any("\x1b" in line or "\u202e" in line for line in lines)
        assert not any(part.startswith("status EXECUTED") for line in lines for part in line.splitlines())
        assert len(view.requests[0].acknowledged_by) <= 64


async def test_an_override_of_a_step_that_was_left_out_needs_a_supervisor_and_is_shown(tmp_path: Path) -> None:
    """RG-21a is open to this type after NEED-INFO alone; without it the ground is as closed as any other."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xa, xb = net["XA"], net["XB"]
        body = filled(CATALOGUE["LOC-SUSP"], net.now)
        sent = await xa.desk.submit(Draft("LOC-SUSP", "XB", "U2", body), xa.officer, net.now)
        await net.settle()
        await xb.acknowledge(sent.id)
        clerk = await xb.hire("XB-OFF-003", rights=("answer",))
        refusal = {
            "ground": "RG-21a",
            "reasons": "x",
            "override": {"text": "a court has forbidden it", "supervisor": "XB-OFF-001"},
        }
        waits = await xb.desk.answer(sent.id, "REFUSED", refusal, clerk, net.now)
        assert waits.state == "WAITING-FOR-REVIEW"
        await say(xb, "XA", "REFUSED", Urgency.U2, refusal, case=sent.case, about=sent.id)
        await net.settle()
        assert "W-OVERRIDE" in await codes(xa)


async def test_a_member_does_not_take_the_lead_by_a_proposal_that_it_dates_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QM", "QN", "QO", "XB", start=day("2027-03-20T09:00")) as net:
        net.now += timedelta(hours=2)
        thread, _ = await joined(net, "QN", "XB")
        await proposal(net["XB"], "QM", thread, net.now - timedelta(hours=1))
        await net.settle()
        assert (await group(net, "QM", thread)).lead == "QM"


async def proposal(state: SimulatedState, to: str, thread: str, dated: datetime) -> None:
    """A proposal of its own in another State's operation."""
    cw, now = state.cw, state.net.now
    identity = new_id(cw.random, now)
    plan = Plan(
        kind="JIT",
        recipient=Address(to),
        urgency=Urgency.U3,
        body=filled(CATALOGUE["JIT"], now),
        case=None,
        re=None,
        lang="en",
        approver=None,
        label="",
        own_reference="",
        thread=thread,
    )
    officer = state.officer
    statement = _statement(cw, plan, identity, None, officer.number, dated)
    signed = sign("statement", encode_statement(statement, cw.net), [officer.key], cw.net)
    statement = decode_statement(signed.content, cw.net)
    await queue(cw, SignedLetter(statement, signed, officer.certificates), make_case_key(cw, identity), "", "", now)


async def test_maps_in_the_place_of_codes_break_no_form_that_begins_from_them(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        body = preservation_body(net.now)
        for classes in ([{"a": 1}, ["traffic"], "traffic"], {"a": 1}):
            odd = {**body, "data": {**body["data"], "classes": classes}, "measure": {"a": 1}, "legal_basis": [[]]}
            said = await say(net["XB"], "XA", "PRES-NEW", Urgency.U1, odd)
            await net.settle()
            for kind, entry in CATALOGUE.entries.items():
                if not entry.opens.may_open_case:
                    continue
                draft = await net["XA"].desk.joint.prefilled(said.id, kind, net.now)
                assert {"a": 1} not in draft.body.get("data", {}).get("classes", [])


async def test_a_column_set_by_hand_saves_no_second_signature(tmp_path: Path) -> None:
    """A thief of the database clears the approver's column, and has the rights check release the letter with one signature."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        body = {**filled(CATALOGUE["LOC-SUSP"], net.now), "speech": True}
        waits = await xa.ask("XB", "LOC-SUSP", "U0", body=body, approver="XA-OFF-002")
        empty = update(desk_schema.waiting).values(approver="", by_officer="XA-OFF-009")
        await xa.cw.db.write(lambda tx: tx.execute(empty))
        lawyer = await xa.hire("XA-OFF-003", rights=("review", "approve"))
        checked = await xa.desk.review(waits.id, Check("none", "It is no speech."), lawyer, net.now)
        assert checked.state == "WAITING-FOR-APPROVAL"
        for officer, code in ((lawyer, "E-SIGNERS"), (xa.officer, "E-SAME-OFFICER")):
            with pytest.raises(NotPermittedError) as refused:
                await xa.desk.approve(waits.id, officer, net.now)
            assert refused.value.code == code
        await net.settle()
        assert await net["XB"].desk.request_view(waits.id, net.now) is None


async def test_a_flood_of_clocks_of_one_state_pushes_no_other_term_off_the_page(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        kept = await net["XC"].ask("XA")
        told = await net["XB"].ask("XA")
        await net.settle()
        rows = {"starts": net.now, "alarms": "[]", "roles": "duty", "next_at": None, "closed_by": ""}
        late = {**rows, "request_id": kept.id, "name": "PRES-60", "due": net.now + timedelta(days=60)}
        flood = [
            {**rows, "request_id": told.id, "name": f"C-{n}", "due": net.now + timedelta(minutes=n)} for n in range(900)
        ]

        async def work(tx: Any) -> Any:
            for each in (late, *flood):
                await insert_clock(tx, each)
            return await running_clocks(tx, net.now, 500)

        shown = await net["XA"].cw.db.write(work)
        assert len(shown) == 500
        assert shown[-1].request_id == kept.id


async def test_the_name_of_an_authority_forges_no_line_of_the_board(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        case, request = await asked(net)
        body = {"authority": "Ministry\n  status EXECUTED, acknowledged by XB-OFF-001\u2028x" + "y" * 9_000}
        await say(net["XB"], "XA", "WITH-CENTRAL-AUTHORITY", Urgency.U1, body, case=case, about=request)
        await net.settle()
        named = (await net["XA"].view(request)).authority
        assert named.startswith("Ministry status EXECUTED")
        assert (len(named), len(named.splitlines())) == (200, 1)


def test_what_is_no_address_of_a_state_stands_on_no_list_of_members() -> None:
    """The lead writes the list, and the command line of every member prints it."""
    body = {"number": 3, "members": ["XA", "\x1b[2J", "XB", "XB", 7, None, ["XC"], "XC\nlist 4: XD"]}
    assert read_roster(body) == Roster(3, ("XA", "XB"))


def test_a_thousand_letters_that_wait_for_one_are_played_in_a_moment() -> None:
    """They wait at no cost; the one they wait for must not hold the desk's transaction for minutes."""
    pair = Pair.opened()
    executed = pair.asked.write("EXECUTED", re=pair.opener.digest)
    body = {"domestic_order_from": "2027-03-05T00:00:00Z"}
    case, last = pair.asking.case, executed
    assert case is not None
    for number in range(1_000):
        renewed = pair.asked.write("DOMESTIC-RENEWED", re=pair.opener.digest, body=body)
        last = replace(renewed, mine=last.digest, digest=number.to_bytes(32, "big"))
        case = admit(case, last, CATALOGUE)
    assert len(case.waiting) == 1_000
    began = time.process_time()
    case = admit(case, executed, CATALOGUE)
    assert (len(case.waiting), len(case.halves[XB])) == (0, 1_001)
    assert time.process_time() - began < 4
