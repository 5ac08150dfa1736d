"""A statement's body as a summary list: the catalogue's labels beside what was written, nothing left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactpoint.desk.conditions import CLOSED, DECLINED
from contactpoint.domain.catalogue import UNKNOWN, Catalogue, Choice, Field, FieldType
from contactpoint.domain.errors import DateError
from contactpoint.domain.labels import UNREADABLE
from contactpoint.domain.values import parse_instant
from contactpoint.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Piece:
    """One word or text of a value. What the catalogue says is ``coded``: it is shown in the reader's language with its ``code``
    as it was signed. Everything else is foreign text in the writer's language and stays as it is."""

    text: str
    coded: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One label and its values, each of one piece or more; ``children`` stand instead of values. ``known`` is false where the
    catalogue has no such field: then the label is the field's own name."""

    path: str
    label: str
    values: tuple[tuple[Piece, ...], ...] = ()
    children: tuple[Line, ...] = ()
    known: bool = True
    instants: tuple[datetime, ...] = ()


def summary(fields: Sequence[Field], body: Mapping[str, Any], prefix: str = "") -> tuple[Line, ...]:
    """The body in the catalogue's order; what the catalogue does not know comes last, under its own name."""
    known = {field.name for field in fields}
    told = [_line(field, body[field.name], prefix) for field in fields if field.name in body]
    return (*told, *(_foreign(name, value, prefix) for name, value in body.items() if name not in known))


def as_signed(body: Mapping[str, Any]) -> tuple[Line, ...]:
    """The body as its bytes have it: names and codes, no words of ours."""
    return summary((), body)


def fields_of(kind: str, asked: str | None, catalogue: Catalogue) -> tuple[Field, ...]:
    """The fields of a letter: an entry's own, or those of an answer to ``asked``; none for a kind not known here."""
    if kind in catalogue:
        return catalogue[kind].fields
    if asked is not None and asked in catalogue:
        answer = catalogue[asked].offered(kind)
        return answer.fields if answer else ()
    return ()


def _line(field: Field, value: Any, prefix: str) -> Line:
    path = prefix + field.name
    if field.type is FieldType.GROUP and isinstance(value, Mapping):
        return Line(path, field.label, children=summary(field.fields, value, f"{path}."))
    rows = value if isinstance(value, list | tuple) else (value,)
    if field.type is FieldType.PACKAGES and any(isinstance(row, Mapping) for row in rows):
        return Line(path, field.label, children=_numbered(rows, path))
    choices = {choice.code: choice for choice in field.choices}
    values = tuple(tuple(_pieces(row, choices)) for row in rows)
    instants = tuple(_instants(rows)) if field.type is FieldType.INSTANT else ()
    return Line(path, field.label, values, instants=instants)


def _instants(values: Sequence[Any]) -> Iterator[datetime]:
    """Those that are instants; the others stay foreign text, shown as they were written."""
    for value in values:
        if isinstance(value, str):
            with suppress(DateError):
                yield parse_instant(value)


def _pieces(value: Any, choices: Mapping[str, Choice]) -> Iterator[Piece]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _pieces(inner, choices)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _pieces(inner, choices)
    elif isinstance(value, bool):
        yield Piece(N_("Yes") if value else N_("No"), coded=True)
    elif isinstance(value, str) and (code := value.split("(")[0]) in choices:
        yield Piece(choices[code].label, coded=True, code=value)
    elif value == UNKNOWN:
        yield Piece(N_("Unknown"), coded=True)
    elif value in (CLOSED, DECLINED):
        yield Piece(value, coded=True)
    elif value == UNREADABLE:
        yield Piece(N_("A condition that cannot be read: it binds"), coded=True, code=UNREADABLE)
    else:
        yield Piece(value.hex() if isinstance(value, bytes) else str(value))


def _foreign(name: str, value: Any, prefix: str) -> Line:
    path = prefix + name
    if isinstance(value, Mapping):
        return Line(path, name, children=_inside(value, path), known=False)
    rows = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(row, Mapping) for row in rows):
        return Line(path, name, children=_numbered(rows, path), known=False)
    return Line(path, name, tuple((Piece(_spelled(row)),) for row in rows), known=False)


def _inside(value: Mapping[str, Any], path: str) -> tuple[Line, ...]:
    return tuple(_foreign(key, each, f"{path}.") for key, each in value.items())


def _numbered(rows: Sequence[Any], path: str) -> tuple[Line, ...]:
    return tuple(_foreign(str(place), row, f"{path}.") for place, row in enumerate(rows, 1))


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.hex() if isinstance(value, bytes) else str(value)
