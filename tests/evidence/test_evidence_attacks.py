"""Attacks on evidence, each by its name. The forger computes again whatever can be computed; signatures he cannot make.

Longer than four hundred lines: a list of attacks to be read from top to bottom, on one bundle.
"""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contactpoint.desk.bundle import read_bundle, write_bundle
from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.judge import judge_dates
from contactpoint.desk.proof.letters import read_letters
from contactpoint.desk.proof.register import read_register
from contactpoint.desk.proof.slips import judge_slips
from contactpoint.desk.verify import verify
from contactpoint.domain.statement import Attachment
from contactpoint.domain.values import Address, parse_instant, spell_instant
from contactpoint.wire.envelope import read_envelope
from contactpoint.wire.slip import Slip, SlipLevel, read_slip, sign_slip, slip_content, slip_digest
from contactpoint.wire.statement import decode_statement, encode_statement
from directory.tiles import bundle_bytes, split_bundle
from keys.certificate import Role, issue_officer, read_officer
from keys.digest import digest
from keys.signed import parse, sign
from keys.signing import SigningKey
from tests.evidence.conftest import Exported
from tests.evidence.forger import Members, folder_of, forged, judged, names, slips_of

SLICES = 64
HOUR = timedelta(hours=1)


def flipped(data: bytes, place: int, mask: int) -> bytes:
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def changed(bundle: bytes, name: str, data: bytes) -> bytes:
    """The bundle with one member exchanged, and the manifest made anew."""
    return write_bundle({**read_bundle(bundle), name: data})


# Changed bytes


@pytest.mark.matrix
@pytest.mark.parametrize("part", range(SLICES))
def test_a_changed_byte_anywhere_in_the_file_is_found(
    exported: Exported, part: int, seeded: random.Random, run_all: bool
):
    """Members and the ZIP's own structure alike; every byte of the file with ALL=1."""
    places = range(part, len(exported.qm), SLICES)
    for place in places if run_all else seeded.sample(places, 40):
        report = verify(flipped(exported.qm, place, 1 << place % 8), None)
        assert not report.verified and report.problems, place


def sample(members: Members, seeded: random.Random, run_all: bool) -> list[str]:
    """Some members of every kind; all of them with ALL=1."""
    kinds: dict[str, list[str]] = {}
    for name in sorted(members):
        first, *more = name.split("/")
        part = {"letters": more[-1:], "register": more[:1]}.get(first, [])
        kinds.setdefault("/".join((first, *part)), []).append(name)
    return sorted(members) if run_all else [seeded.choice(names) for names in kinds.values()]


def test_a_changed_byte_is_found_though_the_manifest_was_made_anew(
    exported: Exported, seeded: random.Random, run_all: bool
):
    members = read_bundle(exported.qm)
    for name in sample(members, seeded, run_all):
        for place in {0, len(members[name]) - 1, *(seeded.randrange(len(members[name])) for _ in range(6))}:
            report = verify(changed(exported.qm, name, flipped(members[name], place, 0x01)), None)
            assert not report.verified, (name, place)


def test_a_member_cut_off_at_any_place_is_found(exported: Exported, seeded: random.Random, run_all: bool):
    members = read_bundle(exported.qm)
    for name in sample(members, seeded, run_all):
        for length in (0, len(members[name]) - 1, seeded.randrange(len(members[name]))):
            assert not verify(changed(exported.qm, name, members[name][:length]), None).verified, (name, length)


def test_rubbish_in_the_place_of_any_member_is_a_problem_and_never_a_crash(
    exported: Exported, seeded: random.Random, run_all: bool
):
    members = read_bundle(exported.qm)
    for name in sample(members, seeded, run_all):
        for rubbish in (b"\x00", b"\xa0", b"[]", b"{}", seeded.randbytes(200)):
            report = verify(changed(exported.qm, name, rubbish), None)
            assert not report.verified and report.problems, (name, rubbish)


# Letters


def test_a_swapped_salt_is_found(exported: Exported):
    def change(members: Members) -> None:
        first, second = names(members, "letters/", "/salt")[:2]
        members[first], members[second] = members[second], members[first]

    assert any(
        "does not commit to this statement with this salt" in text for text in judged(exported.qm, change).problems
    )


