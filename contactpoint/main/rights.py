"""The commands on rights checks, flags and telephone requests: open the node's folder, call one use case, close it again."""

from __future__ import annotations

from pathlib import Path

from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.oral import Call
from contactpoint.desk.oral import oral_list as notes_of
from contactpoint.desk.review import Check
from contactpoint.desk.views import OralView, Submitted
from contactpoint.main.node import open_desk


async def review(home: Path, identity: str, check: Check, officer: str, secret: str) -> Submitted:
    async with open_desk(home) as (desk, clock):
        return await desk.review(identity, check, await desk.unseal(officer, secret, clock()), clock())


async def flag(home: Path, identity: str, text: str, officer: str, secret: str) -> str:
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return await desk.flag(identity, officer, text, clock())


async def oral_log(home: Path, state: str, call: Call, officer: str, secret: str) -> str:
    async with open_desk(home) as (desk, clock):
        return await desk.log_oral(state, call, await desk.unseal(officer, secret, clock()), clock())


async def oral_link(home: Path, note: str, identity: str, officer: str, secret: str) -> str:
    """The note may be named by the beginning of its reference."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        fitting = [
            each.id for each in await desk.cw.db.read(lambda tx: notes_of(tx, desk.cw)) if each.id.startswith(note)
        ]
        if len(fitting) != 1:
            text = (
                f"{len(fitting)} telephone requests begin with {note}"
                if fitting
                else f"no telephone request {note} is open"
            )
            raise NotFoundError("E-NOT-FOUND", text, "run `contactpoint oral list` and name one")
        return await desk.confirm_oral(fitting[0], identity, key, clock())


async def oral_list(home: Path, officer: str, secret: str) -> tuple[OralView, ...]:
    """What was asked on the telephone, shown to an officer who proves it with the signing secret."""
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        return await desk.cw.db.read(lambda tx: notes_of(tx, desk.cw))
