"""More time for what is preserved: the request that Article 42(9) knows, filled from the one it extends.

Which type that is, and which of its fields asks for days, the catalogue says: it is the one whose answer extends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from contactpoint.casework.cases import OpenCase
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.next_steps import prefilled
from contactpoint.desk.plan import open_case
from contactpoint.desk.views import Draft
from contactpoint.domain.case import Request
from contactpoint.domain.catalogue import Entry, FieldType
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.consequences import preserved
from contactpoint.domain.preservation import PreservationState

DAYS, REASON = "extension_days", "reason"


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as it would be asked for, and the end that it would move. ``over``: nothing is preserved any more."""

    draft: Draft
    ends: datetime | None
    over: bool


async def extension(cw: Casework, reference: str, days: int, reason: str, now: datetime) -> Extension:
    """A draft that asks for ``days`` more of what a case preserves. Nothing is sent.

    What the officer states anew by asking (the formal request is still intended) stands in it. Raises NotFoundError,
    NotPermittedError where nothing is preserved, or the other State asked for it.
    """
    case_id, request_id = await find_request(cw, reference)
    case = await open_case(cw, case_id)
    kept = _kept(case, case.case.requests[request_id])
    entry = None if kept is None else _extending(cw, kept)
    if kept is None or kept.preservation is None or entry is None:
        raise NotPermittedError(
            "E-MOVE-ILLEGAL", f"{reference} preserves nothing yet", "look at the case: nothing runs"
        )
    if kept.sender != cw.state:
        text = "only the State that asked for a preservation can ask for more time"
        raise NotPermittedError("E-MOVE-ILLEGAL", text, "wait for its request, then answer that")
    draft = prefilled(cw, case, kept, entry.code)
    stated = {field.name: True for field in entry.fields if field.type is FieldType.MUST_BE_TRUE}
    body = {**draft.body, **stated, DAYS: days, REASON: reason}
    over = kept.preservation.state_at(now) in (PreservationState.EXPIRED, PreservationState.RELEASED)
    return Extension(replace(draft, body=body), kept.preservation.ends_at, over)


def _kept(case: OpenCase, request: Request) -> Request | None:
    """What the request, or one above it, preserves; where a case preserves one thing only, that."""
    found = preserved(case.case.requests, request)
    if found is not None:
        return found
    every = [each for each in case.case.requests.values() if each.preservation is not None]
    return every[0] if len(every) == 1 else None


def _extending(cw: Casework, kept: Request) -> Entry | None:
    for entry in cw.catalogue.entries.values():
        extends = any(answer.consequence is Consequence.EXTENDS for answer in entry.answers)
        if extends and kept.kind in entry.parents and entry.opens.may_follow:
            return entry
    return None
