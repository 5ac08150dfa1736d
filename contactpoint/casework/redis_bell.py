"""A bell that is heard by the other processes of this State: what was rung here is told through Redis, and what was rung there rings here.

Only names travel (`outbox`, `timers`), never what happened: whoever wakes looks into the database, and would look anyway at its next
poll. So losing Redis, or being lied to by it, costs at most one polling interval: no message, no step.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contactpoint.casework.bell import Bell

NAMES = frozenset(("outbox", "timers", "clocks", "pages", "board", "case", "directory", "mirror", "sheet", "take"))
"""What may be rung from outside. Anything else that stands in the channel is left unheard."""
_MOST_WAITING = 256
_AGAIN_S = 1.0
_PAUSE_S = 0.01
_TIMEOUT_S = 5.0


class RedisBell(Bell):
    """Rings here at once, and at the others as soon as Redis takes it. ``own``: a mark that no other process has."""

    def __init__(self, own: str) -> None:
        super().__init__()
        self._own = own
        self._to_tell: asyncio.Queue[str] = asyncio.Queue(maxsize=_MOST_WAITING)

    def ring(self, *what: str) -> None:
        super().ring(*what)
        for name in what:
            if name in NAMES and not self._to_tell.full():
                # Full: Redis is away, and the others find by polling what they are not told.
                self._to_tell.put_nowait(name)

    async def tell(self, redis: Redis, channel: str) -> None:
        """Publish what was rung here, for ever. Raises RedisError when Redis is lost."""
        while True:
            names = {await self._to_tell.get()}
            while not self._to_tell.empty():
                names.add(self._to_tell.get_nowait())
            await redis.publish(channel, f"{self._own} {' '.join(sorted(names))}")

    async def hear(self, redis: Redis, channel: str) -> None:
        """Ring here what was rung elsewhere, for ever. Raises RedisError when Redis is lost."""
        async with redis.pubsub(ignore_subscribe_messages=True) as heard:
            await heard.subscribe(channel)
            # Whatever was rung while nobody listened: look at everything once.
            super().ring(*sorted(NAMES))
            async for message in heard.listen():
                words = bytes(message["data"])[:1024].decode(errors="replace").split()
                if words[:1] != [self._own]:
                    super().ring(*(name for name in words if name in NAMES))
                # A flood from whoever reaches Redis must not keep this process busy.
                await asyncio.sleep(_PAUSE_S)


@asynccontextmanager
async def running_redis_bell(url: str, state: str, own: str, told: Callable[[str], None]) -> AsyncIterator[Bell]:
    """A bell shared through the Redis at ``url`` by all processes of this State that use it, while the context lasts.

    ``told`` is called with `lost` and `found` when Redis goes and comes. Without Redis it is a bell of this process.
    """
    bell = RedisBell(own)
    task = asyncio.create_task(_keep(bell, url, f"contactpoint/{state}/bell", told), name="redis bell")
    try:
        yield bell
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep(bell: RedisBell, url: str, channel: str, told: Callable[[str], None]) -> None:
    """Connect, and connect again: Redis may be away when this process starts and at any time after."""
    lost = False
    while True:
        redis = Redis.from_url(url, socket_connect_timeout=_TIMEOUT_S, health_check_interval=15)
        try:
            await redis.ping()
            if lost:
                told("found")
            lost = False
            await _both(bell.tell(redis, channel), bell.hear(redis, channel))
        except (RedisError, OSError, TimeoutError):
            if not lost:
                told("lost")
            lost = True
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await redis.aclose()
        await asyncio.sleep(_AGAIN_S)


async def _both(*work: Coroutine[Any, Any, None]) -> None:
    """Do both until one ends, and raise what it raised; the other is ended with it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
