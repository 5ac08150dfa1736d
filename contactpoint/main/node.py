"""Build one node's means from its folder: settings, clock, keys, copy of the register, databases, casework."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import Keyring, open_keyring
from contactpoint.casework.register import Register
from contactpoint.desk.desk import Desk
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.policy import load as load_policy
from contactpoint.link.register import RegisterClient
from contactpoint.main.clock import Clock, clock_of, system_clock
from contactpoint.main.folder import Folder, read_secret
from contactpoint.main.mirror import fetch_genesis, load_copy
from contactpoint.notify.apprise_channel import CHANNELS
from contactpoint.settings import NodeSettings, read_settings
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata as desk_metadata
from directory.trusted import TrustedCopy

draw = os.urandom
"""Randomness of this process: the operating system's."""


def database_url(home: Path, url: str) -> str:
    """A SQLite path of the settings is relative to the node's folder."""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        return url
    return prefix + str((home.resolve() / url.removeprefix(prefix)).absolute())


@dataclass(frozen=True, slots=True)
class Means:
    """What every process of a node needs: where it is, what it was told, what time it is, what it trusts."""

    folder: Folder
    settings: NodeSettings
    clock: Clock
    register: Register

    @property
    def pinned(self) -> bytes:
        return bytes.fromhex(self.settings.directory.genesis)

    @property
    def net(self) -> bytes:
        return self.register.copy.net

    @property
    def network(self) -> str:
        return self.register.copy.genesis.purpose.value


async def open_means(home: Path) -> Means:
    """Settings, clock and the copy of the register; the genesis is fetched when this node has never seen it."""
    # The machine's own zones may be a year old and put the wrong officer on duty: the shipped ones hold.
    zoneinfo.reset_tzpath(())
    settings = read_settings(home)
    folder = Folder(home)
    pinned = bytes.fromhex(settings.directory.genesis)
    copy = load_copy(folder, pinned, _clock(folder, None)())
    if copy is None:
        async with RegisterClient(settings.directory.url) as client:
            copy = await fetch_genesis(folder, client, pinned)
    return Means(folder, settings, _clock(folder, copy), Register(copy))


def _clock(folder: Folder, copy: TrustedCopy | None) -> Clock:
    if copy is None:
        # Before the genesis is read nobody knows that this is training; only a training network has the file at all.
        return clock_of(folder.home, "training" if (folder.home / "clock.json").exists() else "")
    return clock_of(folder.home, copy.genesis.purpose.value)


def channels_of(settings: NodeSettings) -> tuple[str, ...]:
    """The channels that are set up."""
    tables = {"smtp": settings.mail, "exec": settings.hook, "webhook": settings.webhook}
    told = () if settings.apprise is None else tuple(n for n in CHANNELS if getattr(settings.apprise, n) is not None)
    return ("console", *(name for name, table in tables.items() if table is not None), *told)


@asynccontextmanager
async def open_casework(means: Means, bell: Bell | None = None) -> AsyncIterator[Casework]:
    """The desk's database, opened with the node secret. Raises NodeError, StoreError, UnsealError."""
    settings = means.settings
    secret = read_secret(means.folder.desk_secret)
    db = await Database.open(
        database_url(means.folder.home, settings.database.desk.get_secret_value()), desk_metadata, "desk"
    )
    try:
        ring: Keyring = await db.read(lambda tx: open_keyring(tx, settings.state, means.net, secret, means.clock()))
        yield Casework(
            state=settings.state,
            network=means.network,
            net=means.net,
            policy=load_policy(means.register.copy.genesis.policy),
            catalogue=load_catalogue(),
            channels=channels_of(settings),
            db=db,
            keyring=ring,
            register=means.register,
            random=draw,
            bell=bell or Bell(),
        )
    finally:
        await db.close()


@asynccontextmanager
async def open_desk(home: Path) -> AsyncIterator[tuple[Desk, Clock]]:
    """One command's desk over the node's folder: the same use cases, the same database as the running node."""
    means = await open_means(home)
    async with open_casework(means) as cw:
        yield Desk(cw), means.clock


__all__ = ["Means", "channels_of", "database_url", "draw", "open_casework", "open_desk", "open_means", "system_clock"]
