"""The bell that parts share through a real Redis: it only rings, and losing it costs one polling interval."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from contactpoint.casework.bell import Bell
from contactpoint.casework.redis_bell import running_redis_bell
from tests.fixtures.ports import free_port
from tests.fixtures.redis import running_redis

pytestmark = pytest.mark.redis


@contextlib.asynccontextmanager
async def two_parts(url: str) -> AsyncIterator[tuple[Bell, Bell, list[str]]]:
    told: list[str] = []
    async with (
        running_redis_bell(url, "XA", "desk", told.append) as desk,
        running_redis_bell(url, "XA", "worker", told.append) as worker,
    ):
        yield desk, worker, told


async def waited(bell: Bell, name: str, seconds: float) -> float:
    begun = time.monotonic()
    await bell.wait(name, seconds)
    return time.monotonic() - begun


async def woken(bell: Bell, name: str) -> float:
    """How long somebody of the same process slept whom a ring wakes."""
    asleep = asyncio.create_task(waited(bell, name, 5))
    await asyncio.sleep(0)
    bell.ring(name)
    return await asleep


async def until_heard(desk: Bell, worker: Bell) -> None:
    """Both have connected: what one rings the other hears."""
    for _ in range(100):
        desk.ring("outbox")
        if await waited(worker, "outbox", 0.2) < 0.15:
            await asyncio.sleep(0.3)
            await waited(worker, "outbox", 0.05)
            return
    pytest.fail("nothing was heard")


async def test_what_the_desk_rings_wakes_the_worker_of_another_process_at_once(redis_url: str) -> None:
    async with two_parts(redis_url) as (desk, worker, told):
        await until_heard(desk, worker)
        asleep = asyncio.create_task(waited(worker, "outbox", 10))
        await asyncio.sleep(0.1)
        desk.ring("outbox")
        assert await asleep < 2
        assert told == []


async def test_what_is_rung_elsewhere_in_another_state_or_under_an_unknown_name_wakes_nobody(redis_url: str) -> None:
    async with two_parts(redis_url) as (desk, worker, _):
        await until_heard(desk, worker)
        async with Redis.from_url(redis_url) as redis:
            await redis.publish("contactpoint/XB/bell", b"desk outbox")
            await redis.publish("contactpoint/XA/bell", b"desk DROP-TABLE \xff\xfe")
            await redis.publish("contactpoint/XA/bell", b"")
            assert await waited(worker, "outbox", 0.5) >= 0.5
            await redis.publish("contactpoint/XA/bell", b"desk outbox")
            assert await waited(worker, "outbox", 5) < 2


async def test_redis_killed_midway_costs_a_polling_interval_and_is_heard_again_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    with running_redis(tmp_path, port) as server:
        async with two_parts(f"redis://127.0.0.1:{port}/0") as (desk, worker, told):
            await until_heard(desk, worker)
            server.kill()
            server.wait()
            for _ in range(500):
                desk.ring("outbox")  # more than are kept for a Redis that is away; none of them blocks or raises
            assert await waited(worker, "timers", 0.2) < 1, "a worker that nobody wakes polls all the same"
            assert await woken(desk, "board") < 1, "in the process itself the bell rings as ever"
            for _ in range(100):
                if told == ["lost", "lost"]:
                    break
                await asyncio.sleep(0.05)
            assert told == ["lost", "lost"]
            with running_redis(tmp_path, port):
                await until_heard(desk, worker)
                assert sorted(told[2:]) == ["found", "found"]


async def test_a_part_starts_without_redis(tmp_path: Path) -> None:
    async with two_parts(f"redis://127.0.0.1:{free_port()}/0") as (desk, _, told):
        await asyncio.sleep(0.2)
        assert await woken(desk, "outbox") < 1
        assert told == ["lost", "lost"]
