"""Shared threats: indicators by their syntax, marks, personal data, sightings, recalls, and a ladder that rings nobody."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain import ladder as ladders_of
from contactpoint.domain.calendar import Calendar
from contactpoint.domain.case import Case, Request
from contactpoint.domain.catalogue.personal import holds_personal_data
from contactpoint.domain.errors import MoveError
from contactpoint.domain.indicators import LONGEST_INDICATOR, IndicatorType, read_indicator, visible
from contactpoint.domain.ladder import (
    Effect,
    Event,
    Held,
    Ladder,
    Opened,
    Received,
    Refused,
    Ring,
    SaySlip,
    SayTwin,
    Tick,
    TwinHeard,
    open_incoming,
    open_outgoing,
)
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.roll import NOBODY
from contactpoint.domain.threats import (
    PAP,
    TLP,
    Threat,
    pap_of,
    recall_kind,
    recalled_at,
    shares_threats,
    sighting_kind,
    threat_kind,
    threat_of,
    tlp_of,
)
from contactpoint.domain.values import Level, Twin, Urgency
from tests.domain.domain_examples import CATALOGUE, T0, XA, XB, Desk, request_of

KIND = threat_kind(CATALOGUE)
_, A18, AT = request_of("A18")
TERMS = load_policy("standard-1").terms[Urgency.U1]


def shared(body: Mapping[str, Any] = A18) -> tuple[Desk, Desk, Request]:
    here, there = Desk(XA, XB), Desk(XB, XA)
    sent = here.say(KIND, body=body)
    there.take(sent)
    assert there.case is not None
    return here, there, there.case.requests[sent.id]


def threat_at(desk: Desk) -> Threat:
    assert desk.case is not None
    return threat_of(desk.case, next(iter(desk.case.requests.values())), CATALOGUE)


# Indicators


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("police-mail.example", IndicatorType.DOMAIN, "police-mail.example"),
        ("Police-Mail.Example.", IndicatorType.DOMAIN, "police-mail.example"),
        ("bücher.example", IndicatorType.DOMAIN, "xn--bcher-kva.example"),
        ("police[.]mail(.)example", IndicatorType.DOMAIN, "police.mail.example"),
        ("203.0.113.77", IndicatorType.IP, "203.0.113.77"),
        ("203.0.113.0/24", IndicatorType.IP, "203.0.113.0/24"),
        ("2001:DB8:0:0::1", IndicatorType.IPV6, "2001:db8::1"),
        (
            "hxxps://Login[.]Police-Mail.example:8443/Reset?a=1",
            IndicatorType.URL,
            "https://login.police-mail.example:8443/Reset?a=1",
        ),
        ("http://203.0.113.5/x", IndicatorType.URL, "http://203.0.113.5/x"),
        ("http://[2001:db8::1]/", IndicatorType.URL, "http://[2001:db8::1]/"),
        ("Duty@Mail.Example", IndicatorType.EMAIL, "Duty@mail.example"),
        ("D41D8CD98F00B204E9800998ECF8427E", IndicatorType.HASH, "d41d8cd98f00b204e9800998ecf8427e"),
        ("sha256:" + "A" * 64, IndicatorType.HASH, "a" * 64),
    ],
)
def test_an_indicator_has_one_spelling(text: str, type: IndicatorType, value: str) -> None:
    found = read_indicator(text)
    assert (found.type, found.value) == (type, value)
    assert read_indicator(found.value) == found


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.1/24",  # bits beside the mask: an address or a network?
        "203.0.113.300",
        "12.34",
        "example",
        "md5:" + "a" * 64,  # says MD5, is none
        "a" * 48,
        "http://user:word@x.example/",
        "fe80::1%eth0",
        "203.0.113.7:443",
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "x" * (LONGEST_INDICATOR + 1),
    ],
)
def test_what_fits_no_syntax_is_not_guessed(text: str) -> None:
    assert read_indicator(text).type is IndicatorType.OTHER


def test_an_indicator_with_a_mark_of_direction_is_shown_as_it_is_written() -> None:
    found = read_indicator("evil\u202egpj.exe")
    assert (found.type, found.value) == (IndicatorType.OTHER, "evil\\u202egpj.exe")


def test_an_indicator_with_a_mark_that_shows_nothing_is_no_other_indicator() -> None:
    assert read_indicator("police\u200bmail.example").type is IndicatorType.OTHER


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_and_reads_the_same_again(text: str) -> None:
    once = read_indicator(text)
    assert read_indicator(once.value).value == once.value
    assert visible(once.value) == once.value


# Personal data


@pytest.mark.parametrize(
    "text",
    [
        "write to duty.officer@police.example",
        "duty [at] police[.]example",
        "jo\u200b@police.example",
        "call +999 100 200 300 at night",
        "00999 100200300",
        "tel. 030 1234567",
        "+٩٩٩ ١٠٠ ٢٠٠ ٣٠٠",
        "＋999 100 200 30",
    ],
)
def test_a_mail_address_or_telephone_number_is_personal_data(text: str) -> None:
    assert holds_personal_data(text)


@pytest.mark.parametrize(
    "text",
    [
        *A18["indicators"],
        A18["method"],
        "2001:db8::1",
        "2027-06-11T03:00:00+00:00",
        "d41d8cd98f00b204e9800998ecf8427e",
        "0" * 64,
        "CVE-2027-0012345",
        "20270611 030000, port 443, 1,000,000 requests",
        "https://login.police-mail.example/reset?a=00123",
    ],
)
def test_what_names_machines_is_no_personal_data(text: str) -> None:
    assert not holds_personal_data(text)


def test_a_long_text_is_looked_through_in_no_time() -> None:
    for text in ("a." * 10_000, "+1 " * 7_000, "[ at " * 5_000, " " * 20_000, "a@" + "b." * 9_000):
        holds_personal_data(text)


# Marks


def test_the_strictest_marks_stay_in_the_console() -> None:
    assert [each.name for each in TLP if not each.feed] == ["TLP:RED", "TLP:AMBER+STRICT"]
    assert all(each.feed == each.file for each in TLP)
    assert not pap_of("HC-PAP-RED").feed
    assert all(pap_of(each.code).file for each in PAP)


def test_what_bears_no_mark_known_here_stays_in_the_console() -> None:
    assert not tlp_of("").feed
    assert not tlp_of("HC-TLP-PURPLE").file


@pytest.mark.parametrize(
    ("handling", "tlp", "pap"),
    [
        ({"code": "HC-TLP-AMBER"}, "HC-TLP-AMBER", ""),
        (["HC-TLP-GREEN", "HC-PAP-RED"], "HC-TLP-GREEN", "HC-PAP-RED"),
        (["HC-TLP-CLEAR", "HC-TLP-RED"], "HC-TLP-RED", ""),
        ("HC-TLP-CLEAR", "HC-TLP-CLEAR", ""),
        (17, "", ""),
        (None, "", ""),
    ],
)
def test_of_two_marks_the_stricter_stands(handling: Any, tlp: str, pap: str) -> None:
    here, _, _ = shared({**A18, "handling": handling})
    assert (threat_at(here).tlp, threat_at(here).pap) == (tlp, pap)


# The threat as both ends see it


def test_the_catalogue_says_which_type_shares_threats_and_how_they_are_sighted_and_recalled() -> None:
    assert [entry.code for entry in CATALOGUE.entries.values() if shares_threats(entry)] == [KIND]
    assert not CATALOGUE[KIND].rings
    assert sighting_kind(CATALOGUE[KIND])
    assert recall_kind(CATALOGUE[KIND])


def test_both_ends_read_the_same_threat() -> None:
    here, there, request = shared()
    assert threat_at(here) == threat_at(there)
    threat = threat_at(there)
    assert [each.value for each in threat.indicators] == ["police-mail.example", "203.0.113.77"]
    assert (threat.sender, threat.method, threat.digest) == (XA, A18["method"], request.digest)
    assert threat.may_be_file
    assert not threat.personal_data


@pytest.mark.parametrize("body", [{}, {"indicators": 5, "method": ["x"]}, {"indicators": [1, None, " ", {"a": 1}]}])
def test_a_threat_with_a_strange_body_is_read_and_names_nothing(body: Mapping[str, Any]) -> None:
    _, there, _ = shared(body)
    threat = threat_at(there)
    assert threat.indicators == ()
    assert threat.method == ""
    assert threat.personal_data  # nobody has said that there are none
    assert not threat.may_be_fed


def test_the_same_indicator_twice_stands_once() -> None:
    _, there, _ = shared({**A18, "indicators": ["X.example", "x[.]example", "x.example."]})
    assert len(threat_at(there).indicators) == 1


def test_a_search_finds_an_indicator_however_it_is_written() -> None:
    threat = threat_at(shared()[0])
    for text in ("POLICE-MAIL.example", "police-mail[.]example", "203.0.113", "breached police", "xa"):
        assert threat.names(text), text
    assert not threat.names("other.example")


def test_sightings_of_the_addressee_are_counted_by_both() -> None:
    here, there, request = shared()
    kind = sighting_kind(CATALOGUE[KIND])
    told = {"first_seen": "2027-03-04T10:00Z", "last_seen": "2027-03-04T12:00Z", "count": 4, "note": "one\u202e host"}
    for body in (told, {"first_seen": "yesterday", "count": True}):
        here.take(there.say(kind, re=request.digest, body=body))
    assert threat_at(here).sightings == threat_at(there).sightings
    first, second = threat_at(here).sightings
    assert (first.by, first.count, first.note) == (XB, 4, "one\\u202e host")
    assert first.last_seen is not None and first.first_seen is not None
    assert first.last_seen - first.first_seen == timedelta(hours=2)
    assert (second.count, second.first_seen) == (1, None)


def test_a_sighting_forged_by_the_sender_itself_is_no_move() -> None:
    here, _, request = shared()
    with pytest.raises(MoveError):
        here.say(sighting_kind(CATALOGUE[KIND]), re=request.digest, body={"first_seen": "2027-03-04T10:00Z"})


def test_a_recall_is_the_senders_alone() -> None:
    here, there, request = shared()
    kind = recall_kind(CATALOGUE[KIND])
    with pytest.raises(MoveError):
        there.say(kind, re=request.digest, body={"reason": "we do not like it"})
    there.take(here.say(kind, re=request.digest, body={"reason": "a mistake"}, at=T0 + timedelta(hours=1)))
    threat = threat_at(there)
    assert threat.recalled_at == T0 + timedelta(hours=1)
    assert threat.recall_reason == "a mistake"
    assert threat.method == A18["method"]  # it is struck through, not taken away
    assert there.case is not None
    assert recalled_at(there.case.requests[request.id], CATALOGUE) == threat.recalled_at


def test_a_recall_crosses_a_sighting_and_both_stand() -> None:
    here, there, request = shared()
    recall = here.say(recall_kind(CATALOGUE[KIND]), re=request.digest, body={"reason": "x"})
    sighting = there.say(sighting_kind(CATALOGUE[KIND]), re=request.digest, body={"first_seen": "2027-03-04T10:00Z"})
    here.take(sighting)
    there.take(recall)
    assert threat_at(here) == threat_at(there)
    assert threat_at(here).recalled_at is not None
    assert len(threat_at(here).sightings) == 1


# Its ladder


def decide(ladder: Ladder, event: Event, now: datetime) -> tuple[Ladder, tuple[Effect, ...]]:
    """What the ladder decides at a desk where nobody could be called."""
    return ladders_of.decide(ladder, event, NOBODY, now)


def quiet(case: Case) -> tuple[Ladder, Ladder]:
    statement = next(iter(case.halves[XA]))
    ours, _ = open_outgoing(statement, TERMS, T0, quiet=True)
    theirs, effects = open_incoming(statement, TERMS, None, Calendar(), T0, NOBODY, T0)
    assert effects == (SaySlip(Level.RECEIVED),)
    return ours, theirs


@pytest.fixture
def ladders() -> tuple[Ladder, Ladder]:
    here, _, _ = shared()
    assert here.case is not None
    return quiet(here.case)


def test_a_quiet_request_rings_nobody_ever(ladders: tuple[Ladder, Ladder]) -> None:
    _, theirs = ladders
    for days in range(0, 60, 5):
        theirs, effects = decide(theirs, Tick(), T0 + timedelta(days=days))
        assert effects == ()
        assert not theirs.rings
    assert theirs.next_at is None


def test_a_quiet_request_that_is_looked_at_says_nothing(ladders: tuple[Ladder, Ladder]) -> None:
    _, theirs = ladders
    assert decide(theirs, Opened(T0), T0) == (theirs, ())


def test_no_acknowledgement_of_a_quiet_request_is_awaited(ladders: tuple[Ladder, Ladder]) -> None:
    ours, _ = ladders
    ours, _ = decide(ours, Held(T0), T0)
    ours, _ = decide(ours, Received(T0), T0)
    assert set(ours.deadlines) == {Twin.UNREACHABLE, Twin.NOT_RECEIVED, Twin.EXPIRED}
    assert ours.next_at is None
    assert decide(ours, Tick(), T0 + timedelta(days=30))[1] == ()


def test_that_a_quiet_request_did_not_arrive_is_signed_and_rings_nobody(ladders: tuple[Ladder, Ladder]) -> None:
    ours, _ = ladders
    assert ours.next_at is not None
    ours, effects = decide(ours, Tick(), ours.next_at)
    assert effects == (SayTwin(Twin.UNREACHABLE, T0 + TERMS.unreachable),)
    ours, effects = decide(ours, Held(T0 + TERMS.unreachable), T0 + TERMS.unreachable)
    ours, effects = decide(ours, TwinHeard(Twin.NOT_RECEIVED, T0 + timedelta(days=1)), T0 + timedelta(days=1))
    assert not any(isinstance(each, Ring) for each in effects)
    assert not ours.rings


def test_that_a_quiet_request_was_refused_is_put_before_a_person_and_rings_nobody(
    ladders: tuple[Ladder, Ladder],
) -> None:
    ours, effects = decide(ladders[0], Refused("E-MALFORMED", T0), T0)
    assert effects == (Ring("refused"),)  # the task on the board
    assert not ours.rings


def test_a_quiet_ladder_is_kept_and_read_as_quiet(ladders: tuple[Ladder, Ladder]) -> None:
    for each in ladders:
        assert Ladder.from_plain(each.to_plain()) == each
    old = {name: value for name, value in ladders[0].to_plain().items() if name != "quiet"}
    assert Ladder.from_plain(old) == replace(ladders[0], quiet=False)
