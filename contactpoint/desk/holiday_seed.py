"""Public holidays as a first proposal, from the library `holidays`. It is often wrong by a day or a region: a person confirms each."""

from __future__ import annotations

from collections.abc import Iterable

import holidays

from contactpoint.desk.errors import NotFoundError
from contactpoint.domain.rota import Holiday


def seed(country: str, years: Iterable[int], subdivision: str = "") -> tuple[Holiday, ...]:
    """Days to look at, none of them confirmed. ``country``: ISO 3166-1 alpha-2. Raises NotFoundError for one that is not known."""
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=list(years))
    except NotImplementedError as error:
        raise NotFoundError(
            "E-NOT-FOUND", f"no holidays are known of {country} {subdivision}".strip(), "enter the days by hand"
        ) from error
    return tuple(Holiday(day, name[:64], confirmed=False) for day, name in sorted(found.items()))
