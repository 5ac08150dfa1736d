"""Hand-over of a shift between two officers: what each signs, what moves, and what somebody would get moved who may not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.leaving import leave
from contactpoint.domain.handover import OFFER_LIFE
from contactpoint.store.desk_schema import handover, journal
from keys.cbor import decode
from keys.signed import parse
from tests.fixtures.databases import PostgresServer
from tests.simulator import SimulatedState, Simulator, simulated

ONE, TWO = "XB-OFF-001", "XB-OFF-002"


async def taken(net: Simulator, count: int) -> list[str]:
    """So many requests that XB's first officer has."""
    sent = [(await net["XA"].ask("XB")).id for _ in range(count)]
    await net.settle()
    for each in sent:
        await net["XB"].acknowledge(each)
    await net.settle()
    return sorted(sent)  # of one instant: in the order of their ids


async def holders(state: SimulatedState, requests: list[str]) -> list[str]:
    return [(await state.view(each)).holder for each in requests]


async def test_every_case_of_an_accepted_hand_over_names_its_new_holder(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 3)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        assert ([line.request for line in offered.lines], offered.state) == (sent, "offered")
        assert all(line.due is not None and line.level == "acknowledged" for line in offered.lines)
        assert await holders(xb, sent) == [ONE] * 3, "an offer alone moves nothing"
        done = await xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now)
        assert (done.state, [line.taken for line in done.lines]) == ("accepted", [True] * 3)
        assert await holders(xb, sent) == [TWO] * 3
        board = await xb.desk.board(TWO, net.now)
        assert {each.id for each in board.mine} == set(sent)
        assert (await xb.desk.board(ONE, net.now)).mine == ()
        assert await holders(net["XA"], sent) == [""] * 3, "the other State sees nothing of it"
        assert not [task for task in board.tasks if task.code == "W-HANDOVER"], "the offer waits for nobody any more"


async def test_both_officers_sign_and_the_second_signature_names_the_first_ones_bytes(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 2)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        await xb.desk.shift.accept(offered.id, sent[:1], xb.officers[TWO], net.now)
        row: Any = await xb.cw.db.read(lambda tx: _one(tx, select(handover)))
        offer, accepted = parse(row.offered, "handover"), parse(row.accepted, "handover-accepted")
        assert offer.signers == (xb.officers[ONE].key.public.id,)
        assert accepted.signers == (xb.officers[TWO].key.public.id,)
        said: Any = decode(accepted.content)
        assert (said["offer"], said["taken"], said["refused"]) == (offer.digest, sent[1:], sent[:1])
        events = await xb.cw.db.read(lambda tx: _all(tx, select(journal.entries.c.event, journal.entries.c.digest)))
        told = {event: digest for event, digest in events if event.startswith(("hand-over", "holder"))}
        assert told == {
            f"hand-over offered {ONE} {TWO}": offer.digest,
            f"hand-over accepted {ONE} {TWO}": accepted.digest,
            f"holder {ONE} > {TWO}": accepted.digest,
        }


async def test_a_single_case_is_refused_and_stays_where_it_was(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 2)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        done = await xb.desk.shift.accept(offered.id, [sent[0]], xb.officers[TWO], net.now)
        assert [line.taken for line in done.lines] == [False, True]
        assert await holders(xb, sent) == [ONE, TWO]
        tasks = (await xb.desk.board(ONE, net.now)).tasks
        assert [task.request for task in tasks if task.code == "W-HANDOVER-REFUSED"] == [sent[0]]


