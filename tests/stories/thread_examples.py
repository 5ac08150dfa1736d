"""Requests of the acceptance cases as drafts, for stories of several States."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contactpoint.casework import letters as outgoing
from contactpoint.cli.casefile import case_of
from contactpoint.desk import compose
from contactpoint.desk.plan import Plan
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain import catalogue
from contactpoint.domain.case import Case
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Urgency
from contactpoint.main.commands import draft_of
from tests.simulator import SimulatedState, Simulator

CASES = Path("tests/cases/requests.yaml")


def case_draft(case: str, **more: Any) -> Draft:
    """The draft that a case file of this id makes."""
    return replace(draft_of(case_of(CASES.read_text(encoding="utf-8"), case, catalogue.load())), **more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def send(net: Simulator, state: str, case: str, **more: Any) -> Submitted:
    """One case, sent by its State and carried to the other."""
    one = net[state]
    made = await one.desk.submit(case_draft(case, **more), one.officer, net.now)
    await net.settle()
    return made


async def say(net: Simulator, state: str, request: str, kind: str, body: dict[str, Any] | None = None) -> None:
    """One answer or move, approved by the second officer where two must sign, and carried over."""
    one: SimulatedState = net[state]
    second = one.officers[f"{state}-OFF-002"]
    view = await one.view(request)
    two = catalogue.signers_needed(one.cw.catalogue, kind, Urgency(view.urgency), view.kind)
    approver = second.number if two is catalogue.Signers.TWO else None
    made = await one.desk.answer(request, kind, body or {}, one.officer, net.now, approver)
    if approver:
        await one.desk.approve(made.id, second, net.now)
    await net.settle()


async def forced(net: Simulator, state: str, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The State's product skips its own gate of moves: the letter goes out all the same."""

    def unchecked(case: Case, statement: Statement, catalogue: object) -> Case:
        halves = dict(case.halves)
        halves[statement.sender] = (*halves[statement.sender], statement)
        return replace(case, halves=halves)

    with monkeypatch.context() as patch:
        patch.setattr(compose, "admit", unchecked)
        patch.setattr(outgoing, "admit", unchecked)
        await compose.write(net[state].cw, plan, net[state].officer, net.now)
    await net.settle()
