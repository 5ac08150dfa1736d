"""What every table of the desk hangs on: one MetaData, one journal."""

from __future__ import annotations

from sqlalchemy import MetaData

from contactpoint.store.journal import journal_table

metadata = MetaData()

journal = journal_table(metadata, "desk")
