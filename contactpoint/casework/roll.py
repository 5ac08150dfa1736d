"""The roll of this desk: a frozen picture, read in the transaction that decides, of who could be called now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.roll import NOBODY, Person, Roll, Watch
from contactpoint.store.rows_people import officer_rows

async def roll_now(tx: AsyncConnection, cw: Casework) -> Roll:
    """Promise: officers, rotas in use and the own calendar as they are in this transaction."""
    people = tuple(_person(row) for row in await officer_rows(tx))
    return Roll(people, await _watches(tx, cw), cw.register.calendar(cw.state))


async def roll_for(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> Roll:
    """The roll as the ladder of this request looks at it: who holds it stands in it; an own request calls nobody here."""
    return (await roll_now(tx, cw)).held_by(row.holder) if row.incoming else NOBODY


async def _watches(tx: AsyncConnection, cw: Casework) -> Mapping[str, Watch]:
    return {}


def _person(row: Row[Any]) -> Person:
    return Person(
        number=row.number,
        rights=frozenset(json.loads(row.rights)),
        languages=frozenset((row.language,)),
        locked=row.locked_at is not None,
    )
