"""Whom to tell of a duty, and which gaps to tell of. Each has an instant of its own, by which it is told once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contactpoint.domain.rota.periods import Period
from contactpoint.domain.rota.rota import Rota, gaps, pieces

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Beginning:
    """An officer comes on duty at an instant, and was not on duty before it, whatever puts him there."""

    officer: str
    at: datetime


def beginnings(rota: Rota, since: datetime, until: datetime) -> tuple[Beginning, ...]:
    """Promise: everybody who comes on duty in [since, until), in order. Who only goes on for another reason does not begin."""
    found: list[Beginning] = []
    before: frozenset[str] = frozenset()
    for begin, _, duties in pieces(rota, since - _TICK, until):
        people = tuple(officer for officer, _ in duties)
        if begin >= since:
            found += [Beginning(officer, begin) for officer in people if officer not in before]
        before = frozenset(people)
    return tuple(found)


def gaps_to_tell(rota: Rota, ahead: timedelta, now: datetime) -> tuple[Period, ...]:
    """Promise: the gaps that run now or begin within ``ahead``, each with the instant at which it really began.

    So one gap is one gap at every look, and is told once. One that has lasted for longer than ``ahead`` is cut to the day.
    """
    back = (now - ahead).replace(hour=0, minute=0, second=0, microsecond=0)
    # Looked at beyond that, so that its end is told too.
    return tuple(gap for gap in gaps(rota, back, now + 2 * ahead) if gap.until > now and gap.since <= now + ahead)
