"""What a reader gets when it looks up a State: one flat value, mailbox host already resolved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from directory.card import Card, Members
from directory.documents import OWN, Charter
from directory.rules import Standing, Status
from keys.certificate import KeyRecord, Role
from keys.signing import PublicKey


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """Where a mailbox is reached: a wss URL, and `webpki` or the SHA-256 of the server's public key."""

    url: str
    trust: Literal["webpki"] | bytes


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A State's contact point as this copy of the register knows it.

    `gateways` and `addresses` are those of `host`, which is the State itself unless its mailbox is rented. Digests are
    the names of the objects in the log (`TrustedCopy.proof` takes them). Records are as listed: ask the copy
    (`station_key` and its like) whether a key is good at an instant.
    """

    state: str
    status: Status
    roots: tuple[PublicKey, ...]
    stations: tuple[KeyRecord, ...]
    gateways: tuple[KeyRecord, ...]
    keepers: tuple[KeyRecord, ...]
    issuers: tuple[KeyRecord, ...]
    host: str
    addresses: tuple[GatewayAddress, ...]
    charter: Charter
    charter_digest: bytes
    card: Card | None
    card_digest: bytes | None
    members: Members | None
    valid_from: datetime


def make_contact_point(standing: Standing, host: Charter | None, members: Members | None) -> ContactPoint | None:
    """The contact point of a standing; None while it has no charter. `host` is the charter of whoever runs its gateway."""
    charter, charter_digest = standing.charter, standing.charter_digest
    if charter is None or charter_digest is None:
        return None
    if charter.mailbox == OWN:
        host = charter
    return ContactPoint(
        state=standing.state,
        status=standing.status,
        roots=charter.roots,
        stations=charter.of_role(Role.STATION),
        gateways=host.of_role(Role.GATEWAY) if host else (),
        keepers=charter.of_role(Role.KEEPER),
        issuers=charter.of_role(Role.ISSUER),
        host=charter.state if charter.mailbox == OWN else charter.mailbox,
        addresses=tuple(GatewayAddress(g.url, g.trust) for g in host.gateways) if host else (),
        charter=charter,
        charter_digest=charter_digest,
        card=standing.card,
        card_digest=standing.card_digest,
        members=members,
        valid_from=charter.at,
    )
