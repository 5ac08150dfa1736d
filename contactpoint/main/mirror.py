"""The register as this folder keeps it: load the verified copy, fetch what is new, write it down, tell the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from contactpoint.casework.register import Register
from contactpoint.desk.results import NodeError, UnreachableError
from contactpoint.link.errors import LinkError
from contactpoint.link.register import RegisterClient
from contactpoint.main.folder import Folder, write_private
from directory.errors import DirectoryError
from directory.files import from_bytes, to_bytes
from directory.trusted import TrustedCopy
from keys.signing import SigningKey


def load_copy(folder: Folder, pinned: bytes, now: datetime) -> TrustedCopy | None:
    """The copy in the folder, verified again; None when this node has never seen the register."""
    if folder.register_copy.exists():
        return from_bytes(folder.register_copy.read_bytes(), pinned, now)
    if folder.genesis.exists():
        return TrustedCopy.start(folder.genesis.read_bytes(), pinned)
    return None


async def fetch_genesis(folder: Folder, client: RegisterClient, pinned: bytes) -> TrustedCopy:
    """The empty copy of the pinned network. Raises UnreachableError, or NodeError when the register serves another genesis."""
    try:
        genesis = await client.fetch_genesis()
        copy = TrustedCopy.start(genesis, pinned)
    except LinkError as error:
        raise UnreachableError(error.code, str(error), "check directory.url in node.toml; nothing is lost") from error
    except DirectoryError as error:
        raise NodeError(
            error.code, error.text, "compare directory.genesis in node.toml with the published digest"
        ) from error
    write_private(folder.genesis, genesis)
    return copy


@dataclass(slots=True)
class Mirror:
    """Keeps one folder's copy fresh. ``register`` always holds the newest verified value of this process."""

    folder: Folder
    pinned: bytes
    register: Register
    client: RegisterClient
    station: SigningKey | None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self, now: datetime) -> bool:
        """Fetch and verify what is new. True when the copy changed. Raises LinkError, DirectoryError; the held copy stays good."""
        async with self._lock:
            held = self.register.copy
            copy = await self.client.update(held, now)
            if self.station is not None:
                copy = await self.client.update_members(copy, self.station, now)
            self.register.copy = copy
            changed = copy.size != held.size or copy.members != held.members
            write_private(self.folder.register_copy, to_bytes(copy))
            return changed
