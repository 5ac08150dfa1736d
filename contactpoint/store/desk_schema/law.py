"""What the law adds to a case: rights checks, shared threats, own instructions and ticks, oral requests, keys of own tools."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

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

# Keys of the State's own tools: they may read one feed, or the alarm's beat; never write, sign or open a case. ``seen_at``: when a
# bell that uses it last had its stream open.
api_key = Table(
    "api_key",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("seen_at", Instant),
)
