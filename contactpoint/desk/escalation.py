"""The escalation policy at the desk: the one in use, what is odd about it, what it would do, its versions, a new one signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import read_rules
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, LockedError
from contactpoint.casework.plans import Plan, PlanKind, history_of, newest_plan, save_plan
from contactpoint.casework.roll import glancing, roll_now
from contactpoint.casework.rungs import IN_USE
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
from contactpoint.domain import codes
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Finding, Reachable, called, everybody_policy, lint
from contactpoint.domain.ladder import Ladder, Page, Tick, Until, Way, decide
from contactpoint.domain.ladder_state import Climb
from contactpoint.domain.notices import Contact, ways
from contactpoint.domain.policy import Terms
from contactpoint.domain.roll import Roll
from contactpoint.domain.values import Level, Urgency
from contactpoint.store import rows_notices
from contactpoint.store.rows_people import officer_rows

_RIGHTS = frozenset(("administer", "rota"))
MOST_PAGES = 500
FURTHEST_RUN = timedelta(days=3653)
"""A dry run of a short ladder over a long term is cut here; nobody reads on."""

_Contacts = Mapping[str, tuple[Any, Sequence[Contact]]]


@dataclass(frozen=True, slots=True)
class Policies:
    """Implements ``StepsPort``: what looks and saves is here, steps by hand are in ``contactpoint.desk.climbing``."""

    cw: Casework

    async def shown(self, now: datetime) -> PolicyView:
        """The policy in use, with whom it would call now and what is odd about it. Raises PlanError for one that is not signed."""

        async def work(tx: AsyncConnection) -> PolicyView:
            plan = await newest_plan(tx, self.cw, PlanKind.POLICY, IN_USE)
            roll, contacts = await roll_now(tx, self.cw), await _contacts(tx)
            policy = _read({} if plan is None else plan.content, plan)
            return _view(policy, plan, roll, self._lint(policy, roll, contacts, now), now)

        return await self.cw.db.read(work)

    async def history(self) -> tuple[PolicyView, ...]:
        """Every version, the newest first; without findings and without whom it would call."""
        plans = await self.cw.db.read(lambda tx: history_of(tx, self.cw, PlanKind.POLICY, IN_USE))
        return tuple(_view(_read(plan.content, plan), plan, None, (), plan.at) for plan in plans)

    async def check(self, content: Mapping[str, Any], now: datetime) -> tuple[FindingView, ...]:
        """What would be odd about a policy that is not saved. Raises DraftError for one that cannot be read."""
        policy = _read(content, None)

        async def work(tx: AsyncConnection) -> tuple[FindingView, ...]:
            return self._lint(policy, await roll_now(tx, self.cw), await _contacts(tx), now)

        return await self.cw.db.read(work)

    async def save(self, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> PolicyView:
        """Sign and keep the next version; ``after`` is the version that the officer saw.

        Raises NotPermittedError, DraftError: it cannot be read, would call nobody (E-NOBODY-ON-DUTY), or somebody was faster (E-BUSY).
        """
        if _RIGHTS.isdisjoint(key.rights):
            raise NotPermittedError("E-RIGHT", f"{key.number} does not keep the rota", "ask a colleague who does")
        policy = _read(content, None)
        for each in await self.check(content, now):
            if each.code.startswith("E-"):
                raise DraftError(each.code, f"this policy calls nobody: {each.detail}", "mend it before it is saved")
        try:
            await self.cw.db.write(
                lambda tx: save_plan(tx, self.cw, PlanKind.POLICY, IN_USE, policy.content(), after, key, now)
            )
        except BusyCaseError as error:
            raise DraftError("E-BUSY", "somebody else saved it first", "look at it and change it anew") from error
        except LockedError as error:
            raise locked_out(error) from error
        self.cw.bell.ring("board")
        return await self.shown(now)

    async def dry_run(
        self, urgency: str, now: datetime, at: datetime | None = None, content: Mapping[str, Any] | None = None
    ) -> DryRun:
        """If one of this class were held now (or at ``at``) and nobody took charge: the very ladder that a request is given, run ahead."""
        begins, asked = at or now, Urgency(urgency)
        if abs(begins - now) > FURTHEST_RUN:
            raise DraftError("E-POLICY", "a dry run begins within ten years of now", "choose a nearer instant")

        async def work(tx: AsyncConnection) -> DryRun:
            plan = await newest_plan(tx, self.cw, PlanKind.POLICY, IN_USE) if content is None else None
            policy = _read(content if content is not None else {} if plan is None else plan.content, plan)
            roll, contacts = await roll_now(tx, self.cw), await _contacts(tx)
            terms = self.cw.policy.terms[asked]
            limit = terms.acknowledge_by(begins, roll.calendar)
            pages: list[DryPage] = []
            for each in _run(_ladder(policy, terms, roll, asked, begins), roll, limit):
                pages += self._ways(*each, asked, contacts)
                if len(pages) >= MOST_PAGES:
                    break
            for each in _run(_taken(policy, terms, roll, asked, begins), roll, begins + terms.decision):
                pages += self._ways(*each, asked, contacts)
            findings = self._lint(policy, roll, contacts, now)
            return DryRun(urgency, begins, limit, begins + terms.decision, tuple(pages), findings)

        return await self.cw.db.read(work)

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

    def _ways(self, at: datetime, page: Page, urgency: Urgency, contacts: _Contacts) -> Iterator[DryPage]:
        """A page as the notices that it becomes: each person's own channels, in the own order, with the own delay."""
        ladder = "answered" if page.until is Until.ANSWERED else "acknowledged"
        channels = page.channels or self.cw.channels
        zone = self.cw.register.calendar(self.cw.state).zone
        place = (ladder, page.cycle, page.rung + 1, page.role)
        for number in page.officers:
            rules, known = contacts.get(number, (read_rules(None), ()))
            for way in ways(known, rules, channels, urgency, zone, at).ways:
                yield DryPage(way.at, *place, number, way.channel, way.address)
        for state in page.desks:
            yield DryPage(at, *place, f"desk {state}", "", "")
        for line in page.lines:
            yield DryPage(at, *place, f"channel {line}", line, "")

    def _lint(
        self, policy: EscalationPolicy, roll: Roll, contacts: _Contacts, now: datetime
    ) -> tuple[FindingView, ...]:
        reachable = {
            number: Reachable(
                frozenset(each.channel for each in known if each.good(now)),
                {urgency: max(turn.delay_s for turn in turns) for urgency, turns in rules.turns.items() if turns},
            )
            for number, (rules, known) in contacts.items()
        }
        found = lint(policy, glancing(roll), now, channels=self.cw.channels, contacts=reachable)
        return tuple(map(_finding, found))


