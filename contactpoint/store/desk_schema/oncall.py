"""Rotas and escalation policies: what a State has decided about its own people, each version kept for ever."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# A version is written once and never changed: history says who was on duty then, and which rungs a request was given.
plan = Table(
    "plan",
    metadata,
    Column("kind", String(8), primary_key=True),  # rota, policy
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("signed", LargeBinary, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("by_officer", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)
