"""Who is locked signs nothing: asked again in the very transaction that would write, because a lock may come at the same moment."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.errors import LockedError
from contactpoint.domain.statement import Statement
from contactpoint.store.rows_handover import locked_of


async def refuse_locked(tx: AsyncConnection, numbers: Iterable[str | None]) -> None:
    """Return if none of these officers is locked, and keep it so until the transaction ends. Raises LockedError.

    The attack: an officer who is being locked sends his last act beside the lock, with a key that was opened before it.
    """
    named = sorted({number for number in numbers if number})
    locked = await locked_of(tx, named) if named else []
    if locked:
        raise LockedError("E-LOCKED", f"officer {locked[0]} is locked")


def hands_of(statement: Statement) -> tuple[str | None, ...]:
    """The officers of this State whose act a statement is: author, approver, and whom the station names in their place."""
    named = statement.body.get("officer") if not statement.by else None
    return statement.by, statement.approver, named if isinstance(named, str) else None
