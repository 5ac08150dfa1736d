"""The commands on several States and on the own authorities: open the node's folder, call one use case, close it again."""

from __future__ import annotations

from pathlib import Path

from contactpoint.desk.operation_views import OperationLine, OperationView
from contactpoint.desk.results import CaseFile
from contactpoint.desk.views import Draft, Spread, Submitted
from contactpoint.main.commands import draft_of
from contactpoint.main.node import open_desk


async def send_several(home: Path, request: CaseFile, officer: str, secret: str) -> Spread:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.joint.submit(draft_of(request), key, clock())


async def draft(home: Path, kind: str, identity: str, officer: str, secret: str) -> tuple[str, Draft]:
    """(the own State, the form as far as it is filled), shown to an officer who proves it with the signing secret."""
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return desk.state, await desk.joint.prefilled(identity, kind, clock())


async def hand_over(home: Path, identity: str, authority: str, officer: str, secret: str) -> Submitted:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.joint.hand_over(identity, authority, key, clock())


async def group_list(home: Path) -> tuple[OperationLine, ...]:
    async with open_desk(home) as (desk, clock):
        return await desk.joint.listed(clock())


async def group_show(home: Path, reference: str, officer: str, secret: str) -> OperationView:
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return await desk.joint.shown(await desk.joint.find(reference), clock())


async def group_note(
    home: Path, reference: str, text: str, officer: str, secret: str, only: tuple[str, ...] = ()
) -> Spread:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return await desk.joint.tell(reference, {"text": text}, key, clock(), only)


async def group_members(home: Path, reference: str, officer: str, secret: str) -> Spread:
    async with open_desk(home) as (desk, clock):
        return await desk.joint.announce(reference, await desk.unseal(officer, secret, clock()), clock())
