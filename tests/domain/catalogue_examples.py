"""The catalogue and the acceptance cases as its tests read them."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from contactpoint.domain.catalogue import Entry, Opens, check_body, load
from contactpoint.domain.catalogue.model import Field
from contactpoint.domain.values import parse_instant
from tests.domain.domain_examples import CASES, ENVELOPE_KEYS

CATALOGUE = load()
TYPES = tuple(entry for entry in CATALOGUE.entries.values() if entry.opens is not Opens.MOVE)


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
