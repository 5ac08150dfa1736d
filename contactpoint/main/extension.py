"""`extend`: more time for what is preserved, asked for in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from contactpoint.desk.extension import Extension
from contactpoint.desk.extension import extension as draft_extension
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.precheck import Finding
from contactpoint.main.node import open_desk


async def extension(
    home: Path, identity: str, days: int, reason: str, urgency: str | None, approver: str | None
) -> tuple[Extension, tuple[Finding, ...]]:
    """The request as it would be sent, and what its pre-checks find. Nothing is sent. Raises DeskError."""
    async with open_desk(home) as (desk, clock):
        made = await draft_extension(desk.cw, identity, days, reason, clock())
        draft = replace(made.draft, approver=approver, urgency=urgency or made.draft.urgency)
        return replace(made, draft=draft), await desk.precheck(draft, clock())


async def extend(home: Path, draft: Draft, officer: str, secret: str) -> Submitted:
    """Sign and queue it. Raises DeskError."""

    async with open_desk(home) as (desk, clock):
        return await desk.submit(draft, await desk.unseal(officer, secret, clock()), clock())
