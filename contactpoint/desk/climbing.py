"""Steps by hand: climb a ladder now, ask the other State to, find another way to it and write down that it was tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen, read_ladder
from contactpoint.casework.ids import new_id
from contactpoint.desk.compose import submit
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Signer
from contactpoint.desk.policies import CallLine, Escalation, OtherWay
from contactpoint.desk.views import Draft
from contactpoint.domain.ladder import Escalated, Hand
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_otherways import insert_other_way, other_ways_of
from contactpoint.store.rows_requests import request_row

ESCALATE, ELSEWHERE = "ESCALATE", "ANSWERED-ELSEWHERE"
WAYS = ("telephone", "alternate-point", "other-network", "in-person")
OUTCOMES = ("no-answer", "busy", "reached", "sent", "answered")
_LONGEST = 200


async def escalate(cw: Casework, reference: str, key: Signer, now: datetime, rung: int | None) -> Escalation:
    """Climb the own ladder of a request that came here, or ask the State that an own one went to by a signed letter.

    Raises NotFoundError, NotPermittedError (nobody is waited for any more), DraftError (no such rung).
    """
    row = await _request(cw, reference)
    if not row.incoming:
        if rung is not None:
            raise DraftError("E-POLICY", "which rung is climbed there is that State's own affair", "leave the rung out")
        draft = Draft(ESCALATE, "", row.urgency, {}, parent=row.id, re=row.id)
        sent = await submit(cw, draft, key, now)
        await cw.db.write(lambda tx: append(tx, journal, f"escalated {key.number}"[:64], row.id, None, now))
        return Escalation(row.id, None, "", sent.id)
    ladder = read_ladder(row)
    if ladder.closed or ladder.expired or ladder.escalation is None:
        raise NotPermittedError("E-MOVE-ILLEGAL", "nobody waits for this request any more", "look at the case")
    if rung is not None and not 1 <= rung <= len(ladder.escalation.rungs):
        raise DraftError("E-POLICY", f"the ladder has {len(ladder.escalation.rungs)} rungs", "choose one of them")

    async def work(tx: AsyncConnection) -> Row[Any] | None:
        await append(tx, journal, f"escalated {key.number}"[:64], row.id, None, now)
        await happen(tx, cw, row.id, Escalated(now, Hand.OWN, None if rung is None else rung - 1), now)
        return await request_row(tx, row.id)

    after = await cw.db.write(work)
    cw.bell.ring("outbox", "pages", "board", "case")
    climbed = None if after is None else read_ladder(after)
    role = "" if climbed is None or climbed.rung_now is None else climbed.rung_now.role
    return Escalation(row.id, None if climbed is None or climbed.rung is None else climbed.rung + 1, role, "")


async def call_sheet(cw: Casework, reference: str) -> tuple[CallLine, ...]:
    """Every way to reach the other State, the nearest first: its duty desk, its mail, the host of its mailbox; and what to name there.

    The reference that stands first is the request's own id: whatever network carries the matter, it is the same matter.
    """
    row = await _request(cw, reference)
    register = cw.register
    found = [CallLine("reference", "the id of the request, whatever carries it", row.id)]
    found += [CallLine("telephone", register.name(row.peer), number) for number in register.phones(row.peer)]
    if mail := register.mail(row.peer):
        found.append(CallLine("mail", register.name(row.peer), mail))
    host = register.host_of(row.peer)
    if host != row.peer:
        found += [
            # The State that keeps its mailbox: the label says which.
            CallLine("alternate-point", register.name(host), number)
            for number in register.phones(host)
        ]
    return tuple(found)


async def record_way(cw: Casework, reference: str, said: tuple[str, str, str], key: Signer, now: datetime) -> OtherWay:
    """Write down that another way was tried (way, detail, outcome), under the request's own id.

    An own request that was answered that way is closed by a signed letter, at both ends once. Raises NotFoundError, DraftError.
    """
    way, detail, outcome = said
    if way not in WAYS or outcome not in OUTCOMES:
        raise DraftError("E-FIELD-CHOICE", f"{way} or {outcome} is not one of the list", ", ".join((*WAYS, *OUTCOMES)))
    if len(detail) > _LONGEST or not detail.isprintable():
        raise DraftError("E-FIELD-CHOICE", "the detail is one line of 200 characters at most", "shorten it")
    row = await _request(cw, reference)
    if outcome == "answered" and row.incoming:
        raise NotPermittedError("E-MOVE-ILLEGAL", "only the State that asked says that it has its answer", "answer it")
    made = OtherWay(new_id(cw.random, now), row.id, way, detail, outcome, key.number, now)
    if outcome == "answered":
        # First the letter: what cannot be signed must not stand as done in the record.
        body = {"way": way, **({"reference": detail} if detail else {})}
        await submit(cw, Draft(ELSEWHERE, "", row.urgency, body, parent=row.id, re=row.id), key, now)

    async def work(tx: AsyncConnection) -> None:
        values = {"id": made.id, "request_id": row.id, "way": way, "detail": detail, "outcome": outcome}
        await insert_other_way(tx, {**values, "by_officer": key.number, "at": now})
        await append(tx, journal, f"other way {way} {outcome}", row.id, None, now)

    await cw.db.write(work)
    cw.bell.ring("board", "case")
    return made


async def other_ways(cw: Casework, reference: str) -> tuple[OtherWay, ...]:
    row = await _request(cw, reference)
    found = await cw.db.read(lambda tx: other_ways_of(tx, row.id))
    return tuple(OtherWay(r.id, r.request_id, r.way, r.detail, r.outcome, r.by_officer, r.at) for r in found)


async def _request(cw: Casework, reference: str) -> Row[Any]:
    _, request_id = await find_request(cw, reference)
    row = await cw.db.read(lambda tx: request_row(tx, request_id))
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no request {reference} here", "look at the board")
    return row
