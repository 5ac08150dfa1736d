"""The escalation policy of the simulated desk: the domain's own decisions over an invented roll; what was saved is kept in a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk import climbing
from contactpoint.desk.errors import DraftError
from contactpoint.desk.escalation import _finding, _ladder, _read, _run, _taken, _view
from contactpoint.desk.plan import Signer
from contactpoint.desk.policies import CallLine, DryPage, DryRun, Escalation, FindingView, OtherWay, PolicyView
from contactpoint.domain.escalation import EscalationPolicy, Hours, Rung, Target, Who, lint
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.roll import Person, Roll
from contactpoint.domain.values import Urgency

TYPED = "<img src=x onerror=alert(1)>"  # of a policy; a sign that turns the reading is refused there
HOSTILE = TYPED + "\u202e"


@dataclass(frozen=True)
class SimulatedWatch:
    """A rota of one officer, who is never relieved."""

    number: str

    def on_duty(self, at: datetime) -> tuple[tuple[str, ...], datetime | None]:
        return (self.number,), None

    def neighbour(self, at: datetime, step: int) -> tuple[str, ...]:
        return ("XB-OFF-002",)


def _rung(role: str, who: Who, name: str, delay_s: int, channels: tuple[str, ...] = ("console",), **more: Any) -> Rung:
    return Rung((Target(who, name),), channels, delay_s, role, **more)


POLICY = EscalationPolicy(
    3,
    (
        _rung("duty officer", Who.DUTY, "nights", 600, ("console", "exec")),
        _rung("next duty officer", Who.NEXT, "nights", 90, language="ru"),
        _rung("supervisor", Who.RIGHT, "supervise", 600, hours=Hours.OUT, classes=frozenset((Urgency.U0, Urgency.U1))),
        _rung(TYPED, Who.UNIT, TYPED, 600, ()),
        _rung("everybody", Who.EVERYBODY, "", 600, (), acknowledgers=2),
    ),
)
"""A ladder with an empty rung, conditions, and words that a hostile keeper of the policy might have typed."""


@dataclass(frozen=True)
class Version:
    """Who signed a version, and when."""

    version: int
    by_officer: str
    at: datetime


@dataclass
class PolicyBook:
    """Implements ``PolicyPort``."""

    start: datetime
    policy: EscalationPolicy = POLICY
    versions: list[Version] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions = [Version(3, "XB-OFF-002", self.start - timedelta(days=4))]

    def roll(self) -> Roll:
        people = (
            Person("XB-OFF-001", frozenset(("supervise", "send")), frozenset(("en",))),
            Person("XB-OFF-002", frozenset(("send",)), frozenset(("en", "fr"))),
        )
        return Roll(people, {"nights": SimulatedWatch("XB-OFF-001")})

    async def shown(self, now: datetime) -> PolicyView:
        return _view(self.policy, self.versions[0], self.roll(), self._lint(self.policy, now), now)  # type: ignore[arg-type]

    async def history(self) -> tuple[PolicyView, ...]:
        return tuple(_view(self.policy, each, None, (), each.at) for each in self.versions)  # type: ignore[arg-type]

    def _lint(self, policy: EscalationPolicy, now: datetime) -> tuple[FindingView, ...]:
        return tuple(_finding(each) for each in lint(policy, self.roll(), now, channels=("console", "smtp", "exec")))

    async def check(self, content: Mapping[str, Any], now: datetime) -> tuple[FindingView, ...]:
        return self._lint(_read(content, None), now)

    async def save(self, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> PolicyView:
        if after != self.versions[0].version:
            raise DraftError("E-BUSY", "somebody else saved it first", "look at it and change it anew")
        self.policy = replace(_read(content, None), version=after + 1)
        self.versions.insert(0, Version(after + 1, key.number, now))
        return await self.shown(now)

    async def dry_run(
        self, urgency: str, now: datetime, at: datetime | None = None, content: Mapping[str, Any] | None = None
    ) -> DryRun:
        begins, asked, terms = at or now, Urgency(urgency), load_policy("standard-1").terms[Urgency(urgency)]
        limit = terms.acknowledge_by(begins, self.roll().calendar)
        first = _run(_ladder(self.policy, terms, self.roll(), asked, begins), self.roll(), limit)
        then = _run(_taken(self.policy, terms, self.roll(), asked, begins), self.roll(), begins + terms.decision)
        pages = [
            DryPage(when, str(page.until), page.cycle, page.rung + 1, page.role, number, "console", "")
            for when, page in (*first, *then)
            for number in page.officers
        ]
        return DryRun(urgency, begins, limit, begins + terms.decision, tuple(pages), self._lint(self.policy, now))


class StepsBook(PolicyBook):
    """And the steps by hand: what was asked is kept in a list, what was tried by request."""

    climbed: list[tuple[str, int | None]]
    tried: list[OtherWay]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.climbed = []
        self.tried = []

    async def escalate(self, request: str, key: Signer, now: datetime, rung: int | None = None) -> Escalation:
        self.climbed.append((request, rung))
        return Escalation(request, rung or 1, "deputy", "")

    async def call_sheet(self, request: str, now: datetime) -> tuple[CallLine, ...]:
        host = CallLine("alternate-point", HOSTILE, "+999 555 0177")
        numbers = [CallLine("telephone", "Dalmasca", each) for each in ("+999 555 0101", "+999 555 0102")]
        mail = CallLine("mail", "Dalmasca", "duty@xd.example")
        return CallLine("reference", "the id of the request, whatever carries it", request), *numbers, mail, host

    async def record_way(
        self, request: str, way: str, detail: str, outcome: str, key: Signer, now: datetime
    ) -> OtherWay:
        if way not in climbing.WAYS or outcome not in climbing.OUTCOMES:
            raise DraftError("E-FIELD-CHOICE", f"{way} or {outcome} is not one of the list", "choose another")
        made = OtherWay(f"w{len(self.tried)}", request, way, detail, outcome, key.number, now)
        self.tried.append(made)
        return made

    async def other_ways(self, request: str) -> tuple[OtherWay, ...]:
        return tuple(each for each in self.tried if each.request == request)


class PoliciesSimulator:
    """The part of the simulated desk that holds it."""

    start: datetime
    _book: StepsBook | None = None

    @property
    def policies(self) -> StepsBook:
        self._book = self._book or StepsBook(self.start)
        return self._book
