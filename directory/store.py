"""The register's tables and rows, on SQLite and PostgreSQL. The log itself is the journal: rows are only ever added.

`SqlShelf` keeps `directory.ports.Shelf` over `contactpoint.store.Database`, which promises durable commits.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, delete, insert, select
from sqlalchemy import update as change
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Database
from contactpoint.store.sql import insert_once
from directory.ports import StoredCheckpoint, T, Waiting, Work
from keys.instants import from_milliseconds, to_milliseconds

BRANCH = "register"
metadata = MetaData()

head = Table(
    "register_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
)
log = Table(
    "register_log",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
checkpoints = Table(
    "register_checkpoints",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)
waiting = Table(
    "register_waiting",
    metadata,
    Column("state", String(9), primary_key=True),
    Column("claim", LargeBinary(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
sheets = Table(
    "register_sheets",
    metadata,
    Column("state", String(9), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
members = Table(
    "register_members",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("state", String(9), nullable=False, index=True),
    Column("data", LargeBinary, nullable=False),
)


class SqlRows:
    """`directory.ports.Rows` in one SQL transaction."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def size(self) -> int:
        """Number of entries. Locks the head row where the database can (SQLite has one writer anyway)."""
        found = (await self._tx.execute(select(head.c.size).where(head.c.id == 1))).scalar_one_or_none()
        return found or 0

    async def lock(self) -> None:
        """Take the head row for this transaction, making it first if need be."""
        locked = select(head.c.size).where(head.c.id == 1).with_for_update()
        if (await self._tx.execute(locked)).first() is None:
            # Once: on a fresh PostgreSQL two programs may make it at the same instant, and the later waits for the first.
            await insert_once(self._tx, head, {"id": 1, "size": 0})
            await self._tx.execute(locked)

    async def entries_after(self, index: int) -> list[tuple[bytes, bytes]]:
        """(entry, object) from this index on."""
        rows = await self._tx.execute(
            select(log.c.entry, log.c.data).where(log.c.number >= index).order_by(log.c.number)
        )
        return [(row.entry, row.data) for row in rows]

    async def append(self, index: int, entry: bytes, digest: bytes, data: bytes, at: datetime) -> None:
        """Add one entry; the head moves with it, and only from `index`."""
        moved = await self._tx.execute(change(head).where(head.c.id == 1, head.c.size == index).values(size=index + 1))
        assert moved.rowcount == 1, "the log's head moved under its lock"
        row = {"number": index, "entry": entry, "digest": digest, "data": data, "at": to_milliseconds(at)}
        await self._tx.execute(insert(log), row)

    async def object(self, digest: bytes) -> bytes | None:
        """A logged object."""
        return (await self._tx.execute(select(log.c.data).where(log.c.digest == digest))).scalar_one_or_none()

    async def checkpoint(self) -> StoredCheckpoint | None:
        """The last signed checkpoint."""
        newest = select(checkpoints).order_by(checkpoints.c.at.desc(), checkpoints.c.size.desc()).limit(1)
        row = (await self._tx.execute(newest)).first()
        return StoredCheckpoint(row.size, from_milliseconds(row.at), row.note) if row else None

    async def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a new one; all are kept, as proof of what was said when."""
        row = {"at": to_milliseconds(checkpoint.at), "size": checkpoint.size, "note": checkpoint.note}
        await self._tx.execute(insert(checkpoints), row)

    async def waiting(self, state: str | None = None) -> list[Waiting]:
        """What waits for the registrar; of one claim, the charter before the card."""
        query = select(waiting).order_by(waiting.c.state, waiting.c.claim, waiting.c.kind.desc())
        rows = await self._tx.execute(query if state is None else query.where(waiting.c.state == state))
        return [Waiting(row.state, row.claim, row.kind, row.data, from_milliseconds(row.at)) for row in rows]

    async def put_waiting(self, waits: Waiting) -> None:
        """Keep it in place of an earlier one."""
        row: dict[str, object] = {"state": waits.state, "claim": waits.claim, "kind": waits.kind}
        same = [waiting.c[name] == value for name, value in row.items()]
        await self._tx.execute(delete(waiting).where(*same))
        row |= {"data": waits.data, "at": to_milliseconds(waits.at)}
        await self._tx.execute(insert(waiting), row)

    async def drop_waiting(self, state: str) -> None:
        """Forget what waits for a State."""
        await self._tx.execute(delete(waiting).where(waiting.c.state == state))

    async def sheet(self, state: str) -> bytes | None:
        """The newest prekey sheet."""
        return (await self._tx.execute(select(sheets.c.data).where(sheets.c.state == state))).scalar_one_or_none()

    async def put_sheet(self, state: str, data: bytes) -> None:
        """Keep it in place of the older one."""
        await self._tx.execute(delete(sheets).where(sheets.c.state == state))
        await self._tx.execute(insert(sheets), {"state": state, "data": data})

    async def members(self, digest: bytes) -> bytes | None:
        """A members' part."""
        return (await self._tx.execute(select(members.c.data).where(members.c.digest == digest))).scalar_one_or_none()

    async def put_members(self, state: str, digest: bytes, data: bytes) -> None:
        """Keep a State's part and erase its older ones: telephones outlive no card."""
        await self._tx.execute(delete(members).where(members.c.state == state))
        await self._tx.execute(insert(members), {"digest": digest, "state": state, "data": data})


class SqlShelf:
    """`directory.ports.Shelf` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Work[T]) -> T:
        """Run on one snapshot."""

        async def reading(tx: AsyncConnection) -> T:
            return await work(SqlRows(tx))

        return await self._database.read(reading)

    async def write(self, work: Work[T]) -> T:
        """Run in one transaction under the lock of the log's head."""

        async def writing(tx: AsyncConnection) -> T:
            rows = SqlRows(tx)
            await rows.lock()
            return await work(rows)

        return await self._database.write(writing)
