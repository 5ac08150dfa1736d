"""The attacks on letters, each by its name (`docs/protocol.md` section 8)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from contactpoint.wire.attachments import open_attachment, seal_attachment
from contactpoint.wire.envelope import Parcel, check_outer, open_letter, read_envelope, read_parcel
from contactpoint.wire.errors import (
    MalformedError,
    MismatchError,
    SealError,
    UndecryptableError,
    WireError,
    WrongNetworkError,
)
from keys.body import derive_key, open_body, seal_blob, seal_body
from keys.cbor import decode, encode
from keys.digest import digest, labelled
from keys.signed import Signed, sign
from keys.xwing import unwrap, wrap
from tests.keys.key_examples import NET, NOON, OTHER_NET, drawing, drawn
from tests.wire.letter_examples import (
    GATEWAY,
    ID,
    OTHER_ID,
    OTHER_PREKEY,
    PREKEY,
    ROGUE,
    SALT,
    STATEMENT,
    STATION,
    blobs,
    opening,
    sealed,
    signed_statement,
)

PARCEL = sealed()
ENVELOPE = read_envelope(PARCEL.envelope, NET)
NOW = NOON + timedelta(seconds=7)


def outer(parcel: Parcel, core: dict[str, Any] | None = None, signer: Any = STATION, **parts: Any) -> Parcel:
    """The letter with parts of its outside exchanged, signed by `signer`."""
    content: Any = decode(read_envelope(parcel.envelope, NET).signed.content)
    content["core"].update(core or {})
    content.update(parts)
    return Parcel(sign("envelope", encode(content), [signer], NET).to_bytes(), parcel.payload)


def insider(core: dict[str, Any], signer: Any = STATION, **changes: Any) -> Parcel:
    """A letter by one who holds the station key and the open letter: everything re-made to fit the changed core."""
    original = read_envelope(PARCEL.envelope, NET)
    content: Any = decode(original.signed.content)
    key = unwrap(PREKEY, original.wrapped, encode(["cpn1/wrap", original.core_digest, PREKEY.public.id]))
    context = encode(["cpn1/payload", original.core_digest])
    manifest: Any = decode(open_body(derive_key(key, original.core_digest), context, PARCEL.payload))
    manifest.update(changes)
    content["core"].update(core)
    core_digest = digest(encode(content["core"]))
    content_key = drawn("insider", 32)
    payload = seal_body(derive_key(content_key, core_digest), encode(["cpn1/payload", core_digest]), encode(manifest))
    info = encode(["cpn1/wrap", core_digest, PREKEY.public.id])
    content["wrap"] = {"key": PREKEY.public.id, "sealed": wrap(PREKEY.public, content_key, info)}
    content["payload"] = {"digest": digest(payload), "size": len(payload)}
    return Parcel(sign("envelope", encode(content), [signer], NET).to_bytes(), payload)


def test_the_insider_of_these_tests_makes_good_letters_where_he_changes_nothing() -> None:
    assert open_letter(insider({}), opening(PREKEY), NET).fields.id == ID


def test_ml_dsa_or_ed25519_broken_alone_forges_no_envelope() -> None:
    mark = ENVELOPE.signed.signatures[0][1]
    forged_mldsa = MLDSA65PrivateKey.from_seed_bytes(drawn("x", 32)).sign(ENVELOPE.signed.content)
    forged_ed25519 = Ed25519PrivateKey.from_private_bytes(drawn("y", 32)).sign(ENVELOPE.signed.content)
    for forged in (forged_mldsa + mark[3309:], mark[:3309] + forged_ed25519):
        signed = Signed("envelope", ENVELOPE.signed.content, ((STATION.public.id, forged),))
        with pytest.raises(SealError) as refused:
            check_outer(read_envelope(signed.to_bytes(), NET), STATION.public, NOW)
        assert refused.value.code == "E-SIGNATURE"


def test_a_taken_over_gateway_writes_no_letter() -> None:
    with pytest.raises(SealError):
        check_outer(read_envelope(outer(PARCEL, signer=GATEWAY).envelope, NET), STATION.public, NOW)


def test_a_taken_over_gateway_reads_nothing() -> None:
    with pytest.raises(UndecryptableError):
        open_letter(PARCEL, opening(), NET)
    assert b"mail.example" not in PARCEL.envelope + PARCEL.payload


def test_stripping_and_re_signing_under_an_own_name_does_not_open() -> None:
    """QM takes XA's letter off the wire, names itself the sender and signs: the sender stands in HPKE's info."""
    stolen = outer(PARCEL, {"from": "QM"}, ROGUE)
    check_outer(read_parcel(stolen, NET), ROGUE.public, NOW)
    with pytest.raises(UndecryptableError):
        open_letter(stolen, opening(PREKEY), NET)


def test_stripping_and_re_signing_with_an_opened_letter_is_refused() -> None:
    """QM is the recipient, opens XA's letter and seals its statement again as its own."""
    with pytest.raises(MismatchError):
        open_letter(insider({"from": "QM"}, ROGUE), opening(PREKEY), NET)


