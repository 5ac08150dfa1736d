"""If a request of this class came at an instant and nobody took charge: which pages would go out, and when. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.escalation import EscalationPolicy
from contactpoint.domain.ladder import Ladder, Page, Tick, Until, Way, decide
from contactpoint.domain.ladder_state import Climb
from contactpoint.domain.policy import Terms
from contactpoint.domain.roll import Roll
from contactpoint.domain.values import Level, Urgency

_MOST_STEPS = 200
_LIFE = timedelta(days=30)


def dry_run(
    policy: EscalationPolicy, terms: Terms, calendar: Calendar, urgency: Urgency, roll: Roll, at: datetime
) -> tuple[tuple[datetime, Page], ...]:
    """Promise: each page of the first cycle and of the ladder until *answered*, by the same decisions that a real request takes.

    The roll is today's; its rotas are asked for each instant.
    """
    ladder = Ladder(
        way=Way.INCOMING,
        terms=terms,
        calendar=calendar,
        escalation=replace(policy, remind_percent=0),
        opened_at=at,
        expires=at + _LIFE,
        levels={Level.QUEUED: at, Level.HELD: at, Level.RECEIVED: at},
        said={},
        heard={},
        urgency=urgency,
        climb=Climb(next=0, at=at),
    )
    first = [pair for pair in _pages(ladder, roll, at) if pair[1].until is Until.ACKNOWLEDGED]
    taken = replace(ladder, levels={**ladder.levels, Level.ACKNOWLEDGED: at}, joined=("",))
    return tuple(sorted([*first, *_pages(taken, roll, at)], key=lambda pair: pair[0]))


def _pages(ladder: Ladder, roll: Roll, at: datetime) -> Iterator[tuple[datetime, Page]]:
    """Every page until the first cycle is over, or until nothing is left to do."""
    now: datetime | None = at
    for _ in range(_MOST_STEPS):
        if now is None:
            return
        ladder, effects = decide(ladder, Tick(), roll, now)
        pages = [effect for effect in effects if isinstance(effect, Page) and effect.cycle == 0]
        yield from ((now, page) for page in pages)
        if ladder.cycle > 0:
            return
        now = ladder.next_at
