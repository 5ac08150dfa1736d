"""Secrecy is asked, and the own law makes providers tell the user: a person is told at once that a warning comes first (Article 42(7)).

Read from the own card and the letter; nothing is closed by it. Whether and what to warn of stays the officer's, the choice to go on the
asking State's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.domain.case import Request, Step
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side
from contactpoint.store.rows_clocks import finish_tasks_of

WARN_FIRST = "W-WARN-FIRST"
SECRECY = "confidentiality"
"""The group of a request that asks for secrecy, wherever a type has it."""


async def remind_to_warn(tx: AsyncConnection, cw: Casework, statement: Statement, now: datetime) -> None:
    """Put the reminder on the board for a request that has just come in, in the caller's transaction."""
    warning = next((a for a in cw.catalogue[statement.kind].answers if a.consequence is Consequence.WARNS), None)
    asked = statement.body.get(SECRECY)
    if warning is None or not isinstance(asked, Mapping) or not any(value is True for value in asked.values()):
        return
    contact = cw.register.contact(cw.state)
    card = None if contact is None else contact.card
    if card is None or card.public.legal.user_notification == "none":
        return
    days = card.public.legal.user_notification_days
    note = f"{statement.kind}: {warning.code}" + ("" if days is None else f" ({days} days)")
    once = _once(statement.id)
    await raise_task(tx, cw, WARN_FIRST, now, request=statement.id, state=statement.sender, note=note, once=once)


async def heed_warning(tx: AsyncConnection, cw: Casework, request: Request, step: Step, now: datetime) -> None:
    """The warning was given, or the matter has ended: the reminder goes."""
    answer = cw.catalogue[request.kind].offered(step.kind)
    warned = answer is not None and step.side is Side.ADDRESSEE and answer.consequence is Consequence.WARNS
    if warned or step.status.final:
        await finish_tasks_of(tx, _once(request.id), now)


def _once(request_id: str) -> str:
    return f"secrecy/{request_id}"
