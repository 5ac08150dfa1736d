"""Two officers where the catalogue asks for two: who may approve, until when, what makes it stale, and what a crash leaves."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.views import Submitted
from tests.simulator import SimulatedState, Simulator, emergency_body, simulated


async def emergency(net: Simulator, approver: str | None = "XA-OFF-002") -> Submitted:
    return await net["XA"].ask("XB", "EMERG-DATA", "U0", body=emergency_body(net.now), approver=approver)


def second(state: SimulatedState) -> SigningOfficer:
    return state.officers[f"{state.state}-OFF-002"]


CALLED_BACK = {"number": "+999100200", "spoke_with": "OFF-001", "result": "confirmed"}
DISCLOSURE = {"result": "192.0.2.44", "purpose_limit": "to find the person"}


async def approved(net: Simulator) -> Submitted:
    """An emergency request that both officers have signed and that has arrived."""
    waiting = await emergency(net)
    sent = await net["XA"].desk.approve(waiting.id, second(net["XA"]), net.now)
    await net.settle()
    return sent


async def test_nothing_leaves_before_the_second_officer_has_signed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        waiting = await emergency(net)
        assert waiting.state == "WAITING-FOR-APPROVAL"
        await net.pass_time(minutes=10, step_s=300)
        assert await net["XB"].desk.request_view(waiting.id, net.now) is None
        shown = (await net["XA"].desk.board("XA-OFF-002", net.now)).waiting
        assert [(each.by, each.approver, each.kind) for each in shown] == [("XA-OFF-001", "XA-OFF-002", "EMERG-DATA")]
        sent = await net["XA"].desk.approve(waiting.id, second(net["XA"]), net.now)
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"


async def test_an_emergency_without_a_named_second_officer_is_not_even_signed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        with pytest.raises(DraftError) as refused:
            await emergency(net, approver=None)
        assert refused.value.code == "E-SIGNERS"
        with pytest.raises(DraftError) as refused:
            await emergency(net, approver="XA-OFF-001")
        assert refused.value.code == "E-SAME-OFFICER"


async def test_the_officer_who_wrote_it_cannot_approve_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        waiting = await emergency(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.approve(waiting.id, net["XA"].officer, net.now)
        assert refused.value.code == "E-SAME-OFFICER"
        assert (await net["XA"].desk.board("", net.now)).waiting


async def test_only_the_named_officer_can_approve(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        third = await net["XA"].hire("XA-OFF-003")
        waiting = await emergency(net)
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.approve(waiting.id, third, net.now)
        assert refused.value.code == "E-SIGNERS"


async def test_an_officer_without_the_right_cannot_approve(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        clerk = await net["XA"].hire("XA-OFF-003", rights=("send", "answer"))
        waiting = await emergency(net, approver="XA-OFF-003")
        with pytest.raises(NotPermittedError) as refused:
            await net["XA"].desk.approve(waiting.id, clerk, net.now)
        assert refused.value.code == "E-RIGHT"


async def test_an_emergency_that_nobody_approves_lapses_after_an_hour(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        waiting = await emergency(net)
        net.now += timedelta(minutes=59, seconds=59)
        assert (await net["XA"].desk.board("", net.now)).waiting
        net.now += timedelta(seconds=1)
        assert not (await net["XA"].desk.board("", net.now)).waiting
        for _ in range(2):
            with pytest.raises(NotPermittedError):
                await net["XA"].desk.approve(waiting.id, second(net["XA"]), net.now)
        await net.settle()
        assert await net["XB"].desk.request_view(waiting.id, net.now) is None


async def test_two_sessions_that_approve_at_once_send_one_letter(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        waiting = await emergency(net)
        desk, officer = net["XA"].desk, second(net["XA"])
        results = await asyncio.gather(
            *(desk.approve(waiting.id, officer, net.now) for _ in range(3)), return_exceptions=True
        )
        assert sum(isinstance(each, Submitted) for each in results) == 1
        assert sum(isinstance(each, NotPermittedError) for each in results) == 2
        await net.settle()
        case = await net["XB"].desk.case_view(waiting.case, net.now)
        assert [each.id for each in case.statements] == [waiting.id]


async def test_a_disclosure_needs_a_call_back_before_and_two_officers(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await approved(net)
        desk, officer = net["XB"].desk, net["XB"].officer
        await net["XB"].acknowledge(sent.id)
        with pytest.raises(NotPermittedError) as refused:
            await desk.answer(sent.id, "EXECUTED", DISCLOSURE, officer, net.now, "XB-OFF-002")
        assert refused.value.code == "E-MOVE-ILLEGAL"
        await desk.answer(sent.id, "CALLED-BACK", CALLED_BACK, officer, net.now)
        with pytest.raises(DraftError) as lone:
            await desk.answer(sent.id, "EXECUTED", DISCLOSURE, officer, net.now)
        assert lone.value.code == "E-SIGNERS"
        waiting = await desk.answer(sent.id, "EXECUTED", DISCLOSURE, officer, net.now, "XB-OFF-002")
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "CALLED-BACK"
        await desk.approve(waiting.id, second(net["XB"]), net.now)
        await net.settle()
        for state in ("XA", "XB"):
            assert (await net[state].view(sent.id)).status == "EXECUTED"
        said = (await net["XA"].desk.case_view(sent.case, net.now)).statements[-1]
        assert (said.by, said.approver, said.body["result"]) == ("XB-OFF-001", "XB-OFF-002", "192.0.2.44")


async def disclosure_waits(net: Simulator) -> tuple[Submitted, Submitted]:
    sent = await approved(net)
    desk, officer = net["XB"].desk, net["XB"].officer
    await net["XB"].acknowledge(sent.id)
    await desk.answer(sent.id, "CALLED-BACK", CALLED_BACK, officer, net.now)
    return sent, await desk.answer(sent.id, "EXECUTED", DISCLOSURE, officer, net.now, "XB-OFF-002")


async def test_an_approval_whose_case_moved_is_stale_and_must_be_signed_anew(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent, waiting = await disclosure_waits(net)
        desk = net["XB"].desk
        await desk.answer(sent.id, "NEED-INFO", {"fields": ["emergency_facts"]}, net["XB"].officer, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await desk.approve(waiting.id, second(net["XB"]), net.now)
        assert refused.value.code == "E-APPROVAL-STALE"
        board = await desk.board("", net.now)
        assert not board.waiting
        assert [task.code for task in board.tasks].count("E-APPROVAL-STALE") == 1
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "NEED-INFO"
        anew = await desk.answer(sent.id, "EXECUTED", DISCLOSURE, net["XB"].officer, net.now, "XB-OFF-002")
        await desk.approve(anew.id, second(net["XB"]), net.now)
        await net.settle()
        assert (await net["XA"].view(sent.id)).status == "EXECUTED"


async def test_what_the_other_state_says_meanwhile_does_not_make_an_approval_stale(tmp_path: Path) -> None:
    """The words crossed: what the addressee ended stays ended, and both ends see the same."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent, waiting = await disclosure_waits(net)
        await net["XA"].desk.answer(sent.id, "WITHDRAW", {}, net["XA"].officer, net.now)
        await net.settle()
        await net["XB"].desk.approve(waiting.id, second(net["XB"]), net.now)
        await net.settle()
        assert {(await net[state].view(sent.id)).status for state in ("XA", "XB")} == {"EXECUTED"}


class DiedError(Exception):
    """The process is gone."""


async def test_a_crash_in_the_middle_of_an_approval_leaves_all_of_it_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        waiting = await emergency(net)

        async def dies(*_: object, **__: object) -> None:
            raise DiedError

        with monkeypatch.context() as patch:
            patch.setattr("contactpoint.casework.letters.follow", dies)  # after the release, the rows and the outbox
            with pytest.raises(DiedError):
                await net["XA"].desk.approve(waiting.id, second(net["XA"]), net.now)
        await net["XA"].restart()
        await net.settle()
        assert await net["XB"].desk.request_view(waiting.id, net.now) is None
        assert [each.id for each in (await net["XA"].desk.board("", net.now)).waiting] == [waiting.id]
        await net["XA"].desk.approve(waiting.id, second(net["XA"]), net.now)
        await net.settle()
        assert (await net["XB"].view(waiting.id)).level == "received"


async def test_a_draft_that_waits_can_be_read_only_with_the_node_s_secret(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await emergency(net)
        rest = b"".join(path.read_bytes() for path in tmp_path.glob("XA-desk.sqlite3*"))
        assert b"abducted" not in rest
