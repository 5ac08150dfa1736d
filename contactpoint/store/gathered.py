"""The writes of one claim, gathered and carried out together: one statement for each table, where each row had one of its own.

While a transaction gathers, ``insert_once`` of the tables named here only keeps the row, and ``update_request`` only keeps the move.
Whether a *step* was taken before is known (the steps of the claimed requests are read first, and their rows are locked), so that its
answer is exact; of the other tables the answer says that the row was handed over. A row that stands in the way is left out at the end,
as always. Whoever reads what may have been gathered, or changes it, calls ``carry_out_gathered`` first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import String, Table
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import fact, outbox, page, request, step, task
from contactpoint.store.errors import ConflictError
from contactpoint.store.instant import Instant, to_milliseconds

T = TypeVar("T")
_KEY = "gathered"
_POSTGRESQL: Dialect = dialect()  # type: ignore[no-untyped-call]  # their constructor is untyped
_TABLES = (step, page, fact, outbox, task)
"""In the order in which they are written: a parcel names its fact."""


@dataclass(slots=True)
class _Gathered:
    steps: set[tuple[str, int, str]]
    rows: dict[Table, list[Mapping[str, Any]]] = field(default_factory=dict)
    moves: list[tuple[str, int, Mapping[str, Any]]] = field(default_factory=list)
    read: dict[tuple[str, ...], Any] = field(default_factory=dict)


@asynccontextmanager
async def gathering(tx: AsyncConnection, steps: Iterable[tuple[str, int, str]]) -> AsyncIterator[None]:
    """Gather until the end of the block, then write. ``steps``: (request, cycle, step) of every claimed request so far.

    Raises ConflictError when a claimed row has moved meanwhile: then nothing of the claim may be kept.
    """
    tx.info[_KEY] = _Gathered(set(steps))
    try:
        yield
        await carry_out_gathered(tx)
    finally:
        del tx.info[_KEY]


def keep_row(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool | None:
    """Keep a row for later: True when it is kept, False when it is known to be there; None: nothing gathers, write it yourself."""
    gathered: _Gathered | None = tx.info.get(_KEY)
    if gathered is None or table not in _TABLES:
        return None
    if table is step:
        mark = (values["request_id"], values["cycle"], values["step"])
        if mark in gathered.steps:
            return False
        gathered.steps.add(mark)
    gathered.rows.setdefault(table, []).append(values)
    return True


def keep_move(tx: AsyncConnection, request_id: str, rev: int, values: Mapping[str, Any]) -> bool:
    """Keep the move of a claimed request for later. False: nothing gathers, write it yourself."""
    gathered: _Gathered | None = tx.info.get(_KEY)
    if gathered is None:
        return False
    gathered.moves.append((request_id, rev, values))
    return True


async def remembered(tx: AsyncConnection, name: tuple[str, ...], read: Callable[[], Awaitable[T]]) -> T:
    """What ``read`` finds; in a transaction that gathers it is read once under this name. For what a claim itself does not change."""
    gathered: _Gathered | None = tx.info.get(_KEY)
    if gathered is None:
        return await read()
    if name not in gathered.read:
        gathered.read[name] = await read()
    found: T = gathered.read[name]
    return found


async def carry_out_gathered(tx: AsyncConnection) -> None:
    """Write what was gathered so far."""
    gathered: _Gathered | None = tx.info.get(_KEY)
    if gathered is None:
        return
    for table in _TABLES:
        alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for row in gathered.rows.pop(table, ()):
            alike.setdefault(tuple(row), []).append(row)
        for names, rows in alike.items():
            await _insert(tx, table, names, rows)
    moves: dict[tuple[str, ...], list[tuple[str, int, Mapping[str, Any]]]] = {}
    for move in gathered.moves:
        moves.setdefault(tuple(move[2]), []).append(move)
    gathered.moves = []
    for names, several in moves.items():
        await _move(tx, names, several)


async def _insert(tx: AsyncConnection, table: Table, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    if table is outbox:
        # What `insert_parcel` leaves to the schema.
        names = tuple(name for name in names if name != "state")
        names, rows = (*names, "state"), [{"state": "due", **row} for row in rows]
    plain = [_plain(table, names, row) for row in rows]
    if tx.dialect.name == "postgresql":
        await tx.exec_driver_sql(
            _insert_arrays(table, names), tuple(list(column) for column in zip(*plain, strict=True))
        )
    else:
        await tx.exec_driver_sql(_insert_rows(table, names), plain)


async def _move(
    tx: AsyncConnection, names: tuple[str, ...], moves: Sequence[tuple[str, int, Mapping[str, Any]]]
) -> None:
    """Compare-and-set of many requests at once: all of them move, or the claim is given up."""
    plain = [(*_plain(request, names, values), request_id, rev) for request_id, rev, values in moves]
    if tx.dialect.name == "postgresql":
        columns = tuple(list(column) for column in zip(*plain, strict=True))
        moved = (await tx.exec_driver_sql(_move_arrays(names), columns)).rowcount
    else:
        moved = (await tx.exec_driver_sql(_move_rows(names), plain)).rowcount
    if moved != len(moves):
        raise ConflictError("another worker moved a request that was claimed here; it is claimed again")


@cache
def _instants(table: Table, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(names) if isinstance(table.c[name].type, Instant))


def _plain(table: Table, names: tuple[str, ...], row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values as the driver takes them, in the order of the names."""
    values = [row[name] for name in names]
    for place in _instants(table, names):
        if values[place] is not None:
            values[place] = to_milliseconds(values[place])
    return tuple(values)


@cache
def _insert_rows(table: Table, names: tuple[str, ...]) -> str:
    places = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({_quoted(names)}) VALUES ({places}) ON CONFLICT DO NOTHING'  # noqa: S608 - names of the schema


@cache
def _insert_arrays(table: Table, names: tuple[str, ...]) -> str:
    arrays = ", ".join(f"${place}::{_array(table, name)}" for place, name in enumerate(names, 1))
    columns = _quoted(names)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING'  # noqa: S608 - names of the schema


@cache
def _move_rows(names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = ?' for name in names)
    return f"UPDATE request SET {sets}, rev = rev + 1 WHERE id = ? AND rev = ?"  # noqa: S608 - names of the schema


@cache
def _move_arrays(names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = new."{name}"' for name in names)
    arrays = ", ".join(f"${place}::{_array(request, name)}" for place, name in enumerate((*names, "id", "rev"), 1))
    new = f"unnest({arrays}) AS new ({_quoted(names)}, id, rev)"
    return f"UPDATE request SET {sets}, rev = request.rev + 1 FROM {new} WHERE request.id = new.id AND request.rev = new.rev"  # noqa: S608 - names of the schema


def _array(table: Table, name: str) -> str:
    kind = table.c[name].type
    # A cast to varchar(n) would cut a text that is too long; as text it is refused by its column.
    return "text[]" if isinstance(kind, String) else f"{kind.compile(_POSTGRESQL)}[]"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
