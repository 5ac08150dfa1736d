"""Dial other States' gateways, and one's own: put letters and slips, fetch prekey sheets, take one's mail.

Links for questions are opened on demand, one per gateway and lane, and kept while something is unanswered and ten
minutes after; a take link is its own. What a put cannot know, it says: UnreachableError means that the letter may or
may not be held; the outbox puts the same bytes again and gets the same receipt.
"""

from __future__ import annotations

from contactpoint.link.caller import Caller
from contactpoint.link.errors import UnprovenError, UnreachableError
from contactpoint.link.questions import QuestionLink
from contactpoint.link.results import PutResult
from contactpoint.link.take import OnItem, OwnSheet, TakeOrder, run_take
from contactpoint.link.tls import GatewayAddress
from contactpoint.wire.frames import Cargo, Lane

__all__ = ["Caller", "Dialler", "GatewayAddress", "OnItem", "OwnSheet", "TakeOrder"]


class Dialler:
    """All outgoing links of one process. Close it at the end."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._links: dict[tuple[GatewayAddress, Lane], QuestionLink] = {}

    async def put(self, address: GatewayAddress, cargo: Cargo, *, lane: Lane = Lane.ROUTINE) -> PutResult:
        """Hand a letter or slip to a gateway and return its answer. Waits for credit when much is unanswered.

        Raises UnreachableError (put again later, unchanged), UnprovenError, UnsafeUrlError.
        """
        link = self._link(address, lane)
        fresh = not link.used
        try:
            return await link.put(cargo)
        except UnprovenError:
            raise
        except UnreachableError:
            # A kept link may have died unseen. To repeat is harmless (a duplicate earns the same receipt), once.
            if fresh:
                raise
        return await self._link(address, lane).put(cargo)

    async def want_sheet(self, address: GatewayAddress, state: str, *, lane: Lane = Lane.ROUTINE) -> bytes | None:
        """The newest prekey sheet of a State that this gateway has; None if it has none. UnreachableError."""
        return await self._link(address, lane).want_sheet(state)

    async def take(self, address: GatewayAddress, order: TakeOrder, on_item: OnItem, own_sheet: OwnSheet) -> None:
        """Take a mailbox until the link ends; `on_item` must have committed an item when it returns.

        Resume with `order.after` = the cursor that moved in those commits. Raises UnreachableError when the link ends,
        StaleEpochError, LeaseLostError, NotOurMailboxError; what `on_item` raises ends the link and comes through.
        """
        await run_take(self.caller, address, order, on_item, own_sheet)

    async def close(self) -> None:
        """Say goodbye on every link."""
        links, self._links = list(self._links.values()), {}
        for link in links:
            await link.close()

    def _link(self, address: GatewayAddress, lane: Lane) -> QuestionLink:
        link = self._links.get((address, lane))
        if link is None or link.over:
            link = self._links[address, lane] = QuestionLink(self.caller, address, lane)
        return link
