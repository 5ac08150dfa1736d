"""The gate of law: real requests pass, and every fault is named with its field and what to do."""

import pytest

from contactpoint.domain.catalogue import (
    CatalogueError,
    FieldType,
    Opens,
    Required,
    Signers,
    check_body,
    load,
    signers_needed,
)
from contactpoint.domain.codes import TABLE, Retry, look_up
from contactpoint.domain.errors import DomainError
from contactpoint.domain.values import Side, Urgency
from tests.domain.domain_examples import BODIES, CATALOGUE, T0, request_of

PRES_NEW = CATALOGUE["PRES-NEW"]


def a01(**changes):
    _, body, _ = request_of("A01")
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def found(body, entry=PRES_NEW, now=T0):
    return {(problem.code, problem.field) for problem in check_body(entry, body, now)}


@pytest.mark.parametrize("case_id", ["A01", "A02", "A03", "A06"])
def test_the_real_requests_pass(case_id):
    kind, body, at = request_of(case_id)
    assert check_body(CATALOGUE[kind], body, at) == ()


def test_m01_necessity_and_the_promise_of_a_formal_request_are_named():
    assert found(a01(necessity=None, mla_intent=None)) == {
        ("E-FIELD-MISSING", "necessity"),
        ("E-FIELD-MISSING", "mla_intent"),
    }


@pytest.mark.parametrize("value", [False, "true", 1, "yes"])
def test_the_promise_of_a_formal_request_is_true_or_missing(value):
    assert found(a01(mla_intent=value)) == {("E-FIELD-MISSING", "mla_intent")}


def test_m10_a_period_in_the_future_names_the_two_types_that_fit_instead():
    data = {**a01()["data"], "from": "2027-03-05T00:00Z", "until": "2027-04-05T00:00Z"}
    problems = check_body(PRES_NEW, a01(data=data), T0)
    assert {(problem.code, problem.field) for problem in problems} == {
        ("E-FUTURE-DATA", "data.from"),
        ("E-FUTURE-DATA", "data.until"),
    }
    assert {offer.kind for offer in problems[0].offers} == {"MLA-TRAF-RT", "MLA-CONT-RT"}
    assert "MLA-TRAF-RT" in problems[0].message


def test_the_present_instant_is_not_the_future():
    data = {**a01()["data"], "until": "2027-03-04T13:00:00Z"}
    assert found(a01(data=data)) == set()
    assert found(a01(data={**data, "until": "2027-03-04T13:00:00.001Z"})) == {("E-FUTURE-DATA", "data.until")}


def test_m09_an_offence_outside_the_scope_is_a_warning_and_not_a_wall():
    petty = [{"code": "O-SC", "name": "insult", "provision": "QM Penal Code 1", "maximum_years": 2}]
    (problem,) = check_body(PRES_NEW, a01(offences=petty), T0)
    assert problem.code == "E-SCOPE-35"
    assert not problem.blocks
    assert check_body(PRES_NEW, a01(offences=[{**petty[0], "maximum_years": 4}]), T0) == ()


def test_other_serious_crime_asks_for_name_provision_and_maximum():
    assert found(a01(offences=["O-SC"])) >= {
        ("E-FIELD-MISSING", f"offences[0].{name}") for name in ("name", "provision", "maximum_years")
    }


def test_an_offence_code_without_its_letter_is_valid_and_an_invented_one_is_not():
    assert found(a01(offences=["O-13", "O-13b"])) == set()
    assert found(a01(offences=["O-13z"])) == {("E-FIELD-INVALID", "offences[0]"), ("E-SCOPE-35", "offences")}


@pytest.mark.parametrize("codes", ["O-07", 7, [7], [None], [["O-07"]], [{"code": 1}], [{}]])
def test_a_misshapen_list_of_offences_is_a_problem_and_not_a_crash(codes):
    assert any(problem.blocks for problem in check_body(PRES_NEW, a01(offences=codes), T0))


def test_a_custodian_may_be_unknown_but_not_forgotten():
    for unknown in ("unknown", {}):
        (warning,) = check_body(PRES_NEW, a01(custodian=unknown), T0)
        assert (warning.code, warning.blocks) == ("E-NOT-SPECIFIC", False)
    problems = check_body(PRES_NEW, a01(custodian=None), T0)
    blocking = [(problem.code, problem.field) for problem in problems if problem.blocks]
    assert blocking == [("E-FIELD-MISSING", "custodian")]
    assert problems[0].offers[0].kind == "LOC-SP"


