"""The feed of threats for the State's own tools: what was shared and what was recalled, in the order in which it came to this desk.

Promise: who reads on from the cursor of the last line gets everything that came since, once, and a recall always as an entry of its
own. A cursor is sealed under this node's storage key: nobody can make one, read one, or bring one from another node. A key of the
feed reads this feed and can do nothing else; only its digest rests here.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.domain.threats import Threat, pap_of, threat_of, tlp_of
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_threats import api_key_row, api_keys, entries_after, insert_api_key, revoke_api_key
from keys.digest import digest
from keys.errors import UnsealError

SCOPE = "threats"
MOST_FED = 200
"""Entries in one answer."""

_CURSOR = "feed/threats"
_LONGEST_CURSOR, _LONGEST_TOKEN, _LONGEST_NAME = 200, 200, 64


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


@dataclass(frozen=True, slots=True)
class FeedKey:
    """A key of the feed, without its token."""

    name: str
    scope: str
    at: datetime
    revoked_at: datetime | None


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


async def refuse_key(cw: Casework, token: str) -> None:
    """Raise NotPermittedError (E-API-KEY) unless this token is a key of the feed that still holds."""
    # The token is 32 random bytes: a plain digest of it cannot be guessed back, and finding it by its digest leaks no time.
    mark = digest(token[:_LONGEST_TOKEN].encode())
    row = await cw.db.read(lambda tx: api_key_row(tx, mark))
    if row is None or row.revoked_at is not None or row.scope != SCOPE:
        raise NotPermittedError(
            "E-API-KEY", "the key is missing, unknown or revoked", "ask an administrator: contactpoint threats key add"
        )


async def add_key(cw: Casework, name: str, now: datetime) -> str:
    """Make a key for one tool. The token is returned once and rests nowhere. Raises NotPermittedError where the name is in use."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        text = f"a key's name has 1 to {_LONGEST_NAME} characters that can be seen"
        raise DraftError("E-FIELD-INVALID", text, "choose a name such as the tool's")
    token = f"cpf_{cw.random(32).hex()}"
    values = {"digest": digest(token.encode()), "name": name, "scope": SCOPE, "at": now}

    async def work(tx: AsyncConnection) -> None:
        if any(row.name == name and row.revoked_at is None for row in await api_keys(tx)):
            raise NotPermittedError("E-EXISTS", f"there is a key {name} already", "revoke it first, or choose a name")
        await insert_api_key(tx, values)
        await append(tx, journal, "feed key added", name, None, now)

    await cw.db.write(work)
    return token


async def revoke_key(cw: Casework, name: str, now: datetime) -> None:
    """End a key at once. Raises NotFoundError."""

    async def work(tx: AsyncConnection) -> bool:
        gone = await revoke_api_key(tx, name, now)
        if gone:
            await append(tx, journal, "feed key revoked", name, None, now)
        return gone

    if not await cw.db.write(work):
        raise NotFoundError("E-NOT-FOUND", f"there is no key {name} that holds", "run `contactpoint threats key list`")


async def list_keys(cw: Casework) -> tuple[FeedKey, ...]:
    """Every key that was ever made, without its token."""
    rows = await cw.db.read(api_keys)
    return tuple(FeedKey(row.name, row.scope, row.at, row.revoked_at) for row in rows)
