"""A hash-chained journal: each entry's head covers all entries before it, so that none can be changed unseen.

What it does not stop: one who can write the database can cut the tail off and set the head row back. Heads that were
told to a peer (every slip carries one) show that: give them to `verify_journal` as `known`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.errors import JournalBrokenError
from contactpoint.store.instant import Instant, to_milliseconds
from keys.digest import labelled

_ONLY = 1  # the head table has one row
_PAGE = 1000  # entries read at a time when the chain is replayed


@dataclass(frozen=True, slots=True, eq=False)
class Journal:
    """The two tables of one journal: its entries and the one row that holds its head and serves as its lock."""

    prefix: str
    entries: Table
    head: Table
    _lock: Select[tuple[int, bytes | None]]
    _add: Insert
    _move: Update


def journal_table(metadata: MetaData, prefix: str) -> Journal:
    """Declare `<prefix>_journal` and `<prefix>_journal_head` in the metadata. Call it once per schema, at import."""
    entries = Table(
        f"{prefix}_journal",
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("at", Instant, nullable=False),
        Column("event", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("digest", LargeBinary, nullable=True),
        Column("head", LargeBinary, nullable=False),
    )
    head = Table(
        f"{prefix}_journal_head",
        metadata,
        Column("only", Integer, primary_key=True, autoincrement=False),
        Column("number", Integer, nullable=False),
        Column("head", LargeBinary, nullable=True),
    )
    return Journal(
        prefix,
        entries,
        head,
        _lock=select(head.c.number, head.c.head).where(head.c.only == _ONLY).with_for_update(),
        _add=insert(entries),
        _move=update(head).where(head.c.only == _ONLY).values(number=bindparam("to"), head=bindparam("value")),
    )


async def append(
    tx: AsyncConnection, journal: Journal, event: str, subject: str, digest: bytes | None, now: datetime
) -> bytes:
    """Add one entry in the caller's transaction and return the new head (32 bytes).

    Locks the head row until the commit, so entries stand in the order of their commits: everyone else waits from here on.
    """
    number, previous = await _locked_head(tx, journal)
    number += 1
    head = _chain(journal.prefix, previous, number, now, event, subject, digest)
    entry = {"number": number, "at": now, "event": event, "subject": subject, "digest": digest, "head": head}
    await tx.execute(journal._add, entry)
    await tx.execute(journal._move, {"to": number, "value": head})
    tx.info[journal.prefix] = tx.get_transaction(), head
    return head


def head_of_this(tx: AsyncConnection, journal: Journal) -> bytes | None:
    """The head that this very transaction has written; None while it has written no entry."""
    transaction, head = tx.info.get(journal.prefix, (None, None))
    return head if transaction is not None and transaction is tx.get_transaction() else None


async def journal_head(tx: AsyncConnection, journal: Journal) -> bytes | None:
    """The head as of this transaction; None while the journal is empty."""
    return (await tx.execute(select(journal.head.c.head).where(journal.head.c.only == _ONLY))).scalar_one_or_none()


async def verify_journal(tx: AsyncConnection, journal: Journal, known: Collection[bytes] = ()) -> bytes | None:
    """Replay the whole chain and return its head (None when empty); every head in `known` must stand in it.

    Raises JournalBrokenError with the number of the first entry that does not fit.
    """
    number, head = 0, None
    missing = set(known)
    while page := (await tx.execute(_page_after(journal, number))).all():
        for row in page:
            number += 1
            if row.number != number:
                raise JournalBrokenError(number, "is missing")
            head = _chain(journal.prefix, head, number, row.at, row.event, row.subject, row.digest)
            if row.head != head:
                raise JournalBrokenError(number, "does not fit the entries before it")
            missing.discard(head)
    stored = (await tx.execute(select(journal.head.c.number, journal.head.c.head))).one_or_none()
    if (stored.number, stored.head) != (number, head) if stored else number:
        raise JournalBrokenError(number, "is not the one that the head row names")
    if missing:
        raise JournalBrokenError(number, f"{len(missing)} heads that were published are not in the chain")
    return head


def _chain(
    prefix: str, previous: bytes | None, number: int, at: datetime, event: str, subject: str, digest: bytes | None
) -> bytes:
    return labelled("cpn1/journal", prefix, previous, number, to_milliseconds(at), event, subject, digest)


def _page_after(journal: Journal, number: int) -> Select[tuple[object, ...]]:
    entries = journal.entries
    return select(entries).where(entries.c.number > number).order_by(entries.c.number).limit(_PAGE)


async def _locked_head(tx: AsyncConnection, journal: Journal) -> tuple[int, bytes | None]:
    row = (await tx.execute(journal._lock)).one_or_none()
    if row is None:
        # The very first entry. Two copies may start at once: one insert wins, the other waits for it and reads its row.
        try:
            async with tx.begin_nested():
                await tx.execute(insert(journal.head), {"only": _ONLY, "number": 0, "head": None})
        except IntegrityError:
            pass
        row = (await tx.execute(journal._lock)).one()
    return row.number, row.head
