"""The emergency lane (Article 2(o)): call-back, quarantine, classes lowered, requests by telephone, and a ground outside the list.

Longer than four hundred lines: one lane from the telephone to the answer, and what goes wrong on each yard of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contactpoint.desk.bundle import read_bundle
from contactpoint.desk.callback import plain_number
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.evidence import export
from contactpoint.desk.oral import Call
from contactpoint.desk.review import Check
from contactpoint.desk.verify import verify
from contactpoint.desk.views import Submitted, Task
from contactpoint.domain.catalogue import Consequence, load
from contactpoint.store import desk_schema
from tests.domain.filled import filled
from tests.simulator import SimulatedState, Simulator, emergency_body, preservation_body, simulated
from tests.stories.test_stories_attacks import codes, rows
from tests.stories.test_stories_hostile import move

CALLED = {"number": "+999100200", "spoke_with": "OFF-001", "result": "confirmed"}
FAILED = {"number": "+999 100-201", "result": "nobody there knows of it"}
GIVES = {"result": "192.0.2.44", "purpose_limit": "to find the person"}


async def emergency(net: Simulator, **more: Any) -> Submitted:
    """XA's emergency request, approved, and in charge at XB."""
    body = {**emergency_body(net.now), **more}
    waits = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")
    sent = await net["XA"].desk.approve(waits.id, net["XA"].officers["XA-OFF-002"], net.now)
    await net.settle()
    await net["XB"].acknowledge(sent.id)
    await net.settle()
    return sent


async def say(net: Simulator, request: str, kind: str, body: dict[str, Any], approver: str | None = None) -> Submitted:
    """XB's officer says it; the second officer signs too where one is named."""
    state = net["XB"]
    said = await state.desk.answer(request, kind, body, state.officer, net.now, approver)
    if approver is not None:
        said = await state.desk.approve(said.id, state.officers[approver], net.now)
    await net.settle()
    return said


async def tasks(state: SimulatedState, code: str) -> list[Task]:
    return [task for task in (await state.desk.board("", state.net.now)).tasks if task.code == code]


# --- call-back ---


async def test_a_number_from_the_message_is_no_call_back(tmp_path: Path) -> None:
    """The known abuse: the forger's own telephone number stands in the request."""
    async with simulated(tmp_path, "XA", "XB") as net:
        authority = {"organisation": "Police", "officer_ref": "OFF-001", "case_ref": "K-5", "contact": "+999555000"}
        sent = await emergency(net, authority=authority)
        for number in ("+999555000", "999100200", "", "the one in the request"):
            with pytest.raises(DraftError) as refused:
                await say(net, sent.id, "CALLED-BACK", {**CALLED, "number": number})
            assert refused.value.code in ("E-CALL-BACK-NUMBER", "E-FIELD-MISSING")
        assert "+999100200" in str(refused.value) or refused.value.code == "E-CALL-BACK-NUMBER"
        with pytest.raises(NotPermittedError) as early:
            await say(net, sent.id, "EXECUTED", GIVES, "XB-OFF-002")
        assert early.value.code == "E-MOVE-ILLEGAL"


