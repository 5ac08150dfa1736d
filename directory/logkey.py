"""The two keys of a log as one, and what each half signs: Ed25519 (type 0x01) and ML-DSA-44 (type 0x06).

Sources: C2SP signed-note for Ed25519, which signs the note's text and is what existing tools read; C2SP
tlog-cosignature for ML-DSA-44, which signs `subtree/v1`, the signer's name, a time in seconds, the log's origin and the
root. Both must verify. The time under ML-DSA-44 is what shows a frozen log.
"""

from dataclasses import dataclass

from directory.errors import CheckpointError
from keys.errors import KeyFormatError, SignatureError
from keys.logkeys import Ed25519LogKey, MLDSA44LogKey

SEED_BYTES = 64
ED25519_BYTES = 32
ML_DSA_44_BYTES = 1312
ML_DSA_44_SIGNATURE_BYTES = 2420
_LABEL = b"subtree/v1\n\x00"


@dataclass(frozen=True, slots=True)
class LogPublicKey:
    """The two public keys of a log, raw: 32 and 1312 bytes."""

    ed25519: bytes
    ml_dsa_44: bytes

    def verify_text(self, signature: bytes, text: str) -> None:
        """Accept an Ed25519 signature over a note's text. CheckpointError otherwise."""
        try:
            Ed25519LogKey.verify(self.ed25519, text.encode(), signature)
        except (SignatureError, KeyFormatError):
            raise CheckpointError("E-CHECKPOINT-FORGED", "the Ed25519 signature of the checkpoint is false") from None

    def verify_tree(self, signature: bytes, origin: str, seconds: int, size: int, root: bytes) -> None:
        """Accept an ML-DSA-44 signature over the tree. CheckpointError otherwise."""
        message = tree_message(origin, seconds, size, root)
        try:
            MLDSA44LogKey.verify(self.ml_dsa_44, message, signature)
        except (SignatureError, KeyFormatError):
            raise CheckpointError("E-CHECKPOINT-FORGED", "the ML-DSA-44 signature of the checkpoint is false") from None


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's two private keys, made from one seed of 64 bytes (ML-DSA-44 seed, then Ed25519 seed)."""

    ed25519: Ed25519LogKey
    ml_dsa_44: MLDSA44LogKey

    @classmethod
    def from_seed(cls, seed: bytes) -> "LogKey":
        """The key of this seed. CheckpointError if it is not 64 bytes long."""
        if len(seed) != SEED_BYTES:
            raise CheckpointError("E-LOG-KEY", f"a log key has {SEED_BYTES} bytes; restore the register's folder")
        return cls(Ed25519LogKey.from_seed(seed[32:]), MLDSA44LogKey.from_seed(seed[:32]))

    @property
    def public(self) -> LogPublicKey:
        """Its public half."""
        return LogPublicKey(self.ed25519.public, self.ml_dsa_44.public)

    def sign_text(self, text: str) -> bytes:
        """Ed25519 signature (64 bytes) over a note's text."""
        return self.ed25519.sign(text.encode())

    def sign_tree(self, origin: str, seconds: int, size: int, root: bytes) -> bytes:
        """ML-DSA-44 signature (2420 bytes) over the tree at a time in seconds since the epoch."""
        return self.ml_dsa_44.sign(tree_message(origin, seconds, size, root))


def tree_message(origin: str, seconds: int, size: int, root: bytes) -> bytes:
    """The structure `cosigned_message` of tlog-cosignature, for a whole tree signed by its own log (the start is 0)."""
    name = origin.encode()
    short = len(name).to_bytes(1, "big") + name
    whole = seconds.to_bytes(8, "big") + short + (0).to_bytes(8, "big") + size.to_bytes(8, "big") + root
    return _LABEL + short + whole
