"""Which document may follow: each refusal here is an attack or a mistake that the register and every reader must see."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.contact import GatewayAddress
from directory.documents import Action, Charter, Genesis, Purpose, read_genesis, read_object
from directory.enrolment import StationKeys, make_card, make_charter, make_genesis, make_revocation
from directory.errors import DocumentError, EqualVersionError, RuleError
from keys.cbor import decode, encode
from keys.certificate import KeyRecord, Role
from keys.signed import Signed, sign
from tests.directory.registerworld import (
    GENESIS,
    NET,
    NOW,
    PUBLIC,
    RegistrarLog,
    card,
    charter,
    genesis_object,
    listing,
    log_key,
    signing,
    station_keys,
)

URL = [GatewayAddress("wss://xa.example/link", "webpki")]


@pytest.fixture
def log() -> RegistrarLog:
    fresh = RegistrarLog()
    fresh.list_state("XA")
    fresh.list_state("XB")
    return fresh


def refused(log: RegistrarLog, signed: Signed) -> str:
    before = log.registry
    with pytest.raises(RuleError) as error:
        log.honest(signed)
    assert log.registry == before
    return error.value.code


def revoke(by: str, state: str, key: bytes, after=NOW) -> Signed:
    return make_revocation(signing(by), state, key, NOW, after, "compromised", NET)


def test_a_document_comes_back_byte_for_byte(log):
    for signed in (charter("XA"), card("XA")[0], listing("XA")):
        document, read = read_object(signed.to_bytes(), signed.type)
        assert document.to_content() == signed.content
        assert read == signed


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"extra": 1},
        {"number": 0},
        {"number": "1"},
        {"state": "xa"},
        {"at": -1},
        {"threshold": 2},
        {"gateways": []},
        {"gateways": [{"url": "ws://xa.example", "trust": "webpki"}]},
        {"gateways": [{"url": "wss://u:p@xa.example/", "trust": "webpki"}]},
        {"mailbox": "QM"},
        {"mailbox": "XA"},
        {"roots": []},
    ],
)
def test_a_charter_with_a_wrong_field_is_no_charter(change):
    value = decode(charter("XA").content)
    assert isinstance(value, dict)
    with pytest.raises(DocumentError):
        Charter.from_content(encode(value | change))


def test_a_charter_with_a_missing_field_is_no_charter():
    value = decode(charter("XA").content)
    assert isinstance(value, dict)
    del value["v"]
    with pytest.raises(DocumentError):
        Charter.from_content(encode(value))


def test_non_canonical_bytes_are_no_document():
    content = charter("XA").content
    with pytest.raises(DocumentError):
        Charter.from_content(content + b"\x00")


def test_type_confusion_a_card_is_not_taken_for_a_charter():
    with pytest.raises(DocumentError):
        read_object(card("XA")[0].to_bytes(), "charter")
    with pytest.raises(DocumentError):
        read_object(genesis_object(), "genesis")


def test_another_networks_genesis_is_refused_by_its_digest():
    with pytest.raises(DocumentError):
        read_genesis(genesis_object(Purpose.LIVE), GENESIS.digest)


def test_a_genesis_that_its_registrar_did_not_sign_is_refused():
    forged = make_genesis(signing("registrar"), log_key().public, Purpose.LIVE, "x", "demo-1", NOW)
    with pytest.raises(RuleError):
        read_genesis(sign(Genesis.TYPE, forged.content, [signing("thief")], bytes(16)).to_bytes())


def test_training_documents_mean_nothing_in_a_live_network():
    live = read_genesis(genesis_object(Purpose.LIVE))
    records = station_keys("XA").records("XA", NOW, NOW + timedelta(days=30), live.net)
    foreign = make_charter([signing("XA/root")], "XA", 1, records, URL, NOW, live.net)
    log = RegistrarLog()
    log.honest(listing("XA"))
    assert refused(log, foreign) == "E-SIGNATURE"


def test_a_listing_by_anyone_but_the_registrar_is_refused():
    assert refused(RegistrarLog(), listing("XC", by="XA/root")) == "E-SIGNER"


def test_nothing_of_an_unlisted_state_is_appended():
    assert refused(RegistrarLog(), charter("XC")) == "E-NOT-LISTED"


def test_the_registrar_cannot_replace_a_root_by_listing_again(log):
    log.honest(listing("XA", 2, Action.SUSPEND))
    assert refused(log, listing("XA", 3, root="new-root")) == "E-ROOT"
    log.honest(listing("XA", 3))


def test_a_charter_with_other_roots_than_approved_is_refused():
    log = RegistrarLog()
    log.honest(listing("XC"))
    assert refused(log, charter("XC", root="other")) == "E-ROOT"


def test_a_new_root_needs_the_old_one_and_the_new_one(log):
    assert refused(log, charter("XA", 2, root="new-root")) == "E-ROOT"
    old_only = charter("XA", 2, root="new-root", old="root")
    stripped = replace(
        old_only, signatures=tuple(s for s in old_only.signatures if s[0] == signing("XA/root").public.id)
    )
    assert refused(log, stripped) == "E-ROOT"
    log.honest(old_only)
    assert refused(log, charter("XA", 3)) == "E-ROOT"
    log.honest(charter("XA", 3, root="new-root"))


def test_two_of_three_custodians_sign_where_the_charter_says_so():
    log = RegistrarLog()
    roots = [signing(f"XA/custodian{n}") for n in range(3)]
    records = station_keys("XA").records("XA", NOW, NOW + timedelta(days=30), NET)
    whole = make_charter(roots, "XA", 1, records, URL, NOW, NET, threshold=2)
    by_listing = listing("XA")
    document, _ = read_object(by_listing.to_bytes(), "listing")
    three = document.model_copy(update={"roots": tuple(root.public.id for root in roots)})
    log.honest(sign("listing", three.to_content(), [signing("registrar")], NET))
    assert refused(log, replace(whole, signatures=whole.signatures[:1])) == "E-THRESHOLD"
    log.honest(replace(whole, signatures=whole.signatures[:2]))


def test_a_charter_with_a_key_without_proof_of_possession_is_refused(log):
    mine = station_keys("XB").records("XB", NOW, NOW + timedelta(days=30), NET)
    neighbours = KeyRecord(Role.STATION, signing("XC/station").public, NOW, NOW + timedelta(days=30), mine[0].proof)
    claimed = make_charter([signing("XB/root")], "XB", 2, [*mine, neighbours], URL, NOW, NET)
    assert refused(log, claimed) == "E-POSSESSION"


def test_a_proof_of_possession_for_another_state_or_role_is_refused(log):
    stolen = station_keys("XC").records("XC", NOW, NOW + timedelta(days=30), NET)
    assert refused(log, make_charter([signing("XB/root")], "XB", 2, stolen, URL, NOW, NET)) == "E-POSSESSION"
    records = list(station_keys("XB").records("XB", NOW, NOW + timedelta(days=30), NET))
    records[0] = replace(records[0], not_after=NOW + timedelta(days=31))
    assert refused(log, make_charter([signing("XB/root")], "XB", 2, records, URL, NOW, NET)) == "E-POSSESSION"


def test_a_key_cannot_serve_two_states(log):
    shared = StationKeys(*(signing(f"XA/{role}") for role in ("station", "keeper", "issuer", "gateway")))
    records = shared.records("XB", NOW, NOW + timedelta(days=30), NET)
    assert refused(log, make_charter([signing("XB/root")], "XB", 2, records, URL, NOW, NET)) == "E-KEY-TAKEN"


def test_a_key_window_of_more_than_thirteen_months_is_refused(log):
    records = station_keys("XA", "long").records("XA", NOW, NOW + timedelta(days=401), NET)
    assert refused(log, make_charter([signing("XA/root")], "XA", 2, records, URL, NOW, NET)) == "E-KEY-WINDOW"


def test_a_dropped_key_does_not_come_back(log):
    log.honest(charter("XA", 2, tag="new"))
    assert refused(log, charter("XA", 3)) == "E-KEY-TAKEN"


def test_equal_version_with_other_bytes_is_named(log):
    other, _ = make_card(
        station_keys("XA").keeper, "XA", 1, PUBLIC.model_copy(update={"body": "Other"}), None, b"", NOW, NET
    )
    with pytest.raises(EqualVersionError):
        log.honest(other)
    with pytest.raises(EqualVersionError):
        log.honest(charter("XA", 1, tag="other"))


def test_the_same_document_again_is_a_duplicate_though_its_signature_differs(log):
    first = charter("XA", 2, tag="new")
    log.honest(first)
    again = sign("charter", first.content, [signing("XA/root")], NET)
    assert again != first
    assert refused(log, again) == "E-DUPLICATE"


def test_numbers_have_no_gaps_and_never_go_back(log):
    assert refused(log, card("XA", 3)[0]) == "E-NUMBER"
    log.honest(card("XA", 2)[0])
    assert refused(log, card("XA", 1, at=NOW + timedelta(hours=1))[0]) == "E-NUMBER"


def test_a_back_dated_charter_or_card_is_refused(log):
    assert refused(log, card("XA", 2, at=NOW - timedelta(hours=1))[0]) == "E-BACKDATED"
    assert refused(log, charter("XA", 2, at=NOW - timedelta(hours=1))) == "E-BACKDATED"


@pytest.mark.parametrize("role", ["station", "issuer", "gateway", "root"])
def test_a_card_signed_by_the_wrong_role_key_is_refused(log, role):
    assert refused(log, card("XA", 2, keeper=f"XA/{role}")[0]) == "E-SIGNER"


def test_a_card_signed_by_another_state_is_refused(log):
    assert refused(log, card("XA", 2, keeper="XB/keeper")[0]) == "E-SIGNER"


def test_a_card_outside_its_keepers_window_or_after_its_revocation_is_refused(log):
    assert refused(log, card("XA", 2, at=NOW + timedelta(days=500))[0]) == "E-SIGNER"
    log.honest(revoke("XA/root", "XA", signing("XA/keeper").public.id))
    assert refused(log, card("XA", 2)[0]) == "E-SIGNER"


def test_only_the_root_revokes_what_the_charter_lists(log):
    station = signing("XA/station").public.id
    assert refused(log, revoke("XA/issuer", "XA", station)) == "E-SIGNER"
    assert refused(log, revoke("XA/station", "XA", station)) == "E-SIGNER"
    assert refused(log, revoke("registrar", "XA", station)) == "E-SIGNER"
    log.honest(revoke("XA/root", "XA", station))


@pytest.mark.parametrize("by", ["root", "issuer", "station"])
def test_root_issuer_and_station_each_revoke_an_officer(log, by):
    officer = signing("officer").public.id
    log.honest(revoke(f"XA/{by}", "XA", officer))
    assert log.registry.revoked[("XA", officer)] == NOW


def test_a_state_cannot_end_anothers_keys(log):
    assert refused(log, revoke("XA/root", "XA", signing("XB/station").public.id)) == "E-SIGNER"
    officer_of_xb = signing("officer of XB").public.id
    log.honest(revoke("XA/root", "XA", officer_of_xb))
    assert ("XB", officer_of_xb) not in log.registry.revoked


def test_a_root_is_replaced_and_never_revoked(log):
    assert refused(log, revoke("XA/root", "XA", signing("XA/root").public.id)) == "E-ROOT"


def test_a_later_revocation_cannot_soften_an_earlier_one(log):
    station = signing("XA/station").public.id
    log.honest(revoke("XA/root", "XA", station, NOW - timedelta(days=3)))
    log.honest(revoke("XA/root", "XA", station, NOW))
    assert log.registry.revoked[("XA", station)] == NOW - timedelta(days=3)


def test_a_revoked_key_does_not_come_back_in_a_charter(log):
    log.honest(revoke("XA/root", "XA", signing("XA/station").public.id))
    assert refused(log, charter("XA", 2)) == "E-KEY-REVOKED"


def test_a_root_that_has_been_a_station_is_refused(log):
    assert refused(log, charter("XA", 2, tag="new", root="station", old="root")) == "E-KEY-TAKEN"


def test_a_revoked_issuer_ends_no_officer_any_more(log):
    log.honest(revoke("XA/root", "XA", signing("XA/issuer").public.id))
    assert refused(log, revoke("XA/issuer", "XA", signing("officer").public.id)) == "E-SIGNER"


def test_one_key_in_two_roles_is_no_charter():
    value = decode(charter("XA").content)
    assert isinstance(value, dict)
    with pytest.raises(DocumentError):
        Charter.from_content(encode(value | {"roots": [signing("XA/station").public.data]}))


def test_a_rented_mailbox_has_neither_gateway_key_nor_address():
    keys = replace(station_keys("XC"), gateway=None)
    records = keys.records("XC", NOW, NOW + timedelta(days=30), NET)
    log = RegistrarLog()
    log.honest(listing("XC"))
    log.honest(make_charter([signing("XC/root")], "XC", 1, records, [], NOW, NET, mailbox="QM"))
    assert log.registry.standings["XC"].charter.mailbox == "QM"
