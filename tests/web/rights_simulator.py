"""Rights checks, flags and telephone requests of the simulated desk: kept in plain lists for tests to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from contactpoint.desk.errors import DraftError, NotFoundError
from contactpoint.desk.oral import Call
from contactpoint.desk.review import Check
from contactpoint.desk.views import OralView, Submitted, Waiting
from contactpoint.domain.catalogue import Problem

if TYPE_CHECKING:
    from contactpoint.desk.views import RequestView


class RightsSimulator:
    """What `DeskPort` asks about checks; mixed into the simulated desk."""

    waiting: list[Waiting]
    requests: dict[str, RequestView]
    checks: list[tuple[str, Check]]
    flags: list[tuple[str, str]]
    notes: list[OralView]

    async def waiting_letter(self, waiting: str) -> Waiting | None:
        return next((each for each in self.waiting if each.id == waiting), None)

    async def review(self, waiting: str, check: Check, key: Any, now: datetime) -> Submitted:
        if not check.finding or not check.text.strip():
            problem = Problem("E-FIELD-MISSING", "text", "Say what was looked at and why you find so.")
            raise DraftError(problem.code, "the check is not complete", "fill in each one", (problem,))
        found = next(each for each in self.waiting if each.id == waiting)
        self.checks.append((waiting, check))
        self.waiting.remove(found)
        return Submitted(waiting, found.case, "STOPPED" if check.finding == "stop" else "QUEUED")

    async def flag(self, request: str, officer: str, text: str, now: datetime) -> str:
        if request not in self.requests:
            raise NotFoundError("E-NOT-FOUND", "There is no such request here.", "Look at the board.")
        self.flags.append((request, text))
        self.requests[request] = replace(self.requests[request], flagged=True)
        return request

    async def log_oral(self, state: str, call: Call, key: Any, now: datetime) -> str:
        if not call.caller.strip():
            problem = Problem("E-FIELD-MISSING", "caller", "This field is mandatory.")
            raise DraftError(problem.code, "the note is not complete: caller", "fill in each one", (problem,))
        told = (call.caller, call.from_number, call.asked, call.called_back, call.spoke_with)
        due = call.called_at + timedelta(hours=24)
        note = OralView(f"note-{len(self.notes)}", state, key.number, now, due, None, "", call.called_at, *told)
        self.notes.append(note)
        return note.id

    async def confirm_oral(self, oral: str, request: str, key: Any, now: datetime) -> str:
        if request not in self.requests:
            raise NotFoundError("E-NOT-FOUND", "There is no such request here.", "Look at the board.")
        self.notes = [each for each in self.notes if each.id != oral]
        return request
