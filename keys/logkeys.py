"""The register's checkpoint keys: Ed25519 and ML-DSA-44 over raw bytes with no context, as C2SP signed notes need.

Sources: C2SP signed-note and tlog-cosignature; RFC 8032; FIPS 204. Not for anything else: everything that a State signs
carries a composite signature (`keys.signing`).
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from keys.ed25519 import check_point
from keys.errors import KeyFormatError, SignatureError

SEED_BYTES = 32
_FAILED = "the checkpoint signature does not fit: keep the older checkpoint and ask another source"


def _check_length(what: str, data: bytes, size: int) -> None:
    if len(data) != size:
        raise KeyFormatError(f"a {what} of {len(data)} bytes: it has {size}")


@dataclass(frozen=True, slots=True)
class Ed25519LogKey:
    """An Ed25519 log key; `public` is 32 bytes, a signature 64."""

    public: bytes
    seed: bytes = field(repr=False, compare=False)
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Ed25519LogKey":
        """Return the key of a 32-byte `seed`. Raises KeyFormatError."""
        _check_length("log seed", seed, SEED_BYTES)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(private.public_key().public_bytes_raw(), seed, private)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over `message`."""
        return self._private.sign(message)

    @staticmethod
    def verify(public: bytes, message: bytes, signature: bytes) -> None:
        """Return if `signature` fits; raise SignatureError if not, KeyFormatError for a small-order or foreign key."""
        check_point(public)
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureError(_FAILED) from error


@dataclass(frozen=True, slots=True)
class MLDSA44LogKey:
    """An ML-DSA-44 log key; `public` is 1312 bytes, a signature 2420."""

    public: bytes
    seed: bytes = field(repr=False, compare=False)
    _private: MLDSA44PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "MLDSA44LogKey":
        """Return the key of a 32-byte `seed`. Raises KeyFormatError."""
        _check_length("log seed", seed, SEED_BYTES)
        private = MLDSA44PrivateKey.from_seed_bytes(seed)
        return cls(private.public_key().public_bytes_raw(), seed, private)

    def sign(self, message: bytes) -> bytes:
        """Return the 2420-byte signature over `message`."""
        return self._private.sign(message)

    @staticmethod
    def verify(public: bytes, message: bytes, signature: bytes) -> None:
        """Return if `signature` fits; raise SignatureError if not, KeyFormatError for a key of another length."""
        _check_length("ML-DSA-44 key", public, 1312)
        try:
            MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureError(_FAILED) from error