@pytest.mark.parametrize(
    "core",
    [
        {"to": "QN"},
        {"from": "QM"},
        {"id": OTHER_ID},
        {"class": "U0"},
        {"class": "U3"},
        {"expires": int((STATEMENT.expires + timedelta(hours=1)).timestamp() * 1000)},
    ],
    ids=lambda c: "-".join(c),
)
def test_re_addressing_and_re_dating_are_refused(core: dict[str, Any]) -> None:
    """From outside the letter no longer opens; from inside, by the station's own key, the statement contradicts."""
    with pytest.raises(UndecryptableError):
        open_letter(outer(PARCEL, core), opening(PREKEY), NET)
    with pytest.raises(MismatchError, match="another id, sender, recipient"):
        open_letter(insider(core), opening(PREKEY), NET)


@pytest.mark.parametrize("core", [{"at": int(NOON.timestamp() * 1000)}, {"seal": 2}, {"dir": 99}, {"unreceived": [ID]}])
def test_no_other_field_of_the_core_changes_without_the_letter_closing(core: dict[str, Any]) -> None:
    with pytest.raises(UndecryptableError):
        open_letter(outer(PARCEL, core), opening(PREKEY), NET)


def test_forwarding_as_if_addressed_to_another_is_refused() -> None:
    """XB passes XA's signed statement on to QN: it still says that it was written to XB."""
    letter = open_letter(PARCEL, opening(PREKEY), NET)
    forwarded = sealed(signed=letter.statement, station=ROGUE, to_prekey=OTHER_PREKEY.public)
    core = read_envelope(forwarded.envelope, NET).core
    assert (core.sender, core.recipient) == ("XA", "XB")
    with pytest.raises(SealError):
        check_outer(read_envelope(forwarded.envelope, NET), STATION.public, NOW)
    readdressed = outer(forwarded, {"to": "QN", "from": "QM"}, ROGUE)
    with pytest.raises(UndecryptableError):
        open_letter(readdressed, opening(OTHER_PREKEY), NET)


def test_two_texts_for_two_recipients_show_in_the_commitment() -> None:
    """Another text under the commitment that others were shown is refused by its recipient."""
    other_text = signed_statement(replace(STATEMENT, body={"account": "other@mail.example"}))
    with pytest.raises(MismatchError, match="commits"):
        open_letter(insider({}, statement=other_text.to_bytes()), opening(PREKEY), NET)
    with pytest.raises(MismatchError, match="commits"):
        open_letter(insider({}, salt=bytes(32)), opening(PREKEY), NET)
    with pytest.raises(MismatchError, match="commits"):
        open_letter(insider({"commitment": labelled("com", SALT, bytes(32))}), opening(PREKEY), NET)


