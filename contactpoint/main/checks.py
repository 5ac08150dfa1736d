"""``contactpoint doctor``: look at everything this node depends on, and name the link that fails."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import MetaData, text

from contactpoint.desk import doctor as look
from contactpoint.desk.results import Check, NodeError
from contactpoint.main.folder import Folder
from contactpoint.main.node import Means, database_url, open_casework, open_means
from contactpoint.settings import NodeSettings, within
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata as desk_metadata
from contactpoint.store.gateway_schema import metadata as gateway_metadata
from contactpoint.store.rows_cases import last_heard
from keys.errors import KeysError


async def doctor(home: Path) -> list[Check]:
    """Every check, in the order in which to mend them. Raises NodeError only where there is no node at all."""
    folder = Folder(home)
    means = await open_means(home)
    settings = means.settings
    checks = [
        look.check_clock({}),
        look.check_zones(zoneinfo.TZPATH, _tzdata()),
        look.check_disk(home),
        look.check_writable(home),
        look.check_private([folder.desk_secret, folder.gateway_secret, folder.gateway_key]),
        *_certificates(settings, home, means.clock()),
        await look.check_name(settings.public.host),
        await _database("desk database", home, settings.database.desk.get_secret_value(), desk_metadata, "desk"),
        await _database(
            "gateway database", home, settings.database.gateway.get_secret_value(), gateway_metadata, "gateway"
        ),
        await _keys(means),
        await _register(settings),
        await _itself(settings),
        look.check_copy(means.register.copy.checked_at, means.register.size, means.clock()),
    ]
    if settings.mail is not None:
        told = "Check mail.host and mail.port in node.toml; the other channels go on."
        checks.append(await look.check_reachable("mail server", settings.mail.host, settings.mail.port, told))
    return [*checks, *await _peers(means)]


def _tzdata() -> str | None:
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return None


def _certificates(settings: NodeSettings, home: Path, now: datetime) -> list[Check]:
    checks = []
    if settings.public.tls:
        paths = within(home, settings.public.certificate), within(home, settings.public.key)
        checks.append(look.check_certificate("public TLS", settings.public.host, *paths, now))
    if settings.inside.tls:
        paths = within(home, settings.inside.certificate), within(home, settings.inside.key)
        checks.append(look.check_certificate("console TLS", settings.inside.host, *paths, now))
    return checks


async def _database(name: str, home: Path, url: str, metadata: MetaData, branch: str) -> Check:
    async def probe() -> str:
        db = await Database.open(database_url(home, url), metadata, branch)
        try:
            await db.read(lambda tx: tx.execute(text("SELECT 1")))
        finally:
            await db.close()
        return "opens with safe settings"

    return await look.check_database(name, probe)


async def _keys(means: Means) -> Check:
    try:
        async with open_casework(means) as cw:
            return Check("station key", True, cw.keyring.station.public.id.hex()[:16])
    except (NodeError, KeysError) as error:
        return Check("station key", False, str(error), "Restore desk.secret and the database together from one backup.")


async def _register(settings: NodeSettings) -> Check:
    parts = urlsplit(settings.directory.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    told = "Check directory.url in node.toml; until then the copy of the register goes on for 30 days."
    return await look.check_reachable("register", parts.hostname or "", port, told)


async def _itself(settings: NodeSettings) -> Check:
    """Whether this node runs: its desk dials the same place."""
    told = "Start it: `contactpoint serve`; until then nobody is called and nothing is received."
    return await look.check_reachable("this node", "127.0.0.1", settings.public.port, told)


async def _peers(means: Means) -> list[Check]:
    """Both directions of every peer: whether we reach its gateway, and when it last reached us."""
    checks: list[Check] = []
    heard = await _heard(means)
    for state in means.register.copy.states:
        if state == means.settings.state:
            continue
        for address in means.register.addresses(state)[:1]:
            parts = urlsplit(address.url)
            told = f"Telephone {state}, or wait: what is queued is sent as soon as it answers."
            checks.append(await look.check_reachable(f"to {state}", parts.hostname or "", parts.port or 443, told))
        checks.append(look.check_heard(state, heard.get(state), means.clock()))
    return checks


async def _heard(means: Means) -> dict[str, datetime]:
    async with open_casework(means) as cw:
        return await cw.db.read(lambda tx: last_heard(tx, cw.state))
