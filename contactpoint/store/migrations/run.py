"""Runs Alembic. Imported only by `migrate`, by a start that finds an older schema, and by the making of revisions."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from contactpoint.store.errors import SchemaError

_HERE = Path(__file__).parent


def upgrade(connection: Connection, branch: str, version: str | None) -> None:
    """Bring the tables of a branch from `version` (None: nothing yet) to the newest, in the caller's transaction.

    Raises SchemaError when this release does not know `version`: then the database is of a newer release.
    """
    config = configure(connection, branch)
    if version is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(version)
        except CommandError as error:
            raise SchemaError(
                f"the {branch} tables are of release {version}, which this program does not know; install the newer "
                "program or restore a backup made with this one"
            ) from error
    command.upgrade(config, "head")


def configure(connection: Connection, branch: str, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration for one branch; `metadata` only where revisions are made or compared."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_HERE / branch))
    config.attributes.update(connection=connection, branch=branch, metadata=metadata)
    return config
