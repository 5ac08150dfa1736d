"""The letter that opens a drill: by an officer, or, at an hour at which no officer is needed, by the station itself.

The catalogue says in which classes a station may (`docs/decisions/0017-a-machine-may-open-a-drill.md`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import make_case_key
from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.domain.drills import NUMBER, is_drill, new_number
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.signed import sign

URGENCY = Urgency.U1
"""A drill tries the way of what cannot wait."""


def drill_kind(cw: Casework) -> str:
    """The code of the catalogue's type that is a drill."""
    return next(entry.code for entry in cw.catalogue.entries.values() if is_drill(entry))


async def open_by_station(
    cw: Casework, peer: str, now: datetime, also: Callable[[AsyncConnection], Awaitable[None]]
) -> str:
    """Queue a drill that the station signs, with ``also`` in the same transaction; its id. Raises NoKeyError."""
    fresh_id = new_id(cw.random, now)
    statement = Statement(
        id=fresh_id,
        case=fresh_id,
        kind=drill_kind(cw),
        urgency=URGENCY,
        cat=cw.catalogue.version,
        pol=cw.policy.name,
        sender=Address(cw.state),
        recipient=Address(peer),
        at=now,
        expires=now + cw.policy.expiry[URGENCY],
        by="",
        approver=None,
        lang="en",
        mine=None,
        seen=None,
        re=None,
        thread=None,
        body={NUMBER: new_number(cw.random)},
        attachments=(),
        digest=b"",
    )
    signed = sign("statement", encode_statement(statement, cw.net), [cw.keyring.station], cw.net)
    letter = SignedLetter(decode_statement(signed.content, cw.net), signed, ())
    await queue(cw, letter, make_case_key(cw, fresh_id), "", "", now, also=also)
    return fresh_id
