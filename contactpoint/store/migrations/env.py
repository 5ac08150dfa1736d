"""Alembic's entry point: runs the revisions of one branch on the connection that the caller has opened."""

from typing import Any, Literal

from alembic import context

from contactpoint.store.instant import Instant


def _plain(kind: str, item: Any, _autogenerate: object) -> str | Literal[False]:
    # A revision outlives the code: it names column types of SQL, not of this package.
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def run() -> None:
    """Configure from `config.attributes` (connection, branch, metadata) and run within the caller's transaction."""
    attributes = context.config.attributes
    connection = attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=attributes.get("metadata"),
        version_table=f"{attributes['branch']}_alembic_version",
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_plain,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
