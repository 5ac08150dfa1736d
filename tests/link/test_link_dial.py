"""Dialling: pins, restarts, credit, idleness, and gateways that do not answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from contactpoint.link.dial import GatewayAddress
from contactpoint.link.errors import TlsSettingsError, UnprovenError, UnreachableError, UnsafeUrlError
from contactpoint.link.listen import Receiver, listen
from contactpoint.link.results import HeldResult, StoredResult
from contactpoint.link.tls import host_of, server_context
from contactpoint.wire.frames import Lane, Role
from contactpoint.wire.keybook import proof_verifier
from contactpoint.wire.limits import ListenLimits
from contactpoint.wire.session import LogHead, Opened
from keys.tls import make_server_certificate, spki_pin
from tests.gateway.gateway_world import World, world
from tests.link.link_examples import NET, LetterForm, identity, letter, slip


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def certificate(folder: Path, name: str) -> tuple[Path, Path, bytes]:
    now = datetime.now(UTC)
    pem, private = make_server_certificate(["127.0.0.1"], now - timedelta(days=1), now + timedelta(days=1))
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    for path, content in zip(paths, (pem, private), strict=True):
        path.write_bytes(content)
    return *paths, spki_pin(ssl.PEM_cert_to_DER_cert(pem.decode()))


@asynccontextmanager
async def over_tls(net: World) -> AsyncIterator[tuple[str, bytes]]:
    public, private, pin = certificate(net.path, "server")
    hosts: set[str] = set()
    receiver = Receiver(
        identity("XB", Role.GATEWAY),
        hosts,  # type: ignore[arg-type]
        proof_verifier(net.book, NET),
        net.clock,
        lambda size: bytes(range(size)),
        net.link,
        ListenLimits(drain_s=0.5),
    )
    async with listen(receiver, await net.gateway(), "127.0.0.1", 0, server_context(public, private)) as served:
        hosts.add(f"127.0.0.1:{served.port}")
        yield f"wss://127.0.0.1:{served.port}/", pin


async def test_a_self_made_certificate_is_believed_by_its_pin(net: World) -> None:
    async with over_tls(net) as (url, pin):
        dialler = net.dialler()
        assert await dialler.put(GatewayAddress("XB", url, pin), slip()) == StoredResult()
        await dialler.close()


async def test_another_key_than_the_pinned_one_gets_no_letter(net: World) -> None:
    async with over_tls(net) as (url, _):
        with pytest.raises(UnprovenError):
            await net.dialler().put(GatewayAddress("XB", url, b"p" * 32), letter(LetterForm()))
    assert net.observed == []


async def test_a_self_made_certificate_without_a_pin_is_not_believed(net: World) -> None:
    async with over_tls(net) as (url, _):
        with pytest.raises(UnreachableError):
            await net.dialler().put(GatewayAddress("XB", url), slip())


async def test_tls_below_1_3_is_not_spoken(net: World) -> None:
    async with over_tls(net) as (url, _):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        port = int(url.rstrip("/").rpartition(":")[2])
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)


def test_a_certificate_that_does_not_fit_its_key_is_refused_at_the_start(tmp_path: Path) -> None:
    one, other = certificate(tmp_path, "one"), certificate(tmp_path, "other")
    with pytest.raises(TlsSettingsError):
        server_context(one[0], other[1])


@pytest.mark.parametrize(
    "url",
    ["ws://192.0.2.7:80/", "ws://gateway.example/", "http://127.0.0.1/", "wss://", "gateway.example", "wss://a:b/"],
)
async def test_an_address_that_would_send_unprotected_is_refused(net: World, url: str) -> None:
    with pytest.raises(UnsafeUrlError):
        await net.dialler().put(GatewayAddress("XB", url), slip())


def test_both_ends_name_the_host_dialled_alike() -> None:
    assert host_of("wss://Gateway.XB.example/") == "gateway.xb.example:443"
    assert host_of("wss://gateway.xb.example:8443") == "gateway.xb.example:8443"
    assert host_of("wss://[2001:db8::1]/") == "[2001:db8::1]:443"
    assert host_of("ws://localhost:8000/") == "localhost:8000"


async def test_nobody_at_the_address_is_unreachable(net: World, free_ports: Callable[[], int]) -> None:
    with pytest.raises(UnreachableError):
        await net.dialler().put(GatewayAddress("XB", f"ws://127.0.0.1:{free_ports()}/"), slip())


async def test_a_gateway_of_another_state_at_the_address_gets_nothing(net: World) -> None:
    gateway = await net.gateway(name="XC")
    serving = await net.serve(gateway)
    with pytest.raises(UnprovenError):
        await net.dialler().put(GatewayAddress("XB", serving.address.url), letter(LetterForm()))


async def test_a_gateway_that_never_answers_is_unreachable_after_its_time(net: World) -> None:
    gateway = await net.gateway()
    serving = await net.serve(gateway)

    async def never(*args: object) -> None:
        await asyncio.Event().wait()

    gateway.put = never  # type: ignore[assignment,method-assign]
    with pytest.raises(UnreachableError):
        await asyncio.wait_for(net.dialler(answer_s=0.3).put(serving.address, slip()), 5)


async def test_a_server_that_accepts_and_says_nothing_is_unreachable(net: World) -> None:
    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(silent, "127.0.0.1", 0, subprotocols=["cpn1"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(UnreachableError):
            await asyncio.wait_for(
                net.dialler(handshake_s=0.3).put(GatewayAddress("XB", f"ws://127.0.0.1:{port}/"), slip()), 5
            )


async def test_a_put_after_the_gateway_restarted_dials_again_by_itself(
    net: World, free_ports: Callable[[], int]
) -> None:
    gateway, port = await net.gateway(), free_ports()
    first = await net.serve(gateway, port=port)
    dialler = net.dialler()
    assert isinstance(await dialler.put(first.address, letter(LetterForm())), HeldResult)
    await first.stop()
    with pytest.raises(UnreachableError):
        await dialler.put(first.address, letter(LetterForm(number=2)))
    await net.serve(gateway, port=port)
    assert isinstance(await dialler.put(first.address, letter(LetterForm(number=2))), HeldResult)


async def test_thirty_puts_at_once_wait_for_credit_and_all_are_answered(net: World) -> None:
    net.link = replace(net.link, credit_messages=3)
    serving = await net.serve(await net.gateway())
    dialler = net.dialler()
    parcels = [letter(LetterForm(number=n)) for n in range(1, 31)]
    results = await asyncio.gather(*(dialler.put(serving.address, parcel) for parcel in parcels))
    assert all(isinstance(result, HeldResult) for result in results)
    assert serving.public.links == 1


async def test_urgent_and_routine_letters_travel_on_connections_of_their_own(net: World) -> None:
    serving = await net.serve(await net.gateway())
    dialler = net.dialler()
    for lane in (Lane.URGENT, Lane.ROUTINE, Lane.URGENT):
        await dialler.put(serving.address, slip(), lane=lane)
    assert serving.public.links == 2


async def test_an_idle_link_is_closed_and_the_next_put_opens_another(net: World) -> None:
    serving = await net.serve(await net.gateway())
    dialler = net.dialler(idle_s=0.1)
    await dialler.put(serving.address, slip())
    async with asyncio.timeout(5):
        while serving.public.links:
            await asyncio.sleep(0.02)
    assert await dialler.put(serving.address, slip()) == StoredResult()


async def test_a_cancelled_put_leaves_the_link_to_the_others(net: World) -> None:
    serving = await net.serve(await net.gateway())
    dialler = net.dialler()
    await dialler.put(serving.address, slip())
    asking = asyncio.create_task(dialler.put(serving.address, letter(LetterForm())))
    await asyncio.sleep(0)
    asking.cancel()
    assert isinstance(await dialler.put(serving.address, letter(LetterForm(number=2))), HeldResult)
    assert serving.public.links == 1


async def test_both_ends_observe_the_others_copy_of_the_register(net: World) -> None:
    serving = await net.serve(await net.gateway())
    await net.dialler().put(serving.address, slip())
    heads = [(name, event) for name, event in net.observed if isinstance(event, LogHead)]
    assert {name for name, _ in heads} == {"XA", "XB"}
    assert all(event == LogHead(40, b"r" * 32) for _, event in heads)
    assert {name for name, event in net.observed if isinstance(event, Opened)} == {"XA", "XB"}