def test_a_swapped_envelope_is_found(exported: Exported):
    def change(members: Members) -> None:
        first, second = names(members, "letters/", "/envelope-1")[:2]
        members[first], members[second] = members[second], members[first]

    assert any("another id" in text for text in judged(exported.qm, change).problems)


def test_letters_exchanged_under_each_others_names_are_found(exported: Exported):
    def change(members: Members) -> None:
        first, second = names(members, "letters/", "/statement")[:2]
        members[first], members[second] = members[second], members[first]

    assert sum("bears the name of another" in text for text in judged(exported.qm, change).problems) == 2


def test_an_envelope_changed_under_the_old_signature_is_found(exported: Exported):
    """Another payload digest: what the carriers had would seem to be something else."""

    def change(members: Members) -> None:
        name = folder_of(members, "PRES-NEW") + "envelope-1"
        signed = parse(members[name], "envelope")
        payload = read_envelope(members[name], exported.net).payload_digest
        members[name] = replace(signed, content=signed.content.replace(payload, bytes(32))).to_bytes()

    assert any(text.startswith("the envelope of PRES-NEW") for text in judged(exported.qm, change).problems)


def test_a_statement_from_another_case_is_found(exported: Exported):
    elsewhere = {name: data for name, data in read_bundle(exported.other).items() if name.startswith("letters/")}
    report = judged(exported.qm, lambda members: members.update(elsewhere))
    assert any("belongs to another case" in text for text in report.problems)


def test_a_rewritten_statement_is_found(exported: Exported):
    """The officer's words with another server, under the old signature; the forger renames the folder to fit."""

    def change(members: Members) -> None:
        folder = folder_of(members, "PRES-NEW")
        signed = parse(members[folder + "statement"], "statement")
        content = signed.content.replace(b"192.0.2.44", b"192.0.2.45")
        fresh = f"letters/{digest(content).hex()}/"
        for name in names(members, folder):
            members[fresh + name.removeprefix(folder)] = members.pop(name)
        members[fresh + "statement"] = replace(signed, content=content).to_bytes()

    problems = judged(exported.qm, change).problems
    assert any("not signed by exactly those who must sign it" in text for text in problems)
    assert any("does not commit" in text for text in problems)


def test_an_officer_certificate_by_an_unknown_issuer_is_found(exported: Exported):
    """Same words, same digest, same envelope: stripped of the officer's signature and signed by an invented officer."""
    issuer, officer = SigningKey.from_seed(b"i" * 64), SigningKey.from_seed(b"o" * 64)

    def change(members: Members) -> None:
        folder = folder_of(members, "PRES-NEW")
        signed = parse(members[folder + "statement"], "statement")
        true = parse(members[folder + "certificate-1"], "officer")
        start, end = _window(true.to_bytes(), members)
        paper = issue_officer(issuer, "QM", "QM-OFF-001", ("send",), officer, start, end, exported.net)
        members[folder + "certificate-1"] = paper.to_bytes()
        members[folder + "statement"] = sign("statement", signed.content, [officer], exported.net).to_bytes()

    assert any("signed by no issuer of this State" in text for text in judged(exported.qm, change).problems)


def _window(paper: bytes, members: Members) -> tuple[datetime, datetime]:
    """When the true certificate begins and ends, so that the false one fits."""
    register = read_register(members, Findings())
    at = read_letters(members, register.net, Findings())[0].statement.at
    key = read_officer(paper, register.keys_of("QM", Role.ISSUER, at, at), register.net, at).key
    return key.not_before, key.not_after


def test_an_answer_signed_by_the_other_states_station_is_found(exported: Exported):
    """A station speaks for no officer, and QM's for nobody in QN."""

    def change(members: Members) -> None:
        folder = folder_of(members, "EXECUTED")
        signed = parse(members[folder + "statement"], "statement")
        members[folder + "statement"] = sign(
            "statement", signed.content, [exported.qm_station], exported.net
        ).to_bytes()

    assert any("not signed by exactly those" in text for text in judged(exported.qm, change).problems)


def test_a_letter_left_out_of_the_middle_is_found(exported: Exported):
    def change(members: Members) -> None:
        for name in names(members, folder_of(members, "ACCEPTED")):
            del members[name]

    report = judged(exported.qm, change)
    assert any(text.startswith("a statement on which EXECUTED") for text in report.missing)
    assert any("of another letter" in text for text in report.problems)