def test_other_fields_may_not_be_unknown_where_they_are_not_texts():
    assert found(a01(data="unknown")) == {("E-FIELD-INVALID", "data")}


def test_an_unknown_field_is_named_with_its_nearest_neighbour():
    (problem,) = check_body(PRES_NEW, a01(necesity="x"), T0)
    assert (problem.code, problem.field) == ("E-UNKNOWN-FIELD", "necesity")
    assert "necessity" in problem.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"facts": 5}, "facts"),
        ({"authority": "the police"}, "authority"),
        ({"wanted_days": 59}, "wanted_days"),
        ({"wanted_days": True}, "wanted_days"),
        ({"earlier_tickets": "T-1"}, "earlier_tickets"),
        ({"earlier_tickets": [1]}, "earlier_tickets"),
        ({"mla_planned": "2027-05-01"}, "mla_planned"),
        ({"mla_planned": "next week"}, "mla_planned"),
        ({"mla_planned": 20270501}, "mla_planned"),
        ({"confidentiality": {"keep_secret": "yes"}}, "confidentiality.keep_secret"),
        ({"custodian": {"ip": "192.0.2.1", "port": 70000}}, "custodian.port"),
        ({"custodian": {"ip": "192.0.2.1", "port": True}}, "custodian.port"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(changes, field):
    assert found(a01(**changes)) == {("E-FIELD-INVALID", field)}


def test_live_content_is_no_class_of_stored_data():
    data = {**a01()["data"], "classes": ["content-live"]}
    assert found(a01(data=data)) == {("E-FIELD-INVALID", "data.classes")}


def test_a_period_that_ends_before_it_begins_is_named():
    data = {**a01()["data"], "from": "2027-03-02T00:00Z", "until": "2027-03-01T00:00Z"}
    assert found(a01(data=data)) == {("E-FIELD-INVALID", "data.until")}


def test_a_blank_text_is_a_missing_one():
    assert found(a01(facts="  \n")) == {("E-FIELD-MISSING", "facts")}


def test_a_text_longer_than_a_letter_carries_is_to_be_attached():
    assert found(a01(facts="x" * 20_001)) == {("E-TOO-LARGE", "facts")}


def test_every_problem_is_found_at_once():
    assert len([problem for problem in check_body(PRES_NEW, {}, T0) if problem.blocks]) == 8


def test_an_answer_is_checked_like_an_entry():
    refused = PRES_NEW.answer("REFUSED")
    assert check_body(refused, BODIES["REFUSED"], T0) == ()
    assert found({"ground": "RG-21b"}, refused) == {("E-FIELD-MISSING", "reasons")}
    executed = PRES_NEW.answer("EXECUTED")
    assert found({"reference": "P", "preserved_from": "2027-03-04T13:00:01Z"}, executed) == {
        ("E-FUTURE-DATA", "preserved_from")
    }


@pytest.mark.parametrize(
    ("kind", "open_grounds"),
    [
        ("PRES-NEW", {"RG-21b", "RG-21c", "RG-22", "RG-42-5"}),
        ("PRES-EXT", {"RG-21b", "RG-21c", "RG-22", "RG-42-5"}),
        ("EMERG-DATA", {"RG-21a", "RG-21b", "RG-21c", "RG-21d", "RG-22", "RG-36", "RG-8DC", "RG-8MIN", "RG-8ALT"}),
    ],
)
def test_a_refusal_stands_on_an_open_ground_only(kind, open_grounds):
    answer = CATALOGUE[kind].answer("REFUSED")
    override = {"text": "the constitution says so", "supervisor": "XB-SUP-1"}
    for ground in [code for code in TABLE if code.startswith("RG-")] + ["bank secrecy"]:
        known = ground in CATALOGUE.all_grounds and not CATALOGUE.all_grounds[ground].never
        closed = "E-GROUND-CLOSED" if known else "E-FIELD-INVALID"
        body = {"ground": ground, "reasons": "because"}
        assert found(body, answer) == (set() if ground in open_grounds else {(closed, "ground")}), ground
        assert found({**body, "override": override}, answer) == (set() if known else {(closed, "ground")}), ground


def test_more_information_is_asked_for_by_fields_that_the_type_has():
    answer = PRES_NEW.answer("NEED-INFO")
    assert found({"fields": ["necessity", "data.what"]}, answer) == set()
    assert found({"fields": ["shoe_size"]}, answer) == {("E-FIELD-INVALID", "fields")}


def test_two_officers_sign_an_emergency_and_whatever_discloses():
    assert signers_needed(CATALOGUE, "PRES-NEW", Urgency.U0) is Signers.TWO
    assert signers_needed(CATALOGUE, "PRES-NEW", Urgency.U1) is Signers.ONE
    assert signers_needed(CATALOGUE, "EMERG-DATA", Urgency.U0) is Signers.TWO
    assert signers_needed(CATALOGUE, "EXECUTED", Urgency.U0) is Signers.TWO
    assert signers_needed(CATALOGUE, "EXECUTED", Urgency.U1, "PRES-NEW") is Signers.ONE
    assert signers_needed(CATALOGUE, "EXECUTED", Urgency.U1, "MLA-FWD") is Signers.TWO
    assert signers_needed(CATALOGUE, "EXECUTED", Urgency.U1) is Signers.TWO
    for urgency in Urgency:
        assert signers_needed(CATALOGUE, "ACKNOWLEDGED", urgency) is Signers.ONE
        assert signers_needed(CATALOGUE, "ACK-DEGRADED", urgency) is Signers.STATION
        assert signers_needed(CATALOGUE, "WITHDRAW", urgency) is Signers.ONE
    for kind, code in (("EMERG-DATA", "E-URGENCY"), ("NONSENSE", "E-UNKNOWN-KIND")):
        with pytest.raises(CatalogueError) as caught:
            signers_needed(CATALOGUE, kind, Urgency.U2)
        assert caught.value.code == code


def test_each_entry_says_what_it_opens():
    opens = {
        "PRES-NEW": Opens.CASE,
        "EMERG-DATA": Opens.CASE,
        "MLA-FWD": Opens.EITHER,
        "PRES-EXT": Opens.REQUEST,
        "WITHDRAW": Opens.MOVE,
    }
    assert {code: CATALOGUE[code].opens for code in opens} == opens


def test_the_field_list_of_article_42_is_complete():
    cited = {field.citation: field.required for field in PRES_NEW.fields}
    assert {f"42(3)({letter})" for letter in "abcdefg"} <= set(cited)
    assert cited["42(3)(d)"] is Required.MAY_BE_UNKNOWN
    assert cited["42(3)(g)"] is Required.OPTIONAL


def test_no_citation_pretends_that_a_lawyer_has_checked_it():
    for entry in CATALOGUE.entries.values():
        assert not entry.citation.checked
        assert entry.citation.source_tag
        assert not any(answer.citation.checked for answer in entry.answers)


def test_every_answer_can_be_said_somewhere_and_leads_to_a_status():
    for entry in CATALOGUE.entries.values():
        for answer in entry.answers:
            assert answer.after or answer.noted, answer.code
            assert not answer.after or entry.stages[answer.leads_to] is answer.stage
            assert all(set(entry.answer(need).by) & set(answer.by) for need in answer.needs)
            assert Side.ADDRESSEE in answer.by or not answer.decides or answer.final


def test_every_label_is_there_to_be_translated():
    def walk(fields):
        for field in fields:
            yield field
            yield from walk(field.fields)

    for entry in CATALOGUE.entries.values():
        forms = [entry.fields, *(answer.fields for answer in entry.answers)]
        for field in (field for form in forms for field in walk(form)):
            assert field.label
            assert bool(field.choices) == (
                field.type
                in (
                    FieldType.CHOICE,
                    FieldType.CHOICES,
                    FieldType.LABELS,
                    FieldType.GROUND,
                    FieldType.FIELD_CODES,
                    FieldType.OFFENCES,
                )
            ), field.name


def test_another_version_of_the_catalogue_is_refused_and_not_guessed():
    with pytest.raises(CatalogueError):
        load("2")
    with pytest.raises(CatalogueError):
        CATALOGUE["REMOVE"]
    with pytest.raises(CatalogueError):
        PRES_NEW.answer("EXTENDED")


def test_every_code_says_what_to_do_and_who_is_to():
    for code, row in TABLE.items():
        assert code.startswith(("E-", "W-", "N-", "RG-"))
        assert row.text.endswith(".")
        assert row.action.endswith(".")
        assert (row.after_s > 0) == (row.retry is Retry.SAME_ID_LATER), code
    assert look_up("E-OF-NEXT-YEAR").code == "E-OF-NEXT-YEAR"
    assert look_up("E-DIRECTORY-BEHIND").after_s == 5


def test_an_error_says_its_code_its_place_and_what_to_do():
    error = DomainError("E-FIELD-MISSING", field="necessity")
    assert str(error) == "E-FIELD-MISSING (necessity): A mandatory field is missing. Fill in the fields named."
