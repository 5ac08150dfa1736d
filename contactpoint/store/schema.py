"""Which release of the tables a database holds, and how it gets to ours.

A new database gets its tables straight from the MetaData (a test keeps that equal to the migrations). Alembic takes
half a second to import, so it is imported only when a start finds an older schema.
"""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from contactpoint.store.errors import SchemaError
from contactpoint.store.migrations import HEADS

# Any constant will do, as long as all copies of the program use the same: two that start at once must not both create.
_STARTING = 0x63706E31


async def bring_up_to_date(engine: AsyncEngine, metadata: MetaData, branch: str) -> None:
    """Create or migrate the tables of one branch in one transaction. SchemaError if they are newer than the program."""
    async with engine.begin() as connection:
        await connection.run_sync(_bring_up_to_date, metadata, branch)


def version_table(branch: str) -> Table:
    """Alembic's table of the revision that a branch stands at: one for each, so that two may share a database."""
    return Table(f"{branch}_alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def _bring_up_to_date(connection: Connection, metadata: MetaData, branch: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_STARTING})"))
    versions = version_table(branch)
    present = set(inspect(connection).get_table_names())
    if versions.name not in present:
        _refuse_strangers(present & set(metadata.tables), branch)
        metadata.create_all(connection)
        versions.create(connection)
        connection.execute(insert(versions), {"version_num": HEADS[branch]})
        return
    version = connection.execute(select(versions.c.version_num)).scalar_one_or_none()
    if version != HEADS[branch]:
        from contactpoint.store.migrations.run import upgrade

        upgrade(connection, branch, version)


def _refuse_strangers(tables: Iterable[str], branch: str) -> None:
    if tables:
        names = ", ".join(sorted(tables))
        raise SchemaError(f"this database holds {names} but not which release of {branch}; give an empty database")