def test_the_last_letter_left_out_with_its_receipts_changes_the_state_that_both_can_show(exported: Exported):
    """Nobody can prove from within that there was no more; the other State's digest shows it."""

    def change(members: Members) -> None:
        folder = folder_of(members, "EXECUTED")
        envelope = parse(members[folder + "envelope-1"], "envelope").digest
        for name in names(members, folder):
            del members[name]
        for name in names(members, "slips/"):
            if read_slip(members[name])[0].envelope == envelope:
                del members[name]

    whole, cut = verify(exported.qm, None), judged(exported.qm, change)
    assert whole.lines[-1].startswith("state digest") and cut.lines[-1] != whole.lines[-1]


def test_a_case_without_its_opening_statement_is_no_case(exported: Exported):
    def change(members: Members) -> None:
        for name in names(members, folder_of(members, "PRES-NEW")):
            del members[name]

    assert any("that opens case" in text for text in judged(exported.qm, change).problems)


def test_an_illegal_move_is_found_and_an_attachment_that_is_not_here_is_named(exported: Exported):
    """QN's station, truly, takes charge once more of a request that is executed."""

    def change(members: Members) -> None:
        by_kind = {
            kind: decode_statement(parse(members[folder_of(members, kind) + "statement"], "statement").content)
            for kind in ("PRES-NEW", "EXECUTED")
        }
        last, request = by_kind["EXECUTED"], by_kind["PRES-NEW"]
        move = replace(
            last,
            id=last.id[:-4] + "0000",
            kind="ACK-DEGRADED",
            by="",
            mine=last.digest,
            seen=request.digest,
            re=request.digest,
            body={},
            attachments=(Attachment("order.pdf", 4, digest(b"%PDF")),),
        )
        signed = sign("statement", encode_statement(move, exported.net), [exported.qn_station], exported.net)
        members[f"letters/{signed.digest.hex()}/statement"] = signed.to_bytes()
        members[f"letters/{signed.digest.hex()}/salt"] = bytes(32)

    report = judged(exported.qm, change)
    assert len(report.problems) == 1 and "is no legal move where it stands" in report.problems[0]
    assert any(text.startswith(f"the attachment with SHA-256 {digest(b'%PDF').hex()}") for text in report.missing)


# Receipts and slips


@pytest.mark.parametrize("level", ["held", "received"])
def test_a_removed_receipt_is_reported_as_incomplete_by_name(exported: Exported, level: str):
    for gone in slips_of(read_bundle(exported.qm), level):
        letter = read_slip(read_bundle(exported.qm)[gone])[0].id
        report = judged(exported.qm, lambda members, gone=gone: members.pop(gone))
        assert any(text.startswith(f"a {level} ") and str(letter) in text for text in report.missing)


def test_a_removed_opened_slip_is_reported_as_incomplete_by_name(exported: Exported):
    report = judged(exported.qm, lambda members: members.pop(slips_of(members, "opened")[0]))
    assert report.verified and any(text.startswith("an opened slip for PRES-NEW") for text in report.missing)


def test_a_removed_envelope_is_reported_as_incomplete_by_name(exported: Exported):
    report = judged(exported.qm, lambda members: members.pop(folder_of(members, "PRES-NEW") + "envelope-1"))
    assert any(text.startswith("the envelope of PRES-NEW") and "nothing shows" in text for text in report.missing)
    assert any(text.startswith("a witness of another State for PRES-NEW") for text in report.missing)


def test_a_receipt_of_another_letter_is_found(exported: Exported):
    elsewhere = {name: data for name, data in read_bundle(exported.other).items() if name.startswith("slips/")}
    report = judged(exported.qm, lambda members: members.update(elsewhere))
    assert sum("of another letter" in text for text in report.problems) == len(elsewhere)


def about(members: Members, level: str = "held") -> Slip:
    """The earliest slip of this level: it speaks of the request."""
    return min((read_slip(members[name])[0] for name in slips_of(members, level)), key=lambda slip: slip.at)


def put(members: Members, slip: Slip, key: SigningKey, net: bytes) -> None:
    content = slip_content(slip, net)
    members["slips/" + slip_digest(content).hex()] = sign_slip(content, key, net)


def test_slips_exchanged_under_each_others_names_are_found(exported: Exported):
    def change(members: Members) -> None:
        first, second = names(members, "slips/")[:2]
        members[first], members[second] = members[second], members[first]

    assert sum("bears the name of another" in text for text in judged(exported.qm, change).problems) == 2


