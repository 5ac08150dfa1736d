from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.envelope import (
    MAX_LETTER_BYTES,
    Parcel,
    check_outer,
    commitment,
    open_letter,
    read_envelope,
    read_parcel,
)
from contactpoint.wire.errors import (
    ClockError,
    ExpiredError,
    MalformedError,
    MismatchError,
    SuiteError,
    TooLargeError,
    UndecryptableError,
    WireError,
)
from keys.body import padded_length, seal_body
from keys.cbor import decode, encode
from keys.digest import digest, labelled
from keys.signed import sign, verify
from tests.keys.key_examples import NET, NOON, drawing
from tests.wire.letter_examples import (
    ID,
    OFFICER,
    OTHER_ID,
    OTHER_PREKEY,
    PREKEY,
    SALT,
    STATEMENT,
    STATION,
    blobs,
    certificate,
    opening,
    sealed,
    signed_statement,
)

PAPER = certificate()
PARCEL = sealed(certificates=[PAPER], unreceived=[OTHER_ID])
ENVELOPE = read_envelope(PARCEL.envelope, NET)
NOW = NOON + timedelta(seconds=7)


def recored(parcel: Parcel = PARCEL, **changes: Any) -> Parcel:
    """The letter with fields of its core changed and signed again by the true station."""
    content: Any = decode(read_envelope(parcel.envelope, NET).signed.content)
    content["core"].update(changes)
    return Parcel(sign("envelope", encode(content), [STATION], NET).to_bytes(), parcel.payload)


def test_a_letter_opens_to_exactly_what_was_sealed() -> None:
    check_outer(read_parcel(PARCEL, NET), STATION.public, NOW)
    letter = open_letter(PARCEL, opening(OTHER_PREKEY, PREKEY), NET)
    verify(letter.statement, [OFFICER.public], NET)
    assert letter.fields == replace(STATEMENT, digest=letter.statement.digest)
    assert letter.salt == SALT
    assert letter.certificates == (PAPER,)
    assert letter.attachments == ()
    assert letter.envelope == ENVELOPE


def test_the_core_says_what_the_protocol_says_and_nothing_else() -> None:
    content: Any = decode(ENVELOPE.signed.content)
    core = content["core"]
    names = [
        "v",
        "net",
        "suite",
        "id",
        "seal",
        "from",
        "to",
        "at",
        "expires",
        "class",
        "commitment",
        "dir",
        "unreceived",
    ]
    assert sorted(core) == sorted(names)
    assert set(content) == {"core", "wrap", "payload", "blobs"}
    assert (core["id"], core["seal"], core["from"], core["to"], core["class"]) == (ID, 1, "XA", "XB", "U1")
    assert (core["suite"], core["dir"], core["unreceived"]) == (1, 12, [OTHER_ID])
    assert ENVELOPE.core.expires == STATEMENT.expires
    assert ENVELOPE.core.at == NOON + timedelta(seconds=5)
    assert ENVELOPE.digest == digest(ENVELOPE.signed.content)
    assert ENVELOPE.core_digest == digest(encode(core))


def test_carriers_see_nothing_legal() -> None:
    travelling = PARCEL.envelope + PARCEL.payload
    for secret in (b"PRES-NEW", b"mail.example", b"007", b"account", SALT, OFFICER.public.id):
        assert secret not in travelling


def test_the_payload_has_a_padded_length() -> None:
    lengths = {len(sealed(replace(STATEMENT, body={"account": "a" * n})).payload) for n in range(100, 140)}
    assert len(lengths) <= 2
    overhead = len(seal_body(bytes(32), b"", b"")) - 4
    assert padded_length(len(PARCEL.payload) - overhead) == len(PARCEL.payload) - overhead


def test_the_commitment_is_checked_without_any_key() -> None:
    letter = open_letter(PARCEL, opening(PREKEY), NET)
    assert ENVELOPE.core.commitment == labelled("com", letter.salt, letter.statement.digest)
    assert commitment(letter.salt, letter.statement.digest) == ENVELOPE.core.commitment
    assert commitment(bytes(32), letter.statement.digest) != ENVELOPE.core.commitment


