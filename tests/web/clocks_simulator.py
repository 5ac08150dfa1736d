"""The clocks of the simulated desk: one of each kind that the page must tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk.clocks import ClockView, Reminder

_DAY = timedelta(days=1)


class ClocksSimulator:
    """The clocks' half of the port."""

    running: Sequence[ClockView] = ()

    async def clocks(self, now: datetime) -> tuple[ClockView, ...]:
        return tuple(self.running)


def some_clocks(request: str, case: str, now: datetime) -> list[ClockView]:
    """Soon, far, counted in working days, open-ended; the reference is another State's own words."""

    def clock(code: str, label: str, days: float | None, **more: Any) -> ClockView:
        due = None if days is None else now + days * _DAY
        told = () if due is None else tuple(due - each * _DAY for each in (21, 14, 7, 3, 1))
        reminders = tuple(Reminder(at, at + timedelta(minutes=3) if at <= now else None) for at in told)
        values: dict[str, Any] = {
            "code": code,
            "label": label,
            "request": request,
            "case": case,
            "kind": "PRES-NEW",
            "title": "Preserve stored data",
            "peer": "XA",
            "incoming": True,
            "reference": "<b>2027-00412</b>",
            "starts": now - 40 * _DAY,
            "due": due,
            "article": "42(8)",
            "checked": False,
            "working": "",
            "certificate": False,
            "roles": ("duty",),
            "reminders": reminders,
        }
        return ClockView(**{**values, **more})

    order = "The domestic order must be renewed by"
    return [
        clock("EXECUTION-REPORT", "Report on the execution", 0.3, working="XA", article="42(4)", reminders=()),
        clock("PRES-60", "Preserved at least until", 5, certificate=True, roles=("duty", "central")),
        clock("DOMESTIC-90", order, 60, article="25(2)", incoming=False),
        clock("PRES-60", "Preserved at least until", None, certificate=True, roles=("duty", "central")),
    ]
