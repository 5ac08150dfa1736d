"""Two States of which one calls its people by four channels, each of which answers as a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.desk.desk import Desk
from contactpoint.domain.escalation import Rung, Target, Who
from contactpoint.notify.channel import Outcome, Result
from contactpoint.notify.notice import Notice, Subject
from contactpoint.store.rows_requests import add_page
from contactpoint.watch.notices import Notices
from tests.simulator import START, SimulatedState, Simulator, simulated

ME, OTHER = "XB-OFF-001", "XB-OFF-002"
BASE = "https://desk.xb.example:8443"
CHANNELS = ("console", "smtp", "sms", "exec")


@dataclass
class Line:
    """One channel: what it was given, and what it answers next (DELIVERED when nothing is told)."""

    name: str
    clock: Callable[[], datetime]
    said: list[tuple[datetime, Notice]] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)

    async def send(self, notice: Notice) -> Outcome:
        self.said.append((self.clock(), notice))
        return self.answers.pop(0) if self.answers else Outcome(Result.DELIVERED, "taken", f"{self.name}-1")

    @property
    def pages(self) -> list[tuple[int, str]]:
        """Seconds since the start and address of each page, without codes and tests."""
        return [
            (int((at - START).total_seconds()), notice.to)
            for at, notice in self.said
            if notice.subject in (Subject.MESSAGE, Subject.TASK)
        ]


class Lines(dict[str, Line]):
    """All channels of one State, by name."""


@asynccontextmanager
async def calling(
    folder: Path, *rungs: Rung, start: datetime = START, url: Callable[[str], str] | None = None
) -> AsyncIterator[tuple[Simulator, SimulatedState, Lines]]:
    """XA and XB, whose worker and desk have four channels and these rungs."""
    async with simulated(folder, "XA", "XB", start=start, url=url) as net:
        xb = net["XB"]
        lines = Lines({name: Line(name, net.clock) for name in CHANNELS})
        xb.cw = replace(xb.cw, channels=CHANNELS)
        await xb.save(*(rungs or (Rung((Target(Who.OFFICER, ME),), ("smtp", "sms"), 600, "duty"),)), remind_percent=0)
        xb.desk = Desk(xb.cw, lines)
        xb.notices = Notices(xb.cw, lines, net.clock, BASE)
        yield net, xb, lines


async def verified(xb: SimulatedState, lines: Lines, channel: str, address: str, officer: str = ME) -> str:
    """Add a contact and verify it by the code that came."""
    contact = await xb.desk.notices.add(officer, channel, address, xb.net.now)
    await xb.desk.notices.send_code(officer, contact, xb.net.now)
    await xb.desk.notices.verify(officer, contact, code_of(lines, channel), xb.net.now)
    return contact


def code_of(lines: Lines, channel: str) -> str:
    notice = lines[channel].said[-1][1]
    assert notice.subject is Subject.CODE
    return notice.reference


async def three_due_pages(xb: SimulatedState) -> None:
    """Three rungs of one request to one telephone, a minute apart, that nobody has sent."""

    async def work(tx: AsyncConnection) -> None:
        for rung in range(3):
            at = xb.net.now + timedelta(minutes=rung)
            await add_page(tx, {
                "id": f"page-{rung}", "request_id": "request-1", "cycle": 0, "rung": rung, "officer": ME,
                "channel": "sms", "address": "+999 0001", "urgency": "U1", "state": "due", "next_at": at, "at": at,
            })  # fmt: skip

    await xb.cw.db.write(work)
