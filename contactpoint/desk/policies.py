"""Escalation policies as console and command line know them: the one in use, its history, lint, dry run, and steps by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contactpoint.desk.plan import Signer


@dataclass(frozen=True, slots=True)
class RungView:
    """One rung as it is written, and whom it would call now. ``targets`` and ``called`` are texts; ``why`` is a code of `Nobody`."""

    number: int  # from 1
    role: str
    targets: tuple[str, ...]
    channels: tuple[str, ...]  # empty: every channel that is set up
    delay_s: int
    hours: str  # any, in, out
    classes: tuple[str, ...]  # empty: every class
    acknowledgers: int
    right: str
    language: str
    clearance: str
    called: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class MilestoneView:
    """One step of the ladder until *answered*: at ``percent`` of the time for the decision."""

    percent: int
    role: str
    targets: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingView:
    """What is odd about a policy: a code of the table with its text and action, the rung (from 1; None: the whole), the detail."""

    code: str
    text: str
    action: str
    rung: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy. ``version`` 0: none was saved, everybody is called. ``content`` is what a form or a file begins with."""

    version: int
    by_officer: str
    at: datetime | None
    rungs: tuple[RungView, ...]
    until_answered: tuple[MilestoneView, ...]
    hold_rungs: int
    remind_percent: int
    again_percent: int
    covers: tuple[str, ...]
    findings: tuple[FindingView, ...]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DryPage:
    """One page that would go out: to whom (an officer's number, ``desk XC`` or ``channel exec``), by which channel, when."""

    at: datetime
    ladder: str  # acknowledged, answered
    cycle: int
    rung: int  # from 1
    role: str
    to: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """If a request of this class were held at ``at`` and nobody took charge: who is paged, when, by what."""

    urgency: str
    at: datetime
    acknowledge_by: datetime
    decide_by: datetime
    pages: tuple[DryPage, ...]
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """What became of a climb by hand. ``sent``: the id of the letter that asks the other State to, for an own request."""

    request: str
    rung: int | None  # from 1, of this desk's ladder; None where nobody was called (too soon after the last)
    role: str
    sent: str


@dataclass(frozen=True, slots=True)
class OtherWay:
    """Another way that was tried for a request: who, when, and which: telephone, alternate-point, other-network or in-person."""

    id: str
    request: str
    way: str
    detail: str
    outcome: str
    by_officer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallLine:
    """One line of the call sheet: a way to reach the other State, with what to dial or write to."""

    way: str
    label: str
    number: str


class PolicyPort(Protocol):
    """Use cases of the escalation policy. Every refusal is a ``DeskError``."""

    async def shown(self, now: datetime) -> PolicyView:
        """The policy in use, with whom it would call now and what is odd about it."""
        ...

    async def history(self) -> tuple[PolicyView, ...]:
        """Every version, the newest first; without findings."""
        ...

    async def check(self, content: Mapping[str, Any], now: datetime) -> tuple[FindingView, ...]:
        """What would be odd about a policy that is not saved. Raises DraftError for one that cannot be meant."""
        ...

    async def save(self, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> PolicyView:
        """Sign and keep the next version; ``after`` is the version that the officer saw. Needs the right ``administer`` or ``rota``."""
        ...

    async def dry_run(
        self, urgency: str, now: datetime, at: datetime | None = None, content: Mapping[str, Any] | None = None
    ) -> DryRun:
        """If one of this class were held now (or at ``at``): by the policy in use, or by this content."""
        ...


class StepsPort(PolicyPort, Protocol):
    """And the steps by hand of one request."""

    async def escalate(self, request: str, key: Signer, now: datetime, rung: int | None = None) -> Escalation:
        """Climb by hand: the own ladder of a request that came here, or ask the State that an own request went to. ``rung`` from 1."""
        ...

    async def call_sheet(self, request: str, now: datetime) -> tuple[CallLine, ...]:
        """Every way to reach the other State of a request, the nearest first."""
        ...

    async def record_way(
        self, request: str, way: str, detail: str, outcome: str, key: Signer, now: datetime
    ) -> OtherWay:
        """Write down that another way was tried, under the same message id."""
        ...

    async def other_ways(self, request: str) -> tuple[OtherWay, ...]:
        """The other ways that were tried for a request, the oldest first."""
        ...
