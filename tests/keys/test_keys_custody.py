import hashlib
import unicodedata
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

import keys.custody as custody
from keys.cbor import decode, encode
from keys.custody import (
    CaseKey,
    NodeSecret,
    new_case_key,
    open_at_rest,
    open_case_key,
    open_case_key_from_archive,
    open_under_passphrase,
    seal_at_rest,
    seal_under_passphrase,
    wrap_case_key,
)
from keys.errors import KeyFormatError, PassphraseError, UnsealError
from tests.keys.key_examples import drawing, drawn, flipped, sealing_key

NODE = NodeSecret(drawn("node", 32))
SALT, NONCE = drawn("salt", 16), drawn("nonce", 12)
SECRET = "correct horse"
CASE_KEY = new_case_key(drawing("case"))
ARCHIVE = sealing_key("archive")


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal_under_passphrase(SECRET, b"seeds", salt=SALT, nonce=NONCE)


def test_a_node_secret_opens_what_it_sealed_under_the_same_name_only() -> None:
    sealed = NODE.seal("station", b"seed")
    assert NODE.open("station", sealed) == b"seed"
    for secret, name, data in (
        (NodeSecret(drawn("thief", 32)), "station", sealed),
        (NODE, "gateway", sealed),
        (NODE, "station", sealed[:-1]),
        (NODE, "station", sealed + b"\0"),
        (NODE, "station", b""),
        (NODE, "station", sealed[:31]),
    ):
        with pytest.raises(UnsealError):
            secret.open(name, data)


def test_a_flipped_bit_anywhere_under_a_node_secret_is_noticed() -> None:
    sealed = NODE.seal("station", b"seed")
    for position in range(len(sealed)):
        with pytest.raises(UnsealError):
            NODE.open("station", flipped(sealed, position))


def test_different_secrets_under_one_name_never_share_a_key_stream() -> None:
    one, other = NODE.seal("station", bytes(32)), NODE.seal("station", b"\1" + bytes(31))
    assert one[:32] != other[:32]
    assert bytes(a ^ b for a, b in zip(one[32:], other[32:], strict=True))[1:32] != bytes(31)
    assert NODE.seal("gateway", bytes(32))[:32] != one[:32]


def test_secrets_do_not_show_in_their_representation() -> None:
    assert repr(NODE) == "NodeSecret()"
    assert repr(CASE_KEY) == "CaseKey()"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_secret_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError):
        NodeSecret(bytes(size))
    with pytest.raises(KeyFormatError):
        CaseKey(bytes(size))


def test_a_signing_secret_opens_what_it_sealed(sealed: bytes) -> None:
    assert open_under_passphrase(SECRET, sealed) == b"seeds"
    with pytest.raises(PassphraseError, match="type it again"):
        open_under_passphrase("correct house", sealed)


def test_a_changed_byte_under_a_passphrase_is_noticed(sealed: bytes) -> None:
    with pytest.raises(PassphraseError):
        open_under_passphrase(SECRET, flipped(sealed, -1))
    with pytest.raises(PassphraseError):
        open_under_passphrase(SECRET, sealed[:-1])
    with pytest.raises(PassphraseError):
        open_under_passphrase(SECRET, b"")


def test_the_key_is_argon2id_at_three_passes_64_mib_four_lanes(sealed: bytes) -> None:
    *header, body = decode(sealed)  # type: ignore[misc]
    key = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=65_536).derive(SECRET.encode())
    assert header[1:5] == ["argon2id", 3, 65_536, 4]
    assert AESGCM(key).decrypt(NONCE, body, encode(header)) == b"seeds"


def test_the_argon2id_of_the_library_is_that_of_rfc_9106() -> None:
    # RFC 9106 section 5.3.
    kdf = Argon2id(
        salt=b"\x02" * 16, length=32, iterations=3, lanes=4, memory_cost=32, ad=b"\x04" * 12, secret=b"\x03" * 8
    )
    assert kdf.derive(b"\x01" * 32).hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


WEAK_OR_COSTLY = [(2, 1), (2, 2), (2, 11), (2, 2**40), (3, 65_535), (3, 8), (3, 2**31), (4, 0), (4, 17)]


