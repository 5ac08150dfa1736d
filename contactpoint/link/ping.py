"""One ping of a gateway: dial, hello and prove both ways, goodbye. What it proves is what a letter would need in this minute.

Each ping dials anew: a link that is kept open says nothing of whether the next one would be let in.
"""

from __future__ import annotations

import asyncio

from contactpoint.link.caller import Caller, open_link
from contactpoint.link.errors import LinkError
from contactpoint.link.tls import GatewayAddress
from contactpoint.wire.frames import Lane
from contactpoint.wire.session import CloseCode, Opened

_LONGEST_S = 15.0


async def ping(caller: Caller, address: GatewayAddress) -> float | None:
    """Milliseconds until both ends had proven who they are; None when nobody answered, or somebody else did."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(_LONGEST_S):
            # The bulk lane: a ping takes no place where a letter might want one.
            pump = await open_link(caller, address, Lane.BULK)
            took = None
            async for event in pump.events():
                if isinstance(event, Opened):
                    took = (loop.time() - began) * 1000
                    await pump.close(CloseCode.GOING_AWAY, "a ping")
                    break
    except (LinkError, TimeoutError):
        return None
    return took
