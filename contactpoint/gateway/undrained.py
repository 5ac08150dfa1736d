"""Sees mail that nobody takes: tells the mailbox's own State, and says *not received* to the sender, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.domain.values import Address, Urgency
from contactpoint.gateway.mailbox import Mailbox
from contactpoint.gateway.parts import GatewayParts
from contactpoint.link.backoff import URGENT
from contactpoint.store import rows_mailbox as rows
from contactpoint.store.gateway_schema import journal
from contactpoint.store.journal import append, journal_head
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content, slip_digest
from keys.digest import labelled

Report = Callable[[Address, bytes], Awaitable[bool]]
"""Put a signed slip into the mailbox of this address with the gateway's own link; True when it was stored there."""
_BATCH = 64
_TOLD_FOR = timedelta(days=14)
_CODE = "W-UNDRAINED"


class Undrained:
    """Call `look` every few seconds, from one task; other copies of the gateway may do the same."""

    def __init__(
        self,
        parts: GatewayParts,
        received_within: Mapping[Urgency, timedelta],
        report: Report,
        random: Callable[[int], bytes],
    ) -> None:
        """`received_within`: the network policy's term for *received*, per class, counted from `held.at`."""
        self._parts, self._terms = parts, received_within
        self._report, self._random = report, random

    async def look(self) -> int:
        """Find what is undrained, then say what is due. Returns how many twins were told to their senders."""
        for mailbox in self._parts.mailboxes:
            if await self._parts.db.write(partial(self._find, mailbox)):
                self._parts.alarm(_CODE, mailbox.name)
                self._parts.bells.ring(mailbox.name)
        due = await self._parts.db.read(lambda tx: rows.due_twins(tx, self._parts.clock(), _BATCH))
        # Side by side: a sender whose gateway does not answer must not keep the others from being told.
        return sum(await asyncio.gather(*(self._say(twin) for twin in due)))

    async def _find(self, mailbox: Mailbox, tx: AsyncConnection) -> int:
        now = self._parts.clock()
        taken = (await rows.mailbox_row(tx, mailbox.name)).taken
        found = 0
        for urgency, term in self._terms.items():
            late = await rows.undrained(tx, mailbox.name, taken, urgency.value, now - term, _BATCH)
            for row in late:
                if await rows.mark_undrained(tx, mailbox.name, row.number, now):
                    await self._record(tx, row, row.at + term, now)
                    found += 1
        return found

    async def _record(self, tx: AsyncConnection, row: Row[Any], due: datetime, now: datetime) -> None:
        number = await rows.next_number(tx, row.mailbox)
        event = rows.NewItem(
            mailbox=row.mailbox,
            kind=rows.EVENT,
            sender=row.sender,
            id=row.id,
            seal=None,
            urgency=row.urgency,
            digest=labelled("cpn1/undrained", row.digest),
            at=now,
            event=rows.UNDRAINED,
            code=_CODE,
        )
        await rows.add_item(tx, number, event)
        content = await self._twin(tx, row, due, now)
        digest = slip_digest(content)
        await rows.add_twin(tx, rows.NewTwin(digest, row.sender, content, now, now + _TOLD_FOR))
        await append(tx, journal, "not-received", f"{row.mailbox}/{row.id}/{row.seal}", digest, now)

    async def _twin(self, tx: AsyncConnection, row: Row[Any], due: datetime, now: datetime) -> bytes:
        slip = Slip(
            level=SlipLevel.NOT_RECEIVED,
            sender=self._parts.name,
            recipient=Address(row.sender),
            at=now,
            skew_ms=self._parts.skew_ms(),
            dir_size=self._parts.book.size,
            journal_head=await journal_head(tx, journal),
            id=row.id,
            seal=row.seal,
            envelope=row.digest,
            due=due,
        )
        return slip_content(slip, self._parts.net)

    async def _say(self, twin: Row[Any]) -> bool:
        """Sign where there is no signature, store, commit, then say what is stored; again later until it is taken."""
        parts = self._parts
        signed = twin.signed or sign_slip(twin.content, parts.key, parts.net)
        if twin.signed is None:
            signed = await parts.db.write(lambda tx: rows.sign_twin(tx, twin.digest, signed))
        told = await self._report(Address(twin.recipient), signed)
        now = parts.clock()
        if told or now >= twin.until:
            await parts.db.write(lambda tx: rows.twin_done(tx, twin.digest, now))
            return told
        failures = twin.failures + 1
        wait = timedelta(seconds=replace(URGENT, failures=failures).delay(self._random))
        await parts.db.write(lambda tx: rows.twin_failed(tx, twin.digest, failures, now + wait))
        return False
