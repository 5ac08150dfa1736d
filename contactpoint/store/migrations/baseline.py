"""Writes a branch's first revision from its MetaData: `python -m contactpoint.store.migrations.baseline --help`.

Only before the first release: afterwards a released revision never changes, and `--next MESSAGE` writes a new one.
"""

import argparse
from importlib import import_module

from alembic import command
from sqlalchemy import MetaData, create_engine

from contactpoint.store.migrations import HEADS
from contactpoint.store.migrations.run import _HERE, configure, upgrade


def main() -> None:
    """Replace the baseline of one branch, or add the revision that follows the newest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("branch", choices=sorted(HEADS))
    parser.add_argument("metadata", help="where the MetaData is, such as contactpoint.store.desk_schema:metadata")
    parser.add_argument("--next", metavar="MESSAGE", help="add a revision instead of replacing the baseline")
    arguments = parser.parse_args()
    module, name = arguments.metadata.split(":")
    metadata: MetaData = getattr(import_module(module), name)
    if arguments.next:
        write_next(arguments.branch, metadata, arguments.next)
    else:
        write_baseline(arguments.branch, metadata)


def write_baseline(branch: str, metadata: MetaData) -> None:
    """Remove the branch's only revision and write it anew; HEADS must already name `<branch>_0001`."""
    for old in (_HERE / branch).glob("*.py"):
        old.unlink()
    _write(branch, metadata, "baseline", 1, from_empty=True)


def write_next(branch: str, metadata: MetaData, message: str) -> None:
    """Write the revision from the newest to the MetaData, to be read and corrected by a person; then raise HEADS."""
    number = len(list((_HERE / branch).glob("*.py"))) + 1
    _write(branch, metadata, message, number, from_empty=False)


def _write(branch: str, metadata: MetaData, message: str, number: int, *, from_empty: bool) -> None:
    with create_engine("sqlite://").begin() as connection:
        if not from_empty:
            upgrade(connection, branch, None)
        config = configure(connection, branch, metadata)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.revision(config, message, autogenerate=True, rev_id=f"{branch}_{number:04}")


if __name__ == "__main__":
    main()
