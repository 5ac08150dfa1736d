"""A proof that an object stands in the register, complete in itself: what an evidence bundle carries."""

from dataclasses import dataclass

from directory.checkpoint import Checkpoint, read_checkpoint
from directory.documents import Genesis
from directory.errors import ProofError, TamperError
from directory.log import Leaf
from directory.merkle import leaf_hash, verify_inclusion
from keys.cbor import Value
from keys.digest import digest


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Entry `index` with its audit path to the root of a signed checkpoint (the note's bytes)."""

    index: int
    entry: bytes
    path: tuple[bytes, ...]
    checkpoint: bytes

    def verify(self, genesis: Genesis, signed_object: bytes) -> tuple[Leaf, Checkpoint]:
        """What the register said of this object, and when at the latest. CheckpointError, ProofError, TamperError."""
        head = read_checkpoint(self.checkpoint, genesis.origin, genesis.log.key)
        verify_inclusion(leaf_hash(self.entry), self.index, head.size, self.path, head.root)
        leaf = Leaf.from_bytes(self.entry)
        if leaf.digest != digest(signed_object):
            raise TamperError(
                "E-OBJECT", "the object is not the one that stands in the register; the bundle was altered"
            )
        return leaf, head

    def to_value(self) -> Value:
        """Its plain value for CBOR."""
        return {"index": self.index, "entry": self.entry, "path": list(self.path), "checkpoint": self.checkpoint}

    @classmethod
    def from_value(cls, value: Value) -> "InclusionProof":
        """Read `to_value`. ProofError for anything else."""
        match value:
            case {
                "index": int(index),
                "entry": bytes(entry),
                "path": [*steps],
                "checkpoint": bytes(checkpoint),
                **more,
            } if not more and type(index) is int:
                path = tuple(step for step in steps if isinstance(step, bytes) and len(step) == 32)
                if len(path) == len(steps):
                    return cls(index, entry, path, checkpoint)
        raise ProofError("E-PROOF", "not an inclusion proof; the bundle was altered or made by other software")
