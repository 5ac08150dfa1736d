"""A preservation under Article 42: from when, until when at least, and each extension with its old and its new end."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension under Article 42(9). `old` and `new` are ends; `digest` is the statement that granted it."""

    old: datetime
    new: datetime
    at: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Preservation:
    """Promise: `until` is never earlier than `earliest_expiry`, which is the 60 days of Article 42(8)."""

    preserved_from: datetime
    earliest_expiry: datetime
    until: datetime
    reference: str
    extensions: tuple[Extension, ...]
