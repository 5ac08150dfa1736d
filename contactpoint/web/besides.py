"""What is asked beside one choice of a list: name and maximum of another serious crime, the date or the States of a condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contactpoint.domain.catalogue import Choice, Field, FieldType, Required
from contactpoint.domain.labels import asks_beside, read_labels, spell_labels
from contactpoint.web.i18n import N_


def _field(name: str, kind: FieldType, label: str, help_text: str = "") -> Field:
    return Field(name, kind, Required.REQUIRED, label, help_text, "", "", (), (), False, (), None, None)


_OF_LABELS = {
    "until": _field("until", FieldType.DATE, N_("Last day")),
    "states": _field("states", FieldType.TEXT, N_("States"), N_("Their codes, with a space between.")),
}


def asked_beside(field: Field, choice: Choice) -> tuple[Field, ...]:
    """The fields that this choice asks for beside its code."""
    if field.type is FieldType.LABELS:
        part = asks_beside(choice.code)
        return (_OF_LABELS[part],) if part else ()
    return tuple(each for each in field.fields if each.name in choice.asks)


def read_beside(field: Field, body: Mapping[str, Any]) -> dict[str, Any]:
    """What was written beside a choice, as its letter spells it: States are a list."""
    told = dict(body)
    if field.type is FieldType.LABELS and isinstance(told.get("states"), str):
        told["states"] = [each for each in re.split(r"[,;\s]+", told["states"]) if each]
    return told


def as_map(row: Any) -> Mapping[str, Any]:
    """One row of a list of choices as a map of its parts; ``CODE(parameter)`` is a condition in short."""
    if isinstance(row, str) and re.fullmatch(r"HC-[A-Z0-9-]+\(.*\)", row):
        row = spell_labels(read_labels(row))[0]
    if not isinstance(row, Mapping):
        return {"code": row}
    states = row.get("states")
    return {**row, "states": " ".join(map(str, states))} if isinstance(states, list | tuple) else row
