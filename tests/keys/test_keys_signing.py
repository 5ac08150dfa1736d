import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from keys.ed25519 import check_point
from keys.errors import KeyFormatError, SignatureError
from keys.logkeys import Ed25519LogKey, MLDSA44LogKey
from keys.signing import PublicKey, SigningKey
from tests.keys.key_examples import drawn, flipped, signing_key, vectors

KEY = signing_key("XA")
MESSAGE, CONTEXT = b"preserve this", b"cpn1"
RFC8032 = vectors("rfc8032.json")["vectors"]
LAMPS = {name: bytes.fromhex(text) for name, text in vectors("lamps_composite.json").items() if name != "source"}

PREFIX = b"CompositeAlgorithmSignatures2025"
LABEL = b"COMPSIG-MLDSA65-Ed25519-SHA512"


def representative(message: bytes, context: bytes) -> bytes:
    return PREFIX + LABEL + bytes([len(context)]) + context + hashlib.sha512(message).digest()


def test_the_published_lamps_composite_signatures_verify() -> None:
    key = PublicKey(LAMPS["public"])
    key.verify(LAMPS["message"], LAMPS["signature"], b"")
    key.verify(LAMPS["message"], LAMPS["signature_with_context"], LAMPS["context"])


def test_the_published_lamps_seed_gives_the_published_public_key() -> None:
    assert SigningKey.from_seed(LAMPS["seed"]).public.data == LAMPS["public"]


def test_a_published_lamps_signature_holds_under_no_other_context_or_message() -> None:
    key = PublicKey(LAMPS["public"])
    for message, signature, context in (
        (LAMPS["message"], LAMPS["signature"], LAMPS["context"]),
        (LAMPS["message"], LAMPS["signature_with_context"], b""),
        (LAMPS["message"] + b".", LAMPS["signature"], b""),
    ):
        with pytest.raises(SignatureError):
            key.verify(message, signature, context)


@pytest.mark.parametrize("vector", RFC8032, ids=lambda v: v["seed"][:8])
def test_the_published_rfc_8032_signatures_are_made_and_verified(vector: dict[str, str]) -> None:
    key = Ed25519LogKey.from_seed(bytes.fromhex(vector["seed"]))
    message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
    assert key.public.hex() == vector["public"]
    assert key.sign(message) == signature
    Ed25519LogKey.verify(key.public, message, signature)


def test_a_signature_verifies_and_nothing_near_it_does() -> None:
    signature = KEY.sign(MESSAGE, CONTEXT)
    assert len(signature) == 3373
    assert len(KEY.public.data) == 1984
    KEY.public.verify(MESSAGE, signature, CONTEXT)
    KEY.public.verify(MESSAGE, KEY.sign(MESSAGE, CONTEXT), CONTEXT)
    for message, mark, context in (
        (b"preserve that", signature, CONTEXT),
        (MESSAGE, signature, b"cpn2"),
        (MESSAGE, flipped(signature, 0), CONTEXT),
        (MESSAGE, flipped(signature, -1), CONTEXT),
        (MESSAGE, signature[:-1], CONTEXT),
        (MESSAGE, signature + b"\0", CONTEXT),
        (MESSAGE, b"", CONTEXT),
    ):
        with pytest.raises(SignatureError):
            KEY.public.verify(message, mark, context)


def test_ml_dsa_broken_alone_forges_nothing() -> None:
    """Who can sign with the ML-DSA half, but not with the Ed25519 half, is refused."""
    mldsa = MLDSA65PrivateKey.from_seed_bytes(KEY.seed[:32])
    forged_half = mldsa.sign(representative(MESSAGE, CONTEXT), LABEL)
    thief = Ed25519PrivateKey.from_private_bytes(drawn("thief", 32)).sign(representative(MESSAGE, CONTEXT))
    for other_half in (thief, bytes(64), KEY.sign(b"another message", CONTEXT)[3309:]):
        with pytest.raises(SignatureError):
            KEY.public.verify(MESSAGE, forged_half + other_half, CONTEXT)


