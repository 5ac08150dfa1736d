"""What the console needs of a desk: one port, so that pages can be tried without a node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from contactpoint.desk.clocks import ClockView
from contactpoint.desk.figures import DeskFigures
from contactpoint.desk.instructions import Instruction, InstructionView, TickView
from contactpoint.desk.joint import JointPort
from contactpoint.desk.notices import NoticesPort
from contactpoint.desk.oral import Call
from contactpoint.desk.order import OrderView
from contactpoint.desk.plan import Signer as OfficerKey
from contactpoint.desk.policies import StepsPort
from contactpoint.desk.review import Check
from contactpoint.desk.rota_views import RotaPort
from contactpoint.desk.shift_handover import ShiftPort
from contactpoint.desk.threats import ThreatsPort
from contactpoint.desk.views import (
    Beat,
    Board,
    CaseView,
    ContactView,
    DirectoryView,
    Draft,
    OfficerView,
    PageView,
    Submitted,
    Taken,
    Waiting,
)
from contactpoint.domain.catalogue import Answer
from contactpoint.domain.precheck import Finding


class DeskPort(Protocol):
    """Use cases of the desk. Every refusal is a ``DeskError`` with ``code``, ``text``, ``what_to_do`` and ``problems``."""

    @property
    def state(self) -> str: ...
    @property
    def network(self) -> str: ...
    @property
    def threats(self) -> ThreatsPort: ...
    @property
    def joint(self) -> JointPort: ...
    @property
    def notices(self) -> NoticesPort: ...
    @property
    def policies(self) -> StepsPort: ...
    @property
    def rota(self) -> RotaPort: ...
    @property
    def shift(self) -> ShiftPort: ...

    # Looking (never signs, never says *opened*)
    async def board(self, officer: str, now: datetime) -> Board: ...
    async def beat(self, now: datetime) -> Beat: ...
    async def bell_rings(self, token: str, now: datetime) -> None:
        """A second bell listens with this key now; when it falls silent, it is missed. NotPermittedError (E-API-KEY)."""
        ...

    async def figures(self, since: datetime, until: datetime) -> DeskFigures: ...
    async def case_view(self, case: str, now: datetime) -> CaseView: ...
    async def clocks(self, now: datetime) -> tuple[ClockView, ...]:
        """The long clocks that run here, the soonest end first."""
        ...

    async def find_request(self, reference: str) -> tuple[str, str]:
        """(case id, request id) for an id, a label, a unique prefix, or an own file number."""
        ...

    async def pages(self, request: str) -> tuple[PageView, ...]:
        """Every notice of a request with each attempt to send it, oldest first."""
        ...

    async def directory(self, now: datetime) -> DirectoryView: ...
    async def contact(self, state: str, now: datetime) -> ContactView: ...
    def changes(self) -> AsyncIterator[str]:
        """Names of what changed (board, case, directory), for open pages; carries no content."""
        ...

    # Doing
    async def opened(self, request: str, officer: str, now: datetime) -> None:
        """Record that a signed-in officer was shown this request (earns the *opened* slip, once)."""
        ...

    async def submit(self, draft: Draft, key: OfficerKey, now: datetime) -> Submitted: ...
    async def approve(self, waiting: str, key: OfficerKey, now: datetime, check: Check | None = None) -> Submitted: ...
    async def review(self, waiting: str, check: Check, key: OfficerKey, now: datetime) -> Submitted:
        """Record the rights check of a waiting letter (Articles 6, 24, 40(22))."""
        ...

    async def waiting_letter(self, waiting: str) -> Waiting | None:
        """A letter that waits or once waited."""
        ...

    async def flag(self, request: str, officer: str, text: str, now: datetime) -> str:
        """Say that the facts of an incoming request do not match its offence, or are speech."""
        ...

    async def log_oral(self, state: str, call: Call, key: OfficerKey, now: datetime) -> str:
        """Write down a request that was made by telephone; returns its reference."""
        ...

    async def confirm_oral(self, oral: str, request: str, key: OfficerKey, now: datetime) -> str:
        """Say which letter confirms it; returns the request's id."""
        ...

    async def acknowledge(self, request: str, officer: str, key: OfficerKey | None, now: datetime) -> Taken:
        """Never fails for want of a key: without one the station signs ACK-DEGRADED."""
        ...

    async def answer(
        self, request: str, kind: str, body: Mapping[str, Any], key: OfficerKey, now: datetime
    ) -> Submitted: ...
    async def task_done(self, task: str, officer: str, now: datetime) -> None: ...

    # The State's own papers
    async def precheck(self, draft: Draft, now: datetime) -> tuple[Finding, ...]:
        """What stops a draft, what warns, what is good to know; nothing is recorded."""
        ...

    async def answer_form(self, request: str, kind: str) -> Answer:
        """The form of an answer to this very request: grounds that the own card does not open are closed."""
        ...

    async def instruction(self, kind: str) -> InstructionView: ...
    async def instruction_kinds(self) -> tuple[str, ...]: ...
    async def set_instruction(
        self, kind: str, content: Instruction, rev: int, officer: str, now: datetime
    ) -> InstructionView: ...
    async def ticks(self, kind: str, request: str) -> tuple[TickView, ...]: ...
    async def tick(self, request: str, items: Sequence[str], officer: str, now: datetime) -> tuple[TickView, ...]: ...
    async def order(self, request: str, officer: str, now: datetime) -> OrderView:
        """A draft of the domestic order; raises NotFoundError where the type orders nothing."""
        ...

    # People
    async def officer(self, number: str, now: datetime) -> OfficerView | None: ...
    async def officers(self, now: datetime) -> tuple[OfficerView, ...]: ...
    async def one_time_link(self, number: str, now: datetime) -> str:
        """A fresh single-use token (24 h) that lets this officer set a password."""
        ...

    async def link_officer(self, token: str, now: datetime) -> str | None:
        """The officer whom this unused token belongs to, or None. Looking does not use it up."""
        ...

    async def set_password(self, token: str, password: str, now: datetime) -> str:
        """Use up the token, set the password, return the officer's number."""
        ...

    async def check_password(self, number: str, password: str, now: datetime) -> bool: ...
    async def unseal(self, number: str, secret: str, now: datetime) -> OfficerKey:
        """Open the officer's key with the signing secret (and renew its certificate when near its end)."""
        ...

    async def start_shift(self, session: str, number: str, secret: str, now: datetime) -> bytes:
        """Reseal the officer's key under 32 random bytes, which are returned for the cookie; the rest is kept with the session."""
        ...

    async def shift_key(self, session: str, cookie: bytes, now: datetime) -> OfficerKey | None: ...
    async def end_shift(self, session: str, now: datetime) -> None: ...
    async def manned(self, officer: str, window: str, alarm_tested_at: datetime, now: datetime) -> None: ...

    # Sessions (server-side)
    async def open_session(self, officer: str, now: datetime) -> str: ...
    async def session_officer(self, session: str, now: datetime) -> str | None: ...
    async def close_session(self, session: str, now: datetime) -> None: ...
    async def set_language(self, officer: str, language: str, now: datetime) -> None: ...


__all__ = ["DeskPort", "OfficerKey"]
