"""What a letter asks to be accepted before it opens, and what was accepted, by signature, in either half.

Promise: what stays closed depends on the two halves and on nothing else. A letter's closed fields open only when the other side has
signed an acceptance that covers every label of that letter; an acceptance of looser labels, or by the giver itself, opens nothing; what was
declined never opens. The labels themselves are always open: nobody can accept what they cannot read.
Source: Articles 36, 40(5), 40(19) and 40(28).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.labels import Labels, binding, covers, labels_of, strictest
from contactpoint.domain.onward import PACKAGES, read_packages
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side

CONSENTS = frozenset({Consequence.ACCEPTS, Consequence.DECLINES})
"""What says yes or no to what the other side asks."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one letter asks. ``fields`` stay closed until it is accepted (none: an offer); ``place``: in its author's half."""

    side: Side
    place: int
    digest: bytes
    labels: Labels
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An officer's signed yes or no to what the other side asks. ``seen``: how many of the other half its author had."""

    side: Side
    place: int
    seen: int
    labels: Labels
    accepted: bool


def term_of(statement: Statement, form: Entry | Answer, side: Side, place: int) -> Term | None:
    """What this letter asks of its reader, or None. An offer, and a type whose content is withheld, ask also without a label."""
    packages = read_packages(statement.body[PACKAGES]) if PACKAGES in statement.body else ()
    # What comes back to its origin asks nothing of it.
    foreign = [package.labels for package in packages if package.origin != statement.recipient]
    carried = binding(strictest(*foreign))
    labels = strictest(binding(labels_of(statement.body)), carried)
    closed = [name for name in form.withheld if name in statement.body]
    if carried and PACKAGES not in closed:
        closed.append(PACKAGES)
    offers = isinstance(form, Answer) and form.consequence is Consequence.CONDITIONS
    always = offers or (isinstance(form, Entry) and bool(form.withheld))
    if not (closed or offers) or not (labels or always):
        return None
    return Term(side, place, statement.digest, labels, tuple(sorted(closed)))


def acceptance_of(
    statement: Statement, answer: Answer, side: Side, place: int, seen: int, terms: Iterable[Term]
) -> Acceptance | None:
    """The yes or no that this letter says, or None. A yes that repeats no labels means all that its author had before it."""
    if answer.consequence not in CONSENTS:
        return None
    labels = labels_of(statement.body)
    if not labels:
        labels = strictest(*(term.labels for term in terms if term.side is not side and term.place < seen))
    return Acceptance(side, place, seen, labels, answer.consequence is Consequence.ACCEPTS)


def open_terms(
    terms: Sequence[Term], acceptances: Sequence[Acceptance], reader: Side, seen: int | None = None
) -> tuple[Term, ...]:
    """What the other side asks of this reader and was neither accepted nor declined yet, of the first ``seen`` of its half."""
    return tuple(
        term
        for term in terms
        if term.side is not reader
        and (seen is None or term.place < seen)
        and not _accepted(term, acceptances)
        and not declined(term, acceptances)
    )


def closed_fields(
    terms: Sequence[Term], acceptances: Sequence[Acceptance], reader: Side, digest: bytes
) -> tuple[str, ...]:
    """The fields of this letter that its reader's desk does not open now; empty for the reader's own letters."""
    for term in terms:
        if term.digest == digest and term.side is not reader:
            stays = declined(term, acceptances) or not _accepted(term, acceptances)
            return term.fields if stays else ()
    return ()


def declined(term: Term, acceptances: Iterable[Acceptance]) -> bool:
    """Whether its reader, who had it, has said no: then it stays closed for good."""
    return any(not each.accepted and each.side is not term.side and each.seen > term.place for each in acceptances)


def _accepted(term: Term, acceptances: Iterable[Acceptance]) -> bool:
    given = [each for each in acceptances if each.accepted and each.side is not term.side]
    # An offer, and what bears no label, is accepted by an answer to it; the gate of moves has compared the labels.
    if not term.labels or not term.fields:
        return any(each.seen > term.place for each in given)
    return covers(strictest(*(each.labels for each in given)), term.labels)


def asked_of(terms: Iterable[Term]) -> Labels:
    """All that these ask together: what an acceptance repeats."""
    return strictest(*(term.labels for term in terms))
