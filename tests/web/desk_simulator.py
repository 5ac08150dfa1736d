"""A desk in memory that implements DeskPort, with invented cases, so that pages and the alarm are tried without a node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.instructions import InstructionView
from contactpoint.desk.officers import RIGHTS
from contactpoint.desk.review import Check
from contactpoint.desk.views import (
    Beat,
    Board,
    CaseView,
    Deadline,
    Draft,
    Fact,
    OfficerView,
    OralView,
    PageView,
    PreservationView,
    RequestView,
    ReviewView,
    StatementView,
    Submitted,
    Taken,
    Task,
    Waiting,
)
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.values import Urgency
from tests.web.clocks_simulator import ClocksSimulator
from tests.web.directory_simulator import DirectorySimulator
from tests.web.figures_simulator import FiguresSimulator
from tests.web.handover_simulator import HandoverSimulator
from tests.web.joint_simulator import JointSimulator
from tests.web.notices_simulator import SimulatedNotices, some_pages
from tests.web.papers_simulator import WRITTEN, PapersSimulator
from tests.web.people_simulator import PeopleSimulator
from tests.web.policies_simulator import PoliciesSimulator
from tests.web.rights_simulator import RightsSimulator
from tests.web.rota_simulator import RotaSimulator
from tests.web.sample import A01, A06, NAMES, PASSWORD
from tests.web.threats_simulator import ThreatsSimulator


@dataclass
class DeskSimulator(
    ClocksSimulator,
    RightsSimulator,
    JointSimulator,
    PeopleSimulator,
    DirectorySimulator,
    FiguresSimulator,
    PapersSimulator,
    PoliciesSimulator,
    RotaSimulator,
    ThreatsSimulator,
    HandoverSimulator,
):
    """State XB at ``start``; what the routes did is kept in plain lists for tests to read."""

    start: datetime
    state: str = "XB"
    network: str = "training"
    requests: dict[str, RequestView] = field(default_factory=dict)
    bodies: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    letters: list[StatementView] = field(default_factory=list)
    opened_by: list[tuple[str, str]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    answers: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    checks: list[tuple[str, Check]] = field(default_factory=list)
    flags: list[tuple[str, str]] = field(default_factory=list)
    notes: list[OralView] = field(default_factory=list)
    reviews: list[ReviewView] = field(default_factory=list)
    listeners: list[asyncio.Queue[str]] = field(default_factory=list)
    silent: bool = False
    bell_keys: set[str] = field(default_factory=set)
    bells_heard: list[datetime] = field(default_factory=list)
    bells_gone: int = 0
    instructions: dict[str, InstructionView] = field(default_factory=dict)
    ticked: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)

    notices: SimulatedNotices = field(default_factory=SimulatedNotices)

    def __post_init__(self) -> None:
        self.instructions["PRES-NEW"] = InstructionView("PRES-NEW", WRITTEN, 1, "XB-OFF-001", self.start)
        for number, name, rights in (
            ("XB-OFF-001", "A. Duty", RIGHTS),
            ("XB-OFF-002", "B. Second", RIGHTS),
        ):
            self.people[number] = OfficerView(
                number, name, rights, "", False, "duty@xb.example", self.start + timedelta(days=20), True
            )
            self.passwords[number] = PASSWORD

    def changed(self, what: str = "board") -> None:
        for queue in self.listeners:
            queue.put_nowait(what)

    # What a test puts into the world
    def arrives(
        self,
        urgency: str = "U1",
        kind: str = "PRES-NEW",
        minutes_ago: int = 3,
        sender: str = "XA",
        case: str | None = None,
    ) -> str:
        at = self.start - timedelta(minutes=minutes_ago)
        new = self._next()
        case = case or self._next("c")
        limit = {"U0": 15, "U1": 30, "U2": 240, "U3": 2880}[urgency]
        held = at + timedelta(seconds=4)
        due = held + timedelta(minutes=limit)
        facts = (
            Fact("queued", at, sender, "station"),
            Fact("held", held, "XB", "gateway"),
            Fact("received", held + timedelta(seconds=1), "XB", "station"),
            Fact("rung", held + timedelta(seconds=2), "XB", "station", note="duty officer"),
        )
        title = catalogues.load()[kind].title
        permitted = ("ACKNOWLEDGED", "ACCEPTED", "NEED-INFO", "REFUSED", "EXECUTED")
        self.requests[new] = RequestView(
            new,
            case,
            kind,
            title,
            urgency,
            sender,
            "XB",
            True,
            "OPEN",
            "received",
            at,
            at + timedelta(days=14),
            facts,
            (
                Deadline("received", held + timedelta(minutes=10), True),
                Deadline("acknowledged", due, None),
                Deadline("decision", held + timedelta(hours=8), None),
            ),
            due,
            "duty officer",
            1,
            "",
            True,
            "",
            None,
            permitted,
        )
        self.bodies[new] = A01 if kind == "PRES-NEW" else A06
        self.changed()
        return new

    def full_day(self) -> dict[str, str]:
        """A board with something in every list; ids by name."""
        named = {"u1": self.arrives("U1", minutes_ago=17), "u0": self.arrives("U0", "EMERG-DATA", 2, "XC")}
        now = self.start
        named["late"] = late = self.arrives("U2", minutes_ago=300, sender="XD")
        at = self.requests[late].at
        facts = (
            Fact("queued", at, "XB", "station"),
            Fact("unreachable", at + timedelta(minutes=60), "XB", "station"),
            Fact("held", at + timedelta(minutes=72), "XD", "gateway", 720),
            Fact("received", at + timedelta(minutes=73), "XD", "station"),
            Fact("rung", at + timedelta(minutes=73), "XD", "station", note="duty officer"),
            Fact("rung", at + timedelta(minutes=133), "XD", "station", note="deputy"),
            Fact("not-acknowledged", at + timedelta(minutes=312), "XD", "station"),
        )
        self.requests[late] = replace(
            self.requests[late],
            sender="XB",
            recipient="XD",
            incoming=False,
            status="OPEN",
            facts=facts,
            rings=False,
            next_due=now - timedelta(minutes=8),
            deadlines=(Deadline("acknowledged", at + timedelta(minutes=312), False),),
            permitted=("WITHDRAW", "ANSWERED-ELSEWHERE"),
            own_reference="XB-2027-19",
        )
        named["mine"] = mine = self.arrives("U2", minutes_ago=190)
        self._taken(mine, "XB-OFF-001", now - timedelta(minutes=170))
        named["kept"] = kept = self.arrives("U2", minutes_ago=60 * 24 * 52, sender="XE")
        self._taken(kept, "XB-OFF-002", now - timedelta(days=52))
        kept_from = now - timedelta(days=51)
        keeps = PreservationView(kept_from, kept_from + timedelta(days=60), ())
        self.requests[kept] = replace(self.requests[kept], status="EXECUTED", preservation=keeps, permitted=())
        named["waiting"] = self._next("a")
        self.waiting.append(
            Waiting(
                named["waiting"],
                "EMERG-DATA",
                "U0",
                "XA",
                "XB-OFF-002",
                "XB-OFF-001",
                now - timedelta(minutes=6),
                now + timedelta(minutes=54),
                A06,
            )
        )
        self.tasks.append(
            Task(
                self._next("f"),
                "E-UNTRUSTED-KEY",
                now - timedelta(minutes=31),
                "The signing key is not in the register.",
                "Nothing was accepted. Telephone the State at its registered number.",
                "XF",
                ("+999 555 0106",),
            )
        )
        return named

    def _taken(self, request: str, officer: str, at: datetime) -> None:
        old = self.requests[request]
        more = (
            Fact("opened", at - timedelta(seconds=20), self.state, "station"),
            Fact("acknowledged", at, self.state, officer),
        )
        self.requests[request] = replace(
            old,
            facts=old.facts + more,
            acknowledged_by=officer,
            holder=officer,
            rings=False,
            status="ACKNOWLEDGED",
            level="acknowledged",
            rung="",
            next_due=old.deadlines[-1].due,
            permitted=("ACCEPTED", "NEED-INFO", "REFUSED", "EXECUTED"),
        )
        self.changed()

    # Looking
    async def board(self, officer: str, now: datetime) -> Board:
        every = sorted(self.requests.values(), key=lambda each: (each.urgency, each.at))
        incoming = [each for each in every if each.incoming]
        clocks = tuple(each for each in every if each.preservation)
        return Board(
            self.state,
            self.network,
            now,
            unacknowledged=tuple(each for each in incoming if not each.acknowledged_by),
            own_overdue=tuple(each for each in every if not each.incoming and each.next_due and each.next_due < now),
            mine=tuple(each for each in incoming if (each.holder or each.acknowledged_by) == officer),
            open=tuple(each for each in incoming if (each.holder or each.acknowledged_by) not in ("", officer)),
            sent=tuple(each for each in every if not each.incoming),
            clocks=clocks,
            waiting=tuple(self.waiting),
            tasks=tuple(self.tasks),
            directory_age_s=240,
            oral=tuple(self.notes),
        )

    async def beat(self, now: datetime) -> Beat:
        while self.silent:
            await asyncio.sleep(0.2)
        board = await self.board("", now)
        oldest = max((int((now - each.at).total_seconds()) for each in board.unacknowledged), default=0)
        return Beat(len(board.unacknowledged), oldest, len(board.own_overdue), 0, self.bells_gone)

    async def bell_rings(self, token: str, now: datetime) -> None:
        if token not in self.bell_keys:
            raise NotPermittedError("E-API-KEY", "The key opens nothing.", "Ask an administrator.")
        self.bells_heard.append(now)

    async def case_view(self, case: str, now: datetime) -> CaseView:
        here = [each for each in self.requests.values() if each.case == case]
        if not here:
            raise NotFoundError("E-UNKNOWN-CASE", "There is no such case or request here.", "Check the reference.")
        first = here[0]
        peer = first.sender if first.incoming else first.recipient
        opened = [
            StatementView(
                each.id,
                each.kind,
                each.sender,
                each.at,
                f"{each.sender}-OFF-017",
                None,
                self.bodies[each.id],
                each.facts,
            )
            for each in here
        ]
        said = [
            each
            for each in self.letters
            if each.id.startswith(case[:4]) or each.id in {one for one, _, _ in self.answers}
        ]
        return CaseView(
            case,
            first.sender,
            first.recipient,
            peer,
            NAMES.get(peer, peer),
            ("+999 555 0101", "+999 555 0102"),
            "",
            "9f" * 32,
            tuple(here),
            (*opened, *said),
            reviews=tuple(self.reviews),
        )

    async def pages(self, request: str) -> tuple[PageView, ...]:
        return some_pages(request, self.start)

    async def find_request(self, reference: str) -> tuple[str, str]:
        for each in self.requests.values():
            if reference in (each.id, each.label, each.own_reference) and reference:
                return each.case, each.id
        raise NotFoundError("E-UNKNOWN-CASE", "There is no such case or request here.", "Check the reference.")

    async def changes(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.listeners.remove(queue)

    # Doing
    async def opened(self, request: str, officer: str, now: datetime) -> None:
        self.opened_by.append((request, officer))
        old = self.requests[request]
        if not old.incoming:
            return
        self.requests[request] = replace(
            old, facts=(*old.facts, Fact("opened", now, self.state, "station")), level="opened"
        )

    async def submit(self, draft: Draft, key: Any, now: datetime) -> Submitted:
        if draft.re is not None:
            return await self._answered(draft, key, now)
        entry = catalogues.load()[draft.kind]
        problems = tuple(each for each in catalogues.check_body(entry, draft.body, now) if each.blocks)
        if problems:
            raise DraftError("E-FIELD-MISSING", "The form has problems.", "Correct the fields named.", problems)
        self.drafts.append(draft)
        new = self._next("d")
        if draft.urgency == "U0":
            self.waiting.append(
                Waiting(
                    new,
                    draft.kind,
                    draft.urgency,
                    draft.recipient,
                    key.number,
                    draft.approver or "",
                    now,
                    now + timedelta(hours=1),
                    draft.body,
                )
            )
            return Submitted(new, "", "WAITING-FOR-APPROVAL", draft.approver)
        return Submitted(new, new, "QUEUED")

    async def approve(self, waiting: str, key: Any, now: datetime, check: Any = None) -> Submitted:
        found = next(each for each in self.waiting if each.id == waiting)
        if found.by == key.number:
            raise NotPermittedError(
                "E-SAME-OFFICER",
                "The second signature must come from another officer.",
                "Ask a second officer to approve.",
            )
        if check is not None:
            self.checks.append((waiting, check))
        self.waiting.remove(found)
        return Submitted(waiting, waiting, "QUEUED")

    async def acknowledge(self, request: str, officer: str, key: Any, now: datetime) -> Taken:
        old = self.requests[request]
        if old.acknowledged_by:
            return Taken("", request, "ACKNOWLEDGED", first=old.acknowledged_by)
        self._taken(request, officer, now)
        if key is None:
            return Taken(self._next("e"), request, "ACK-DEGRADED", cause="W-NO-SHIFT")
        return Taken(self._next("e"), request, "ACKNOWLEDGED")

    async def answer(self, request: str, kind: str, body: Mapping[str, Any], key: Any, now: datetime) -> Submitted:
        return await self.submit(Draft(kind, "", self.requests[request].urgency, body, re=request), key, now)

    async def _answered(self, draft: Draft, key: Any, now: datetime) -> Submitted:
        request, kind, body = draft.re or "", draft.kind, draft.body
        entry = catalogues.load()[self.requests[request].kind]
        problems = tuple(each for each in catalogues.check_body(entry.answer(kind), body, now) if each.blocks)
        if problems:
            raise DraftError("E-FIELD-MISSING", "The form has problems.", "Correct the fields named.", problems)
        new = self._next("b")
        urgency = Urgency(self.requests[request].urgency)
        if (
            catalogues.signers_needed(catalogues.load(), kind, urgency, self.requests[request].kind)
            is catalogues.Signers.TWO
        ):
            if draft.approver is None:
                raise DraftError("E-SIGNERS", "needs a second officer", "name the approver")
            return Submitted(new, "", "WAITING-FOR-APPROVAL", draft.approver)
        self.answers.append((new, kind, body))
        self.letters.append(
            StatementView(
                new, kind, self.state, now, key.number, None, body, (Fact("queued", now, self.state, "station"),)
            )
        )
        return Submitted(new, self.requests[request].case, "QUEUED")

    async def task_done(self, task: str, officer: str, now: datetime) -> None:
        self.tasks = [each for each in self.tasks if each.id != task]
