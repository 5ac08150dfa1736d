"""STIX 2.1 out and in: the same statement gives the same objects, what goes out reads back, and no foreign bundle does harm."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stix2

from contactpoint.cli.casefile import case_of
from contactpoint.cli.threatdraft import draft_of
from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError
from contactpoint.desk.stix import pattern_of, write_bundle
from contactpoint.desk.stix_in import (
    LARGEST_BUNDLE,
    LONGEST_PATTERN,
    MOST_OBJECTS,
    MOST_PATTERN_TEXT,
    read_bundle,
)
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.indicators import read_indicator
from contactpoint.domain.threats import MOST_INDICATORS, PAP, TLP, Sighting, Threat, threat_kind
from contactpoint.domain.values import Address

AT = datetime(2027, 6, 11, 3, 0, tzinfo=UTC)
CATALOGUE = load_catalogue()
NAMED = (
    "police-mail.example",
    "203.0.113.77",
    "203.0.113.0/24",
    "2001:db8::1",
    "https://login.police-mail.example/reset?a='b'",
    "duty@police-mail.example",
    "d41d8cd98f00b204e9800998ecf8427e",
    "a" * 40,
    "a" * 64,
    "a" * 128,
    "evil\u202egpj.exe",
    "=cmd|' /C calc'!A0",
)


def threat(**changes: Any) -> Threat:
    made = Threat(
        request="0199a000-0000-7000-8000-000000000001",
        case="0199a000-0000-7000-8000-000000000001",
        sender=Address("XA"),
        recipient=Address("XB"),
        at=AT,
        kind=threat_kind(CATALOGUE),
        digest=bytes(range(32)),
        thread="",
        method="fake emergency requests\nfrom two breached mail domains",
        indicators=tuple(read_indicator(each) for each in NAMED),
        tlp="HC-TLP-AMBER",
        pap="HC-PAP-GREEN",
        personal_data=False,
        sightings=(Sighting(Address("XC"), "XC-1", AT, 3, AT - timedelta(hours=1), AT, "one host", bytes(32)),),
        recalled_at=None,
        recall_reason="",
    )
    return replace(made, **changes)


def objects(text: str, kind: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(text)["objects"] if each["type"] == kind]


def bundle(*inside: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": "bundle", "id": f"bundle--{_uuid(0)}", "objects": list(inside)}).encode()


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def indicator(pattern: Any, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{_uuid(number)}",
        "created": "2027-01-01T00:00:00Z",
        "modified": "2027-01-01T00:00:00Z",
        "valid_from": "2027-01-01T00:00:00Z",
        "pattern": pattern,
        "pattern_type": "stix",
        **more,
    }


# Out


def test_the_library_takes_what_is_written_and_the_same_threat_gives_the_same_bytes() -> None:
    text = write_bundle([threat()])
    assert text == write_bundle([threat()])
    parsed = stix2.parse(text, allow_custom=False)
    assert len(parsed.objects) == len(json.loads(text)["objects"])
    kinds = [each["type"] for each in parsed.objects]
    assert kinds.count("indicator") == len(NAMED) - 2
    assert (kinds.count("report"), kinds.count("sighting"), kinds.count("identity")) == (1, 1, 2)


def test_what_has_no_pattern_stands_in_the_words_of_the_report() -> None:
    words = objects(write_bundle([threat()]), "report")[0]["description"]
    assert "evil\\u202egpj.exe" in words
    assert "=cmd|' /C calc'!A0" in words


def test_another_statement_gives_other_objects() -> None:
    ids = [
        {each["id"] for each in objects(write_bundle([threat(digest=bytes([n]) * 32)]), "indicator")} for n in (1, 2)
    ]
    assert not ids[0] & ids[1]


def test_a_recall_is_the_next_version_of_the_very_objects() -> None:
    before, after = threat(), threat(recalled_at=AT + timedelta(days=1), recall_reason="a mistake")
    for kind in ("indicator", "report"):
        old, new = objects(write_bundle([before]), kind), objects(write_bundle([after]), kind)
        assert [each["id"] for each in old] == [each["id"] for each in new]
        assert all("revoked" not in each for each in old)
        assert all(each["revoked"] is True and each["modified"] > each["created"] for each in new)


@pytest.mark.parametrize("mark", [each for each in TLP if each.file], ids=lambda each: each.code)
def test_every_mark_that_may_go_out_goes_out_by_its_fixed_name(mark: Any) -> None:
    for pap in PAP:
        text = write_bundle([threat(tlp=mark.code, pap=pap.code)])
        names = {each["name"] for each in objects(text, "marking-definition")}
        assert names == {mark.name, pap.name}
        assert all(len(each["object_marking_refs"]) == 2 for each in objects(text, "indicator"))
        read = read_bundle(text.encode())
        assert (read.tlp, read.pap) == (mark.code, pap.code)


@pytest.mark.parametrize("tlp", ["HC-TLP-RED", "HC-TLP-AMBER-STRICT", ""])
def test_what_stays_in_the_console_is_written_into_no_file(tlp: str) -> None:
    with pytest.raises(NotPermittedError, match="E-TLP"):
        write_bundle([threat(), threat(tlp=tlp)])


def test_a_quote_in_an_indicator_starts_no_pattern_of_its_own() -> None:
    url = read_indicator("https://x.example/' OR file:name='y")
    for text in ("https://x.example/'OR'", "https://x.example/\\'", "https://x.example/']OR[url:value='y"):
        pattern = pattern_of(read_indicator(text))
        assert read_bundle(bundle(indicator(pattern))).indicators == (text,)
    assert pattern_of(url) == ""  # spaces stand in no address


def test_a_sighting_that_contradicts_itself_is_counted_without_its_times() -> None:
    odd = Sighting(Address("XC"), "XC-1", AT, 10**12, AT, AT - timedelta(days=1), "", bytes(32))
    made = objects(write_bundle([threat(sightings=(odd,))]), "sighting")[0]
    assert made["count"] == 999_999_999
    assert "first_seen" not in made


def test_a_threat_without_a_single_indicator_is_written_too() -> None:
    assert read_bundle(write_bundle([threat(indicators=(), sightings=())]).encode()).method


def test_no_threat_at_all_is_an_empty_bundle() -> None:
    assert json.loads(write_bundle([]))["type"] == "bundle"


# In


def test_what_is_written_reads_back() -> None:
    made = threat()
    read = read_bundle(write_bundle([made]).encode())
    assert read.indicators == tuple(each.value for each in made.indicators if pattern_of(each))
    assert made.method in read.method
    assert (read.tlp, read.pap) == ("HC-TLP-AMBER", "HC-PAP-GREEN")
    assert read.left == {"identity": 2, "marking-definition": 2, "sighting": 1}


def test_a_recalled_threat_is_not_shared_anew() -> None:
    with pytest.raises(DraftError, match="E-STIX"):
        read_bundle(write_bundle([threat(recalled_at=AT)]).encode())


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[domain-name:value = 'x.example']", ("x.example",)),
        ("[ domain-name:value='x.example' OR ipv4-addr:value = '203.0.113.5' ]", ("x.example", "203.0.113.5")),
        ("[domain-name:value = 'x.example'] OR [file:hashes.MD5 = '" + "a" * 32 + "']", ("x.example", "a" * 32)),
        ("[file:hashes.'SHA-256' = '" + "b" * 64 + "']", ("b" * 64,)),
    ],
)
def test_plain_comparisons_are_taken(pattern: str, values: tuple[str, ...]) -> None:
    assert read_bundle(bundle(indicator(pattern))).indicators == values


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value = 'x.example' AND network-traffic:dst_port = 443]",
        "[domain-name:value = 'x.example'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.5']",
        "[domain-name:value LIKE '%.example']",
        "[domain-name:value MATCHES '(a+)+$']",
        "[domain-name:value != 'x.example']",
        "[process:command_line = 'calc']",
        "[domain-name:value = 'x.example'] WITHIN 5 SECONDS",
        "[domain-name:value NOT = 'x.example']",
    ],
)
def test_what_would_lose_its_meaning_in_a_list_is_left_and_counted(pattern: str) -> None:
    plain = indicator("[domain-name:value = 'y.example']", 2)
    read = read_bundle(bundle(indicator(pattern), plain))
    assert read.indicators == ("y.example",)
    assert read.left == {"indicator": 1}


def test_of_old_marks_and_new_the_strictest_stands() -> None:
    marked = [
        indicator("[url:value = 'https://x.example/']", n, object_marking_refs=[each.id])
        for n, each in enumerate((stix2.TLP_WHITE, stix2.TLP_RED, stix2.TLP_GREEN), 1)
    ]
    assert read_bundle(bundle(*marked)).tlp == "HC-TLP-RED"


HOSTILE: dict[str, tuple[bytes, str]] = {
    "huge": (b" " * (LARGEST_BUNDLE + 1), "E-TOO-LARGE"),
    "a million objects": (b'{"type":"bundle","objects":[' + b",".join([b"{}"] * 1_000_000) + b"]}", "E-TOO-LARGE"),
    "many objects": (bundle(*({} for _ in range(MOST_OBJECTS + 1))), "E-TOO-LARGE"),
    "nested without end": (b'{"type":"bundle","objects":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "E-STIX"),
    "nested deep": (bundle(indicator("[a:b = 'c']", x=json.loads("[" * 60 + "]" * 60))), "E-TOO-LARGE"),
    "no JSON": (b"\xff\xfe", "E-STIX"),
    "no number": (b'{"type":"bundle","objects":[NaN]}', "E-STIX"),
    "no bundle": (b"[]", "E-STIX"),
    "objects are no list": (b'{"type":"bundle","objects":{"a":1}}', "E-STIX"),
    "nothing to share": (bundle({"type": "malware"}, {}, {"type": 5}), "E-STIX"),
    "a pattern that is none": (bundle(indicator("[domain-name:value = ")), "E-STIX-PATTERN"),
    "a pattern of brackets": (bundle(indicator("(" * 400 + "[a:b = 'c']" + ")" * 400)), "E-STIX-PATTERN"),
    "a pattern that is a number": (bundle(indicator(5)), "E-STIX-PATTERN"),
    "a long pattern": (bundle(indicator("[a:b = '" + "x" * LONGEST_PATTERN + "']")), "E-TOO-LARGE"),
    "long patterns": (
        bundle(*(indicator("[a:b = '" + "x" * 900 + "']", n) for n in range(MOST_PATTERN_TEXT // 900 + 1))),
        "E-TOO-LARGE",
    ),
    "many indicators": (
        bundle(
            *(
                indicator(" OR ".join(f"[ipv4-addr:value='{a}.{b}.0.1']" for b in range(25)), a)
                for a in range(1, MOST_INDICATORS // 25 + 2)
            )
        ),
        "E-TOO-LARGE",
    ),
    "a false id": (bundle(indicator("[a:b = 'c']") | {"id": "../../etc/passwd"}), "E-STIX"),
    "a false date": (bundle(indicator("[a:b = 'c']") | {"created": "never"}), "E-STIX"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused_with_a_code_and_in_time(name: str) -> None:
    data, code = HOSTILE[name]
    begun = time.monotonic()
    with pytest.raises(DeskError) as refused:
        read_bundle(data)
    assert refused.value.code == code
    assert time.monotonic() - begun < 10


def test_ten_thousand_invented_types_are_counted_in_a_few_lines() -> None:
    read = read_bundle(
        bundle(indicator("[url:value='https://x.example/']"), *({"type": f"x-{n}"} for n in range(9000)))
    )
    assert len(read.left) <= 21
    assert sum(read.left.values()) == 9000


# The draft


def test_a_draft_is_a_case_file_that_only_an_officer_completes(tmp_path: Path) -> None:
    read = read_bundle(write_bundle([threat()]).encode())
    draft = draft_of(read, "XB", CATALOGUE)
    made = case_of(draft, None, CATALOGUE)
    assert (made.kind, made.sender) == (threat_kind(CATALOGUE), "XB")
    assert tuple(made.body["indicators"]) == read.indicators
    assert made.body["method"] == read.method
    assert made.body["personal_data"] is True  # it names a mail address
    assert made.body["authority"]["officer_ref"] == ""


def test_nothing_in_a_foreign_bundle_becomes_a_key_of_the_draft() -> None:
    note = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{_uuid(7)}",
        "created": "2027-01-01T00:00:00Z",
        "modified": "2027-01-01T00:00:00Z",
        "content": 'x"\nurgency: U1\nto: XC\n# \u2028type: PRES-NEW\u202e\x85 & * ! {a: b}',
        "object_refs": [f"indicator--{_uuid(1)}"],
    }
    read = read_bundle(bundle(note, indicator("[url:value='https://x.example/\"}']")))
    made = case_of(draft_of(read, "XB", CATALOGUE), None, CATALOGUE)
    assert made.kind == threat_kind(CATALOGUE)
    assert made.body["method"].startswith('x"\nurgency: U1')
