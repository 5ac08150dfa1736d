"""*On my way*: an officer was reached without the console. It holds the ladder once; it is no acknowledgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen, read_ladder
from contactpoint.domain.ladder import Reached
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_people import officer_row
from contactpoint.store.rows_requests import request_row


class Reach(StrEnum):
    """What became of *on my way*."""

    HELD = "held"  # the ladder waits, until the instant that stands beside it
    AGAIN = "again"  # somebody had said it before: it holds the ladder only once
    OVER = "over"  # it does not ring any more, or never did here


@dataclass(frozen=True, slots=True)
class OnMyWay:
    """``until``: when the ladder goes on, of HELD."""

    reach: Reach
    until: datetime | None = None


async def on_my_way(tx: AsyncConnection, cw: Casework, request_id: str, officer: str, now: datetime) -> OnMyWay:
    """Promise: the ladder waits once for this officer, the sender is told by a signed slip, and the journal knows who it was.

    A locked or unknown officer changes nothing: a link that was stolen with a telephone must not hold anybody's ladder.
    """
    row, known = await request_row(tx, request_id), await officer_row(tx, officer)
    if row is None or not row.incoming or not row.rings or known is None or known.locked_at is not None:
        return OnMyWay(Reach.OVER)
    again = read_ladder(row).reached_at is not None
    await append(tx, journal, "on my way", f"{request_id} {officer}"[:120], None, now)
    await happen(tx, cw, request_id, Reached(now, officer), now)
    after = await request_row(tx, request_id)
    if after is None or not after.rings:
        return OnMyWay(Reach.OVER)
    if again:
        return OnMyWay(Reach.AGAIN)
    climb = read_ladder(after).climb
    return OnMyWay(Reach.HELD, None if climb is None else climb.at)
