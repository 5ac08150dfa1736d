"""Signed objects: `["cpn1", type, content, [[key id, signature], ...]]`, over the exact content bytes.

The context of each signature is `["cpn1", type, net]`: an object means nothing as another type or in another network.
Content is never re-encoded to verify. Signatures stand in the order of key ids, so an object has one spelling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from keys.cbor import MAX_BYTES, decode, encode
from keys.digest import digest
from keys.errors import SignatureError, SpellingError, TypeConfusionError
from keys.signing import SIGNATURE_BYTES, PublicKey, SigningKey

MAGIC = "cpn1"
NET_BYTES = 16
MAX_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class Signed:
    """Content bytes with their signatures, (key id, signature) ordered by key id; parsed, not yet verified."""

    type: str
    content: bytes
    signatures: tuple[tuple[bytes, bytes], ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content, without signatures: the name of the object."""
        return digest(self.content)

    @property
    def signers(self) -> tuple[bytes, ...]:
        """The key ids that claim to have signed."""
        return tuple(key_id for key_id, _ in self.signatures)

    def to_bytes(self) -> bytes:
        """Return what is stored and sent."""
        return encode([MAGIC, self.type, self.content, [[key_id, mark] for key_id, mark in self.signatures]])


def signing_context(object_type: str, net: bytes) -> bytes:
    """Return the context under which objects of `object_type` are signed in the network `net` (16 bytes)."""
    if len(net) != NET_BYTES:
        raise SignatureError(f"a network id of {len(net)} bytes: it has {NET_BYTES}")
    return encode([MAGIC, object_type, net])


def sign(object_type: str, content: bytes, signers: Sequence[SigningKey], net: bytes) -> Signed:
    """Return `content` signed by each of `signers`, one or more, each once. Raises SignatureError."""
    signed = Signed(object_type, content, ())
    for signer in signers:
        signed = add_signature(signed, signer, net)
    if not signed.signatures:
        raise SignatureError("no signer: name at least one")
    return signed


def add_signature(signed: Signed, signer: SigningKey, net: bytes) -> Signed:
    """Return the same content with the signature of `signer` added. Raises SignatureError if it has signed already."""
    if signer.public.id in signed.signers:
        raise SignatureError("this key has signed already: a second signature takes a second person")
    mark = signer.sign(signed.content, signing_context(signed.type, net))
    return Signed(signed.type, signed.content, tuple(sorted((*signed.signatures, (signer.public.id, mark)))))


def parse(data: bytes, object_type: str, *, limit: int = MAX_BYTES) -> Signed:
    """Return the signed object of `object_type` in `data`, its signatures not yet checked.

    Raises SpellingError for bytes that are no signed object, TypeConfusionError for one of another type.
    """
    match decode(data, limit=limit):
        case ["cpn1", str() as found, bytes() as content, [_, *_] as marks] if len(marks) <= MAX_SIGNATURES:
            if found != object_type:
                raise TypeConfusionError(
                    f"an object of type {found[:32]!r} where {object_type!r} is taken: send the latter"
                )
            signatures = tuple(_signature(mark) for mark in marks)
        case _:
            raise SpellingError("not a signed object: send [cpn1, type, content, signatures]")
    ids = [key_id for key_id, _ in signatures]
    if any(first >= second for first, second in pairwise(ids)):
        raise SpellingError("signatures out of order or twice by one key: order them by key id")
    return Signed(object_type, content, signatures)


def _signature(mark: object) -> tuple[bytes, bytes]:
    match mark:
        case [bytes() as key_id, bytes() as signature] if len(key_id) == 32 and len(signature) == SIGNATURE_BYTES:
            return key_id, signature
    raise SpellingError("a signature that is not [32-byte key id, composite signature]: sign it again")


def verify(signed: Signed, signers: Sequence[PublicKey], net: bytes) -> None:
    """Return if exactly `signers`, each once, signed the object in the network `net`; raise SignatureError if not."""
    ordered = sorted(signers, key=lambda key: key.id)
    if not ordered or len({key.id for key in ordered}) != len(ordered):
        raise SignatureError("the expected signers are none, or one twice: name each once")
    if signed.signers != tuple(key.id for key in ordered):
        raise SignatureError("not signed by exactly those who should have signed: ask for the missing signature")
    context = signing_context(signed.type, net)
    for key, (_, mark) in zip(ordered, signed.signatures, strict=True):
        key.verify(signed.content, mark, context)
