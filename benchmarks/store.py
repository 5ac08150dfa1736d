"""What a durable write through the store costs, beside the same statements on bare sqlite3."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.machine import quantiles, timed
from contactpoint.store.database import Database
from contactpoint.store.journal import append, journal_table

_ROUNDS = 400
_metadata = MetaData()
_journal = journal_table(_metadata, "bench")
_row = Table("row", _metadata, Column("id", Integer, primary_key=True), Column("value", Text))


def run() -> Iterator[str]:
    """One insert; one insert and one journal entry; the same on bare sqlite3; one read."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"bare sqlite3, one insert             {quantiles(_bare(Path(folder) / 'bare.sqlite3'))}"
        yield from asyncio.run(_through_the_store(Path(folder) / "store.sqlite3"))


def _bare(path: Path) -> list[float]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, value TEXT)")

    def once() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO row (value) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")

    times = [timed(once) for _ in range(_ROUNDS)]
    connection.close()
    return times


async def _through_the_store(path: Path) -> list[str]:
    database = await Database.open(f"sqlite:///{path}", _metadata, "desk")

    async def insert_row(tx: AsyncConnection) -> None:
        await tx.execute(insert(_row), {"value": "x" * 200})

    async def insert_and_note(tx: AsyncConnection) -> None:
        await insert_row(tx)
        await append(tx, _journal, "noted", "row", None, datetime.now(UTC))

    async def read(tx: AsyncConnection) -> None:
        await tx.execute(select(func.count()).select_from(_row).where(_row.c.id < 10))

    lines = []
    for name, work, through in (
        ("store, one insert", insert_row, database.write),
        ("store, one insert, one journal entry", insert_and_note, database.write),
        ("store, one read", read, database.read),
    ):
        times = []
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            await through(work)
            times.append((time.perf_counter() - begun) * 1000)
        lines.append(f"{name:37}{quantiles(times[20:])}")
    await database.close()
    return lines
