"""The figures of the simulated desk: two States, a refusal on an opened ground, checks, and a time that the two sides tell differently."""

from __future__ import annotations

from datetime import datetime, timedelta

from contactpoint.desk.figures import DeskFigures, RightsCount
from contactpoint.domain.figures import Measured, Reached, figures
from contactpoint.domain.rights import Finding, Reason
from contactpoint.domain.values import Level, Urgency

_MINUTE = timedelta(minutes=1)
HOSTILE = "<b>WON</b>"
"""A status that another product invented."""


def _measured(number: int, asking: str, asked: str, kind: str, began: datetime, **more: object) -> Measured:
    taken, decided = began + 9 * number * _MINUTE, began + 70 * number * _MINUTE
    given: dict[str, object] = {
        "urgency": Urgency.U1,
        "lowered_to": None,
        "reached": (
            Reached(Level.RECEIVED, began + timedelta(seconds=3), None, two_sided=False),
            Reached(Level.ACKNOWLEDGED, taken, taken + timedelta(seconds=20)),
            Reached(Level.ANSWERED, decided, decided),
        ),
        "due": {Level.ACKNOWLEDGED: began + 30 * _MINUTE, Level.ANSWERED: began + 480 * _MINUTE},
        "status": "EXECUTED",
    }
    request = f"0199a000-0000-7000-8000-0000000f{number:04d}"
    return Measured(request, asking, asked, kind, began=began, **{**given, **more})  # type: ignore[arg-type]


def some_figures(since: datetime, until: datetime) -> DeskFigures:
    """Of requests in the first week of the period."""
    began = since + timedelta(days=3)
    late = began + 9 * _MINUTE
    differs = Reached(Level.ACKNOWLEDGED, late, late + 40 * _MINUTE)
    refused = {"status": "REFUSED", "ground": "RG-21a"}
    counted = figures(
        (
            _measured(1, "XA", "XB", "PRES-NEW", began, reached=(differs,)),
            _measured(2, "XA", "XB", "PRES-NEW", began),
            _measured(7, "XA", "XB", "PRES-NEW", began, **refused, overridden=True),
            _measured(3, "XB", "XC", "EMERG-DATA", began, urgency=Urgency.U0, lowered_to=Urgency.U3),
            _measured(4, "XC", "XB", "MLA-FWD", began, urgency=Urgency.U3, status="WITH-CENTRAL-AUTHORITY"),
            _measured(5, "XD", "XB", "PRES-NEW", began, urgency=Urgency.U2, status=HOSTILE),
        ),
        since,
        until,
    )
    rights = (
        RightsCount("flag", Reason.FLAG.value, "", 2),
        RightsCount("check", Reason.SPEECH.value, Finding.STOP.value, 1),
        RightsCount("check", Reason.OFFENCE.value, Finding.NOTE.value, 5),
    )
    return DeskFigures(counted, rights, 1)


class FiguresSimulator:
    """The figures' half of the port: something this year, nothing in any other."""

    start: datetime

    async def figures(self, since: datetime, until: datetime) -> DeskFigures:
        if since <= self.start < until:
            return some_figures(since, until)
        return DeskFigures(figures((), since, until), (), 0)
