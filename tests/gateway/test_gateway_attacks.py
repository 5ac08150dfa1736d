"""Attacks on the put path, by name. Each one is tried over a real link against a real gateway with a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.domain.codes import Retry
from contactpoint.link.results import HeldResult, RefusedResult, StoredResult
from contactpoint.store.database import Database
from contactpoint.store.errors import StorageUnavailableError
from contactpoint.store.gateway_schema import conflict, item, mailbox
from contactpoint.wire.envelope import Parcel
from contactpoint.wire.frames import Role
from contactpoint.wire.slip import SlipLevel
from keys.signed import Signed, parse
from tests.gateway.gateway_desk import TakingDesk, stop
from tests.gateway.gateway_world import Serving, World, world
from tests.link.link_examples import LIVE, NOW, LetterForm, key, letter, message_id, slip

NEVER = Retry.NEVER


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


@pytest.fixture
async def serving(net: World) -> Serving:
    return await net.serve(await net.gateway())


async def rows_of(serving: Serving, table: Any = item) -> list[Any]:
    return list((await serving.gateway.parts.db.read(lambda tx: tx.execute(select(table)))).all())


async def events_of(net: World, serving: Serving, count: int) -> list[Any]:
    from contactpoint.wire.frames import Event

    desk = TakingDesk(net.dialler("XB"), serving.address)
    task = desk.start()
    found = await desk.until(count, Event)
    await stop(task)
    return found


async def test_replay_after_seconds_earns_the_identical_receipt_and_no_second_letter(
    net: World, serving: Serving
) -> None:
    dialler = net.dialler()
    first = await dialler.put(serving.address, letter(LetterForm()))
    again = [await dialler.put(serving.address, letter(LetterForm())) for _ in range(3)]
    assert isinstance(first, HeldResult)
    assert again == [HeldResult(first.receipt, duplicate=True)] * 3
    assert len(await rows_of(serving)) == 1


async def test_replay_after_a_restart_and_after_expiry_earns_the_identical_receipt(
    net: World, serving: Serving
) -> None:
    first = await net.dialler().put(serving.address, letter(LetterForm()))
    await serving.stop()
    await serving.gateway.parts.db.close()
    net.clock.ahead = timedelta(days=3)
    restarted = await net.serve(await net.gateway())
    again = await net.dialler().put(restarted.address, letter(LetterForm()))
    assert isinstance(first, HeldResult)
    assert again == HeldResult(first.receipt, duplicate=True)


async def test_replay_by_another_state_is_refused_and_told_to_the_desk(net: World, serving: Serving) -> None:
    await net.dialler().put(serving.address, letter(LetterForm()))
    result = await net.dialler("XC").put(serving.address, letter(LetterForm()))
    assert result == RefusedResult("E-REPLAY", NEVER)
    [event] = await events_of(net, serving, 1)
    assert (event.what, event.code, event.claimed) == ("refused", "E-REPLAY", "XA")


async def test_replay_to_another_node_is_refused(net: World) -> None:
    elsewhere = await net.serve(await net.gateway(name="XC"))
    result = await net.dialler().put(elsewhere.address, letter(LetterForm(recipient="XB")))
    assert result == RefusedResult("E-NOT-FOR-US", Retry.AFTER_FIX)
    assert not await rows_of(elsewhere)


async def test_a_letter_that_names_another_sender_than_the_link_proved_is_refused(net: World, serving: Serving) -> None:
    forged = letter(LetterForm(sender="XC", station="XC station"))
    assert await net.dialler("XA").put(serving.address, forged) == RefusedResult("E-REPLAY", NEVER)


async def test_same_id_with_two_contents_is_refused_kept_as_proof_and_alarmed(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    first = await dialler.put(serving.address, letter(LetterForm()))
    second = await dialler.put(serving.address, letter(LetterForm(text="release the account")))
    assert second == RefusedResult("E-ID-CONFLICT", NEVER)
    assert ("E-ID-CONFLICT", message_id(1)) in net.alarms
    [proof] = await rows_of(serving, conflict)
    assert proof.envelope == letter(LetterForm(text="release the account")).envelope
    assert isinstance(first, HeldResult)
    assert await dialler.put(serving.address, letter(LetterForm())) == HeldResult(first.receipt, duplicate=True)
    [event] = await events_of(net, serving, 1)
    assert event.code == "E-ID-CONFLICT"


async def test_no_more_than_sixteen_proofs_of_conflict_are_kept(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    for n in range(20):
        await dialler.put(serving.address, letter(LetterForm(text=f"version {n}")))
    assert len(await rows_of(serving, conflict)) == 16


async def test_a_second_sealing_of_the_same_statement_is_another_letter(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    results = [await dialler.put(serving.address, letter(LetterForm(seal=seal))) for seal in (1, 2)]
    assert all(isinstance(result, HeldResult) and not result.duplicate for result in results)


async def test_unknown_key_m03_stores_nothing_but_the_event_for_the_desk(net: World, serving: Serving) -> None:
    stranger = net.dialler("XD")
    result = await stranger.put(serving.address, letter(LetterForm(sender="XD", station="XD station")))
    assert result == RefusedResult("E-UNTRUSTED-KEY", NEVER)
    [row] = await rows_of(serving)
    assert (row.kind, row.envelope, row.payload, row.slip) == ("event", None, None, None)
    [event] = await events_of(net, serving, 1)
    assert (event.what, event.code, event.claimed, event.urgency) == ("refused", "E-UNTRUSTED-KEY", "XD", "U0")
    assert ("E-UNTRUSTED-KEY", "XB") in net.alarms


async def test_unknown_key_under_a_proven_link_is_refused_too(net: World, serving: Serving) -> None:
    result = await net.dialler().put(serving.address, letter(LetterForm(station="XA stolen")))
    assert result == RefusedResult("E-UNTRUSTED-KEY", NEVER)


async def test_an_event_of_one_forged_letter_is_told_once_and_a_flood_of_them_is_bounded(
    net: World, serving: Serving
) -> None:
    dialler = net.dialler()
    for n in (1, 1, 1, 2, 3, 4, 5, 6, 7):
        await dialler.put(serving.address, letter(LetterForm(number=n, station="XA stolen")))
    assert [row.id for row in await rows_of(serving)] == [message_id(n) for n in (1, 2, 3, 4)]


async def test_a_key_newer_than_this_copy_of_the_register_is_asked_to_come_again(net: World, serving: Serving) -> None:
    form = LetterForm(station="XA new", dir_size=41)
    dialler = net.dialler()
    behind = RefusedResult("E-DIRECTORY-BEHIND", Retry.SAME_ID_LATER, 5)
    assert await dialler.put(serving.address, letter(form)) == behind
    assert net.fetched
    assert not await rows_of(serving)
    net.book.size = 41
    net.book.keys["XA", Role.STATION].append(key("XA new").public)
    assert isinstance(await dialler.put(serving.address, letter(form)), HeldResult)


async def test_a_newcomer_whom_the_register_does_not_show_here_yet_is_heard_once_it_does(
    net: World, serving: Serving
) -> None:
    form = LetterForm(sender="XD", station="XD station", dir_size=41)
    newcomer = net.dialler("XD")
    result = await newcomer.put(serving.address, letter(form))
    assert result == RefusedResult("E-DIRECTORY-BEHIND", Retry.SAME_ID_LATER, 5)
    net.book.size = 41
    net.book.keys["XD", Role.STATION] = [key("XD station").public]
    assert isinstance(await newcomer.put(serving.address, letter(form)), HeldResult)


async def test_an_invented_register_size_counts_as_the_largest_checkpoint_once_it_was_looked_at(
    net: World, serving: Serving
) -> None:
    form = LetterForm(station="XA stolen", dir_size=10**9)
    dialler = net.dialler()
    codes = []
    for _ in range(2):
        result = await dialler.put(serving.address, letter(form))
        assert isinstance(result, RefusedResult)
        codes.append(result.code)
        net.book.checked_at = net.clock() + timedelta(seconds=1)
    assert codes == ["E-DIRECTORY-BEHIND", "E-UNTRUSTED-KEY"]


async def test_a_stranger_may_put_a_few_letters_and_is_then_cut_off(net: World, serving: Serving) -> None:
    stranger = net.dialler("XD")
    for n in range(1, 5):
        await stranger.put(serving.address, letter(LetterForm(number=n, sender="XD", station="XD station")))
    link = next(iter(stranger._links.values()))
    fifth = letter(LetterForm(number=5, sender="XD", station="XD station"))
    result = await stranger.put(serving.address, fifth)
    assert isinstance(result, RefusedResult)  # over a new link: the first one was closed
    assert link.over


async def test_a_genuine_letter_in_a_strangers_hands_is_refused(net: World, serving: Serving) -> None:
    result = await net.dialler("XD").put(serving.address, letter(LetterForm()))
    assert result == RefusedResult("E-REPLAY", NEVER)


async def test_a_training_letter_in_the_live_network_is_refused(net: World, serving: Serving) -> None:
    result = await net.dialler().put(serving.address, letter(LetterForm(net=LIVE)))
    assert result == RefusedResult("E-WRONG-NETWORK", NEVER)
    assert not await rows_of(serving)


async def test_a_letter_for_no_mailbox_here_is_refused(net: World, serving: Serving) -> None:
    result = await net.dialler().put(serving.address, letter(LetterForm(recipient="XC")))
    assert result == RefusedResult("E-NOT-FOR-US", Retry.AFTER_FIX)


async def test_a_stripped_and_re_signed_envelope_is_refused(net: World, serving: Serving) -> None:
    theirs = letter(LetterForm())
    result = await net.dialler("XC").put(serving.address, Parcel(theirs.envelope, theirs.payload))
    assert isinstance(result, RefusedResult)


async def test_an_exchanged_payload_is_refused(net: World, serving: Serving) -> None:
    mixed = Parcel(letter(LetterForm()).envelope, letter(LetterForm(number=2)).payload)
    assert await net.dialler().put(serving.address, mixed) == RefusedResult("E-MALFORMED", NEVER)


@pytest.mark.parametrize("place", [20, 200, -10])
async def test_a_changed_byte_is_refused(net: World, serving: Serving, place: int) -> None:
    parcel = letter(LetterForm())
    changed = bytearray(parcel.envelope)
    changed[place] ^= 1
    result = await net.dialler().put(serving.address, Parcel(bytes(changed), parcel.payload))
    assert isinstance(result, RefusedResult)
    assert not [row for row in await rows_of(serving) if row.kind == "letter"]


async def test_a_letter_too_large_for_its_limit_is_refused_and_the_link_goes_on(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    huge = Parcel(letter(LetterForm()).envelope, b"x" * 131_072)
    assert await dialler.put(serving.address, huge) == RefusedResult("E-TOO-LARGE", Retry.AFTER_FIX)
    assert isinstance(await dialler.put(serving.address, letter(LetterForm())), HeldResult)


async def test_a_letter_dated_ahead_is_asked_to_come_again_and_one_that_expired_is_refused(
    net: World, serving: Serving
) -> None:
    dialler = net.dialler()
    ahead = letter(LetterForm(number=1, at=NOW + timedelta(minutes=6)))
    near = letter(LetterForm(number=2, at=NOW + timedelta(minutes=4)))
    assert await dialler.put(serving.address, ahead) == RefusedResult("E-CLOCK", Retry.SAME_ID_LATER, 60)
    assert isinstance(await dialler.put(serving.address, near), HeldResult)
    net.clock.ahead = timedelta(days=2)
    assert await dialler.put(serving.address, ahead) == RefusedResult("E-EXPIRED", NEVER)


async def test_a_gateway_that_knows_its_clock_is_off_refuses_no_letter_for_its_date(net: World) -> None:
    gateway = await net.gateway()
    gateway.parts = replace(gateway.parts, skew_ms=lambda: -400_000)
    gateway._receiving._parts = gateway.parts
    serving = await net.serve(gateway)
    ahead = letter(LetterForm(at=NOW + timedelta(minutes=6)))
    assert isinstance(await net.dialler().put(serving.address, ahead), HeldResult)


async def test_a_gateway_may_say_not_received_but_nothing_that_only_a_station_may(net: World, serving: Serving) -> None:
    gateway = net.dialler("XC", Role.GATEWAY)
    twin = slip("XC", signer="XC gateway", level=SlipLevel.RECEIVED)
    assert await gateway.put(serving.address, twin) == RefusedResult("E-SIGNATURE", NEVER)
    letter_of_gateway = letter(LetterForm(sender="XC", station="XC gateway"))
    assert await gateway.put(serving.address, letter_of_gateway) == RefusedResult("E-REPLAY", NEVER)


async def test_a_slip_under_another_key_or_name_is_refused(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    assert await dialler.put(serving.address, slip(signer="XC station")) == RefusedResult("E-UNTRUSTED-KEY", NEVER)
    assert await dialler.put(serving.address, slip("XC")) == RefusedResult("E-REPLAY", NEVER)
    assert await dialler.put(serving.address, b"no slip") == RefusedResult("E-MALFORMED", NEVER)
    assert await net.dialler("XD").put(serving.address, slip("XD")) == RefusedResult("E-UNTRUSTED-KEY", NEVER)
    assert await net.dialler("XD").put(serving.address, slip("XA")) == RefusedResult("E-REPLAY", NEVER)
    assert not await rows_of(serving)


def under_name_of(data: bytes, kind: str, victim: str) -> bytes:
    """The same object, its signature kept, its key id replaced by a registered one."""
    signed = parse(data, kind)
    return Signed(kind, signed.content, ((key(victim).public.id, signed.signatures[0][1]),)).to_bytes()


async def test_a_signature_under_a_borrowed_key_id_is_refused(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    forged_slip = under_name_of(slip(signer="XA stolen"), "slip", "XA station")
    forged = letter(LetterForm(station="XA stolen"))
    forged_letter = Parcel(under_name_of(forged.envelope, "envelope", "XA station"), forged.payload)
    for cargo in (forged_slip, forged_letter):
        assert await dialler.put(serving.address, cargo) == RefusedResult("E-SIGNATURE", NEVER)
    assert [row.kind for row in await rows_of(serving)] == ["event"]


async def test_a_gateway_killed_between_commit_and_answer_repeats_the_same_receipt(net: World, tmp_path: Path) -> None:
    gateway = await net.gateway()
    committed = asyncio.Event()
    answer = gateway._receiving.put

    async def die_after_commit(*args: Any) -> Any:
        await answer(*args)
        committed.set()
        await asyncio.Event().wait()

    gateway._receiving.put = die_after_commit  # type: ignore[method-assign]
    serving = await net.serve(gateway, limits=None)
    lost = asyncio.create_task(net.dialler().put(serving.address, letter(LetterForm())))
    await committed.wait()
    lost.cancel()
    [row] = await rows_of(serving)
    restarted = await net.serve(await net.gateway(db=gateway.parts.db))
    again = await net.dialler().put(restarted.address, letter(LetterForm()))
    assert again == HeldResult(row.receipt, duplicate=True)


async def test_a_database_that_refuses_earns_unavailable_and_no_receipt(net: World) -> None:
    db = await net.database()
    gateway = await net.gateway(db=db)
    serving = await net.serve(gateway)

    class Full(Database):
        async def write(self, work: Any) -> Any:
            async def then_fail(tx: AsyncConnection) -> Any:
                await work(tx)
                raise StorageUnavailableError("disk full")

            return await db.write(then_fail)

    full = Full.__new__(Full)
    gateway._receiving._parts = replace(gateway.parts, db=full)
    dialler = net.dialler()
    unavailable = RefusedResult("E-UNAVAILABLE", Retry.SAME_ID_LATER, 10)
    assert await dialler.put(serving.address, letter(LetterForm())) == unavailable
    assert await dialler.put(serving.address, slip()) == unavailable
    assert not await rows_of(serving)
    assert ("E-UNAVAILABLE", "") in net.alarms
    gateway._receiving._parts = gateway.parts
    assert isinstance(await dialler.put(serving.address, letter(LetterForm())), HeldResult)


async def test_the_same_letter_put_many_times_at_once_is_held_once(net: World) -> None:
    db = await net.database()
    both = [await net.serve(await net.gateway(db=db)) for _ in range(2)]
    dialler = net.dialler()
    results = await asyncio.gather(*(dialler.put(both[n % 2].address, letter(LetterForm())) for n in range(12)))
    assert len({result.receipt for result in results if isinstance(result, HeldResult)}) == 1
    assert sum(not result.duplicate for result in results if isinstance(result, HeldResult)) == 1
    head = await db.read(lambda tx: tx.scalar(select(func.max(mailbox.c.head))))
    assert head == 1


async def test_slips_and_letters_take_their_numbers_from_one_row_without_a_hole(net: World, serving: Serving) -> None:
    dialler = net.dialler()
    puts = [letter(LetterForm(number=n)) for n in range(1, 20)] + [slip(), slip(level=SlipLevel.OPENED)]
    results = await asyncio.gather(*(dialler.put(serving.address, cargo) for cargo in puts))
    assert sum(isinstance(result, StoredResult) for result in results) == 2
    assert sorted(row.number for row in await rows_of(serving)) == list(range(1, 22))
