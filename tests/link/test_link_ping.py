"""A ping is what a letter would need: dial, pin, hello and proof. Anything less counts as not reached."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contactpoint.link.dial import GatewayAddress
from contactpoint.link.ping import ping
from tests.gateway.gateway_world import World, world


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_gateway_that_proves_itself_is_reached_and_its_time_is_measured(net: World) -> None:
    serving = await net.serve(await net.gateway())
    took = await ping(net.caller(), serving.address)
    assert took is not None
    assert 0 < took < 5000
    assert await ping(net.caller(), serving.address) is not None


async def test_nobody_at_the_address_is_not_reached(net: World, free_ports: Callable[[], int]) -> None:
    assert await ping(net.caller(), GatewayAddress("XB", f"ws://127.0.0.1:{free_ports()}/")) is None


async def test_another_state_at_the_address_is_not_reached(net: World) -> None:
    serving = await net.serve(await net.gateway(name="XC"))
    assert await ping(net.caller(), GatewayAddress("XB", serving.address.url)) is None


async def test_a_machine_that_takes_the_connection_and_says_nothing_is_not_reached(net: World) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        found = await asyncio.wait_for(
            ping(net.caller(handshake_s=0.3), GatewayAddress("XB", f"ws://127.0.0.1:{port}/")), 5
        )
        assert found is None
    finally:
        server.close()
