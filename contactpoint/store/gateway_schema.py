"""The gateway's tables: one MetaData, one journal, never in one transaction with the desk's or the register's.

Nothing here opens a letter: in clear rest addresses, ids, classes, times, digests and what the gateway signed itself.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

from contactpoint.store.instant import Instant
from contactpoint.store.journal import journal_table

metadata = MetaData()

journal = journal_table(metadata, "gateway")

# One row for each mailbox, of whichever State. Its lock orders the numbers; `epoch` says which desk copy may take.
mailbox = Table(
    "mailbox",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(2), nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", String(255), nullable=False),
    Column("lease_until", Instant, nullable=False),
)

# What a mailbox was given, in the order of its numbers. A row is for ever (it is what knows a letter once); its bytes
# are not: `envelope`, `payload` and `slip` are emptied 14 days after they were taken, `receipt` after 400 days.
item = Table(
    "item",
    metadata,
    Column("mailbox", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("sender", String(16), nullable=False),
    Column("id", String(36), nullable=False),
    Column("seal", Integer),
    Column("urgency", String(2), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("envelope", LargeBinary),
    Column("payload", LargeBinary),
    Column("receipt", LargeBinary),
    Column("slip", LargeBinary),
    Column("event", String(16)),
    Column("code", String(32)),
    Column("taken_at", Instant),
    Column("undrained_at", Instant),
    UniqueConstraint("mailbox", "sender", "id", "seal"),
    UniqueConstraint("mailbox", "digest"),
    Index("item_undrained", "mailbox", "kind", "undrained_at", "number"),
)

# Letters that used an id and seal a second time with other bytes: proof of it, sixteen for each mailbox at most.
conflict = Table(
    "conflict",
    metadata,
    Column("mailbox", String(64), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("sender", String(16), nullable=False),
    Column("id", String(36), nullable=False),
    Column("seal", Integer, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)

# *Not received*, said by this gateway of mail that nobody takes: unsigned content first, signature where it is null.
twin = Table(
    "twin",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("recipient", String(16), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("signed", LargeBinary),
    Column("next_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("until", Instant, nullable=False),
    Column("done_at", Instant),
    Index("twin_due", "done_at", "next_at"),
)

# The newest prekey sheet of each State that has a mailbox here.
prekey_sheet = Table(
    "prekey_sheet",
    metadata,
    Column("state", String(2), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)
