"""Articles 6, 24, 40(22): what a second person checks before a letter leaves, told over whole desks; each guard by its attack.

Longer than four hundred lines: before sending, before executing and in court are one guard, attacked in three places.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from contactpoint.desk.bundle import read_bundle, write_bundle
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.evidence import export
from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.review import Check
from contactpoint.desk.several import submit_several
from contactpoint.desk.verify import verify
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.words import FieldType
from contactpoint.domain.rights import Reason, check_needed
from contactpoint.domain.values import spell_instant
from contactpoint.settings import NodeSettings
from contactpoint.store import desk_schema
from contactpoint.store.rows_rights import count_reviews
from contactpoint.wire.review import REVIEW_TYPE, decode_review, encode_review
from keys.digest import digest
from keys.signed import parse, sign
from tests.simulator import SimulatedState, Simulator, emergency_body, preservation_body, simulated
from tests.stories.test_stories_attacks import codes, rows

FINE = Check("none", "The account was used for the threats only; no press matter.")
STOP = Check("stop", "The article is lawful speech.")
KIDNAPPING = {"code": "O-SC", "name": "kidnapping", "provision": "Penal Code 12", "maximum_years": 15}
PRESERVED = {"preserved_from": "2027-03-04T12:00Z", "reference": "P-1"}


def kidnapping(net: Simulator) -> dict[str, Any]:
    return {**preservation_body(net.now), "offences": [KIDNAPPING]}


async def asked(net: Simulator, **more: Any) -> Submitted:
    """XA's request that names an offence outside Articles 7 to 17: signed, waiting for its check."""
    return await net["XA"].ask("XB", body={**kidnapping(net), **more})


def second(state: SimulatedState) -> SigningOfficer:
    return state.officers[f"{state.state}-OFF-002"]


async def here(state: SimulatedState, request: str) -> bool:
    return await state.desk.request_view(request, state.net.now) is not None


async def checks(state: SimulatedState) -> list[tuple[str, str, str, str]]:
    return [(row.kind, row.reason, row.verdict, row.by_officer) for row in await rows(state, desk_schema.review)]


# --- before sending ---


async def test_an_offence_outside_the_convention_leaves_only_after_a_second_person_has_checked_it(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        assert (sent.state, sent.approver) == ("WAITING-FOR-REVIEW", None)
        await net.pass_time(minutes=10, step_s=300)
        assert not await here(net["XB"], sent.id)
        (waits,) = (await net["XA"].desk.board("", net.now)).waiting
        assert (waits.needs_review, waits.reviewed, waits.approver) == ("offence", False, "")
        done = await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)
        assert done.state == "QUEUED"
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"
        assert await checks(net["XA"]) == [("check", "offence", "none", "XA-OFF-002")]


