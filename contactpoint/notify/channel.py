"""The port that every channel is: one method, three outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from contactpoint.notify.notice import Notice


class Result(Enum):
    """DELIVERED: the next hop has it. FAILED: it certainly has not. UNKNOWN: try another channel, not this again."""

    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `text` is one line for the case's page, `provider_id` what the next hop called it.

    `reached`: the person answered then and there (a key was pressed) and is on the way.
    """

    result: Result
    text: str
    provider_id: str = ""
    reached: bool = False


class Channel(Protocol):
    """Carries a notice to one person. Never raises for a channel that is down, and keeps to its own time-out."""

    @property
    def name(self) -> str: ...

    async def send(self, notice: Notice) -> Outcome: ...


def one_line(text: str, limit: int = 200) -> str:
    """A foreign answer made fit for a row and a terminal: printable, one line, bounded."""
    return "".join(c if c.isprintable() else " " for c in text)[:limit].strip()
