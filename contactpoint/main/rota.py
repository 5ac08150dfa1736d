"""The commands `rota`: open the node's folder, prove the officer, call one use case. Times on the wall are of the rota's zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import tzdata

from contactpoint.desk.desk import Desk
from contactpoint.desk.errors import DraftError, NotFoundError
from contactpoint.desk.holiday_seed import seed
from contactpoint.desk.rota import FAIR_OVER, GAPS_AHEAD
from contactpoint.desk.rota_file import LARGEST_FILE, read_rota_file
from contactpoint.desk.rota_ics import LARGEST_CALENDAR, read_calendar, write_calendar
from contactpoint.desk.rota_views import HolidayView, HoursView, RotaLine, RotaView, ShiftView
from contactpoint.domain.rota import Absence, Change, Override, Period, Roster, fairness
from contactpoint.domain.rota.wall import instant
from contactpoint.main.folder import write_file
from contactpoint.main.node import open_desk

Read = TypeVar("Read")
SHOWN = timedelta(days=14)
EXPORTED = timedelta(days=91)


@dataclass(frozen=True, slots=True)
class RotaSaved:
    """What a change of a rota came to; ``entry`` is the id of what was entered, where there is one."""

    rota: str
    version: int
    entry: str = ""


@dataclass(frozen=True, slots=True)
class RotaImported:
    """What was taken from a calendar: so many duties, so many events left out because they name nobody."""

    rota: str
    version: int
    duties: int
    left: int


@dataclass(frozen=True, slots=True)
class RotaGap:
    """A time in which nobody is on duty by this rota."""

    rota: str
    since: datetime
    until: datetime


async def rota_list(home: Path) -> tuple[RotaLine, ...]:
    """Every rota with who is on duty now: also the answer to `rota now`."""
    async with open_desk(home) as (desk, clock):
        return await desk.rota.listed(clock())


async def rota_show(home: Path, name: str) -> RotaView:
    async with open_desk(home) as (desk, clock):
        return await desk.rota.shown(name, clock())


async def rota_shifts(home: Path, name: str, since: str, until: str) -> tuple[ShiftView, ...]:
    """The shifts from ``since`` (now) to ``until`` (two weeks later)."""
    async with open_desk(home) as (desk, clock):
        begin, end = await _bounds(desk, name, since, until, clock(), SHOWN)
        return await desk.rota.shifts(name, begin, end)


async def rota_set(home: Path, file: Path, officer: str, secret: str) -> RotaSaved:
    """Save the rota that a file says; overrides and the like of the rota of that name stay."""
    data = _read(file, LARGEST_FILE)
    wanted = read_rota_file(data)
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        after = 0
        if any(line.name == wanted.name for line in await desk.rota.listed(clock())):
            after = (await desk.rota.shown(wanted.name, clock())).history[0].version
            wanted = read_rota_file(data, await desk.rota.rota(wanted.name))
        return RotaSaved(wanted.name, await desk.rota.save(wanted.name, wanted.to_plain(), after, key, clock()))


async def rota_override(
    home: Path, name: str, kind: str, who: str, instead_of: str, since: str, until: str, officer: str, secret: str
) -> RotaSaved:
    async with open_desk(home) as (desk, clock):
        period = await _period(desk, name, since, until)
        key = await desk.unseal(officer, secret, clock())
        new = Override("", Change(kind), who, period, instead_of)
        saved = await desk.rota.add_override(name, new, key, clock())
        rota = await desk.rota.rota(name)
        return RotaSaved(name, saved, rota.overrides[-1].id)


async def rota_absence(home: Path, name: str, who: str, since: str, until: str, officer: str, secret: str) -> RotaSaved:
    async with open_desk(home) as (desk, clock):
        period = await _period(desk, name, since, until)
        key = await desk.unseal(officer, secret, clock())
        saved = await desk.rota.add_absence(name, Absence("", who, period), key, clock())
        rota = await desk.rota.rota(name)
        return RotaSaved(name, saved, rota.absences[-1].id)


async def rota_remove(home: Path, name: str, entry: str, officer: str, secret: str) -> RotaSaved:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return RotaSaved(name, await desk.rota.remove(name, entry, key, clock()), entry)


async def rota_swap_offer(
    home: Path, name: str, taker: str, given: tuple[str, str], back: tuple[str, str], officer: str, secret: str
) -> RotaSaved:
    """Offer one's own shift; ``back`` is a time of the other's, or two empty texts."""
    async with open_desk(home) as (desk, clock):
        period = await _period(desk, name, *given)
        returned = await _period(desk, name, *back) if any(back) else None
        key = await desk.unseal(officer, secret, clock())
        swap = await desk.rota.offer_swap(name, taker, period, returned, key, clock())
        return RotaSaved(name, (await desk.rota.shown(name, clock())).history[0].version, swap)


async def rota_swap_answer(home: Path, name: str, swap: str, accept: bool, officer: str, secret: str) -> RotaSaved:
    async with open_desk(home) as (desk, clock):
        key = await desk.unseal(officer, secret, clock())
        return RotaSaved(name, await desk.rota.answer_swap(name, swap, accept, key, clock()), swap)


async def rota_gaps(home: Path) -> tuple[RotaGap, ...]:
    """Every gap of the next 14 days, of every rota."""
    async with open_desk(home) as (desk, clock):
        now = clock()
        found = []
        for rota in await desk.rota.rotas():
            shifts = await desk.rota.shifts(rota.name, now, now + GAPS_AHEAD)
            found += [RotaGap(rota.name, each.since, each.until) for each in shifts if not each.officers]
        return tuple(found)


async def rota_fairness(home: Path, name: str, since: str, until: str) -> tuple[HoursView, ...]:
    """Hours on duty of each officer, of the last three months unless other days are named."""
    async with open_desk(home) as (desk, clock):
        rota, now = await desk.rota.rota(name), clock()
        first = (await desk.rota.shown(name, now)).history[-1].at
        begin = max(_at(since, rota.zone) if since else now - FAIR_OVER, first)
        end = _at(until, rota.zone) if until else now
        if not begin < end or end - begin > timedelta(days=400):
            raise DraftError(
                "E-ROTA", "hours are counted from one instant to a later one, 400 days at most", "ask anew"
            )
        hour = timedelta(hours=1)
        return tuple(
            HoursView(
                load.officer, *(round(each / hour) for each in (load.total, load.night, load.weekend, load.holiday))
            )
            for load in fairness(rota, begin, end)
        )


async def rota_holidays(
    home: Path, name: str, country: str, subdivision: str, years: tuple[int, ...], officer: str, secret: str
) -> tuple[HolidayView, ...]:
    """Propose the public holidays of these years, of this year and the next unless some are named; returns all that stand then."""
    async with open_desk(home) as (desk, clock):
        this_year = clock().year
        proposed = seed(country, years or (this_year, this_year + 1), subdivision)
        key = await desk.unseal(officer, secret, clock())
        await desk.rota.seed_holidays(name, proposed, key, clock())
        return (await desk.rota.shown(name, clock())).holidays


async def rota_holiday_confirm(home: Path, name: str, days: tuple[str, ...], officer: str, secret: str) -> RotaSaved:
    async with open_desk(home) as (desk, clock):
        wanted = [_day(each) for each in days]
        key = await desk.unseal(officer, secret, clock())
        saved = 0
        for day in wanted:
            saved = await desk.rota.confirm_holiday(name, day, key, clock())
        return RotaSaved(name, saved)


async def rota_export(home: Path, name: str, who: str, since: str, until: str, out: Path) -> Path:
    """The shifts as iCalendar, of the next three months unless other days are named."""
    async with open_desk(home) as (desk, clock):
        now = clock()
        begin, end = await _bounds(desk, name, since, until, now, EXPORTED)
        rota = await desk.rota.rota(name)
        if who and who not in {each.number for each in await desk.officers(now)}:
            raise NotFoundError("E-NOT-FOUND", f"there is no officer {who}", "run `contactpoint officer list`")
        return write_file(out, write_calendar(rota, who, begin, end, tzdata.IANA_VERSION, now))


async def rota_import(home: Path, name: str, file: Path, as_overrides: bool, officer: str, secret: str) -> RotaImported:
    """A simple calendar as a fixed roster from its first to its last event, or each event as an override that replaces."""
    data = _read(file, LARGEST_CALENDAR)
    async with open_desk(home) as (desk, clock):
        rota = await desk.rota.rota(name)
        numbers = [each.number for each in await desk.officers(clock()) if not each.locked]
        read = read_calendar(data, rota.zone, numbers)
        key = await desk.unseal(officer, secret, clock())
        if as_overrides:
            new = [Override("", Change.REPLACE, who, period) for who, period in read.duties]
            saved = await desk.rota.add_overrides(name, new, key, clock())
        else:
            saved = await desk.rota.add_roster(name, Roster("", read.period, read.duties), key, clock())
        return RotaImported(name, saved, len(read.duties), read.left)


async def _period(desk: Desk, name: str, since: str, until: str) -> Period:
    zone = (await desk.rota.rota(name)).zone
    begin, end = _at(since, zone), _at(until, zone)
    if not begin < end:
        raise DraftError("E-ROTA", "the end is not later than the beginning", "give --from and a later --until")
    return Period(begin, end)


async def _bounds(
    desk: Desk, name: str, since: str, until: str, now: datetime, usual: timedelta
) -> tuple[datetime, datetime]:
    zone = (await desk.rota.rota(name)).zone
    begin = _at(since, zone) if since else now
    return begin, _at(until, zone) if until else begin + usual


def _at(text: str, zone: str) -> datetime:
    """An instant; without an offset it is the time on the wall in the rota's zone, a bare day its midnight."""
    at = _read_as(text, datetime.fromisoformat, "a time such as 2027-06-11T18:00 or 2027-06-11T16:00Z")
    return instant(at, zone) if at.tzinfo is None else at


def _day(text: str) -> date:
    return _read_as(text, date.fromisoformat, "a day such as 2027-12-25")


def _read_as(text: str, read: Callable[[str], Read], what: str) -> Read:
    try:
        return read(text)
    except ValueError as error:
        raise DraftError("E-FIELD-INVALID", f"{text} is not a time", f"give {what}") from error


def _read(file: Path, most: int) -> bytes:
    """One octet more than may be is read, to see that it is too large."""
    with file.open("rb") as opened:
        return opened.read(most + 1)
