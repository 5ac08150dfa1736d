"""Who carried how much: hours on duty, and of these the nights, weekends and holidays."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from contactpoint.domain.rota.rota import Rota, shifts
from contactpoint.domain.rota.wall import days_between, instant, wall_of


@dataclass(frozen=True, slots=True)
class Load:
    """One officer's time on duty in a period. An hour may count as night, weekend and holiday at once."""

    officer: str
    total: timedelta = timedelta(0)
    night: timedelta = timedelta(0)
    weekend: timedelta = timedelta(0)
    holiday: timedelta = timedelta(0)


def fairness(rota: Rota, since: datetime, until: datetime) -> tuple[Load, ...]:
    """Promise: the load of everybody who is on duty in [since, until), by officer, in elapsed time of the rota's own zone."""
    loads: dict[str, list[timedelta]] = defaultdict(lambda: [timedelta(0)] * 4)
    for shift in shifts(rota, since, until):
        for begin, end in _cut(rota, shift.since, shift.until):
            wall = wall_of(begin, rota.zone)
            marks = (True, _is_night(rota, wall), wall.weekday() in rota.night.weekend, wall.date() in rota.free_days)
            loads[shift.officer] = [
                sum_ + (end - begin if counts else timedelta(0))
                for sum_, counts in zip(loads[shift.officer], marks, strict=True)
            ]
    return tuple(Load(officer, *hours) for officer, hours in sorted(loads.items()))


def _is_night(rota: Rota, wall: datetime) -> bool:
    starts, ends, now = rota.night.starts, rota.night.ends, wall.time()
    return starts <= now < ends if starts < ends else now >= starts or now < ends


def _cut(rota: Rota, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A shift cut at midnights and at the edges of the night."""
    walls = (datetime.min.time(), rota.night.starts, rota.night.ends)
    days = days_between(since, until, rota.zone)
    edges = {instant(datetime.combine(day, wall), rota.zone) for day in days for wall in walls}
    cut = [since, *sorted(edge for edge in edges if since < edge < until), until]
    yield from pairwise(cut)