def test_a_training_letter_in_the_live_network_is_refused() -> None:
    training = sealed(net=OTHER_NET)
    with pytest.raises(WrongNetworkError) as refused:
        read_envelope(training.envelope, NET)
    assert refused.value.code == "E-WRONG-NETWORK"
    with pytest.raises(WrongNetworkError):
        open_letter(training, opening(PREKEY), NET)
    assert open_letter(training, opening(PREKEY), OTHER_NET)


def test_a_training_statement_in_a_live_envelope_is_refused() -> None:
    statement = signed_statement(net=OTHER_NET)
    commit = labelled("com", SALT, statement.digest)
    with pytest.raises(WrongNetworkError):
        open_letter(insider({"commitment": commit}, statement=statement.to_bytes()), opening(PREKEY), NET)


def test_a_training_signature_on_a_live_core_is_refused() -> None:
    signed = sign("envelope", ENVELOPE.signed.content, [STATION], OTHER_NET)
    with pytest.raises(SealError):
        check_outer(read_envelope(signed.to_bytes(), NET), STATION.public, NOW)


def test_type_confusion_no_other_object_is_an_envelope_or_a_statement() -> None:
    slip = sign("slip", ENVELOPE.signed.content, [STATION], NET)
    with pytest.raises(MalformedError):
        read_envelope(slip.to_bytes(), NET)
    relabelled = Signed("envelope", slip.content, slip.signatures)
    with pytest.raises(SealError):
        check_outer(read_envelope(relabelled.to_bytes(), NET), STATION.public, NOW)
    inside = Signed("slip", signed_statement().content, signed_statement().signatures)
    with pytest.raises(MalformedError):
        open_letter(insider({}, statement=inside.to_bytes()), opening(PREKEY), NET)


def test_a_second_signature_on_the_envelope_is_refused() -> None:
    signed = sign("envelope", ENVELOPE.signed.content, [STATION, ROGUE], NET)
    with pytest.raises(SealError):
        check_outer(read_envelope(signed.to_bytes(), NET), STATION.public, NOW)


def test_an_exchanged_payload_or_wrap_is_refused() -> None:
    other = sealed(random=drawing("other letter"))
    with pytest.raises(MismatchError):
        read_parcel(Parcel(PARCEL.envelope, other.payload), NET)
    with pytest.raises(MismatchError):
        open_letter(Parcel(PARCEL.envelope, PARCEL.payload[:-1]), opening(PREKEY), NET)
    content: Any = decode(read_envelope(other.envelope, NET).signed.content)
    for parts in ({"wrap": content["wrap"]}, {"wrap": {**content["wrap"], "key": OTHER_PREKEY.public.id}}):
        with pytest.raises(UndecryptableError):
            open_letter(outer(PARCEL, **parts), opening(PREKEY, OTHER_PREKEY), NET)


@pytest.mark.parametrize(
    "change",
    [
        {"certificates": [1]},
        {"certificates": [b""] * 5},
        {"statement": b""},
        {"statement": None},
        {"salt": b""},
        {"attachments": [{}]},
        {"more": 1},
    ],
)
def test_a_malformed_manifest_is_refused_and_never_crashes(change: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        open_letter(insider({}, **change), opening(PREKEY), NET)


# attachments

STATED, LISTED, STORED = blobs(b"first" * 40_000, b"second" * 40_000, b"")
WITH_FILES = sealed(STATED, attachments=LISTED)


def opened(tmp_path: Path, index: int, blob: bytes, statement_id: str = ID, net: bytes = NET) -> bytes:
    letter = open_letter(WITH_FILES, opening(PREKEY), NET)
    path = tmp_path / "out"
    pieces = [blob[n : n + 10_000] for n in range(0, len(blob), 10_000)]
    open_attachment(letter.attachments[index], pieces, path, statement_id=statement_id, net=net)
    return path.read_bytes()


def test_attachments_open_from_the_letter_alone(tmp_path: Path) -> None:
    letter = open_letter(WITH_FILES, opening(PREKEY), NET)
    assert list(letter.attachments) == LISTED
    assert [opened(tmp_path, n, STORED[n]) for n in range(3)] == [b"first" * 40_000, b"second" * 40_000, b""]


def test_a_truncated_attachment_is_refused(tmp_path: Path) -> None:
    for cut in (0, 1, 100, 16_440, len(STORED[0]) - 1):
        with pytest.raises(MismatchError):
            opened(tmp_path, 0, STORED[0][:cut])
    assert list(tmp_path.iterdir()) == []


def test_a_lengthened_attachment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError):
        opened(tmp_path, 0, STORED[0] + b"\0")
    assert list(tmp_path.iterdir()) == []


