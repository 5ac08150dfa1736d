"""The escalation policy of one desk: shown, checked, tried out, saved. Implements `PolicyPort`; steps by hand are in `climbing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import read_rules, ways_seen
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, LockedError
from contactpoint.casework.plans import Plan, PlanKind, history_of, newest_plan, save_plan
from contactpoint.casework.roll import roll_now
from contactpoint.casework.rungs import IN_USE, policy_now
from contactpoint.desk import climbing
from contactpoint.desk.errors import DraftError, NotPermittedError, locked_out
from contactpoint.desk.plan import Signer
from contactpoint.desk.policies import (
    CallLine,
    DryPage,
    DryRun,
    Escalation,
    FindingView,
    MilestoneView,
    OtherWay,
    PolicyView,
    RungView,
)
from contactpoint.domain.codes import look_up
from contactpoint.domain.dryrun import dry_run
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Finding, Reachable, called, lint
from contactpoint.domain.ladder import Page
from contactpoint.domain.notices import Contact
from contactpoint.domain.roll import Roll
from contactpoint.domain.values import Urgency
from contactpoint.store.rows_notices import called as contact_rows

KEEPERS = frozenset(("administer", "rota"))
"""Whoever has one of these rights may save a policy."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Implements `PolicyPort` over one desk's means."""

    cw: Casework

    async def shown(self, now: datetime) -> PolicyView:
        return await self.cw.db.read(lambda tx: self._shown(tx, now))

    async def _shown(self, tx: AsyncConnection, now: datetime) -> PolicyView:
        policy, fault = await policy_now(tx, self.cw)
        # A policy that is not believed is not in use: what is shown is what calls people, and what is wrong stands beside it.
        plan = None if fault else await newest_plan(tx, self.cw, PlanKind.POLICY, IN_USE)
        roll = await roll_now(tx, self.cw)
        odd = await _findings(tx, self.cw, policy, roll, now)
        if fault:
            odd = (_finding(Finding(fault, None, IN_USE)), *odd)
        return _view(policy, plan, odd, roll, now)

    async def history(self) -> tuple[PolicyView, ...]:
        plans = await self.cw.db.read(lambda tx: history_of(tx, self.cw, PlanKind.POLICY, IN_USE))
        return tuple(_view(_read({**plan.content, "version": plan.version}), plan, (), None, plan.at) for plan in plans)

    async def check(self, content: Mapping[str, Any], now: datetime) -> tuple[FindingView, ...]:
        policy = _read(content)

        async def work(tx: AsyncConnection) -> tuple[FindingView, ...]:
            return await _findings(tx, self.cw, policy, await roll_now(tx, self.cw), now)

        return await self.cw.db.read(work)

    async def save(self, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> PolicyView:
        if not KEEPERS & set(key.rights):
            raise NotPermittedError("E-RIGHT", "this needs the right administer or rota", "ask a keeper of the rota")
        policy = _read(content)

        async def work(tx: AsyncConnection) -> PolicyView:
            await save_plan(tx, self.cw, PlanKind.POLICY, IN_USE, policy.content(), after, key, now)
            return await self._shown(tx, now)

        try:
            saved = await self.cw.db.write(work)
        except BusyCaseError as error:
            raise NotPermittedError(error.code, error.text, "look at the newest version and change that") from error
        except LockedError as error:
            raise locked_out(error) from error
        self.cw.bell.ring("board")
        return saved

    async def dry_run(
        self, urgency: str, now: datetime, at: datetime | None = None, content: Mapping[str, Any] | None = None
    ) -> DryRun:
        try:
            wanted = Urgency(urgency)
        except ValueError as error:
            raise DraftError("E-URGENCY", f"there is no class {urgency}", "choose U0, U1, U2 or U3") from error
        given = None if content is None else _read(content)
        return await self.cw.db.read(lambda tx: self._dry_run(tx, wanted, given, at or now, now))

    async def _dry_run(
        self, tx: AsyncConnection, urgency: Urgency, given: EscalationPolicy | None, at: datetime, now: datetime
    ) -> DryRun:
        cw, roll = self.cw, await roll_now(tx, self.cw)
        policy = given or (await policy_now(tx, cw))[0]
        terms, calendar = cw.policy.terms[urgency], cw.register.calendar(cw.state)
        pages: list[DryPage] = []
        for when, page in dry_run(policy, terms, calendar, urgency, roll, at):
            pages += await _dry_pages(tx, cw, page, urgency, when)
        by = terms.acknowledge_by(at, calendar)
        odd = await _findings(tx, cw, policy, roll, now)
        in_order = tuple(sorted(pages, key=lambda each: each.at))
        return DryRun(urgency.value, at, by, at + terms.decision, in_order, odd)

    async def escalate(self, request: str, key: Signer, now: datetime, rung: int | None = None) -> Escalation:
        return await climbing.escalate(self.cw, request, key, now, rung)

    async def call_sheet(self, request: str, now: datetime) -> tuple[CallLine, ...]:
        return await climbing.call_sheet(self.cw, request)

    async def record_way(
        self, request: str, way: str, detail: str, outcome: str, key: Signer, now: datetime
    ) -> OtherWay:
        return await climbing.record_way(self.cw, request, (way, detail, outcome), key, now)

    async def other_ways(self, request: str) -> tuple[OtherWay, ...]:
        return await climbing.other_ways(self.cw, request)


def _read(content: Mapping[str, Any]) -> EscalationPolicy:
    try:
        return EscalationPolicy.from_plain(content)
    except EscalationError as error:
        text = f"this is no escalation policy: {error.field}"
        raise DraftError("E-POLICY", text, "correct that; docs/escalation.md has an example") from error


async def _findings(
    tx: AsyncConnection, cw: Casework, policy: EscalationPolicy, roll: Roll, now: datetime
) -> tuple[FindingView, ...]:
    contacts = {person.number: await _reachable(tx, cw, person.number, now) for person in roll.usable()}
    return tuple(map(_finding, lint(policy, roll, now, channels=cw.channels, contacts=contacts)))


async def _reachable(tx: AsyncConnection, cw: Casework, number: str, now: datetime) -> Reachable:
    """The verified ways to one officer. The console and what knows whom to call by itself need no address."""
    rows = await contact_rows(tx, number)
    rules = read_rules(rows[0].rules if rows else None)
    good = {
        row.channel
        for row in rows
        if row.channel is not None and Contact(row.channel, row.address, row.verified_at).good(now)
    }
    last = {urgency: max((turn.delay_s for turn in turns), default=0) for urgency, turns in rules.turns.items()}
    return Reachable(frozenset(good | {"console"}) & frozenset(cw.channels), last)


def _finding(found: Finding) -> FindingView:
    code = look_up(found.code)
    return FindingView(found.code, code.text, code.action, None if found.rung is None else found.rung + 1, found.detail)


def _view(
    policy: EscalationPolicy, plan: Plan | None, odd: tuple[FindingView, ...], roll: Roll | None, now: datetime
) -> PolicyView:
    rungs = []
    for number, rung in enumerate(policy.rungs, 1):
        who = None if roll is None else called(rung, roll, None, now)
        desks = () if who is None else tuple(f"desk {each}" for each in who.desks)
        lines = () if who is None else tuple(f"channel {each}" for each in who.lines)
        plain = rung.to_plain()
        rungs.append(
            RungView(
                number=number,
                role=rung.role,
                targets=tuple(plain["targets"]),
                channels=rung.channels,
                delay_s=rung.delay_s,
                hours=rung.hours.value,
                classes=tuple(plain["classes"]),
                acknowledgers=rung.acknowledgers,
                right=rung.right,
                language=rung.language,
                clearance=rung.clearance,
                called=() if who is None else (*who.people, *desks, *lines),
                why="" if who is None or who.why is None else who.why.value,
            )
        )
    return PolicyView(
        version=0 if plan is None else plan.version,
        by_officer="" if plan is None else plan.by_officer,
        at=None if plan is None else plan.at,
        rungs=tuple(rungs),
        until_answered=tuple(
            MilestoneView(each.percent, each.role, tuple(map(str, each.targets)), each.channels)
            for each in policy.until_answered
        ),
        hold_rungs=policy.hold_rungs,
        remind_percent=policy.remind_percent,
        again_percent=policy.again_percent,
        covers=policy.covers,
        findings=odd,
        content=policy.content(),
    )


async def _dry_pages(tx: AsyncConnection, cw: Casework, page: Page, urgency: Urgency, when: datetime) -> list[DryPage]:
    """Each way of one page, with the person's own delays."""
    place = partial(DryPage, ladder=page.until.value, cycle=page.cycle, rung=page.rung + 1, role=page.role)
    found = []
    for officer in page.officers:
        seen = await ways_seen(tx, cw, officer, page.channels or cw.channels, urgency.value, when)
        found += [place(at=way.at, to=officer, channel=way.channel, address=way.address) for way in seen.ways]
    found += [place(at=when, to=f"desk {each}", channel="network", address="") for each in page.desks]
    found += [place(at=when, to=f"channel {each}", channel=each, address="") for each in page.lines]
    return found
