"""Bodies that fit any form of the catalogue: every field, or only what is mandatory, drawn from its types and limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from contactpoint.domain.case import Request
from contactpoint.domain.catalogue import Answer, Consequence, Entry, Field, FieldType, Required
from contactpoint.domain.values import Urgency, spell_instant

_NEED_MORE = ("HC-SECRET-UNTIL", "HC-RETAIN", "HC-ONWARD")
"""Labels that name a date or States beside their code."""


def filled(form: Entry | Answer, now: datetime, *, everything: bool = False, offence: Any = "O-07") -> dict[str, Any]:
    """Promise: a body that has no blocking problem at ``now``."""
    body = _fields(form.fields, now, everything, offence)
    for names in form.any_of:
        if not any(name in body for name in names):
            field = next(field for field in form.fields if field.name == names[0])
            body[field.name] = _value(field, now, everything, offence)
    return body


def _fields(fields: Sequence[Field], now: datetime, everything: bool, offence: Any) -> dict[str, Any]:
    body = {
        field.name: _value(field, now, everything, offence)
        for field in fields
        if (everything and _has_choice(field)) or field.required is not Required.OPTIONAL
    }
    for field in fields:
        if field.name not in body and field.needed_with is not None and _stands(body, field.needed_with):
            body[field.name] = _value(field, now, everything, offence)
    return body


def fitting(form: Entry | Answer, about: Request, now: datetime, number: int) -> dict[str, Any]:
    """A body that fits this request as it stands: what must grow from one letter to the next grows with ``number``."""
    body = filled(form, now)
    match form.consequence:
        case Consequence.EXTENDS:
            body["new_expiry"] = spell_instant(now + timedelta(days=3650 + number))
        case Consequence.LOWERS:
            body["class"] = next((each.value for each in Urgency if each > about.weight), "U3")
        case Consequence.MEMBERS:
            body["number"] = about.roster + 1
    return body


def _has_choice(field: Field) -> bool:
    """A type that opens no ground has nothing to name in a ground's field."""
    return field.type is not FieldType.GROUND or any(not choice.closed for choice in field.choices)


def _stands(body: Mapping[str, Any], needed: tuple[str, str | None]) -> bool:
    value = body.get(needed[0])
    return value is not None if needed[1] is None else str(value).lower() == needed[1].lower()


def _value(field: Field, now: datetime, everything: bool, offence: Any) -> Any:
    match field.type:
        case FieldType.BOOLEAN:
            return False
        case FieldType.MUST_BE_TRUE:
            return True
        case FieldType.INTEGER:
            return max(field.minimum or 1, 1)
        case FieldType.INSTANT:
            return spell_instant(now - timedelta(hours=1) if field.past else now + timedelta(days=30))
        case FieldType.DATE:
            return (now + timedelta(days=30)).date().isoformat()
        case FieldType.GROUND:
            return [choice.code for choice in field.choices if not choice.closed][
                -1
            ]  # the first may need a step before
        case FieldType.CHOICE:
            return field.choices[0].code
        case FieldType.CHOICES | FieldType.FIELD_CODES:
            return [field.choices[0].code]
        case FieldType.OFFENCES:
            return [offence]
        case FieldType.TEXTS:
            return ["host.example"]
        case FieldType.GROUP:
            inner = _fields(field.fields, now, everything, offence)
            for first, second in zip(field.order, field.order[1:], strict=False):
                if first in inner and second in inner:
                    inner[first] = spell_instant(now - timedelta(days=2))
            return inner or {field.fields[0].name: _value(field.fields[0], now, everything, offence)}
        case _:
            return _other(field)


def _other(field: Field) -> Any:
    """Types that a later edition of the model brings are named here, so that a new one is noticed."""
    if field.type.value in ("text", "long-text"):
        return f"{field.name} of the example"
    if field.type.value == "labels":
        return [{"code": next(choice.code for choice in field.choices if choice.code not in _NEED_MORE)}]
    if field.type.value == "packages":
        return [{"case": "a-case", "letter": "a-letter"}]
    raise AssertionError(f"no example of the type {field.type.value}")
