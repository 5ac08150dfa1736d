"""The catalogue against the treaty digest: its types, answers and grounds as literal tables, and what follows from the data."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from contactpoint.domain import catalogue
from contactpoint.domain.catalogue import Entry, Opens, check_body, load
from contactpoint.domain.catalogue.model import OPEN, Answer, Audience, Field, FieldType, Required, Signers, Stage
from contactpoint.domain.stages import Status, after, allows
from contactpoint.domain.values import Side, Urgency, parse_instant
from tests.domain.domain_examples import CASES, ENVELOPE_KEYS

CATALOGUE = load()
TYPES = tuple(entry for entry in CATALOGUE.entries.values() if entry.opens is not Opens.MOVE)

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


def rows_of_cases() -> list[dict[str, Any]]:
    with CASES.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = yaml.safe_load(file)
    return rows


def body_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ENVELOPE_KEYS}


def case(identity: str, **changes: Any) -> tuple[Entry, dict[str, Any], Any]:
    """Entry, body and clock of a case, with fields changed (None: left out)."""
    row = next(row for row in rows_of_cases() if row["id"] == identity)
    body = {name: value for name, value in {**body_of(row), **changes}.items() if value is not None}
    return CATALOGUE[row["type"]], body, parse_instant(row["at"])


def codes(identity: str, **changes: Any) -> set[tuple[str, str]]:
    return {(problem.code, problem.field) for problem in check_body(*case(identity, **changes))}


def walk(fields: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield prefix + field.name, field
        yield from walk(field.fields, f"{prefix}{field.name}.")


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
    assert set(CATALOGUE.entries) == set(TYPICAL_ANSWERS)
    assert len(CATALOGUE.entries) == 30


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


def test_a_class_may_be_lowered_wherever_there_is_one_below():
    for entry in TYPES:
        assert entry.offered("CLASS-LOWERED") is not None, entry.code


def test_the_officer_is_asked_of_speech_wherever_rights_are_checked():
    for entry in TYPES:
        if not entry.rights_check:
            continue
        field = next(field for field in entry.fields if field.name == "speech")
        assert (field.ask, field.required) == (True, Required.OPTIONAL), entry.code


def test_every_name_that_the_data_mention_exists():
    for entry in TYPES:
        places = dict(walk(entry.fields))
        answers = {answer.code for answer in entry.answers}
        known = answers | set(entry.stages) | {stage.value for stage in Stage}
        assert set(entry.parents) <= set(CATALOGUE.entries)
        assert {*entry.specific, *entry.withheld, *(name for names in entry.any_of for name in names)} <= set(places)
        assert set(entry.ground_needs) <= {ground.code for ground in entry.grounds}
        assert {offer.kind for offer in entry.offers} <= set(CATALOGUE.entries)
        for answer in entry.answers:
            assert set(answer.needs) <= answers, answer.code
            assert set(answer.withheld) <= {field.name for field in answer.fields}
        # What several types share names statuses that some of them lack.
        everywhere = known | {status for each in TYPES for status in each.stages}
        for answer in entry.answers:
            assert {*answer.after, *answer.noted} <= everywhere, f"{entry.code} {answer.code}"


def test_every_next_step_can_be_taken_and_carries_what_there_is():
    for entry in TYPES:
        spoken = {field for answer in entry.answers for field, _ in walk(answer.fields)}
        places = {path for path, _ in walk(entry.fields)}
        for step in entry.next_steps:
            target = CATALOGUE[step.kind]
            if not target.opens.may_open_case:
                assert entry.code in target.parents or not target.parents, f"{entry.code} -> {step.kind}"
            for place, origin in {**step.carry, **({"": step.to} if step.to else {})}.items():
                where, _, path = origin.partition(".")
                assert path in (places if where == "request" else spoken), f"{entry.code} -> {step.kind}: {origin}"
                assert not place or place in {path for path, _ in walk(target.fields)}, f"{step.kind}: {place}"


def test_a_formal_request_begins_half_written_from_the_preservation():
    """Of A11's fields at most five are typed; the rest stands in A01 already."""
    _, asked, _ = case("A11")
    source, target = CATALOGUE["PRES-NEW"], CATALOGUE["MLA-FWD"]
    (step,) = [step for step in source.next_steps if step.kind == target.code]
    carried = {place.partition(".")[0] for place in step.carry}
    same = {field.name for field in source.fields} & {field.name for field in target.fields}
    assert len(set(asked) - carried - same - {"language"}) <= 5


