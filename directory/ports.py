"""What the register needs from whoever keeps its rows. `directory.store` keeps them in SQL."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """The last checkpoint that was signed."""

    size: int
    at: datetime
    note: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something a State handed in that waits for the registrar: its first charter, or a card beside it.

    `claim` is the fingerprint of the charter's roots: several may claim one code, and whoever hands in a false one must
    not push out the true one.
    """

    state: str
    claim: bytes
    kind: str
    data: bytes
    at: datetime


class Rows(Protocol):
    """The register's rows inside one transaction."""

    async def size(self) -> int:
        """Number of entries; in a writing transaction the log's head stays locked until the end."""
        ...

    async def entries_after(self, index: int) -> list[tuple[bytes, bytes]]:
        """(entry, object) from this index on, in order."""
        ...

    async def append(self, index: int, entry: bytes, digest: bytes, data: bytes, at: datetime) -> None:
        """Add entry number `index` and its object; `index` must be the size, or the row is refused."""
        ...

    async def object(self, digest: bytes) -> bytes | None:
        """A logged object."""
        ...

    async def checkpoint(self) -> StoredCheckpoint | None:
        """The last signed checkpoint."""
        ...

    async def put_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a newly signed one."""
        ...

    async def waiting(self, state: str | None = None) -> list[Waiting]:
        """What waits for the registrar."""
        ...

    async def put_waiting(self, waiting: Waiting) -> None:
        """Keep it in place of an earlier one of the same State, claim and kind."""
        ...

    async def drop_waiting(self, state: str) -> None:
        """Forget what waits for a State."""
        ...

    async def sheet(self, state: str) -> bytes | None:
        """The newest prekey sheet of a State."""
        ...

    async def put_sheet(self, state: str, data: bytes) -> None:
        """Keep it in place of the older one."""
        ...

    async def members(self, digest: bytes) -> bytes | None:
        """A members' part."""
        ...

    async def put_members(self, state: str, digest: bytes, data: bytes) -> None:
        """Keep a State's members' part; its older ones are erased."""
        ...


Work = Callable[[Rows], Awaitable[T]]


class Shelf(Protocol):
    """Transactions over the rows. When `write` returns, the commit is durable."""

    async def read(self, work: Work[T]) -> T:
        """Run on one snapshot."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run in one transaction; when it raises, nothing has happened. May run the work again after a collision."""
        ...
