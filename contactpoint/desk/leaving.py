"""An officer leaves: sessions and access end at once, and no case is left without somebody who has it.

All in one transaction with the lock itself. Nothing is handed from person to person but the cases: the desk decrypts with the station's
prekeys, so whoever comes next reads what the one before read, and no key is shared or copied (``docs/decisions/0016``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import page_person
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import BusyCaseError, PlanError
from contactpoint.casework.plans import PlanKind, plans_in_use
from contactpoint.casework.rungs import ON_DUTY, people_now
from contactpoint.desk.approve import waiting_list
from contactpoint.desk.errors import NotPermittedError
from contactpoint.desk.officers import close_account, has_right
from contactpoint.desk.shift_handover import give, open_of, void_handovers
from contactpoint.desk.shift_views import LeftView
from contactpoint.desk.views import Waiting
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import put_setting, settle_waiting
from contactpoint.store.rows_handover import cancel_pages_to, count_pages, requests_held_by, ringing_paged_to
from contactpoint.store.rows_people import officer_row, officer_rows
from directory.enrolment import Reason, make_revocation
from keys.signed import Signed
from keys.signing import PublicKey

_RUNG = -200
"""Below the rungs of a ladder, of its clocks and of the central authority: rung once because a case has a new holder."""
_ATTEMPTS = 5
ON_ITS_WAY = timedelta(days=1)
"""So long may a letter that was signed before a lock still be on its way, unless the key is said to be compromised."""
REVOCATION = "revocation/"
"""Name of the setting in which the end of an officer's key waits for the register; the key's id in hexadecimal follows."""


async def leave(cw: Casework, number: str, compromised: bool, now: datetime) -> LeftView:
    """Lock an officer out and move what the officer had to who is on duty. Raises NotFoundError, NotPermittedError.

    An acknowledgement of the same moment is either before the lock, and its case is moved with the others, or after it, and is
    refused: both transactions hold the officer's row.
    """
    for _ in range(_ATTEMPTS):
        try:
            left = await cw.db.write(lambda tx: _leave(tx, cw, number, compromised, now))
        except BusyCaseError:
            continue
        cw.bell.ring("board", "case", "mirror")
        return left
    raise NotPermittedError("E-BUSY", "others kept moving this officer's cases", "lock the officer again")


async def _leave(tx: AsyncConnection, cw: Casework, number: str, compromised: bool, now: datetime) -> LeftView:
    """The officer's row first, then the rows that others hold too, the journal last: nobody waits for one who waits for him."""
    await close_account(tx, number, now)
    held = open_of(cw, await requests_held_by(tx, number))
    heirs = await _heirs(tx, cw, now)
    moved = [(each.id, await _move(tx, cw, each, number, heirs, now)) for each in held]
    await cancel_pages_to(tx, number)
    for each in await ringing_paged_to(tx, number):
        # It would be silent until its next rung, had only this officer been called.
        await _ring(tx, cw, each, heirs, now)
    left = LeftView(
        number,
        tuple(moved),
        await void_handovers(tx, cw, number, now),
        await _void_letters(tx, cw, number, now),
        await _plans_naming(tx, cw, number, now),
    )
    revocation = await _revoke(tx, cw, number, compromised, now)
    await _write_down(tx, left, revocation, now)
    return left


async def _write_down(tx: AsyncConnection, left: LeftView, revocation: Signed | None, now: datetime) -> None:
    await append(tx, journal, "officer locked", left.number, None, now)
    for request, holder in left.moved:
        await append(tx, journal, f"holder {left.number} > {holder or 'nobody'}", request, None, now)
    for each in left.handovers:
        await append(tx, journal, f"hand-over void {left.number}", each, None, now)
    for each in left.letters:
        await append(tx, journal, f"approval void {left.number}", each, None, now)
    if revocation is not None:
        await append(tx, journal, "officer key ended", left.number, revocation.digest, now)


