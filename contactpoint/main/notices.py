"""What the commands about contacts and notices do: open the node's folder with its channels, call one use case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from contactpoint.casework.links import Underway
from contactpoint.desk.desk import Desk
from contactpoint.desk.notices import ContactsView, Sent
from contactpoint.desk.views import AttemptView
from contactpoint.domain.notices import Rules
from contactpoint.main.channels import channels
from contactpoint.main.clock import Clock
from contactpoint.main.node import open_casework, open_means


@asynccontextmanager
async def _desk(home: Path) -> AsyncIterator[tuple[Desk, Clock]]:
    """A desk that can send codes and tests."""
    means = await open_means(home)
    async with open_casework(means) as cw:
        yield Desk(cw, channels(cw, means)), means.clock


async def notify_list(home: Path, officer: str) -> ContactsView:
    async with _desk(home) as (desk, clock):
        return await desk.notices.own(officer, clock())


async def notify_add(home: Path, officer: str, channel: str, address: str) -> str:
    async with _desk(home) as (desk, clock):
        return await desk.notices.add(officer, channel, address, clock())


async def notify_code(home: Path, officer: str, contact: str) -> Sent:
    async with _desk(home) as (desk, clock):
        return await desk.notices.send_code(officer, contact, clock())


async def notify_verify(home: Path, officer: str, contact: str, code: str) -> None:
    async with _desk(home) as (desk, clock):
        await desk.notices.verify(officer, contact, code, clock())


async def notify_remove(home: Path, officer: str, contact: str) -> None:
    async with _desk(home) as (desk, clock):
        await desk.notices.remove(officer, contact, clock())


async def notify_rules(home: Path, officer: str, changed: Mapping[str, Any]) -> Rules:
    """The officer's rules; with ``changed`` (parts of the plain form of ``Rules``) they are saved anew first."""
    async with _desk(home) as (desk, clock):
        rules = (await desk.notices.own(officer, clock())).rules
        if not changed:
            return rules
        stands = rules.to_plain()
        turns = {**stands["turns"], **changed.get("turns", {})}
        return await desk.notices.set_rules(officer, {**stands, **changed, "turns": turns}, clock())


async def notify_test(home: Path, officer: str, channel: str) -> tuple[Sent, ...]:
    async with _desk(home) as (desk, clock):
        return await desk.notices.test(officer, channel, clock())


async def notify_log(home: Path, reference: str) -> tuple[AttemptView, ...]:
    async with _desk(home) as (desk, _):
        return await desk.notices.log(reference)


async def notify_reply(home: Path, address: str, text: str) -> Underway:
    async with _desk(home) as (desk, clock):
        return await desk.notices.reply(address, text, clock())