def test_sealed_again_a_statement_keeps_its_commitment_under_a_new_seal() -> None:
    signed = signed_statement()
    one, other = sealed(signed=signed), sealed(signed=signed, seal=2, to_prekey=OTHER_PREKEY.public)
    first, second = read_envelope(one.envelope, NET), read_envelope(other.envelope, NET)
    assert first.core.commitment == second.core.commitment
    assert (first.core.id, first.core.seal, second.core.seal) == (ID, 1, 2)
    assert first.digest != second.digest
    assert open_letter(other, opening(OTHER_PREKEY), NET).statement == signed


def test_a_salt_is_drawn_where_none_is_given() -> None:
    letter = open_letter(sealed(salt=None, random=drawing("fresh")), opening(PREKEY), NET)
    assert letter.salt == drawing("fresh")(32)


def test_a_letter_to_a_destroyed_key_names_the_key() -> None:
    with pytest.raises(UndecryptableError) as refused:
        open_letter(PARCEL, opening(OTHER_PREKEY), NET)
    assert refused.value.key_id == PREKEY.public.id
    assert refused.value.code == "E-UNDECRYPTABLE"


def test_a_key_store_that_gives_the_wrong_key_is_noticed() -> None:
    with pytest.raises(UndecryptableError):
        open_letter(PARCEL, lambda _: OTHER_PREKEY, NET)


def test_a_letter_is_taken_until_it_expires_and_not_after() -> None:
    check_outer(ENVELOPE, STATION.public, STATEMENT.expires - timedelta(milliseconds=1))
    with pytest.raises(ExpiredError) as refused:
        check_outer(ENVELOPE, STATION.public, STATEMENT.expires)
    assert refused.value.code == "E-EXPIRED"


def test_a_letter_from_the_future_is_refused_unless_the_own_clock_is_off() -> None:
    early = ENVELOPE.core.at - timedelta(minutes=5)
    check_outer(ENVELOPE, STATION.public, early)
    with pytest.raises(ClockError):
        check_outer(ENVELOPE, STATION.public, early - timedelta(milliseconds=1))
    check_outer(ENVELOPE, STATION.public, early - timedelta(days=300), clock_trusted=False)


def test_nothing_is_sealed_too_late_or_beyond_its_bounds() -> None:
    with pytest.raises(ExpiredError):
        sealed(at=STATEMENT.expires)
    for wrong in (
        {"seal": 0},
        {"dir_size": -1},
        {"unreceived": [ID] * 2},
        {"unreceived": ["x"]},
        {"unreceived": [f"01954e7a-0000-7000-8000-{n:012x}" for n in range(17)]},
        {"salt": bytes(31)},
        {"certificates": [b"x"] * 5},
    ):
        with pytest.raises(MalformedError):
            sealed(**wrong)


def test_envelope_and_payload_stay_together_below_128_kib() -> None:
    largest = sealed(replace(STATEMENT, body={"text": "x" * 110_000}))
    assert len(largest.envelope) + len(largest.payload) <= MAX_LETTER_BYTES
    assert open_letter(largest, opening(PREKEY), NET)
    with pytest.raises(TooLargeError) as refused:
        sealed(replace(STATEMENT, body={"text": "x" * 124_000}))
    assert refused.value.code == "E-TOO-LARGE"


def test_huge_parcels_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooLargeError):
        read_parcel(Parcel(PARCEL.envelope, bytes(MAX_LETTER_BYTES)), NET)
    with pytest.raises(TooLargeError):
        read_envelope(bytes(MAX_LETTER_BYTES + 1), NET)


@pytest.mark.parametrize("changes", [{"suite": 0}, {"suite": 2}, {"v": 2}, {"v": 0}])
def test_downgrade_an_unknown_suite_is_refused_though_signed(changes: dict[str, int]) -> None:
    with pytest.raises(SuiteError) as refused:
        read_envelope(recored(**changes).envelope, NET)
    assert refused.value.code == "E-SUITE"


