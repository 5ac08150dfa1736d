"""The schemas that other programs check against are drawn from the catalogue and say what its own check says."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contactpoint.domain.catalogue import check_body
from contactpoint.domain.catalogue.schema import form_schema
from contactpoint.domain.catalogue.words import Required
from contactpoint.domain.errors import CatalogueError
from tests.domain.catalogue_examples import CATALOGUE, TYPES, case, rows_of_cases
from tests.domain.domain_examples import T0
from tests.domain.filled import filled


def fits(schema: dict[str, Any], body: Any) -> bool:
    return Draft202012Validator(schema).is_valid(body)


@pytest.mark.parametrize("kind", [entry.code for entry in TYPES])
def test_what_fits_a_form_fits_its_schema_and_what_lacks_a_mandatory_field_fits_neither(kind):
    entry = CATALOGUE[kind]
    for answer in ("", *(each.code for each in entry.answers)):
        form, schema = entry.answer(answer) if answer else entry, form_schema(CATALOGUE, kind, answer)
        Draft202012Validator.check_schema(schema)
        body = filled(form, T0, everything=True)
        assert fits(schema, body), (kind, answer, list(Draft202012Validator(schema).iter_errors(body)))
        assert not fits(schema, {**body, "invented": "field"})
        for field in form.fields:
            if field.required is not Required.OPTIONAL:
                lacking = {name: value for name, value in body.items() if name != field.name}
                assert not fits(schema, lacking), f"{kind} {answer} {field.name}"
                assert any(each.blocks for each in check_body(form, lacking, T0))


@pytest.mark.parametrize("row", rows_of_cases(), ids=lambda row: row["id"])
def test_every_case_fits_the_schema_of_its_type(row):
    entry, body, _ = case(row["id"])
    assert list(Draft202012Validator(form_schema(CATALOGUE, entry.code)).iter_errors(body)) == []


@pytest.mark.parametrize(
    ("identity", "changes"),
    [
        ("A01", {"mla_intent": False}),
        ("A01", {"facts": "  "}),
        ("A01", {"offences": ["O-99"]}),
        ("A01", {"offences": "O-07"}),
        ("A01", {"wanted_days": 59}),
        (
            "A01",
            {
                "data": {
                    "classes": ["content-live"],
                    "what": "x",
                    "from": "2027-02-01T00:00Z",
                    "until": "2027-03-01T00:00Z",
                }
            },
        ),
        ("A03", {"extension_days": "60"}),
        ("A11", {"period": {"from": "yesterday", "until": "2027-03-04T12:00Z"}}),
        ("A18", {"method": None, "indicators": None}),
        ("A18", {"personal_data": True}),
        ("A21", {"consent": {"given": False, "before": "judge", "given_on": "2027-09-14"}}),
    ],
)
def test_what_the_check_stops_the_schema_stops_too(identity, changes):
    entry, body, at = case(identity, **changes)
    assert any(each.blocks for each in check_body(entry, body, at))
    assert not fits(form_schema(CATALOGUE, entry.code), body)


def test_a_schema_bears_its_citations_as_unchecked_and_a_code_that_is_none_is_refused():
    schema = form_schema(CATALOGUE, "PRES-NEW")
    assert schema["properties"]["necessity"]["x-citation"] == "42(3)(e)"
    assert schema["properties"]["necessity"]["x-checked"] is schema["x-checked"] is False
    assert schema["$id"] == "urn:contactpoint:catalogue:1:PRES-NEW"
    for wrong in (("NO-SUCH",), ("PRES-NEW", "GRANTED")):
        with pytest.raises(CatalogueError):
            form_schema(CATALOGUE, *wrong)
