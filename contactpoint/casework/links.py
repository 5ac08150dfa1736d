"""*On my way* without the console: by the single-use link of a page, by a key that was pressed, by a text reply.

It is no acknowledgement and opens nothing. Only digests of tokens rest here; whatever does not fit (a token that was guessed, used, is
too old, or whose request somebody has taken) gets one and the same answer.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import LINE
from contactpoint.casework.reach import Reach, on_my_way
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.ladder import Ladder
from contactpoint.domain.notices import Contact
from contactpoint.store.rows_notices import (
    link_row,
    pages_to,
    put_link,
    request_seen,
    use_reach_link,
    verified_contacts,
)
from contactpoint.store.rows_people import officer_row
from keys.digest import digest

_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")
_REFERENCE = re.compile(r"(?<![0-9a-z])[0-9a-f]{12}(?![0-9a-z])")
_PRESSED = "1"
"""What a telephone without the reference may answer: one key. A machine's answer (*I am driving*) must hold nobody's ladder."""


@dataclass(frozen=True, slots=True)
class Underway:
    """An officer is on the way: to which request, of which case, and until when the ladder waits (None: it waited before)."""

    request: str
    case: str
    officer: str
    until: datetime | None


async def make_link(tx: AsyncConnection, cw: Casework, page: Row[Any], base: str) -> str:
    """The link of one page, or "" where none belongs: reminders, own requests, the console, a request that no longer rings."""
    if not base or page.rung < 0 or page.channel == "console" or page.officer.startswith(LINE):
        return ""
    request = await request_seen(tx, page.request_id)
    if request is None or not request.incoming or not request.rings:
        return ""
    try:
        until = Ladder.from_text(request.ladder).expires
    except (EscalationError, ValueError):
        return ""  # a ladder that nobody can read: its last page goes out all the same
    token = base64.urlsafe_b64encode(cw.random(32)).decode().rstrip("=")
    values = {"page_id": page.id, "request_id": page.request_id, "officer": page.officer, "until": until}
    await put_link(tx, {"digest": digest(token.encode()), **values})
    return f"{base}/reach/{token}"


async def link_works(tx: AsyncConnection, token: str, now: datetime) -> bool:
    """Whether a press of the button would count now. Looking changes nothing: mail scanners open links."""
    return await _live(tx, token, now) is not None


async def press(tx: AsyncConnection, cw: Casework, token: str, now: datetime) -> Underway | None:
    """Use a link up and record *on my way*. None: it does not work, for whatever reason."""
    row = await _live(tx, token, now)
    if row is None or not await use_reach_link(tx, row.digest, now):
        return None
    return await record(tx, cw, row.request_id, row.officer, now)


async def record(tx: AsyncConnection, cw: Casework, request_id: str, officer: str, now: datetime) -> Underway | None:
    """Record that this officer is on the way, however it was said. None: the request does not ring here any more."""
    request = await request_seen(tx, request_id)
    if request is None:
        return None
    said = await on_my_way(tx, cw, request_id, officer, now)
    if said.reach is Reach.OVER:
        return None
    return Underway(request_id, request.case_id, officer, said.until)


async def reply(tx: AsyncConnection, cw: Casework, address: str, text: str, now: datetime) -> Underway | None:
    """A text reply from a verified contact: it names the reference of an open page, or is the one key of its newest.

    None: the sender is a stranger here, or nothing that was sent to them still rings, or the text says neither.
    """
    officers = await _whose(tx, address, now)
    told = text.strip().casefold()
    references = set(_REFERENCE.findall(told))
    if not officers or not (references or told == _PRESSED):
        return None
    for page in await _open_pages(tx, officers):
        # The attack: somebody else's reference, overheard, must not hold a ladder that never called this telephone.
        if not references or page.request_id[-12:] in references:
            return await record(tx, cw, page.request_id, page.officer, now)
    return None


async def _live(tx: AsyncConnection, token: str, now: datetime) -> Row[Any] | None:
    row = await link_row(tx, digest(token.encode())) if _TOKEN.fullmatch(token) else None
    if row is None or row.used_at is not None or row.until <= now:
        return None
    request, officer = await request_seen(tx, row.request_id), await officer_row(tx, row.officer)
    rings = request is not None and request.incoming and request.rings
    return row if rings and officer is not None and officer.locked_at is None else None


async def _whose(tx: AsyncConnection, address: str, now: datetime) -> list[str]:
    """The officers who have verified this address, and can be called; more than one share a telephone."""
    sought = alike(address)
    found = [
        row.officer
        for row in await verified_contacts(tx)
        if sought and alike(row.address) == sought and Contact(row.channel, row.address, row.verified_at).good(now)
    ]
    return list(dict.fromkeys(found))


async def _open_pages(tx: AsyncConnection, officers: list[str]) -> list[Row[Any]]:
    """The pages of these officers whose request still rings, the newest first."""
    pages = sorted(
        [page for officer in officers for page in await pages_to(tx, officer)],
        key=lambda page: (page.at, page.id),
        reverse=True,
    )
    rings: dict[str, bool] = {}
    for request_id in dict.fromkeys(page.request_id for page in pages):
        request = await request_seen(tx, request_id)
        rings[request_id] = request is not None and bool(request.incoming and request.rings)
    return [page for page in pages if rings[page.request_id]]


def alike(address: str) -> str:
    """An address as two spellings of it agree: mail without case, a number as its digits without what stands for *abroad*."""
    if "@" in address:
        return address.strip().casefold()
    digits = "".join(c for c in address if c.isascii() and c.isdigit())
    return digits.removeprefix("00")
