"""Requests made by telephone (Article 40(13)): written down at once, confirmed in writing within 24 hours, linked to the letter.

Nothing is done on one: it is a note with a clock, sealed at rest, until the State's own signed letter is here. The number that was rung
back is one of the directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.ids import new_id
from contactpoint.casework.oral import link_oral, oral_name
from contactpoint.desk.callback import check_number
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Signer, need_right
from contactpoint.desk.views import OralView
from contactpoint.domain.catalogue import Problem
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_requests import request_row
from contactpoint.store.rows_rights import insert_oral, open_orals, oral_row
from keys import cbor

CONFIRMED_WITHIN = timedelta(hours=24)
FIELDS = ("caller", "from_number", "asked", "called_back", "spoke_with")
LONGEST = 4000  # characters of one field


@dataclass(frozen=True, slots=True)
class Call:
    """What the officer writes down: who called, from which number, when, what was asked, which number was rung back, who answered there."""

    caller: str
    from_number: str
    called_at: datetime
    asked: str
    called_back: str = ""
    spoke_with: str = ""


async def log_oral(cw: Casework, peer: str, call: Call, officer: Signer, now: datetime) -> str:
    """Write a telephone request down. Returns its reference, which the caller's State puts into its letter.

    Raises NotPermittedError, NotFoundError for an unknown State, DraftError for what is missing or a number outside the directory.
    """
    need_right(officer, "answer")
    if cw.register.contact(peer) is None or peer == cw.state:
        raise NotFoundError("E-UNKNOWN-STATE", f"{peer} is not another State of this register", "look at the directory")
    _check(call, now)
    if call.called_back:
        check_number(cw, peer, call.called_back)
    oral_id = new_id(cw.random, now)
    told = {name: getattr(call, name) for name in FIELDS}
    content = cbor.encode({**told, "called_at": call.called_at.isoformat()})
    values = {
        "id": oral_id,
        "peer": peer,
        "sealed": cw.keyring.storage.seal(oral_name(oral_id), content),
        "by_officer": officer.number,
        "at": now,
        "due": call.called_at + CONFIRMED_WITHIN,
    }

    async def work(tx: AsyncConnection) -> None:
        await insert_oral(tx, values)
        await raise_task(tx, cw, "W-ORAL", now, state=peer, note=oral_id, once=f"oral/{oral_id}")
        await append(tx, journal, "oral request logged", oral_id, None, now)

    await cw.db.write(work)
    cw.bell.ring("board")
    return oral_id


def _check(call: Call, now: datetime) -> None:
    problems = [
        Problem("E-FIELD-MISSING", name, "This field is mandatory.")
        for name in ("caller", "from_number", "asked")
        if not getattr(call, name).strip()
    ]
    problems += [
        Problem("E-TOO-LARGE", name, f"More than {LONGEST} characters; say it shorter.")
        for name in FIELDS
        if len(getattr(call, name)) > LONGEST
    ]
    if call.called_at > now:
        problems.append(Problem("E-FIELD-INVALID", "called_at", "This lies in the future."))
    if problems:
        fields = ", ".join(problem.field for problem in problems)
        raise DraftError(problems[0].code, f"the note is not complete: {fields}", "fill in each one", tuple(problems))


async def confirm_oral(cw: Casework, oral_id: str, reference: str, officer: Signer, now: datetime) -> str:
    """Say which letter confirms a telephone request: its clock closes. Returns the request's id.

    Raises NotFoundError, NotPermittedError.
    """
    need_right(officer, "answer")
    _, request_id = await find_request(cw, reference)

    async def work(tx: AsyncConnection) -> None:
        row, request = await oral_row(tx, oral_id), await request_row(tx, request_id)
        if row is None or request is None:
            raise NotFoundError("E-NOT-FOUND", f"no telephone request {oral_id} is noted here", "look at the board")
        # Else a forger's call could be closed with an honest State's letter.
        if not request.incoming or request.peer != row.peer:
            raise NotPermittedError(
                "E-NOT-FOR-US", f"this letter is not from {row.peer}", "choose a letter of that State"
            )
        if not await link_oral(tx, cw, row.id, request_id, now):
            raise NotPermittedError("E-CONFIRMED", "this call is linked to a letter already", "look at the board")

    await cw.db.write(work)
    cw.bell.ring("board", "case")
    return request_id


async def oral_list(tx: AsyncConnection, cw: Casework) -> tuple[OralView, ...]:
    """Telephone requests that are not confirmed, the soonest due first."""
    return tuple(oral_view(cw, row) for row in await open_orals(tx))


def oral_view(cw: Casework, row: Row[Any]) -> OralView:
    told: Mapping[str, Any] = cbor.decode(cw.keyring.storage.open(oral_name(row.id), bytes(row.sealed)))  # type: ignore[assignment]
    return OralView(
        id=row.id,
        state=row.peer,
        by=row.by_officer,
        at=row.at,
        due=row.due,
        confirmed_at=row.confirmed_at,
        request=row.request_id,
        called_at=datetime.fromisoformat(str(told["called_at"])),
        **{name: str(told[name]) for name in FIELDS},
    )
