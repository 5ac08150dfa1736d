"""What a person is shown of long clocks: those that run at this desk, the soonest end first, and what is left of each.

A picture holds no content of a letter: a clock's name, its dates, and which case it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.catalogue import Clock
from contactpoint.domain.catalogue.words import Counting
from contactpoint.domain.values import Side
from contactpoint.store.rows_clocks import clocks_of_requests, read_alarms, reminders_of, running_clocks, step_name

_MOST = 500
REMINDERS = frozenset({"W-CLOCK-NEAR", "W-CLOCK-LAST", "W-CLOCK-ENDED"})
"""Tasks that remind of a clock; the first word of their note is its name."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One instant before the end: when it was due, and when it was given; None while it still lies ahead."""

    due: datetime
    given: datetime | None


@dataclass(frozen=True, slots=True)
class ClockView:
    """One running clock. ``due`` is None while the term is open-ended; ``working``: the State whose working days count, or nothing.

    ``certificate``: both States' stations certify the end. ``roles``: who is told. ``incoming``: the other State asked.
    """

    code: str
    label: str
    request: str
    case: str
    kind: str
    title: str
    peer: str
    incoming: bool
    reference: str
    starts: datetime
    due: datetime | None
    article: str
    checked: bool
    working: str
    certificate: bool
    roles: tuple[str, ...]
    reminders: tuple[Reminder, ...]


async def running(tx: AsyncConnection, cw: Casework, now: datetime) -> tuple[ClockView, ...]:
    """Every clock of this desk that nothing has closed, the soonest end first, the open-ended last."""
    rows = await running_clocks(tx, now, _MOST)
    given: dict[tuple[str, str], list[Reminder]] = {}
    for step in await reminders_of(tx, [row.request_id for row in rows]):
        given.setdefault((step.request_id, step.step), []).append(Reminder(step.due, step.at))
    views = (_view(cw, row, given.get((row.request_id, step_name(row.name)), [])) for row in rows)
    return tuple(view for view in views if view is not None)


def _view(cw: Casework, row: Row[Any], given: Sequence[Reminder]) -> ClockView | None:
    entry = cw.catalogue.entries.get(row.kind)
    clock = next((each for each in entry.clocks if each.code == row.name), None) if entry is not None else None
    if entry is None or clock is None:
        return None
    # Those of an earlier end (before an extension, a renewal) were given for another term.
    past = [each for each in given if each.due > row.starts and (row.due is None or each.due < row.due)]
    ahead = [Reminder(at, None) for at in read_alarms(row.alarms)]
    return ClockView(
        code=clock.code,
        label=clock.label,
        request=row.request_id,
        case=row.case_id,
        kind=row.kind,
        title=entry.title,
        peer=row.peer,
        incoming=row.incoming,
        reference=row.label or row.own_reference or row.request_id[-8:],
        starts=row.starts,
        due=row.due,
        article=clock.citation.article,
        checked=clock.citation.checked,
        working=_working(cw, clock, row),
        certificate=clock.certificate,
        roles=tuple(row.roles.split()),
        reminders=(*past, *ahead),
    )


def _working(cw: Casework, clock: Clock, row: Row[Any]) -> str:
    """The State whose working days the term counts or ends on; empty where every day counts."""
    if clock.counting is not Counting.WORKING and not clock.end_on_working_day:
        return ""
    return cw.state if row.incoming is (clock.of is Side.ADDRESSEE) else row.peer


async def ends_of_tasks(tx: AsyncConnection, tasks: Sequence[Row[Any]]) -> Mapping[str, datetime]:
    """By the task's id: the end of the term that it reminds of, as the clock's row has it now."""
    reminding = [task for task in tasks if task.code in REMINDERS and task.request_id]
    rows = await clocks_of_requests(tx, [task.request_id for task in reminding])
    ends = {(row.request_id, row.name): row.due for row in rows if row.due is not None}
    found = {task.id: ends.get((task.request_id, task.note.split(" ")[0])) for task in reminding}
    return {task: due for task, due in found.items() if due is not None}