def test_a_swapped_attachment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError):
        opened(tmp_path, 0, STORED[1])
    with pytest.raises(MismatchError):
        opened(tmp_path, 1, STORED[0])
    assert list(tmp_path.iterdir()) == []


def test_the_same_content_sealed_again_is_not_the_blob_that_was_signed(tmp_path: Path) -> None:
    again = b"".join(seal_blob(LISTED[0].key, encode(["cpn1/blob", NET, ID]), [b"first" * 40_000]))
    with pytest.raises(MismatchError, match="lists"):
        opened(tmp_path, 0, again)


def test_an_attachment_of_another_letter_or_network_is_refused(tmp_path: Path) -> None:
    """The blob is bound to network and statement id, even where key and digest are copied."""
    for statement_id, net in ((OTHER_ID, NET), (ID, OTHER_NET)):
        with pytest.raises(MismatchError):
            opened(tmp_path, 0, STORED[0], statement_id, net)
    assert list(tmp_path.iterdir()) == []


def test_reordered_attachments_are_refused() -> None:
    headers: Any = decode(read_envelope(WITH_FILES.envelope, NET).signed.content)
    swapped = [headers["blobs"][1], headers["blobs"][0], headers["blobs"][2]]
    with pytest.raises(MismatchError, match="order"):
        open_letter(outer(WITH_FILES, blobs=swapped), opening(PREKEY), NET)
    for fewer in ([], headers["blobs"][:2], [*headers["blobs"], headers["blobs"][0]]):
        with pytest.raises(MismatchError):
            open_letter(outer(WITH_FILES, blobs=fewer), opening(PREKEY), NET)


def test_other_attachments_than_the_statement_lists_are_not_sealed() -> None:
    for wrong in (LISTED[:2], LISTED[::-1], [], [*LISTED[:2], replace(LISTED[2], name="x")]):
        with pytest.raises(MismatchError):
            sealed(STATED, attachments=wrong)


def test_other_attachments_than_the_statement_lists_are_not_taken() -> None:
    """The station exchanges an attachment behind the officer's back."""
    item = {"name": "0.pdf", "size": 7, "sha256": bytes(32), "key": bytes(32), "digest": bytes(32)}
    header = [{"digest": bytes(32), "size": 100}]
    parcel = insider({}, attachments=[item])
    with pytest.raises(MismatchError):
        open_letter(outer(parcel, blobs=header), opening(PREKEY), NET)


def test_a_blob_is_sealed_in_pieces_and_shows_nothing() -> None:
    written: list[bytes] = []
    secret = b"the suspect's mailbox" * 10_000
    item = seal_attachment(
        "a", (secret[n : n + 999] for n in range(0, len(secret), 999)), written.append,
        statement_id=ID, net=NET, random=drawing("b"),
    )  # fmt: skip
    assert len(written) > 3
    assert b"suspect" not in b"".join(written)
    assert (item.size, item.blob_size) == (len(secret), sum(map(len, written)))
    assert (item.sha256, item.blob_digest) == (digest(secret), digest(b"".join(written)))
