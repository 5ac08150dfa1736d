"""The desk's copy of the register: one frozen value at a time, replaced when the mirror has verified a newer one.

It answers what the link, the gateway and casework ask of it (``contactpoint.wire.keybook.KeyBook`` among them). Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from contactpoint.domain.calendar import Calendar
from contactpoint.link.tls import GatewayAddress
from directory.contact import ContactPoint
from directory.errors import UnknownStateError
from directory.rules import Status
from directory.trusted import TrustedCopy
from keys.certificate import Role
from keys.signing import PublicKey

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Register:
    """Holds the current trusted copy. Whoever needs several answers that fit together takes ``copy`` once."""

    def __init__(self, copy: TrustedCopy) -> None:
        self.copy = copy
        self._calendars: tuple[TrustedCopy, dict[str, Calendar]] = copy, {}

    @property
    def size(self) -> int:
        return self.copy.size

    @property
    def root(self) -> bytes | None:
        return self.copy.root if self.copy.size else None

    @property
    def checked_at(self) -> datetime:
        return self.copy.checked_at or _BEGINNING

    def station_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        """None of a suspended State: its old evidence still verifies in a bundle, but it says nothing new here."""
        return () if self._suspended(state) else self.copy.keys_of(state, Role.STATION, at)

    def gateway_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        """Keys of the gateways that this State itself runs; none of a suspended State."""
        return () if self._suspended(state) else self.copy.keys_of(state, Role.GATEWAY, at)

    def issuer_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        return self.copy.keys_of(state, Role.ISSUER, at)

    def ended(self, state: str, key_id: bytes, at: datetime) -> bool:
        """Whether the State has revoked this key (an officer's too) for what was first witnessed at ``at``."""
        end = self.copy.invalid_after(state, key_id)
        return end is not None and at > end

    def _suspended(self, state: str) -> bool:
        contact = self.contact(state)
        return contact is not None and contact.status is Status.SUSPENDED

    def contact(self, state: str) -> ContactPoint | None:
        """The State's entry, or None when the register has none."""
        try:
            return self.copy.contact_point(state)
        except UnknownStateError:
            return None

    def addresses(self, state: str) -> tuple[GatewayAddress, ...]:
        """Where a letter to this State goes, in the order of its charter (its host's, when the mailbox is rented)."""
        contact = self.contact(state)
        if contact is None:
            return ()
        return tuple(
            GatewayAddress(contact.host, each.url, each.trust if isinstance(each.trust, bytes) else None)
            for each in contact.addresses
        )

    def host_of(self, state: str) -> str:
        """Who runs this State's mailbox: the State itself, unless it rents one."""
        contact = self.contact(state)
        return state if contact is None else contact.host

    def calendar(self, state: str) -> Calendar:
        """The State's working days as its card says; Monday to Friday in UTC when it has no card here."""
        # Asked for every page of a burst: drawn from a card once for each copy.
        if self._calendars[0] is not self.copy:
            self._calendars = self.copy, {}
        known = self._calendars[1]
        if state not in known:
            known[state] = self._calendar(state)
        return known[state]

    def _calendar(self, state: str) -> Calendar:
        contact = self.contact(state)
        if contact is None or contact.card is None:
            return Calendar()
        said = contact.card.public.calendar
        return Calendar.told(said.zone, said.workdays, map(str, said.holidays), str(said.closes), str(said.opens))

    def phones(self, state: str) -> tuple[str, ...]:
        """The telephone numbers of the State's duty desk, from the members' part of its card."""
        contact = self.contact(state)
        if contact is None or contact.members is None:
            return ()
        reach = contact.members.reachability
        numbers = (reach.duty_line, *(line.number for line in reach.telephones))
        return tuple(dict.fromkeys(map(str, numbers)))

    def mail(self, state: str) -> str:
        """The mail address for notices when the network is down, or nothing."""
        contact = self.contact(state)
        return "" if contact is None or contact.members is None else str(contact.members.reachability.mail)

    def name(self, state: str) -> str:
        contact = self.contact(state)
        return state if contact is None or contact.card is None else contact.card.public.body
