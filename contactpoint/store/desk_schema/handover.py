"""Who gave which open cases to whom at the end of a shift, and what each officer's last exercise was."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# An offer of open cases, signed by who leaves; ``accepted`` is what who comes signed over it. Both stay for ever.
handover = Table(
    "handover",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("giver", String(64), nullable=False),
    Column("taker", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # offered, accepted, refused, withdrawn, void
    Column("offered", LargeBinary, nullable=False),
    Column("giver_certificate", LargeBinary, nullable=False),
    Column("accepted", LargeBinary),
    Column("taker_certificate", LargeBinary),
    Column("at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("settled_at", Instant),
)
Index("handover_open", handover.c.state, handover.c.at)

# What an officer did in a training, against what was expected; ``report`` is JSON and names no real case.
exercise = Table(
    "exercise",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("officer", String(64), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("script", String(32), nullable=False),
    Column("expected", Integer, nullable=False),
    Column("met", Integer, nullable=False),
    Column("report", Text, nullable=False),
)
