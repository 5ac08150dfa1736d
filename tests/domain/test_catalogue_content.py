"""The catalogue against the treaty digest: its types, answers and grounds as literal tables, and what follows from the data."""

from collections.abc import Iterator

import pytest

from contactpoint.domain.catalogue import Entry, Opens, check_body
from contactpoint.domain.catalogue.model import OPEN, Answer
from contactpoint.domain.catalogue.words import Audience, Consequence, Required, Signers, Stage
from contactpoint.domain.stages import Status, after, allows, speaks
from contactpoint.domain.values import Side, Urgency, parse_instant
from tests.domain.catalogue_examples import CATALOGUE, TYPES, body_of, case, codes, rows_of_cases, walk

TYPICAL_ANSWERS = {
    "PRES-NEW": "EXECUTED PARTIAL WARN-42-7 REFUSED OUT-OF-SCOPE REDIRECTED NO-DATA",
    "PRES-EXT": "EXTENDED REFUSED EXPIRED",
    "PRES-REL": "RELEASED",
    "LOC-SP": "EXECUTED NOT-KNOWN REDIRECTED",
    "TRAF-DISC": "DELIVERED REFUSED",
    "EMERG-DATA": "EXECUTED PARTIAL CONDITIONS NOT-EMERGENCY REFUSED REDIRECTED",
    "LOC-SUSP": "EXECUTED PARTIAL NOT-FOUND REFUSED",
    "TECH-ADV": "EXECUTED NOT-AVAILABLE",
    "LEGAL-INFO": "EXECUTED",
    "EVID-COLL": "EXECUTED MLA-NEEDED REFUSED",
    "MLA-FWD": "EXECUTED PARTIAL CONSULT POSTPONED REFUSED",
    "MLA-TRAF-RT": "EXECUTED PARTIAL CONSULT POSTPONED REFUSED",
    "MLA-CONT-RT": "EXECUTED PARTIAL CONSULT POSTPONED REFUSED",
    "SPONT": "CONDITIONS-ACCEPTED CONDITIONS-DECLINED",
    "ASSET-SPONT": "CONDITIONS-ACCEPTED CONDITIONS-DECLINED",
    "LE-COOP": "EXECUTED PARTIAL REFUSED",
    "THREAT-SHARE": "RECEIVED SIGHTED",
    "JIT": "DECLINED",
    "JURIS-CONSULT": "CONSULT",
    "EXTR-PROV": "REDIRECTED REFUSED",
    "TSP": "CONSULT",
    "TCP": "DECLINED",
    "ASSET-FREEZE": "EXECUTED PARTIAL LIFT-WARNING REFUSED",
    "ASSET-RETURN": "CONSULT",
    "ONWARD-CONSENT": "GRANTED GRANTED-WITH-CONDITIONS DENIED",
    "EXCULP-NOTICE": "CONSULT NOTED",
    "STATUS-QUERY": "STATUS",
    "WITHDRAW": "",
    "DIR-CHANGE": "OK",
    "DIR-PING": "OK NO-ANSWER",
}
"""Section 6 of the digest; ACCEPTED and NEED-INFO are open to every request besides."""

COLUMNS = {
    "PRES": ("PRES-NEW", "PRES-EXT"),
    "TRAF": ("TRAF-DISC",),
    "MLA": ("MLA-FWD", "MLA-TRAF-RT", "MLA-CONT-RT"),
    "POLICE": ("EMERG-DATA", "LOC-SP", "LOC-SUSP", "EVID-COLL", "LE-COOP"),
    "EXTR": ("EXTR-PROV",),
    "ASSET": ("ASSET-FREEZE", "ASSET-RETURN"),
}
MATRIX = """
ground    PRES TRAF MLA POLICE EXTR ASSET
RG-21a    no   no   yes first  no   yes
RG-21b    yes  yes  yes yes    no   yes
RG-21c    yes  yes  yes yes    no   yes
RG-21d    no   no   yes yes    no   yes
RG-22     yes  yes  yes yes    no   yes
RG-42-5   yes  no   no  no     no   no
RG-8DC    no   no   yes yes    no   yes
RG-8MIN   no   no   yes yes    no   yes
RG-8ALT   no   no   yes yes    no   yes
RG-36     no   no   yes yes    no   yes
RG-50     no   no   no  no     no   yes
RG-37-1   no   no   no  no     yes  no
RG-37-15  no   no   no  no     yes  no
RG-BANK   no   no   no  no     no   no
RG-FISCAL no   no   no  no     no   no
"""
"""Matrix 6.1. `first`: only after more information was asked for. RG-36 comes into TRAF-DISC as conditions on its form."""


