"""What the commands about shared threats do: open the node's folder, prove the officer, call one use case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactpoint.desk.stix_in import LARGEST_BUNDLE, ReadBundle, read_bundle
from contactpoint.desk.threats import Recall, ThreatView
from contactpoint.desk.toolkeys import ToolKey
from contactpoint.desk.views import Submitted
from contactpoint.main.folder import write_file
from contactpoint.main.node import open_desk


async def threat_list(home: Path, search: str, officer: str, secret: str) -> tuple[ThreatView, ...]:
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return await desk.threats.listed(search)


async def threat_show(home: Path, identity: str, officer: str, secret: str) -> ThreatView:
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return await desk.threats.one(identity)


async def threat_sighted(home: Path, identity: str, body: Mapping[str, Any], officer: str, secret: str) -> Submitted:
    async with open_desk(home) as (desk, clock):
        return await desk.threats.sight(identity, body, await desk.unseal(officer, secret, clock()), clock())


async def threat_recall(home: Path, identity: str, reason: str, officer: str, secret: str) -> Recall:
    async with open_desk(home) as (desk, clock):
        return await desk.threats.recall(identity, reason, await desk.unseal(officer, secret, clock()), clock())


async def threat_export(home: Path, identity: str, out: Path, officer: str, secret: str) -> Path:
    """One threat as STIX 2.1, or with an empty ``identity`` all that may leave the console."""
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        bundle = await desk.threats.bundle(identity)
    return write_file(out, bundle.encode())


def threat_read(file: Path) -> ReadBundle:
    """What can be taken from another's bundle; needs no node. One byte more than may be is read, to see that it is too large."""
    with file.open("rb") as opened:
        return read_bundle(opened.read(LARGEST_BUNDLE + 1))


async def feed_key_add(home: Path, name: str) -> str:
    async with open_desk(home) as (desk, clock):
        return await desk.threats.add_key(name, clock())


async def feed_key_revoke(home: Path, name: str) -> None:
    async with open_desk(home) as (desk, clock):
        await desk.threats.revoke_key(name, clock())


async def feed_key_list(home: Path) -> tuple[ToolKey, ...]:
    async with open_desk(home) as (desk, _):
        return await desk.threats.keys()
