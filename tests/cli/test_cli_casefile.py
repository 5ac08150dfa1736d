"""Case files: the real ones are read, everything else is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactpoint.cli.casefile import DEEPEST, LARGEST_FILE, case_of, read_case
from contactpoint.cli.errors import CaseFileError
from contactpoint.desk.results import CaseFile
from contactpoint.domain import catalogue

CASES = Path(__file__).parents[1] / "cases"
KNOWN = catalogue.load()

SMALL = """\
type: PRES-EXT
from: XA
to: XB
urgency: U2
parent: A01
authority: {organisation: Office, officer_ref: XA-OFF-1, case_ref: XA-1}
extension_days: 60
reason: not ready
mla_intent: true
"""


def refusal(text: str, case: str | None = None) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        case_of(text, case, KNOWN)
    assert caught.value.what_to_do
    return caught.value


def read(case: str) -> CaseFile:
    return read_case(CASES / "requests.yaml", case, KNOWN)


def test_a01_is_read_with_every_field_and_none_of_the_test() -> None:
    a01 = read("A01")
    assert (a01.label, a01.kind, a01.sender, a01.recipient, a01.urgency) == ("A01", "PRES-NEW", "QM", "QN", "U1")
    assert a01.parent is None
    assert set(a01.body) == {
        "authority", "offences", "facts", "data", "link_to_offence", "custodian", "necessity", "mla_intent", "confidentiality",
    }  # fmt: skip
    assert a01.body["data"]["from"] == "2027-02-01T00:00Z"
    assert a01.body["custodian"]["port"] == 443
    assert a01.body["mla_intent"] is True


def test_a03_names_its_parent_by_label_and_a06_its_approver() -> None:
    assert read("A03").parent == "A01"
    a06 = read("A06")
    assert a06.approver == "QT-OFF-044"
    assert a06.urgency == "U0"
    assert a06.body["offences"][0]["maximum_years"] == 15


@pytest.mark.parametrize("case", ["A01", "A02", "A03", "A06"])
def test_the_real_cases_have_a_body_that_the_catalogue_accepts(case: str) -> None:
    from datetime import UTC, datetime

    request = read(case)
    at = datetime(2027, 12, 1, tzinfo=UTC)
    problems = [p for p in catalogue.check_body(KNOWN[request.kind], request.body, at) if p.blocks]
    assert problems == []


def test_several_cases_without_a_choice_are_refused_by_name() -> None:
    error = refusal((CASES / "requests.yaml").read_text())
    assert "A01" in error.text
    assert "A22" in error.text
    assert "--case" in error.what_to_do


def test_a_case_that_is_not_there_names_the_nearest() -> None:
    assert "'A22'" in refusal((CASES / "requests.yaml").read_text(), "A22x").what_to_do


def test_one_name_for_two_cases_is_refused() -> None:
    case = "- id: A01\n  type: PRES-EXT\n"
    assert refusal(case + case, "A01").line == 3


def test_a_type_that_the_catalogue_has_not_is_refused_with_its_line() -> None:
    error = refusal(SMALL.replace("PRES-EXT", "PRES-EXTN"))
    assert error.line == 1
    assert "PRES-EXT" in error.what_to_do


def test_a_case_that_only_describes_bad_input_cannot_be_sent() -> None:
    with pytest.raises(CaseFileError, match="M01 has no type"):
        read_case(CASES / "abuse.yaml", "M01", KNOWN)


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_name() -> None:
    error = refusal(SMALL.replace("reason:", "raeson:"))
    assert error.line == 8
    assert "raeson" in error.text
    assert "'reason'" in error.what_to_do


def test_an_unknown_key_inside_a_group_is_named_with_its_line() -> None:
    error = refusal(SMALL.replace("case_ref", "case_rf"))
    assert error.line == 6
    assert "'case_ref'" in error.what_to_do


def test_a_mistyped_head_is_named_rather_than_reported_missing() -> None:
    error = refusal(SMALL.replace("urgency:", "urgncy:"))
    assert error.line == 4
    assert "'urgency'" in error.what_to_do


def test_keys_of_the_test_never_reach_the_request() -> None:
    request = case_of(SMALL + "title: t\nat: x\nwant: [A]\nrefusal: [B]\ncheck: c\nalso: d\n", None, KNOWN)
    assert not {"title", "at", "want", "refusal", "check", "also"} & set(request.body)


def test_the_state_NO_is_not_false_and_half_past_twelve_is_not_a_number() -> None:
    request = case_of(SMALL.replace("to: XB", "to: NO").replace("not ready", "12:30"), None, KNOWN)
    assert request.recipient == "NO"
    assert request.body["reason"] == "12:30"


@pytest.mark.parametrize("text", ["2027-03-04", "2027-03-04T13:00:00Z", "1.5", "012", "0x10", "yes", "1_000", ".inf"])
def test_dates_and_what_yaml_alone_would_turn_stay_text(text: str) -> None:
    assert case_of(SMALL.replace("not ready", text), None, KNOWN).body["reason"] == text


def test_text_is_brought_to_one_spelling() -> None:
    assert case_of(SMALL.replace("not ready", "e\u0301"), None, KNOWN).body["reason"] == "\u00e9"


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert refusal(bomb).line == 2


def test_bottomless_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    assert "nested" in refusal("reason: " + "[" * 5000 + "]" * 5000).text
    fits = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert isinstance(case_of(SMALL.replace("not ready", fits), None, KNOWN).body["reason"], list)


def test_a_key_twice_is_refused_because_two_readers_would_read_two_requests() -> None:
    assert refusal(SMALL + "reason: another\n").line == 10


def test_a_tag_that_builds_objects_is_refused() -> None:
    assert refusal(SMALL.replace("not ready", "!!python/object/apply:os.system [ls]")).line == 8
    assert refusal(SMALL.replace("not ready", "!!binary aGk=")).line == 8


def test_a_number_beyond_exactness_is_refused() -> None:
    assert refusal(SMALL.replace("60", str(2**53))).line == 7
    assert case_of(SMALL.replace("60", str(2**53 - 1)), None, KNOWN).body["extension_days"] == 2**53 - 1


def test_a_broadcast_or_a_list_of_states_is_not_one_recipient() -> None:
    assert case_of(SMALL.replace("to: XB", "to: ALL"), None, KNOWN).recipients == ("ALL",)
    several = case_of(SMALL.replace("to: XB", "to: [XB, NO]"), None, KNOWN)
    assert (several.recipient, several.recipients) == ("", ("XB", "NO"))
    assert case_of(SMALL, None, KNOWN).recipients == ()


def test_a_list_of_states_holds_each_once_and_nothing_else() -> None:
    for wrong in ("[XB, XB]", "[XB, ALL]", "[XB, true]", "[]", "{XB: XC}"):
        assert refusal(SMALL.replace("to: XB", f"to: {wrong}")).line == 3


def test_broken_yaml_names_its_line() -> None:
    assert refusal(SMALL.replace("reason: not ready", "reason: [not ready")).line in (8, 9)
    assert refusal("").text == "the file is empty."
    assert refusal("just text").line == 1
    assert "no text has" in refusal("reason: \x00").text


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(CaseFileError, match="larger"):
        read_case(huge, None, KNOWN)


def test_a_file_that_is_not_there_or_not_text_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CaseFileError, match="cannot be read"):
        read_case(tmp_path / "none.yaml", None, KNOWN)
    (tmp_path / "latin.yaml").write_bytes(b"type: PRES-NEW\nfacts: caf\xe9\n")
    with pytest.raises(CaseFileError) as caught:
        read_case(tmp_path / "latin.yaml", None, KNOWN)
    assert caught.value.line == 2


SPREAD = """\
type: SPONT
from: QM
to: [QN, QO]
urgency: U3
content: for both
subsets: {QO: {content: only for QO, conditions: [HC-INTEL-ONLY]}}
"""


def test_one_of_several_states_gets_its_own_part():
    assert case_of(SPREAD, None, KNOWN).subsets == {"QO": {"content": "only for QO", "conditions": ["HC-INTEL-ONLY"]}}


@pytest.mark.parametrize(
    ("right", "wrong"), [("{QO:", "{QP:"), ("{content: only", "{contnet: only"), ("{QO: {", "{QO: [{")]
)
def test_a_part_for_a_state_that_gets_no_letter_or_of_no_field_is_refused(right: str, wrong: str):
    text = SPREAD.replace(right, wrong)
    assert refusal(text.replace("}}", "}]}") if "[{" in wrong else text).line == 6
