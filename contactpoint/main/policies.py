"""`policy`, `escalate`, `otherwise` and `call-sheet`: one use case a command."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from contactpoint.desk.errors import DraftError
from contactpoint.desk.policies import CallLine, DryRun, Escalation, FindingView, OtherWay, PolicyView
from contactpoint.main.node import open_desk


async def policy_show(home: Path) -> PolicyView:
    async with open_desk(home) as (desk, clock):
        return await desk.policies.shown(clock())


async def policy_history(home: Path) -> tuple[PolicyView, ...]:
    async with open_desk(home) as (desk, _):
        return await desk.policies.history()


async def policy_check(home: Path, file: Path) -> tuple[FindingView, ...]:
    """What is odd about the policy in a file. Raises DeskError for one that cannot be meant."""
    content = _content(file)
    async with open_desk(home) as (desk, clock):
        return await desk.policies.check(content, clock())


async def policy_set(home: Path, file: Path, after: int | None, officer: str, secret: str) -> PolicyView:
    """Sign the policy in a file as the next version; ``after`` None: whatever the newest is. Raises DeskError."""
    content = _content(file)
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        seen = (await desk.policies.shown(clock())).version if after is None else after
        return await desk.policies.save(content, seen, key, clock())


async def policy_dry_run(home: Path, urgency: str, at: datetime | None, file: Path | None) -> DryRun:
    content = None if file is None else _content(file)
    async with open_desk(home) as (desk, clock):
        return await desk.policies.dry_run(urgency, clock(), at, content)


async def escalate(home: Path, request: str, rung: int | None, officer: str, secret: str) -> Escalation:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.policies.escalate(request, key, clock(), rung)


async def otherwise(home: Path, request: str, said: tuple[str, str, str], officer: str, secret: str) -> OtherWay:
    """Record that another way was tried: way, detail, outcome."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.policies.record_way(request, *said, key, clock())


async def call_sheet(home: Path, request: str) -> tuple[tuple[CallLine, ...], tuple[OtherWay, ...]]:
    """The ways to reach the other State, and those that were tried."""
    async with open_desk(home) as (desk, clock):
        return await desk.policies.call_sheet(request, clock()), await desk.policies.other_ways(request)


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DraftError("E-FILE", f"{file} cannot be read: {error.strerror}", "name another file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DraftError("E-POLICY", f"{file} is no TOML: {error}", "docs/escalation.md has an example") from error
