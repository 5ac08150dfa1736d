"""A drill's answer repeats its number, exactly. The officer's own desk sees to it before anything is signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactpoint.casework.cases import OpenCase
from contactpoint.desk.errors import DraftError
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.codes import look_up
from contactpoint.domain.drills import NUMBER, is_drill, repeats
from contactpoint.domain.request import Request


def check_number(entry: Entry, answer: Answer, case: OpenCase, request: Request, body: Mapping[str, Any]) -> None:
    """Raise DraftError (E-DRILL-NUMBER) where the number is another. A slip of the finger must not fail a State's drill: the answer is
    final, and the other end counts a wrong number as nobody."""
    if not is_drill(entry) or all(field.name != NUMBER for field in answer.fields):
        return
    asked = next(each for each in case.statements if each.digest == request.digest)
    if not repeats(asked.body, body):
        row = look_up("E-DRILL-NUMBER")
        problem = Problem(row.code, NUMBER, row.text)
        raise DraftError(row.code, row.text, row.action, (problem,))
