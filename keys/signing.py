"""Composite signatures MLDSA65-Ed25519-SHA512: both halves must verify, so breaking one algorithm forges nothing.

Source: draft-ietf-lamps-pq-composite-sigs (IETF LAMPS), its prefix, label and context rules; FIPS 204; RFC 8032.
Public key 1984 bytes (ML-DSA-65, then Ed25519), signature 3373 bytes, seed 64 bytes. ML-DSA signatures are randomised
and do not repeat: store what was sent.
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from keys.digest import labelled
from keys.ed25519 import check_point
from keys.errors import KeyFormatError, SignatureError

ALGORITHM = "MLDSA65-Ed25519-SHA512"
PUBLIC_KEY_BYTES = 1984
SIGNATURE_BYTES = 3373
SEED_BYTES = 64

_PREFIX = b"CompositeAlgorithmSignatures2025"
_LABEL = b"COMPSIG-MLDSA65-Ed25519-SHA512"
_MLDSA_PUBLIC = 1952
_MLDSA_SIGNATURE = 3309
_MAX_CONTEXT = 255


def _representative(message: bytes, context: bytes) -> bytes:
    if len(context) > _MAX_CONTEXT:
        raise SignatureError(f"a signature context of {len(context)} bytes: use at most {_MAX_CONTEXT}")
    return _PREFIX + _LABEL + bytes([len(context)]) + context + hashlib.sha512(message).digest()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A composite public key whose Ed25519 half is a point of large order. Raises KeyFormatError otherwise.

    `id` is 32 bytes over (algorithm name, key), so that an id fixes the algorithm. The halves are loaded once, at first
    use.
    """

    data: bytes
    id: bytes = field(init=False, repr=False, compare=False)
    _halves: list[tuple[MLDSA65PublicKey, Ed25519PublicKey]] = field(
        init=False, repr=False, compare=False, default_factory=list
    )

    def __post_init__(self) -> None:
        if len(self.data) != PUBLIC_KEY_BYTES:
            raise KeyFormatError(f"a signature key of {len(self.data)} bytes: {ALGORITHM} has {PUBLIC_KEY_BYTES}")
        check_point(self.data[_MLDSA_PUBLIC:])
        object.__setattr__(self, "id", labelled(ALGORITHM, self.data))

    def __repr__(self) -> str:
        return f"PublicKey({self.id.hex()[:16]})"

    def verify(self, message: bytes, signature: bytes, context: bytes) -> None:
        """Return if both halves of `signature` over `message` hold under `context`; raise SignatureError if not."""
        if len(signature) != SIGNATURE_BYTES:
            raise SignatureError(f"a signature of {len(signature)} bytes: {ALGORITHM} has {SIGNATURE_BYTES}")
        if not self._halves:
            self._halves.append(
                (
                    MLDSA65PublicKey.from_public_bytes(self.data[:_MLDSA_PUBLIC]),
                    Ed25519PublicKey.from_public_bytes(self.data[_MLDSA_PUBLIC:]),
                )
            )
        mldsa, ed25519 = self._halves[0]
        representative = _representative(message, context)
        try:
            ed25519.verify(signature[_MLDSA_SIGNATURE:], representative)
            mldsa.verify(signature[:_MLDSA_SIGNATURE], representative, _LABEL)
        except InvalidSignature as error:
            raise SignatureError("the signature does not fit message, key and context: reject the object") from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A composite private key; its representation shows the key id only."""

    seed: bytes = field(repr=False, compare=False)
    public: PublicKey
    _mldsa: MLDSA65PrivateKey = field(repr=False, compare=False)
    _ed25519: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Return the key of a 64-byte `seed` (ML-DSA-65 seed, then Ed25519 seed). Raises KeyFormatError."""
        if len(seed) != SEED_BYTES:
            raise KeyFormatError(f"a signing seed of {len(seed)} bytes: it has {SEED_BYTES}")
        mldsa = MLDSA65PrivateKey.from_seed_bytes(seed[:32])
        ed25519 = Ed25519PrivateKey.from_private_bytes(seed[32:])
        public = PublicKey(mldsa.public_key().public_bytes_raw() + ed25519.public_key().public_bytes_raw())
        return cls(seed, public, mldsa, ed25519)

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Return the 3373-byte signature over `message` under `context` (at most 255 bytes)."""
        representative = _representative(message, context)
        return self._mldsa.sign(representative, _LABEL) + self._ed25519.sign(representative)
