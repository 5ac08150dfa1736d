"""Conditions as a page shows them before they are accepted, and the acceptance that is posted: of what was shown, and of nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from contactpoint.desk.conditions import CLOSED, DECLINED
from contactpoint.desk.views import RequestView
from contactpoint.domain.catalogue import Answer, Catalogue, FieldType
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.labels import read_labels, spell_labels
from contactpoint.web.forms import Control
from contactpoint.web.i18n import N_
from contactpoint.web.visitor import text

SHOWN = "conditions_shown"
"""The hidden field that carries back what the page has shown: what came in meanwhile is not accepted with it."""

MARKS = (N_("Opens when the conditions are accepted"), N_("Stays closed: the conditions were declined"))
assert MARKS == (CLOSED, DECLINED)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its code, the catalogue's words for it, and what stands beside the code."""

    code: str
    meaning: str
    until: str
    states: tuple[str, ...]
    text: str


def conditions(labels: Any, catalogue: Catalogue) -> tuple[Condition, ...]:
    """Labels as a page shows them, each with its meaning."""
    words = {code: label for each in catalogue.lists.values() for code, label in each.items()}
    unknown = N_("A condition that cannot be read: it binds")
    return tuple(
        Condition(
            each.code,
            words.get(each.code, unknown),
            each.until.isoformat() if each.until else "",
            each.states,
            each.text,
        )
        for each in read_labels(labels)
    )


def accepts(answer: Answer) -> bool:
    """Whether this answer says yes to what the other side asks."""
    return answer.consequence is Consequence.ACCEPTS


def asked_on_page(
    request: RequestView, answer: Answer, drawn: Sequence[Control], catalogue: Catalogue
) -> dict[str, Any]:
    """What the answer's page needs: all that is asked, in full; the form does not let anybody tick half of it."""
    consents = answer.consequence in (Consequence.ACCEPTS, Consequence.DECLINES)
    kept = [each for each in drawn if each.type != FieldType.LABELS.value] if accepts(answer) else drawn
    return {
        "fields": tuple(kept),
        "conditions": conditions(request.conditions, catalogue) if consents else (),
        "conditions_shown": json.dumps(list(request.conditions)) if accepts(answer) else "",
    }


def accepted(answer: Answer, form: FormData) -> dict[str, Any]:
    """The part of the body that accepts what the page has shown."""
    name = next((field.name for field in answer.fields if field.type is FieldType.LABELS), "")
    if not accepts(answer) or not name:
        return {}
    try:
        shown = read_labels(json.loads(text(form, SHOWN) or "[]"))
    except (ValueError, RecursionError):
        return {}
    return {name: spell_labels(shown)} if shown else {}
