"""Which pages the header leads to. A page is shown once its route exists."""

from __future__ import annotations

from collections.abc import Collection

from contactpoint.web.i18n import N_

FIRST = (
    ("/board", N_("Board")),
    ("/new", N_("New request")),
    ("/approvals", N_("Approvals")),
    ("/directory", N_("Directory")),
)
"""What a duty officer needs in the night: always in sight."""

MORE = (
    ("/rota", N_("Rota")),
    ("/escalation", N_("Escalation")),
    ("/clocks", N_("Clocks")),
    ("/operations", N_("Operations")),
    ("/threats", N_("Threats")),
    ("/figures", N_("Figures")),
    ("/instructions", N_("Instructions")),
    ("/terms", N_("Terms and codes")),
    ("/contacts", N_("My contacts")),
    ("/shift", N_("Shift")),
)
"""The rest, one press away."""

Tabs = tuple[tuple[str, str], ...]


def tabs(routes: Collection[str]) -> tuple[Tabs, Tabs]:
    """Those of both rows that this console serves."""
    first, more = (tuple(each for each in row if each[0] in routes) for row in (FIRST, MORE))
    return first, more
