"""What a hand-over to another authority brings with it at the desk that made it: the people who act for that authority are called.

The clock of the hand-over calls them again (``contactpoint.watch.clocks``); here they are called the first time, and whoever looks at
the board finds the request until one of them has taken it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import by_person, page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.rungs import people_now
from contactpoint.domain.case import Request, Step
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.values import Address, Side
from contactpoint.store.rows_clocks import finish_tasks_of
from contactpoint.store.rows_requests import take_step

ROLE = "central"
_RUNG = -100
"""Below the rungs of the request's own ladder, and below its clocks."""


async def heed_central(tx: AsyncConnection, cw: Casework, request: Request, step: Step, now: datetime) -> None:
    """Carry out what one new step means for the authority, in the caller's transaction."""
    answer = cw.catalogue[request.kind].offered(step.kind)
    if answer is None or step.side is not Side.ADDRESSEE or request.side_of(Address(cw.state)) is not Side.ADDRESSEE:
        return
    once = f"central/{request.id}"
    if answer.consequence is Consequence.HANDS_OVER:
        await raise_task(
            tx, cw, "W-CENTRAL", now, request=request.id, state=request.sender, note=request.kind, once=once
        )
        if await take_step(tx, request.id, 0, f"central {step.digest.hex()[:12]}", now, now):
            await _call(tx, cw, request, now)
    elif answer.right == ROLE or step.status.final:
        await finish_tasks_of(tx, once, now)


async def _call(tx: AsyncConnection, cw: Casework, request: Request, now: datetime) -> None:
    about = {"request_id": request.id, "cycle": 0, "rung": _RUNG, "urgency": request.weight.value}
    for officer, channels in by_person(await people_now(tx, cw, (ROLE,), now)).items():
        await page_person(tx, cw, about, officer, channels, now)