def matrix() -> Iterator[tuple[str, str, str]]:
    head, *rows = (line.split() for line in MATRIX.strip().splitlines())
    for code, *cells in rows:
        for column, cell in zip(head[1:], cells, strict=True):
            for kind in COLUMNS[column]:
                yield code, kind, cell


def moves_of(entry: Entry) -> tuple[Answer, ...]:
    others = (CATALOGUE.move(each.code, entry.code) for each in CATALOGUE.entries.values() if each.opens is Opens.MOVE)
    return (*entry.answers, *(move for move in others if move is not None))


Node = tuple[Status, frozenset[str]]


def steps(entry: Entry, node: Node, sides: tuple[Side, ...] = tuple(Side)) -> Iterator[Node]:
    """Where these sides can take a request of this type from here. What was said is kept, as far as a move needs it."""
    status, said = node
    needed = {need for answer in entry.answers for need in answer.needs}
    for answer in moves_of(entry):
        if set(answer.by) & set(sides) and allows(answer, status) and said.issuperset(answer.needs):
            yield after(answer, status), said | ({answer.code} & needed)


def reach(entry: Entry, start: Node, sides: tuple[Side, ...] = tuple(Side)) -> set[Node]:
    found, waiting = {start}, [start]
    while waiting:
        for node in steps(entry, waiting.pop(), sides):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


BEGIN: Node = (Status(OPEN, Stage.NEW), frozenset())


def test_the_thirty_types_of_the_digest_are_there_and_no_other():
    of_this_service = {
        "ESCALATE",
        "ANSWERED-ELSEWHERE",
    }  # steps of the ladder between two desks; no article asks for them
    assert set(CATALOGUE.entries) == set(TYPICAL_ANSWERS) | of_this_service
    assert len(TYPICAL_ANSWERS) == 30


@pytest.mark.parametrize("kind", TYPICAL_ANSWERS)
def test_every_typical_answer_of_the_digest_is_offered(kind):
    offered = {answer.code for answer in CATALOGUE[kind].answers}
    assert offered >= set(TYPICAL_ANSWERS[kind].split())
    if CATALOGUE[kind].opens is not Opens.MOVE:
        assert offered >= {"ACCEPTED", "NEED-INFO", "INFO"}


@pytest.mark.parametrize(("ground", "kind", "cell"), tuple(matrix()))
def test_a_ground_is_open_where_the_matrix_says_so(ground, kind, cell):
    entry = CATALOGUE[kind]
    opened = {each.code for each in entry.grounds}
    assert (ground in opened) == (cell != "no")
    assert (entry.ground_needs.get(ground) == ("NEED-INFO",)) == (cell == "first")


def test_only_types_of_the_matrix_refuse_and_each_of_them_can():
    refusing = {entry.code for entry in TYPES if entry.offered("REFUSED")}
    assert refusing == {kind for kinds in COLUMNS.values() for kind in kinds}
    assert {entry.code for entry in TYPES if entry.grounds} == refusing


def test_outside_the_scope_may_be_answered_where_the_matrix_says_so():
    closed = set(COLUMNS["TRAF"])
    for kind in (kind for kinds in COLUMNS.values() for kind in kinds):
        assert (CATALOGUE[kind].offered("OUT-OF-SCOPE") is not None) == (kind not in closed), kind


