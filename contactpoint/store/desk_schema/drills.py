"""Whether other States can be reached: drills that people answered or did not, and the machines' pings."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from contactpoint.store.desk_schema.base import metadata
from contactpoint.store.instant import Instant

# One row a drill, own or of another State; the proof rests in its case. ``next_at`` is null once its result stands for good.
drill = Table(
    "drill",
    metadata,
    Column("id", String(36), primary_key=True),  # of its request; of a call written down by hand, its own
    Column("peer", String(8), nullable=False),
    Column("incoming", Boolean, nullable=False),
    Column("channel", String(16), nullable=False),  # link, telephone, alternate
    Column("by_officer", String(64), nullable=False, server_default=""),  # "" when the station opened it
    Column("digest", LargeBinary(32)),
    Column("at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("answered_at", Instant),
    Column("reach", String(16), nullable=False, server_default=""),  # "" while it runs
    Column("note", String(200), nullable=False, server_default=""),
    Column("disputed_at", Instant),
    Column("disputed_by", String(64), nullable=False, server_default=""),
    Column("dispute", String(200), nullable=False, server_default=""),
)
Index(
    "drill_open",
    drill.c.next_at,
    sqlite_where=drill.c.next_at.is_not(None),
    postgresql_where=drill.c.next_at.is_not(None),
)
Index("drill_of", drill.c.peer, drill.c.at)

# When the machine opens the next drill of a State; ``rev`` keeps two workers from opening it twice.
drill_plan = Table(
    "drill_plan",
    metadata,
    Column("peer", String(8), primary_key=True),
    Column("next_at", Instant, nullable=False),
    Column("rev", Integer, nullable=False),
)

# A State's pings of one hour, a mark a minute: what was not tried, not reached, excused, or how long it took.
ping = Table(
    "ping",
    metadata,
    Column("peer", String(8), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("marks", String(60), nullable=False),
)
