from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from keys.cbor import decode, encode
from keys.certificate import KeyRecord, Role, issue_officer, read_officer
from keys.errors import CertificateError, SpellingError, TypeConfusionError
from keys.signed import Signed, sign
from tests.keys.key_examples import NET, NOON, OTHER_NET, signing_key

ISSUER, OFFICER, OTHER = signing_key("issuer"), signing_key("officer"), signing_key("other")
MONTH = timedelta(days=31)
RIGHTS = ["approve", "acknowledge"]


def issued(until: datetime = NOON + MONTH, state: str = "XA", number: str = "007") -> Signed:
    return issue_officer(ISSUER, state, number, RIGHTS, OFFICER, NOON, until, NET)


def reissued(change: Any) -> bytes:
    """The certificate's content with `change` made, signed again by the issuer itself."""
    content: Any = decode(issued().content)
    change(content)
    return sign("officer", encode(content), [ISSUER], NET).to_bytes()


def test_an_issued_certificate_reads_as_it_was_issued() -> None:
    certificate = read_officer(issued().to_bytes(), [OTHER.public, ISSUER.public], NET, NOON)
    assert (certificate.state, certificate.number) == ("XA", "007")
    assert certificate.rights == ("acknowledge", "approve")
    assert certificate.key.public == OFFICER.public
    assert certificate.key.role is Role.OFFICER
    assert (certificate.key.not_before, certificate.key.not_after) == (NOON, NOON + MONTH)


@pytest.mark.parametrize("past", [timedelta(milliseconds=1), timedelta(days=1), timedelta(days=365)])
def test_no_officer_certificate_lives_longer_than_31_days(past: timedelta) -> None:
    with pytest.raises(CertificateError, match="31 days"):
        issued(NOON + MONTH + past)
    record = KeyRecord.make(OFFICER, Role.OFFICER, "XA/007", NOON, NOON + MONTH + past, NET)
    with pytest.raises(CertificateError, match="31 days"):
        read_officer(reissued(lambda c: c.update(key=record.to_value())), [ISSUER.public], NET, NOON)


def test_a_certificate_holds_from_its_first_instant_to_before_its_last() -> None:
    data, tick = issued().to_bytes(), timedelta(milliseconds=1)
    for good in (NOON, NOON + MONTH - tick):
        assert read_officer(data, [ISSUER.public], NET, good)
    for bad in (NOON - tick, NOON + MONTH):
        with pytest.raises(CertificateError, match="not valid at that time"):
            read_officer(data, [ISSUER.public], NET, bad)


def test_another_issuer_another_network_another_type_is_refused() -> None:
    with pytest.raises(CertificateError, match="no issuer"):
        read_officer(issued().to_bytes(), [OTHER.public], NET, NOON)
    with pytest.raises(CertificateError):
        read_officer(issued().to_bytes(), [ISSUER.public], OTHER_NET, NOON)
    with pytest.raises(TypeConfusionError):
        read_officer(sign("slip", issued().content, [ISSUER], NET).to_bytes(), [ISSUER.public], NET, NOON)


def test_a_forged_issuer_signature_is_refused() -> None:
    signed = issued()
    forged = Signed(signed.type, signed.content, ((ISSUER.public.id, bytes(3373)),))
    with pytest.raises(CertificateError, match="does not hold"):
        read_officer(forged.to_bytes(), [ISSUER.public], NET, NOON)


def test_nobody_gets_a_certificate_over_anothers_key() -> None:
    """Proof of possession: an officer lists another officer's key, or his own under another number, and is refused."""
    for owner, number in (("XA/007", "008"), ("XB/007", "007")):
        record = KeyRecord.make(OFFICER, Role.OFFICER, owner, NOON, NOON + MONTH, NET)
        with pytest.raises(CertificateError, match="no proof"):
            data = reissued(lambda c, r=record, n=number: c.update(key=r.to_value(), number=n))
            read_officer(data, [ISSUER.public], NET, NOON)
    stolen = replace(KeyRecord.make(OTHER, Role.OFFICER, "XA/007", NOON, NOON + MONTH, NET), public=OFFICER.public)
    with pytest.raises(CertificateError, match="no proof"):
        read_officer(reissued(lambda c: c.update(key=stolen.to_value())), [ISSUER.public], NET, NOON)


def test_a_key_has_one_role() -> None:
    record = KeyRecord.make(OFFICER, Role.STATION, "XA/007", NOON, NOON + MONTH, NET)
    record.check(Role.STATION, "XA/007", NET)
    with pytest.raises(CertificateError, match="officer key is needed"):
        read_officer(reissued(lambda c: c.update(key=record.to_value())), [ISSUER.public], NET, NOON)
    with pytest.raises(CertificateError, match="no proof"):
        replace(record, role=Role.GATEWAY).check(Role.GATEWAY, "XA/007", NET)


def test_a_stretched_window_loses_its_proof() -> None:
    record = KeyRecord.make(OFFICER, Role.STATION, "XA", NOON, NOON + MONTH, NET)
    for changed in (
        replace(record, not_after=NOON + 2 * MONTH),
        replace(record, not_before=NOON - MONTH),
    ):
        with pytest.raises(CertificateError, match="no proof"):
            changed.check(Role.STATION, "XA", NET)
    with pytest.raises(CertificateError, match="no proof"):
        record.check(Role.STATION, "XA", OTHER_NET)


def test_a_key_record_survives_the_round_trip_and_a_window_must_have_length() -> None:
    record = KeyRecord.make(OFFICER, Role.STATION, "XA", NOON, NOON + MONTH, NET)
    assert KeyRecord.from_value(record.to_value()) == record
    assert KeyRecord.from_value(decode(encode(record.to_value()))) == record
    assert record.covers(NOON)
    assert not record.covers(NOON + MONTH)
    with pytest.raises(CertificateError):
        KeyRecord.make(OFFICER, Role.STATION, "XA", NOON, NOON, NET)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "king"},
        {"role": None},
        {"key": bytes(1984)},
        {"key": "text"},
        {"from": "now"},
        {"from": -1},
        {"to": 0},
        {"to": 2**53 - 1},
        {"proof": None},
        {"more": 1},
    ],
)
def test_a_malformed_key_record_is_refused(change: dict) -> None:
    value = KeyRecord.make(OFFICER, Role.STATION, "XA", NOON, NOON + MONTH, NET).to_value()
    with pytest.raises(CertificateError):
        KeyRecord.from_value({**value, **change})
    for name in value:
        with pytest.raises(CertificateError):
            KeyRecord.from_value({key: item for key, item in value.items() if key != name})
    with pytest.raises(CertificateError):
        KeyRecord.from_value(None)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"state": ""},
        {"number": ""},
        {"number": 7},
        {"rights": ["b", "a"]},
        {"rights": ["a", "a"]},
        {"rights": [1]},
        {"rights": "a"},
        {"key": None},
        {"more": 1},
    ],
)
def test_a_malformed_certificate_is_refused_though_its_issuer_signed_it(change: dict) -> None:
    with pytest.raises(CertificateError):
        read_officer(reissued(lambda c: c.update(change)), [ISSUER.public], NET, NOON)


def test_a_certificate_needs_state_and_number() -> None:
    for state, number in (("", "007"), ("XA", "")):
        with pytest.raises(CertificateError):
            issued(state=state, number=number)


def test_noise_is_refused_with_a_spelling_error() -> None:
    with pytest.raises(SpellingError):
        read_officer(b"\xff" * 40, [ISSUER.public], NET, NOON)
