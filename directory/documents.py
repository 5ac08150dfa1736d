"""What stands in the register: genesis, charters, revocations and the registrar's listings. Cards: `directory.card`.

Each is a signed object of `keys.signed` whose type is its `TYPE`. A genesis is signed under an all-zero network id,
because the network's id is made from its digest.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from directory.card import Card
from directory.errors import DocumentError
from directory.fields import Digest, Document, Instant, Key, Long, Number, Plain, Record, Short, StateCode
from directory.logkey import ED25519_BYTES, ML_DSA_44_BYTES, LogPublicKey
from directory.signatures import check_threshold
from keys.certificate import Role
from keys.errors import KeysError
from keys.signed import Signed, parse

NET_BYTES = 16
NO_NET = bytes(NET_BYTES)
OWN = "own"
OBJECT_BYTES = 131_072

WEBPKI = "webpki"
CHARTER_ROLES = frozenset({Role.STATION, Role.GATEWAY, Role.KEEPER, Role.ISSUER})


class Purpose(StrEnum):
    """What a network is for. A training letter is refused in a live network because their ids differ."""

    LIVE = "live"
    PILOT = "pilot"
    TRAINING = "training"


class LogKeys(Plain):
    """Public keys of the log, raw."""

    ed25519: Annotated[bytes, Field(min_length=ED25519_BYTES, max_length=ED25519_BYTES)]
    ml_dsa_44: Annotated[bytes, Field(min_length=ML_DSA_44_BYTES, max_length=ML_DSA_44_BYTES)]

    @property
    def key(self) -> LogPublicKey:
        """Both as one verifier."""
        return LogPublicKey(self.ed25519, self.ml_dsa_44)


class Genesis(Document):
    """The register's first word: what a node pins by digest, and what names the network."""

    TYPE: ClassVar[str] = "genesis"

    v: Literal[1] = 1
    purpose: Purpose
    name: Short
    policy: Short
    registrar: Annotated[tuple[Key, ...], Field(min_length=1, max_length=9)]
    threshold: Annotated[int, Field(ge=1, le=9)]
    log: LogKeys
    witnesses: Annotated[tuple[Short, ...], Field(max_length=9)]
    quorum: Annotated[int, Field(ge=0, le=9)]
    at: Instant

    @model_validator(mode="after")
    def _counts(self) -> "Genesis":
        if self.threshold > len(self.registrar) or self.quorum > len(self.witnesses):
            raise ValueError("a threshold above the number of keys")
        return self

    @property
    def net(self) -> bytes:
        """The network's id: the first 16 bytes of the digest. It stands in the context of every signature."""
        return self.digest[:NET_BYTES]

    @property
    def origin(self) -> str:
        """The log's name in its checkpoints."""
        return f"cpn1/{self.net.hex()}"


class Gateway(Plain):
    """An address of a mailbox on the public network, and how its TLS server is known."""

    url: Annotated[str, StringConstraints(pattern=r"^wss://[^\s/?#@]+(/[^\s?#]*)?$", max_length=300)]
    trust: Literal["webpki"] | Digest
    """`webpki`, or the SHA-256 of the server's public key (SPKI)."""


class Charter(Document):
    """A State's constitution in the network, signed by its roots: its keys, and where its mailbox is."""

    TYPE: ClassVar[str] = "charter"

    v: Literal[1] = 1
    state: StateCode
    number: Number
    roots: Annotated[tuple[Key, ...], Field(min_length=1, max_length=7)]
    threshold: Annotated[int, Field(ge=1, le=7)]
    keys: Annotated[tuple[Record, ...], Field(min_length=1, max_length=12)]
    mailbox: Literal["own"] | StateCode
    gateways: Annotated[tuple[Gateway, ...], Field(max_length=8)]
    at: Instant

    @model_validator(mode="after")
    def _whole(self) -> "Charter":
        if self.threshold > len(self.roots):
            raise ValueError("a threshold above the number of roots")
        ids = [key.id for key in self.roots] + [record.public.id for record in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("one key in two places; a key has one role")
        present = {record.role for record in self.keys}
        if not present <= CHARTER_ROLES or not {Role.STATION, Role.KEEPER, Role.ISSUER} <= present:
            raise ValueError(
                "a charter lists station, keeper and issuer keys, and gateway keys if the mailbox is its own"
            )
        own = self.mailbox == OWN
        if own != bool(self.gateways) or own != (Role.GATEWAY in present) or self.mailbox == self.state:
            raise ValueError("an own mailbox needs a gateway key and an address; a hosted one has neither")
        return self

    def of_role(self, role: Role) -> tuple[Record, ...]:
        """Its key records of one role, in the charter's order."""
        return tuple(record for record in self.keys if record.role is role)


class Revocation(Document):
    """A key's end: what is signed after `invalid_after`, or dated so, fails; what others witnessed before stays."""

    TYPE: ClassVar[str] = "revocation"

    v: Literal[1] = 1
    state: StateCode
    key: Digest
    at: Instant
    invalid_after: Instant
    reason: Literal["compromised", "lost", "left", "replaced", "unspecified"]


class Action(StrEnum):
    """What a registrar may decide about a State."""

    LIST = "list"
    SUSPEND = "suspend"


class Listing(Document):
    """A registrar's decision. It names the State's roots, so that listing again cannot replace them."""

    TYPE: ClassVar[str] = "listing"

    v: Literal[1] = 1
    state: StateCode
    number: Number
    action: Action
    roots: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=7)]
    reason: Long
    at: Instant


Entry = Charter | Card | Revocation | Listing
"""What a leaf can name."""

READERS: dict[str, type[Charter | Card | Revocation | Listing]] = {
    kind.TYPE: kind for kind in (Charter, Card, Revocation, Listing)
}


def read_object(data: bytes, kind: str) -> tuple[Entry, Signed]:
    """A document of this type with its signatures, which are not verified yet. DocumentError otherwise."""
    if kind not in READERS:
        raise DocumentError("E-DOCUMENT-TYPE", f"documents of type {kind[:32]!r} do not stand in the register")
    try:
        signed = parse(data, kind, limit=OBJECT_BYTES)
    except KeysError as error:
        raise DocumentError(error.code, f"not a signed {kind}: {error}") from None
    return READERS[kind].from_content(signed.content), signed


def read_genesis(data: bytes, pinned: bytes | None = None) -> Genesis:
    """The genesis, signed by its own registrar, and the pinned one if a digest is given.

    Raises DocumentError for another network's genesis or none at all, RuleError for a false signature.
    """
    try:
        signed = parse(data, Genesis.TYPE)
    except KeysError as error:
        raise DocumentError(error.code, f"not a genesis: {error}") from None
    if pinned is not None and signed.digest != pinned:
        raise DocumentError("E-GENESIS", "another network's genesis; compare the digest with the published one")
    genesis = Genesis.from_content(signed.content)
    check_threshold(signed, genesis.registrar, genesis.threshold, NO_NET)
    return genesis
