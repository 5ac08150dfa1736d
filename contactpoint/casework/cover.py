"""Another State's desk asks ours to call on its behalf, by agreement: class, reference and its telephone; nothing is opened here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import by_person, page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.rungs import ON_DUTY, people_now, policy_now
from contactpoint.domain.values import Urgency
from contactpoint.store.rows_requests import take_step
from contactpoint.wire.slip import Slip

_RUNG = -200
"""Below every ladder, clock and hand-over: nothing of this desk's own requests is cancelled with it."""


async def cover(tx: AsyncConnection, cw: Casework, slip: Slip, now: datetime) -> bool:
    """Promise: who is on duty is paged once for each reference, and a task names the State with its telephone.

    Attack: a State without an agreement keeps our people awake. Only those that our own policy covers page anybody; others are a task.
    """
    state, reference = str(slip.sender), slip.id or ""
    urgency = slip.code if slip.code in set(Urgency) else Urgency.U3.value
    policy, _ = await policy_now(tx, cw)
    agreed = state in policy.covers
    code = "W-COVER" if agreed else "W-COVER-UNASKED"
    once = f"cover/{state}/{reference}" if agreed else f"cover/{state}"
    await raise_task(tx, cw, code, now, state=state, note=f"{urgency} {reference}", once=once)
    if not agreed or not await take_step(tx, reference, 0, f"cover {state}", now, now):
        return True
    # Fresh references by the dozen keep nobody awake: a State that asks for cover is heeded once a minute, the board shows each.
    if not await take_step(tx, f"cover {state}", int(now.timestamp() // 60), "cover", now, now):
        return True
    about = {"request_id": reference, "cycle": 0, "rung": _RUNG, "urgency": urgency}
    for officer, channels in by_person(await people_now(tx, cw, (ON_DUTY,), now)).items():
        await page_person(tx, cw, about, officer, channels, now)
    return True