def test_two_grounds_are_never_open_and_stand_in_no_form():
    assert {code for code, ground in CATALOGUE.all_grounds.items() if ground.never} == {"RG-BANK", "RG-FISCAL"}
    for entry in TYPES:
        for answer in entry.answers:
            offered = {choice.code for _, field in walk(answer.fields) for choice in field.choices}
            assert not offered & {"RG-BANK", "RG-FISCAL"}


def test_discrimination_is_open_wherever_a_ground_is():
    for entry in TYPES:
        assert not entry.grounds or {"RG-22", "RG-37-15"} & {ground.code for ground in entry.grounds}, entry.code


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry.code)
def test_every_reachable_state_has_a_way_to_an_end_for_each_side_alone(entry):
    nodes = reach(entry, BEGIN)
    assert {node[0].code for node in nodes} == set(entry.stages), "a status that nothing leads to"
    for side in Side:
        # What was told to everybody is the sender's to take back; nobody else has to end it.
        if side is Side.ADDRESSEE and entry.audience is Audience.ALL:
            continue
        for node in nodes:
            assert any(status.final for status, _ in reach(entry, node, (side,))), f"{side}: {node[0].code}"


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry.code)
def test_nothing_moves_a_request_that_has_ended(entry):
    for status in (Status(code, stage) for code, stage in entry.stages.items() if stage is Stage.FINAL):
        assert all(after(answer, status) == status for answer in moves_of(entry) if allows(answer, status))


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("PRES-NEW", "WARN-42-7", "REFUSED REDIRECTED NO-DATA CALL-BACK-FAILED"),
        ("EMERG-DATA", "CONDITIONS", "REFUSED REDIRECTED NO-DATA CALL-BACK-FAILED"),
        ("EMERG-DATA", "QUARANTINED", "REFUSED REDIRECTED NO-DATA QUARANTINE-LIFTED"),
        ("PRES-NEW", "PARTIAL", "PARTIAL EXECUTED NO-DATA CALL-BACK-FAILED"),
        ("MLA-FWD", "CONSULT", "REFUSED REDIRECTED NO-DATA POSTPONED CALL-BACK-FAILED"),
        ("ASSET-FREEZE", "EXECUTED", "LIFT-WARNING LIFTED"),
        ("ASSET-FREEZE", "LIFT-WARNING", "EXECUTED LIFTED"),
        ("MLA-TRAF-RT", "EXECUTED", "EXECUTED PARTIAL END-REPORT"),
        ("JIT", "ACCEPTED", "NEED-INFO CONDITIONS REDIRECTED DECLINED LEFT CONCLUDED"),
    ],
)
def test_these_words_and_no_other_are_the_addressees_in_a_status(kind, status, words):
    entry = CATALOGUE[kind]
    here = Status(status, entry.stages[status])
    said = {answer.code for answer in entry.answers if Side.ADDRESSEE in answer.by and speaks(answer, here)}
    assert said == set(words.split())


@pytest.mark.parametrize("row", rows_of_cases(), ids=lambda row: row["id"])
def test_every_case_is_valid_as_it_is_written(row):
    assert check_body(CATALOGUE[row["type"]], body_of(row), parse_instant(row["at"])) == ()
    assert Urgency(row["urgency"]) in CATALOGUE[row["type"]].urgencies
    if "also" in row:
        assert check_body(CATALOGUE[row["also"]], body_of(row), parse_instant(row["at"])) == ()


@pytest.mark.parametrize("row", [row for row in rows_of_cases() if "parent" in row], ids=lambda row: row["id"])
def test_a_case_with_a_parent_may_follow_it(row):
    parent = next(each for each in rows_of_cases() if each["id"] == row["parent"])
    entry = CATALOGUE[row["type"]]
    assert entry.opens.may_follow
    assert parent["type"] in entry.parents


