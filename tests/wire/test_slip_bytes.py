from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.values import Address
from contactpoint.wire.errors import MalformedError, SealError, WireError, WrongNetworkError
from contactpoint.wire.slip import (
    Slip,
    SlipLevel,
    decode_slip,
    may_sign,
    read_slip,
    sign_slip,
    slip_content,
    slip_digest,
    verify_slip,
)
from keys.cbor import decode, encode
from keys.certificate import Role
from keys.signed import sign
from tests.keys.key_examples import NET, NOON, OTHER_NET
from tests.wire.letter_examples import GATEWAY, ID, ROGUE, STATION

HELD = Slip(
    level=SlipLevel.HELD,
    sender=Address("XB"),
    recipient=Address("XA"),
    at=NOON,
    skew_ms=-12,
    dir_size=9,
    journal_head=bytes(32),
    id=ID,
    seal=1,
    envelope=b"\1" * 32,
)
LEVELS = {
    SlipLevel.HELD: HELD,
    SlipLevel.BLOB_RECEIVED: replace(HELD, subject=b"\2" * 32),
    SlipLevel.REJECTED: replace(HELD, code="E-MOVE-ILLEGAL"),
    SlipLevel.UNDECRYPTABLE: replace(HELD, subject=b"\2" * 32),
    SlipLevel.RUNG: replace(HELD, role="duty-officer", due=NOON, cycle=1, rung=2),
    SlipLevel.NOT_RECEIVED: replace(HELD, due=NOON + timedelta(minutes=2), code="W-CATCH-UP"),
    SlipLevel.ENDED: replace(HELD, due=NOON, code="PRES-60"),
    SlipLevel.COVER: replace(HELD, seal=None, envelope=None, code="U1"),
    SlipLevel.RECALL: replace(HELD, id=None, seal=None, envelope=None, since=NOON),
    SlipLevel.REVOCATION: replace(HELD, id=None, seal=None, envelope=None, revocation=b"signed object"),
    SlipLevel.ROUND: replace(HELD, id=None, seal=None, envelope=None, subject=b"\2" * 32),
}
SLIPS = [replace(LEVELS.get(level, HELD), level=level) for level in SlipLevel]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda s: s.level.value)
def test_a_slip_of_every_level_survives_the_round_trip(slip: Slip) -> None:
    content = slip_content(slip, NET)
    data = sign_slip(content, GATEWAY, NET)
    read, signed = read_slip(data)
    assert read == decode_slip(content) == slip
    verify_slip(signed, GATEWAY.public, NET)
    assert signed.digest == slip_digest(content)
    assert signed.to_bytes() == data


def test_an_unmeasured_clock_and_an_empty_journal_are_null() -> None:
    slip = replace(HELD, skew_ms=None, journal_head=None)
    content: Any = decode(slip_content(slip, NET))
    assert (content["skew"], content["journal"]) == (None, None)
    assert decode_slip(slip_content(slip, NET)) == slip


def test_the_same_slip_signed_again_is_known_by_the_same_digest() -> None:
    content = slip_content(HELD, NET)
    one, other = read_slip(sign_slip(content, GATEWAY, NET))[1], read_slip(sign_slip(content, GATEWAY, NET))[1]
    assert one.to_bytes() != other.to_bytes()
    assert one.digest == other.digest


def test_a_slip_by_another_key_or_with_a_second_signature_is_refused() -> None:
    content = slip_content(HELD, NET)
    for signers in ([ROGUE], [GATEWAY, ROGUE]):
        signed = sign("slip", content, signers, NET)
        with pytest.raises(SealError) as refused:
            verify_slip(signed, GATEWAY.public, NET)
        assert refused.value.code == "E-SIGNATURE"


def test_a_re_dated_receipt_is_refused() -> None:
    """A receipt whose time is changed after signing proves nothing."""
    content = slip_content(HELD, NET)
    later = slip_content(replace(HELD, at=NOON + timedelta(hours=1)), NET)
    data = sign_slip(content, GATEWAY, NET).replace(content, later)
    with pytest.raises(SealError):
        verify_slip(read_slip(data)[1], GATEWAY.public, NET)


def test_a_training_slip_in_the_live_network_is_refused() -> None:
    signed = read_slip(sign_slip(slip_content(HELD, OTHER_NET), GATEWAY, OTHER_NET))[1]
    with pytest.raises(WrongNetworkError):
        verify_slip(signed, GATEWAY.public, NET)
    relabelled = sign("slip", slip_content(HELD, NET), [GATEWAY], OTHER_NET)
    with pytest.raises(SealError):
        verify_slip(relabelled, GATEWAY.public, NET)


def test_type_confusion_a_statement_is_no_slip() -> None:
    data = sign("statement", slip_content(HELD, NET), [GATEWAY], NET).to_bytes()
    with pytest.raises(MalformedError):
        read_slip(data)


