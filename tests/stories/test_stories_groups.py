"""Four States investigate together (A17): each decides for itself, and who has left hears nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.operation_views import GroupView
from contactpoint.desk.plan import make_plan
from contactpoint.desk.views import Draft
from tests.simulator import Simulator, simulated
from tests.stories.thread_examples import at, case_draft, forced, say

STATES = ("QM", "QN", "QO", "XB")


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with simulated(tmp_path, *STATES, start=at("2027-03-20T09:00")) as made:
        yield made


async def propose(net: Simulator) -> tuple[str, dict[str, str]]:
    """QM asks the three; (operation, request by State)."""
    spread = await net["QM"].desk.joint.submit(case_draft("A17"), net["QM"].officer, net.now)
    await net.settle()
    assert not spread.failed
    return spread.thread, {each.recipient: each.id for each in spread.sent}


async def joined(net: Simulator, *members: str) -> tuple[str, dict[str, str]]:
    thread, asked = await propose(net)
    for state in members:
        await net[state].acknowledge(asked[state])
        await say(net, state, asked[state], "ACCEPTED")
    return thread, asked


async def group(net: Simulator, state: str, thread: str) -> GroupView:
    found = (await net[state].desk.joint.shown(thread, net.now)).group
    assert found is not None
    return found


async def tell(net: Simulator, state: str, thread: str, text: str, *only: str) -> list[str]:
    spread = await net[state].desk.joint.tell(thread, {"text": text}, net[state].officer, net.now, only)
    await net.settle()
    return [each.recipient for each in spread.sent]


async def letters(net: Simulator, state: str, request: str, kind: str) -> list[str]:
    case, _ = await net[state].desk.find_request(request)
    view = await net[state].desk.case_view(case, net.now)
    return [str(each.body.get("text", each.body)) for each in view.statements if each.kind == kind]


async def test_each_state_gets_its_own_case_and_decides_for_itself(net: Simulator) -> None:
    thread, asked = await propose(net)
    assert sorted(asked) == ["QN", "QO", "XB"]
    view = await net["QM"].desk.joint.shown(thread, net.now)
    assert sorted(case.peer for case in view.cases) == ["QN", "QO", "XB"]
    for state, request in asked.items():
        assert [case.requests[0].id for case in (await net[state].desk.joint.shown(thread, net.now)).cases] == [request]
        assert (await net[state].view(request)).level == "received"
    await net["QN"].acknowledge(asked["QN"])
    await say(net, "QN", asked["QN"], "ACCEPTED")
    await say(net, "QO", asked["QO"], "DECLINED", {"reasons": "no resources"})
    standing = {each.state: each.standing for each in (await group(net, "QM", thread)).members}
    assert standing == {"QN": "accepted", "QO": "declined", "XB": "invited"}
    assert (await net["XB"].view(asked["XB"])).status == "OPEN"
    with pytest.raises(NotPermittedError, match="E-MOVE-ILLEGAL"):
        await net["QM"].desk.answer(asked["XB"], "ACCEPTED", {}, net["QM"].officer, net.now)
    await say(net, "QM", asked["XB"], "WITHDRAW")
    assert {each.state: each.standing for each in (await group(net, "QM", thread)).members}["XB"] == "removed"


async def test_a_message_that_nobody_would_get_is_not_said_to_be_sent(net: Simulator) -> None:
    thread, _ = await propose(net)
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await tell(net, "QM", thread, "hello")


async def test_a_message_goes_to_all_who_take_part_and_a_former_member_gets_no_later_one(net: Simulator) -> None:
    thread, asked = await joined(net, "QN", "XB")
    assert await tell(net, "QM", thread, "search on Monday") == ["QN", "XB"]
    assert await letters(net, "QN", asked["QN"], "JIT-NOTE") == ["search on Monday"]
    assert await letters(net, "QO", asked["QO"], "JIT-NOTE") == []
    assert await tell(net, "QN", thread, "server found") == ["QM"]
    assert (await letters(net, "QM", asked["QN"], "JIT-NOTE"))[-1:] == ["server found"]
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await tell(net, "QN", thread, "past the lead", "XB")
    await say(net, "XB", asked["XB"], "LEFT")
    assert await tell(net, "QM", thread, "second") == ["QN"]
    assert await letters(net, "XB", asked["XB"], "JIT-NOTE") == ["search on Monday"]
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await tell(net, "QM", thread, "third", "XB")
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await tell(net, "QM", thread, "third", "QO")


async def test_a_former_members_message_is_refused_at_both_ends(
    net: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, asked = await joined(net, "XB")
    xb = net["XB"]
    before = await make_plan(
        xb.cw, Draft("JIT-NOTE", "", "", {"text": "still here"}, re=asked["XB"]), xb.officer, net.now
    )
    await say(net, "XB", asked["XB"], "LEFT")
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await tell(net, "XB", thread, "still here")
    await forced(net, "XB", before, monkeypatch)
    assert await letters(net, "QM", asked["XB"], "JIT-NOTE") == []
    assert "E-MOVE-ILLEGAL" in [task.code for task in (await net["QM"].desk.board("", net.now)).tasks]


async def test_the_lead_signs_the_list_of_members_anew_after_each_change(net: Simulator) -> None:
    thread, asked = await joined(net, "QN", "XB")
    assert (await group(net, "QM", thread)).stale
    qm = net["QM"]
    first = await qm.desk.joint.announce(thread, qm.officer, net.now)
    await net.settle()
    assert sorted(each.recipient for each in first.sent) == ["QN", "XB"]
    lists = [await letters(net, state, asked[state], "JIT-MEMBERS") for state in ("QN", "XB")]
    assert lists[0] == lists[1] and "QM" in lists[0][0]
    assert not (await group(net, "QM", thread)).stale
    await say(net, "XB", asked["XB"], "LEFT")
    assert (await group(net, "QM", thread)).stale
    await qm.desk.joint.announce(thread, qm.officer, net.now)
    await net.settle()
    seen = await group(net, "QN", thread)
    assert (seen.number, seen.names) == (2, ("QM", "QN"))
    assert (await group(net, "XB", thread)).number == 1, "who has left learns no later list"
    with pytest.raises(NotPermittedError, match="E-NOT-MEMBER"):
        await net["QN"].desk.joint.announce(thread, net["QN"].officer, net.now)
    with pytest.raises(NotPermittedError):
        await net["QN"].desk.answer(
            asked["QN"], "JIT-MEMBERS", {"number": 9, "members": ["QN"]}, net["QN"].officer, net.now
        )


async def test_a_list_of_members_that_is_rolled_back_is_refused(
    net: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, asked = await joined(net, "QN", "XB")
    qm = net["QM"]
    old = {"number": 1, "members": ["QM", "QN", "XB"]}
    again = await make_plan(qm.cw, Draft("JIT-MEMBERS", "", "", old, re=asked["QN"]), qm.officer, net.now)
    for _ in range(2):
        await qm.desk.joint.announce(thread, qm.officer, net.now)
        await net.settle()
    with pytest.raises(NotPermittedError, match="E-ROSTER-OLD"):
        await qm.desk.answer(asked["QN"], "JIT-MEMBERS", old, qm.officer, net.now)
    await forced(net, "QM", again, monkeypatch)
    assert "E-ROSTER-OLD" in [task.code for task in (await net["QN"].desk.board("", net.now)).tasks]
    assert (await group(net, "QN", thread)).number == 2


async def test_a_state_without_a_key_is_named_and_holds_up_nobody(net: Simulator) -> None:
    draft = case_draft("A17", recipients=("QN", "QZ", "XB"))
    spread = await net["QM"].desk.joint.submit(draft, net["QM"].officer, net.now)
    assert sorted(each.recipient for each in spread.sent) == ["QN", "XB"]
    assert [(each.recipient, each.code) for each in spread.failed] == [("QZ", "E-UNKNOWN-STATE")]
    board = await net["QM"].desk.board("", net.now)
    assert [(task.code, task.state) for task in board.tasks] == [("E-UNKNOWN-STATE", "QZ")]


async def test_a_fault_in_the_form_or_a_crash_on_the_way_sends_to_nobody(
    net: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = case_draft("A17", body={**case_draft("A17").body, "purpose": ""})
    with pytest.raises(DraftError, match="E-FIELD-MISSING"):
        await net["QM"].desk.joint.submit(draft, net["QM"].officer, net.now)
    assert (await net["QM"].desk.board("", net.now)).sent == ()
    with pytest.raises(DraftError, match="does not go to all"):
        await net["QM"].desk.joint.submit(case_draft("A17", recipients=("ALL",)), net["QM"].officer, net.now)
    from contactpoint.casework import letters as outgoing

    honest, seen = outgoing._queue, []

    async def breaks(*args: object) -> None:
        seen.append(args)
        if len(seen) == 3:
            raise RuntimeError("the process dies here")
        await honest(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(outgoing, "_queue", breaks)
        with pytest.raises(RuntimeError):
            await net["QM"].desk.joint.submit(case_draft("A17"), net["QM"].officer, net.now)
    await net.settle()
    assert (await net["QM"].desk.board("", net.now)).sent == ()
    assert (await net["QN"].desk.board("", net.now)).unacknowledged == ()


async def test_a_subset_is_what_its_state_gets_and_no_other(net: Simulator) -> None:
    draft = case_draft("A17", subsets={"QO": {"purpose": "server seizure only", "applicable_terms": None}})
    spread = await net["QM"].desk.joint.submit(draft, net["QM"].officer, net.now)
    await net.settle()
    bodies = {}
    for each in spread.sent:
        view = await net[each.recipient].desk.case_view(each.case, net.now)
        bodies[each.recipient] = view.statements[0].body
    assert bodies["QO"]["purpose"] == "server seizure only" and "applicable_terms" not in bodies["QO"]
    assert bodies["QN"]["purpose"] == bodies["XB"]["purpose"] == draft.body["purpose"]


async def test_a_warning_goes_to_every_listed_state_but_the_own(net: Simulator) -> None:
    net.register.suspend("XB", net.now)
    await net.refresh()
    draft = case_draft("A18")
    spread = await net["QN"].desk.joint.submit(draft, net["QN"].officer, net.now)
    assert sorted(each.recipient for each in spread.sent) == ["QM", "QO"]
    assert not spread.failed
