"""The coded texts: what the catalogue says in words that a lawyer must compare with the law, in every language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Answer, Entry, Field
from contactpoint.web.labels import WORDS


def texts_of_catalogue(version: str) -> Iterator[str]:
    """Titles, labels, help, choices, grounds, offences, clocks and next steps of one version; some come twice."""
    catalogue = catalogues.load(version)
    for entry in catalogue.entries.values():
        yield from _texts_of_entry(entry)
    for ground in catalogue.all_grounds.values():
        yield from (ground.label, ground.only_if)
    for offence in catalogue.offences.values():
        yield offence.title
    for words in catalogue.lists.values():
        yield from words.values()


def _texts_of_entry(entry: Entry) -> Iterator[str]:
    yield from (entry.title, entry.summary, *_texts_of_fields(entry.fields))
    for answer in entry.answers:
        yield from _texts_of_answer(answer)
    yield from (clock.label for clock in entry.clocks)
    yield from (offer.label for offer in entry.offers)
    yield from (step.label for step in entry.next_steps)
    yield from entry.urgency_texts.values()


def _texts_of_answer(answer: Answer) -> Iterator[str]:
    yield from (answer.title, answer.help, *_texts_of_fields(answer.fields))
    yield from (offer.label for offer in answer.offers)


def _texts_of_fields(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        yield from (field.label, field.help)
        yield from (choice.label for choice in field.choices)
        yield from _texts_of_fields(field.fields)


@lru_cache(maxsize=1)
def coded_texts() -> frozenset[str]:
    """All of them, of every version that ships."""
    return frozenset(text for version in catalogues.VERSIONS for text in texts_of_catalogue(version) if text)


def title_of(kind: str, asked: str = "") -> str:
    """What a kind of letter is called: a type by its entry, an answer by the type it answers (``asked``; else the first that has it)."""
    catalogue = catalogues.load()
    if kind in catalogue:
        return catalogue[kind].title
    entries = [catalogue[asked]] if asked in catalogue else list(catalogue.entries.values())
    found = (answer.title for entry in entries if (answer := entry.offered(kind)) is not None)
    return next(found, WORDS.get(kind, kind))


def status_of(status: str, kind: str) -> str:
    """What the status of a request of this kind is called: the console's own word for it, else the answer that leads there."""
    if status in WORDS or kind not in catalogues.load():
        return WORDS.get(status, status)
    answers = catalogues.load()[kind].answers
    return next((answer.title for answer in answers if answer.leads_to == status), status)