def test_a_receipt_dated_back_under_the_old_signature_is_found(exported: Exported):
    def change(members: Members) -> None:
        name = slips_of(members, "held")[0]
        slip, signed = read_slip(members.pop(name))
        content = slip_content(replace(slip, at=slip.at - timedelta(milliseconds=1)), exported.net)
        members["slips/" + slip_digest(content).hex()] = replace(signed, content=content).to_bytes()

    assert any(text.startswith("slip ") for text in judged(exported.qm, change).problems)


def test_a_station_that_says_held_for_its_gateway_is_found(exported: Exported):
    def change(members: Members) -> None:
        slip = about(members)
        put(members, replace(slip, at=slip.at + timedelta(milliseconds=1)), exported.qn_station, exported.net)

    assert any("no key that may say this" in text for text in judged(exported.qm, change).problems)


def test_a_state_is_no_witness_of_its_own_letter(exported: Exported):
    """With every receipt of the other State gone, the sender's own slip proves no date."""

    def change(members: Members) -> None:
        own = twin(members, SlipLevel.UNREACHABLE, timedelta(minutes=1), timedelta(minutes=1))
        for name in names(members, "slips/"):
            if read_slip(members[name])[0].envelope == own.envelope:
                del members[name]
        put(members, own, exported.qm_station, exported.net)

    report = judged(exported.qm, change)
    assert any(text.startswith("a witness of another State for PRES-NEW") for text in report.missing)


def test_a_receipt_told_to_a_third_state_is_found(exported: Exported):
    def change(members: Members) -> None:
        put(members, replace(about(members), recipient=Address("XF")), exported.qn_gateway, exported.net)

    assert any("told to neither State" in text for text in judged(exported.qm, change).problems)


def test_a_false_slip_of_the_other_state_does_not_spoil_the_proof_of_everything_else(exported: Exported):
    """QN's station signed *not opened* by a deadline that no policy gives; QM's desk leaves it out when it exports."""
    report = verify(exported.spoiled, None)
    assert report.problems == ()
    assert len(names(read_bundle(exported.spoiled), "slips/")) == len(names(read_bundle(exported.qm), "slips/"))


def test_a_receipt_for_another_envelope_of_the_same_letter_is_found(exported: Exported):
    def change(members: Members) -> None:
        put(members, replace(about(members), envelope=bytes(32)), exported.qn_gateway, exported.net)

    assert any("of another envelope" in text for text in judged(exported.qm, change).problems)


@pytest.mark.parametrize("level", [SlipLevel.HELD, SlipLevel.RECEIVED, SlipLevel.OPENED])
def test_a_state_that_signs_receipts_for_its_own_letters_is_found(exported: Exported, level: SlipLevel):
    def change(members: Members) -> None:
        own = replace(about(members, level.value), sender=about(members).recipient)
        put(members, own, exported.qm_station, exported.net)

    assert any("no key that may say this" in text for text in judged(exported.qm, change).problems)


def test_a_gateway_that_says_received_for_its_desk_is_found(exported: Exported):
    def change(members: Members) -> None:
        slip = about(members, "received")
        put(members, replace(slip, at=slip.at - timedelta(seconds=1)), exported.qn_gateway, exported.net)

    assert any("no key that may say this" in text for text in judged(exported.qm, change).problems)


def test_a_letter_that_was_held_only_after_it_expired_is_found(exported: Exported):
    """A thief dates his letter back into the time of a key that has ended; no honest gateway would have taken it."""

    def change(members: Members) -> None:
        true = min(slips_of(members, "held"), key=lambda name: read_slip(members[name])[0].at)
        slip = read_slip(members.pop(true))[0]
        put(members, replace(slip, at=slip.at + timedelta(days=15)), exported.qn_gateway, exported.net)

    assert any("held only after it had expired" in text for text in judged(exported.qm, change).problems)


def test_a_letter_dated_after_its_own_receipt_is_reported(exported: Exported):
    members, findings = read_bundle(exported.qm), Findings()
    register = read_register(members, findings)
    letters = read_letters(members, register.net, findings)
    slips = judge_slips(members, letters, register, findings)
    later = replace(letters[0].statement, at=letters[0].statement.at + timedelta(minutes=6))
    letter = replace(letters[0], statement=later)
    judge_dates(letter, tuple(replace(each, letter=letter) for each in slips if each.letter is letters[0]), findings)
    assert [text.split(":")[0] for text in findings.missing] == [f"a date of {letter.title} on which both States agree"]


