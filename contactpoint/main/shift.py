"""`shift`: hand-over between two officers, one use case a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contactpoint.desk.shift_views import HandoverView
from contactpoint.main.node import open_desk


async def shift_offer(home: Path, taker: str, cases: Sequence[str], officer: str, secret: str) -> HandoverView:
    """Offer the open cases of ``officer``, or of them only ``cases`` (ids, labels, file numbers). Raises DeskError."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        chosen = {(await desk.find_request(case))[1] for case in cases} if cases else None
        return await desk.shift.offer(taker, chosen, key, clock())


async def shift_accept(home: Path, identity: str, refused: Sequence[str], officer: str, secret: str) -> HandoverView:
    """Take what was offered, but for the cases ``refused``. Raises DeskError."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        left = {(await desk.find_request(case))[1] for case in refused}
        return await desk.shift.accept(identity, left, key, clock())


async def shift_withdraw(home: Path, identity: str, officer: str, secret: str) -> HandoverView:
    """Take one's own offer back. Raises DeskError."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.shift.withdraw(identity, key.number, clock())


async def shift_list(home: Path, officer: str) -> tuple[HandoverView, ...]:
    async with open_desk(home) as (desk, clock):
        return await desk.shift.listed(officer, clock())


async def shift_show(home: Path, identity: str) -> HandoverView:
    async with open_desk(home) as (desk, clock):
        return await desk.shift.shown(identity, clock())
