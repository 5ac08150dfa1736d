"""Which mailboxes a gateway keeps, and who is waiting for mail in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from contactpoint.domain.values import Address
from contactpoint.gateway.errors import MailboxSetupError


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: its name here, the State that takes from it, and the addresses whose mail it gets."""

    name: str
    owner: str
    addresses: frozenset[Address]


class Mailboxes:
    """All mailboxes of one gateway, its own State's and those it hosts."""

    def __init__(self, mailboxes: Sequence[Mailbox]) -> None:
        """Raises MailboxSetupError when an address or a name stands twice."""
        self._by_name = {mailbox.name: mailbox for mailbox in mailboxes}
        self._by_address = {address: mailbox for mailbox in mailboxes for address in mailbox.addresses}
        if len(self._by_name) != len(mailboxes) or len(self._by_address) != sum(len(m.addresses) for m in mailboxes):
            raise MailboxSetupError("a mailbox or an address is named twice; give each address one mailbox")

    def __iter__(self) -> Iterator[Mailbox]:
        return iter(self._by_name.values())

    def of(self, address: Address) -> Mailbox | None:
        """The mailbox that gets this address's mail."""
        return self._by_address.get(address)

    def named(self, name: str, owner: str) -> Mailbox | None:
        """The mailbox of this name if it is this State's: nobody learns whether another State has one."""
        mailbox = self._by_name.get(name)
        return mailbox if mailbox is not None and mailbox.owner == owner else None

    def owned_by(self, state: str) -> bool:
        """Whether this State has a mailbox here."""
        return any(mailbox.owner == state for mailbox in self)


class Bells:
    """Wakes the takers of this process. Only a bell: what is new stands in the database, which is looked at anyway."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._heads: dict[str, int] = {}

    @property
    def head(self) -> int:
        """How many items the mailboxes were given, as far as this copy has seen: told in heartbeats."""
        return sum(self._heads.values())

    def ring(self, mailbox: str, number: int = 0) -> None:
        """Something may be new in this mailbox, up to this number."""
        self._heads[mailbox] = max(self._heads.get(mailbox, 0), number)
        for bell in self._waiting.get(mailbox, ()):
            bell.set()

    @contextmanager
    def hear(self, mailbox: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this mailbox's bell rings."""
        bell = asyncio.Event()
        bells = self._waiting.setdefault(mailbox, set())
        bells.add(bell)
        try:
            yield bell
        finally:
            bells.discard(bell)
