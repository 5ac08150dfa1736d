"""Letters out: sign with officers' keys, seal to the recipient, and queue, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import (
    KeptLetter,
    NewCaseKey,
    OpenCase,
    head,
    keep_letter,
    load_case,
    start_case,
    store_heads,
    thread_of,
)
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, NoKeyError
from contactpoint.casework.follow import follow
from contactpoint.casework.locked import hands_of, refuse_locked
from contactpoint.domain.case import admit
from contactpoint.domain.statement import Statement
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_cases import held_but_not_received, reseal_statement, statement_row
from contactpoint.store.rows_desk import newest_sheet
from contactpoint.store.rows_outbox import insert_parcel
from contactpoint.store.rows_threads import begin_thread
from contactpoint.wire.envelope import ENVELOPE_TYPE, Parcel, seal_letter
from keys.errors import KeysError
from keys.prekeys import Prekey, days_to_destroy, read_sheet
from keys.signed import Signed, parse


@dataclass(frozen=True, slots=True)
class SignedLetter:
    """A statement with every signature it needs, and the certificates that travel beside them."""

    statement: Statement
    signed: Signed
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed letter and what of it stays at this desk: the fresh key of a case that it opens, names, and where the case came from."""

    letter: SignedLetter
    fresh: NewCaseKey | None
    own_reference: str
    label: str
    parent_request: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    parcel: Parcel
    salt: bytes
    digest: bytes


async def prekey_of(tx: AsyncConnection, cw: Casework, state: str, now: datetime) -> Prekey:
    """Today's key from the newest sheet of this State that its station signed. Raises NoKeyError.

    A used-up sheet still serves while the private half of its last key is kept; sealed to it later, a letter could never be opened.
    """
    today = now.astimezone(UTC).date()
    row = await newest_sheet(tx, state)
    if row is None:
        raise NoKeyError(
            "E-NO-KEY", f"there is no key sheet of {state} here yet; it comes with the register, within a minute"
        )
    for station in cw.register.station_keys(state, now):
        try:
            prekey = read_sheet(bytes(row.body), station, cw.net).for_day(today)[0]
        except KeysError:
            continue
        if days_to_destroy([prekey.day], today):
            raise NoKeyError(
                "E-NO-KEY", f"the key sheet of {state} ended on {prekey.day}; a newer one comes with the register"
            )
        return prekey
    raise NoKeyError(
        "E-NO-KEY", f"the key sheet of {state} is signed by no station key of its charter; telephone {state}"
    )


async def seal(cw: Casework, letter: SignedLetter, number: int, salt: bytes, now: datetime) -> Sealed:
    """Seal a signed statement to its recipient for the ``number``-th time."""
    recipient = letter.statement.recipient

    async def look(tx: AsyncConnection) -> tuple[Prekey, list[str]]:
        return await prekey_of(tx, cw, recipient, now), await held_but_not_received(tx, cw.state, recipient)

    prekey, unreceived = await cw.db.read(look)
    parcel = seal_letter(
        letter.signed,
        letter.certificates,
        (),
        to_prekey=prekey.public,
        station=cw.keyring.station,
        seal=number,
        dir_size=cw.register.copy.size,
        unreceived=unreceived,
        at=now,
        net=cw.net,
        random=cw.random,
        salt=salt,
    )
    return Sealed(parcel, salt, parse(parcel.envelope, ENVELOPE_TYPE).digest)


async def queue(
    cw: Casework,
    letter: SignedLetter,
    fresh: NewCaseKey | None,
    own_reference: str,
    label: str,
    now: datetime,
    *,
    parent_request: str = "",
    also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
) -> None:
    """Seal and queue a letter: statement, heads, rows of requests, outbox and journal in one transaction, and ``also`` with them.

    Raises BusyCaseError when the own head moved since the statement was written (its ``mine`` is stale: write it anew),
    MoveError when the move is not legal, NoKeyError when the recipient has no key here, LockedError when an officer who signed is locked.
    """
    sealed = await seal(cw, letter, 1, cw.random(32), now)
    outgoing = Outgoing(letter, fresh, own_reference, label, parent_request)

    async def work(tx: AsyncConnection) -> None:
        if also is not None:
            await also(tx)
        await _queue(tx, cw, outgoing, sealed, now)

    await cw.db.write(work)
    cw.bell.ring("outbox", "board", "case")


