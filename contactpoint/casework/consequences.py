"""What a step brings with it at this desk, beside its request's own status: read from the catalogue's effects, never from a type's name.

A class that was lowered moves the decision clock at both ends. A call-back that failed warns the State in whose name the request came,
by mail, and gives a task for every officer here who answered the same asking officer in the last thirty days. A refusal on a ground
that the list does not open is shown to the officers of the State that asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen, raise_task
from contactpoint.casework.warn import warn_state
from contactpoint.domain.case import Case, Request, Step
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.ladder import Lowered
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side
from contactpoint.store.rows_rights import letters_to_since

LOOK_BACK = timedelta(days=30)
MOST_CASES = 200
"""As many cases with one State are looked through for answers to the same officer; the newest."""
GIVEN_BEFORE = "W-GIVEN-BEFORE"
OVERRIDE = "override"
"""The field in which an officer says why a ground is given that the type does not open."""


def is_override(body: Mapping[str, Any]) -> bool:
    """Whether an answer with this body gives a ground with a supervisor's reasons for going past what closes it.

    The type, the own card and a step that must come before may each close a ground; whoever writes the reasons says that one does.
    """
    return bool(body.get(OVERRIDE)) and "ground" in body


async def heed(tx: AsyncConnection, cw: Casework, case: Case, request: Request, step: Step, now: datetime) -> None:
    """Carry out what one new step brings with it here, in the caller's transaction."""
    entry = cw.catalogue[request.kind]
    answer = entry.offered(step.kind)
    if answer is None or step.side is not Side.ADDRESSEE:
        return
    own = request.sender == cw.state
    if answer.consequence is Consequence.LOWERS:
        decision = load_policy(request.pol).terms[request.weight].decision
        await happen(tx, cw, request.id, Lowered(step.at, decision), now)
        if own:
            await _tell(tx, cw, request, "W-CLASS-LOWERED", request.weight.value, step, now)
    if answer.consequence is Consequence.QUARANTINES:
        if own:
            await _tell(tx, cw, request, "W-CALL-BACK-FAILED", request.kind, step, now)
        else:
            await warn_state(tx, cw, request.sender, request.urgency.value, now)
            await _ask_who_answered(tx, cw, case, request, now)
    if own and is_override(_statement(case, step.digest).body):
        await _tell(tx, cw, request, "W-OVERRIDE", request.kind, step, now)


async def _tell(
    tx: AsyncConnection, cw: Casework, request: Request, code: str, note: str, step: Step, now: datetime
) -> None:
    once = f"{code}/{step.digest.hex()[:40]}"
    await raise_task(tx, cw, code, now, state=request.recipient, request=request.id, note=note, once=once)


def _statement(case: Case, digest: bytes) -> Statement:
    return next(each for half in case.halves.values() for each in half if each.digest == digest)


async def _ask_who_answered(tx: AsyncConnection, cw: Casework, case: Case, request: Request, now: datetime) -> None:
    """Whoever forged this request may have forged others: each officer who answered that asking officer looks at it again."""
    asking = _asking(case, request)
    since = now - LOOK_BACK
    await _look_through(tx, cw, case, asking, request.sender, since, now)
    for case_id in await letters_to_since(tx, cw.state, request.sender, since, MOST_CASES):
        if case_id == case.id:
            continue
        other = await load_case(tx, cw, case_id)
        if other is not None:
            await _look_through(tx, cw, other.case, asking, request.sender, since, now)


def _asking(case: Case, request: Request) -> frozenset[str]:
    """Who asks, by the number that signed and the reference in the letter; the forger wrote both."""
    statement = _statement(case, request.digest)
    authority = statement.body.get("authority")
    named = authority.get("officer_ref") if isinstance(authority, Mapping) else None
    return frozenset(each for each in (statement.by, named) if isinstance(each, str) and each)


async def _look_through(
    tx: AsyncConnection, cw: Casework, case: Case, asking: frozenset[str], peer: str, since: datetime, now: datetime
) -> None:
    for request in case.requests.values():
        if request.sender != peer or not asking & _asking(case, request):
            continue
        for step in request.steps:
            answer = cw.catalogue[request.kind].offered(step.kind)
            if answer is None or step.side is not Side.ADDRESSEE or not step.by or step.at < since or not _gave(answer):
                continue
            note = f"{step.by}: {request.kind} {step.kind}"
            once = f"given/{request.id}/{step.by}"[:80]
            await raise_task(tx, cw, GIVEN_BEFORE, now, state=peer, request=request.id, note=note, once=once)


def _gave(answer: Answer) -> bool:
    return answer.decides or answer.discloses or answer.executes
