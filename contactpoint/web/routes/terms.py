"""Terms and codes: what the catalogue says in the reader's language, beside the English that it was translated from."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Entry, Field
from contactpoint.web.render import page
from contactpoint.web.visitor import SignedIn

router = APIRouter()


@router.get("/terms")
async def every_type(seen: SignedIn) -> Response:
    """The types, then what they share: offences, grounds, closed lists."""
    catalogue = catalogues.load()
    entries = list(catalogue.entries.values())
    shared = [(each.code, each.title, each.article) for each in catalogue.offences.values()]
    shared += [(each.code, each.label, each.citation) for each in catalogue.all_grounds.values()]
    shared += [(code, label, "") for words in catalogue.lists.values() for code, label in words.items()]
    return page(seen, "terms.html", {"entry": None, "entries": entries, "rows": shared})


@router.get("/terms/{kind}")
async def one_type(kind: str, seen: SignedIn) -> Response:
    """One type: every label of its form and of its answers."""
    catalogue = catalogues.load()
    if kind not in catalogue:
        raise HTTPException(404)
    entry = catalogue[kind]
    return page(seen, "terms.html", {"entry": entry, "entries": (), "rows": list(_rows(entry))})


def _rows(entry: Entry) -> Iterator[tuple[str, str, str]]:
    yield from ((entry.code, entry.title, entry.article), ("", entry.summary, ""))
    yield from _rows_of(entry.fields)
    for answer in entry.answers:
        yield (answer.code, answer.title, answer.citation.article)
        yield from _rows_of(answer.fields)
    yield from ((clock.code, clock.label, clock.citation.article) for clock in entry.clocks)


def _rows_of(fields: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for field in fields:
        yield (prefix + field.name, field.label, field.citation)
        if field.help:
            yield ("", field.help, "")
        yield from _rows_of(field.fields, f"{prefix}{field.name}.")
