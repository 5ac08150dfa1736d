"""The log as a value: entries in order, their hashes, and what a leaf says.

A leaf is the CBOR map {kind, state, number, digest}; the object itself is fetched by digest, because an entry of the
tiled log ends at 65,535 bytes. `number` is the document's own for charters and cards, and counts up from 1 within the
State for listings and revocations. `digest` is SHA-256 over the whole signed object, signatures included: over the content
alone, a mirror could swap a signature and make a good document look like the registrar's forgery.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from directory.errors import TamperError
from directory.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from keys.cbor import decode, encode
from keys.errors import SpellingError

KINDS = frozenset({"charter", "card", "revocation", "listing"})
_LEAF_BYTES = 256


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one log entry says."""

    kind: str
    state: str
    number: int
    digest: bytes

    def to_bytes(self) -> bytes:
        """The entry's bytes."""
        return encode({"kind": self.kind, "state": self.state, "number": self.number, "digest": self.digest})

    @classmethod
    def from_bytes(cls, entry: bytes) -> "Leaf":
        """The leaf in an entry. TamperError if it is none: the register signs nothing else."""
        try:
            value = decode(entry, limit=_LEAF_BYTES)
        except SpellingError as error:
            raise TamperError("E-ENTRY", f"a log entry that is no leaf: {error}") from None
        match value:
            case {"kind": str(kind), "state": str(state), "number": int(number), "digest": bytes(digest), **rest} if (
                not rest and kind in KINDS and type(number) is int and len(digest) == 32
            ):
                return cls(kind, state, number, digest)
        raise TamperError("E-ENTRY", "a log entry that is no leaf; report it to the registrar")


@dataclass(frozen=True, slots=True)
class Log:
    """Entries and their leaf hashes, in order. Growing makes a new one; nothing is ever taken away."""

    entries: tuple[bytes, ...] = ()
    hashes: tuple[bytes, ...] = ()

    def extend(self, entries: Sequence[bytes]) -> "Log":
        """The log with these entries after its own."""
        return Log((*self.entries, *entries), (*self.hashes, *(leaf_hash(entry) for entry in entries)))

    @property
    def size(self) -> int:
        """How many entries."""
        return len(self.entries)

    @property
    def root(self) -> bytes:
        """Root over all entries."""
        return root_of(self.hashes)

    def root_at(self, size: int) -> bytes:
        """Root that the log had at an earlier size."""
        return root_of(self.hashes[:size])

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """Audit path of an entry. ProofError if there is none."""
        return inclusion_proof(self.hashes, index)

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """Proof that an earlier size is a prefix. ProofError if it is larger than the log."""
        return consistency_proof(self.hashes, old_size)