def test_ed25519_broken_alone_forges_nothing() -> None:
    """Who can sign with the Ed25519 half, but not with the ML-DSA half, is refused."""
    forged_half = Ed25519PrivateKey.from_private_bytes(KEY.seed[32:]).sign(representative(MESSAGE, CONTEXT))
    thief = MLDSA65PrivateKey.from_seed_bytes(drawn("thief", 32)).sign(representative(MESSAGE, CONTEXT), LABEL)
    for other_half in (thief, bytes(3309), KEY.sign(b"another message", CONTEXT)[:3309]):
        with pytest.raises(SignatureError):
            KEY.public.verify(MESSAGE, other_half + forged_half, CONTEXT)


def test_a_half_made_alone_does_not_serve_in_a_composite() -> None:
    """Halves made outside the composite, over the bare message, do not verify inside it."""
    mldsa = MLDSA65PrivateKey.from_seed_bytes(KEY.seed[:32]).sign(MESSAGE)
    ed25519 = Ed25519PrivateKey.from_private_bytes(KEY.seed[32:]).sign(MESSAGE)
    with pytest.raises(SignatureError):
        KEY.public.verify(MESSAGE, mldsa + ed25519, b"")


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda p: p[:4] + p[-2:])
def test_small_order_keys_are_refused(point: str) -> None:
    with pytest.raises(KeyFormatError):
        check_point(bytes.fromhex(point))
    with pytest.raises(KeyFormatError):
        PublicKey(KEY.public.data[:1952] + bytes.fromhex(point))
    with pytest.raises(KeyFormatError):
        Ed25519LogKey.verify(bytes.fromhex(point), b"", bytes(64))


def test_the_small_order_key_that_openssl_takes_would_fit_any_message() -> None:
    """The attack itself: without the guard, one signature verifies two messages."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    identity = bytes.fromhex(SMALL_ORDER[0])
    signature = identity + bytes(32)
    Ed25519PublicKey.from_public_bytes(identity).verify(signature, b"yes")
    Ed25519PublicKey.from_public_bytes(identity).verify(signature, b"no")


@pytest.mark.parametrize("y", [2, 5, 7, 8])
def test_a_point_is_refused_exactly_when_it_is_not_on_the_curve(y: int) -> None:
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    point = y.to_bytes(32, "little")
    if pow(square, (p - 1) // 2, p) == 1:
        check_point(point)
    else:
        with pytest.raises(KeyFormatError, match="curve"):
            check_point(point)


@pytest.mark.parametrize("size", [0, 31, 32, 1983, 1985])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey(bytes(size))
    with pytest.raises(KeyFormatError):
        SigningKey.from_seed(bytes(size))


def test_the_representation_of_a_key_shows_no_seed() -> None:
    assert KEY.public.id.hex()[:16] in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)
    assert "seed" not in repr(Ed25519LogKey.from_seed(bytes(32)))


def test_a_key_id_fixes_key_and_algorithm() -> None:
    assert PublicKey(KEY.public.data).id == KEY.public.id
    assert signing_key("XB").public.id != KEY.public.id
    assert hashlib.sha256(KEY.public.data).digest() != KEY.public.id


def test_a_context_of_more_than_255_bytes_is_refused_on_both_sides() -> None:
    KEY.public.verify(MESSAGE, KEY.sign(MESSAGE, bytes(255)), bytes(255))
    with pytest.raises(SignatureError):
        KEY.sign(MESSAGE, bytes(256))
    with pytest.raises(SignatureError):
        KEY.public.verify(MESSAGE, bytes(3373), bytes(256))


def test_both_log_keys_sign_raw_bytes() -> None:
    for kind, sizes in ((Ed25519LogKey, (32, 64)), (MLDSA44LogKey, (1312, 2420))):
        key = kind.from_seed(drawn("log", 32))
        signature = key.sign(b"a checkpoint")
        assert (len(key.public), len(signature)) == sizes
        kind.verify(key.public, b"a checkpoint", signature)
        with pytest.raises(SignatureError):
            kind.verify(key.public, b"another checkpoint", signature)
        with pytest.raises(SignatureError):
            kind.verify(key.public, b"a checkpoint", flipped(signature, 3))
        with pytest.raises(KeyFormatError):
            kind.verify(key.public[1:], b"a checkpoint", signature)
        with pytest.raises(KeyFormatError):
            kind.from_seed(bytes(31))
