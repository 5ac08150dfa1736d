"""Look at the register again and again: fetch what is new, hand in what it lacks of ours, fetch the key sheets of our peers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.desk.leaving import REVOCATION
from contactpoint.link.errors import LinkError
from contactpoint.link.register import RegisterRefusedError
from contactpoint.main.folder import read_file
from contactpoint.main.loops import Step, repeat, stop
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means
from contactpoint.store.rows_desk import newest_sheet, put_sheet, settings_under
from directory.errors import DirectoryError
from directory.sheets import check_sheet
from keys.errors import KeysError

log = structlog.get_logger("contactpoint")
_MIRROR_S, _MIRROR_SOON_S = 60.0, 1.0
_HASTY_LOOKS = 60


def register_step(cw: Casework, means: Means, mirror: Mirror) -> Step:
    """Fetch the register; hand in what it lacks of ours; fetch the key sheets of our peers.

    While something is missing the register is looked at each second, for somebody waits beside a telephone; after a minute in which
    nothing came, no longer: a peer that is down for days must not cost the register a visit of every node each second.
    """
    published: dict[str, bytes] = {}
    hasty = _HASTY_LOOKS

    async def step() -> float:
        nonlocal hasty
        hasty = max(0, hasty - 1)
        try:
            if await mirror.refresh(means.clock()):
                hasty = _HASTY_LOOKS
                cw.bell.ring("directory", "outbox", "take")
            await _publish(cw, means, mirror, published)
            complete = await _fetch_sheets(cw, means, mirror)
        except (LinkError, DirectoryError) as error:
            log.warning("register.not-fetched", code=error.code)
            complete = False
        soon = hasty and not complete
        return min(float(means.settings.directory.refresh_s), _MIRROR_SOON_S if soon else _MIRROR_S)

    return step


@asynccontextmanager
async def running_mirror(means: Means, mirror: Mirror) -> AsyncIterator[None]:
    """Fetches the register while the context lasts, and nothing else."""

    async def step() -> float:
        try:
            await mirror.refresh(means.clock())
        except (LinkError, DirectoryError) as error:
            log.warning("register.not-fetched", code=error.code)
        return _MIRROR_SOON_S if means.register.size == 0 else _MIRROR_S

    task = asyncio.create_task(repeat("mirror", step), name="mirror")
    try:
        yield
    finally:
        await stop([task])


async def _publish(cw: Casework, means: Means, mirror: Mirror, published: dict[str, bytes]) -> None:
    """Our key sheet, the members' part of our card and the ends of our officers' keys, once this State is listed."""
    if means.register.contact(cw.state) is None:
        return
    row = await cw.db.read(lambda tx: newest_sheet(tx, cw.state))
    members = means.folder.documents / "members"
    papers = {"sheet": bytes(row.body)} if row is not None else {}
    if members.exists():
        papers["members"] = read_file(members, "restore it from a backup")
    ends = await cw.db.read(lambda tx: settings_under(tx, REVOCATION))
    papers |= {name: data for name, data in ends.items() if not _is_known(cw, means, name)}
    for name, data in papers.items():
        if published.get(name) != data:
            try:
                await mirror.client.submit(data)
            except RegisterRefusedError as error:
                log.warning("register.refused", paper=name, code=error.code)
            else:
                published[name] = data


def _is_known(cw: Casework, means: Means, name: str) -> bool:
    """Whether the register's log has the end of this officer's key already."""
    return means.register.copy.invalid_after(cw.state, bytes.fromhex(name.removeprefix(REVOCATION))) is not None


async def _fetch_sheets(cw: Casework, means: Means, mirror: Mirror) -> bool:
    """The newest key sheet of every other State, verified, so that sending needs nobody's help. True when this State is
    listed, no sheet is missing or used up, and no telephone number that a card promises.
    """
    now = means.clock()
    complete = means.register.contact(cw.state) is not None and len(means.register.copy.states) > 1
    for state in means.register.copy.states:
        complete = complete and not _lacks_members(means, state)
        if state != cw.state:
            complete = await _fetch_sheet(cw, means, mirror, state, now) and complete
    return complete


async def _fetch_sheet(cw: Casework, means: Means, mirror: Mirror, state: str, now: datetime) -> bool:
    """One State's newest sheet. False: there is none yet, or none that is of use; a bad one keeps no other State's from coming."""
    data = await mirror.client.fetch_sheet(state)
    if data is None:
        return False
    try:
        sheet = check_sheet(means.register.copy.registry, data, now)
    except (DirectoryError, KeysError) as error:
        log.warning("register.bad-sheet", state=state, fault=type(error).__name__)
        return False

    async def keep(tx: AsyncConnection) -> bool:
        held = await newest_sheet(tx, state)
        return (held is None or held.number < sheet.number) and await put_sheet(tx, state, sheet.number, data, now)

    row = await cw.db.read(lambda tx: newest_sheet(tx, state))
    if (row is None or row.number < sheet.number) and await cw.db.write(keep):
        cw.bell.ring("outbox", "directory")
    return not sheet.for_day(now.date())[1]


def _lacks_members(means: Means, state: str) -> bool:
    """Whether the State's card names a members' part (telephones, mail) that is not here."""
    contact = means.register.contact(state)
    return contact is not None and contact.card is not None and bool(contact.card.members) and contact.members is None
