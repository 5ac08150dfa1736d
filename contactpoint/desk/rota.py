"""Rotas at the desk: look, save, change for a time, swap. Every change is a new signed version; nothing edits an old one.

The keeper of the rota (right ``rota``) may change everything. Any officer may offer one of his own shifts, and only the one to whom it is
offered may take it: a swap is two versions, each under the signature of the one who agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import tzdata
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.errors import PlanError
from contactpoint.casework.plans import Plan, PlanKind, history_of, newest_plan, plans_in_use, save_plan
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.officers import list_officers
from contactpoint.desk.plan import Signer, need_right
from contactpoint.desk.rota_ics import write_calendar
from contactpoint.desk.rota_views import (
    AbsenceView,
    HolidayView,
    HoursView,
    OverrideView,
    PlanVersion,
    RotaLine,
    RotaView,
    ShiftView,
    SwapView,
)
from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import (
    Absence,
    Holiday,
    Override,
    Period,
    Roster,
    Rota,
    Source,
    Swap,
    SwapState,
    fairness,
    gaps,
    on_duty,
    pieces,
)
from contactpoint.domain.rota.change import succeed
from contactpoint.store.rows_people import officer_rows

GAPS_AHEAD = timedelta(days=14)
FAIR_OVER = timedelta(days=91)
CALENDAR_AHEAD = timedelta(days=366)
LONGEST_LOOK = timedelta(days=400)
"""A calendar that is asked for is at most this long: a page must not be made to count for an hour."""
LONGEST_SWAP = timedelta(days=62)
_RIGHT = "rota"


@dataclass(frozen=True, slots=True)
class Rotas:
    """Implements ``RotaPort`` over one desk."""

    cw: Casework

    # Looking

    async def listed(self, now: datetime) -> tuple[RotaLine, ...]:
        """Every rota with who is on duty now and how many gaps lie ahead."""
        found = []
        for rota in await self.rotas():
            duty = on_duty(rota, now)
            found.append(RotaLine(rota.name, duty.officers, duty.until, len(gaps(rota, now, now + GAPS_AHEAD))))
        return tuple(found)

    async def shown(self, name: str, now: datetime) -> RotaView:
        """One rota, whole. Raises NotFoundError, PlanError."""
        plans = await self.cw.db.read(lambda tx: history_of(tx, self.cw, PlanKind.ROTA, name))
        if not plans:
            raise _unknown(name)
        last = await self._last_exercises()
        return _view(Rota.from_plain(plans[0].content), plans, last, now)

    async def shifts(self, name: str, since: datetime, until: datetime) -> tuple[ShiftView, ...]:
        """The rota's time from ``since`` to ``until``, unbroken: a time in which nobody is on duty is a shift without officers."""
        return _shift_views(await self.rota(name), since, until)

    async def preview(self, content: Mapping[str, Any], since: datetime, until: datetime) -> tuple[ShiftView, ...]:
        """As `shifts`, of a rota that is not saved yet. Raises DraftError."""
        return _shift_views(_read(content), since, until)

    async def calendar(self, name: str, officer: str, now: datetime) -> bytes:
        """The coming year as iCalendar: of one officer, or with "" of everybody. Raises NotFoundError."""
        rota = await self.rota(name)
        return write_calendar(rota, officer, now, now + CALENDAR_AHEAD, tzdata.IANA_VERSION, now)

    async def rota(self, name: str) -> Rota:
        plan = await self.cw.db.read(lambda tx: newest_plan(tx, self.cw, PlanKind.ROTA, name))
        if plan is None:
            raise _unknown(name)
        return Rota.from_plain(plan.content)

    async def rotas(self) -> tuple[Rota, ...]:
        """Every rota in use, by name."""
        return await self.cw.db.read(lambda tx: rotas_in_use(tx, self.cw))

    # Changing: the keeper of the rota

    async def save(self, name: str, content: Mapping[str, Any], after: int, key: Signer, now: datetime) -> int:
        """Save a whole rota; ``after`` is the version that the officer saw (0: a new rota).

        Whoever is on duty stays until the next handoff, and who was on duty stays as it was, whatever ``content`` says of it.
        Raises NotPermittedError, DraftError (it cannot be computed with, or names nobody we know), BusyCaseError.
        """
        need_right(key, _RIGHT)
        rota = _read({**content, "name": name})

        async def work(tx: AsyncConnection) -> int:
            stands = await self._standing(tx, name)
            turns = rota.rotations if stands is None else succeed(stands.rotations, rota.rotations, now)
            return await self._keep(tx, replace(rota, rotations=turns), after, key, now)

        return await self.cw.db.write(work)

    async def _standing(self, tx: AsyncConnection, name: str) -> Rota | None:
        """The rota in use. None where there is none, or one that may not be believed: it must be possible to replace that."""
        try:
            plan = await newest_plan(tx, self.cw, PlanKind.ROTA, name)
            return None if plan is None else Rota.from_plain(plan.content)
        except (PlanError, RotaError):
            return None

    async def add_override(self, name: str, new: Override, key: Signer, now: datetime) -> int:
        need_right(key, _RIGHT)
        return await self._change(
            name, lambda rota: replace(rota, overrides=(*rota.overrides, _named(new, now))), key, now
        )

    async def add_absence(self, name: str, new: Absence, key: Signer, now: datetime) -> int:
        """Whoever keeps the rota enters an absence; an officer may enter his own."""
        if new.officer != key.number:
            need_right(key, _RIGHT)
        return await self._change(
            name, lambda rota: replace(rota, absences=(*rota.absences, _named(new, now))), key, now
        )

    async def add_roster(self, name: str, new: Roster, key: Signer, now: datetime) -> int:
        """A fixed roster: for its period it alone says who is on duty."""
        need_right(key, _RIGHT)
        named = replace(new, id=new.id or _short(new.period, key.number, now))
        return await self._change(name, lambda rota: replace(rota, rosters=(*rota.rosters, named)), key, now)

    async def add_overrides(self, name: str, new: Sequence[Override], key: Signer, now: datetime) -> int:
        """Several at once: all of them, or none."""
        need_right(key, _RIGHT)
        named = tuple(replace(each, id=f"{_short(each.period, each.officer, now)}-{n}") for n, each in enumerate(new))
        return await self._change(name, lambda rota: replace(rota, overrides=(*rota.overrides, *named)), key, now)

    async def seed_holidays(self, name: str, days: Sequence[Holiday], key: Signer, now: datetime) -> int:
        """Propose public holidays. None counts before `confirm_holiday`; what stands already stays as it is."""
        need_right(key, _RIGHT)

        def seeded(rota: Rota) -> Rota:
            known = {each.day for each in rota.holidays}
            fresh = [replace(each, confirmed=False) for each in days if each.day not in known]
            return replace(rota, holidays=tuple(sorted((*rota.holidays, *fresh), key=lambda each: each.day)))

        return await self._change(name, seeded, key, now)

    async def remove(self, name: str, identity: str, key: Signer, now: datetime) -> int:
        """Take an override, an absence or a fixed roster away. Raises NotFoundError when there is none of this id."""
        need_right(key, _RIGHT)

        def without(rota: Rota) -> Rota:
            left = replace(
                rota,
                overrides=tuple(each for each in rota.overrides if each.id != identity),
                absences=tuple(each for each in rota.absences if each.id != identity),
                rosters=tuple(each for each in rota.rosters if each.id != identity),
            )
            if left == rota:
                raise NotFoundError(
                    "E-NOT-FOUND", f"{name} has nothing with the id {identity}", "look at the rota again"
                )
            return left

        return await self._change(name, without, key, now)

    async def confirm_holiday(self, name: str, day: date, key: Signer, now: datetime) -> int:
        """Say that a seeded holiday is one in this State."""
        need_right(key, _RIGHT)

        def confirmed(rota: Rota) -> Rota:
            if not any(each.day == day for each in rota.holidays):
                raise NotFoundError("E-NOT-FOUND", f"{name} has no holiday on {day}", "look at the rota again")
            days = (replace(each, confirmed=True) if each.day == day else each for each in rota.holidays)
            return replace(rota, holidays=tuple(days))

        return await self._change(name, confirmed, key, now)

    # Swaps: by consent of both

    async def offer_swap(
        self, name: str, taker: str, period: Period, back: Period | None, key: Signer, now: datetime
    ) -> str:
        """Offer one's own duty in ``period`` to a colleague, ``back`` in exchange; returns the swap's id. Nothing changes yet.

        Raises DraftError when it is not the officer's own duty, or has begun.
        """
        identity = _short(period, key.number, now)
        for each in (period, *(() if back is None else (back,))):
            # A period without end, offered by anybody, would be counted out under the database's one writer.
            if each.until - each.since > LONGEST_SWAP:
                raise DraftError("E-ROTA", "a swap lasts 62 days at most", "offer a shorter time")

        def offered(rota: Rota) -> Rota:
            if period.since <= now:
                raise DraftError("E-ROTA", "this shift has begun", "hand the shift over instead")
            if taker == key.number or not _has_duty(rota, key.number, period):
                raise DraftError(
                    "E-ROTA", "only a shift of one's own is offered, to somebody else", "choose a shift of yours"
                )
            if back is not None and not _has_duty(rota, taker, back):
                raise DraftError("E-ROTA", f"{taker} has no duty then to give back", "choose a shift of theirs")
            swap = Swap(identity, key.number, taker, period, back, SwapState.OFFERED, now)
            return replace(rota, swaps=(*rota.swaps, swap))

        await self._change(name, offered, key, now)
        return identity

    async def answer_swap(self, name: str, identity: str, accept: bool, key: Signer, now: datetime) -> int:
        """Accept or decline what was offered to this officer.

        Raises NotFoundError, NotPermittedError (offered to another), DraftError (answered, begun, or no longer the giver's duty).
        """

        def answered(rota: Rota) -> Rota:
            swap = next((each for each in rota.swaps if each.id == identity), None)
            if swap is None:
                raise NotFoundError("E-NOT-FOUND", f"{name} has no swap {identity}", "look at the rota again")
            if swap.taker != key.number:
                raise NotPermittedError("E-RIGHT", "this swap was offered to somebody else", "only they can accept it")
            if swap.state is not SwapState.OFFERED:
                raise DraftError("E-ROTA", "this swap was answered already", "look at the rota again")
            if accept and (swap.period.since <= now or not _has_duty(rota, swap.giver, swap.period)):
                raise DraftError("E-ROTA", "what was offered is no longer the giver's duty, or has begun", "decline it")
            state = SwapState.ACCEPTED if accept else SwapState.DECLINED
            done = replace(swap, state=state, answered_at=now)
            after = replace(rota, swaps=tuple(done if each.id == identity else each for each in rota.swaps))
            # A fixed roster or an absence stands above it: two would agree on what then does not happen.
            if accept and not _has_duty(after, swap.taker, swap.period):
                raise DraftError("E-ROTA", "a fixed roster or an absence stands above this swap", "decline it")
            return after

        return await self._change(name, answered, key, now)

    # Carrying out

    async def _change(self, name: str, change: Callable[[Rota], Rota], key: Signer, now: datetime) -> int:
        """The next version, from the one in use, in one transaction: of two who change at once both changes stand, or one is told."""

        async def work(tx: AsyncConnection) -> int:
            plan = await newest_plan(tx, self.cw, PlanKind.ROTA, name)
            if plan is None:
                raise _unknown(name)
            try:
                rota = change(Rota.from_plain(plan.content))
            except RotaError as error:
                raise _refused(error) from error
            return await self._keep(tx, rota, plan.version, key, now)

        return await self.cw.db.write(work)

    async def _keep(self, tx: AsyncConnection, rota: Rota, after: int, key: Signer, now: datetime) -> int:
        known = {row.number for row in await officer_rows(tx)}
        strangers = sorted(set(rota.officers) - known)
        if strangers:
            # A number with a slip of the pen in it is nobody, and nobody is called at night.
            raise DraftError("E-ROTA", f"there is no officer {', '.join(strangers)}", "run `contactpoint officer list`")
        version = await save_plan(tx, self.cw, PlanKind.ROTA, rota.name, rota.to_plain(), after, key, now)
        self.cw.bell.ring("board", "rota")
        return version

    async def _last_exercises(self) -> Mapping[str, datetime | None]:
        return {view.number: view.exercised_at for view in await self.cw.db.read(list_officers)}


