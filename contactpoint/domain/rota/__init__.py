"""Rotas: who is on duty, now, then and next. Pure; wall time decides, statutory clocks elsewhere run in UTC."""

from contactpoint.domain.rota.beginnings import Beginning, beginnings, gaps_to_tell
from contactpoint.domain.rota.fairness import Load, fairness
from contactpoint.domain.rota.periods import Absence, Change, Holiday, Override, Period, Roster, Swap, SwapState
from contactpoint.domain.rota.rota import (
    Duty,
    Night,
    Rota,
    Shift,
    Source,
    gaps,
    neighbour,
    officers_at,
    on_duty,
    pieces,
    shifts,
)
from contactpoint.domain.rota.rotation import Rotation, Unit, Window

__all__ = [
    "Absence",
    "Beginning",
    "Change",
    "Duty",
    "Holiday",
    "Load",
    "Night",
    "Override",
    "Period",
    "Roster",
    "Rota",
    "Rotation",
    "Shift",
    "Source",
    "Swap",
    "SwapState",
    "Unit",
    "Window",
    "beginnings",
    "fairness",
    "gaps",
    "gaps_to_tell",
    "neighbour",
    "officers_at",
    "on_duty",
    "pieces",
    "shifts",
]
