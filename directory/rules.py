"""The rules of the register as a fold: which document may follow, given all that stands in the log before it.

The register asks these rules before it appends, every reader asks them again when it replays; both run this code, so a
register that appends what the rules refuse convicts itself. Nothing here reads a clock: a document is judged by its own
times and by its place in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from directory.card import Card
from directory.documents import Action, Charter, Entry, Genesis, Listing, Revocation
from directory.errors import EqualVersionError, KeyNotValidError, RuleError, UnknownKeyError
from directory.log import Leaf
from directory.signatures import check_both, check_threshold
from keys.certificate import KeyRecord, Role
from keys.digest import digest, labelled
from keys.errors import CertificateError
from keys.signed import Signed
from keys.signing import PublicKey

KEY_TERM = timedelta(days=400)
"""Thirteen months: the longest window of a station, gateway, keeper or issuer key."""


class Status(StrEnum):
    """What the registrar last decided about a State."""

    LISTED = "listed"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key that some charter of a State listed: usable within its window, until dropped or revoked."""

    state: str
    record: KeyRecord
    until: datetime | None = None
    """When a later charter dropped it; None while the current charter lists it."""

    @property
    def public(self) -> PublicKey:
        """The key itself."""
        return self.record.public


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log says of one State so far."""

    state: str
    status: Status
    roots: tuple[bytes, ...]
    """Key ids of the roots that the registrar listed; the charters after it rotate on their own."""
    charter: Charter | None = None
    charter_digest: bytes | None = None
    card: Card | None = None
    card_digest: bytes | None = None
    listings: int = 0
    revocations: int = 0


@dataclass(frozen=True, slots=True)
class Registry:
    """The fold of a log: every State's standing, every key ever listed, every key's end."""

    genesis: Genesis
    standings: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[bytes, ListedKey] = field(default_factory=lambda: MappingProxyType({}))
    revoked: Mapping[tuple[str, bytes], datetime] = field(default_factory=lambda: MappingProxyType({}))
    """(State, key id) to `invalid_after`, the earliest that was said; officers' keys included. The State is in the
    key because key ids of officers are not listed: without it one State could end another's officer."""
    seen: frozenset[bytes] = frozenset()
    """Digests of all documents in the log."""

    def leaf_for(self, document: Entry, signed: Signed) -> Leaf:
        """The leaf under which this document would be appended now."""
        if isinstance(document, Revocation):
            standing = self.standings.get(document.state)
            number = standing.revocations + 1 if standing else 1
        else:
            number = document.number
        return Leaf(document.TYPE, document.state, number, digest(signed.to_bytes()))

    def apply(self, leaf: Leaf, document: Entry, signed: Signed) -> "Registry":
        """The registry after this entry. RuleError (EqualVersionError for a taken number) when it may not stand here."""
        if document.digest in self.seen:
            raise RuleError("E-DUPLICATE", "this document stands in the log already; nothing to do")
        if leaf != self.leaf_for(document, signed):
            raise RuleError("E-LEAF", "the leaf does not say what its object says; report it to the registrar")
        if isinstance(document, Listing):
            after = _list(self, document, signed)
        elif document.state not in self.standings:
            raise RuleError("E-NOT-LISTED", "the registrar has not listed this State; have its root approved first")
        elif isinstance(document, Charter):
            after = _charter(self, leaf, document, signed)
        elif isinstance(document, Card):
            after = _card(self, leaf, document, signed)
        else:
            after = _revoke(self, document, signed)
        return replace(after, seen=self.seen | {document.digest})

    def key(self, key_id: bytes, role: Role, at: datetime) -> ListedKey:
        """The key, if it is good at this instant in this role. UnknownKeyError or KeyNotValidError otherwise."""
        listed = self.keys.get(key_id)
        if listed is None:
            raise UnknownKeyError("E-UNTRUSTED-KEY", "a key that no charter lists here; fetch the register")
        if listed.record.role is not role:
            raise KeyNotValidError("E-KEY-ROLE", f"a {listed.record.role.value} key used as a {role.value} key")
        if not listed.record.covers(at) or (listed.until is not None and at >= listed.until):
            raise KeyNotValidError("E-KEY-EXPIRED", "the key was not valid then; the State must use its present key")
        ends = self.revoked.get((listed.state, key_id))
        if ends is not None and at > ends:
            raise KeyNotValidError("E-KEY-REVOKED", "the State has revoked this key; ask it by telephone")
        return listed

    def check_new(self, document: Charter, signed: Signed) -> None:
        """Accept the first charter of a State that waits for the registrar. RuleError otherwise."""
        check_threshold(signed, document.roots, document.threshold, self.genesis.net)
        if document.number != 1:
            raise RuleError("E-NUMBER", "a State's first charter has number 1")
        _check_keys(self, document)


