"""Encryption to a key: HPKE base mode over X-Wing, for 32-byte secrets only, bound by `info`.

Suite: KEM MLKEM768-X25519 (X-Wing, 0x647a), KDF HKDF-SHA256, AEAD AES-256-GCM. Sources: RFC 9180,
draft-connolly-cfrg-xwing-kem. There is no aad: whatever must be bound goes into `info`. The library draws the
encapsulation randomness itself.
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from keys.digest import labelled
from keys.errors import KeyFormatError, UnsealError

ALGORITHM = "MLKEM768-X25519"
PUBLIC_KEY_BYTES = 1216
SEED_BYTES = 32
SECRET_BYTES = 32
WRAPPED_BYTES = 1120 + SECRET_BYTES + 16

_MLKEM_PUBLIC = 1184
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """The 1216-byte public half (ML-KEM-768, then X25519) of a sealing key; `id` is 32 bytes. Loaded at first use."""

    data: bytes
    id: bytes = field(init=False, repr=False, compare=False)
    _loaded: list[MLKEM768X25519PublicKey] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        if len(self.data) != PUBLIC_KEY_BYTES:
            raise KeyFormatError(f"a sealing key of {len(self.data)} bytes: {ALGORITHM} has {PUBLIC_KEY_BYTES}")
        object.__setattr__(self, "id", labelled(ALGORITHM, self.data))

    def __repr__(self) -> str:
        return f"SealingPublicKey({self.id.hex()[:16]})"

    def load(self) -> MLKEM768X25519PublicKey:
        """Return the library's key. Raises KeyFormatError for an ML-KEM half with coefficients out of range."""
        if not self._loaded:
            try:
                mlkem = MLKEM768PublicKey.from_public_bytes(self.data[:_MLKEM_PUBLIC])
                x25519 = X25519PublicKey.from_public_bytes(self.data[_MLKEM_PUBLIC:])
            except ValueError as error:
                raise KeyFormatError("a sealing key that does not load: ask its owner for a new sheet") from error
            self._loaded.append(MLKEM768X25519PublicKey(mlkem, x25519))
        return self._loaded[0]


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The private half of a sealing key, kept as its 32-byte seed; its representation shows the key id only."""

    seed: bytes = field(repr=False, compare=False)
    public: SealingPublicKey
    _private: MLKEM768X25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SealingKey":
        """Return the key of a 32-byte `seed`, expanded by SHAKE256 as X-Wing says. Raises KeyFormatError."""
        if len(seed) != SEED_BYTES:
            raise KeyFormatError(f"a sealing seed of {len(seed)} bytes: it has {SEED_BYTES}")
        expanded = hashlib.shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        data = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        return cls(seed, SealingPublicKey(data), MLKEM768X25519PrivateKey(mlkem, x25519))

    def load(self) -> MLKEM768X25519PrivateKey:
        """Return the library's key."""
        return self._private


def wrap(key: SealingPublicKey, secret32: bytes, info: bytes) -> bytes:
    """Return `secret32` sealed to `key` under `info`: 1168 bytes. Raises KeyFormatError."""
    if len(secret32) != SECRET_BYTES:
        raise KeyFormatError(f"a secret of {len(secret32)} bytes: only {SECRET_BYTES}-byte keys are wrapped")
    try:
        return _SUITE.encrypt(secret32, key.load(), info=info)
    except ValueError as error:
        # An X25519 half of small order gives an all-zero secret, which the library refuses.
        raise KeyFormatError("a sealing key of small order: ask its owner for a new sheet") from error


def unwrap(key: SealingKey, wrapped: bytes, info: bytes) -> bytes:
    """Return the 32-byte secret in `wrapped`. Raises UnsealError for another key, another `info` or changed bytes."""
    if len(wrapped) != WRAPPED_BYTES:
        raise UnsealError(f"a wrapped key of {len(wrapped)} bytes: it has {WRAPPED_BYTES}")
    try:
        return _SUITE.decrypt(wrapped, key.load(), info=info)
    except (InvalidTag, ValueError) as error:
        raise UnsealError("the wrapped key does not open with this key here: ask the sender to seal again") from error