def _run(ladder: Ladder, roll: Roll, limit: datetime) -> Iterator[tuple[datetime, Page]]:
    """Every page of a ladder up to an instant, each at the instant at which it is made."""
    at = ladder.next_at
    while at is not None and at <= limit:
        ladder, effects = decide(ladder, Tick(), roll, at)
        yield from ((at, each) for each in effects if isinstance(each, Page))
        later = ladder.next_at
        # A ladder that has nothing left to do at an instant and still names it would hold the page for ever.
        at = later if later is None or later > at else at + timedelta(seconds=1)


def _ladder(policy: EscalationPolicy, terms: Terms, roll: Roll, urgency: Urgency, at: datetime) -> Ladder:
    """The ladder of a request that is received at this instant."""
    levels = {Level.QUEUED: at, Level.HELD: at, Level.RECEIVED: at}
    return Ladder(
        way=Way.INCOMING,
        terms=terms,
        calendar=roll.calendar,
        escalation=policy,
        opened_at=at,
        expires=at + terms.decision + timedelta(days=365),
        levels=levels,
        said={},
        heard={},
        urgency=urgency,
        climb=Climb(next=0, at=at),
    )


def _taken(policy: EscalationPolicy, terms: Terms, roll: Roll, urgency: Urgency, at: datetime) -> Ladder:
    """The same once an officer has taken charge and gives no answer: the second ladder alone."""
    taken = _ladder(policy, terms, roll, urgency, at)
    levels = {**taken.levels, Level.OPENED: at, Level.ACKNOWLEDGED: at}
    return Ladder(
        **{name: getattr(taken, name) for name in ("way", "terms", "calendar", "escalation", "opened_at", "expires")},
        levels=levels,
        said={},
        heard={},
        urgency=urgency,
        rang_again=True,
    )


def _read(content: Mapping[str, Any], plan: Plan | None) -> EscalationPolicy:
    """The policy of a content; of none, everybody. Raises DraftError."""
    if not content and plan is None:
        return everybody_policy()
    try:
        return EscalationPolicy.from_plain({**content, "version": 0 if plan is None else plan.version})
    except EscalationError as error:
        raise DraftError(
            error.code, f"this policy cannot be read: {error.field}", "correct it and try again"
        ) from error


async def _contacts(tx: AsyncConnection) -> _Contacts:
    """Each officer's own rules and contacts, by number."""
    found = {}
    for officer in await officer_rows(tx):
        rows = await rows_notices.called(tx, officer.number)
        known = [Contact(row.channel, row.address, row.verified_at) for row in rows if row.channel is not None]
        found[officer.number] = (read_rules(rows[0].rules if rows else None), known)
    return found


def _finding(each: Finding) -> FindingView:
    row = codes.TABLE.get(each.code)
    text, action = ("", "") if row is None else (row.text, row.action)
    return FindingView(each.code, text, action, None if each.rung is None else each.rung + 1, each.detail)


def _view(
    policy: EscalationPolicy, plan: Plan | None, roll: Roll | None, findings: Sequence[FindingView], at: datetime
) -> PolicyView:
    return PolicyView(
        version=policy.version,
        by_officer="" if plan is None else plan.by_officer,
        at=None if plan is None else plan.at,
        rungs=tuple(_rung(policy, place, roll, at) for place in range(len(policy.rungs))),
        until_answered=tuple(
            MilestoneView(each.percent, each.role, tuple(map(str, each.targets)), each.channels)
            for each in policy.until_answered
        ),
        hold_rungs=policy.hold_rungs,
        remind_percent=policy.remind_percent,
        again_percent=policy.again_percent,
        covers=policy.covers,
        findings=tuple(findings),
        content=policy.content(),
    )


def _rung(policy: EscalationPolicy, place: int, roll: Roll | None, at: datetime) -> RungView:
    """One rung and whom it would call, in the most urgent class that it is for."""
    rung = policy.rungs[place]
    urgency = next(each for each in Urgency if rung.open_to(each))
    now = None if roll is None else called(rung, roll, urgency, at)
    reached = (
        () if now is None else (*now.people, *(f"desk {x}" for x in now.desks), *(f"channel {x}" for x in now.lines))
    )
    return RungView(
        number=place + 1,
        role=rung.role,
        targets=tuple(map(str, rung.targets)),
        channels=rung.channels,
        delay_s=rung.delay_s,
        hours=rung.hours.value,
        classes=tuple(sorted(rung.classes)),
        acknowledgers=rung.acknowledgers,
        right=rung.right,
        language=rung.language,
        clearance=rung.clearance,
        called=reached,
        why="" if now is None or now.why is None else now.why.value,
    )