@pytest.mark.parametrize("row", rows_of_cases(), ids=lambda row: row["id"])
def test_the_states_that_a_case_wants_can_be_passed_in_turn(row):
    nodes = {BEGIN}
    entry = CATALOGUE[row["type"]]
    for wanted in (code for code in row["want"] if code not in ("RECEIVED", "DELIVERED")):
        answer = CATALOGUE.move(wanted, entry.code)
        assert answer is not None, wanted
        nodes = {(after(answer, status), said | {wanted}) for status, said in nodes if allows(answer, status)}
        assert nodes, wanted
    for ground in row.get("refusal", ()):
        assert entry.ground(ground) is not None


def test_m01_the_two_forgotten_fields_are_named():
    missing = {("E-FIELD-MISSING", "necessity"), ("E-FIELD-MISSING", "mla_intent")}
    assert codes("A01", necessity=None, mla_intent=None) == missing


def test_m06_who_fishes_for_everybody_is_told_that_nothing_is_specified():
    data = {"classes": ["subscriber"], "what": "all users of the messenger", "from": "2026-01-01T00:00Z"}
    found = codes("A01", data={**data, "until": "2026-12-31T00:00Z"}, custodian={"name": "Example Messenger QN"})
    assert {code for code, _ in found} == {"E-NOT-SPECIFIC"}


def test_m09_an_offence_outside_the_scope_is_warned_of():
    petty = [{"code": "O-SC", "name": "insult", "provision": "QM Penal Code 1", "maximum_years": 2}]
    assert codes("A01", offences=petty) == {("E-SCOPE-35", "offences")}


@pytest.mark.parametrize("identity", ["A01", "A02"])
def test_m10_future_data_are_blocked_in_a_preservation_and_two_types_offered(identity):
    entry, body, at = case(identity)
    body["data"] = {**body["data"], "until": "2028-01-01T00:00Z"}
    (problem,) = check_body(entry, body, at)
    assert (problem.code, problem.blocks) == ("E-FUTURE-DATA", True)
    assert {offer.kind for offer in problem.offers} == {"MLA-TRAF-RT", "MLA-CONT-RT"}


def test_future_data_are_what_the_two_types_in_real_time_are_for():
    assert codes("A12") == codes("A13") == set()
    for kind, classes in (("MLA-TRAF-RT", {"traffic"}), ("MLA-CONT-RT", {"content-live", "traffic"})):
        found = dict(walk(CATALOGUE[kind].fields))["data.classes"]
        assert {choice.code for choice in found.choices} == classes


def test_live_content_is_open_to_one_type_only():
    offering = {
        entry.code
        for entry in TYPES
        for _, field in walk(entry.fields)
        if "content-live" in {choice.code for choice in field.choices}
    }
    assert offering == {"MLA-CONT-RT"}


@pytest.mark.parametrize(
    "text", ["please ARREST him", "pedimos su detención", "просим арест", "请逮捕该人", "garde à vue"]
)
def test_a_request_to_locate_a_person_asks_for_no_arrest(text):
    assert codes("A08", what_is_sought=text) == {("E-WRONG-TYPE", "what_is_sought")}
    assert codes("A08", person={"identifiers": ["P-17"], "description": text}) == {("E-WRONG-TYPE", "person")}
    (problem,) = check_body(*case("A08", risk_note=text))
    assert problem.blocks
    assert [offer.kind for offer in problem.offers] == ["EXTR-PROV"]


def test_what_is_later_done_with_the_answer_may_be_said_freely():
    assert codes("A08", intended_use="arrest will be asked through the extradition authority") == set()


@pytest.mark.parametrize("consent", [None, {"before": "judge", "given_on": "2027-09-14"}])
def test_without_consent_the_inquiry_on_a_sentenced_person_is_stopped(consent):
    assert any(problem.blocks for problem in check_body(*case("A21", consent=consent)))
    _, body, _ = case("A21")
    assert ("E-FIELD-MISSING", "consent.given") in codes("A21", consent={**body["consent"], "given": False})