@pytest.mark.parametrize(("place", "value"), WEAK_OR_COSTLY)
def test_weakened_or_costly_parameters_are_refused_before_any_work(
    sealed: bytes, place: int, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weaker: a thief made guessing cheap. Costlier: a peer makes this process fall over."""
    fields: Any = decode(sealed)
    fields[place] = value
    started: list[int] = []
    monkeypatch.setattr(custody, "_passphrase_key", lambda *_: started.append(1))
    with pytest.raises(PassphraseError, match="out of bounds"):
        open_under_passphrase(SECRET, encode(fields))
    assert started == []


@pytest.mark.parametrize(
    ("place", "value"), [(0, "x"), (1, "argon2i"), (5, b""), (5, bytes(8)), (6, bytes(8)), (7, "")]
)
def test_a_sealed_file_of_another_shape_is_refused(sealed: bytes, place: int, value: Any) -> None:
    fields: Any = decode(sealed)
    fields[place] = value
    with pytest.raises(PassphraseError):
        open_under_passphrase(SECRET, encode(fields))


def test_parameters_are_bound_to_what_they_protect(sealed: bytes) -> None:
    """Within the bounds too, changed parameters do not open the file: they are part of what is authenticated."""
    fields: Any = decode(sealed)
    fields[2] = 4
    with pytest.raises(PassphraseError):
        open_under_passphrase(SECRET, encode(fields))


def test_a_secret_typed_on_another_keyboard_is_the_same_secret() -> None:
    sealed = seal_under_passphrase(unicodedata.normalize("NFD", "clé"), b"seeds", salt=SALT, nonce=NONCE)
    assert open_under_passphrase(unicodedata.normalize("NFC", "clé"), sealed) == b"seeds"


def test_an_empty_signing_secret_and_short_salts_are_refused() -> None:
    for secret, salt, nonce in (("", SALT, NONCE), (SECRET, b"", NONCE), (SECRET, SALT, bytes(11))):
        with pytest.raises(PassphraseError):
            seal_under_passphrase(secret, b"seeds", salt=salt, nonce=nonce)


def test_a_case_key_opens_from_storage_and_from_the_archive() -> None:
    stored, archived = wrap_case_key(CASE_KEY, NODE, ARCHIVE.public, "case-1")
    assert open_case_key(NODE, stored, "case-1") == CASE_KEY
    assert open_case_key_from_archive(ARCHIVE, archived, "case-1") == CASE_KEY


def test_the_wrap_of_one_case_does_not_serve_another() -> None:
    stored, archived = wrap_case_key(CASE_KEY, NODE, ARCHIVE.public, "case-1")
    with pytest.raises(UnsealError):
        open_case_key(NODE, stored, "case-2")
    with pytest.raises(UnsealError):
        open_case_key_from_archive(ARCHIVE, archived, "case-2")
    with pytest.raises(UnsealError):
        open_case_key(NodeSecret(drawn("thief", 32)), stored, "case-1")
    with pytest.raises(UnsealError):
        open_case_key_from_archive(sealing_key("thief"), archived, "case-1")


def test_a_row_at_rest_opens_in_its_case_and_its_place_only() -> None:
    sealed = seal_at_rest(CASE_KEY, "statement/1", b"text", NONCE)
    assert open_at_rest(CASE_KEY, "statement/1", sealed) == b"text"
    for key, name, data in (
        (CASE_KEY, "statement/2", sealed),
        (new_case_key(drawing("other")), "statement/1", sealed),
        (CASE_KEY, "statement/1", flipped(sealed, 0)),
        (CASE_KEY, "statement/1", flipped(sealed, -1)),
        (CASE_KEY, "statement/1", sealed[:10]),
        (CASE_KEY, "statement/1", b""),
    ):
        with pytest.raises(UnsealError):
            open_at_rest(key, name, data)
    with pytest.raises(KeyFormatError):
        seal_at_rest(CASE_KEY, "statement/1", b"text", bytes(11))


def test_a_stolen_database_reads_nothing() -> None:
    plain = b"the suspect's account"
    stored, archived = wrap_case_key(CASE_KEY, NODE, ARCHIVE.public, "case-1")
    row = seal_at_rest(CASE_KEY, "statement/1", plain, NONCE)
    for column in (stored, archived, row):
        assert plain not in column
        assert CASE_KEY.secret32 not in column
        assert hashlib.sha256(CASE_KEY.secret32).digest() not in column
