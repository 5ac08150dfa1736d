"""Take charge: the acknowledgement stops the ringing on both sides. It never fails for want of a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen, raise_task
from contactpoint.desk.compose import write
from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Plan, Signer
from contactpoint.desk.views import Taken
from contactpoint.domain.case import Request, permitted
from contactpoint.domain.ladder import Joined
from contactpoint.domain.values import Side
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_requests import request_row
from keys.signing import SigningKey


@dataclass(frozen=True, slots=True)
class _StationHand:
    """The station signs, with nobody's number."""

    key: SigningKey
    number: str = ""
    certificates: tuple[bytes, ...] = ()
    rights: tuple[str, ...] = ()


async def acknowledge(
    cw: Casework, reference: str, officer: str, signer: Signer | None, cause: str, now: datetime
) -> Taken:
    """Sign *acknowledged* with the officer's key, or, without one, ACK-DEGRADED with the station's (``cause`` says why).

    A second acknowledgement is told who was first; where the rung wants more people, or it rings again, it counts.
    Raises NotFoundError, NotPermittedError.
    """
    case_id, request_id = await find_request(cw, reference)
    case = await cw.db.read(lambda tx: load_case(tx, cw, case_id))
    if case is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    request = case.case.requests[request_id]
    if request.sender == cw.state:
        raise NotPermittedError("E-MOVE-ILLEGAL", "this is your own request", "the other State takes charge of it")
    if request.acknowledged_by:
        await cw.db.write(lambda tx: _join(tx, cw, request.id, officer, now))
        cw.bell.ring("board", "case")
        return Taken("", request_id, "ACKNOWLEDGED", first=request.acknowledged_by)
    kind = "ACK-DEGRADED" if signer is None else "ACKNOWLEDGED"
    if kind not in permitted(case.case, request_id, Side.ADDRESSEE, cw.catalogue):
        raise NotPermittedError("E-MOVE-ILLEGAL", f"the request is {request.status.code} already", "look at the case")
    body = {"officer": officer, "cause": cause} if signer is None else {}
    plan = Plan(kind, request.sender, request.urgency, body, case_id, request.digest, "en", None, "", "")
    done = await write(cw, plan, signer or _StationHand(cw.keyring.station), now)
    if signer is None:
        await cw.db.write(lambda tx: _alarm(tx, cw, request, officer, cause, now))
    return Taken(done.id, request_id, kind, cause=cause if signer is None else "")


async def _join(tx: AsyncConnection, cw: Casework, request: str, officer: str, now: datetime) -> None:
    """A rung that wants more than one, or a case that rings again: one more person has taken charge. Local, no letter."""
    row = await request_row(tx, request)
    if row is not None and row.rings:
        await append(tx, journal, f"joined {officer}"[:64], request, None, now)
        await happen(tx, cw, request, Joined(now, officer), now)


async def _alarm(tx: AsyncConnection, cw: Casework, request: Request, officer: str, cause: str, now: datetime) -> None:
    await raise_task(
        tx, cw, "W-DEGRADED", now, request=request.id, note=f"{officer}: {cause}", once=f"degraded/{officer}"
    )
