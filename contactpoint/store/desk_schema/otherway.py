"""Other ways that were tried for a request: who, when, and which."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# Telephone, another contact point, another network: each attempt a row under the request's own id, never changed.
other_way = Table(
    "other_way",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_id", String(36), ForeignKey("request.id"), nullable=False, index=True),
    Column("way", String(24), nullable=False),
    Column("detail", String(200), nullable=False, server_default=""),
    Column("outcome", String(24), nullable=False),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)
