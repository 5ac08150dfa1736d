"""A type's form as JSON Schema (draft 2020-12), drawn from the catalogue: what another program writes, it can check before it asks.

Promise: a body that fits the schema has no wrong kind of value, no unknown field and no mandatory field left out. What needs a clock (data
in the future), another field's words or an officer's judgement stays with `check_body`, which looks at every body anyway.

`python -m contactpoint.domain.catalogue.schema PRES-NEW` prints the request's schema, with a second code (EXECUTED) that of an answer.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.check import PAST, UNKNOWN
from contactpoint.domain.catalogue.model import Answer, Catalogue, Choice, Entry, Field
from contactpoint.domain.catalogue.words import FieldType, Required

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_WRITTEN = r"\S"  # blanks alone are no text


def form_schema(catalogue: Catalogue, kind: str, answer: str = "") -> Schema:
    """Promise: the schema of a request's body, or of an answer to it. Raises CatalogueError for a code that there is not."""
    entry = catalogue[kind]
    form: Entry | Answer = entry.answer(answer) if answer else entry
    name = ":".join(filter(None, (kind, answer)))
    head: Schema = {
        "$schema": DIALECT,
        "$id": f"urn:contactpoint:catalogue:{catalogue.version}:{name}",
        "title": form.title,
        **_cited(form.citation.article, form.citation.source_tag, form.citation.checked),
    }
    described = {"description": form.summary} if isinstance(form, Entry) else {}
    any_of = [{"anyOf": [{"required": [one]} for one in names]} for names in form.any_of]
    return {**head, **described, **_object(form.fields, any_of)}


def _cited(article: str, tag: str, checked: bool = False) -> Schema:
    return {"x-citation": article, "x-source-tag": tag or "D", "x-checked": checked} if article else {}


def _object(fields: Iterable[Field], more: Iterable[Schema] = ()) -> Schema:
    every = tuple(fields)
    found: Schema = {
        "type": "object",
        "properties": {field.name: _property(field) for field in every},
        "required": [field.name for field in every if field.required is not Required.OPTIONAL],
        "additionalProperties": False,
    }
    conditions = [*more, *(each for each in map(_needed_with, every) if each)]
    return {**found, "allOf": conditions} if conditions else found


def _needed_with(field: Field) -> Schema:
    if field.needed_with is None or field.needed_with[1] == PAST:
        return {}
    name, value = field.needed_with
    if value is None:
        return {"dependentRequired": {name: [field.name]}}
    beside = {"const": value == "true"} if value in ("true", "false") else {"const": value}
    return {"if": {"properties": {name: beside}, "required": [name]}, "then": {"required": [field.name]}}


def _property(field: Field) -> Schema:
    told = {"title": field.label, **({"description": field.help} if field.help else {})}
    value = _value(field)
    if field.required is Required.MAY_BE_UNKNOWN:
        value = {"anyOf": [{"const": UNKNOWN}, value]}
    return {**told, **_cited(field.citation, field.source_tag), **value}


def _value(field: Field) -> Schema:
    plain = _PLAIN.get(field.type)
    if plain is not None:
        return dict(plain)
    match field.type:
        case FieldType.INTEGER:
            limits = {"minimum": field.minimum, "maximum": field.maximum}
            return {"type": "integer", **{name: limit for name, limit in limits.items() if limit is not None}}
        case FieldType.CHOICE | FieldType.GROUND:
            return {"enum": _codes(field.choices)}
        case FieldType.CHOICES | FieldType.FIELD_CODES:
            return {"type": "array", "minItems": 1, "items": {"enum": _codes(field.choices)}}
        case FieldType.OFFENCES:
            return {"type": "array", "minItems": 1, "items": _offence(field)}
        case _:
            return _object(field.fields)


_TEXT: Schema = {"type": "string", "maxLength": 20_000, "pattern": _WRITTEN}
_PLAIN: Mapping[FieldType, Schema] = {
    FieldType.TEXT: _TEXT,
    FieldType.LONG_TEXT: _TEXT,
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.MUST_BE_TRUE: {"const": True},
    FieldType.INSTANT: {"type": "string", "pattern": _INSTANT},
    FieldType.DATE: {"type": "string", "pattern": _DATE},
    FieldType.TEXTS: {"type": "array", "minItems": 1, "items": {"type": "string"}},
    # Codes with what stands beside them have several spellings; `check_body` reads them.
    FieldType.LABELS: {"type": ["array", "object", "string"]},
    FieldType.PACKAGES: {"type": "array", "items": {"type": ["object", "string"]}},
}


def _codes(choices: Iterable[Choice]) -> list[str]:
    return [choice.code for choice in choices]


def _offence(field: Field) -> Schema:
    """A code, or a map with the code and what it asks for; the treaty's own name may stand in brackets behind the code."""
    codes = "|".join(re.escape(code) for code in _codes(field.choices))
    code = {"type": "string", "pattern": rf"^({codes})(\(.*\))?$"}
    row = _object(field.fields)
    return {"anyOf": [code, {**row, "properties": {**row["properties"], "code": code}}]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(form_schema(load(), *sys.argv[1:3]), ensure_ascii=False, indent=2) + "\n")
