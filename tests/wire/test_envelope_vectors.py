"""The frozen vectors of tests/vectors/envelope.json: what was once sent opens and verifies for ever."""

from pathlib import Path

from contactpoint.wire.attachments import open_attachment
from contactpoint.wire.envelope import Parcel, check_outer, commitment, open_letter, read_parcel
from contactpoint.wire.slip import SlipLevel, read_slip, slip_content, verify_slip
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.certificate import read_officer
from keys.signed import verify
from keys.signing import SigningKey
from keys.xwing import SealingKey
from tests.keys.key_examples import NOON, vectors
from tests.wire.letter_examples import SALT, STATEMENT

FROZEN = vectors("envelope.json")
SEEDS = {name: bytes.fromhex(text) for name, text in FROZEN["seeds"].items()}
KEYS = {name: SigningKey.from_seed(seed) for name, seed in SEEDS.items() if name != "prekey"}
PREKEY = SealingKey.from_seed(SEEDS["prekey"])


def frozen(name: str) -> bytes:
    return bytes.fromhex(FROZEN[name])


NET = frozen("net")
PARCEL = Parcel(frozen("envelope"), frozen("payload"))


def test_the_frozen_letter_passes_the_gateway_and_opens() -> None:
    envelope = read_parcel(PARCEL, NET)
    check_outer(envelope, KEYS["station"].public, NOON)
    letter = open_letter(PARCEL, lambda key_id: PREKEY if key_id == PREKEY.public.id else None, NET)
    assert letter.statement.to_bytes() == frozen("statement")
    assert letter.salt == frozen("salt") == SALT
    assert letter.certificates == (frozen("certificate"),)
    assert (envelope.digest, envelope.core_digest) == (frozen("envelope_digest"), frozen("core_digest"))


def test_the_frozen_statement_is_signed_by_both_officers() -> None:
    letter = open_letter(PARCEL, lambda _: PREKEY, NET)
    verify(letter.statement, [KEYS["officer"].public, KEYS["approver"].public], NET)
    certificate = read_officer(letter.certificates[0], [KEYS["issuer"].public], NET, NOON)
    assert certificate.key.public == KEYS["officer"].public
    assert certificate.number == letter.fields.by == STATEMENT.by


def test_the_same_statement_is_spelled_and_named_the_same_today() -> None:
    statement = decode_statement(frozen("statement_content"), NET)
    assert encode_statement(statement, NET) == frozen("statement_content")
    assert statement.digest == frozen("statement_digest")
    assert commitment(frozen("salt"), statement.digest) == frozen("commitment")
    assert (statement.id, statement.body, statement.at) == (STATEMENT.id, STATEMENT.body, NOON)


def test_key_ids_are_the_same_today() -> None:
    for name, text in FROZEN["key_ids"].items():
        public = PREKEY.public if name == "prekey" else KEYS[name].public
        assert public.id.hex() == text


def test_the_frozen_attachment_opens(tmp_path: Path) -> None:
    letter = open_letter(PARCEL, lambda _: PREKEY, NET)
    path = tmp_path / "out"
    open_attachment(letter.attachments[0], [frozen("blob")], path, statement_id=letter.fields.id, net=NET)
    assert path.read_bytes() == frozen("blob_content")


def test_the_frozen_receipt_verifies_and_is_spelled_the_same_today() -> None:
    slip, signed = read_slip(frozen("slip"))
    verify_slip(signed, KEYS["gateway"].public, NET)
    assert slip_content(slip, NET) == signed.content == frozen("slip_content")
    assert signed.digest == frozen("slip_digest")
    assert (slip.level, slip.envelope) == (SlipLevel.HELD, frozen("envelope_digest"))
