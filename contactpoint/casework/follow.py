"""What a new statement changes on this desk: compare the fold before and after, and let each request's ladder hear of it.

The shared state needs nothing of this; it is a pure fold. Here the local half follows: rows of requests, their clocks, what rings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.central import heed_central
from contactpoint.casework.clocks import follow_clocks
from contactpoint.casework.consequences import heed
from contactpoint.casework.context import Casework
from contactpoint.casework.drills import another_drill_runs, keep_drill
from contactpoint.casework.effects import RequestHere, carry_out, happen, ladder_columns, raise_task
from contactpoint.casework.facts import About
from contactpoint.casework.oral import meet_oral
from contactpoint.casework.roll import roll_now
from contactpoint.casework.rungs import IN_USE, rungs_now
from contactpoint.casework.secrecy import heed_warning, remind_to_warn
from contactpoint.casework.threats import keep_threat
from contactpoint.domain.case import Case, Request, Step
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.ladder import (
    Acknowledged,
    Answered,
    Escalated,
    Event,
    Hand,
    Withdrawn,
    Worked,
    open_incoming,
    open_outgoing,
)
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side
from contactpoint.store.rows_requests import insert_request, request_row


async def follow(
    tx: AsyncConnection,
    cw: Casework,
    before: Case | None,
    after: Case,
    held: Mapping[str, datetime | None],
    now: datetime,
    label: str = "",
    about: Mapping[str, About] = MappingProxyType({}),
) -> None:
    """Bring this desk's rows up to the fold ``after``. ``held``: by statement id, when *held* was signed for it.

    ``about``: letters that the caller has at hand, by statement id, so that the slips on them need no look into the database.
    """
    for request in after.requests.values():
        if before is not None and before.requests.get(request.id) == request:
            continue
        namesake = await request_row(tx, request.id)
        if namesake is not None and namesake.case_id != after.id:
            # The id of a request of another case: nothing that is said of this one may move the clocks of that one.
            once = f"conflict/{after.id}"
            await raise_task(tx, cw, "E-ID-CONFLICT", now, state=request.sender, note=request.kind, once=once)
            continue
        prior = None if before is None else before.requests.get(request.id)
        if prior is None:
            await _open(tx, cw, after, request, held.get(request.id), now, label, about.get(request.id))
        known = {step.digest for step in prior.steps} if prior else set()
        for step in request.steps:
            if step.digest not in known:
                await _hear(tx, cw, request, step, now)
                await heed(tx, cw, after, request, step, now)
                await heed_central(tx, cw, request, step, now)
                await heed_warning(tx, cw, request, step, now)
        await follow_clocks(tx, cw, after, request, prior, now)
        await keep_threat(tx, cw, after, request, now)
        if prior is None:
            await keep_drill(tx, cw, request, _statement(after, request).by, now)


async def _open(
    tx: AsyncConnection,
    cw: Casework,
    case: Case,
    request: Request,
    held_at: datetime | None,
    now: datetime,
    label: str,
    about: About | None,
) -> None:
    statement = _statement(case, request)
    terms = load_policy(request.pol).terms[request.urgency]
    calendar = cw.register.calendar(request.recipient)
    incoming = request.sender != cw.state
    entry = cw.catalogue[request.kind]
    # Drills in one State's name must not wear out those who are called: while one runs, the next rings nobody.
    quiet = not entry.rings or (incoming and await another_drill_runs(tx, entry, request.sender))
    if incoming:
        rungs, fault = (None, "") if quiet else await rungs_now(tx, cw, entry.calls)
        if fault:
            await raise_task(tx, cw, fault, now, note=IN_USE, once=f"policy/{fault}")
        roll = await roll_now(tx, cw)
        for name in roll.broken:
            await raise_task(tx, cw, "E-PLAN", now, note=name, once=f"rota/{name}")
        ladder, effects = open_incoming(statement, terms, rungs, calendar, held_at or now, roll, now)
    else:
        ladder, effects = open_outgoing(statement, terms, now, calendar=calendar, quiet=not entry.rings_back)
    peer = request.sender if incoming else request.recipient
    await insert_request(
        tx,
        {
            "id": request.id,
            "case_id": case.id,
            "incoming": incoming,
            "peer": peer,
            "kind": request.kind,
            "urgency": request.urgency.value,
            "status": request.status.code,
            "policy_version": request.pol,
            "rev": 1,
            "label": label,
            "at": statement.at,
            **ladder_columns(ladder),
        },
    )
    here = RequestHere(request.id, peer, request.urgency.value, incoming)
    await carry_out(tx, cw, here, effects, now, about)
    if incoming:
        await meet_oral(tx, cw, statement, request.id, now)
        await remind_to_warn(tx, cw, statement, now)


def _statement(case: Case, request: Request) -> Statement:
    return next(each for each in case.halves[request.sender] if each.digest == request.digest)


async def _hear(tx: AsyncConnection, cw: Casework, request: Request, step: Step, now: datetime) -> None:
    outgoing = request.sender == cw.state
    move = cw.catalogue.move(step.kind, request.kind)
    event = _event(request, step, move, outgoing, now)
    if event is None:
        return
    columns: dict[str, object] = {"status": request.status.code, "acknowledged_by": _column(request.acknowledged_by)}
    if not outgoing and isinstance(event, Acknowledged):
        # Who took charge has it, until a hand-over gives it to somebody else.
        columns["holder"] = columns["acknowledged_by"]
    if (
        outgoing
        and step.side is Side.ADDRESSEE
        and isinstance(event, Answered)
        and cw.catalogue[request.kind].rings_back
    ):
        columns["answer_unread"] = True
    await happen(tx, cw, request.id, event, now, **columns)


def _column(text: str) -> str:
    """A name from another State's letter as it fits a column: a NUL or a long text must not poison the row."""
    return text.replace("\0", "")[:64]


def _event(request: Request, step: Step, move: Answer | None, outgoing: bool, now: datetime) -> Event | None:
    """What the ladder must hear of this step. One that settles nothing shows that the desk is at work: it is not forgotten."""
    if step.kind in ("ACKNOWLEDGED", "ACK-DEGRADED"):
        return Acknowledged(step.at, step.by, degraded=step.kind == "ACK-DEGRADED")
    if step.side is Side.REQUESTER:
        return _of_the_requester(step, move, outgoing, now)
    if move is not None and move.decides:
        return Answered(step.at)
    return None if outgoing else Worked(step.at)


def _of_the_requester(step: Step, move: Answer | None, outgoing: bool, now: datetime) -> Event | None:
    if move is not None and move.consequence is Consequence.ESCALATES:
        # Now, not when it was written: a letter that was held up for hours climbs one rung, and none that are over.
        return None if outgoing else Escalated(now, Hand.SENDER)
    if not (step.word and step.status.final):
        return None
    if move is not None and move.consequence is Consequence.ELSEWHERE:
        return Answered(step.at)
    # Withdrawn, concluded, or declined: whatever the asking State ends, it waits for no more.
    return Withdrawn(step.at)
