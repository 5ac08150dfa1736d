"""The copy of the register that a node trusts: frozen, advanced only by what verifies, usable with no network.

It starts from a genesis whose digest is pinned and loads in order: checkpoint (both signatures), every entry under the
signed root, every object under its entry, every document under the rules. Refused: an older log (roll-back), a changed
entry or object (tamper), another history (split view); then the held copy simply stays: good over bad. An entry that the
register signed though the rules refuse it has no effect and becomes a `Fault`, proof against the registrar; blocking the
copy there would let one bad entry hold back every later revocation.

It does not fetch, keep files or know the time: `contactpoint.link.register` fetches, `now` is an argument. The copy is a
pure fold; replaying the same bytes gives an equal copy.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from directory.card import Members
from directory.checkpoint import Checkpoint, read_checkpoint
from directory.contact import ContactPoint, make_contact_point
from directory.documents import Genesis, Revocation, read_genesis, read_object
from directory.errors import (
    CheckpointError,
    DirectoryError,
    DocumentError,
    KeyNotValidError,
    ProofError,
    RollBackError,
    SplitViewError,
    TamperError,
    UnknownStateError,
)
from directory.log import Leaf, Log
from directory.merkle import root_of
from directory.proof import InclusionProof
from directory.rules import ListedKey, Registry, check_revocation, with_revoked
from keys.certificate import Role
from keys.digest import digest
from keys.signing import PublicKey

FRESH = timedelta(hours=24)
USABLE = timedelta(days=30)
AHEAD = timedelta(hours=1)
"""How far a checkpoint may be dated ahead of us: a register with a wrong clock must not look fresh for ever."""
WITHHELD_AFTER = timedelta(hours=24)
"""A revocation that a State sent round and that is still not in the log then is being withheld."""


class Freshness(Enum):
    """How far a copy may be relied on: below 24 hours, with a warning up to 30 days, then not for new letters."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


class Comparison(Enum):
    """How a peer's log head relates to ours."""

    SAME = "same"
    BEHIND_US = "behind-us"
    AHEAD_OF_US = "ahead-of-us"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that the register signed though the rules refuse it: it has no effect and is proof against the registrar."""

    index: int
    state: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A revocation that came from a peer, not from the register."""

    data: bytes
    revocation: Revocation
    at: datetime


