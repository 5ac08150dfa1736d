"""The register inside a bundle: whose keys were good when, who kept whose mailbox, and nothing left out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contactpoint.desk.proof.findings import Findings, NotJudgeableError
from contactpoint.desk.proof.register import CourtRegister, check_complete, concerned, read_register
from directory.card import Calendar
from directory.enrolment import make_card, make_charter, make_revocation
from directory.tiles import bundle_bytes
from keys.certificate import Role
from keys.digest import digest
from keys.signed import Signed
from tests.directory.registerworld import (
    NET,
    NOW,
    PUBLIC,
    YEAR,
    RegistrarLog,
    charter,
    genesis_object,
    listing,
    signing,
    station_keys,
    two_states,
)

HOUR = timedelta(hours=1)


def members_of(log: RegistrarLog) -> dict[str, bytes]:
    members = {
        "register/genesis": genesis_object(),
        "register/checkpoint": log.checkpoint(),
        "register/entries": bundle_bytes(log.log.entries),
    }
    return members | {f"register/objects/{name.hex()}": data for name, data in log.objects.items()}


def read(log: RegistrarLog) -> tuple[CourtRegister, Findings]:
    findings = Findings()
    return read_register(members_of(log), findings), findings


def hosted(state: str, host: str) -> Signed:
    """A charter of a State that rents its mailbox."""
    keys = replace(station_keys(state), gateway=None)
    records = keys.records(state, NOW - timedelta(days=1), NOW + YEAR, NET)
    return make_charter([signing(f"{state}/root")], state, 1, records, [], NOW, NET, mailbox=host)


def revocation(key: bytes, invalid_after: timedelta) -> Signed:
    return make_revocation(signing("XA/root"), "XA", key, NOW, NOW + invalid_after, "compromised", NET)


def ids(register: CourtRegister, role: Role, at: timedelta, witnessed: timedelta | None = None) -> set[bytes]:
    seen = at if witnessed is None else witnessed
    return {key.id for key in register.keys_of("XA", role, NOW + at, NOW + seen)}


def test_an_honest_register_has_no_problems_and_gives_the_states_keys():
    register, findings = read(two_states()[0])
    check_complete(register, ["XA", "XB"], findings)
    assert findings.problems == []
    assert ids(register, Role.STATION, HOUR) == {signing("XA/station").public.id}
    assert register.calendar("XA", NOW).zone == "Europe/Vienna"


def test_a_key_is_not_good_before_or_after_its_window():
    register, _ = read(two_states()[0])
    assert ids(register, Role.STATION, -timedelta(days=2)) == ids(register, Role.STATION, YEAR) == set()


def test_a_key_that_a_later_charter_dropped_is_good_before_that_only():
    log, _ = two_states()
    log.honest(charter("XA", 2, tag="/new", at=NOW + HOUR))
    register, _ = read(log)
    assert ids(register, Role.STATION, timedelta(minutes=59)) >= {signing("XA/station").public.id}
    assert signing("XA/station").public.id not in ids(register, Role.STATION, HOUR)


def test_back_dating_with_a_stolen_key_fails_by_the_witness():
    log, _ = two_states()
    key = signing("XA/station").public.id
    log.honest(revocation(key, HOUR))
    register, _ = read(log)
    assert ids(register, Role.STATION, timedelta(0), witnessed=HOUR) == {key}
    assert ids(register, Role.STATION, timedelta(0), witnessed=2 * HOUR) == set()
    assert ids(register, Role.STATION, 2 * HOUR, witnessed=HOUR) == set()


def test_a_revocation_that_the_register_withheld_counts_when_its_state_sent_it_round():
    log, _ = two_states()
    key = signing("XA/station").public.id
    data = revocation(key, timedelta(0)).to_bytes()
    findings = Findings()
    register = read_register({**members_of(log), f"register/heard/{digest(data).hex()}": data}, findings)
    assert findings.problems == []
    assert register.ended("XA", key, NOW + HOUR)


@pytest.mark.parametrize("named", [True, False])
def test_a_revocation_that_its_state_did_not_sign_ends_nothing(named: bool):
    log, _ = two_states()
    key = signing("XA/station").public.id
    false = make_revocation(signing("XB/root"), "XA", key, NOW, NOW, "compromised", NET).to_bytes()
    name = digest(false).hex() if named else "0" * 64
    findings = Findings()
    register = read_register({**members_of(log), f"register/heard/{name}": false}, findings)
    assert len(findings.problems) == 1
    assert not register.ended("XA", key, NOW + HOUR)


def test_the_host_of_a_rented_mailbox_belongs_to_the_case_and_cannot_be_left_out():
    log, _ = two_states()
    log.honest(listing("XC"))
    log.honest(hosted("XC", "XB"))
    register, _ = read(log)
    assert register.host_of("XC", NOW) == "XB"
    assert register.host_of("XA", NOW) == "XA"
    assert concerned(register.charters, ["XA", "XC"]) == {"XA", "XB", "XC"}
    members = members_of(log)
    charter_of_host = register.registry.standings["XB"].charter_digest
    assert charter_of_host is not None
    del members[f"register/objects/{charter_of_host.hex()}"]
    findings = Findings()
    check_complete(read_register(members, findings), ["XA", "XC"], findings)
    assert "the register's charter 1 of XB was left out of the bundle" in findings.problems


def test_host_and_calendar_are_those_of_their_time():
    log, _ = two_states()
    keys = replace(station_keys("XA"), gateway=None)
    records = keys.records("XA", NOW - timedelta(days=1), NOW + YEAR, NET)
    log.honest(make_charter([signing("XA/root")], "XA", 2, records, [], NOW + HOUR, NET, mailbox="XB"))
    public = PUBLIC.model_copy(update={"calendar": Calendar(zone="Africa/Cairo")})
    log.honest(make_card(signing("XA/keeper"), "XA", 2, public, None, b"s" * 16, NOW + HOUR, NET)[0])
    register, findings = read(log)
    assert findings.problems == []
    assert [register.host_of("XA", NOW + at) for at in (timedelta(0), HOUR)] == ["XA", "XB"]
    assert [register.calendar("XA", NOW + at).zone for at in (timedelta(0), HOUR)] == ["Europe/Vienna", "Africa/Cairo"]
    assert register.calendar("XA", NOW - HOUR).zone == "UTC"


def test_a_state_that_the_register_does_not_list_is_a_problem():
    register, findings = read(two_states()[0])
    check_complete(register, ["XA", "XF"], findings)
    assert findings.problems == ["there is no charter of XF in the register"]


def test_a_charter_that_the_rules_refuse_lists_no_keys_though_the_register_signed_it():
    log, _ = two_states()
    log.put(charter("XA", 2, tag="/stolen", root="thief", at=NOW + HOUR))
    register, _ = read(log)
    assert ids(register, Role.STATION, 2 * HOUR) == {signing("XA/station").public.id}


def test_a_checkpoint_of_another_log_is_refused():
    members = members_of(two_states()[0])
    other, _ = two_states()
    other.honest(listing("XC"))
    with pytest.raises(NotJudgeableError):
        read_register({**members, "register/checkpoint": other.checkpoint()}, Findings())
