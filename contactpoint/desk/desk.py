"""The desk as console and command line know it: every use case, one method each. It only hands on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import happen
from contactpoint.desk import instructions, officers, pictures
from contactpoint.desk.acknowledge import acknowledge
from contactpoint.desk.approve import approve, review, waiting_view
from contactpoint.desk.clocks import ClockView, running
from contactpoint.desk.compose import submit
from contactpoint.desk.drills import Drills
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.escalation import Policies
from contactpoint.desk.figures import DeskFigures, desk_figures
from contactpoint.desk.find import find_request
from contactpoint.desk.instructions import Instruction, InstructionView, TickView
from contactpoint.desk.joint import Joint
from contactpoint.desk.notices import Notices, attempt_view
from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.oral import Call, confirm_oral, log_oral
from contactpoint.desk.order import OrderView, order_of
from contactpoint.desk.phonebook import contact_view, directory_view
from contactpoint.desk.plan import Signer
from contactpoint.desk.precheck import answer_form, check_draft
from contactpoint.desk.review import Check, flag
from contactpoint.desk.rota import Rotas
from contactpoint.desk.shift_handover import Shift
from contactpoint.desk.threats import Threats
from contactpoint.desk.toolkeys import note_bell
from contactpoint.desk.views import (
    Beat,
    Board,
    CaseView,
    ContactView,
    DirectoryView,
    Draft,
    OfficerView,
    PageView,
    RequestView,
    Submitted,
    Taken,
    Waiting,
)
from contactpoint.domain.catalogue import Answer
from contactpoint.domain.ladder import Noted, Opened
from contactpoint.domain.precheck import Finding
from contactpoint.notify.channel import Channel
from contactpoint.store.rows_desk import finish_task
from contactpoint.store.rows_notices import attempts_of
from contactpoint.store.rows_people import note_manned, officer_row, update_officer
from contactpoint.store.rows_requests import mark_answer_read, pages_of, request_row


@dataclass(frozen=True, slots=True)
class Desk:
    """Implements ``contactpoint.desk.ports.DeskPort`` over one database."""

    cw: Casework
    channels: Mapping[str, Channel] = field(default_factory=dict)  # for codes and tests; pages go out by the worker

    @property
    def state(self) -> str:
        return self.cw.state

    @property
    def network(self) -> str:
        return self.cw.network

    @property
    def threats(self) -> Threats:
        return Threats(self.cw)

    @property
    def rota(self) -> Rotas:
        return Rotas(self.cw)

    @property
    def policies(self) -> Policies:
        return Policies(self.cw)

    @property
    def joint(self) -> Joint:
        return Joint(self.cw)

    @property
    def drills(self) -> Drills:
        return Drills(self.cw)

    @property
    def shift(self) -> Shift:
        return Shift(self.cw)

    @property
    def notices(self) -> Notices:
        return Notices(self.cw, self.channels)

    # Looking

    async def board(self, officer: str, now: datetime) -> Board:
        zone = self.cw.register.calendar(self.cw.state).zone
        return await self.cw.db.read(lambda tx: pictures.board(tx, self.cw, officer, zone, now))

    async def beat(self, now: datetime) -> Beat:
        return await self.cw.db.read(lambda tx: pictures.beat(tx, self.cw, now))

    async def bell_rings(self, token: str, now: datetime) -> None:
        await note_bell(self.cw, token, now)

    async def case_view(self, case: str, now: datetime) -> CaseView:
        view = await self.cw.db.read(lambda tx: pictures.case_view(tx, self.cw, case, now))
        if view is None:
            raise NotFoundError("E-NOT-FOUND", f"there is no case {case} here", "look at the board")
        return view

    async def request_view(self, request: str, now: datetime) -> RequestView | None:
        """One request as this desk sees it, or None while it is not here."""
        row = await self.cw.db.read(lambda tx: request_row(tx, request))
        if row is None:
            return None
        case = await self.case_view(row.case_id, now)
        return next(view for view in case.requests if view.id == request)

    async def pages(self, request: str) -> tuple[PageView, ...]:
        """Who was paged for a request, on which rung, by what, and what became of it."""
        rows = await self.cw.db.read(lambda tx: pages_of(tx, request))
        log = await self.cw.db.read(lambda tx: attempts_of(tx, request))
        return tuple(
            PageView(
                row.cycle,
                row.rung,
                row.officer,
                row.channel,
                row.at,
                row.state,
                row.outcome,
                row.id,
                row.next_at if row.state == "due" else None,
                tuple(attempt_view(each) for each in log if each.page_id == row.id),
            )
            for row in rows
        )

    async def figures(self, since: datetime, until: datetime) -> DeskFigures:
        return await desk_figures(self.cw, since, until)

    async def clocks(self, now: datetime) -> tuple[ClockView, ...]:
        return await self.cw.db.read(lambda tx: running(tx, self.cw, now))

    async def find_request(self, reference: str) -> tuple[str, str]:
        return await find_request(self.cw, reference)

    async def directory(self, now: datetime) -> DirectoryView:
        view = directory_view(self.cw, now)
        found = {each.state: each for each in await self.drills.figures(now, month=False)}
        return replace(view, states=tuple(replace(each, reach=found.get(each.state)) for each in view.states))

    async def contact(self, state: str, now: datetime) -> ContactView:
        view = contact_view(self.cw, state)
        (found,) = await self.drills.figures(now, state)
        return replace(view, reach=found)

    def changes(self) -> AsyncIterator[str]:
        return self.cw.bell.listen()

    # Doing

    async def opened(self, request: str, officer: str, now: datetime) -> None:
        """Say *opened*, once: an incoming request was shown to a signed-in officer. Of an own request, its answer counts as read."""

        async def work(tx: AsyncConnection) -> None:
            row = await request_row(tx, request)
            if row is None:
                return
            if row.incoming:
                await happen(tx, self.cw, request, Opened(now), now)
                return
            if row.rings:
                await happen(tx, self.cw, request, Noted(now), now)
            if row.answer_unread:
                await mark_answer_read(tx, request)

        await self.cw.db.write(work)
        self.cw.bell.ring("outbox", "board", "case")

    async def submit(self, draft: Draft, key: Signer, now: datetime) -> Submitted:
        return await submit(self.cw, draft, key, now)

    async def approve(self, waiting: str, key: Signer, now: datetime, check: Check | None = None) -> Submitted:
        return await approve(self.cw, waiting, key, now, check)

    async def review(self, waiting: str, check: Check, key: Signer, now: datetime) -> Submitted:
        return await review(self.cw, waiting, check, key, now)

    async def waiting_letter(self, waiting: str) -> Waiting | None:
        return await self.cw.db.read(lambda tx: waiting_view(tx, self.cw, waiting))

    async def flag(self, request: str, officer: str, text: str, now: datetime) -> str:
        return await flag(self.cw, request, officer, text, now)

    async def log_oral(self, state: str, call: Call, key: Signer, now: datetime) -> str:
        return await log_oral(self.cw, state, call, key, now)

    async def confirm_oral(self, oral: str, request: str, key: Signer, now: datetime) -> str:
        return await confirm_oral(self.cw, oral, request, key, now)

    async def acknowledge(
        self, request: str, officer: str, key: Signer | None, now: datetime, cause: str = "no-signing-key"
    ) -> Taken:
        return await acknowledge(self.cw, request, officer, key, cause, now)

    async def answer(
        self,
        request: str,
        kind: str,
        body: Mapping[str, Any],
        key: Signer,
        now: datetime,
        approver: str | None = None,
    ) -> Submitted:
        """Answer a request, or say another move of it (WITHDRAW, INFO)."""
        parent = request if kind in self.cw.catalogue else None
        draft = Draft(kind, "", await self._urgency(request), body, parent=parent, re=request, approver=approver)
        return await submit(self.cw, draft, key, now)

    async def _urgency(self, reference: str) -> str:
        _, request_id = await find_request(self.cw, reference)
        row = await self.cw.db.read(lambda tx: request_row(tx, request_id))
        return "" if row is None else str(row.urgency)

    async def task_done(self, task: str, officer: str, now: datetime) -> None:
        await self.cw.db.write(lambda tx: finish_task(tx, task, officer, now))
        self.cw.bell.ring("board")

    # The State's own papers

    async def precheck(self, draft: Draft, now: datetime) -> tuple[Finding, ...]:
        return await check_draft(self.cw, draft, now)

    async def answer_form(self, request: str, kind: str) -> Answer:
        return await answer_form(self.cw, request, kind)

    async def instruction(self, kind: str) -> InstructionView:
        return await instructions.instruction_of(self.cw, kind)

    async def instruction_kinds(self) -> tuple[str, ...]:
        return await instructions.kinds_with_instructions(self.cw)

    async def set_instruction(
        self, kind: str, content: Instruction, rev: int, officer: str, now: datetime
    ) -> InstructionView:
        return await instructions.set_instruction(self.cw, kind, content, rev, officer, now)

    async def ticks(self, kind: str, request: str) -> tuple[TickView, ...]:
        return await instructions.ticks_of(self.cw, kind, request)

    async def tick(self, request: str, items: Sequence[str], officer: str, now: datetime) -> tuple[TickView, ...]:
        return await instructions.set_ticks(self.cw, request, items, officer, now)

    async def order(self, request: str, officer: str, now: datetime) -> OrderView:
        return await order_of(self.cw, request, officer, now)

    # People

    async def officer(self, number: str, now: datetime) -> OfficerView | None:
        row = await self.cw.db.read(lambda tx: officer_row(tx, number))
        return None if row is None else officers.officer_view(row)

    async def officers(self, now: datetime) -> tuple[OfficerView, ...]:
        return await self.cw.db.read(officers.list_officers)

    async def one_time_link(self, number: str, now: datetime) -> str:
        return await officers.one_time_link(self.cw, number, now)

    async def link_officer(self, token: str, now: datetime) -> str | None:
        return await officers.link_officer(self.cw, token, now)

    async def set_password(self, token: str, password: str, now: datetime) -> str:
        return await officers.set_password(self.cw, token, password, now)

    async def check_password(self, number: str, password: str, now: datetime) -> bool:
        return await officers.check_password(self.cw, number, password, now)

    async def unseal(self, number: str, secret: str, now: datetime) -> SigningOfficer:
        return await officers.unseal(self.cw, number, secret, now)

    async def start_shift(self, session: str, number: str, secret: str, now: datetime) -> bytes:
        return await officers.start_shift(self.cw, session, number, secret, now)

    async def shift_key(self, session: str, cookie: bytes, now: datetime) -> SigningOfficer | None:
        return await officers.shift_key(self.cw, session, cookie, now)

    async def end_shift(self, session: str, now: datetime) -> None:
        await officers.end_shift(self.cw, session)

    async def manned(self, officer: str, window: str, alarm_tested_at: datetime, now: datetime) -> None:
        await self.cw.db.write(lambda tx: note_manned(tx, officer, window, alarm_tested_at, now))

    async def open_session(self, officer: str, now: datetime) -> str:
        return await officers.open_session(self.cw, officer, now)

    async def session_officer(self, session: str, now: datetime) -> str | None:
        return await officers.session_officer(self.cw, session, now)

    async def close_session(self, session: str, now: datetime) -> None:
        await officers.close_session(self.cw, session)

    async def set_language(self, officer: str, language: str, now: datetime) -> None:
        await self.cw.db.write(lambda tx: update_officer(tx, officer, {"language": language}))
