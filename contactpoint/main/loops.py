"""The loops of a running node. Each is the outermost of its kind: what it did not foresee is logged, and it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from contactpoint.casework.bell import Bell

log = structlog.get_logger("contactpoint")

_AFTER_A_FAULT_S = 1.0
Step = Callable[[], Awaitable[float]]
"""Does what is due and returns how many seconds to sleep."""


async def repeat(name: str, step: Step, bell: Bell | None = None) -> None:
    """Run ``step`` for ever. It returns how many seconds to sleep; its bell wakes it early. Ends only by cancellation."""
    while True:
        try:
            seconds = await step()
        except Exception as error:
            log.error("loop.fault", loop=name, fault=type(error).__name__, code=getattr(error, "code", ""))
            log.debug("loop.fault.detail", loop=name, exc_info=True)
            seconds = _AFTER_A_FAULT_S
        if bell is None:
            await asyncio.sleep(seconds)
        elif seconds > 0:
            await bell.wait(name, seconds)


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel loops and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