def test_only_gateways_say_held_and_only_stations_say_what_officers_did() -> None:
    gateway = {level for level in SlipLevel if may_sign(level, Role.GATEWAY)}
    assert gateway == {SlipLevel.HELD, SlipLevel.NOT_RECEIVED, SlipLevel.EXPIRED, SlipLevel.REVOCATION}
    assert {level for level in SlipLevel if not may_sign(level, Role.STATION)} == {SlipLevel.HELD}
    assert not any(may_sign(level, role) for level in SlipLevel for role in (Role.OFFICER, Role.ROOT, Role.ISSUER))


OPTIONAL = {
    "id": ID,
    "seal": 1,
    "envelope": bytes(32),
    "code": "E-REPLAY",
    "role": "deputy",
    "due": NOON,
    "cycle": 0,
    "rung": 1,
    "subject": bytes(32),
    "since": NOON,
    "revocation": b"x",
}


@pytest.mark.parametrize("slip", SLIPS, ids=lambda s: s.level.value)
def test_a_level_says_what_it_must_and_nothing_out_of_place(slip: Slip) -> None:
    must, may = {
        SlipLevel.BLOB_RECEIVED: ("id seal envelope subject", ""),
        SlipLevel.REJECTED: ("id seal envelope code", ""),
        SlipLevel.UNDECRYPTABLE: ("id seal envelope subject", "code"),
        SlipLevel.RUNG: ("id seal envelope role due cycle", "rung code"),
        SlipLevel.OFFICER_REACHED: ("id seal envelope", "role due cycle rung code"),
        SlipLevel.COVER: ("id code", ""),
        SlipLevel.ENDED: ("id seal envelope due code", ""),
        SlipLevel.RECALL: ("since", "code"),
        SlipLevel.REVOCATION: ("revocation", "code"),
        SlipLevel.ROUND: ("subject", ""),
        SlipLevel.HELD: ("id seal envelope", "code"),
        SlipLevel.RECEIVED: ("id seal envelope", "code"),
        SlipLevel.OPENED: ("id seal envelope", "code"),
    }.get(slip.level, ("id seal envelope", "due code"))
    for name, value in OPTIONAL.items():
        with_it, without = replace(slip, **{name: value}), replace(slip, **{name: None})
        for changed, good in ((with_it, name in (must + " " + may).split()), (without, name not in must.split())):
            if good:
                assert decode_slip(slip_content(changed, NET)) == changed
            else:
                with pytest.raises(MalformedError):
                    slip_content(changed, NET)


WRONG = {
    "v": [2],
    "net": [b""],
    "level": ["held ", "answered", 1],
    "from": ["x"],
    "to": [None],
    "at": [-1, "x"],
    "skew": ["0", True],
    "dir": [-1],
    "journal": [bytes(31)],
    "id": ["x"],
    "seal": [0, True],
    "envelope": [None, bytes(31)],
    "code": ["free text about a person", None],
    "unknown": [1],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_a_malformed_slip_is_refused(name: str, value: Any) -> None:
    content: Any = decode(slip_content(HELD, NET))
    content[name] = value
    with pytest.raises(MalformedError):
        decode_slip(encode(content))


UNSAYABLE: dict[str, list[Any]] = {
    "sender": ["x"],
    "at": [NOON.replace(year=1960)],
    "skew_ms": ["0"],
    "dir_size": [-1],
    "journal_head": [bytes(31)],
    "id": ["x"],
    "seal": [0, True, 2**53],
    "envelope": [bytes(31)],
    "code": ["free text about a person", "e\u0301"],
    "role": ["duty officer"],
    "due": [NOON.replace(year=1960)],
    "cycle": [-1],
    "rung": [-1],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in UNSAYABLE.items() for v in vs])
def test_nothing_is_made_that_a_recipient_would_refuse(name: str, value: Any) -> None:
    rung = replace(LEVELS[SlipLevel.RUNG], level=SlipLevel.RUNG)
    assert decode_slip(slip_content(rung, NET), NET) == rung
    with pytest.raises(MalformedError):
        slip_content(replace(rung, **{name: value}), NET)


def test_a_huge_slip_is_refused() -> None:
    slip = replace(LEVELS[SlipLevel.REVOCATION], level=SlipLevel.REVOCATION, revocation=bytes(70_000))
    with pytest.raises(MalformedError):
        read_slip(sign_slip(slip_content(slip, NET), STATION, NET))


@given(st.binary(max_size=80))
def test_noise_is_refused_as_slip_and_never_crashes(data: bytes) -> None:
    with pytest.raises(WireError):
        read_slip(data)
    with pytest.raises(WireError):
        decode_slip(data)
