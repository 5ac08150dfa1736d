"""Turns `--spoke-with "..."` into a field of an answer, by the catalogue's own list of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactpoint.cli.casefile import LARGEST_NUMBER, read_fields
from contactpoint.cli.errors import CommandError
from contactpoint.domain.catalogue import Catalogue, Field, FieldType, Opens
from contactpoint.settings import nearest

_LISTS = frozenset(
    (
        FieldType.CHOICES,
        FieldType.TEXTS,
        FieldType.FIELD_CODES,
        FieldType.OFFENCES,
        FieldType.LABELS,
        FieldType.PACKAGES,
    )
)
_YES = {"true": True, "yes": True, "false": False, "no": False}


def fields_of(catalogue: Catalogue, kind: str) -> tuple[Field, ...]:
    """The fields of an answer or move, whichever request it is about. CommandError when the catalogue knows none."""
    moves = {entry.code: entry.fields for entry in catalogue.entries.values() if entry.opens is Opens.MOVE}
    answers = [answer for entry in catalogue.entries.values() for answer in entry.answers]
    known = moves.keys() | {answer.code for answer in answers}
    if kind not in known and kind in catalogue.entries:
        raise CommandError(
            f"{kind} is a request of its own, not an answer.",
            f"Run `contactpoint draft {kind} --from ID --as OFFICER`, write it into a file, then `send` it",
        )
    if kind not in known:
        raise CommandError(f"There is no answer {kind!r}.", nearest(kind, known))
    found = [*moves.get(kind, ()), *(field for answer in answers if answer.code == kind for field in answer.fields)]
    return tuple({field.name: field for field in found}.values())


def read_body(fields: tuple[Field, ...], file: Path | None, arguments: list[str]) -> dict[str, Any]:
    """The answer's body from a file, from options, or from both; an option wins. CommandError for an unknown field."""
    body = read_fields(file, fields) if file is not None else {}
    for path, text in _pairs(arguments):
        _set(body, path, text, {field.name: field for field in fields})
    return body


def _pairs(arguments: list[str]) -> list[tuple[str, str]]:
    pairs = []
    rest = list(arguments)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise CommandError(f"{option!r} stands alone.", "Write each field as --name value.")
        name, given, value = option[2:].partition("=")
        if not given:
            # the next word is the value, unless it is an option itself: then this one is a yes
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        pairs.append((name.replace("-", "_"), value))
    return pairs


def _set(body: dict[str, Any], path: str, text: str, fields: Mapping[str, Field]) -> None:
    name, _, inner = path.partition(".")
    if name not in fields:
        raise CommandError(f"This answer has no field {name!r}.", nearest(name, fields) + " Write it as --name value.")
    field = fields[name]
    if inner:
        group = body.setdefault(name, {})
        _set(group, inner, text, {f.name: f for f in field.fields})
    elif field.type in _LISTS:
        body.setdefault(name, []).append(text)
    else:
        body[name] = _value(field, text)


def _value(field: Field, text: str) -> Any:
    if field.type in (FieldType.BOOLEAN, FieldType.MUST_BE_TRUE):
        if text not in _YES:
            raise CommandError(f"{field.name!r} is yes or no, not {text!r}.", "Write --name yes or --name no.")
        return _YES[text]
    if field.type is FieldType.INTEGER:
        digits = text.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 16 or int(digits) > LARGEST_NUMBER:
            raise CommandError(f"{field.name!r} is a whole number, not {text!r}.", "Write digits only.")
        return int(text)
    if field.type is FieldType.GROUP:
        names = ", ".join(f"--{field.name}.{inner.name}" for inner in field.fields)
        raise CommandError(f"{field.name!r} has parts.", f"Write {names}.")
    return text
