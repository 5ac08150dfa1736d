"""How a State and a registrar make what stands in the register. Pure: keys, numbers and times come in, signed objects
come out (the signatures draw their own randomness)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from directory.card import Card, Members, PublicCard, Reachability
from directory.contact import GatewayAddress
from directory.documents import NO_NET, OWN, Action, Charter, Gateway, Genesis, Listing, LogKeys, Purpose, Revocation
from directory.logkey import LogPublicKey
from keys.certificate import KeyRecord, Role
from keys.signed import Signed, sign
from keys.signing import PublicKey, SigningKey

Reason = Literal["compromised", "lost", "left", "replaced", "unspecified"]


@dataclass(frozen=True, slots=True)
class StationKeys:
    """The private keys that a charter lists; `gateway` is None where the mailbox is rented."""

    station: SigningKey
    keeper: SigningKey
    issuer: SigningKey
    gateway: SigningKey | None = None

    def records(self, state: str, not_before: datetime, not_after: datetime, net: bytes) -> tuple[KeyRecord, ...]:
        """A record with proof of possession for each. The window is at most 400 days."""
        named = [(Role.STATION, self.station), (Role.KEEPER, self.keeper), (Role.ISSUER, self.issuer)]
        if self.gateway is not None:
            named.append((Role.GATEWAY, self.gateway))
        return tuple(KeyRecord.make(key, role, state, not_before, not_after, net) for role, key in named)


def make_genesis(
    registrar: SigningKey, log: LogPublicKey, purpose: Purpose, name: str, policy: str, at: datetime
) -> Signed:
    """A network's genesis, with one registrar and no witnesses."""
    genesis = Genesis(
        purpose=purpose,
        name=name,
        policy=policy,
        registrar=(registrar.public,),
        threshold=1,
        log=LogKeys(ed25519=log.ed25519, ml_dsa_44=log.ml_dsa_44),
        witnesses=(),
        quorum=0,
        at=at,
    )
    return sign(Genesis.TYPE, genesis.to_content(), [registrar], NO_NET)


def make_charter(
    roots: Sequence[SigningKey],
    state: str,
    number: int,
    records: Sequence[KeyRecord],
    gateways: Sequence[GatewayAddress],
    at: datetime,
    net: bytes,
    *,
    mailbox: str = OWN,
    old_roots: Sequence[SigningKey] = (),
    threshold: int = 1,
) -> Signed:
    """A charter signed by its roots; where the roots change, by `old_roots` too (both thresholds must sign)."""
    charter = Charter(
        state=state,
        number=number,
        roots=tuple(root.public for root in roots),
        threshold=threshold,
        keys=tuple(records),
        mailbox=mailbox,
        gateways=tuple(Gateway(url=address.url, trust=address.trust) for address in gateways),
        at=at,
    )
    signers = {root.public.id: root for root in (*roots, *old_roots)}
    return sign(Charter.TYPE, charter.to_content(), list(signers.values()), net)


def make_card(
    keeper: SigningKey,
    state: str,
    number: int,
    public: PublicCard,
    reachability: Reachability | None,
    salt: bytes,
    at: datetime,
    net: bytes,
) -> tuple[Signed, Members | None]:
    """A card signed by the keeper, and the members' part to hand in with it. `salt`: 16 fresh random bytes."""
    members = Members(salt=salt, reachability=reachability) if reachability is not None else None
    card = Card(state=state, number=number, public=public, members=members.salted if members else None, at=at)
    return sign(Card.TYPE, card.to_content(), [keeper], net), members


def make_revocation(
    signer: SigningKey, state: str, key_id: bytes, at: datetime, invalid_after: datetime, reason: Reason, net: bytes
) -> Signed:
    """The end of a key: a root ends any key of its charter, issuer or station an officer's."""
    revocation = Revocation(state=state, key=key_id, at=at, invalid_after=invalid_after, reason=reason)
    return sign(Revocation.TYPE, revocation.to_content(), [signer], net)


def make_listing(
    registrar: SigningKey,
    state: str,
    number: int,
    action: Action,
    roots: Sequence[PublicKey],
    reason: str,
    at: datetime,
    net: bytes,
) -> Signed:
    """A registrar's decision about a State."""
    listing = Listing(
        state=state, number=number, action=action, roots=tuple(root.id for root in roots), reason=reason, at=at
    )
    return sign(Listing.TYPE, listing.to_content(), [registrar], net)
