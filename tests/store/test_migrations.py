"""The way from an older release and the way from nothing must end at the same tables."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect

from contactpoint.store import sqlite
from contactpoint.store.database import Database
from contactpoint.store.migrations import HEADS
from contactpoint.store.migrations.run import configure, upgrade
from contactpoint.store.schema import version_table
from tests.fixtures.databases import PostgresServer
from tests.store.store_examples import opened

SCHEMAS = {
    "desk": "contactpoint.store.desk_schema",
    "gateway": "contactpoint.store.gateway_schema",
    "register": "directory.store",
}


def metadata_of(branch: str) -> MetaData:
    metadata: MetaData = import_module(SCHEMAS[branch]).metadata
    return metadata


def described(connection: Connection) -> dict[str, Any]:
    """All that a database knows of its tables, versions aside, in an order that does not matter."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(_plain(key) for key in inspector.get_foreign_keys(name)),
            "unique": sorted(str(rule["column_names"]) for rule in inspector.get_unique_constraints(name)),
            "indexes": sorted(_plain(index) for index in inspector.get_indexes(name)),
            "checks": sorted(str(rule["sqltext"]) for rule in inspector.get_check_constraints(name)),
        }
        for name in inspector.get_table_names()
        if not name.endswith("_alembic_version")
    }


def _plain(value: Any) -> str:
    # Conditions of indexes come as objects, which show as their addresses.
    if isinstance(value, dict):
        return str(sorted((key, _plain(inner)) for key, inner in value.items()))
    return str([_plain(inner) for inner in value] if isinstance(value, list) else value)


@pytest.mark.parametrize("branch", HEADS)
async def test_migrations_and_metadata_end_equal(branch: str, database_url: str) -> None:
    metadata = metadata_of(branch)
    database = await Database.open(database_url, metadata, branch)

    def compare(connection: Connection) -> None:
        created = described(connection)
        metadata.drop_all(connection)
        version_table(branch).drop(connection)
        assert described(connection) == {}
        upgrade(connection, branch, None)
        assert described(connection) == created, "run: make migrations-baseline"

    try:
        await database.write(lambda tx: tx.run_sync(compare))
    finally:
        await database.close()


@pytest.mark.parametrize("branch", HEADS)
async def test_a_start_that_finds_an_older_schema_migrates_it(branch: str, database_url: str) -> None:
    database = await Database.open(database_url, metadata_of(branch), branch)

    def back_to_nothing(connection: Connection) -> None:
        metadata_of(branch).drop_all(connection)
        connection.execute(version_table(branch).delete())

    await database.write(lambda tx: tx.run_sync(back_to_nothing))
    await database.close()
    database = await Database.open(database_url, metadata_of(branch), branch)

    def look(connection: Connection) -> tuple[set[str], str]:
        version = connection.execute(version_table(branch).select()).scalar_one()
        return set(described(connection)), version

    try:
        assert await database.read(lambda tx: tx.run_sync(look)) == (set(metadata_of(branch).tables), HEADS[branch])
    finally:
        await database.close()


@pytest.mark.parametrize("branch", HEADS)
def test_each_branch_is_one_line_to_the_head_that_the_program_names(branch: str, tmp_path: Path) -> None:
    connection: Any = None  # not needed to read the scripts
    script = ScriptDirectory.from_config(configure(connection, branch))
    assert script.get_heads() == [HEADS[branch]]
    assert all(not revision.is_merge_point and not revision.is_branch_point for revision in script.walk_revisions())


@pytest.mark.postgres
async def test_desk_and_gateway_may_share_one_postgresql_database(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    for branch in ("desk", "gateway", "desk"):
        await (await Database.open(postgres_url, metadata_of(branch), branch)).close()
    name = postgres_url.rsplit("/", 1)[1]
    versions = (
        "SELECT (SELECT version_num FROM desk_alembic_version), (SELECT version_num FROM gateway_alembic_version)"
    )
    assert postgres_server.sql(versions, database=name) == f"{HEADS['desk']}|{HEADS['gateway']}"


async def test_a_start_on_tables_of_this_release_does_not_import_alembic(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        pass
    program = """
import asyncio, sys
from contactpoint.store.database import Database
from tests.store.store_examples import metadata
async def main():
    await (await Database.open(sys.argv[1], metadata, "desk")).close()
asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""
    root = Path(sqlite.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, sqlite_url], cwd=root, check=True, timeout=60)
