"""Keys of the State's own tools. Each has one scope: it reads the feed of threats, or the alarm's beat, and can do nothing else.

A key is printed once, when it is made; only its digest rests here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bells import BELL
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_tools import api_key_row, api_keys, insert_api_key, note_key_seen, revoke_api_key
from keys.digest import digest

_LONGEST_TOKEN, _LONGEST_NAME = 200, 64


class Scope(StrEnum):
    """What a key opens."""

    THREATS = "threats"
    BELL = BELL

    @property
    def made_by(self) -> str:
        """The command that makes such a key."""
        return "contactpoint threats key add" if self is Scope.THREATS else "contactpoint bell key add"


@dataclass(frozen=True, slots=True)
class ToolKey:
    """A key without its token. ``seen_at``: when a bell last had its stream open with it."""

    name: str
    scope: str
    at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None = None


async def refuse_key(cw: Casework, token: str, scope: Scope) -> None:
    """Raise NotPermittedError (E-API-KEY) unless this token is a key of this scope that still holds."""
    mark = _mark(token)
    row = await cw.db.read(lambda tx: api_key_row(tx, mark))
    if row is None or row.revoked_at is not None or row.scope != scope.value:
        raise _no_key(scope)


async def note_bell(cw: Casework, token: str, now: datetime) -> None:
    """A bell has its stream open with this key now. Raises NotPermittedError (E-API-KEY) when it opens no stream, or no longer."""
    mark = _mark(token)
    if not await cw.db.write(lambda tx: note_key_seen(tx, mark, Scope.BELL.value, now)):
        raise _no_key(Scope.BELL)


def _mark(token: str) -> bytes:
    # The token is 32 random bytes: a plain digest of it cannot be guessed back, and finding it by its digest leaks no time.
    return digest(token[:_LONGEST_TOKEN].encode())


def _no_key(scope: Scope) -> NotPermittedError:
    text = "the key is missing, unknown, revoked, or opens something else"
    return NotPermittedError("E-API-KEY", text, f"ask an administrator: {scope.made_by}")


async def add_key(cw: Casework, name: str, scope: Scope, now: datetime) -> str:
    """Make a key for one tool. The token is returned once and rests nowhere. Raises NotPermittedError where the name is in use."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        text = f"a key's name has 1 to {_LONGEST_NAME} characters that can be seen"
        raise DraftError("E-FIELD-INVALID", text, "choose a name such as the tool's")
    token = f"cpf_{cw.random(32).hex()}"
    values = {"digest": digest(token.encode()), "name": name, "scope": scope.value, "at": now}

    async def work(tx: AsyncConnection) -> None:
        if any(row.name == name and row.revoked_at is None for row in await api_keys(tx)):
            raise NotPermittedError("E-EXISTS", f"there is a key {name} already", "revoke it first, or choose a name")
        await insert_api_key(tx, values)
        await append(tx, journal, f"{scope.value} key added", name, None, now)

    await cw.db.write(work)
    return token


async def revoke_key(cw: Casework, name: str, scope: Scope, now: datetime) -> None:
    """End a key of this scope at once. Raises NotFoundError."""

    async def work(tx: AsyncConnection) -> bool:
        holds = [row for row in await api_keys(tx) if row.name == name and row.scope == scope.value]
        gone = bool(holds) and await revoke_api_key(tx, name, now)
        if gone:
            await append(tx, journal, f"{scope.value} key revoked", name, None, now)
        return gone

    if not await cw.db.write(work):
        list_them = scope.made_by.removesuffix("add") + "list"
        raise NotFoundError("E-NOT-FOUND", f"there is no key {name} that holds", f"run `{list_them}`")


async def list_keys(cw: Casework, scope: Scope) -> tuple[ToolKey, ...]:
    """Every key of this scope that was ever made, without its token."""
    rows = await cw.db.read(api_keys)
    return tuple(
        ToolKey(row.name, row.scope, row.at, row.revoked_at, row.seen_at) for row in rows if row.scope == scope.value
    )