@pytest.mark.parametrize(
    "changes",
    [
        {"suite": "1"},
        {"id": "x"},
        {"seal": 0},
        {"seal": True},
        {"from": "x"},
        {"to": "XA"},
        {"at": None},
        {"expires": 0},
        {"expires": 2**53 - 1},
        {"class": "U9"},
        {"commitment": bytes(31)},
        {"dir": -1},
        {"unreceived": "x"},
        {"unreceived": [1]},
        {"more": 1},
    ],
)
def test_a_malformed_core_is_refused_though_its_station_signed_it(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        read_envelope(recored(**changes).envelope, NET)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("wrap", {"key": bytes(32), "sealed": bytes(1167)}),
        ("wrap", {"key": bytes(31), "sealed": bytes(1168)}),
        ("wrap", None),
        ("payload", {"digest": bytes(32)}),
        ("payload", {"digest": bytes(32), "size": -1}),
        ("blobs", {}),
        ("blobs", [{"digest": bytes(32), "size": 1, "key": bytes(32)}]),
        ("blobs", [{"digest": bytes(32), "size": 1}] * 65),
        ("core", []),
        ("other", 1),
    ],
)
def test_a_malformed_envelope_is_refused_though_its_station_signed_it(part: str, value: Any) -> None:
    content: Any = decode(ENVELOPE.signed.content)
    content[part] = value
    with pytest.raises(MalformedError):
        read_envelope(sign("envelope", encode(content), [STATION], NET).to_bytes(), NET)


def test_a_core_that_lives_longer_than_fourteen_days_is_refused() -> None:
    fifteen_days = int((ENVELOPE.core.at + timedelta(days=15)).timestamp() * 1000)
    with pytest.raises(MalformedError):
        read_envelope(recored(expires=fifteen_days).envelope, NET)


def test_a_payload_of_another_size_than_announced_is_refused() -> None:
    content: Any = decode(ENVELOPE.signed.content)
    content["payload"]["size"] += 1
    parcel = Parcel(sign("envelope", encode(content), [STATION], NET).to_bytes(), PARCEL.payload)
    with pytest.raises(MismatchError):
        read_parcel(parcel, NET)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_noise_is_refused_as_letter_and_never_crashes(envelope: bytes, payload: bytes) -> None:
    with pytest.raises(WireError):
        open_letter(Parcel(envelope, payload), opening(PREKEY), NET)


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    whole = bytearray(PARCEL.envelope + PARCEL.payload)
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    size = len(PARCEL.envelope)
    with pytest.raises(WireError):
        envelope = read_parcel(Parcel(bytes(whole[:size]), bytes(whole[size:])), NET)
        check_outer(envelope, STATION.public, NOW)


def test_a_broadcast_is_one_commitment_in_many_envelopes() -> None:
    """Same signed bytes, same salt: whoever compares two envelopes sees that both States were told the same."""
    signed = signed_statement()
    keys = [PREKEY, OTHER_PREKEY]
    parcels = [sealed(signed=signed, to_prekey=key.public, random=drawing(str(n))) for n, key in enumerate(keys)]
    assert len({read_envelope(p.envelope, NET).core.commitment for p in parcels}) == 1
    assert {open_letter(p, opening(*keys), NET).statement for p in parcels} == {signed}


def test_representations_hold_no_secret() -> None:
    statement, listed, _ = blobs(b"content")
    letter = open_letter(sealed(statement, attachments=listed), opening(PREKEY), NET)
    assert repr(letter.salt) not in repr(letter)
    assert repr(letter.attachments[0].key) not in repr(letter)


def test_class_and_address_of_a_territory_travel() -> None:
    statement = replace(STATEMENT, sender=Address("XA-T1"), urgency=Urgency.U0)
    core = read_envelope(sealed(statement).envelope, NET).core
    assert (core.sender, core.urgency) == ("XA-T1", Urgency.U0)