async def test_who_refuses_every_case_has_refused_the_hand_over(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        done = await xb.desk.shift.accept(offered.id, sent, xb.officers[TWO], net.now)
        assert (done.state, await holders(xb, sent)) == ("refused", [ONE])


async def test_a_case_that_came_between_the_two_signatures_is_handed_over_by_neither_and_rings(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        before = len(xb.telephone.notices)
        late = (await net["XA"].ask("XB")).id
        await net.settle()
        done = await xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now)
        assert [line.request for line in done.lines] == sent
        assert ((await xb.view(late)).rings, (await xb.view(late)).holder) == (True, "")
        assert len(xb.telephone.notices) == before + 1, "it rang for who is on duty"


async def test_what_ended_or_went_elsewhere_between_the_signatures_does_not_move(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        third = await xb.hire("XB-OFF-003")
        sent = await taken(net, 3)
        to_two = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        to_three = await xb.desk.shift.offer("XB-OFF-003", [sent[0]], xb.officers[ONE], net.now)
        await xb.desk.shift.accept(to_three.id, (), third, net.now)
        refusal = {"ground": "RG-22", "reasons": "not possible here"}
        await xb.desk.answer(sent[1], "REFUSED", refusal, xb.officers[ONE], net.now)
        done = await xb.desk.shift.accept(to_two.id, (), xb.officers[TWO], net.now)
        assert await holders(xb, sent) == ["XB-OFF-003", ONE, TWO]
        assert [line.ended for line in done.lines] == [False, True, False]


async def test_only_the_officer_who_is_named_takes_it_and_nobody_for_himself(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        third = await xb.hire("XB-OFF-003")
        await taken(net, 1)
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.offer(ONE, None, xb.officers[ONE], net.now)
        assert refused.value.code == "E-SAME-OFFICER"
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        for other in (third, xb.officers[ONE]):
            with pytest.raises(NotPermittedError) as refused:
                await xb.desk.shift.accept(offered.id, (), other, net.now)
            assert refused.value.code == "E-SIGNERS"
        with pytest.raises(NotPermittedError):
            await xb.desk.shift.withdraw(offered.id, TWO, net.now)
        await xb.hire("XB-OFF-004", ("send",))
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.offer("XB-OFF-004", None, xb.officers[ONE], net.now)
        assert refused.value.code == "E-RIGHT"
        with pytest.raises(NotFoundError):
            await xb.desk.shift.offer("XB-OFF-999", None, xb.officers[ONE], net.now)


async def test_a_case_of_somebody_else_cannot_be_offered(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        third = await xb.hire("XB-OFF-003")
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.offer(TWO, sent, third, net.now)
        assert refused.value.code == "E-HANDOVER"


async def test_what_was_not_offered_cannot_be_refused_as_if_it_had_been_read_out(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 2)
        offered = await xb.desk.shift.offer(TWO, sent[:1], xb.officers[ONE], net.now)
        with pytest.raises(NotPermittedError):
            await xb.desk.shift.accept(offered.id, sent[1:], xb.officers[TWO], net.now)


async def test_an_offer_is_good_at_1_59_59_and_lapses_at_2_00(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 1)
        first = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        last = net.now + OFFER_LIFE
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.accept(first.id, (), xb.officers[TWO], last)
        assert refused.value.code == "E-APPROVAL-STALE"
        assert (await xb.desk.shift.shown(first.id, last)).state == "lapsed"
        done = await xb.desk.shift.accept(first.id, (), xb.officers[TWO], last - timedelta(seconds=1))
        assert (done.state, await holders(xb, sent)) == ("accepted", [TWO])


async def test_two_acceptances_at_once_move_the_cases_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        sent = await taken(net, 2)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        both = [xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now) for _ in range(2)]
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sum(isinstance(each, NotPermittedError) for each in results) == 1
        assert await holders(xb, sent) == [TWO, TWO]


@pytest.mark.postgres
async def test_an_acceptance_and_the_lock_of_the_giver_at_once_leave_no_case_behind_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """Both hold rows that the other wants: in another order they would wait for each other for ever."""
    async with simulated(
        tmp_path, "XA", "XB", url=lambda name: postgres_server.url(postgres_server.create_database())
    ) as net:
        xb = net["XB"]
        await xb.hire("XB-OFF-003")
        for round_ in range(3):
            giver = await xb.hire(f"XB-OFF-01{round_}")
            sent = [(await net["XA"].ask("XB")).id for _ in range(3)]
            await net.settle()
            for each in sent:
                await xb.desk.acknowledge(each, giver.number, giver, net.now)
            offered = await xb.desk.shift.offer(TWO, None, giver, net.now)
            results = await asyncio.gather(
                xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now),
                xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now),
                leave(xb.cw, giver.number, False, net.now),
                return_exceptions=True,
            )
            refused = [each for each in results if isinstance(each, Exception)]
            assert all(isinstance(each, NotPermittedError) for each in refused), results
            assert not set(await holders(xb, sent)) & {"", giver.number}


async def test_a_new_offer_to_the_same_colleague_ends_the_older_one(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await taken(net, 1)
        first = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        second = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        assert [each.state for each in await xb.desk.shift.listed(TWO, net.now) if each.id == first.id] == ["withdrawn"]
        with pytest.raises(NotPermittedError):
            await xb.desk.shift.accept(first.id, (), xb.officers[TWO], net.now)
        assert (await xb.desk.shift.withdraw(second.id, ONE, net.now)).state == "withdrawn"


async def test_a_hand_over_of_nothing_is_signed_too(tmp_path: Path) -> None:
    """The next officer has it in writing that nothing was open."""
    async with simulated(tmp_path, "XB") as net:
        xb = net["XB"]
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        done = await xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now)
        assert (done.state, done.lines) == ("accepted", ())


@pytest.mark.parametrize("column", ["offered", "taker", "giver_certificate"])
async def test_an_offer_that_a_thief_with_the_database_changed_is_not_countersigned(
    tmp_path: Path, column: str
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        third = await xb.hire("XB-OFF-003")
        await taken(net, 1)
        other = await xb.desk.shift.offer("XB-OFF-003", None, xb.officers[ONE], net.now)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        strange: Any = await xb.cw.db.read(lambda tx: _one(tx, select(handover).where(handover.c.id == other.id)))
        value = {"offered": strange.offered, "taker": "XB-OFF-003", "giver_certificate": third.certificate}[column]
        change = update(handover).where(handover.c.id == offered.id).values({column: value})
        await xb.cw.db.write(lambda tx: tx.execute(change))
        taker = third if column == "taker" else xb.officers[TWO]
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.accept(offered.id, (), taker, net.now)
        assert refused.value.code == "E-HANDOVER"
        shown = await xb.desk.shift.shown(offered.id, net.now)
        assert (shown.holds, shown.lines) == (False, ())


async def test_nobody_who_is_locked_gives_or_takes(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await xb.hire("XB-OFF-003")
        await taken(net, 1)
        offered = await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        await leave(xb.cw, TWO, False, net.now)
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.accept(offered.id, (), xb.officers[TWO], net.now)
        assert refused.value.code == "E-LOCKED"
        assert (await xb.desk.shift.shown(offered.id, net.now)).state == "void"
        with pytest.raises(NotPermittedError) as refused:
            await xb.desk.shift.offer(TWO, None, xb.officers[ONE], net.now)
        assert refused.value.code == "E-LOCKED"


async def _one(tx: Any, query: Any) -> Any:
    return (await tx.execute(query)).one()


async def _all(tx: Any, query: Any) -> Any:
    return (await tx.execute(query)).all()