def test_a_register_older_than_the_one_the_signers_knew_is_reported(exported: Exported):
    def change(members: Members) -> None:
        put(members, replace(about(members), dir_size=99), exported.qn_gateway, exported.net)

    report = judged(exported.qm, change)
    assert "a newer register: this one has 6 entries, and who signed the receipts knew 99" in report.missing


def twin(members: Members, level: SlipLevel, due: timedelta, at: timedelta) -> Slip:
    held = about(members)
    return replace(held, level=level, sender=held.recipient, recipient=held.sender, due=held.at + due, at=held.at + at)


def test_a_twin_with_another_deadline_than_the_policy_gives_is_found(exported: Exported):
    def change(members: Members) -> None:
        false = twin(members, SlipLevel.NOT_ACKNOWLEDGED, timedelta(minutes=3), timedelta(minutes=4))
        put(members, false, exported.qm_station, exported.net)

    assert any("another deadline" in text for text in judged(exported.qm, change).problems)


def test_a_twin_signed_before_its_deadline_is_found(exported: Exported):
    def change(members: Members) -> None:
        early = twin(members, SlipLevel.NOT_ACKNOWLEDGED, timedelta(minutes=30), timedelta(minutes=4))
        put(members, early, exported.qm_station, exported.net)

    assert any("before the time that it speaks of" in text for text in judged(exported.qm, change).problems)


def test_a_true_twin_stands(exported: Exported):
    def change(members: Members) -> None:
        true = twin(members, SlipLevel.NOT_ACKNOWLEDGED, timedelta(minutes=30), timedelta(minutes=30))
        put(members, true, exported.qm_station, exported.net)

    assert judged(exported.qm, change).problems == ()


@pytest.mark.parametrize("days, holds", [(14, True), (13, False)])
def test_expired_names_the_end_that_the_statement_has(exported: Exported, days: int, holds: bool):
    def change(members: Members) -> None:
        ends = read_envelope(members[folder_of(members, "PRES-NEW") + "envelope-1"], exported.net).core.expires
        due = ends - timedelta(days=14 - days)
        late = replace(twin(members, SlipLevel.EXPIRED, HOUR, HOUR), due=due, at=due)
        put(members, late, exported.qm_station, exported.net)

    assert (judged(exported.qm, change).problems == ()) is holds


def test_a_deadline_that_passed_without_its_twin_is_reported(exported: Exported):
    """The exporter says that it looked a day later: nobody had taken charge, and nobody signed that either."""

    def change(members: Members) -> None:
        said = json.loads(members["case.json"])
        said["exported_at"] = spell_instant(parse_instant(said["exported_at"]) + timedelta(days=1))
        members["case.json"] = json.dumps(said).encode()

    report = judged(exported.other, change)
    assert report.verified
    missing = [text.split(" for ")[0] for text in report.missing if text.startswith("a signed")]
    assert missing == ["a signed not-acknowledged", "a signed lapsed"]


# The register


def test_a_charter_that_is_not_in_the_log_is_found(exported: Exported):
    """Another State's true charter, or an invented one: whatever no entry names."""

    def change(members: Members) -> None:
        name = names(members, "register/objects/")[0]
        data = members[name] + b"\x00"
        members["register/objects/" + digest(data).hex()] = data

    assert any("does not stand in the register" in text for text in judged(exported.qm, change).problems)


def test_a_charter_swapped_under_the_old_name_is_found(exported: Exported):
    def change(members: Members) -> None:
        first, second = names(members, "register/objects/")[:2]
        members[first] = members[second]

    assert any("not the one that its name says" in text for text in judged(exported.qm, change).problems)


def test_an_entry_cut_off_the_log_is_found(exported: Exported):
    members = read_bundle(exported.qm)
    entries = split_bundle(members["register/entries"], 6)
    report = verify(changed(exported.qm, "register/entries", bundle_bytes(entries[:-1])), None)
    assert not report.verified


def test_entries_in_another_order_are_found(exported: Exported):
    members = read_bundle(exported.qm)
    entries = split_bundle(members["register/entries"], 6)
    report = verify(changed(exported.qm, "register/entries", bundle_bytes(entries[::-1])), None)
    assert report.problems == ("the register's entries are not those under its signed checkpoint",)


