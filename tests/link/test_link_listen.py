"""The public listener against peers that are early, many, silent, or no peers at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from contactpoint.link.errors import UnreachableError
from contactpoint.link.results import HeldResult
from contactpoint.wire.frames import Lane, Took, encode_frame
from contactpoint.wire.limits import ListenLimits
from tests.gateway.gateway_world import World, world
from tests.link.link_examples import LetterForm, dialler_of, letter, slip


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def close_code(url: str, *messages: bytes | str) -> int:
    async with connect(url, subprotocols=["cpn1"], compression=None, proxy=None) as socket:  # type: ignore[list-item]
        for message in messages:
            await socket.send(message)
        with pytest.raises(ConnectionClosed):
            while True:
                await asyncio.wait_for(socket.recv(), 5)
        assert socket.close_code is not None
        return socket.close_code


async def test_a_browser_or_scanner_without_the_subprotocol_is_turned_away(net: World) -> None:
    serving = await net.serve(await net.gateway())
    with pytest.raises(InvalidStatus) as caught:
        await connect(serving.address.url, proxy=None)
    assert caught.value.response.status_code == 426


@pytest.mark.parametrize("message", ["hello", b"", b"\xff" * 100, encode_frame(Took(1))])
async def test_nonsense_closes_with_4400_and_the_gateway_goes_on(net: World, message: bytes | str) -> None:
    serving = await net.serve(await net.gateway())
    assert await close_code(serving.address.url, message) == 4400
    assert isinstance(await net.dialler().put(serving.address, letter(LetterForm())), HeldResult)
    assert net.alarms == []


async def test_a_huge_frame_closes_the_link_before_it_is_read(net: World) -> None:
    serving = await net.serve(await net.gateway())
    assert await close_code(serving.address.url, b"x" * 300_000) == 1009


async def test_a_peer_that_stays_silent_is_closed_after_the_time_for_proof(net: World) -> None:
    net.link = replace(net.link, handshake_s=0.3)
    serving = await net.serve(await net.gateway())
    assert await close_code(serving.address.url) == 4401


async def test_unproven_connections_are_bounded_and_do_not_count_against_proven_ones(net: World) -> None:
    serving = await net.serve(await net.gateway(), limits=ListenLimits(unproven=2, drain_s=0.5))
    dialler = net.dialler()
    await dialler.put(serving.address, letter(LetterForm()))
    silent = [
        await connect(serving.address.url, subprotocols=["cpn1"], proxy=None)  # type: ignore[list-item]
        for _ in range(2)
    ]
    with pytest.raises(InvalidStatus) as caught:
        await connect(serving.address.url, subprotocols=["cpn1"], proxy=None)  # type: ignore[list-item]
    assert caught.value.response.status_code == 503
    assert isinstance(await dialler.put(serving.address, letter(LetterForm(number=2))), HeldResult)
    for socket in silent:
        await socket.close()


async def test_one_peer_cannot_fill_the_listener(net: World) -> None:
    serving = await net.serve(await net.gateway(), limits=ListenLimits(connections_per_peer=2, drain_s=0.5))
    for _ in range(2):
        await net.dialler().put(serving.address, slip())
    with pytest.raises(UnreachableError):
        await net.dialler().put(serving.address, slip())
    await net.dialler("XC").put(serving.address, slip("XC"))


async def test_a_closed_link_gives_its_place_back(net: World) -> None:
    serving = await net.serve(await net.gateway(), limits=ListenLimits(connections_per_peer=1, drain_s=0.5))
    for _ in range(3):
        dialler = net.dialler()
        await dialler.put(serving.address, slip())
        await dialler.close()
        async with asyncio.timeout(5):
            while serving.public.links:
                await asyncio.sleep(0.01)


async def test_a_draining_gateway_answers_what_it_has_in_hand(net: World) -> None:
    gateway = await net.gateway()
    serving = await net.serve(gateway)
    started, go_on = asyncio.Event(), asyncio.Event()
    put = gateway.put

    async def slow_put(*args: object) -> object:
        started.set()
        await go_on.wait()
        return await put(*args)  # type: ignore[arg-type]

    gateway.put = slow_put  # type: ignore[assignment,method-assign]
    asking = asyncio.create_task(net.dialler().put(serving.address, letter(LetterForm())))
    await started.wait()
    stopping = asyncio.create_task(serving.stop())
    await asyncio.sleep(0.05)
    go_on.set()
    assert isinstance(await asking, HeldResult)
    await stopping


async def test_a_slow_reader_is_closed_with_4408(net: World) -> None:
    net.link = replace(net.link, slow_reader_s=0.4)
    serving = await net.serve(await net.gateway())
    await net.dialler().put(serving.address, letter(LetterForm()))
    machine = dialler_of("XB", host=f"127.0.0.1:{serving.public.port}", book=net.book)
    async with connect(serving.address.url, subprotocols=["cpn1"], proxy=None) as socket:  # type: ignore[list-item]
        asked = False
        with pytest.raises(ConnectionClosed):
            while True:
                for data in machine.data_to_send():
                    await socket.send(data)
                data = await asyncio.wait_for(socket.recv(), 5)
                assert isinstance(data, bytes)
                machine.receive(data, net.clock())
                if machine.peer and not asked:
                    asked = True
                    machine.send_take("XB", "desk", 1, 0, net.clock())
        assert socket.close_code == 4408


async def test_a_flood_of_questions_that_cost_no_credit_closes_the_link(net: World) -> None:
    gateway = await net.gateway()
    serving = await net.serve(gateway, limits=ListenLimits(work=8, drain_s=0.5))

    async def stuck(state: str) -> None:
        await asyncio.Event().wait()

    gateway.newest_sheet = stuck  # type: ignore[assignment,method-assign]
    dialler = net.dialler()
    asking = [asyncio.create_task(dialler.want_sheet(serving.address, "XB")) for _ in range(20)]
    for answer in await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5):
        assert isinstance(answer, UnreachableError)
    assert len(serving.public._links) == 0


async def test_the_urgent_lane_is_not_held_up_by_a_flood_of_another_state(net: World) -> None:
    gateway = await net.gateway()
    serving = await net.serve(gateway)
    gate = asyncio.Event()
    put = gateway._receiving.put

    async def stuck_for_xc(peer: object, cargo: object) -> object:
        if getattr(peer, "name", "") == "XC":
            await gate.wait()
        return await put(peer, cargo)  # type: ignore[arg-type]

    gateway._receiving.put = stuck_for_xc  # type: ignore[assignment,method-assign]
    flood = net.dialler("XC")
    forms = [LetterForm(number=n, sender="XC") for n in range(1, 40)]
    flooding = [asyncio.create_task(flood.put(serving.address, letter(form), lane=Lane.URGENT)) for form in forms]
    await asyncio.sleep(0.2)
    urgent = net.dialler().put(serving.address, letter(LetterForm()), lane=Lane.URGENT)
    assert isinstance(await asyncio.wait_for(urgent, 2), HeldResult)
    gate.set()
    results = await asyncio.gather(*flooding)
    assert all(isinstance(result, HeldResult) for result in results)  # M14: all are stored and receipted
