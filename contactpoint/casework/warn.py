"""Warn a State that somebody spoke in its name: by mail to the address in its card, beside the telephone number on our board.

The warning is a page like any other: a row first, sent by the worker, tried again, its outcome written down. It says nothing of the
letter, which nobody here has opened; and one State is written to at most once an hour, so that a forger cannot flood it through us.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.store.rows_requests import add_page

FALSE_CLAIMS = frozenset(("E-UNTRUSTED-KEY", "E-SIGNATURE", "E-REPLAY"))
"""Refusals of the gateway that mean: whoever put this letter was not the State that it names."""
_CHANNEL = "smtp"
_TO_A_STATE = "state:"  # in the place of an officer's number


async def warn_state(tx: AsyncConnection, cw: Casework, state: str, urgency: str, now: datetime) -> bool:
    """Write the warning down, in the caller's transaction. False: no mail is set up, no address is known, or it was warned this hour."""
    if _CHANNEL not in cw.channels or not cw.register.mail(state):
        return False
    return await add_page(
        tx,
        {
            "id": new_id(cw.random, now),
            "request_id": f"claim/{state}/{now:%Y-%m-%dT%H}",
            "cycle": 0,
            "rung": 0,
            "officer": _TO_A_STATE + state,
            "channel": _CHANNEL,
            "urgency": urgency,
            "state": "due",
            "next_at": now,
            "at": now,
        },
    )


def warned_state(officer: str) -> str | None:
    """The State that a page is for, or None when it is for an officer."""
    return officer.removeprefix(_TO_A_STATE) if officer.startswith(_TO_A_STATE) else None