async def queue_all(cw: Casework, letters: Sequence[Outgoing], now: datetime) -> dict[str, NoKeyError]:
    """Seal and queue the same matter to many States, all in one transaction: after a crash all of them go out or none.

    Returns, by State, those that have no key here; the others are queued. Sealing and writing pause after each letter, so that an
    alarm's beat goes on beside a letter to everybody.
    """
    without: dict[str, NoKeyError] = {}
    sealed: list[tuple[Outgoing, Sealed]] = []
    for each in letters:
        try:
            sealed.append((each, await seal(cw, each.letter, 1, cw.random(32), now)))
        except NoKeyError as error:
            without[each.letter.statement.recipient] = error
        await asyncio.sleep(0)

    async def work(tx: AsyncConnection) -> None:
        for each, closed in sealed:
            await _queue(tx, cw, each, closed, now)
            await asyncio.sleep(0)

    if sealed:
        await cw.db.write(work)
        cw.bell.ring("outbox", "board", "case")
    return without


async def _queue(tx: AsyncConnection, cw: Casework, outgoing: Outgoing, sealed: Sealed, now: datetime) -> None:
    letter, fresh = outgoing.letter, outgoing.fresh
    statement = letter.statement
    await refuse_locked(tx, hands_of(statement))
    before = await load_case(tx, cw, statement.case)
    if before is None:
        if fresh is None:
            raise BusyCaseError("E-NOT-FOUND", f"there is no case {statement.case} on this desk")
        await start_case(tx, statement, fresh, outgoing.own_reference, now, outgoing.parent_request)
        if thread := thread_of(statement):
            await begin_thread(tx, thread)
        key, rev = fresh.key, 1
    else:
        _refuse_stale(before, statement)
        key, rev = before.key, before.rev
    after = admit(None if before is None else before.case, statement, cw.catalogue)
    kept = KeptLetter(letter.signed.to_bytes(), sealed.salt, letter.certificates, sealed.parcel.envelope)
    await keep_letter(tx, cw, key, kept, statement, seal=1, envelope_digest=sealed.digest, held_at=None, now=now)
    if not await store_heads(tx, after, rev):
        raise BusyCaseError("E-BUSY", "the case moved at the same moment; try again")
    await _put_out(tx, statement, 1, sealed, now)
    await follow(tx, cw, None if before is None else before.case, after, {}, now, outgoing.label)
    await append(tx, journal, f"queued {statement.kind}", statement.id, statement.digest, now)


def _refuse_stale(case: OpenCase, statement: Statement) -> None:
    if head(case.case, statement.sender) != statement.mine:
        raise BusyCaseError(
            "E-APPROVAL-STALE", "the own side of the case has moved since this was written; sign it anew"
        )


async def _put_out(tx: AsyncConnection, statement: Statement, number: int, sealed: Sealed, now: datetime) -> None:
    await insert_parcel(
        tx,
        {
            "id": f"{statement.id}:{number}",
            "recipient": statement.recipient,
            "urgency": statement.urgency.value,
            "statement_id": statement.id,
            "envelope": sealed.parcel.envelope,
            "payload": sealed.parcel.payload,
            "next_at": now,
            "expires": statement.expires,
        },
    )


async def seal_anew(cw: Casework, statement_id: str, lost: bytes, now: datetime) -> None:
    """Seal the same statement as the next ``seal``, after the recipient lost the prekey ``lost`` of the last one.

    Where the newest sheet here still gives that very key nothing is sealed, or the two desks would play ball for ever; the task on
    the board stays, and the next look at the register brings the newer sheet.
    """

    async def look(tx: AsyncConnection) -> tuple[OpenCase | None, int, bytes]:
        row = await statement_row(tx, cw.state, statement_id)
        if row is None:
            return None, 0, lost
        prekey = await prekey_of(tx, cw, row.recipient, now)
        return await load_case(tx, cw, row.case_id), row.seal, prekey.public.id

    case, number, key_id = await cw.db.read(look)
    if key_id == lost:
        return
    kept = _letter(case, statement_id) if case else None
    if case is None or kept is None:
        raise BusyCaseError("E-NOT-FOUND", f"there is no own statement {statement_id} here")
    statement = kept.statement
    if now >= statement.expires:
        return
    letter = SignedLetter(statement, parse(kept.signed, "statement"), kept.certificates)
    sealed = await seal(cw, letter, number + 1, kept.salt, now)

    async def work(tx: AsyncConnection) -> None:
        values = {"seal": number + 1, "envelope_digest": sealed.digest}
        await reseal_statement(tx, cw.state, statement_id, values)
        await _put_out(tx, statement, number + 1, sealed, now)
        await append(tx, journal, f"sealed again {number + 1}", statement_id, sealed.digest, now)

    await cw.db.write(work)
    cw.bell.ring("outbox")


def _letter(case: OpenCase, statement_id: str) -> KeptLetter | None:
    return next((kept for kept in case.letters.values() if kept.statement.id == statement_id), None)
