"""What a node believes of the register, under every lie that a registrar, a mirror or a network can tell.

Longer than four hundred lines: each lie is one short test on the same log.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.contact import GatewayAddress
from directory.documents import Action, Purpose
from directory.enrolment import make_charter, make_revocation
from directory.errors import (
    CheckpointError,
    DocumentError,
    KeyNotValidError,
    ProofError,
    RollBackError,
    RuleError,
    SplitViewError,
    TamperError,
    UnknownKeyError,
    UnknownStateError,
)
from directory.files import from_bytes, from_files, to_bytes, to_files
from directory.log import Leaf, Log
from directory.merkle import leaf_hash, verify_consistency
from directory.proof import InclusionProof
from directory.rules import Status
from directory.trusted import Comparison, Freshness, TrustedCopy
from keys.cbor import decode, encode
from keys.certificate import Role
from keys.digest import digest
from keys.signed import add_signature, sign
from tests.directory.registerworld import (
    GENESIS,
    NET,
    NOW,
    RegistrarLog,
    card,
    charter,
    genesis_object,
    listing,
    signing,
    start,
    station_keys,
    two_states,
)

LATER = NOW + timedelta(hours=1)


def kid(name: str) -> bytes:
    return signing(name).public.id


def revocation(by: str = "XA/root", key: str = "XA/station", after=NOW):
    return make_revocation(signing(by), "XA", kid(key), NOW, after, "compromised", NET)


def test_a_copy_knows_what_the_states_signed():
    _, copy = two_states()
    contact = copy.contact_point("XA")
    assert copy.states == ("XA", "XB")
    assert contact.status is Status.LISTED
    assert [record.public for record in contact.stations] == [signing("XA/station").public]
    assert [record.public for record in contact.gateways] == [signing("XA/gateway").public]
    assert contact.addresses == (GatewayAddress("wss://xa.example/link", "webpki"),)
    assert contact.card is not None
    assert contact.card.public.body == "Desk"
    assert copy.faults == ()
    with pytest.raises(UnknownStateError):
        copy.contact_point("XC")


def test_a_rented_mailbox_is_reached_at_its_host():
    log = RegistrarLog()
    log.list_state("QM")
    keys = replace(station_keys("XC"), gateway=None)
    records = keys.records("XC", NOW, NOW + timedelta(days=30), NET)
    log.honest(listing("XC"))
    log.honest(make_charter([signing("XC/root")], "XC", 1, records, [], NOW, NET, mailbox="QM"))
    contact = log.advance(start()).contact_point("XC")
    assert contact.host == "QM"
    assert [record.public for record in contact.gateways] == [signing("QM/gateway").public]
    assert contact.addresses[0].url == "wss://qm.example/link"


def test_replaying_the_same_log_gives_an_equal_copy():
    log, copy = two_states()
    in_steps = start()
    for size in range(1, log.log.size + 1):
        part = replace(log, log=Log().extend(log.log.entries[:size]))
        in_steps = part.advance(in_steps)
    at_once = copy.advance(in_steps.checkpoint.note, (), {}, NOW)
    assert in_steps == at_once


def test_registrar_swaps_a_station_key_and_only_convicts_itself():
    log, copy = two_states()
    records = station_keys("XA", "evil").records("XA", NOW, NOW + timedelta(days=30), NET)
    evil = make_charter(
        [signing("evil root")], "XA", 2, records, [GatewayAddress("wss://evil.example", "webpki")], NOW, NET
    )
    index = log.put(evil)
    after = log.advance(copy)
    assert after.contact_point("XA") == copy.contact_point("XA")
    assert [(fault.index, fault.state, fault.code) for fault in after.faults] == [(index, "XA", "E-ROOT")]
    with pytest.raises(UnknownKeyError):
        after.station_key(kid("XAevil/station"), NOW)


def test_registrar_replaces_a_root_and_only_convicts_itself():
    log, copy = two_states()
    log.honest(listing("XA", 2, Action.SUSPEND))
    log.put(listing("XA", 3, root="evil root"))
    log.put(charter("XA", 2, root="evil root", tag="evil"))
    after = log.advance(copy)
    assert [fault.code for fault in after.faults] == ["E-ROOT", "E-ROOT"]
    assert after.contact_point("XA").roots == (signing("XA/root").public,)


def test_one_bad_entry_does_not_hold_back_a_later_revocation():
    log, copy = two_states()
    log.put(charter("XA", 2, root="evil root", tag="evil"))
    log.honest(revocation())
    after = log.advance(copy)
    with pytest.raises(KeyNotValidError):
        after.station_key(kid("XA/station"), LATER)


def test_an_entry_that_is_no_leaf_is_a_fault_and_nothing_else():
    log, copy = two_states()
    log.log = log.log.extend([b"nonsense", Leaf("charter", "XA", 2, bytes(32)).to_bytes()])
    log.objects[bytes(32)] = b""
    with pytest.raises(TamperError):
        log.advance(copy)
    log.log = Log().extend(log.log.entries[:-1])
    assert [fault.code for fault in log.advance(copy).faults] == ["E-ENTRY"]


def test_a_leaf_that_says_something_else_than_its_object_is_a_fault():
    log, copy = two_states()
    log.put(charter("XA", 2, tag="new"), number=9)
    after = log.advance(copy)
    assert [fault.code for fault in after.faults] == ["E-LEAF"]
    assert after.contact_point("XA") == copy.contact_point("XA")


def test_withheld_revocation_holds_at_once_and_is_detected_after_a_day():
    log, copy = two_states()
    told = copy.hear(revocation().to_bytes(), NOW)
    with pytest.raises(KeyNotValidError) as refused:
        told.station_key(kid("XA/station"), LATER)
    assert refused.value.code == "E-KEY-REVOKED"
    log.at = NOW + timedelta(hours=25)
    told = log.advance(told)
    assert told.withheld(NOW + timedelta(hours=23)) == ()
    assert [each.key for each in told.withheld(log.at)] == [kid("XA/station")]
    log.honest(revocation())
    assert log.advance(told).withheld(log.at) == ()


def test_a_heard_revocation_must_hold_by_itself():
    _, copy = two_states()
    with pytest.raises(RuleError):
        copy.hear(revocation(by="XB/root").to_bytes(), NOW)
    with pytest.raises(DocumentError):
        copy.hear(card("XA")[0].to_bytes(), NOW)
    once = copy.hear(revocation().to_bytes(), NOW)
    assert once.hear(revocation().to_bytes(), LATER) == once


def test_roll_back_to_a_shorter_log_is_refused():
    log, copy = two_states()
    old = replace(log, log=Log().extend(log.log.entries[:3]))
    with pytest.raises(RollBackError):
        copy.advance(old.checkpoint(LATER), (), {}, LATER)


def test_roll_back_to_an_older_checkpoint_of_the_same_log_is_refused():
    log, copy = two_states()
    newer = log.advance(copy, LATER)
    with pytest.raises(RollBackError):
        newer.advance(log.checkpoint(NOW), (), {}, LATER)
    assert log.advance(newer, LATER).root == newer.root


def fork(log: RegistrarLog, keep: int) -> RegistrarLog:
    other = RegistrarLog(Log().extend(log.log.entries[:keep]), dict(log.objects))
    for entry in log.log.entries[keep:]:
        leaf = Leaf.from_bytes(entry)
        other.log = other.log.extend([replace(leaf, number=leaf.number + 7).to_bytes()])
    return other


def test_split_view_of_the_same_size_is_named():
    log, copy = two_states()
    with pytest.raises(SplitViewError):
        copy.advance(fork(log, 3).checkpoint(), (), {}, NOW)


def test_split_view_of_a_shorter_log_is_named():
    log, copy = two_states()
    other = fork(log, 3)
    other.log = Log().extend(other.log.entries[:5])
    with pytest.raises(SplitViewError):
        copy.advance(other.checkpoint(), (), {}, NOW)


def test_split_view_of_a_longer_log_is_told_from_tampering_by_its_tiles():
    log, copy = two_states()
    other = fork(log, 3)
    other.put(charter("XA", 2, tag="new"))
    note, entries = other.checkpoint(), other.log.entries[copy.size :]
    with pytest.raises(TamperError):
        copy.advance(note, entries, other.objects, NOW)
    with pytest.raises(SplitViewError) as refused:
        copy.advance(note, entries, other.objects, NOW, leaf_hashes=other.log.hashes)
    assert "entry 3" in refused.value.text


def test_tampered_entry_is_named_and_refused():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    log.honest(charter("XB", 2, tag="new"))
    entries = list(log.log.entries[copy.size :])
    entries[1] = entries[1].replace(b"XB", b"XC")
    with pytest.raises(TamperError):
        copy.advance(log.checkpoint(), entries, log.objects, NOW)
    with pytest.raises(TamperError) as refused:
        copy.advance(log.checkpoint(), entries, log.objects, NOW, leaf_hashes=log.log.hashes)
    assert f"entry {copy.size + 1}" in refused.value.text


def test_entries_withheld_or_added_on_the_way_are_refused():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    for entries in ((), (*log.log.entries[copy.size :], b"more")):
        with pytest.raises(TamperError):
            copy.advance(log.checkpoint(), entries, log.objects, NOW)


def test_tampered_tile_proves_nothing_against_the_register():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    false = [leaf_hash(b"false"), *log.log.hashes[1:]]
    assert log.advance(copy).size == log.log.size
    with pytest.raises(TamperError):
        copy.advance(log.checkpoint(), [b"wrong"], log.objects, NOW, leaf_hashes=false)


def test_tampered_object_is_refused_even_where_only_its_signature_was_swapped():
    log, copy = two_states()
    new = charter("XA", 2, tag="new")
    log.honest(new)
    name = digest(new.to_bytes())
    resigned = charter("XA", 2, tag="new")
    forged = sign("charter", new.content, [signing("thief")], NET)
    for false in (forged.to_bytes(), resigned.to_bytes(), new.to_bytes()[:-1], b""):
        with pytest.raises(TamperError):
            copy.advance(log.checkpoint(), log.log.entries[copy.size :], {**log.objects, name: false}, NOW)
    missing = {key: data for key, data in log.objects.items() if key != name}
    with pytest.raises(TamperError) as refused:
        copy.advance(log.checkpoint(), log.log.entries[copy.size :], missing, NOW)
    assert refused.value.code == "E-OBJECT-MISSING"


def test_a_refused_update_leaves_the_good_copy_usable():
    log, copy = two_states()
    before = to_files(copy)
    with pytest.raises(SplitViewError):
        copy.advance(fork(log, 2).checkpoint(LATER), [b"x"], {}, LATER)
    assert to_files(copy) == before
    assert copy.contact_point("XA").card


def test_frozen_register_shows_its_age_however_often_it_answers():
    log, copy = two_states()
    for hours, expected in ((0, Freshness.FRESH), (23, Freshness.FRESH), (25, Freshness.STALE), (719, Freshness.STALE)):
        now = NOW + timedelta(hours=hours)
        copy = copy.advance(log.checkpoint(NOW), (), {}, now)
        assert copy.checked_at == now
        assert copy.age(now) == timedelta(hours=hours)
        assert copy.freshness(now) is expected
    assert copy.freshness(NOW + timedelta(days=30)) is Freshness.EXPIRED
    assert start().freshness(NOW) is Freshness.EXPIRED


def test_a_checkpoint_from_the_future_does_not_make_a_copy_fresh_for_ever():
    log, copy = two_states()
    with pytest.raises(CheckpointError) as refused:
        copy.advance(log.checkpoint(NOW + timedelta(hours=2)), (), {}, NOW)
    assert refused.value.code == "E-CHECKPOINT-FUTURE"


def test_a_copy_starts_only_from_the_pinned_genesis():
    with pytest.raises(DocumentError):
        TrustedCopy.start(genesis_object(Purpose.LIVE), GENESIS.digest)


def test_a_peers_head_is_compared_with_ours():
    log, copy = two_states()
    assert copy.compare(copy.size, copy.root) is Comparison.SAME
    assert copy.compare(2, log.log.root_at(2)) is Comparison.BEHIND_US
    assert copy.compare(copy.size + 1, bytes(32)) is Comparison.AHEAD_OF_US
    assert copy.compare(copy.size, bytes(32)) is Comparison.SPLIT
    assert copy.compare(2, bytes(32)) is Comparison.SPLIT


def test_a_key_is_good_in_its_role_and_window_only():
    _, copy = two_states()
    assert copy.station_key(kid("XA/station"), NOW).state == "XA"
    assert copy.gateway_key(kid("XA/gateway"), NOW).public == signing("XA/gateway").public
    assert copy.keys_of("XA", Role.ISSUER, NOW) == (signing("XA/issuer").public,)
    for key, at in (
        ("XA/gateway", NOW),
        ("XA/station", NOW - timedelta(days=2)),
        ("XA/station", NOW + timedelta(days=390)),
    ):
        with pytest.raises(KeyNotValidError):
            copy.station_key(kid(key), at)
    assert copy.keys_of("XA", Role.STATION, NOW + timedelta(days=400)) == ()


def test_back_dating_with_a_revoked_key_fails_and_what_was_witnessed_before_stays():
    log, copy = two_states()
    log.honest(revocation(after=NOW + timedelta(minutes=5)))
    after = log.advance(copy)
    assert after.station_key(kid("XA/station"), NOW + timedelta(minutes=5)).state == "XA"
    with pytest.raises(KeyNotValidError):
        after.station_key(kid("XA/station"), NOW + timedelta(minutes=5, milliseconds=1))
    assert after.invalid_after("XA", kid("XA/station")) == NOW + timedelta(minutes=5)


def test_a_rotated_key_verifies_old_letters_and_no_new_ones():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new", at=LATER))
    after = log.advance(copy, LATER)
    assert after.station_key(kid("XA/station"), NOW).state == "XA"
    with pytest.raises(KeyNotValidError):
        after.station_key(kid("XA/station"), LATER)
    assert after.keys_of("XA", Role.STATION, LATER) == (signing("XAnew/station").public,)


def test_a_suspended_state_shows_as_suspended():
    log, copy = two_states()
    log.honest(listing("XA", 2, Action.SUSPEND))
    suspended = log.advance(copy)
    assert suspended.contact_point("XA").status is Status.SUSPENDED
    log.honest(listing("XA", 3))
    assert log.advance(suspended).contact_point("XA").status is Status.LISTED


def test_every_object_can_be_proved_without_the_copy():
    log, copy = two_states()
    for name, data in log.objects.items():
        proof = InclusionProof.from_value(decode(encode(copy.proof(name).to_value())))
        leaf, head = proof.verify(GENESIS, data)
        assert leaf.digest == name
        assert head.size == copy.size
        with pytest.raises(TamperError):
            proof.verify(GENESIS, data + b"x")
        with pytest.raises(ProofError):
            replace(proof, index=(proof.index + 1) % copy.size).verify(GENESIS, data)
    with pytest.raises(ProofError):
        copy.proof(bytes(32))


def test_a_bundle_with_an_invented_register_proves_nothing():
    log, copy = two_states()
    name, data = next(iter(log.objects.items()))
    invented = GENESIS.model_copy(update={"name": "Invented"})
    with pytest.raises(CheckpointError):
        copy.proof(name).verify(invented, data)


def test_growth_can_be_proved_between_two_checkpoints():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    after = log.advance(copy)
    verify_consistency(copy.size, copy.root, after.size, after.root, after.consistency_proof(copy.size))


def test_the_members_part_is_taken_only_where_a_card_names_it():
    _, copy = two_states()
    _, members = card("XA")
    assert members is not None
    with_telephones = copy.with_members(members.to_content())
    reach = with_telephones.contact_point("XA").members
    assert reach is not None
    assert reach.reachability.duty_line == "+99912345670"
    with pytest.raises(DocumentError):
        copy.with_members(members.model_copy(update={"salt": b"t" * 16}).to_content())


def offline_copy() -> tuple[TrustedCopy, dict[str, bytes]]:
    _, copy = two_states()
    _, members = card("XA")
    assert members is not None
    copy = copy.with_members(members.to_content()).hear(revocation().to_bytes(), NOW)
    return copy, to_files(copy)


def test_a_copy_survives_being_kept_and_is_verified_anew():
    copy, files = offline_copy()
    assert from_files(files, GENESIS.digest, LATER) == copy
    assert from_bytes(to_bytes(copy), GENESIS.digest, LATER) == copy
    assert from_files(files, GENESIS.digest, NOW - timedelta(days=900)) == copy
    assert from_files(to_files(start()), GENESIS.digest, NOW) == start()


def test_any_changed_file_of_a_kept_copy_is_found():
    copy, files = offline_copy()
    for name, data in files.items():
        if name == "state":
            continue
        for at in (0, len(data) // 2, len(data) - 1):
            broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            with pytest.raises((TamperError, CheckpointError, DocumentError, RuleError)):
                assert from_files({**files, name: broken}, GENESIS.digest, NOW) != copy, name
                raise AssertionError(name)
    for name in ("genesis", "entries", "state", next(n for n in files if n.startswith("objects/"))):
        with pytest.raises((TamperError, DocumentError)):
            from_files({key: data for key, data in files.items() if key != name}, GENESIS.digest, NOW)


def test_a_stolen_copy_of_another_network_is_refused():
    copy, _ = offline_copy()
    with pytest.raises(DocumentError):
        from_bytes(to_bytes(copy), bytes(32), NOW)
    with pytest.raises(DocumentError):
        from_bytes(b"nonsense", GENESIS.digest, NOW)


def test_a_charter_that_a_stranger_countersigned_is_refused():
    log, copy = two_states()
    log.put(add_signature(charter("XA", 2, tag="new"), signing("stranger"), NET))
    assert [fault.code for fault in log.advance(copy).faults] == ["E-SIGNER"]
