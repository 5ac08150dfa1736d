"""Drills: the commands, and the step that publishes their results as classes in the own card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import structlog

from contactpoint.casework.context import Casework
from contactpoint.desk.drill_views import DrillView, Reachability
from contactpoint.desk.drills import Drills
from contactpoint.desk.results import NodeError
from contactpoint.desk.views import Submitted
from contactpoint.domain.drills import EVERY
from contactpoint.link.register import RegisterClient
from contactpoint.main.card import CardShown, hand_in_card, held_card
from contactpoint.main.loops import Step
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, open_casework, open_desk, open_means
from contactpoint.watch.drills import DrillOrder
from directory.card import Closure, Dispute, DrillResult

log = structlog.get_logger("contactpoint")
_LOOK_S = 300.0
_RESULTS_EVERY = timedelta(days=7)
_LONGEST_CLOSURE, _MOST_CLOSURES = timedelta(days=14), 16


def drill_order(means: Means) -> DrillOrder:
    """What the settings say. In a training network no machine rings anybody unless it is told to."""
    told = means.settings.drills
    if told.every_days is None:
        return DrillOrder(None if means.network == "training" else EVERY, told.states)
    return DrillOrder(timedelta(days=max(7, told.every_days)) if told.every_days else None, told.states)


def card_step(cw: Casework, means: Means, mirror: Mirror) -> Step:
    """Publish what was measured: at most weekly, for the register keeps every card for ever; an own dispute at once."""

    async def step() -> float:
        contact = means.register.contact(cw.state)
        if contact is None or contact.card is None:
            return _LOOK_S
        now = means.clock()
        results, disputes = await _to_publish(cw, now)
        public, at = contact.card.public, contact.card.at
        stale = results != public.drills and now - at >= _RESULTS_EVERY
        if stale or disputes != public.disputes:
            fresh = {"drills": results, "disputes": disputes}
            try:
                shown = await hand_in_card(means, cw, mirror.client, public.model_copy(update=fresh))
            except NodeError as error:
                log.warning("drill.not-published", code=error.code)
            else:
                log.info("drill.published", card=shown.number)
                cw.bell.ring("mirror")
        return _LOOK_S

    return step


async def _to_publish(cw: Casework, now: datetime) -> tuple[tuple[DrillResult, ...], tuple[Dispute, ...]]:
    results, disputes = await Drills(cw).to_publish(now)
    return (
        tuple(DrillResult.model_validate(each) for each in results),
        tuple(Dispute.model_validate(each) for each in disputes),
    )


async def drill_start(home: Path, state: str, officer: str, secret: str) -> Submitted:
    async with open_desk(home) as (desk, clock):
        return await desk.drills.start(state, await desk.unseal(officer, secret, clock()), clock())


async def drill_list(home: Path, state: str) -> tuple[DrillView, ...]:
    async with open_desk(home) as (desk, _):
        return await desk.drills.listed(state)


async def drill_figures(home: Path, state: str) -> tuple[Reachability, ...]:
    async with open_desk(home) as (desk, clock):
        return await desk.drills.figures(clock(), state)


async def drill_dispute(home: Path, drill: str, reason: str, officer: str, secret: str) -> DrillView:
    async with open_desk(home) as (desk, clock):
        return await desk.drills.dispute(drill, reason, await desk.unseal(officer, secret, clock()), clock())


async def drill_record(
    home: Path, state: str, channel: str, minutes: int | None, note: str, officer: str, secret: str
) -> DrillView:
    """``minutes``: how long until a person answered; None for nobody."""
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        took = None if minutes is None else timedelta(minutes=minutes)
        return await desk.drills.record(state, channel, took, key, clock(), note)


async def drill_closure(home: Path, begins: datetime, ends: datetime, reason: str) -> CardShown:
    """Announce in the own card that nobody answers from ``begins`` until ``ends``. Raises NodeError and what `card set` raises."""
    means = await open_means(home)
    now = means.clock()
    if begins <= now:
        # What has begun already excuses nothing: others tried this State while it was said to be there.
        raise NodeError("E-CLOSURE", "a closure is announced before it begins", "choose a later beginning")
    if not timedelta() < ends - begins <= _LONGEST_CLOSURE:
        raise NodeError("E-CLOSURE", "a closure ends after it began, within 14 days", "mend --until")
    return await _with_closures(means, lambda kept: (*kept, Closure(begins=begins, ends=ends, reason=reason)))


async def drill_reopen(home: Path) -> CardShown:
    """Take back every closure: this State is there."""
    return await _with_closures(await open_means(home), lambda kept: ())


_Closures: TypeAlias = tuple[Closure, ...]


async def _with_closures(means: Means, change: Callable[[_Closures], _Closures]) -> CardShown:
    now = means.clock()
    public = held_card(means.folder).public
    ahead = tuple(each for each in public.closures if each.ends > now)
    closures = tuple(sorted(change(ahead), key=lambda each: each.begins))
    if len(closures) > _MOST_CLOSURES:
        raise NodeError(
            "E-CLOSURE", f"no more than {_MOST_CLOSURES} closures stand in a card", "take back what is over"
        )
    async with open_casework(means) as cw, RegisterClient(means.settings.directory.url) as client:
        return await hand_in_card(means, cw, client, public.model_copy(update={"closures": closures}))
