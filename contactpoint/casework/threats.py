"""Shared threats get their place in this desk's own list, in the very transaction that keeps their letter; so do recalls."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.case import Case, Request
from contactpoint.domain.threats import shares_threats, threat_of
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_threats import insert_threat, next_number, note_recall, threat_row


async def keep_threat(tx: AsyncConnection, cw: Casework, case: Case, request: Request, now: datetime) -> None:
    """Enter the threat that this request shares, and its recall; of any other type of request nothing."""
    if not shares_threats(cw.catalogue[request.kind]):
        return
    row = await threat_row(tx, request.id)
    threat = threat_of(case, request, cw.catalogue)
    if row is None:
        # The entry holds the journal's head until the commit: numbers become visible in their order, and no reader passes one by.
        await append(tx, journal, "threat shared", request.id, request.digest, now)
        await insert_threat(
            tx,
            {
                "request_id": request.id,
                "case_id": case.id,
                "seq": await next_number(tx),
                "incoming": request.sender != cw.state,
                "sender": request.sender,
                "tlp": threat.tlp,
                "pap": threat.pap,
                "at": request.at,
            },
        )
    if threat.recalled_at is not None and (row is None or row.recall_seq is None):
        await append(tx, journal, "threat recalled", request.id, request.digest, now)
        await note_recall(tx, request.id, await next_number(tx), threat.recalled_at)