def test_every_clock_starts_and_stops_with_something_that_is_said():
    every = {code for entry in TYPES for code in (*entry.stages, *(answer.code for answer in entry.answers))}
    for entry in TYPES:
        places = {path for path, _ in walk(entry.fields)}
        for clock in entry.clocks:
            source, _, name = clock.starts.partition(":")
            assert source in ("request", "field", "answer")
            for code in name.partition(".")[0].split("|") if source == "answer" else ():
                fields = {path for path, _ in walk(entry.answer(code).fields)}
                assert not name.partition(".")[2] or name.partition(".")[2] in fields, (
                    f"{entry.code} {clock.code} {code}"
                )
            assert source != "field" or name in places
            assert not clock.until or clock.until.removeprefix("field:") in places
            assert {*clock.stops, "WITHDRAWN"} <= every
            assert clock.days is not None or clock.hours is not None or clock.terms or clock.until


def test_a_preservation_is_remembered_at_both_desks_and_its_order_at_one():
    clocks = {clock.code: clock for clock in CATALOGUE["PRES-NEW"].clocks}
    floor, order = clocks["PRES-60"], clocks["DOMESTIC-90"]
    assert (floor.days, floor.minimum, floor.alarm_days) == (60, True, (21, 14, 7, 3, 1))
    assert (set(floor.audience), floor.at.value, floor.certificate) == ({"duty", "central"}, "both", True)
    assert (order.days, order.minimum, order.at.value) == (90, False, "addressee")


def test_a_closed_list_stands_behind_every_choice():
    closed = (FieldType.CHOICE, FieldType.CHOICES, FieldType.LABELS, FieldType.GROUND, FieldType.FIELD_CODES)
    for entry in CATALOGUE.entries.values():
        for fields in (entry.fields, *(answer.fields for answer in entry.answers)):
            for path, field in walk(fields):
                assert field.label, path
                assert bool(field.choices) == (field.type in (*closed, FieldType.OFFENCES)), f"{entry.code} {path}"


VERSION = Path(catalogue.__file__).with_name("v1")
FIELD_KEYS = """use name type label help required citation source_tag list fields past order minimum maximum needed_with ask
 no_personal_data forbidden_words"""
ANSWER_KEYS = """code title help by signers decides executes discloses withheld right stage leads_to after noted needs effect citation
 source_tag checked fields any_of"""
CLOCK_KEYS = """use code label starts days hours terms until counting of receipt_day end_on_working_day minimum alarm_days alarm_percent
 audience at stops certificate article source_tag checked"""
ENTRY_KEYS = """code opens group family title summary article source_tag checked by parents parent_states right answer_right authority
 audience rings scope rights_check domestic_order reservation specific any_of withheld effect grounds ground_needs signers urgency
 offers fields answers clocks next stage leads_to after noted needs"""
SHARED_KEYS = {"lists", "urgency", "words", "clocks", "grounds"}


def strangers(rows: Iterable[Mapping[str, Any]], keys: str) -> set[str]:
    return {key for row in rows for key in row} - set(keys.split())


def strange_fields(fields: Iterable[Mapping[str, Any]]) -> set[str]:
    rows = list(fields)
    return strangers(rows, FIELD_KEYS).union(*(strange_fields(row.get("fields", ())) for row in rows), set())


@pytest.mark.parametrize("file", sorted(VERSION.glob("*.toml")), ids=lambda file: file.name)
def test_no_file_has_a_key_that_nobody_reads(file):
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    if file.name == "fields.toml":
        assert not strange_fields(read.values())
    elif file.name == "answers.toml":
        assert not strangers(read.values(), ANSWER_KEYS)
        assert not strange_fields(field for row in read.values() for field in row.get("fields", ()))
    elif file.name == "codes.toml":
        assert set(read) <= SHARED_KEYS
        assert not strangers(read["clocks"].values(), CLOCK_KEYS)
        assert not strangers(read["grounds"].values(), "citation only_if never")
    elif file.name == "offences.toml":
        rows = [row for row in read.values() if isinstance(row, dict)]
        assert not strangers(rows, "title article convention marker asks source_tag")
    else:
        assert not strangers([read], ENTRY_KEYS)
        assert not strange_fields(read["fields"])
        assert not strangers(read.get("answers", ()), ANSWER_KEYS)
        assert not strange_fields(field for row in read.get("answers", ()) for field in row.get("fields", ()))
        assert not strangers(read.get("clocks", ()), CLOCK_KEYS)
        assert not strangers(read.get("next", ()), "kind label after by to carry")
        assert not strangers(read.get("offers", ()), "code kind label")
