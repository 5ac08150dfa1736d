"""Everything that the store refuses.

StoreError
 +-- UnsafeStorageError      start-up: the database would not keep what it has promised to keep
 +-- SchemaError             start-up: the tables are of another release than the program
 +-- StorageUnavailableError for now nothing can be read or written; nothing was promised; try again
 +-- ConflictError           a row says otherwise already; load again and decide again
 +-- NestedWriteError        a transaction was asked for inside a transaction (a mistake in the program)
 +-- JournalBrokenError      the journal's chain does not replay
"""


class StoreError(Exception):
    """Base of all errors of the store."""


class UnsafeStorageError(StoreError):
    """The database may lose a commit, or others may read it. Says which setting to change."""


class SchemaError(StoreError):
    """The tables do not fit this release. Says which command to run."""


class StorageUnavailableError(StoreError):
    """The database cannot be reached, is full, or stays locked. The work did not happen, or its commit is unknown."""


class ConflictError(StoreError):
    """A uniqueness or reference rule of the schema was broken; the transaction was rolled back whole."""


class NestedWriteError(StoreError):
    """`write` was called from within the work of another `write`; on SQLite that would wait for itself for ever."""


class JournalBrokenError(StoreError):
    """An entry of the journal was changed, removed, inserted or reordered."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"journal entry {number}: {what}; keep this database as evidence and restore from a backup")
        self.number = number
