"""What the link and the gateway need to know of the register: whose keys are whose, and how new that knowledge is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from contactpoint.wire.end import PROVE_TYPE
from contactpoint.wire.frames import Role
from contactpoint.wire.phases import Claim, Verdict, Verify
from keys import cbor
from keys.errors import SignatureError
from keys.signing import PublicKey, SigningKey


class KeyBook(Protocol):
    """A view of the trusted copy of the register. Lookups are local; nothing is fetched."""

    @property
    def size(self) -> int:
        """How many leaves of the log the copy covers."""

    @property
    def root(self) -> bytes | None:
        """The log's root at that size; None while it is empty."""

    @property
    def checked_at(self) -> datetime:
        """When the register (or a peer with more) was last asked for something newer and answered."""

    def station_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        """The State's station keys that are valid at this instant; empty for a State that is not listed."""

    def gateway_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        """The gateway keys of the State that runs a gateway, from the charter of that State."""


def prove_context(net: bytes) -> bytes:
    """The signature context of a proof: bound to its type and to the network."""
    return cbor.encode(["cpn1", PROVE_TYPE, net])


def proof_signer(key: SigningKey, net: bytes) -> ProofSigner:
    """What `session.Identity` wants as `sign`."""
    return ProofSigner(key, prove_context(net))


class ProofSigner:
    """Signs proofs with one key; shows no key when it is printed."""

    __slots__ = ("_context", "_key")

    def __init__(self, key: SigningKey, context: bytes) -> None:
        self._key, self._context = key, context

    def __call__(self, message: bytes) -> bytes:
        return self._key.sign(message, self._context)


def proof_verifier(book: KeyBook, net: bytes) -> Verify:
    """What the session machines want as `verify`: the key must be in the register, in this role, now.

    A gateway's key among a State's station keys proves nothing, nor the other way round: each role has its own list.
    """
    context = prove_context(net)

    def verify(claim: Claim, message: bytes, signature: bytes) -> Verdict:
        keys_of = book.station_keys if claim.role is Role.STATION else book.gateway_keys
        key = next((key for key in keys_of(claim.name, claim.at) if key.id == claim.key), None)
        if key is None:
            return Verdict.UNKNOWN_KEY
        try:
            key.verify(message, signature, context)
        except SignatureError:
            return Verdict.FALSE
        return Verdict.TRUSTED

    return verify
