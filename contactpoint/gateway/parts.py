"""What the rooms of a gateway share: built once by main, handed down whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.domain.values import Address
from contactpoint.gateway.mailbox import Bells, Mailboxes
from contactpoint.store.database import Database
from contactpoint.wire.keybook import KeyBook
from contactpoint.wire.limits import GatewayLimits
from keys.signing import SigningKey


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """A gateway's database, key, register and settings; nothing here opens a letter.

    `name` is the State that runs the gateway; `skew_ms` gives None where fewer than three clocks agree;
    `fetch_register` asks for a look at the register, `alarm` takes a stable code and a subject; both return at once.
    """

    db: Database
    name: Address
    net: bytes
    key: SigningKey
    book: KeyBook
    mailboxes: Mailboxes
    limits: GatewayLimits
    clock: Callable[[], datetime]
    skew_ms: Callable[[], int | None]
    fetch_register: Callable[[], None]
    alarm: Callable[[str, str], None]
    bells: Bells = field(default_factory=Bells)

    async def shared_now(self, tx: AsyncConnection) -> datetime:
        """The clock by which leases are judged: the database's where several machines share it."""
        return await self.db.clock(tx) if self.db.shared else self.clock()

    @property
    def lease(self) -> timedelta:
        """How long a taker holds a mailbox without renewing."""
        return timedelta(seconds=self.limits.lease_s)
