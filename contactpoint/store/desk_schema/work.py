"""What waits for somebody: tasks, letters for a second officer, the place in each mailbox, proofs, workers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

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
    Column("state", String(16), nullable=False),  # waiting, released, stale, lapsed, stopped, void
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
    # How late the steps of the last minutes were when this worker claimed them; milliseconds.
    Column("fired", Integer, nullable=False, server_default="0"),
    Column("lag_p50", Integer, nullable=False, server_default="0"),
    Column("lag_p99", Integer, nullable=False, server_default="0"),
    Column("lag_max", Integer, nullable=False, server_default="0"),
)