async def test_a_yes_to_the_question_on_speech_asks_for_the_check_whatever_the_offence(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        body = {**preservation_body(net.now), "speech": True}
        sent = await net["XA"].ask("XB", body=body)
        assert sent.state == "WAITING-FOR-REVIEW"
        assert (await net["XA"].desk.board("", net.now)).waiting[0].needs_review == "speech"
        plain = await net["XA"].ask("XB", body={**body, "speech": False})
        assert plain.state == "QUEUED"


async def test_the_author_cannot_check_what_the_author_wrote(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.review(sent.id, FINE, net["XA"].officer, net.now)
        assert refused.value.code == "E-SAME-OFFICER"
        await net.settle()
        assert not await here(net["XB"], sent.id)


async def test_an_officer_without_the_right_cannot_check(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        clerk = await net["XA"].hire("XA-OFF-003", rights=("send", "answer", "approve"))
        sent = await asked(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.review(sent.id, FINE, clerk, net.now)
        assert refused.value.code == "E-RIGHT"


async def test_a_right_that_the_certificate_does_not_name_counts_for_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        clerk = await net["XA"].hire("XA-OFF-003", rights=("send", "answer"))
        sent = await asked(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.review(sent.id, FINE, replace(clerk, rights=("review", "send")), net.now)
        assert refused.value.code == "E-CERTIFICATE"


async def test_an_approval_alone_is_no_rights_check(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now)
        assert refused.value.code == "E-SIGNERS"
        await net.settle()
        assert not await here(net["XB"], sent.id)


@pytest.mark.parametrize(
    "check", [Check("", "seen"), Check("fine", "seen"), Check("none", "  "), Check("none", "x", {"colour": "red"})]
)
async def test_a_check_without_finding_or_reasons_is_none(tmp_path: Path, check: Check) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        with pytest.raises(DraftError) as refused:
            await net["XA"].desk.review(sent.id, check, second(net["XA"]), net.now)
        assert refused.value.problems


async def test_a_stop_turns_the_letter_back_to_a_draft_and_tells_its_author(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        done = await net["XA"].desk.review(sent.id, STOP, second(net["XA"]), net.now)
        assert done.state == "STOPPED"
        await net.settle()
        assert not await here(net["XB"], sent.id)
        board = await net["XA"].desk.board("", net.now)
        assert not board.waiting
        (task,) = [task for task in board.tasks if task.code == "E-REVIEW-STOPPED"]
        assert "XA-OFF-001" in task.text
        assert STOP.text not in task.text
        told = await net["XA"].desk.waiting_letter(sent.id)
        assert told is not None
        assert (told.state, [each.text for each in told.checks]) == ("stopped", [STOP.text])
        with pytest.raises(NotPermittedError):
            await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)


async def test_what_the_check_says_can_be_read_only_with_the_node_s_secret(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)
        rest = b"".join(path.read_bytes() for path in tmp_path.glob("XA-desk.sqlite3*"))
        assert b"press matter" not in rest


async def test_a_check_that_comes_after_the_time_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        net.now += timedelta(hours=24)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)
        assert refused.value.code == "E-APPROVAL-STALE"


# --- four eyes and the check together ---


async def rescue(net: Simulator) -> Submitted:
    body = {**emergency_body(net.now), "offences": [KIDNAPPING]}
    return await net["XA"].ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")


async def test_the_approver_may_record_the_check_in_the_same_act(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await rescue(net)
        done = await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now, FINE)
        assert done.state == "QUEUED"
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"


@pytest.mark.parametrize("first", ["approve", "review"])
async def test_approval_and_check_are_both_needed_in_any_order(tmp_path: Path, first: str) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        lawyer = await net["XA"].hire("XA-OFF-003", rights=("review",))
        desk, sent = net["XA"].desk, await rescue(net)

        async def act(name: str) -> Submitted:
            if name == "approve":
                return await desk.approve(sent.id, second(net["XA"]), net.now)
            return await desk.review(sent.id, FINE, lawyer, net.now)

        waits = await act(first)
        assert waits.state == ("WAITING-FOR-REVIEW" if first == "approve" else "WAITING-FOR-APPROVAL")
        await net.settle()
        assert not await here(net["XB"], sent.id)
        assert (await act("review" if first == "approve" else "approve")).state == "QUEUED"
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"


async def test_an_approver_without_the_right_to_review_cannot_slip_a_check_in(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        clerk = await net["XA"].hire("XA-OFF-003", rights=("approve",))
        body = {**emergency_body(net.now), "offences": [KIDNAPPING]}
        sent = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-003")
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.approve(sent.id, clerk, net.now, FINE)
        assert refused.value.code == "E-RIGHT"
        assert (await net["XA"].desk.approve(sent.id, clerk, net.now)).state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert not await here(net["XB"], sent.id)


async def test_one_matter_to_several_states_waits_for_each_of_its_checks(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        body = {
            "authority": preservation_body(net.now)["authority"],
            "offences": [KIDNAPPING],
            "purpose": "one timetable",
            "territory_of_action": ["XB"],
        }
        desk, officer = net["XA"].desk, net["XA"].officer
        spread = await submit_several(
            net["XA"].cw, Draft("JIT", "", "U3", body, recipients=("XB", "XC")), officer, net.now
        )
        assert [each.recipient for each in spread.sent] == ["XB", "XC"], spread
        await net.settle()
        waiting = (await desk.board("", net.now)).waiting
        assert [each.needs_review for each in waiting] == ["offence", "offence"]
        assert not await here(net["XB"], waiting[0].id)


# --- before executing ---


async def taken(net: Simulator, **more: Any) -> Submitted:
    """XA's request, checked there, is in charge at XB."""
    sent = await net["XA"].ask("XB", body={**preservation_body(net.now), **more})
    if sent.state == "WAITING-FOR-REVIEW":
        await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)
    await net.settle()
    await net["XB"].acknowledge(sent.id)
    await net.settle()
    return sent


async def execute(net: Simulator, request: str) -> Submitted:
    return await net["XB"].desk.answer(request, "EXECUTED", PRESERVED, net["XB"].officer, net.now)


async def test_what_was_checked_by_its_sender_is_checked_again_before_it_is_executed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net, offences=[KIDNAPPING])
        waits = await execute(net, sent.id)
        assert waits.state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "ACKNOWLEDGED"
        await net["XB"].desk.review(waits.id, FINE, second(net["XB"]), net.now)
        await net.settle()
        for state in ("XA", "XB"):
            assert (await net[state].view(sent.id)).status == "EXECUTED"


async def test_an_answer_that_executes_nothing_needs_no_check(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net, offences=[KIDNAPPING])
        refusal = {"ground": "RG-22", "reasons": "withheld"}
        done = await net["XB"].desk.answer(sent.id, "REFUSED", refusal, net["XB"].officer, net.now)
        assert done.state == "QUEUED"


async def test_a_journalist_s_account_cannot_be_preserved_once_an_officer_flagged_it(tmp_path: Path) -> None:
    """M07: the offence is given as O-07, the facts say that she insulted an official."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net, facts="She insulted an official in an article.")
        desk, officer = net["XB"].desk, net["XB"].officer
        await desk.flag(sent.id, officer.number, "an article about an official is no intrusion", net.now)
        assert (await net["XB"].view(sent.id)).flagged
        waits = await execute(net, sent.id)
        assert waits.state == "WAITING-FOR-REVIEW"
        await desk.review(waits.id, STOP, second(net["XB"]), net.now)
        await desk.answer(sent.id, "REFUSED", {"ground": "RG-22", "reasons": "withheld"}, officer, net.now)
        await net.settle()
        view = await net["XA"].view(sent.id)
        assert (view.status, view.flagged, view.preservation) == ("REFUSED", False, None)
        counted = await net["XB"].cw.db.read(
            lambda tx: count_reviews(tx, net.now - timedelta(days=1), net.now + timedelta(seconds=1))
        )
        assert [tuple(row) for row in counted] == [("check", "flag", "stop", 1), ("flag", "flag", "", 1)]


async def extension_of(net: Simulator, sent: Submitted) -> Submitted:
    body = {key: preservation_body(net.now)[key] for key in ("authority", "mla_intent")}
    body |= {"extension_days": 60, "reason": "translation"}
    asked = await net["XA"].ask("XB", "PRES-EXT", "U1", parent=sent.id, body=body)
    await net.settle()
    await net["XB"].acknowledge(asked.id)
    return asked


@pytest.mark.parametrize("flagged", [True, False])
async def test_what_goes_on_with_a_request_under_a_check_stands_under_it_too(flagged: bool, tmp_path: Path) -> None:
    """Around the flag: the preserved data are kept for longer, or the path of the traffic is told, in a letter that names no offence."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net, **({} if flagged else {"offences": [KIDNAPPING]}))
        desk, officer = net["XB"].desk, net["XB"].officer
        done = await execute(net, sent.id)
        if not flagged:
            await desk.review(done.id, FINE, second(net["XB"]), net.now)
        await net.settle()
        if flagged:
            await desk.flag(sent.id, officer.number, "an article about an official is no intrusion", net.now)
        longer = await extension_of(net, sent)
        until = {"new_expiry": spell_instant(net.now + timedelta(days=120))}
        assert (await desk.answer(longer.id, "EXTENDED", until, officer, net.now)).state == "WAITING-FOR-REVIEW"

        path = {"provider": "Example Hosting XC", "state": "XC", "path": "192.0.2.44:443, UTC, TLS"}
        told = Draft("TRAF-DISC", "XA", "U1", path, parent=sent.id, approver="XB-OFF-002")
        waits = await desk.submit(told, officer, net.now)
        assert (await desk.approve(waits.id, second(net["XB"]), net.now)).state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert not await here(net["XA"], waits.id)
        await desk.review(waits.id, FINE, second(net["XB"]), net.now)
        await net.settle()
        assert await here(net["XA"], waits.id)


async def test_a_flag_travels_nowhere(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net)
        before = await net["XB"].desk.case_view(sent.case, net.now)
        await net["XB"].desk.flag(sent.id, "XB-OFF-001", "the facts are speech", net.now)
        await net.settle()
        after = await net["XB"].desk.case_view(sent.case, net.now)
        assert (
            after.state_digest
            == before.state_digest
            == (await net["XA"].desk.case_view(sent.case, net.now)).state_digest
        )
        assert [(each.kind, each.text) for each in after.reviews] == [("flag", "the facts are speech")]
        assert not (await net["XA"].desk.case_view(sent.case, net.now)).reviews


async def test_an_own_request_is_not_flagged_and_a_flag_needs_its_reason(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net)
        with pytest.raises(NotPermittedError):
            await net["XA"].desk.flag(sent.id, "XA-OFF-001", "why not", net.now)
        with pytest.raises(DraftError):
            await net["XB"].desk.flag(sent.id, "XB-OFF-001", " ", net.now)


async def test_a_flag_raised_while_a_checked_answer_waits_is_not_overtaken(tmp_path: Path) -> None:
    """Checked for one reason, flagged for another since: the older check does not cover it."""
    async with simulated(tmp_path, "XA", "XB") as net:
        body = {**emergency_body(net.now), "offences": [KIDNAPPING]}
        sent = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")
        await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now, FINE)
        await net.settle()
        desk, officer = net["XB"].desk, net["XB"].officer
        await net["XB"].acknowledge(sent.id)
        called = {"number": "+999100200", "spoke_with": "OFF-001", "result": "confirmed"}
        await desk.answer(sent.id, "CALLED-BACK", called, officer, net.now)
        gives = {"result": "192.0.2.44", "purpose_limit": "to find the person"}
        waits = await desk.answer(sent.id, "EXECUTED", gives, officer, net.now, "XB-OFF-002")
        lawyer = await net["XB"].hire("XB-OFF-003", rights=("review",))
        assert (await desk.review(waits.id, FINE, lawyer, net.now)).state == "WAITING-FOR-APPROVAL"
        net.now += timedelta(minutes=1)
        await desk.flag(sent.id, "XB-OFF-002", "the facts are a press matter", net.now)
        assert (await desk.approve(waits.id, second(net["XB"]), net.now)).state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status != "EXECUTED"
        net.now += timedelta(minutes=1)
        await desk.review(waits.id, FINE, lawyer, net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "EXECUTED"


async def test_a_check_whose_case_moved_is_stale_and_nothing_executes(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await taken(net, offences=[KIDNAPPING])
        waits = await execute(net, sent.id)
        desk = net["XB"].desk
        await desk.answer(sent.id, "NEED-INFO", {"fields": ["facts"]}, net["XB"].officer, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await desk.review(waits.id, FINE, second(net["XB"]), net.now)
        assert refused.value.code == "E-APPROVAL-STALE"
        assert "E-APPROVAL-STALE" in await codes(net["XB"])
        assert await checks(net["XB"]) == []
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "NEED-INFO"


async def test_a_column_set_by_hand_releases_nothing(tmp_path: Path) -> None:
    """Whoever writes into the database can claim a check; its signature over these bytes is missing."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await rescue(net)
        db = net["XA"].cw.db
        forged = {"needs_review": False, "reviewed_by": "XA-OFF-002"}
        await db.write(lambda tx: tx.execute(update(desk_schema.waiting).values(forged)))
        assert (await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now)).state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert not await here(net["XB"], sent.id)


async def given(net: Simulator) -> tuple[Submitted, Submitted]:
    """XB has two disclosures that wait in one case, each for its check and its second officer."""
    body = {**emergency_body(net.now), "offences": [KIDNAPPING]}
    sent = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")
    await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now, FINE)
    await net.settle()
    desk, officer = net["XB"].desk, net["XB"].officer
    await net["XB"].acknowledge(sent.id)
    called = {"number": "+999100200", "spoke_with": "OFF-001", "result": "confirmed"}
    await desk.answer(sent.id, "CALLED-BACK", called, officer, net.now)
    gives = {"result": "192.0.2.44", "purpose_limit": "to find the person"}
    narrow = await desk.answer(sent.id, "EXECUTED", gives, officer, net.now, "XB-OFF-002")
    wide = await desk.answer(sent.id, "EXECUTED", {**gives, "result": "everything"}, officer, net.now, "XB-OFF-002")
    return narrow, wide


async def test_a_check_of_other_bytes_releases_nothing(tmp_path: Path) -> None:
    """A true record, moved to another letter of the same case by whoever writes into the database."""
    async with simulated(tmp_path, "XA", "XB") as net:
        narrow, wide = await given(net)
        lawyer = await net["XB"].hire("XB-OFF-003", rights=("review",))
        await net["XB"].desk.review(narrow.id, FINE, lawyer, net.now)
        db, table = net["XB"].cw.db, desk_schema.review
        row = (await db.read(lambda tx: tx.execute(select(table)))).one()
        await db.write(lambda tx: tx.execute(update(table).values(statement_id=wide.id)))
        assert (await net["XB"].desk.approve(wide.id, second(net["XB"]), net.now)).state == "WAITING-FOR-REVIEW"
        copied = {**row._mapping, "id": "copy", "statement_id": wide.id}
        await db.write(lambda tx: tx.execute(insert(table).values(copied)))
        (waits,) = [each for each in (await net["XB"].desk.board("", net.now)).waiting if each.id == wide.id]
        assert not waits.reviewed
        await net.settle()
        assert (await net["XA"].view(row.request_id)).status != "EXECUTED"


async def test_a_check_that_stopped_a_letter_does_not_release_it_when_its_state_is_set_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await rescue(net)
        lawyer = await net["XA"].hire("XA-OFF-003", rights=("review",))
        await net["XA"].desk.review(sent.id, STOP, lawyer, net.now)
        db, table = net["XA"].cw.db, desk_schema.waiting
        await db.write(lambda tx: tx.execute(update(table).values(state="waiting")))
        assert (await net["XA"].desk.approve(sent.id, second(net["XA"]), net.now)).state == "WAITING-FOR-REVIEW"


# --- evidence ---


def reviewed_bundle(data: bytes, change: dict[str, bytes], drop: str = "") -> bytes:
    members = {name: each for name, each in read_bundle(data).items() if not drop or not name.startswith(drop)}
    return write_bundle({**members, **change})


async def test_the_evidence_of_a_state_holds_its_checks_and_a_court_reads_them(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        told = replace(FINE, fields={"authorised_by": "District Court", "date": "2027-03-04"})
        await net["XA"].desk.review(sent.id, told, second(net["XA"]), net.now)
        await net.settle()
        mine = await export(net["XA"].cw, sent.case, net.now)
        report = verify(mine, None)
        assert report.verified, report.problems
        assert [line for line in report.lines if "rights check" in line and "XA-OFF-002" in line]
        assert b"District Court" in read_bundle(mine)["summary.txt"]
        theirs = verify(await export(net["XB"].cw, sent.case, net.now), None)
        assert theirs.verified
        assert [line for line in theirs.missing if "rights check" in line and "rests with XA" in line]


async def test_a_check_by_the_author_or_after_the_sealing_does_not_hold_in_court(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await asked(net)
        await net["XA"].desk.review(sent.id, FINE, second(net["XA"]), net.now)
        await net.settle()
        net.now += timedelta(hours=1)
        data = await export(net["XA"].cw, sent.case, net.now)
        members = read_bundle(data)
        (name,) = [name for name in members if name.startswith("reviews/") and name.endswith("record")]
        true = decode_review(parse(members[name], REVIEW_TYPE).content, net["XA"].cw.net)
        author, lawyer = net["XA"].officer, second(net["XA"])
        forgeries = {
            "author": (replace(true, by=author.number), author, author.certificate),
            "sealed": (replace(true, at=net.now), lawyer, lawyer.certificate),
            "exactly those": (true, author, lawyer.certificate),
        }
        for words, (review, signer, certificate) in forgeries.items():
            signed = sign(REVIEW_TYPE, encode_review(review, net["XA"].cw.net), [signer.key], net["XA"].cw.net)
            folder = f"reviews/{digest(signed.content).hex()}/"
            forged = {f"{folder}record": signed.to_bytes(), f"{folder}certificate-1": certificate}
            report = verify(reviewed_bundle(data, forged, "reviews/"), None)
            assert not report.verified
            assert [each for each in report.problems if words in each], (words, report.problems)


# --- the pure rule ---


def test_markers_alone_count_as_outside_and_beside_a_convention_offence_they_do_not() -> None:
    catalogue = load()
    entry = catalogue["PRES-NEW"]

    def why(*offences: Any) -> Reason | None:
        return check_needed(entry, {"offences": list(offences)}, catalogue.offences, flagged=False)

    assert why("O-07") is None
    assert why("O-13", "O-18", "O-19a") is None
    assert why("O-18") is Reason.OFFENCE
    assert why("O-07", {"code": "O-SC", "maximum_years": 9}) is Reason.OFFENCE
    assert why("O-UN(UNTOC)") is Reason.OFFENCE
    assert why("O-NONE") is Reason.OFFENCE
    assert why("O-7") is why(7) is why({"name": "insult"}) is Reason.OFFENCE


def test_every_type_that_names_offences_stands_under_the_check_and_asks_the_question_on_speech() -> None:
    for entry in load().entries.values():
        if any(field.type is FieldType.OFFENCES for field in entry.fields):
            assert entry.rights_check, entry.code
            assert any(field.name == "speech" for field in entry.fields), entry.code


def test_whatever_hands_over_data_executes_and_stands_under_the_check() -> None:
    for entry in load().entries.values():
        for answer in entry.answers:
            if answer.discloses and entry.rights_check:
                assert answer.executes, f"{entry.code} {answer.code}"


def test_the_ground_of_discrimination_is_open_wherever_a_ground_is() -> None:
    """RG-22 can be switched off nowhere: no type that can be refused leaves it out, in whatever word the extradition's is said."""
    for entry in load().entries.values():
        if not entry.grounds:
            continue
        assert {"RG-22", "RG-37-15"} & {ground.code for ground in entry.grounds}, entry.code
        for answer in entry.answers:
            for field in (each for each in answer.fields if each.type is FieldType.GROUND):
                opened = {choice.code for choice in field.choices if not choice.closed}
                assert {"RG-22", "RG-37-15"} & opened, f"{entry.code} {answer.code}"


def test_no_setting_names_the_check_or_a_ground() -> None:
    def names(model: Any, seen: set[str]) -> set[str]:
        for name, field in getattr(model, "model_fields", {}).items():
            seen.add(name)
            for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
                names(inner, seen)
        return seen

    found = names(NodeSettings, set())
    assert "state" in found
    assert not [
        name for name in found if any(word in name for word in ("review", "right", "ground", "refus", "speech"))
    ]
