"""A part of its own for one of several States, where a type gives content that opens under conditions (Article 40(4))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from contactpoint.desk.views import Draft
from contactpoint.domain.catalogue import Entry, Field, FieldType
from contactpoint.domain.catalogue.words import Audience
from contactpoint.web.visitor import text

ROWS = 8
"""Parts that one form can hold; more States than that have a case file of their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One part as the form draws it: the names of its two controls, and what stands in them."""

    state_name: str
    text_name: str
    state: str
    text: str


def divided(entry: Entry) -> Field | None:
    """The field of a type that may differ from State to State, or None."""
    if entry.audience is Audience.ONE:
        return None
    texts = (FieldType.TEXT, FieldType.LONG_TEXT)
    return next((each for each in entry.fields if each.name in entry.withheld and each.type in texts), None)


def read_subsets(form: FormData, entry: Entry, to: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    """The parts that were written, by State; those of States that get no letter are left out."""
    part, named = divided(entry), set(to)
    if part is None:
        return {}
    rows = ((text(form, f"part.{row}.state"), text(form, f"part.{row}.text")) for row in range(ROWS))
    return {state: {part.name: words} for state, words in rows if state in named and words}


def rows(draft: Draft, entry: Entry) -> tuple[Row, ...]:
    """The rows of the form, those that are filled first; none where the type is not divided."""
    part = divided(entry)
    if part is None:
        return ()
    filled = [(state, str(body.get(part.name, ""))) for state, body in draft.subsets.items()][:ROWS]
    every = filled + [("", "")] * (ROWS - len(filled))
    return tuple(Row(f"part.{n}.state", f"part.{n}.text", state, words) for n, (state, words) in enumerate(every))
