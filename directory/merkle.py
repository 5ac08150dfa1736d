"""The Merkle tree of RFC 6962, section 2.1, over SHA-256: roots, inclusion proofs and consistency proofs.

All functions take leaf *hashes* (`leaf_hash` makes them) and recompute; a register of all States stays so small that no
frontier needs to be kept. Indices and sizes are plain integers.
"""

from collections.abc import Sequence

from directory.errors import ProofError
from keys.digest import digest

EMPTY_ROOT = digest(b"")
"""Root of the tree with no leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one log entry. The 0x00 keeps leaves and nodes apart (second preimage)."""
    return digest(b"\x00" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return digest(b"\x01" + left + right)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over these leaf hashes (MTH in the RFC). Works level by level: an odd one out moves up unchanged."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def inclusion_proof(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Audit path of the leaf at `index`, lowest first (PATH in the RFC). ProofError if there is no such leaf."""
    if not 0 <= index < len(hashes):
        raise ProofError("E-PROOF", f"no entry {index} in a log of {len(hashes)}; ask for one that exists")
    path = []
    level = list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + level[len(level) & ~1 :]
        index >>= 1
    return tuple(path)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Accept only if the leaf hash stands at `index` in the tree (RFC 9162, 2.1.3.2). ProofError otherwise."""
    if not 0 <= index < size:
        raise ProofError("E-PROOF", f"no entry {index} in a log of {size}")
    first, second = index, size - 1
    seen = leaf
    for step in path:
        if second == 0:
            raise ProofError("E-PROOF", "the inclusion proof is longer than the tree is high")
        if first & 1 or first == second:
            seen = node_hash(step, seen)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            seen = node_hash(seen, step)
        first, second = first >> 1, second >> 1
    if second != 0 or seen != root:
        raise ProofError("E-PROOF", "the inclusion proof does not lead to the signed root; the bundle was altered")


def consistency_proof(hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Proof that the first `old_size` leaves are a prefix of the tree (PROOF in the RFC). ProofError if too few leaves."""
    if not 0 <= old_size <= len(hashes):
        raise ProofError("E-PROOF", f"no prefix of {old_size} entries in a log of {len(hashes)}")
    if old_size in (0, len(hashes)):
        return ()
    return tuple(_subproof(old_size, hashes, whole=True))


def _subproof(old_size: int, hashes: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if old_size == len(hashes):
        return [] if whole else [root_of(hashes)]
    split = _largest_power_below(len(hashes))
    if old_size <= split:
        return [*_subproof(old_size, hashes[:split], whole=whole), root_of(hashes[split:])]
    return [*_subproof(old_size - split, hashes[split:], whole=False), root_of(hashes[:split])]


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Accept only if the new tree extends the old one (RFC 9162, 2.1.4.2). ProofError otherwise."""
    if not 0 <= old_size <= new_size:
        raise ProofError("E-PROOF", f"a log of {new_size} entries cannot extend one of {old_size}")
    if old_size in (0, new_size):
        expected = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != expected:
            raise ProofError("E-PROOF", "the roots of one size differ; two histories exist")
        return
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise ProofError("E-PROOF", "the consistency proof is empty")
    first, second = old_size - 1, new_size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old_seen = new_seen = steps[0]
    for step in steps[1:]:
        if second == 0:
            raise ProofError("E-PROOF", "the consistency proof is longer than the tree is high")
        if first & 1 or first == second:
            old_seen, new_seen = node_hash(step, old_seen), node_hash(step, new_seen)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            new_seen = node_hash(new_seen, step)
        first, second = first >> 1, second >> 1
    if second != 0 or old_seen != old_root or new_seen != new_root:
        raise ProofError("E-PROOF", "the new log does not extend the old one; two histories exist")