async def test_a_refused_call_back_names_the_right_numbers(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        with pytest.raises(DraftError) as refused:
            await say(net, sent.id, "CALLED-BACK", {**CALLED, "number": "+999555000"})
        (problem,) = refused.value.problems
        assert (problem.field, problem.code) == ("number", "E-CALL-BACK-NUMBER")
        assert "+999100200" in problem.message
        assert "+999100201" in problem.message


async def test_a_number_of_the_directory_is_good_however_it_is_spelled(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await say(net, sent.id, "CALLED-BACK", {**CALLED, "number": "00999 (100) 201"})
        await say(net, sent.id, "EXECUTED", GIVES, "XB-OFF-002")
        assert (await net["XA"].view(sent.id)).status == "EXECUTED"


async def test_no_type_hands_anything_over_in_an_emergency_before_a_number_of_the_directory_was_rung(
    tmp_path: Path,
) -> None:
    """A forger who does not get the data from the emergency type asks for the person, or for the evidence, in the same class."""
    async with simulated(tmp_path, "XA", "XB") as net:
        for kind in ("LOC-SUSP", "EVID-COLL", "MLA-FWD"):
            body = filled(load()[kind], net.now)
            waits = await net["XA"].ask("XB", kind, "U0", body=body, approver="XA-OFF-002")
            sent = await net["XA"].desk.approve(waits.id, net["XA"].officers["XA-OFF-002"], net.now)
            await net.settle()
            await net["XB"].acknowledge(sent.id)
            with pytest.raises(DraftError) as refused:
                await say(net, sent.id, "CALLED-BACK", {**CALLED, "number": "+999555000"})
            assert refused.value.code == "E-CALL-BACK-NUMBER", kind
            with pytest.raises(NotPermittedError):
                await say(net, sent.id, "EXECUTED", {"result": "found"}, "XB-OFF-002")
            await say(net, sent.id, "CALLED-BACK", CALLED)
            assert "EXECUTED" in (await net["XB"].view(sent.id)).permitted, kind


def test_numbers_are_compared_without_what_people_write_between_the_digits() -> None:
    assert plain_number("+999 100-200") == plain_number("00 999/100.200") == "+999100200"
    assert plain_number("999100200") != "+999100200"


# --- quarantine ---


async def test_nothing_is_handed_over_after_a_call_back_that_failed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await say(net, sent.id, "CALLED-BACK", CALLED)
        await say(net, sent.id, "CALL-BACK-FAILED", FAILED)
        for state in ("XA", "XB"):
            assert (await net[state].view(sent.id)).quarantined
        entry = load()["EMERG-DATA"]
        gives = {answer.code for answer in entry.answers if answer.discloses}
        assert gives
        assert not gives & set((await net["XB"].view(sent.id)).permitted)
        with pytest.raises(NotPermittedError):
            await say(net, sent.id, "EXECUTED", GIVES, "XB-OFF-002")
        await move(net, sent.case, "XB", "XA", "EXECUTED", urgency=_u0(), body=GIVES, approver="XB-OFF-002")
        assert (await net["XA"].view(sent.id)).status != "EXECUTED"
        assert await codes(net["XA"])


def _u0() -> Any:
    from contactpoint.domain.values import Urgency

    return Urgency.U0


async def test_a_disclosure_that_waits_for_its_second_officer_does_not_leave_once_the_call_back_failed(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await say(net, sent.id, "CALLED-BACK", CALLED)
        desk, state = net["XB"].desk, net["XB"]
        waits = await desk.answer(sent.id, "EXECUTED", GIVES, state.officer, net.now, "XB-OFF-002")
        await say(net, sent.id, "CALL-BACK-FAILED", FAILED)
        with pytest.raises(NotPermittedError):
            await desk.approve(waits.id, state.officers["XB-OFF-002"], net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).status != "EXECUTED"


async def test_the_quarantine_ends_only_with_a_call_that_succeeds(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await say(net, sent.id, "CALLED-BACK", CALLED)
        await say(net, sent.id, "CALL-BACK-FAILED", FAILED)
        lifts = [a for a in load()["EMERG-DATA"].answers if a.consequence is Consequence.LIFTS_QUARANTINE]
        (code,) = {answer.code for answer in lifts} & set((await net["XB"].view(sent.id)).permitted)
        fields = {field.name: "confirmed after all" for field in lifts[0].fields}
        second = "XB-OFF-002" if lifts[0].signers.value == "two" else None
        with pytest.raises(DraftError) as refused:
            await say(net, sent.id, code, {**fields, "number": "+999555000"}, second)
        assert refused.value.code == "E-CALL-BACK-NUMBER"
        await say(net, sent.id, code, {**fields, "number": "+999100200"}, second)
        assert not (await net["XA"].view(sent.id)).quarantined
        await say(net, sent.id, "EXECUTED", GIVES, "XB-OFF-002")
        assert (await net["XA"].view(sent.id)).status == "EXECUTED"


async def test_everybody_who_answered_the_same_asking_officer_is_told_of_a_failed_call_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        old = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(old.id)
        await say(net, old.id, "NEED-INFO", {"fields": ["facts"]})
        done = {"reference": "P-1"}
        net.now += timedelta(days=30, minutes=1)
        await net.refresh()
        await net.exchange_sheets()
        given = await net["XA"].ask("XB")
        other = await net["XA"].desk.submit(
            _draft(net, "XB", officer_ref="OFF-009"), net["XA"].officers["XA-OFF-002"], net.now
        )
        stranger = await net["XC"].ask("XB")
        await net.settle()
        for request in (given, other, stranger):
            await net["XB"].acknowledge(request.id)
            await say(net, request.id, "EXECUTED", {**done, "preserved_from": f"{net.now:%Y-%m-%d}T12:00Z"})
        other_officer = net["XB"].officers["XB-OFF-002"]
        await net["XB"].desk.answer(old.id, "ACCEPTED", {}, other_officer, net.now)
        sent = await emergency(net)
        await say(net, sent.id, "NEED-INFO", {"fields": ["emergency_facts"]})
        await say(net, sent.id, "CALL-BACK-FAILED", FAILED)
        told = {(task.request, task.text.split()[-3]) for task in await tasks(net["XB"], "W-GIVEN-BEFORE")}
        first, second = "XB-OFF-001:", "XB-OFF-002:"
        assert told == {
            (given.id, first),
            (sent.id, first),
            (old.id, second),
        }  # what OFF-001 said to the old one is too old
        assert [view.suspect for view in map(await _views(net["XB"]), (given.id, other.id, stranger.id, old.id))] == [
            True,
            False,
            False,
            True,
        ]
        (own,) = await tasks(net["XA"], "W-CALL-BACK-FAILED")
        assert own.request == sent.id


def _draft(net: Simulator, to: str, officer_ref: str) -> Any:
    from contactpoint.desk.views import Draft

    body = preservation_body(net.now)
    return Draft("PRES-NEW", to, "U1", {**body, "authority": {**body["authority"], "officer_ref": officer_ref}})


async def _views(state: SimulatedState) -> Any:
    board = await state.desk.board("", state.net.now)
    return {view.id: view for view in (*board.unacknowledged, *board.mine, *board.open, *board.sent)}.__getitem__


async def test_the_state_in_whose_name_it_was_asked_is_written_to_by_its_second_channel(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        state = net["XB"]
        state.cw = replace(state.cw, channels=("console", "smtp"))
        state.desk = type(state.desk)(state.cw)
        sent = await emergency(net)
        await say(net, sent.id, "CALL-BACK-FAILED", FAILED)
        assert [row.channel for row in await rows(state, desk_schema.page) if row.officer == "state:XA"] == ["smtp"]


# --- classes lowered ---


async def test_a_class_is_lowered_with_a_reason_by_a_person_and_both_desks_go_by_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        before = await _decision(net["XB"], sent.id)
        with pytest.raises(DraftError):
            await say(net, sent.id, "CLASS-LOWERED", {"class": "U3"})
        await say(net, sent.id, "CLASS-LOWERED", {"class": "U3", "reason": "the lease was prolonged"})
        for state in ("XA", "XB"):
            view = await net[state].view(sent.id)
            assert (view.urgency, view.lowered_to) == ("U1", "U3")
            assert await _decision(net[state], sent.id) - before == timedelta(days=7) - timedelta(hours=8)
        assert [task.request for task in await tasks(net["XA"], "W-CLASS-LOWERED")] == [sent.id]
        await net.pass_time(hours=9, step_s=1800)
        assert "lapsed" not in await net["XB"].levels(sent.id)
        report = verify(await export(net["XB"].cw, sent.case, net.now), None)
        assert report.verified, report.problems


async def _decision(state: SimulatedState, request: str) -> datetime:
    return next(each.due for each in (await state.view(request)).deadlines if each.level == "answered")


async def test_a_lapse_that_was_signed_before_the_class_was_lowered_stays_true(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        await net.pass_time(hours=9, step_s=1800)
        assert "lapsed" in await net["XB"].levels(sent.id)
        await say(net, sent.id, "CLASS-LOWERED", {"class": "U2", "reason": "the lease was prolonged"})
        bundle = await export(net["XB"].cw, sent.case, net.now)
        assert verify(bundle, None).verified
        # An export leaves out what makes the rest false: here nothing does.
        kept = [name for name in read_bundle(bundle) if name.startswith("slips/")]
        assert len(kept) == len(await rows(net["XB"], desk_schema.fact))


async def test_the_board_puts_a_lowered_request_behind_those_that_are_more_urgent(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        first, second = await net["XA"].ask("XB"), await net["XA"].ask("XB", urgency="U2")
        await net.settle()
        for sent in (first, second):
            await net["XB"].acknowledge(sent.id)
        assert [view.id for view in (await net["XB"].desk.board("XB-OFF-001", net.now)).mine] == [first.id, second.id]
        await say(net, first.id, "CLASS-LOWERED", {"class": "U3", "reason": "the lease was prolonged"})
        assert [view.id for view in (await net["XB"].desk.board("XB-OFF-001", net.now)).mine] == [second.id, first.id]


async def test_how_many_were_lowered_is_counted_by_state_and_class(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        lowered, _ = await net["XA"].ask("XB"), await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(lowered.id)
        await say(net, lowered.id, "CLASS-LOWERED", {"class": "U2", "reason": "the lease was prolonged"})
        day = timedelta(days=1)
        counted = (await net["XB"].desk.figures(net.now - day, net.now + day)).counted
        assert [(row.asking, row.urgency, row.requests) for row in counted.rows] == [("XA", "U1", 2)]
        assert [(each.urgency, each.asked, each.lowered) for each in counted.classes if each.asked] == [("U1", 2, 1)]


# --- by telephone ---

CALL = Call(
    "duty officer of XA", "+999555111", datetime(2027, 3, 4, 12, 55, tzinfo=UTC), "a server is to be kept", "+999100200"
)


async def test_a_request_by_telephone_is_closed_by_the_letter_that_names_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        note = await net["XB"].desk.log_oral("XA", CALL, net["XB"].officer, net.now)
        assert [each.id for each in (await net["XB"].desk.board("", net.now)).oral] == [note]
        assert await tasks(net["XB"], "W-ORAL")
        told = {"said_at": "2027-03-04T12:55Z", "spoke_with": "XB-OFF-001", "reference": note[:13]}
        await net["XC"].ask("XB", body={**preservation_body(net.now), "oral": told})
        await net.settle()
        assert (await net["XB"].desk.board("", net.now)).oral
        await net["XA"].ask("XB", body={**preservation_body(net.now), "oral": told})
        await net.settle()
        assert not (await net["XB"].desk.board("", net.now)).oral
        assert not await tasks(net["XB"], "W-ORAL")


async def test_a_call_that_no_letter_confirms_within_a_day_is_told_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XB"].desk.log_oral("XA", CALL, net["XB"].officer, net.now)
        net.now = CALL.called_at + timedelta(hours=24) - timedelta(milliseconds=1)
        await net.settle()
        assert not await tasks(net["XB"], "W-ORAL-UNCONFIRMED")
        net.now += timedelta(milliseconds=1)
        await net.settle()
        (task,) = await tasks(net["XB"], "W-ORAL-UNCONFIRMED")
        await net["XB"].desk.task_done(task.id, "XB-OFF-001", net.now)
        await net.pass_time(hours=1, step_s=1800)
        assert not await tasks(net["XB"], "W-ORAL-UNCONFIRMED")


async def test_an_officer_says_which_letter_confirms_a_call_and_it_must_be_of_that_state(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        desk, officer = net["XB"].desk, net["XB"].officer
        note = await desk.log_oral("XA", CALL, officer, net.now)
        own, other = await net["XA"].ask("XB"), await net["XC"].ask("XB")
        await net.settle()
        with pytest.raises(NotPermittedError) as refused:
            await desk.confirm_oral(note, other.id, officer, net.now)
        assert refused.value.code == "E-NOT-FOR-US"
        assert await desk.confirm_oral(note, own.id, officer, net.now) == own.id
        with pytest.raises(NotPermittedError):
            await desk.confirm_oral(note, own.id, officer, net.now)


async def test_a_call_is_rung_back_at_a_number_of_the_directory_and_rests_sealed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        desk, officer = net["XB"].desk, net["XB"].officer
        with pytest.raises(DraftError) as refused:
            await desk.log_oral("XA", replace(CALL, called_back=CALL.from_number), officer, net.now)
        assert refused.value.code == "E-CALL-BACK-NUMBER"
        with pytest.raises(DraftError):
            await desk.log_oral("XA", replace(CALL, asked=" "), officer, net.now)
        await desk.log_oral("XA", CALL, officer, net.now)
        rest = b"".join(path.read_bytes() for path in tmp_path.glob("XB-desk.sqlite3*"))
        assert b"server is to be kept" not in rest


# --- a ground outside the list ---

CLOSED = {"ground": "RG-36", "reasons": "the data would go to a third State"}
OVERRIDE: dict[str, Any] = {
    **CLOSED,
    "override": {"text": "a court of ours has forbidden it", "supervisor": "XB-OFF-001"},
}


async def preservation(net: Simulator) -> Submitted:
    sent = await net["XA"].ask("XB")
    await net.settle()
    await net["XB"].acknowledge(sent.id)
    await net.settle()
    return sent


async def test_a_ground_that_the_type_does_not_open_cannot_be_given(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        with pytest.raises(DraftError) as refused:
            await say(net, sent.id, "REFUSED", CLOSED)
        assert refused.value.code == "E-GROUND-CLOSED"


async def test_a_supervisor_s_override_leaves_and_the_other_side_is_told_of_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        assert (await say(net, sent.id, "REFUSED", OVERRIDE)).state == "QUEUED"
        assert (await net["XA"].view(sent.id)).status == "REFUSED"
        assert [task.request for task in await tasks(net["XA"], "W-OVERRIDE")] == [sent.id]
        assert not await tasks(net["XB"], "W-OVERRIDE")


async def test_a_supervisor_who_did_not_act_cannot_be_named_for_an_override(tmp_path: Path) -> None:
    """The other State reads the number of who answers for it."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        state, body = net["XB"], {**OVERRIDE, "override": {**OVERRIDE["override"], "supervisor": "XB-OFF-002"}}
        waits = await state.desk.answer(sent.id, "REFUSED", body, state.officer, net.now)
        assert waits.state == "WAITING-FOR-REVIEW"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "ACKNOWLEDGED"


async def test_an_officer_who_is_no_supervisor_needs_one_for_an_override(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        state = net["XB"]
        clerk = await state.hire("XB-OFF-003", rights=("answer",))
        lawyer = await state.hire("XB-OFF-004", rights=("review", "approve"))
        waits = await state.desk.answer(sent.id, "REFUSED", OVERRIDE, clerk, net.now)
        assert waits.state == "WAITING-FOR-REVIEW"
        with pytest.raises(NotPermittedError) as refused:
            await state.desk.review(waits.id, Check("note", "I am no supervisor."), lawyer, net.now)
        assert refused.value.code == "E-RIGHT"
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "ACKNOWLEDGED"
        other = state.officers["XB-OFF-002"]
        with pytest.raises(NotPermittedError) as another:
            await state.desk.review(waits.id, Check("note", "I am not the one who is named."), other, net.now)
        assert another.value.code == "E-SIGNERS"
        await state.desk.review(waits.id, Check("note", "The court's order binds us."), state.officer, net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "REFUSED"


@pytest.mark.parametrize("body", [CLOSED, {**OVERRIDE, "ground": "RG-BANK"}, {**OVERRIDE, "ground": "RG-FISCAL"}])
async def test_a_forged_refusal_from_another_product_is_rejected_with_a_code_and_kept(
    tmp_path: Path, body: dict[str, Any]
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        said = await move(net, sent.case, "XB", "XA", "REFUSED", body=body)
        wanted = "E-GROUND-CLOSED" if "override" not in body else "E-GROUND-NEVER"
        assert wanted in await codes(net["XA"])
        assert (await net["XA"].view(sent.id)).status == "ACKNOWLEDGED"
        slips = [row for row in await rows(net["XA"], desk_schema.fact) if row.statement_id == said]
        assert ("rejected", wanted) in {(row.level, row.note) for row in slips}
        assert wanted in {row.code for row in await rows(net["XA"], desk_schema.set_aside)}


@pytest.mark.parametrize("ground", ["RG-BANK", "RG-FISCAL"])
async def test_a_forbidden_ground_cannot_be_said_here_even_by_a_supervisor(tmp_path: Path, ground: str) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await preservation(net)
        with pytest.raises((DraftError, NotPermittedError)):
            await say(net, sent.id, "REFUSED", {**OVERRIDE, "ground": ground})
        assert (await net["XA"].view(sent.id)).status == "ACKNOWLEDGED"
