"""Drills get their row in the very transaction that keeps their letter, and their result when it stands for good; closures; whom to try."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.catalogue import Entry
from contactpoint.domain.drills import Span, is_drill
from contactpoint.domain.request import Request
from contactpoint.store.rows_drills import insert_drill, running_drills

BY_LINK = "link"


async def keep_drill(tx: AsyncConnection, cw: Casework, request: Request, by: str, now: datetime) -> None:
    """Enter a drill, own or of another State; of any other type of request nothing. ``by``: who opened it, empty for a station."""
    if not is_drill(cw.catalogue[request.kind]):
        return
    incoming = request.sender != cw.state
    values = {
        "id": request.id,
        "peer": request.sender if incoming else request.recipient,
        "incoming": incoming,
        "channel": BY_LINK,
        "by_officer": by.replace("\0", "")[:64],
        "digest": request.digest,
        "at": request.at,
        "next_at": now,
    }
    await insert_drill(tx, values)


async def another_drill_runs(tx: AsyncConnection, entry: Entry, peer: str) -> bool:
    """Whether a drill of this State runs here already, when another letter of a drill's type comes from it."""
    if not is_drill(entry):
        return False
    return any(row.incoming and row.peer == peer for row in await running_drills(tx))


def closures(cw: Casework, state: str) -> tuple[Span, ...]:
    """When this State is closed, as its card in this copy of the register announces. What is announced afterwards excuses nothing:
    a drill or ping is tried or left out at its own moment."""
    contact = cw.register.contact(state)
    if contact is None or contact.card is None:
        return ()
    return tuple(Span(each.begins, each.ends) for each in contact.card.public.closures)


def closed_now(cw: Casework, state: str, now: datetime) -> bool:
    """Whether this State, or our own, has announced that it is closed now."""
    return any(span.covers(now) for each in (state, cw.state) for span in closures(cw, each))


def peers(cw: Casework) -> Iterable[str]:
    """Every other State that is listed and can be dialled."""
    return (each for each in cw.register.copy.states if each != cw.state and cw.register.addresses(each))
