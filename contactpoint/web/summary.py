"""A statement's body as a summary list: the catalogue's labels beside what was written, nothing left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactpoint.domain.catalogue import Catalogue, Choice, Field, FieldType
from contactpoint.domain.errors import DateError
from contactpoint.domain.values import parse_instant
from contactpoint.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Line:
    """One label and its values; ``children`` stand instead of values. ``coded`` values are ours and are translated, others
    are foreign text and are not. ``known`` is false where the catalogue has no such field.
    """

    path: str
    label: str
    values: tuple[str, ...]
    coded: bool
    children: tuple[Line, ...]
    known: bool = True
    instants: tuple[datetime, ...] = ()


def summary(fields: Sequence[Field], body: Mapping[str, Any], prefix: str = "") -> tuple[Line, ...]:
    """The body in the catalogue's order; what the catalogue does not know comes last, under its own name."""
    known = {field.name for field in fields}
    told = [_line(field, body[field.name], prefix) for field in fields if field.name in body]
    rest = [_foreign(name, value, prefix) for name, value in body.items() if name not in known]
    return tuple(told + rest)


def fields_of(kind: str, asked: str | None, catalogue: Catalogue) -> tuple[Field, ...]:
    """The fields of a letter: an entry's own, or those of an answer to ``asked``; none for a kind not known here."""
    if kind in catalogue:
        return catalogue[kind].fields
    if asked is not None and asked in catalogue:
        for answer in catalogue[asked].answers:
            if answer.code == kind:
                return answer.fields
    return ()


def _line(field: Field, value: Any, prefix: str) -> Line:
    path = prefix + field.name
    if field.type is FieldType.GROUP and isinstance(value, Mapping):
        return Line(path, field.label, (), False, summary(field.fields, value, f"{path}."))
    choices = {choice.code: choice for choice in field.choices}
    values = tuple(_value(each, choices) for each in (value if isinstance(value, list | tuple) else (value,)))
    coded = bool(choices) or field.type in (FieldType.BOOLEAN, FieldType.MUST_BE_TRUE)
    instants = tuple(_instants(values)) if field.type is FieldType.INSTANT else ()
    return Line(path, field.label, values, coded, (), instants=instants)


def _instants(values: Sequence[str]) -> Iterator[datetime]:
    """Those that are instants; the others stay foreign text, shown as they were written."""
    for value in values:
        with suppress(DateError):
            yield parse_instant(value)


def _value(value: Any, choices: Mapping[str, Choice]) -> str:
    if isinstance(value, Mapping):
        return " · ".join(_value(each, choices) for each in value.values())
    return choices[value].label if isinstance(value, str) and value in choices else _text(value)


def _foreign(name: str, value: Any, prefix: str) -> Line:
    if isinstance(value, Mapping):
        return Line(
            prefix + name,
            name,
            (),
            False,
            tuple(_foreign(key, each, f"{prefix}{name}.") for key, each in value.items()),
            False,
        )
    values = value if isinstance(value, list | tuple) else (value,)
    return Line(prefix + name, name, tuple(_text(each) for each in values), False, (), False)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return N_("Yes") if value else N_("No")
    return value.hex() if isinstance(value, bytes) else str(value)
