"""The watcher of the workers: every ten seconds it looks for what is due and not done, for workers that are silent, and for a night in
which nobody could be called. It decides nothing of a case; it tells people, and says to the outside that all is well only when it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.ids import new_id
from contactpoint.casework.round import FRESH, last_round
from contactpoint.casework.rungs import ON_DUTY, people_now
from contactpoint.domain.notices import Contact
from contactpoint.domain.values import Urgency
from contactpoint.store.rows_audit import manned_by, oldest_due, oldest_waiting, overdue
from contactpoint.store.rows_clocks import finish_tasks_of
from contactpoint.store.rows_desk import drop_worker, hold_setting, open_once, put_setting, setting_at, worker_rows
from contactpoint.store.rows_notices import verified_contacts
from contactpoint.store.rows_people import officer_rows
from contactpoint.watch.console import STALE_AFTER
from contactpoint.watch.fence import alive

POLL_S = 10.0
LATE = timedelta(seconds=5)
DEADMAN_EVERY = timedelta(seconds=60)
_ONCE, _DEADMAN = "audit/", "dead-man"
_RUNG = -1000  # far below the rungs of ladders and the reminders of clocks


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as its last beat said: steps fired since its start, and how late the last of them were (milliseconds)."""

    name: str
    version: str
    seen_at: datetime
    fired: int
    lag_ms: tuple[int, int, int]  # p50, p99, max


@dataclass(frozen=True, slots=True)
class Picture:
    """How the desk's machinery stands at one instant."""

    at: datetime
    overdue: int  # rows of ladders and clocks that are due since five seconds or more
    lag: timedelta  # of the oldest of all due rows
    outbox_age: timedelta
    page_age: timedelta
    alive: tuple[Worker, ...]
    silent: tuple[Worker, ...]
    reachable: bool
    round_at: datetime | None
    deadman_at: datetime | None

    def not_ready(self) -> tuple[str, ...]:
        """Why this desk's clocks do not run as they should, one reason a line; empty when they do."""
        why = []
        if not self.alive:
            why.append("worker: none has beaten in the last 10 s")
        if self.lag >= LATE:
            why.append(f"timers: {self.overdue} steps are overdue, the oldest by {self.lag.total_seconds():.0f} s")
        return tuple(why)

    def not_well(self) -> tuple[str, ...]:
        """Why the dead-man signal is not given."""
        why = list(self.not_ready())
        if self.round_at is None or not timedelta(0) <= self.at - self.round_at <= FRESH:
            why.append("round: no slip to ourselves came back in the last 5 minutes")
        return tuple(why)


async def picture(tx: AsyncConnection, cw: Casework, now: datetime) -> Picture:
    """What stands in the rows now."""
    workers = [
        Worker(row.name, row.version, row.seen_at, row.fired, (row.lag_p50, row.lag_p99, row.lag_max))
        for row in await worker_rows(tx)
    ]
    first, (out, called) = await oldest_due(tx), await oldest_waiting(tx)
    return Picture(
        at=now,
        overdue=await overdue(tx, now - LATE),
        lag=_age(first, now),
        outbox_age=_age(out, now),
        page_age=_age(called, now),
        alive=tuple(each for each in workers if alive(each.seen_at, now)),
        silent=tuple(each for each in workers if not alive(each.seen_at, now)),
        reachable=await _somebody_reachable(tx, cw, now),
        round_at=await last_round(tx),
        deadman_at=await setting_at(tx, _DEADMAN),
    )


async def look(cw: Casework, now: datetime) -> Picture:
    """Look once; what is wrong becomes a task and a page to every administrator, once, and what is mended leaves the board."""
    seen = await cw.db.read(lambda tx: picture(tx, cw, now))
    wrong = _wrong(seen)
    told = await cw.db.read(lambda tx: open_once(tx, _ONCE))
    if set(wrong) != told or seen.silent:
        await cw.db.write(lambda tx: _tell(tx, cw, seen, wrong, now))
        cw.bell.ring("board", "pages")
    return seen


def _wrong(seen: Picture) -> Mapping[str, tuple[str, str]]:
    """By mark: the code and the note of what is wrong."""
    wrong = {}
    if seen.overdue:
        wrong[f"{_ONCE}overdue"] = "W-OVERDUE", f"{seen.overdue}, the oldest by {seen.lag.total_seconds():.0f} s"
    if not seen.reachable:
        wrong[f"{_ONCE}reachable"] = "W-NOBODY-REACHABLE", ""
    return wrong


async def _tell(
    tx: AsyncConnection, cw: Casework, seen: Picture, wrong: Mapping[str, tuple[str, str]], now: datetime
) -> None:
    for mark in sorted(await open_once(tx, _ONCE) - set(wrong)):
        await finish_tasks_of(tx, mark, now)
    fresh = [await raise_task(tx, cw, code, now, note=note, once=mark) for mark, (code, note) in wrong.items()]
    for each in seen.silent:
        # Told once, and the task stays until a person has seen it. A worker that was only slow enters again with its next beat.
        note = f"{each.name}, since {each.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        fresh.append(await raise_task(tx, cw, "W-WORKER-SILENT", now, note=note, once=f"silent/{each.name}"))
        await drop_worker(tx, each.name)
    if any(fresh):
        await _page_administrators(tx, cw, now)


async def _page_administrators(tx: AsyncConnection, cw: Casework, now: datetime) -> None:
    """Every administrator on every channel; where nobody is one, everybody."""
    usable = [row for row in await officer_rows(tx) if row.locked_at is None]
    called = [row for row in usable if "administer" in json.loads(row.rights)] or usable
    # An alarm of its own each time: its pages belong to no request.
    about = {"request_id": new_id(cw.random, now), "cycle": 0, "rung": _RUNG, "urgency": Urgency.U1.value}
    for row in called:
        await page_person(tx, cw, about, row.number, cw.channels, now)


async def _somebody_reachable(tx: AsyncConnection, cw: Casework, now: datetime) -> bool:
    """Whether anybody on duty now has a console that rings, or another channel that was verified. Where nobody is on duty: no."""
    on_duty = {officer for officer, _ in await people_now(tx, cw, (ON_DUTY,), now)}
    if on_duty & set(await manned_by(tx, now - STALE_AFTER)):
        return True
    outside = set(cw.channels) - {"console"}
    return any(
        row.officer in on_duty
        and row.channel in outside
        and Contact(row.channel, row.address, row.verified_at).good(now)
        for row in await verified_contacts(tx)
    )


async def take_deadman(cw: Casework, now: datetime) -> bool:
    """Whether this process is to give the dead-man signal now: one process a minute, whichever comes first."""

    async def work(tx: AsyncConnection) -> bool:
        await hold_setting(tx, _DEADMAN, to_change=True)
        last = await setting_at(tx, _DEADMAN)
        if last is not None and timedelta(0) <= now - last < DEADMAN_EVERY:
            return False
        await put_setting(tx, _DEADMAN, b"", now)
        return True

    return await cw.db.write(work)


def _age(since: datetime | None, now: datetime) -> timedelta:
    return timedelta(0) if since is None else max(timedelta(0), now - since)
