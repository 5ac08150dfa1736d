"""Operations of the simulated desk: a joint investigation that this State leads, and a preservation that led to a third State."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.operation_views import GroupView, MemberView, OperationCase, OperationLine, OperationView
from contactpoint.desk.plan import Signer
from contactpoint.desk.views import Draft, NextStepView, RequestView, SentTo, Spread, Submitted

THREAD = "0199a000-0000-7000-8000-00000000f001"
STANDINGS = (("XA", "accepted", 1), ("XC", "accepted", 0), ("XD", "declined", 0), ("XE", "left", 1))
HOSTILE = "\u202eevil <b>bold</b>"


def _request(number: int, state: str, status: str, at: datetime) -> RequestView:
    return RequestView(
        id=f"0199a000-0000-7000-8000-0000000e{number:04d}",
        case=f"0199a000-0000-7000-8000-0000000c{number:04d}",
        kind="JIT",
        title="Propose a joint investigation",
        urgency="U3",
        sender="XB",
        recipient=state,
        incoming=False,
        status=status,
        level="acknowledged",
        at=at,
        expires=at + timedelta(days=60),
        facts=(),
        deadlines=(),
        next_due=at + timedelta(days=7),
        rung="",
        cycle=0,
        acknowledged_by=f"{state}-OFF-001",
        rings=False,
        own_reference="2027-00412",
        preservation=None,
        permitted=(),
        next_steps=(NextStepView("PRES-NEW", "Preserve stored data", "Ask for preservation", "XF", "r", False),),
    )


@dataclass
class SimulatedJoint:
    """What the pages ask for; `said` keeps what they did."""

    start: datetime
    stale: bool = True
    said: list[tuple[str, object]] = field(default_factory=list)

    async def listed(self, now: datetime) -> tuple[OperationLine, ...]:
        states = tuple(state for state, _, _ in STANDINGS)
        return (OperationLine(THREAD, self.start, states, "Propose a joint investigation"),)

    async def find(self, reference: str) -> str:
        return THREAD

    async def shown(self, thread: str, now: datetime) -> OperationView:
        if thread != THREAD:
            raise NotFoundError("E-NOT-FOUND", f"there is no operation {thread} here", "look at the list of operations")
        cases = tuple(self._case(number, row) for number, row in enumerate(STANDINGS))
        members = tuple(
            MemberView(state, HOSTILE, standing, self.start, case.id, case.requests[0].id, roster)
            for (state, standing, roster), case in zip(STANDINGS, cases, strict=True)
        )
        group = GroupView(
            lead="XB",
            leads=True,
            kind="JIT",
            title="Propose a joint investigation",
            members=members,
            number=1,
            names=("XB", "XA", "XE"),
            due=("XB", "XA", "XC"),
            stale=self.stale,
            told=("XA", "XC"),
            message="JIT-NOTE",
            list_code="JIT-MEMBERS",
        )
        return OperationView(THREAD, self.start, cases, group, ("XF",))

    def _case(self, number: int, row: tuple[str, str, int]) -> OperationCase:
        state, standing, _ = row
        status = {"accepted": "ACCEPTED", "declined": "DECLINED", "left": "LEFT"}[standing]
        request = _request(number, state, status, self.start)
        return OperationCase(request.case, state, HOSTILE, True, self.start, "2027-00412", "", (request,))

    async def submit(self, draft: Draft, key: Signer, now: datetime) -> Spread:
        self.said.append(("submit", draft))
        return self._spread(draft.recipients)

    async def tell(
        self, thread: str, body: Mapping[str, Any], key: Signer, now: datetime, only: Sequence[str] = ()
    ) -> Spread:
        self.said.append(("tell", body))
        return self._spread(only or ("XA", "XC"))

    async def announce(self, thread: str, key: Signer, now: datetime) -> Spread:
        if not self.stale:
            raise NotPermittedError("E-NOT-MEMBER", "no State takes part yet", "wait until one has accepted")
        self.said.append(("announce", thread))
        return self._spread(("XA", "XC"))

    def _spread(self, states: Sequence[str]) -> Spread:
        return Spread(THREAD, tuple(SentTo(state, f"s-{state}", f"c-{state}", "QUEUED") for state in states), ())

    async def prefilled(self, request: str, kind: str, now: datetime) -> Draft:
        return Draft(kind, "", "", {}, request)

    async def authority(self, request: str, now: datetime) -> str:
        return "Ministry of Justice of XB"

    async def hand_over(self, request: str, authority: str, key: Signer, now: datetime) -> Submitted:
        self.said.append(("hand over", authority))
        return Submitted("s", "c", "QUEUED")


class JointSimulator:
    """The part of the simulated desk that leads to its operations."""

    start: datetime

    @property
    def joint(self) -> SimulatedJoint:
        made = self.__dict__.get("_joint")
        if made is None:
            made = self.__dict__["_joint"] = SimulatedJoint(self.start)
        return made