def test_a_checkpoint_with_one_of_its_two_signatures_is_found(exported: Exported):
    """Whoever breaks one algorithm must not gain by leaving the other away."""
    members = read_bundle(exported.qm)
    lines = members["register/checkpoint"].splitlines(keepends=True)
    marks = [number for number, line in enumerate(lines) if line.startswith("\u2014".encode())]
    assert len(marks) == 2
    for gone in marks:
        less = b"".join(line for number, line in enumerate(lines) if number != gone)
        assert not verify(changed(exported.qm, "register/checkpoint", less), None).verified


def test_a_statement_of_an_officer_whose_key_had_ended_is_found(exported: Exported):
    """Back-dating with a stolen officer key: the end lies before any witness of another State."""
    report = verify(exported.revoked, None)
    assert not report.verified
    assert any("had revoked the key of officer QM-OFF-001" in text for text in report.problems)


def test_a_revocation_left_out_of_the_bundle_is_found(exported: Exported):
    before = names(read_bundle(exported.ended), "register/objects/")

    def change(members: Members) -> None:
        for name in set(names(members, "register/objects/")) - set(before):
            del members[name]

    problems = judged(exported.revoked, change).problems
    assert any("revocation 2 of QM was left out" in text for text in problems)


def test_an_older_checkpoint_hides_no_revocation_without_saying_so(exported: Exported):
    assert any("a revocation since then would not show" in text for text in verify(exported.qm, None).missing)
    assert not any("a revocation since then" in text for text in verify(exported.revoked, None).missing)


def test_a_bundle_of_a_training_network_is_not_one_of_the_live_network(exported: Exported):
    """The forger exchanges the genesis: everything under it was signed in another network."""
    other = SigningKey.from_seed(b"r" * 64)
    signed = parse(read_bundle(exported.qm)["register/genesis"], "genesis")
    genesis = sign("genesis", signed.content.replace(b"training", b"pilot"), [other], bytes(16)).to_bytes()
    assert not verify(changed(exported.qm, "register/genesis", genesis), None).verified


# The exporter's own files


def test_a_false_summary_is_found(exported: Exported):
    text = read_bundle(exported.qm)["summary.txt"].replace(b"in time", b"35 min late", 1)
    assert verify(changed(exported.qm, "summary.txt", text), None).problems == (
        "summary.txt does not say what the evidence says",
    )


@pytest.mark.parametrize("field", ["state_digest", "register", "network", "initiator", "heads", "journal_heads"])
def test_a_false_case_file_is_found(exported: Exported, field: str):
    said = json.loads(read_bundle(exported.qm)["case.json"])
    said[field] = {"QM": None} if field == "heads" else "0" * 64
    data = (json.dumps(said, indent=1, sort_keys=True) + "\n").encode()
    assert (
        "case.json does not say what the evidence says"
        in verify(changed(exported.qm, "case.json", data), None).problems
    )


@pytest.mark.parametrize("name", ["notes.txt", "letters/notes", "slips/readme.txt", "register/objects/new"])
def test_a_member_that_nothing_proves_is_found(exported: Exported, name: str):
    report = verify(changed(exported.qm, name, b"believe me"), None)
    assert any("has no place in a bundle" in text for text in report.problems)


def test_a_time_stamp_has_a_place_and_is_not_taken_for_judged(exported: Exported):
    def change(members: Members) -> None:
        members[f"timestamps/{'0' * 64}.tsr"] = b"token"

    report = judged(exported.qm, change)
    assert report.problems == ()
    assert any(text.startswith("a judgement of the 1 RFC 3161 time stamps") for text in report.missing)


def test_a_bundle_said_to_be_of_another_case_is_found(exported: Exported):
    other = json.loads(read_bundle(exported.other)["case.json"])["case"]

    def change(members: Members) -> None:
        members["case.json"] = members["case.json"].replace(exported.case.encode(), other.encode())

    assert any("belongs to another case" in text for text in judged(exported.qm, change).problems)


def test_a_forger_who_changes_nothing_makes_the_same_bundle(exported: Exported):
    """The forger of these tests computes exactly what the exporter does; so what is found above is found by the signatures."""
    assert forged(exported.qm, lambda members: None) == exported.qm
