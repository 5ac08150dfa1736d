"""A register in memory: the real documents, rules, log and checkpoint, without a server or a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from directory.card import Calendar, Language, Line, Members, PublicCard, Reachability
from directory.checkpoint import sign_checkpoint
from directory.contact import GatewayAddress
from directory.documents import OWN, Action, Purpose, read_genesis, read_object
from directory.enrolment import StationKeys, make_card, make_charter, make_genesis, make_listing, make_revocation
from directory.log import Log
from directory.logkey import LogKey
from directory.rules import Registry
from directory.trusted import TrustedCopy
from keys.certificate import Role
from keys.digest import digest
from keys.signed import Signed
from keys.signing import SigningKey


class SimulatedRegister:
    """Lists States at once; who rents its mailbox is said beforehand."""

    def __init__(self, random: Callable[[int], bytes], now: datetime) -> None:
        self._random = random
        self._registrar = SigningKey.from_seed(random(64))
        self._log_key = LogKey.from_seed(random(64))
        made = make_genesis(self._registrar, self._log_key.public, Purpose.TRAINING, "Simulated", "standard-1", now)
        self._genesis = made.to_bytes()
        genesis = read_genesis(self._genesis)
        self.net, self._origin = genesis.net, genesis.origin
        self._registry, self._log = Registry(genesis), Log()
        self._objects: dict[bytes, bytes] = {}
        self._members: dict[str, Members] = {}
        self._hosts: dict[str, str] = {}
        self._roots: dict[str, SigningKey] = {}
        self._keepers: dict[str, SigningKey] = {}

    def rent(self, guest: str, host: str) -> None:
        self._hosts[guest] = host

    def guests_of(self, host: str) -> list[str]:
        return [guest for guest, of in self._hosts.items() if of == host]

    def list_state(
        self,
        state: str,
        keys: Mapping[Role, SigningKey],
        gateway: SigningKey,
        address: GatewayAddress,
        now: datetime,
        until: datetime,
        host: str | None = None,
    ) -> None:
        """A listing by the registrar, then the State's charter and card."""
        root = self._roots[state] = SigningKey.from_seed(self._random(64))
        own = StationKeys(keys[Role.STATION], keys[Role.KEEPER], keys[Role.ISSUER], None if host else gateway)
        self._append(make_listing(self._registrar, state, 1, Action.LIST, [root.public], "", now, self.net), "listing")
        charter = make_charter(
            [root],
            state,
            1,
            own.records(state, now, until, self.net),
            [] if host else [address],
            now,
            self.net,
            mailbox=host or OWN,
        )
        self._append(charter, "charter")
        lines = (Line(number="+999100200", carrier="A"), Line(number="+999100201", carrier="B"))
        reach = Reachability(duty_line="+999100200", telephones=lines, mail=f"desk@{state.lower()}.example")
        public = PublicCard(body=f"Desk of {state}", languages=(Language(tag="en"),), calendar=Calendar(zone="UTC"))
        self._keepers[state] = own.keeper
        self._put_card(state, 1, public, reach, now)

    def change_card(self, state: str, now: datetime, **fields: Any) -> None:
        """The State's next card: these fields of its public part anew, its telephones as before."""
        held = self._registry.standings[state].card
        assert held is not None
        reach = self._members[state].reachability
        self._put_card(state, held.number + 1, held.public.model_copy(update=fields), reach, now)

    def _put_card(self, state: str, number: int, public: PublicCard, reach: Reachability, now: datetime) -> None:
        card, members = make_card(self._keepers[state], state, number, public, reach, self._random(16), now, self.net)
        self._append(card, "card")
        if members is not None:
            self._members[state] = members

    def suspend(self, state: str, now: datetime) -> None:
        roots = [self._roots[state].public]
        self._append(make_listing(self._registrar, state, 2, Action.SUSPEND, roots, "test", now, self.net), "listing")

    def revoke(
        self, state: str, signer: SigningKey, key_id: bytes, now: datetime, invalid_after: datetime | None = None
    ) -> None:
        end = invalid_after or now
        revocation = make_revocation(signer, state, key_id, now, end, "compromised", self.net)
        self._append(revocation, "revocation")

    def submit(self, data: bytes) -> None:
        """Take a revocation that a State hands in, under the register's own rules."""
        _, signed = read_object(data, "revocation")
        self._append(signed, "revocation")

    def _append(self, signed: Signed, kind: str) -> None:
        document, _ = read_object(signed.to_bytes(), kind)
        leaf = self._registry.leaf_for(document, signed)
        self._registry = self._registry.apply(leaf, document, signed)
        self._log = self._log.extend([leaf.to_bytes()])
        self._objects[digest(signed.to_bytes())] = signed.to_bytes()

    def copy(self, now: datetime) -> TrustedCopy:
        """What a node would hold after fetching everything."""
        note = sign_checkpoint(self._log_key, self._origin, self._log.size, self._log.root, now)
        copy = TrustedCopy.start(self._genesis).advance(note, self._log.entries, self._objects, now)
        for members in self._members.values():
            copy = copy.with_members(members.to_content())
        return copy