async def rotas_in_use(tx: AsyncConnection, cw: Casework) -> tuple[Rota, ...]:
    """Every rota in use, by name, read in the caller's transaction. Raises PlanError."""
    return tuple(Rota.from_plain(plan.content) for plan in await plans_in_use(tx, cw, PlanKind.ROTA))


def _unknown(name: str) -> NotFoundError:
    return NotFoundError("E-NOT-FOUND", f"there is no rota {name}", "run `contactpoint rota list`")


def _refused(error: RotaError) -> DraftError:
    return DraftError(error.code, f"this rota cannot be used: {error.field}", "correct it and save it again")


def _read(content: Mapping[str, Any]) -> Rota:
    try:
        return Rota.from_plain(content)
    except RotaError as error:
        raise _refused(error) from error


def _short(period: Period, officer: str, now: datetime) -> str:
    """A short id that is the same for the same words at the same instant."""
    return f"{now:%y%m%d%H%M%S}{now.microsecond // 1000:03}-{officer[-3:]}"


_Change = TypeVar("_Change", Override, Absence)


def _named(new: _Change, now: datetime) -> _Change:
    return replace(new, id=new.id or _short(new.period, new.officer, now))


def _has_duty(rota: Rota, officer: str, period: Period) -> bool:
    """Whether the officer is on duty in every minute of it."""
    return all(officer in dict(duties) for _, _, duties in pieces(rota, period.since, period.until))


