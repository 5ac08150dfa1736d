"""Writes a case file as far as it is known; what is still asked stands there as a comment, ready to be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from contactpoint.cli.output import clean, plain
from contactpoint.desk.views import Draft
from contactpoint.domain.catalogue import Entry, Field, FieldType
from contactpoint.domain.catalogue.words import Required


def draft_file(entry: Entry, own: str, draft: Draft) -> tuple[str, list[str]]:
    """(the file's text, the keys that must still be filled in)."""
    missing: list[str] = []
    head = {"type": entry.code, "from": own, "to": draft.recipient, "urgency": draft.urgency, "parent": draft.parent}
    lines = [f"# {entry.title} ({entry.citation.article}), started from {draft.parent}"]
    for name, value in head.items():
        if value:
            lines += _written({name: value})
        elif name != "parent":
            missing.append(name)
            lines.append(f"# {name}:   <- {_told(entry, name)}")
    for field in entry.fields:
        lines += _field(field, draft.body.get(field.name), field.name, 0, missing)
    return "\n".join(lines) + "\n", missing


def _told(entry: Entry, name: str) -> str:
    return "one of " + ", ".join(entry.urgencies) if name == "urgency" else "a State's code"


def _field(field: Field, value: Any, place: str, depth: int, missing: list[str]) -> Iterator[str]:
    space = "  " * depth
    if field.type is FieldType.GROUP and isinstance(value, dict) and value:
        yield f"{space}{field.name}:"
        for inner in field.fields:
            yield from _field(inner, value.get(inner.name), f"{place}.{inner.name}", depth + 1, missing)
    elif value is not None:
        yield from (space + line for line in _written({field.name: value}))
    elif field.required is not Required.OPTIONAL:
        missing.append(place)
        yield f"{space}# {field.name}:   <- {_asked(field)}"


def _asked(field: Field) -> str:
    text = clean(field.label).replace("\n", " ")
    if field.fields:
        parts = ", ".join(inner.name for inner in field.fields)
        return f"{text} ({parts})"
    if field.choices and field.type in (FieldType.CHOICE, FieldType.CHOICES):
        return f"{text}: " + ", ".join(choice.code for choice in field.choices[:12])
    return f"{text}: true" if field.type is FieldType.MUST_BE_TRUE else text


def _written(pair: dict[str, Any]) -> list[str]:
    """One key as YAML that the reader of case files takes back unchanged: foreign text keeps to its own line or is quoted."""
    text = yaml.safe_dump(plain(pair), allow_unicode=True, sort_keys=False, width=100)
    return text.rstrip("\n").split("\n")