async def _heirs(tx: AsyncConnection, cw: Casework, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """Who is on duty now with the channels that reach each, in the order of the rota; else whoever may answer. Nobody who is locked."""
    found: dict[str, tuple[str, ...]] = {}
    for officer, channel in await people_now(tx, cw, (ON_DUTY,), now):
        found[officer] = (*found.get(officer, ()), channel)
    if found:
        return found
    return {
        row.number: cw.channels for row in await officer_rows(tx) if row.locked_at is None and has_right(row, "answer")
    }


async def _move(
    tx: AsyncConnection,
    cw: Casework,
    row: Row[Any],
    number: str,
    heirs: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> str:
    """Give one case to the first on duty, ring that officer once, and put it on the board. Returns the new holder."""
    holder = next(iter(heirs), "")
    await give(tx, row, holder)
    code = "W-LEFT" if holder else "W-NO-HOLDER"
    note = f"{number} > {holder}" if holder else number
    await raise_task(tx, cw, code, now, request=row.id, state=row.peer, note=note, once=f"left/{row.id}/{number}"[:80])
    await _ring(tx, cw, row, {holder: heirs[holder]} if holder else {}, now)
    return holder


async def _ring(
    tx: AsyncConnection, cw: Casework, row: Row[Any], people: Mapping[str, tuple[str, ...]], now: datetime
) -> None:
    # A case may change hands like this more than once, and each time the new holder is rung: the cycle counts them.
    cycle = await count_pages(tx, row.id, _RUNG)
    about = {"request_id": row.id, "cycle": cycle, "rung": _RUNG, "urgency": row.urgency}
    for officer, channels in people.items():
        await page_person(tx, cw, about, officer, channels, now)


async def _void_letters(tx: AsyncConnection, cw: Casework, number: str, now: datetime) -> tuple[str, ...]:
    """Letters that wait and can no longer leave: signed by this officer, or to be released by nobody else. They are drafts again.

    The attack: a letter that was signed with a stolen secret waits, and a colleague releases it after the lock.
    """
    ended = []
    for each in await waiting_list(tx, cw, now):
        if number not in _needed(each) or not await settle_waiting(tx, each.id, "void"):
            continue
        note = f"{each.kind}: {each.by} ({each.id[-8:]})"
        await raise_task(tx, cw, "W-LEFT-WAITING", now, state=each.recipient, note=note, once=f"left-waiting/{each.id}")
        ended.append(each.id)
    return tuple(ended)


def _needed(waiting: Waiting) -> tuple[str, ...]:
    """Everybody whose act a waiting letter bears or still needs."""
    return waiting.by, waiting.approver, waiting.reviewer if waiting.needs_review and not waiting.reviewed else ""


async def _plans_naming(tx: AsyncConnection, cw: Casework, number: str, now: datetime) -> tuple[str, ...]:
    """The rotas and policies in use that still name the officer, each as a task: only its keeper may sign a new version."""
    named = []
    for kind in PlanKind:
        try:
            plans = await plans_in_use(tx, cw, kind)
        except PlanError as error:
            # A plan that cannot be believed must not keep a thief's account open.
            await raise_task(tx, cw, error.code, now, note=kind.value, once=f"plan/{kind.value}")
            continue
        named += [f"{kind.value} {plan.name}" for plan in plans if _names(plan.content, number)]
    for each in named:
        await raise_task(tx, cw, "W-LEFT-PLAN", now, note=f"{number}: {each}", once=f"left-plan/{number}/{each}"[:80])
    return tuple(named)


def _names(value: Any, number: str) -> bool:
    """Whether a plan names this officer anywhere, as a value or as the name of one."""
    if isinstance(value, str):
        return value in (number, f"officer {number}")
    if isinstance(value, Mapping):
        return any(_names(each, number) for pair in value.items() for each in pair)
    return isinstance(value, Iterable) and not isinstance(value, bytes) and any(_names(each, number) for each in value)


async def _revoke(tx: AsyncConnection, cw: Casework, number: str, compromised: bool, now: datetime) -> Signed | None:
    """Sign the end of the officer's key, for the register: a certificate that was issued lives for up to 31 days elsewhere.

    What this officer signed before and still waits for a broken line may arrive within a day; of a key that is compromised nothing
    is taken from now on. The station signs, and the worker hands it in.
    """
    row = await officer_row(tx, number)
    if row is None or row.certificate is None or row.certificate_until <= now:
        return None
    key = PublicKey(bytes(row.public_key)).id
    end: datetime
    reason: Reason
    end, reason = (now, "compromised") if compromised else (now + ON_ITS_WAY, "left")
    signed = make_revocation(cw.keyring.station, cw.state, key, now, end, reason, cw.net)
    await put_setting(tx, REVOCATION + key.hex(), signed.to_bytes(), now)
    return signed