def roots_fingerprint(roots: tuple[bytes, ...]) -> bytes:
    """What the twelve words stand for: the root's key id, or a digest of all ids where a State has several roots."""
    return roots[0] if len(roots) == 1 else labelled("cpn1/roots", *sorted(roots))


def _put(registry: Registry, standing: Standing) -> Registry:
    return replace(registry, standings=MappingProxyType({**registry.standings, standing.state: standing}))


def _list(registry: Registry, listing: Listing, signed: Signed) -> Registry:
    check_threshold(signed, registry.genesis.registrar, registry.genesis.threshold, registry.genesis.net)
    known = registry.standings.get(listing.state)
    _next_number(listing.number, known.listings if known else 0, None, listing)
    if known is None:
        if listing.action is not Action.LIST:
            raise RuleError("E-NOT-LISTED", "a State that was never listed cannot be suspended")
        return _put(registry, Standing(listing.state, Status.LISTED, listing.roots, listings=1))
    current = tuple(key.id for key in known.charter.roots) if known.charter else known.roots
    if sorted(listing.roots) != sorted(current):
        # A registrar who could name new roots here could replace a State.
        raise RuleError("E-ROOT", "a registrar cannot replace a State's roots; the State signs that itself")
    status = Status.LISTED if listing.action is Action.LIST else Status.SUSPENDED
    return _put(registry, replace(known, status=status, listings=listing.number))


def _charter(registry: Registry, leaf: Leaf, charter: Charter, signed: Signed) -> Registry:
    standing = registry.standings[charter.state]
    old = standing.charter
    _next_number(charter.number, old.number if old else 0, old, charter)
    net = registry.genesis.net
    if old is None:
        if sorted(key.id for key in charter.roots) != sorted(standing.roots):
            raise RuleError("E-ROOT", "not the roots that the registrar approved; submit the approved charter")
        check_threshold(signed, charter.roots, charter.threshold, net)
    else:
        if charter.at < old.at:
            raise RuleError("E-BACKDATED", "a charter dated before the one it replaces; date it now")
        check_both(signed, (old.roots, old.threshold), (charter.roots, charter.threshold), net)
    _check_keys(registry, charter)
    listed = _relist(registry.keys, charter)
    return _put(
        replace(registry, keys=MappingProxyType(listed)), replace(standing, charter=charter, charter_digest=leaf.digest)
    )


def _relist(keys: Mapping[bytes, ListedKey], charter: Charter) -> dict[bytes, ListedKey]:
    listed = dict(keys)
    current = {record.public.id for record in charter.keys}
    for key_id, key in keys.items():
        if key.state == charter.state and key.until is None and key_id not in current:
            listed[key_id] = replace(key, until=charter.at)
    for record in charter.keys:
        listed[record.public.id] = ListedKey(charter.state, record)
    return listed