@dataclass(frozen=True, slots=True)
class TrustedCopy:
    """A verified copy of the register. Every method that changes something returns a new copy or raises."""

    genesis: Genesis
    genesis_bytes: bytes
    registry: Registry
    log: Log = field(default_factory=Log)
    checkpoint: Checkpoint | None = None
    objects: Mapping[bytes, bytes] = field(default_factory=lambda: MappingProxyType({}))
    checked_at: datetime | None = None
    faults: tuple[Fault, ...] = ()
    heard: tuple[Heard, ...] = ()
    members: Mapping[bytes, Members] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def start(cls, genesis: bytes, pinned: bytes | None = None) -> "TrustedCopy":
        """An empty copy of the network whose genesis has the pinned digest. DocumentError for any other genesis."""
        read = read_genesis(genesis, pinned)
        return cls(read, genesis, Registry(read))

    # What it is

    @property
    def net(self) -> bytes:
        """The network's id, 16 bytes."""
        return self.genesis.net

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return self.log.size

    @property
    def root(self) -> bytes:
        """Root of its log."""
        return self.log.root

    def age(self, now: datetime) -> timedelta | None:
        """Time since the register signed the newest checkpoint we hold; None before the first. Fetching does not make
        it younger: a frozen register shows here, however often it answers."""
        return max(timedelta(0), now - self.checkpoint.at) if self.checkpoint else None

    def freshness(self, now: datetime) -> Freshness:
        """Whether to rely on it, to warn, or to stop."""
        age = self.age(now)
        if age is None or age >= USABLE:
            return Freshness.EXPIRED
        return Freshness.FRESH if age < FRESH else Freshness.STALE

    def compare(self, size: int, root: bytes) -> Comparison:
        """How a peer's head relates to ours. A peer that is ahead must still be checked, by fetching from it."""
        if size > self.size:
            return Comparison.AHEAD_OF_US
        if self.log.root_at(size) != root:
            return Comparison.SPLIT
        return Comparison.SAME if size == self.size else Comparison.BEHIND_US

    # How it grows

    def advance(
        self,
        checkpoint: bytes,
        entries: Sequence[bytes],
        objects: Mapping[bytes, bytes],
        now: datetime,
        *,
        leaf_hashes: Sequence[bytes] | None = None,
    ) -> "TrustedCopy":
        """The copy with a newer checkpoint, the entries after our own, and their objects by digest.

        `leaf_hashes` (all of the new log, from its tiles) is only needed to tell a split view from tampering on the way.
        Raises CheckpointError, RollBackError, SplitViewError or TamperError; this copy then stays as it is.
        """
        head = self.read_head(checkpoint, now)
        if len(entries) != head.size - self.size:
            raise TamperError("E-ENTRIES", f"{len(entries)} entries where {head.size - self.size} are new; fetch again")
        log = self.log.extend(entries)
        if log.root != head.root:
            raise self._unlike(head, log, leaf_hashes)
        registry, faults, kept = self.registry, list(self.faults), dict(self.objects)
        for index, entry in enumerate(entries, start=self.size):
            registry, fault = _fold(registry, index, entry, objects, kept)
            faults += [fault] if fault else []
        return replace(
            self,
            registry=registry,
            log=log,
            checkpoint=head,
            objects=MappingProxyType(kept),
            checked_at=now,
            faults=tuple(faults),
        )

    def read_head(self, checkpoint: bytes, now: datetime) -> Checkpoint:
        """The checkpoint, if it may follow the one held: what to know before fetching. Raises as `advance` does."""
        head = read_checkpoint(checkpoint, self.genesis.origin, self.genesis.log.key)
        if head.at > now + AHEAD:
            raise CheckpointError("E-CHECKPOINT-FUTURE", "a checkpoint from the future; compare this clock with others")
        if head.size <= self.size and self.log.root_at(head.size) != head.root:
            raise SplitViewError(
                "E-SPLIT-VIEW", "the register signed two histories; keep both checkpoints and telephone other States"
            )
        if head.size < self.size:
            raise RollBackError(
                "E-ROLL-BACK", f"a log of {head.size} entries after one of {self.size}; ask another mirror"
            )
        if self.checkpoint and head.at < self.checkpoint.at:
            raise RollBackError("E-ROLL-BACK", "an older checkpoint than the one held; ask another mirror")
        return head

    def _unlike(self, head: Checkpoint, log: Log, leaf_hashes: Sequence[bytes] | None) -> DirectoryError:
        if leaf_hashes is not None and len(leaf_hashes) == head.size and root_of(leaf_hashes) == head.root:
            wrong = [i for i, ours in enumerate(log.hashes) if ours != leaf_hashes[i]]
            if wrong[0] < self.size:
                return SplitViewError(
                    "E-SPLIT-VIEW",
                    f"the register signed another entry {wrong[0]} than the one held; keep both checkpoints as proof",
                )
            return TamperError("E-ENTRY", f"entry {wrong[0]} is not the signed one; ask another mirror")
        return TamperError("E-ENTRIES", "the entries do not lead to the signed root; fetch them and the tiles again")

    def hear(self, data: bytes, now: datetime) -> "TrustedCopy":
        """The copy with a revocation that a peer handed on: it holds at once, whatever the register does with it.

        Raises DocumentError or RuleError when the revocation does not hold by itself.
        """
        document, signed = read_object(data, Revocation.TYPE)
        if not isinstance(document, Revocation):
            raise DocumentError("E-DOCUMENT-TYPE", "not a revocation")
        if any(heard.revocation == document for heard in self.heard):
            return self
        check_revocation(self.registry, document, signed)
        return replace(self, heard=(*self.heard, Heard(data, document, now)))

    def withheld(self, now: datetime) -> tuple[Revocation, ...]:
        """Revocations heard from their State a day ago or more that the register still has not logged: raise an alarm."""
        return tuple(
            heard.revocation
            for heard in self.heard
            if heard.revocation.digest not in self.registry.seen and now - heard.at >= WITHHELD_AFTER
        )

    def with_members(self, data: bytes) -> "TrustedCopy":
        """The copy with the members' part of some card (telephones). DocumentError if no current card names it."""
        part = Members.from_content(data)
        cards = [standing.card for standing in self.registry.standings.values() if standing.card]
        named = {card.members for card in cards if card.members}
        if part.salted not in named:
            raise DocumentError("E-MEMBERS", "no card names this members' part; fetch the part that the card names")
        kept = {name: held for name, held in self.members.items() if name in named}
        return replace(self, members=MappingProxyType({**kept, part.salted: part}))

    # What it knows

    @property
    def states(self) -> tuple[str, ...]:
        """States that have a charter, in alphabetical order."""
        return tuple(sorted(state for state, standing in self.registry.standings.items() if standing.charter))

    def contact_point(self, state: str) -> ContactPoint:
        """The State's contact point. UnknownStateError if the register has no charter of it."""
        standing = self.registry.standings.get(state)
        if standing is None or standing.charter is None:
            raise UnknownStateError("E-UNKNOWN-STATE", f"no contact point of {state} here; fetch the register")
        host = self.registry.standings.get(standing.charter.mailbox)
        card = standing.card
        members = self.members.get(card.members) if card and card.members else None
        contact = make_contact_point(standing, host.charter if host else None, members)
        if contact is None:
            raise UnknownStateError("E-UNKNOWN-STATE", f"no contact point of {state} here; fetch the register")
        return contact

    def key(self, key_id: bytes, role: Role, at: datetime) -> ListedKey:
        """The key (its `state` and `public`), if it is good at this instant in this role.

        Give the *witnessed* time of what it signed where there is one: a revocation's `invalid_after` is compared with
        it. Raises UnknownKeyError, KeyNotValidError. A suspended State's keys still verify old evidence.
        """
        return self._with_heard().key(key_id, role, at)

    def station_key(self, key_id: bytes, at: datetime) -> ListedKey:
        """A station key good at `at`. Raises as `key` does."""
        return self.key(key_id, Role.STATION, at)

    def gateway_key(self, key_id: bytes, at: datetime) -> ListedKey:
        """A gateway key good at `at`. Raises as `key` does."""
        return self.key(key_id, Role.GATEWAY, at)

    def keys_of(self, state: str, role: Role, at: datetime) -> tuple[PublicKey, ...]:
        """All keys of a State that are good at `at` in this role (issuers for certificates, stations for sheets)."""
        known = self._with_heard()
        good = []
        for key_id, listed in known.keys.items():
            if listed.state == state and listed.record.role is role:
                with suppress(KeyNotValidError):
                    good.append(known.key(key_id, role, at).public)
        return tuple(good)

    def invalid_after(self, state: str, key_id: bytes) -> datetime | None:
        """The end that a State gave to one of its keys (an officer's too), from the log or heard; None if none."""
        return self._with_heard().revoked.get((state, key_id))

    def _with_heard(self) -> Registry:
        known = self.registry
        for heard in self.heard:
            known = with_revoked(known, heard.revocation)
        return known

    def proof(self, object_digest: bytes) -> InclusionProof:
        """The proof for an object, by its digest in the log. ProofError if it is not in this copy."""
        if self.checkpoint is not None:
            for index, entry in enumerate(self.log.entries):
                if object_digest in entry and Leaf.from_bytes(entry).digest == object_digest:
                    return InclusionProof(index, entry, self.log.inclusion(index), self.checkpoint.note)
        raise ProofError("E-PROOF", "this object is not in the copy; fetch the register first")

    def consistency_proof(self, old_size: int) -> tuple[bytes, ...]:
        """Proof that the log at `old_size` is a prefix of this one. ProofError if it is larger."""
        return self.log.consistency(old_size)


def _fold(
    registry: Registry, index: int, entry: bytes, objects: Mapping[bytes, bytes], kept: dict[bytes, bytes]
) -> tuple[Registry, Fault | None]:
    try:
        leaf = Leaf.from_bytes(entry)
    except TamperError as error:
        return registry, Fault(index, "", error.code, error.text)
    data = objects.get(leaf.digest, kept.get(leaf.digest))
    if data is None:
        raise TamperError(
            "E-OBJECT-MISSING", f"the {leaf.kind} of {leaf.state} is missing; ask another mirror or a peer"
        )
    if digest(data) != leaf.digest:
        raise TamperError("E-OBJECT", f"the {leaf.kind} of {leaf.state} is not the logged one; ask another mirror")
    kept[leaf.digest] = data
    try:
        document, signed = read_object(data, leaf.kind)
        return registry.apply(leaf, document, signed), None
    except DirectoryError as error:
        return registry, Fault(index, leaf.state, error.code, error.text)
