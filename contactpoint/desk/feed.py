"""The feed of threats for the State's own tools: what was shared and what was recalled, in the order in which it came to this desk.

Promise: who reads on from the cursor of the last line gets everything that came since, once, and a recall always as an entry of its
own. A cursor is sealed under this node's storage key: nobody can make one, read one, or bring one from another node. A key of the
feed (`contactpoint.desk.toolkeys`) reads this feed and can do nothing else.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError
from contactpoint.domain.threats import Threat, pap_of, threat_of, tlp_of
from contactpoint.store.rows_threats import entries_after
from keys.errors import UnsealError

MOST_FED = 200
"""Entries in one answer."""

_CURSOR = "feed/threats"
_LONGEST_CURSOR = 200


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One line: the threat as it is known now, whether this is its recall, and where to read on after it."""

    cursor: str
    recall: bool
    threat: Threat


@dataclass(frozen=True, slots=True)
class FeedPage:
    """``cursor`` is where to read on; ``more`` says that something is there already."""

    entries: tuple[FeedEntry, ...]
    cursor: str
    more: bool


async def read_feed(cw: Casework, after: str) -> FeedPage:
    """The entries after a cursor; an empty one is the beginning. Raises DraftError (E-CURSOR)."""
    number = _open_cursor(cw, after)
    return await cw.db.read(lambda tx: _page(tx, cw, number))


async def _page(tx: AsyncConnection, cw: Casework, number: int) -> FeedPage:
    rows = await entries_after(tx, number, MOST_FED + 1)
    entries = []
    for row in rows[:MOST_FED]:
        number = row.number
        # What its mark keeps in the console is passed over: not even its date goes to a tool.
        if not (tlp_of(row.tlp).feed and pap_of(row.pap).feed):
            continue
        opened = await load_case(tx, cw, row.case_id)
        if opened is not None:
            threat = threat_of(opened.case, opened.case.requests[row.request_id], cw.catalogue)
            entries.append(FeedEntry(_cursor(cw, number), bool(row.recall), threat))
    return FeedPage(tuple(entries), _cursor(cw, number), len(rows) > MOST_FED)


def _cursor(cw: Casework, number: int) -> str:
    sealed = cw.keyring.storage.seal(_CURSOR, number.to_bytes(8))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _open_cursor(cw: Casework, text: str) -> int:
    if not text:
        return 0
    try:
        if len(text) > _LONGEST_CURSOR:
            raise ValueError(text[:8])
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return int.from_bytes(cw.keyring.storage.open(_CURSOR, sealed))
    except (ValueError, binascii.Error, UnsealError) as error:
        raise DraftError(
            "E-CURSOR", "this cursor was not given out by this node", "read from the beginning, without a cursor"
        ) from error
