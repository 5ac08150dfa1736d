"""A small schema with a journal, and stories that the database tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Database, Work
from contactpoint.store.instant import Instant
from contactpoint.store.journal import journal_table

NOW = datetime(2026, 11, 21, 3, 0, 0, 123000, tzinfo=UTC)
BRANCH = "desk"  # any branch will do: the tables are these

metadata = MetaData()
journal = journal_table(metadata, "example")
shelf = Table(
    "shelf", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False, unique=True)
)
book = Table(
    "book",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("shelf", ForeignKey("shelf.id"), nullable=False),
    Column("at", Instant),
)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, metadata, BRANCH)
    try:
        yield database
    finally:
        await database.close()


def put(name: str) -> Work[None]:
    async def work(tx: AsyncConnection) -> None:
        await tx.execute(insert(shelf), {"name": name})

    return work


async def names(tx: AsyncConnection) -> list[str]:
    return list((await tx.execute(select(shelf.c.name).order_by(shelf.c.name))).scalars())