def _check_keys(registry: Registry, charter: Charter) -> None:
    for record in charter.keys:
        before = registry.keys.get(record.public.id)
        if before and (before.state != charter.state or before.record.role is not record.role):
            raise RuleError("E-KEY-TAKEN", "a key that another State or another role has had; make a fresh one")
        if before and before.until is not None:
            raise RuleError("E-KEY-TAKEN", "a key that an earlier charter dropped; make a fresh one")
        if (charter.state, record.public.id) in registry.revoked:
            raise RuleError("E-KEY-REVOKED", "a revoked key cannot come back; make a fresh one")
        if not timedelta(0) < record.not_after - record.not_before <= KEY_TERM:
            raise RuleError("E-KEY-WINDOW", f"a key's window is at most {KEY_TERM.days} days; shorten it")
        try:
            record.check(record.role, charter.state, registry.genesis.net)
        except CertificateError as error:
            # Without this proof a State could list a neighbour's key as its own and claim its letters.
            raise RuleError("E-POSSESSION", f"a key without proof of possession: {error}") from None
    if any(key.id in registry.keys for key in charter.roots):
        raise RuleError("E-KEY-TAKEN", "a root that has had another role; make a fresh one")


def _card(registry: Registry, leaf: Leaf, card: Card, signed: Signed) -> Registry:
    standing = registry.standings[card.state]
    if standing.charter is None:
        raise RuleError("E-NO-CHARTER", "a card needs a charter before it; submit the charter first")
    old = standing.card
    _next_number(card.number, old.number if old else 0, old, card)
    if old and card.at < old.at:
        raise RuleError("E-BACKDATED", "a card dated before the one it replaces; date it now")
    keepers = [
        record.public
        for record in standing.charter.of_role(Role.KEEPER)
        if record.covers(card.at) and (card.state, record.public.id) not in registry.revoked
    ]
    check_threshold(signed, keepers, 1, registry.genesis.net)
    return _put(registry, replace(standing, card=card, card_digest=leaf.digest))


def check_revocation(registry: Registry, revocation: Revocation, signed: Signed) -> None:
    """Accept a revocation by itself, wherever it was heard (the register, a peer's slip). RuleError otherwise.

    A root ends any key of its charter alone; root, issuer or station end any other key of the State (an officer's).
    """
    standing = registry.standings.get(revocation.state)
    if standing is None or standing.charter is None:
        raise RuleError("E-NOT-LISTED", "a revocation for a State without a charter; submit the charter first")
    charter = standing.charter
    if revocation.key in {key.id for key in charter.roots}:
        raise RuleError("E-ROOT", "a root is not revoked but replaced; submit a charter with new roots, signed by both")
    allowed = list(charter.roots)
    listed = registry.keys.get(revocation.key)
    if listed is None:
        allowed += [
            record.public
            for record in (*charter.of_role(Role.ISSUER), *charter.of_role(Role.STATION))
            if record.covers(revocation.at) and (revocation.state, record.public.id) not in registry.revoked
        ]
    elif listed.state != revocation.state:
        raise RuleError("E-SIGNER", "a State revokes its own keys only")
    check_threshold(signed, allowed, 1, registry.genesis.net)


def _revoke(registry: Registry, revocation: Revocation, signed: Signed) -> Registry:
    check_revocation(registry, revocation, signed)
    standing = registry.standings[revocation.state]
    after = with_revoked(registry, revocation)
    return _put(after, replace(standing, revocations=standing.revocations + 1))


def with_revoked(registry: Registry, revocation: Revocation) -> Registry:
    """The registry with this key's end; of several the earliest holds, so that nobody can soften one."""
    name = (revocation.state, revocation.key)
    ends = min(revocation.invalid_after, registry.revoked.get(name, revocation.invalid_after))
    return replace(registry, revoked=MappingProxyType({**registry.revoked, name: ends}))


def _next_number(number: int, held: int, old: Entry | None, new: Entry) -> None:
    if number == held + 1:
        return
    if number == held and old is not None and old.digest != new.digest:
        raise EqualVersionError(
            "E-EQUAL-VERSION", f"another {new.TYPE} number {number} stands already; keep it, raise the number"
        )
    raise RuleError("E-NUMBER", f"{new.TYPE} number {number} after {held}; the next is {held + 1}")
