import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from keys.errors import KeyFormatError, UnsealError
from keys.xwing import SealingKey, SealingPublicKey, unwrap, wrap
from tests.keys.key_examples import drawn, flipped, sealing_key, vectors

KEY, OTHER = sealing_key("XB"), sealing_key("XC")
SECRET, INFO = drawn("content key", 32), b"info"

RFC9180 = vectors("rfc9180_base.json")["vectors"]
HPKE_XWING = vectors("hpke_xwing.json")["vectors"]
XWING = vectors("xwing.json")["vectors"]

KEMS = {16: KEM.P256, 18: KEM.P521, 32: KEM.X25519, 0x647A: KEM.MLKEM768_X25519}
KDFS = {1: KDF.HKDF_SHA256, 3: KDF.HKDF_SHA512}
AEADS = {1: AEAD.AES_128_GCM, 2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}
CURVES = {16: ec.SECP256R1(), 18: ec.SECP521R1()}


def private_key(kem: int, data: bytes) -> object:
    if kem == 32:
        return x25519.X25519PrivateKey.from_private_bytes(data)
    if kem == 0x647A:
        return SealingKey.from_seed(data).load()
    return ec.derive_private_key(int.from_bytes(data, "big"), CURVES[kem])


def opened(vector: dict[str, str]) -> bytes:
    """Through the library's private function: the published vectors carry an aad, which this product never uses."""
    from cryptography.hazmat.bindings._rust import openssl

    kem, kdf, aead = (int(vector[name]) for name in ("kem_id", "kdf_id", "aead_id"))
    parts = {name: bytes.fromhex(vector[name]) for name in ("skRm", "enc", "info", "aad", "ct")}
    return openssl.hpke._decrypt_with_aad(
        Suite(KEMS[kem], KDFS[kdf], AEADS[aead]),
        parts["enc"] + parts["ct"],
        private_key(kem, parts["skRm"]),
        parts["info"],
        parts["aad"],
    )


@pytest.mark.parametrize("vector", RFC9180, ids=lambda v: f"{v['kem_id']}-{v['kdf_id']}-{v['aead_id']}")
def test_the_published_rfc_9180_ciphertexts_open(vector: dict[str, str]) -> None:
    assert opened(vector) == bytes.fromhex(vector["pt"]) == b"Beauty is truth, truth beauty"


@pytest.mark.parametrize("vector", HPKE_XWING, ids=lambda v: f"{v['kem_id']}-{v['kdf_id']}-{v['aead_id']}")
def test_the_published_hpke_ciphertext_to_an_xwing_key_opens(vector: dict[str, str]) -> None:
    """KEM 0x647a with HKDF-SHA256, the KEM and KDF of suite 1."""
    assert SealingKey.from_seed(bytes.fromhex(vector["skRm"])).public.data.hex() == vector["pkRm"]
    assert opened(vector) == bytes.fromhex(vector["pt"])


@pytest.mark.parametrize("vector", XWING, ids=lambda v: v["seed"][:8])
def test_a_published_xwing_seed_gives_the_published_public_key(vector: dict[str, str]) -> None:
    assert SealingKey.from_seed(bytes.fromhex(vector["seed"])).public.data.hex() == vector["pk"]


@pytest.mark.parametrize("vector", XWING, ids=lambda v: v["seed"][:8])
def test_a_published_xwing_ciphertext_gives_the_published_secret(vector: dict[str, str]) -> None:
    """Both halves decapsulated by the library, joined as the draft says, over the seed expanded as we expand it."""
    expanded = hashlib.shake_256(bytes.fromhex(vector["seed"])).digest(96)
    ciphertext, public = bytes.fromhex(vector["ct"]), bytes.fromhex(vector["pk"])
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(ciphertext[:1088])
    x = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    shared = x.exchange(x25519.X25519PublicKey.from_public_bytes(ciphertext[1088:]))
    joined = mlkem + shared + ciphertext[1088:] + public[1184:] + b"\\.//^\\"
    assert hashlib.sha3_256(joined).hexdigest() == vector["ss"]


def test_a_wrapped_secret_opens_with_its_key_and_info_only() -> None:
    wrapped = wrap(KEY.public, SECRET, INFO)
    assert len(wrapped) == 1168
    assert unwrap(KEY, wrapped, INFO) == SECRET
    assert wrap(KEY.public, SECRET, INFO) != wrapped
    for key, data, info in (
        (OTHER, wrapped, INFO),
        (KEY, wrapped, b"other"),
        (KEY, wrapped[:-1], INFO),
        (KEY, wrapped + b"\0", INFO),
        (KEY, b"", INFO),
    ):
        with pytest.raises(UnsealError):
            unwrap(key, data, info)


@pytest.mark.parametrize("position", [0, 1087, 1088, 1119, 1120, 1167])
def test_a_flipped_bit_in_either_half_of_the_kem_or_in_the_body_is_refused(position: int) -> None:
    with pytest.raises(UnsealError):
        unwrap(KEY, flipped(wrap(KEY.public, SECRET, INFO), position), INFO)


def test_only_content_keys_are_wrapped() -> None:
    for secret in (b"", bytes(31), bytes(33)):
        with pytest.raises(KeyFormatError):
            wrap(KEY.public, secret, INFO)


def test_malformed_sealing_keys_are_refused() -> None:
    with pytest.raises(KeyFormatError):
        SealingPublicKey(bytes(1215))
    with pytest.raises(KeyFormatError):
        SealingKey.from_seed(bytes(31))
    with pytest.raises(KeyFormatError):  # coefficients out of range (FIPS 203, 7.2)
        wrap(SealingPublicKey(b"\xff" * 1184 + KEY.public.data[1184:]), SECRET, INFO)


@pytest.mark.parametrize("x", [0, 1, 2**255 - 20])
def test_a_small_order_sealing_key_is_refused(x: int) -> None:
    with pytest.raises(KeyFormatError):
        wrap(SealingPublicKey(KEY.public.data[:1184] + x.to_bytes(32, "little")), SECRET, INFO)


def test_the_representation_of_a_sealing_key_shows_no_seed() -> None:
    assert repr(KEY.seed) not in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)
    assert KEY.public.id.hex()[:16] in repr(KEY)