def _shift_views(rota: Rota, since: datetime, until: datetime) -> tuple[ShiftView, ...]:
    if not since < until or until - since > LONGEST_LOOK:
        raise DraftError("E-ROTA", "a calendar lasts from one instant to a later one, 400 days at most", "ask for less")
    found: list[ShiftView] = []
    for begin, end, duties in pieces(rota, since, until):
        officers, source = tuple(who for who, _ in duties), _source(tuple(why for _, why in duties))
        if found and (found[-1].officers, found[-1].source) == (officers, source):
            found[-1] = replace(found[-1], until=end)
        elif begin < end:
            found.append(ShiftView(begin, end, officers, source))
    return tuple(found)


def _source(sources: Sequence[Source]) -> str:
    """What is out of the ordinary is named before what is not."""
    order = (Source.ROSTER, Source.OVERRIDE, Source.SWAP, Source.DEFAULT, Source.ROTATION)
    return next((each.value for each in order if each in sources), "")


def _view(rota: Rota, plans: Sequence[Plan], exercises: Mapping[str, datetime | None], now: datetime) -> RotaView:
    ahead = _shift_views(rota, now, now + GAPS_AHEAD)
    later = on_duty(rota, now).until
    current = replace(ahead[0], until=later) if later is not None else ahead[0]
    following = None
    if later is not None:
        after = on_duty(rota, later)
        source = _source(tuple(why for _, why in after.duties))
        following = ShiftView(later, after.until or later + GAPS_AHEAD, after.officers, source)
    # Before its first version nobody was on duty by this rota, whatever its turns would say.
    since = max(now - FAIR_OVER, plans[-1].at)
    return RotaView(
        name=rota.name,
        zone=rota.zone,
        content=plans[0].content,
        duty=current,
        following=following,
        gaps=tuple(ShiftView(gap.since, gap.until, (), "") for gap in gaps(rota, now, now + GAPS_AHEAD)),
        overrides=tuple(
            OverrideView(each.id, each.change.value, each.officer, each.period.since, each.period.until)
            for each in rota.overrides
            if each.period.until > now
        ),
        absences=tuple(
            AbsenceView(each.id, each.officer, each.period.since, each.period.until)
            for each in rota.absences
            if each.period.until > now
        ),
        swaps=tuple(
            SwapView(
                each.id,
                each.giver,
                each.taker,
                each.period.since,
                each.period.until,
                each.state.value,
                each.offered_at,
                each.answered_at,
            )
            for each in rota.swaps
            if each.period.until > now
        ),
        fairness=tuple(
            HoursView(
                load.officer,
                *(round(each / timedelta(hours=1)) for each in (load.total, load.night, load.weekend, load.holiday)),
            )
            for load in fairness(rota, since, now)
        ),
        fair_since=since,
        fair_until=now,
        holidays=tuple(
            HolidayView(each.day, each.name, each.confirmed) for each in rota.holidays if each.day >= now.date()
        ),
        exercises={number: exercises.get(number) for number in rota.officers},
        history=tuple(PlanVersion(plan.version, plan.by_officer, plan.at) for plan in plans),
    )
