"""Mail that nobody takes: the desk's State is told, and the sender hears *not received*, each once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.domain.values import Address, Urgency
from contactpoint.gateway.gateway import Gateway
from contactpoint.gateway.undrained import Undrained
from contactpoint.link.errors import UnreachableError
from contactpoint.link.results import StoredResult
from contactpoint.wire.envelope import read_envelope
from contactpoint.wire.frames import Deliver, Event, Role
from contactpoint.wire.slip import SlipLevel, read_slip, verify_slip
from tests.gateway.gateway_desk import TakingDesk, stop
from tests.gateway.gateway_world import World, world
from tests.link.link_examples import NET, NOW, LetterForm, key, letter, message_id

TERMS = {Urgency.U0: timedelta(minutes=2), Urgency.U3: timedelta(hours=4)}


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


class Senders:
    """Writes down what was reported; unreachable until it is told otherwise."""

    def __init__(self) -> None:
        self.told: list[tuple[Address, bytes]] = []
        self.up = True

    async def report(self, address: Address, slip: bytes) -> bool:
        self.told.append((address, slip))
        return self.up


def watching(gateway: Gateway, senders: Senders) -> Undrained:
    return Undrained(gateway.parts, TERMS, senders.report, lambda size: b"\xff" * size)


async def test_nothing_is_said_at_1_59_and_exactly_one_twin_at_2_00(net: World) -> None:
    gateway, senders = await net.gateway(), Senders()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm()))
    watch = watching(gateway, senders)
    net.clock.ahead = timedelta(seconds=115)
    assert await watch.look() == 0
    net.clock.ahead = timedelta(seconds=120)
    assert await watch.look() == 1
    assert await watch.look() == 0
    [(address, data)] = senders.told
    slip, signed = read_slip(data)
    verify_slip(signed, key("XB gateway").public, NET)
    assert (address, slip.level, slip.id) == ("XA", SlipLevel.NOT_RECEIVED, message_id(1))
    assert slip.envelope == read_envelope(letter(LetterForm()).envelope, NET).digest
    assert slip.due is not None
    assert timedelta(seconds=119) < slip.due - NOW < timedelta(seconds=125)
    assert ("W-UNDRAINED", "XB") in net.alarms


async def test_each_class_has_its_own_term(net: World) -> None:
    gateway, senders = await net.gateway(), Senders()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm(urgency=Urgency.U3)))
    net.clock.ahead = timedelta(hours=3)
    assert await watching(gateway, senders).look() == 0
    net.clock.ahead = timedelta(hours=5)
    assert await watching(gateway, senders).look() == 1


async def test_mail_that_was_taken_in_time_is_never_reported(net: World) -> None:
    gateway, senders = await net.gateway(), Senders()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm()))
    desk = TakingDesk(net.dialler("XB"), serving.address)
    task = desk.start()
    await desk.until(1)
    await stop(task)
    net.clock.ahead = timedelta(hours=1)
    assert await watching(gateway, senders).look() == 0


async def test_the_desk_finds_the_event_when_it_comes_back(net: World) -> None:
    gateway, senders = await net.gateway(), Senders()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm()))
    net.clock.ahead = timedelta(hours=1)
    await watching(gateway, senders).look()
    desk = TakingDesk(net.dialler("XB"), serving.address)
    task = desk.start()
    [event] = await desk.until(1, Event)
    await stop(task)
    assert (event.what, event.claimed, event.id) == ("undrained", "XA", message_id(1))


async def test_a_twin_is_repeated_in_the_same_bytes_until_it_is_stored(net: World) -> None:
    gateway, senders = await net.gateway(), Senders()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm()))
    senders.up = False
    for hours in (1, 2, 3):
        net.clock.ahead = timedelta(hours=hours)
        if hours == 3:
            senders.up = True
        await watching(gateway, senders).look()  # each time as after a restart
    net.clock.ahead = timedelta(hours=4)
    await watching(gateway, senders).look()
    assert len(senders.told) == 3
    assert len({data for _, data in senders.told}) == 1


async def test_a_sender_that_does_not_answer_keeps_no_other_from_being_told(net: World) -> None:
    gateway = await net.gateway()
    serving = await net.serve(gateway)
    await net.dialler().put(serving.address, letter(LetterForm()))
    await net.dialler("XC").put(serving.address, letter(LetterForm(number=2, sender="XC")))
    told = asyncio.Event()

    async def report(address: Address, slip: bytes) -> bool:
        if address == "XA":
            await told.wait()
        told.set()
        return True

    net.clock.ahead = timedelta(hours=1)
    assert await asyncio.wait_for(Undrained(gateway.parts, TERMS, report, bytes).look(), 5) == 2


async def test_a_gateway_reports_a_twin_over_its_own_link_into_the_senders_mailbox(net: World) -> None:
    theirs, ours = await net.serve(await net.gateway(name="XA")), await net.gateway()
    serving = await net.serve(ours)
    await net.dialler().put(serving.address, letter(LetterForm()))
    reporter = net.dialler("XB", Role.GATEWAY)

    async def report(address: Address, slip: bytes) -> bool:
        assert address == "XA"
        try:
            return await reporter.put(theirs.address, slip) == StoredResult()
        except UnreachableError:
            return False

    net.clock.ahead = timedelta(hours=1)
    assert await Undrained(ours.parts, TERMS, report, bytes).look() == 1
    desk = TakingDesk(net.dialler("XA"), theirs.address, mailbox="XA")
    task = desk.start()
    [got] = await desk.until(1, Deliver)
    await stop(task)
    assert got.slip is not None
    assert read_slip(got.slip)[0].level is SlipLevel.NOT_RECEIVED
