"""The desk's tables: one MetaData, one journal, never in one transaction with the gateway's or the register's.

In clear rest ids, addresses, levels, classes, times and digests; whatever an officer wrote rests sealed under the key of its case
(``sealed`` columns), whatever signs rests sealed under the node secret or a person's secret.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from contactpoint.store.instant import Instant
from contactpoint.store.journal import journal_table

metadata = MetaData()

journal = journal_table(metadata, "desk")

# One value each: incarnation, trusted copy of the register, own documents, escalation policy.
setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)

# Own private keys: station, keeper, issuer, and one row for each day's prekey. ``sealed`` is emptied when a prekey is destroyed.
own_key = Table(
    "own_key",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("role", String(16), nullable=False, index=True),
    Column("public", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("destroyed_at", Instant),
)

# Prekey sheets, our own and our peers'. The newest number of a State is the one in use.
sheet = Table(
    "sheet",
    metadata,
    Column("state", String(8), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)

officer = Table(
    "officer",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("rights", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("mail", String(254), nullable=False),
    Column("password", LargeBinary),
    Column("sealed_key", LargeBinary),
    Column("public_key", LargeBinary),
    Column("certificate", LargeBinary),
    Column("certificate_until", Instant),
    Column("link_digest", LargeBinary(32)),
    Column("link_until", Instant),
    Column("locked_at", Instant),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("failed_at", Instant),
)

# Only a digest of the session's number rests here; the shift's key is sealed under 32 bytes that only the cookie holds.
session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("officer", String(64), ForeignKey("officer.number"), nullable=False),
    Column("until", Instant, nullable=False),
    Column("shift_key", LargeBinary),
    Column("shift_until", Instant),
)

manned = Table(
    "manned",
    metadata,
    Column("officer", String(64), primary_key=True),
    Column("window", String(64), primary_key=True),
    Column("alarm_tested_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

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
    Column("answer_unread", Boolean, nullable=False, server_default="0"),
    Column("poisoned", Integer, nullable=False, server_default="0"),
)
Index(
    "request_due",
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
    Column("urgency", String(2), nullable=False),
    Column("state", String(16), nullable=False),  # due, delivered, failed, unknown, cancelled
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("outcome", String(200), nullable=False, server_default=""),
    UniqueConstraint("request_id", "cycle", "rung", "officer", "channel"),
)
Index("page_due", page.c.state, page.c.next_at)

# What a person must look at: refused messages, lost keys, poisoned rows.
task = Table(
    "task",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("code", String(40), nullable=False),
    Column("state", String(8), nullable=False, server_default=""),
    Column("request_id", String(36)),
    Column("note", String(400), nullable=False, server_default=""),
    Column("once", String(80), unique=True),  # one open task for one cause
    Column("at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", String(64)),
)

# Signed by the first officer, waiting for the second; sealed under the case key.
waiting = Table(
    "waiting",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("case_id", String(36), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("urgency", String(2), nullable=False),
    Column("recipient", String(8), nullable=False),
    Column("by_officer", String(64), nullable=False),
    Column(
        "approver", String(64), nullable=False
    ),  # "" where one signature is enough and only a rights check is awaited
    Column("needs_review", Boolean, nullable=False, server_default="0"),
    Column("reviewed_by", String(64), nullable=False, server_default=""),
    Column("mine", LargeBinary(32)),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_storage", LargeBinary, nullable=False),
    Column("key_archive", LargeBinary, nullable=False),
    Column("label", String(64), nullable=False, server_default=""),
    Column("own_reference", String(120), nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, released, stale, lapsed
)

# How far each mailbox has been taken; moves in the letter's own transaction.
cursor = Table(
    "cursor",
    metadata,
    Column("mailbox", String(64), primary_key=True),
    Column("incarnation", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
)

# Bytes that could not be taken as they were: kept as proof, with an alarm; those behind them flow on.
set_aside = Table(
    "set_aside",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("sender", String(8), nullable=False),
    Column("code", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Workers that are alive, and the version fence: a worker of another version refuses to claim.
worker = Table(
    "worker",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# What a second person recorded of rights (Articles 6, 24, 40(22)): a flag that an officer raised, a check before something leaves.
review = Table(
    "review",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("case_id", String(36), nullable=False, index=True),
    Column("request_id", String(36), nullable=False),
    Column("statement_id", String(36), nullable=False, server_default=""),
    Column("statement_digest", LargeBinary(32)),
    Column("kind", String(8), nullable=False),  # flag, check
    Column("reason", String(32), nullable=False, server_default=""),
    Column("verdict", String(16), nullable=False, server_default=""),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# Shared threats, in the order in which they came to this desk; the content rests in the case.
threat = Table(
    "threat",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("case_id", String(36), nullable=False),
    Column("seq", Integer, nullable=False, unique=True),
    Column("incoming", Boolean, nullable=False),
    Column("sender", String(8), nullable=False),
    Column("tlp", String(24), nullable=False, server_default=""),
    Column("pap", String(24), nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("recalled_at", Instant),
    Column("recall_seq", Integer, unique=True),
)

# The State's own standing instructions for each type of request, and the ticks that officers set beside an answer.
instruction = Table(
    "instruction",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("rev", Integer, nullable=False),
)
tick = Table(
    "tick",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

# Requests made by telephone, until their letter is here.
oral = Table(
    "oral",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("peer", String(8), nullable=False),
    Column("request_id", String(36), nullable=False, server_default=""),
    Column("sealed", LargeBinary, nullable=False),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("due", Instant, nullable=False),
    Column("confirmed_at", Instant),
)

# Keys of the State's own tools: they may read one feed, never write, sign or open a case.
api_key = Table(
    "api_key",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
