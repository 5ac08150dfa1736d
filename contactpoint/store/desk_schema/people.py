"""The node's keys and its people: settings, own keys, sheets, officers, sessions, manned windows."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# One value each: incarnation, trusted copy of the register, own documents, escalation policy.
setting = Table(
    "setting",
    metadata,
    Column("name", String(80), primary_key=True),
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
