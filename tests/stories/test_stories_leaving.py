"""An officer leaves, or his key is stolen: access ends at once, and no case is left without somebody who has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactpoint.casework.errors import LockedError
from contactpoint.casework.plans import Plan, PlanKind, plans_in_use, save_plan
from contactpoint.casework.rungs import ON_DUTY, people_now
from contactpoint.desk.errors import NotFoundError, NotPermittedError, SecretError
from contactpoint.desk.leaving import ON_ITS_WAY, REVOCATION, leave
from contactpoint.desk.officers import make_key
from contactpoint.desk.views import Draft
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
from contactpoint.domain.rota import Rota, Rotation, Unit
from contactpoint.store.desk_schema import journal
from contactpoint.store.rows_desk import settings_under
from contactpoint.store.rows_people import update_officer
from directory.documents import Revocation, read_object
from tests.fixtures.databases import PostgresServer
from tests.simulator import SimulatedState, Simulator, emergency_body, preservation_body, simulated
from tests.stories.test_stories_handover import ONE, TWO, holders, taken

SECRET = "lantern over the harbour"


def codes(board: Any) -> list[str]:
    return sorted(task.code for task in board.tasks)


async def test_the_cases_of_an_officer_who_is_locked_go_to_who_is_on_duty_who_is_rung_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 2)
        before = len(xb.telephone.notices)
        left = await leave(xb.cw, ONE, False, net.now)
        assert sorted(left.moved) == [(each, TWO) for each in sent]
        assert await holders(xb, sent) == [TWO, TWO]
        await net.pass_time(minutes=5)
        assert len(xb.telephone.notices) == before + 2, "once for each case, and not again"
        pages = [page for each in sent for page in await xb.desk.pages(each) if page.rung < -100]
        assert [(page.officer, page.state) for page in pages] == [(TWO, "delivered")] * 2
        board = await xb.desk.board(TWO, net.now)
        assert {each.id for each in board.mine} == set(sent)
        assert codes(board).count("W-LEFT") == 2


async def test_the_rota_says_who_is_on_duty_at_the_instant_of_the_lock(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await xb.hire("XB-OFF-003")
        anchor = (net.now - timedelta(days=1)).replace(tzinfo=None)
        days = Rotation("UTC", anchor, Unit.DAY, 1, (ONE, TWO, "XB-OFF-003"))
        await xb.desk.rota.save("desk", Rota("desk", "UTC", (days,)).to_plain(), 0, xb.officers[ONE], net.now)
        policy = EscalationPolicy(0, (Rung((Target(Who.DUTY, "desk"),), ("console",), 600, "duty officer"),)).content()
        version = {each.kind: each.version for each in await plans(xb)}.get(PlanKind.POLICY, 0)
        await xb.cw.db.write(
            lambda tx: save_plan(tx, xb.cw, PlanKind.POLICY, "desk", policy, version, xb.officers[ONE], net.now)
        )
        sent = await taken(net, 1)
        assert (await leave(xb.cw, ONE, False, net.now)).moved == ((sent[0], TWO),)
        net.now += timedelta(days=1) - timedelta(milliseconds=1)
        assert await on_duty_now(xb, net) == [TWO]
        net.now += timedelta(milliseconds=1)
        left = await leave(xb.cw, TWO, False, net.now)
        assert left.moved == ((sent[0], "XB-OFF-003"),)
        assert left.plans == ("rota desk",), "the keeper is told that the rota still names who has left"
        assert codes(await xb.desk.board("", net.now)).count("W-LEFT") == 2, "each time it changed hands"


async def plans(xb: SimulatedState) -> list[Plan]:
    return list(await xb.cw.db.read(lambda tx: plans_in_use(tx, xb.cw, PlanKind.POLICY)))


async def on_duty_now(xb: SimulatedState, net: Simulator) -> list[str]:
    people = await xb.cw.db.read(lambda tx: people_now(tx, xb.cw, (ON_DUTY,), net.now))
    return [number for number, _ in people]


async def test_a_case_that_was_answered_before_stays_with_who_answered_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        await xb.desk.answer(sent[0], "REFUSED", {"ground": "RG-22", "reasons": "x"}, xb.officers[ONE], net.now)
        left = await leave(xb.cw, ONE, False, net.now)
        assert (left.moved, await holders(xb, sent)) == ((), [ONE])


async def test_where_nobody_can_be_called_the_case_is_an_alarm_and_not_a_silence(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await leave(xb.cw, TWO, False, net.now)
        sent = await taken(net, 1)
        left = await leave(xb.cw, ONE, False, net.now)
        assert left.moved == ((sent[0], ""),)
        assert "W-NO-HOLDER" in codes(await xb.desk.board("", net.now))


async def test_a_request_that_was_ringing_for_the_officer_alone_rings_for_who_is_on_duty_at_once(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert [page.officer for page in await xb.desk.pages(sent.id)] == [ONE]
        await leave(xb.cw, ONE, False, net.now)
        await net.settle()
        assert [page.officer for page in await xb.desk.pages(sent.id) if page.rung < 0] == [TWO]
        await net.pass_time(minutes=45)
        rung = [page for page in await xb.desk.pages(sent.id) if page.officer == ONE and page.state == "due"]
        assert rung == [], "nothing waits to be sent to who has left"


async def test_a_notice_that_had_not_gone_out_does_not_go_to_who_is_locked(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        xb.unwatched = True
        sent = await net["XA"].ask("XB")
        await net.settle()
        await leave(xb.cw, ONE, False, net.now)
        states = {page.officer: page.state for page in await xb.desk.pages(sent.id)}
        assert states == {ONE: "cancelled", TWO: "due"}


async def test_open_hand_overs_end_with_either_officer_and_are_on_the_board(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await taken(net, 1)
        third = await xb.hire("XB-OFF-003")
        given = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        coming = await xb.desk.shift.offer(ONE, None, third, net.now)
        left = await leave(xb.cw, ONE, False, net.now)
        assert set(left.handovers) == {given.id, coming.id}
        assert {(await xb.desk.shift.shown(each, net.now)).state for each in left.handovers} == {"void"}
        assert codes(await xb.desk.board(TWO, net.now)).count("W-HANDOVER-VOID") == 2


async def test_a_letter_that_the_officer_alone_could_release_is_a_draft_again(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        body = emergency_body(net.now)
        waiting = await xa.ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")
        left = await leave(xa.cw, "XA-OFF-002", False, net.now)
        assert left.letters == (waiting.id,)
        board = await xa.desk.board("XA-OFF-001", net.now)
        assert board.waiting == ()
        assert "W-LEFT-WAITING" in codes(board)


async def test_a_letter_that_the_officer_signed_before_the_lock_is_not_released_after_it(tmp_path: Path) -> None:
    """The attack: a letter signed with a stolen secret waits, and an honest colleague approves what waits."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xa = net["XA"]
        body = emergency_body(net.now)
        waiting = await xa.ask("XB", "EMERG-DATA", "U0", body=body, approver="XA-OFF-002")
        await leave(xa.cw, "XA-OFF-001", True, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await xa.desk.approve(waiting.id, xa.officers["XA-OFF-002"], net.now)
        assert refused.value.code == "E-APPROVED"
        await net.settle()
        assert await net["XB"].desk.request_view(waiting.id, net.now) is None


async def test_rotas_and_policies_that_still_name_the_officer_are_told_to_their_keeper(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        xb = net["XB"]

        async def save(tx: Any) -> None:
            for name, content in (("night", {"officers": [TWO, ONE]}), ("day", {"officers": [TWO]})):
                await save_plan(tx, xb.cw, PlanKind.ROTA, name, content, 0, xb.officers[TWO], net.now)

        await xb.cw.db.write(save)
        left = await leave(xb.cw, ONE, False, net.now)
        assert set(left.plans) == {"rota night", "policy desk"}
        assert codes(await xb.desk.board(TWO, net.now)).count("W-LEFT-PLAN") == 2


# --- what somebody does who is locked ---


async def _signed_in(xb: SimulatedState, net: Simulator) -> tuple[str, bytes]:
    """A real session with a running shift of the first officer, opened by a one-time link and a secret."""
    key = await make_key(SECRET, net.random)

    async def reseal(tx: Any) -> None:
        await update_officer(tx, ONE, {"sealed_key": key.sealed, "public_key": key.public, "certificate": None})

    await xb.cw.db.write(reseal)
    token = await xb.desk.one_time_link(ONE, net.now)
    assert await xb.desk.set_password(token, "plain words at night", net.now) == ONE
    session = await xb.desk.open_session(ONE, net.now)
    return session, await xb.desk.start_shift(session, ONE, SECRET, net.now)


async def test_the_session_the_shift_the_password_and_the_link_of_a_locked_officer_open_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        xb = net["XB"]
        session, cookie = await _signed_in(xb, net)
        link = await xb.desk.one_time_link(ONE, net.now)
        assert await xb.desk.session_officer(session, net.now) == ONE
        assert await xb.desk.shift_key(session, cookie, net.now) is not None
        await leave(xb.cw, ONE, False, net.now)
        assert await xb.desk.session_officer(session, net.now) is None
        assert await xb.desk.shift_key(session, cookie, net.now) is None
        assert await xb.desk.check_password(ONE, "plain words at night", net.now) is False
        assert await xb.desk.link_officer(link, net.now) is None
        with pytest.raises(SecretError):
            await xb.desk.set_password(link, "other words at night", net.now)
        with pytest.raises(NotPermittedError):
            await xb.desk.one_time_link(ONE, net.now)
        with pytest.raises(NotPermittedError):
            await xb.desk.unseal(ONE, SECRET, net.now)


async def test_a_password_checked_a_moment_before_the_lock_opens_no_session_after_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        xb = net["XB"]
        await _signed_in(xb, net)
        assert await xb.desk.check_password(ONE, "plain words at night", net.now)
        await leave(xb.cw, ONE, False, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.open_session(ONE, net.now)
        assert refused.value.code == "E-LOCKED"


Act = Callable[[SimulatedState, Simulator, str], Any]
ACTS: dict[str, Act] = {
    "acknowledges": lambda xb, net, request: xb.desk.acknowledge(request, ONE, xb.officers[ONE], net.now),
    "acknowledges without a key": lambda xb, net, request: xb.desk.acknowledge(request, ONE, None, net.now),
    "sends": lambda xb, net, request: xb.ask("XA"),
    "sends to several": lambda xb, net, request: xb.desk.joint.submit(
        Draft("PRES-NEW", "", "U1", preservation_body(net.now), recipients=("XA",)), xb.officers[ONE], net.now
    ),
    "writes an emergency": lambda xb, net, request: xb.ask(
        "XA", "EMERG-DATA", "U0", body=emergency_body(net.now), approver=TWO
    ),
    "offers his cases": lambda xb, net, request: xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now),
}


@pytest.mark.parametrize("act", ACTS)
async def test_a_key_that_was_opened_before_the_lock_signs_nothing_after_it(tmp_path: Path, act: str) -> None:
    """The page was open, the key was in memory; the lock came between the press of the button and the transaction."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await net["XA"].ask("XB")
        await net.settle()
        await leave(xb.cw, ONE, False, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await ACTS[act](xb, net, sent.id)
        assert refused.value.code == "E-LOCKED"
        view = await xb.view(sent.id)
        assert (view.acknowledged_by, view.holder, view.rings) == ("", "", True)
        assert (await xb.desk.board(TWO, net.now)).waiting == ()


async def test_a_locked_officer_saves_no_rota(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        xb = net["XB"]
        await leave(xb.cw, ONE, False, net.now)
        with pytest.raises(LockedError):
            await xb.cw.db.write(
                lambda tx: save_plan(tx, xb.cw, PlanKind.ROTA, "night", {}, 0, xb.officers[ONE], net.now)
            )


async def test_the_end_of_the_key_is_signed_for_the_register_and_other_states_take_nothing_more(tmp_path: Path) -> None:
    """A certificate lives for up to 31 days; whoever has the key and another way into the network signs with it until then."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        thief = xb.officers[ONE]
        await leave(xb.cw, ONE, True, net.now)
        ends = await xb.cw.db.read(lambda tx: settings_under(tx, REVOCATION))
        document, _ = read_object(ends[REVOCATION + thief.key.public.id.hex()], Revocation.TYPE)
        assert isinstance(document, Revocation)
        assert (document.state, document.key, document.reason) == ("XB", thief.key.public.id, "compromised")
        assert document.invalid_after == net.now
        # The register takes it under its own rules: the station ends an officer's key.
        net.register.submit(ends[REVOCATION + thief.key.public.id.hex()])
        await net.refresh()
        assert net["XA"].cw.register.ended("XB", thief.key.public.id, net.now + timedelta(milliseconds=1))


async def test_who_only_leaves_has_a_day_for_letters_that_are_on_their_way(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        key = xb.officers[ONE].key.public.id
        sent = await net["XA"].ask("XB")
        await net.settle()
        net.weather.cut.add("XB")
        await xb.acknowledge(sent.id)
        await leave(xb.cw, ONE, False, net.now)
        net.register.submit((await xb.cw.db.read(lambda tx: settings_under(tx, REVOCATION)))[REVOCATION + key.hex()])
        await net.refresh()
        await net.pass_time(minutes=3)
        net.weather.calm()
        await net.pass_time(minutes=3)
        assert (await net["XA"].view(sent.id)).level == "acknowledged", (
            "the last thing that the officer did still counts"
        )
        register = net["XA"].cw.register
        assert register.ended("XB", key, net.now + ON_ITS_WAY)


async def test_locking_twice_moves_nothing_twice_and_nobody_is_not_an_officer(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        await leave(xb.cw, ONE, False, net.now)
        assert (await leave(xb.cw, ONE, False, net.now)).moved == ()
        assert await holders(xb, sent) == [TWO]
        with pytest.raises(NotFoundError):
            await leave(xb.cw, "XB-OFF-999", False, net.now)
        events = await xb.cw.db.read(lambda tx: _events(tx))
        assert f"holder {ONE} > {TWO}" in events


async def _events(tx: Any) -> list[str]:
    return [row.event for row in (await tx.execute(select(journal.entries.c.event))).all()]


async def _race(net: Simulator) -> None:
    """He acknowledges and takes a hand-over while he is being locked: whatever is first, every case has somebody."""
    xb = net["XB"]
    third = await xb.hire("XB-OFF-003")
    sent = [(await net["XA"].ask("XB")).id for _ in range(3)]
    await net.settle()
    for each in sent[:1]:
        await xb.desk.acknowledge(each, "XB-OFF-003", third, net.now)
    offered = await xb.desk.shift.offer(ONE, None, third, net.now)
    results = await asyncio.gather(
        *(xb.desk.acknowledge(each, ONE, xb.officers[ONE], net.now) for each in sent[1:]),
        xb.desk.shift.accept(offered.id, (), xb.officers[ONE], net.now),
        leave(xb.cw, ONE, False, net.now),
        return_exceptions=True,
    )
    assert all(isinstance(each, NotPermittedError) for each in results if isinstance(each, Exception)), results
    for each in sent:
        view = await xb.view(each)
        if view.acknowledged_by:
            assert view.holder in (TWO, "XB-OFF-003"), (view.holder, results)
        else:
            assert (view.rings, view.holder) == (True, "")


@pytest.mark.parametrize("seed", range(2))
async def test_no_case_is_without_a_holder_when_he_acknowledges_while_he_is_locked(tmp_path: Path, seed: int) -> None:
    async with simulated(tmp_path, "XA", "XB", seed=seed) as net:
        await _race(net)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(2))
async def test_no_case_is_without_a_holder_when_he_acknowledges_while_he_is_locked_on_postgresql(
    tmp_path: Path, seed: int, postgres_server: PostgresServer
) -> None:
    async with simulated(
        tmp_path, "XA", "XB", seed=seed, url=lambda name: postgres_server.url(postgres_server.create_database())
    ) as net:
        await _race(net)
