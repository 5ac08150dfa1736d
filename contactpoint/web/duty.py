"""What the pages about duty share: who may change a plan, and people by name."""

from __future__ import annotations

from collections.abc import Mapping

from contactpoint.web.i18n import N_
from contactpoint.web.visitor import Officer

RIGHT = "rota"
"""The officer right that changes rotas; without it one sees everything and swaps one's own shifts."""

ONLY_KEEPERS = N_("Only an officer with the right to keep the rota changes it.")
ASK_A_KEEPER = N_("Ask an officer who keeps the rota, or an administrator for the right.")


async def names_of(seen: Officer) -> Mapping[str, str]:
    """Each officer's name by number."""
    return {each.number: each.name for each in await seen.desk.officers(seen.now)}


def may_keep(seen: Officer, *also: str) -> bool:
    """Whether this officer may change a rota (or has another right that will do). The desk decides it again."""
    return not {RIGHT, *also}.isdisjoint(seen.officer.rights)