def test_a_warning_to_all_holds_no_personal_data_or_says_why():
    assert codes("A18", method="written by someone@mail.example") == {("E-PERSONAL-DATA", "method")}
    assert codes("A18", personal_data=True) == {("E-FIELD-MISSING", "personal_data_reason")}
    assert codes("A18", method=None, indicators=None) == {("E-FIELD-MISSING", "method")}
    assert codes("A18", handling=None) == {("E-FIELD-MISSING", "handling")}
    assert {code for code, _ in codes("A18", handling={"code": "HC-PURPOSE"})} == {"E-FIELD-INVALID"}


def test_a_formal_request_is_refused_after_a_consultation_only():
    for kind in ("MLA-FWD", "MLA-TRAF-RT"):
        assert CATALOGUE[kind].answer("REFUSED").needs == ("CONSULT",)
    assert CATALOGUE["MLA-CONT-RT"].answer("REFUSED").needs == ()
    for entry in TYPES:
        postponed = entry.offered("POSTPONED")
        assert postponed is None or postponed.needs == ("CONSULT",)


def test_a_freeze_stays_open_and_is_lifted_after_the_asking_state_was_asked():
    entry = CATALOGUE["ASSET-FREEZE"]
    assert entry.stages["EXECUTED"] is Stage.PARTIAL
    assert entry.answer("LIFTED").needs == ("LIFT-WARNING",)


def test_whoever_refuses_says_the_ground_and_the_reasons():
    for entry in TYPES:
        refused = entry.offered("REFUSED")
        if refused is not None:
            required = {field.name for field in refused.fields if field.required is Required.REQUIRED}
            assert required == {"ground", "reasons"}


def test_what_discloses_takes_two_officers_and_an_emergency_a_call_back():
    for entry in TYPES:
        for answer in entry.answers:
            assert not answer.discloses or answer.signers is Signers.TWO
        assert entry.signers.get(Urgency.U0, Signers.TWO) is Signers.TWO
    for code in ("EXECUTED", "PARTIAL"):
        answer = CATALOGUE["EMERG-DATA"].answer(code)
        assert answer.discloses
        assert answer.needs == ("CALLED-BACK",)
        assert {field.name for field in answer.fields if field.required is Required.REQUIRED} >= {"purpose_limit"}


def test_who_is_redirected_to_another_state_may_ask_that_state_the_same():
    for entry in TYPES:
        if entry.offered("REDIRECTED") and entry.audience is Audience.ONE:
            steps = [(step.kind, step.by, step.to) for step in entry.next_steps if "REDIRECTED" in step.after]
            assert steps == [(entry.code, Side.REQUESTER, "answer.state")], entry.code


def test_whatever_hands_something_over_in_an_emergency_knows_the_call_back_and_the_quarantine():
    for entry in TYPES:
        if Urgency.U0 in entry.signers and any(answer.discloses for answer in entry.answers):
            effects = {answer.consequence for answer in entry.answers}
            assert effects >= {Consequence.CALLS_BACK, Consequence.QUARANTINES, Consequence.LIFTS_QUARANTINE}, (
                entry.code
            )


def test_a_class_may_be_lowered_wherever_there_is_one_below():
    for entry in TYPES:
        assert entry.offered("CLASS-LOWERED") is not None, entry.code


def test_the_officer_is_asked_of_speech_wherever_rights_are_checked():
    for entry in TYPES:
        if not entry.rights_check:
            continue
        field = next(field for field in entry.fields if field.name == "speech")
        assert (field.ask, field.required) == (True, Required.OPTIONAL), entry.code


def test_a_preservation_is_remembered_at_both_desks_and_its_order_at_one():
    clocks = {clock.code: clock for clock in CATALOGUE["PRES-NEW"].clocks}
    floor, order = clocks["PRES-60"], clocks["DOMESTIC-90"]
    assert (floor.days, floor.minimum, floor.alarm_days) == (60, True, (21, 14, 7, 3, 1))
    assert (set(floor.audience), floor.at.value, floor.certificate) == ({"duty", "central"}, "both", True)
    assert (order.days, order.minimum, order.at.value) == (90, False, "addressee")
