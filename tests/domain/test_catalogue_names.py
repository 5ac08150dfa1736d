"""Whatever the catalogue's files name is there: fields, answers, statuses, types, and no key that nobody reads."""

import shutil
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contactpoint.desk.officers import RIGHTS
from contactpoint.domain import catalogue
from contactpoint.domain.catalogue import Entry
from contactpoint.domain.catalogue.model import Field
from contactpoint.domain.catalogue.reading import read_catalogue
from contactpoint.domain.catalogue.words import Counting, FieldType, Stage
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Side
from tests.domain.catalogue_examples import CATALOGUE, TYPES, case, walk

VERSION = Path(catalogue.__file__).with_name("v1")
FIELD_KEYS = """use name type label help required citation source_tag list fields past order minimum maximum needed_with ask
 no_personal_data forbidden_words text_part"""
ANSWER_KEYS = """code title help by signers decides executes discloses withheld right stage leads_to after noted needs effect citation
 source_tag checked fields any_of"""
CLOCK_KEYS = """use code label starts days hours terms until counting of receipt_day end_on_working_day minimum alarm_days alarm_percent
 audience at stops certificate article source_tag checked"""
ENTRY_KEYS = """code opens group family title summary article source_tag checked by parents parent_states right answer_right authority
 calls audience rings rings_back station scope rights_check executes domestic_order reservation specific any_of withheld effect
 grounds ground_needs signers urgency offers fields answers clocks next stage leads_to after noted needs"""
SHARED_KEYS = {"lists", "urgency", "words", "clocks", "grounds"}


def test_every_name_that_the_data_mention_exists():
    for entry in TYPES:
        places = dict(walk(entry.fields))
        answers = {answer.code for answer in entry.answers}
        known = answers | set(entry.stages) | {stage.value for stage in Stage}
        assert set(entry.parents) <= set(CATALOGUE.entries)
        assert {*entry.specific, *entry.withheld, *(name for names in entry.any_of for name in names)} <= set(places)
        assert set(entry.ground_needs) <= {ground.code for ground in entry.grounds}
        assert {offer.kind for offer in entry.offers} <= set(CATALOGUE.entries)
        assert entry.calls in ("duty", *RIGHTS)
        for _, field in walk(entry.fields):
            assert field.text_part in ("", *(inner.name for inner in field.fields))
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


def names_a_place(fields: tuple[Field, ...], path: str) -> bool:
    """Whether a path names a field of a form, or the date of a label inside one: `conditions.HC-RETAIN`."""
    places = dict(walk(fields))
    name, _, code = path.rpartition(".")
    labels = places.get(name)
    if labels is not None and labels.type is FieldType.LABELS:
        return code in {choice.code for choice in labels.choices}
    return path in places


def is_said(entry: Entry, source: str) -> bool:
    """Whether what a clock counts from, or until, is there: the letter, a field of it, an answer, or a field of an answer."""
    kind, _, name = source.partition(":")
    if kind == "answer":
        codes, _, place = name.partition(".")
        return all(not place or names_a_place(entry.answer(code).fields, place) for code in codes.split("|"))
    return kind == "request" or (kind == "field" and names_a_place(entry.fields, name))


def test_every_clock_starts_and_stops_with_something_that_is_said():
    every = {code for entry in TYPES for code in (*entry.stages, *(answer.code for answer in entry.answers))}
    for entry in TYPES:
        for clock in entry.clocks:
            for source in filter(None, (clock.starts, clock.until)):
                assert is_said(entry, source), f"{entry.code} {clock.code} {source}"
            assert {*clock.stops, "WITHDRAWN"} <= every
            assert clock.days is not None or clock.hours is not None or clock.terms or clock.until


def test_a_closed_list_stands_behind_every_choice():
    closed = (FieldType.CHOICE, FieldType.CHOICES, FieldType.LABELS, FieldType.GROUND, FieldType.FIELD_CODES)
    for entry in CATALOGUE.entries.values():
        for fields in (entry.fields, *(answer.fields for answer in entry.answers)):
            for path, field in walk(fields):
                assert field.label, path
                assert bool(field.choices) == (field.type in (*closed, FieldType.OFFENCES)), f"{entry.code} {path}"


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


def test_how_a_term_is_counted_stands_in_the_file_and_a_word_that_nobody_knows_is_refused(tmp_path):
    rule = 'counting = "working"\nof = "requester"\nreceipt_day = "counted"\nend_on_working_day = true\n'
    folder = Path(shutil.copytree(VERSION, tmp_path / "v1"))
    file = folder / "pres-new.toml"
    text = file.read_text(encoding="utf-8")
    place = 'days = 90\ncounting = "calendar"\n'
    assert place in text
    file.write_text(text.replace(place, "days = 90\n" + rule), encoding="utf-8")
    clocks = {clock.code: clock for clock in read_catalogue("1", folder)["PRES-NEW"].clocks}
    order, floor = clocks["DOMESTIC-90"], clocks["PRES-60"]
    assert (order.counting, order.of) == (Counting.WORKING, Side.REQUESTER)
    assert order.receipt_day_counts and order.end_on_working_day
    assert not floor.receipt_day_counts
    file.write_text(text.replace(place, place + 'receipt_day = "perhaps"\n'), encoding="utf-8")
    with pytest.raises(CatalogueError):
        read_catalogue("1", folder)
