"""How officers are called: their contacts and rules, each attempt to reach them, the links by which they say *on my way*."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# Where an officer is called, in the officer's own order. ``verified_at`` is when a code that was sent there came back; of the code
# only a digest rests here.
contact = Table(
    "contact",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("officer", String(64), nullable=False),
    Column("channel", String(24), nullable=False),
    Column("address", String(254), nullable=False),
    Column("place", Integer, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("verified_at", Instant),
    Column("code_digest", LargeBinary(32)),
    Column("code_until", Instant),
    Column("code_tries", Integer, nullable=False, server_default="0"),
    Column("code_sent_at", Instant),
    Column("tested_at", Instant),
    UniqueConstraint("officer", "channel", "address"),
)

# How one officer wants to be called, by class: ``contactpoint.domain.notices.Rules`` as JSON.
notice_rules = Table(
    "notice_rules",
    metadata,
    Column("officer", String(64), primary_key=True),
    Column("rules", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# The delivery log: one row an attempt, written before it begins. ``result`` is empty while it is under way; a row whose worker died
# is closed as UNKNOWN. Codes and tests, which belong to no page, stand here with the notice's own id.
attempt = Table(
    "attempt",
    metadata,
    Column("page_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("request_id", String(36), nullable=False, server_default="", index=True),
    Column("officer", String(64), nullable=False),
    Column("channel", String(24), nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("result", String(16), nullable=False, server_default=""),
    Column("provider_id", String(128), nullable=False, server_default=""),
    Column("text", String(200), nullable=False, server_default=""),
)

# One link for each page of an incoming request. Only the token's digest rests here: whoever reads the database reaches nobody.
reach_link = Table(
    "reach_link",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("page_id", String(36), nullable=False, unique=True),
    Column("request_id", String(36), nullable=False, index=True),
    Column("officer", String(64), nullable=False),
    Column("until", Instant, nullable=False),
    Column("used_at", Instant),
)
