"""Cases and what runs on them: statements, requests with their ladder, steps, long clocks, slips, outbox, pages."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

case_file = Table(
    "case_file",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("initiator", String(8), nullable=False),
    Column("addressee", String(8), nullable=False),
    Column("key_storage", LargeBinary),
    Column("key_archive", LargeBinary),
    Column("head_initiator", LargeBinary(32)),
    Column("head_addressee", LargeBinary(32)),
    Column("own_reference", String(120), nullable=False, server_default="", index=True),
    Column("thread", String(36), nullable=False, server_default="", index=True),  # the operation, "" when none
    Column("parent_request", String(36), nullable=False, server_default=""),  # in another case of this desk; never sent
    Column("opened_at", Instant, nullable=False),
    Column("rev", Integer, nullable=False),
)

# Every statement that this desk wrote or received, sealed under its case key. ``waits``: a predecessor is still missing.
statement = Table(
    "statement",
    metadata,
    Column("sender", String(8), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("case_id", String(36), ForeignKey("case_file.id"), nullable=False, index=True),
    Column("recipient", String(8), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("seal", Integer, nullable=False),
    Column("envelope_digest", LargeBinary(32), nullable=False),
    Column("sealed", LargeBinary),
    Column("at", Instant, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Column("held_at", Instant),
    Column("received_at", Instant),
)
Index("statement_unreceived", statement.c.recipient, statement.c.received_at)

# One row a request: its local clocks (the ladder) and what the board sorts by. The timer lives here.
request = Table(
    "request",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("case_id", String(36), ForeignKey("case_file.id"), nullable=False, index=True),
    Column("incoming", Boolean, nullable=False),
    Column("peer", String(8), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("urgency", String(2), nullable=False),
    Column("status", String(32), nullable=False),
    Column("level", String(16), nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("next_at", Instant),
    Column("policy_version", String(32), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("label", String(64), nullable=False, server_default="", index=True),
    Column("at", Instant, nullable=False),
    Column("rings", Boolean, nullable=False),
    Column("acknowledged_by", String(64), nullable=False, server_default=""),
    Column(
        "holder", String(64), nullable=False, server_default="", index=True
    ),  # the officer of this desk who has it now
    Column("answer_unread", Boolean, nullable=False, server_default="0"),
    Column("poisoned", Integer, nullable=False, server_default="0"),
)
Index(
    "request_due",
    request.c.urgency,
    request.c.next_at,
    sqlite_where=request.c.next_at.is_not(None),
    postgresql_where=request.c.next_at.is_not(None),
)
Index("request_rings", request.c.rings, request.c.at)

# Each step of a ladder, once for ever: the primary key is what makes a second firing impossible. (No foreign key: a letter whose
# predecessor is missing is receipted before its request has a row.)
step = Table(
    "step",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("step", String(32), primary_key=True),
    Column("due", Instant, nullable=False),
    Column("at", Instant, nullable=False),
)

# Long clocks (preservation, statutory terms). Their reminders are local; the row stands at both ends. ``due`` is null while the
# term is open-ended, ``alarms`` holds the instants not yet told as JSON milliseconds, ``next_at`` the first of them or the end.
clock = Table(
    "clock",
    metadata,
    Column("request_id", String(36), ForeignKey("request.id"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("starts", Instant, nullable=False),
    Column("due", Instant),
    Column("alarms", Text, nullable=False, server_default="[]"),
    Column("roles", String(120), nullable=False, server_default=""),
    Column("next_at", Instant),
    Column("fired", Integer, nullable=False, server_default="0"),
    Column("poisoned", Integer, nullable=False, server_default="0"),
    Column("rev", Integer, nullable=False, server_default="1"),
    Column("closed_at", Instant),
    Column("closed_by", String(32), nullable=False, server_default=""),
)
Index(
    "clock_due",
    clock.c.next_at,
    sqlite_where=clock.c.next_at.is_not(None),
    postgresql_where=clock.c.next_at.is_not(None),
)

# Receipts and slips of either side. ``content`` is fixed in the transaction that it speaks of; ``signed`` is filled by who sends first.
fact = Table(
    "fact",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("statement_id", String(36), nullable=False, index=True),
    Column("statement_sender", String(8), nullable=False),
    Column("level", String(24), nullable=False),
    Column("by_state", String(8), nullable=False),
    Column("who", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", String(200), nullable=False, server_default=""),
    Column("content", LargeBinary, nullable=False),
    Column("signed", LargeBinary),
)

# What has still to be put into another State's mailbox. A letter's parcel is sealed once and re-sent unchanged.
outbox = Table(
    "outbox",
    metadata,
    Column("id", String(72), primary_key=True),  # a letter's "id:seal", a slip's digest
    Column("recipient", String(8), nullable=False),
    Column("urgency", String(2), nullable=False),
    Column("statement_id", String(36)),
    Column("fact", LargeBinary(32), ForeignKey("fact.digest")),
    Column("envelope", LargeBinary),
    Column("payload", LargeBinary),
    Column("state", String(16), nullable=False),  # due, done, refused, expired
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("outcome", String(200), nullable=False, server_default=""),
)
Index("outbox_due", outbox.c.state, outbox.c.next_at)

# One notice to one person through one channel on one rung: the unique key is what keeps a page from being sent twice.
page = Table(
    "page",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_id", String(36), nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("channel", String(24), nullable=False),
    Column("address", String(254), nullable=False, server_default=""),
    Column("urgency", String(2), nullable=False),
    Column("state", String(16), nullable=False),  # due, delivered, failed, unknown, cancelled, held-back
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("outcome", String(200), nullable=False, server_default=""),
    UniqueConstraint("request_id", "cycle", "rung", "officer", "channel", "address"),
)
Index("page_due", page.c.state, page.c.next_at)
