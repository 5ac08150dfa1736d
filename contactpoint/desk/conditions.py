"""What an officer here may see of a letter, and what an acceptance repeats. The one place that opens, or keeps closed, what was given
under conditions: console, command line, forms, drafts and evidence all get their bodies from here.

It keeps this State's own officers to the conditions; it is no lock against their own State's machine (``docs/decisions``, 0014).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactpoint.casework.cases import OpenCase
from contactpoint.desk.errors import NotPermittedError
from contactpoint.domain.case import Case
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.catalogue.words import Consequence, FieldType
from contactpoint.domain.codes import look_up
from contactpoint.domain.conditions import asked_of, declined
from contactpoint.domain.labels import LABEL_FIELDS, labels_of, spell_labels
from contactpoint.domain.request import Request
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side

CLOSED = "Opens when the conditions are accepted"
DECLINED = "Stays closed: the conditions were declined"


def seen_body(case: Case, statement: Statement, own: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """(the body as an officer of ``own`` may see it now, the fields that are closed in it). A closed field holds a mark in its place."""
    closed = case.closed_to(own, statement)
    if not closed:
        return statement.body, ()
    mark = DECLINED if _declined(case, statement) else CLOSED
    return {name: mark if name in closed else value for name, value in statement.body.items()}, closed


def _declined(case: Case, statement: Statement) -> bool:
    return any(
        term.digest == statement.digest and declined(term, request.acceptances)
        for request in case.requests.values()
        for term in request.terms
    )


def refuse_closed(case: OpenCase, own: str) -> None:
    """Raise NotPermittedError (E-CONDITIONS) while anything in this case is closed to its own officers: evidence holds all or nothing."""
    for statement in case.statements:
        if case.case.closed_to(own, statement):
            row = look_up("E-CONDITIONS")
            raise NotPermittedError(
                "E-CONDITIONS", f"{statement.kind} {statement.id} is closed: {row.text}", row.action
            )


def accepted_body(answer: Answer, body: Mapping[str, Any], request: Request, side: Side) -> Mapping[str, Any]:
    """The body of an acceptance with every condition that it accepts, so that it can be read alone; other bodies as they are.

    What the officer was shown and sends along is never widened: if more is asked by now, the gate of moves refuses it (E-CONDITIONS).
    """
    name = next((field.name for field in answer.fields if field.type is FieldType.LABELS), LABEL_FIELDS[-1])
    if answer.consequence is not Consequence.ACCEPTS or labels_of(body):
        return body
    asked = spell_labels(asked_of(request.asked_of(side)))
    return {**body, name: asked} if asked else body


def conditions_asked(request: Request, side: Side) -> tuple[Any, ...]:
    """The labels that the other side asks this one to accept now, as they stand in a body."""
    return tuple(spell_labels(asked_of(request.asked_of(side))))
