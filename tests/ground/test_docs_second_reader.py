"""A second implementation in small, written from docs/protocol.md alone: it shares no code with the first one.

What it makes of the frozen vectors and of a fresh checkpoint must be what the first one made. It uses the primitives'
library and nothing of `keys`, `contactpoint.wire` or `directory`, except to be given a checkpoint to read.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from directory.checkpoint import sign_checkpoint
from directory.logkey import LogKey

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "envelope.json").read_text())
COMPOSITE, XWING = "MLDSA65-Ed25519-SHA512", "MLKEM768-X25519"
LABEL = b"COMPSIG-MLDSA65-Ed25519-SHA512"


def vector(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name])


NET = vector("net")


def spelled(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def labelled(*parts: Any) -> bytes:
    return digest(spelled(list(parts)))


def public_of(seed: bytes) -> bytes:
    """Section 1.2: the public key of a composite seed."""
    mldsa, ed25519 = MLDSA65PrivateKey.from_seed_bytes(seed[:32]), Ed25519PrivateKey.from_private_bytes(seed[32:])
    return mldsa.public_key().public_bytes_raw() + ed25519.public_key().public_bytes_raw()


def check(public: bytes, message: bytes, signature: bytes, kind: str) -> None:
    """Section 1.2 and 1.3: both halves of a composite signature under the context of a type."""
    context = spelled(["cpn1", kind, NET])
    head = b"CompositeAlgorithmSignatures2025" + LABEL + bytes([len(context)]) + context
    representative = head + hashlib.sha512(message).digest()
    MLDSA65PublicKey.from_public_bytes(public[:1952]).verify(signature[:3309], representative, LABEL)
    Ed25519PublicKey.from_public_bytes(public[1952:]).verify(signature[3309:], representative)


def opened(data: bytes, kind: str, *names: str) -> Any:
    """Section 1.3: the content of an object that exactly these keys of the vectors signed."""
    magic, found, content, signatures = cbor2.loads(data)
    assert (magic, found) == ("cpn1", kind)
    keys = {labelled(COMPOSITE, public): public for public in map(public_of, (seed(name) for name in names))}
    assert [key_id for key_id, _ in signatures] == sorted(keys)
    for key_id, signature in signatures:
        check(keys[key_id], content, signature, kind)
    return cbor2.loads(content)


def seed(name: str) -> bytes:
    return bytes.fromhex(VECTORS["seeds"][name])


def padme(length: int) -> int:
    """Section 3.2."""
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-length // step) * step


def manifest_of(content: Any) -> Any:
    """Section 3.2: from the seed of the prekey to the manifest."""
    expanded = hashlib.shake_256(seed("prekey")).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    prekey = labelled(XWING, mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())
    assert prekey == content["wrap"]["key"]
    core = digest(spelled(content["core"]))
    assert core == vector("core_digest")
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = spelled(["cpn1/wrap", core, prekey])
    content_key = suite.decrypt(content["wrap"]["sealed"], MLKEM768X25519PrivateKey(mlkem, x25519), info=info)
    key = HKDF(algorithm=SHA256(), length=32, salt=core, info=b"").derive(content_key)
    opener = Cobblestone256Decryptor(key, spelled(["cpn1/payload", core]))
    framed = opener.update(vector("payload")) + opener.finalize()
    size = int.from_bytes(framed[:4], "big")
    assert len(framed) == padme(4 + size)
    assert not framed[4 + size :].strip(b"\0")
    return cbor2.loads(framed[4 : 4 + size])


def test_a_reader_of_the_protocol_alone_opens_the_frozen_letter():
    content = opened(vector("envelope"), "envelope", "station")
    assert content["payload"] == {"digest": digest(vector("payload")), "size": len(vector("payload"))}
    manifest = manifest_of(content)
    statement = opened(manifest["statement"], "statement", "officer", "approver")
    core = content["core"]
    assert {name: core[name] for name in ("id", "from", "to", "class", "expires")}.items() <= statement.items()
    content_digest = digest(cbor2.loads(manifest["statement"])[2])
    assert core["commitment"] == labelled("com", manifest["salt"], content_digest) == vector("commitment")
    (attachment,) = manifest["attachments"]
    opener = Cobblestone256Decryptor(attachment["key"], spelled(["cpn1/blob", NET, statement["id"]]))
    plain = opener.update(vector("blob")) + opener.finalize()
    assert plain == vector("blob_content")
    assert content["blobs"] == [{"digest": digest(vector("blob")), "size": len(vector("blob"))}]
    assert statement["attachments"] == [{"name": attachment["name"], "size": len(plain), "sha256": digest(plain)}]


def test_a_reader_of_the_protocol_alone_believes_the_frozen_certificate():
    certificate = opened(vector("certificate"), "officer", "issuer")
    key = certificate["key"]
    owner = f"{certificate['state']}/{certificate['number']}"
    claim = [key["role"], owner, labelled(COMPOSITE, key["key"]), key["from"], key["to"]]
    check(key["key"], spelled(claim), key["proof"], "possession")
    with pytest.raises(InvalidSignature):
        check(key["key"], spelled([*claim[:4], key["to"] + 1]), key["proof"], "possession")


def test_a_reader_of_the_protocol_alone_believes_the_frozen_receipt():
    slip = opened(vector("slip"), "slip", "gateway")
    assert slip["envelope"] == digest(cbor2.loads(vector("envelope"))[2])
    assert set(slip) == {"v", "net", "level", "from", "to", "at", "skew", "dir", "journal", "id", "seal", "envelope"}


def test_a_reader_of_the_protocol_alone_believes_a_checkpoint():
    key, origin, root = LogKey.from_seed(bytes(range(64))), f"cpn1/{NET.hex()}", digest(b"root")
    at = datetime(2027, 3, 4, 13, tzinfo=UTC)
    text, _, tail = sign_checkpoint(key, origin, 7, root, at).decode().rpartition("\n\n")
    assert text.split("\n") == [origin, "7", base64.b64encode(root).decode()]
    raw = [base64.b64decode(line.removeprefix(f"— {origin} ")) for line in tail.splitlines()]
    marks = {mark[:4]: mark[4:] for mark in raw}
    name = origin.encode()
    short = bytes([len(name)]) + name
    ed25519 = digest(name + b"\n\x01" + key.public.ed25519)[:4]
    Ed25519PublicKey.from_public_bytes(key.public.ed25519).verify(marks[ed25519], f"{text}\n".encode())
    stamped = marks[digest(name + b"\n\x06" + key.public.ml_dsa_44)[:4]]
    assert int.from_bytes(stamped[:8], "big") == at.timestamp()
    tree = b"subtree/v1\n\0" + short + stamped[:8] + short + bytes(8) + (7).to_bytes(8, "big") + root
    MLDSA44PublicKey.from_public_bytes(key.public.ml_dsa_44).verify(stamped[8:], tree)
