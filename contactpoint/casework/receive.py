"""Letters and slips in: open, verify, fold, and commit everything that follows in one transaction.

Three gates, never mixed. *Bytes*: what does not open, verify or fit is set aside as proof, with an alarm; those behind it flow on.
*Move*: what the case does not allow is answered with a ``rejected`` slip and kept as evidence. *Law* is for the officer: a request
with missing fields stands, and is answered NEED-INFO.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import (
    KeptLetter,
    OpenCase,
    keep_letter,
    load_case,
    make_case_key,
    start_case,
    store_heads,
    thread_of,
)
from contactpoint.casework.context import Casework
from contactpoint.casework.cover import cover
from contactpoint.casework.effects import happen, raise_task
from contactpoint.casework.errors import BehindError, BusyCaseError
from contactpoint.casework.facts import About, keep, say
from contactpoint.casework.follow import follow
from contactpoint.casework.letters import seal_anew
from contactpoint.casework.round import hear_round
from contactpoint.casework.signers import check_signers
from contactpoint.casework.slips import HeardSlip, check_slip, slip_event
from contactpoint.domain.case import Case, admit
from contactpoint.domain.catalogue import VERSIONS
from contactpoint.domain.errors import MoveError
from contactpoint.domain.ladder import Held
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_cases import known_ids, note_held, note_received, statement_row
from contactpoint.store.rows_desk import keep_proof, put_cursor
from contactpoint.store.rows_requests import request_row, take_step
from contactpoint.store.rows_threads import name_thread
from contactpoint.wire.envelope import MOST_AHEAD, Envelope, Letter, Parcel, check_outer, open_letter, read_parcel
from contactpoint.wire.errors import MalformedError, SealError, UndecryptableError, WireError
from contactpoint.wire.slip import Slip, SlipLevel
from keys.digest import digest
from keys.xwing import SealingKey


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stood: its mailbox, that mailbox's incarnation, its number, and the taker's epoch."""

    mailbox: str
    incarnation: str
    number: int
    epoch: int


async def move_cursor(tx: AsyncConnection, place: Place) -> None:
    await put_cursor(tx, place.mailbox, place.incarnation, place.number, place.epoch)


async def receive_letter(
    cw: Casework, parcel: Parcel, held: bytes, place: Place, now: datetime, *, renewed: bool = False
) -> None:
    """Take one letter for good. When this returns, it is committed (or set aside) and the cursor has moved past it.

    Raises BehindError when the copy of the register must be renewed first; the letter is then taken again with ``renewed``, and
    judged by what the copy knows then, so that a letter from nowhere does not hold up those behind it.
    """
    try:
        letter, receipt = await _open(cw, parcel, held, renewed, now)
    except UndecryptableError as error:
        await _undecryptable(cw, parcel, error.key_id, place, now)
    except WireError as error:
        await set_aside(cw, parcel, error.code, str(error), place, now)
    else:
        await cw.db.write(lambda tx: _receive(tx, cw, letter, receipt, _refusal(cw, letter, receipt), place, now))
    cw.bell.ring("outbox", "pages", "timers", "board", "case")


async def _open(cw: Casework, parcel: Parcel, held: bytes, renewed: bool, now: datetime) -> tuple[Letter, HeardSlip]:
    """Everything that can be checked of the bytes, before any row is touched. The own gateway is not believed either."""
    envelope = read_parcel(parcel, cw.net)
    station = next(
        (k for k in cw.register.station_keys(envelope.core.sender, now) if k.id in envelope.signed.signers), None
    )
    if station is None:
        if envelope.core.dir > cw.register.size and not renewed:
            raise BehindError("E-DIRECTORY-BEHIND", f"{envelope.core.sender} uses a newer register than this copy")
        raise SealError(f"the envelope of {envelope.core.sender} is signed by no station key of its charter")
    # Whether it arrived in time was for the gateway to judge; it lay there since.
    check_outer(envelope, station, min(now, envelope.core.at), clock_trusted=True)
    if envelope.core.recipient != cw.state:
        raise MalformedError(f"the letter is addressed to {envelope.core.recipient}, not to {cw.state}")
    prekey = cw.keyring.used(envelope.wrap_key_id, now)
    if prekey is None:
        prekey = await cw.db.read(lambda tx: cw.keyring.prekey(tx, envelope.wrap_key_id, now))

    def private_half(key_id: bytes) -> SealingKey | None:
        return prekey if key_id == envelope.wrap_key_id else None

    letter = open_letter(parcel, private_half, cw.net)
    receipt = check_slip(cw, held, now)
    if receipt.slip.level is not SlipLevel.HELD or receipt.slip.envelope != envelope.digest:
        raise MalformedError("the held receipt speaks of another envelope")
    return letter, receipt


def _refusal(cw: Casework, letter: Letter, receipt: HeardSlip) -> str | None:
    """The code to answer with when the statement is not signed by those who must, or is written under rules that are not ours.

    The policy is the network's, named by its genesis: a letter that named another would set its own deadlines at this desk.
    """
    if letter.fields.pol != cw.policy.name:
        return "E-POLICY"
    if letter.fields.cat not in VERSIONS:
        return "E-UNKNOWN-KIND"
    try:
        check_signers(cw, letter, receipt.slip.at)
    except SealError as error:
        return error.code
    return None


async def _receive(
    tx: AsyncConnection,
    cw: Casework,
    letter: Letter,
    receipt: HeardSlip,
    refusal: str | None,
    place: Place,
    now: datetime,
) -> None:
    statement, core = letter.fields, letter.envelope.core
    await move_cursor(tx, place)
    known = await statement_row(tx, statement.sender, statement.id)
    await keep(tx, receipt.slip, receipt.content, receipt.signed, statement.sender, receipt.who)
    if known is not None and bytes(known.digest) != statement.digest:
        # Two truths under one name: the first stands, the second is proof.
        await _reject(tx, cw, letter, "E-ID-CONFLICT", now)
        return
    if known is not None:
        # A desk acts once on each (from, id): the same statement sealed again, or taken again, changes nothing.
        await append(tx, journal, "repeated", statement.id, letter.envelope.digest, now)
        return
    if refusal is not None:
        await _reject(tx, cw, letter, refusal, now)
        return
    namesake = await request_row(tx, statement.id)
    if namesake is not None and namesake.case_id != statement.case:
        # Clocks, pages and receipts go by the request's id: a second request of this name would be taken for the first.
        await _reject(tx, cw, letter, "E-ID-CONFLICT", now)
        return
    before = await load_case(tx, cw, statement.case)
    try:
        # A move that overtook the letter that opens its case waits for it, like any other whose predecessor is missing.
        after = admit(None if before is None else before.case, statement, cw.catalogue)
    except MoveError as error:
        await _reject(tx, cw, letter, error.code, now)
        return
    # First, so that the slips of this step carry the head that covers it.
    await append(tx, journal, f"received {statement.kind}", statement.id, statement.digest, now)
    if before is None:
        fresh = make_case_key(cw, statement.case)
        await start_case(tx, statement, fresh, "", now)
        key, rev = fresh.key, 1
    else:
        key, rev = before.key, before.rev
        if thread := thread_of(statement):
            await name_thread(tx, before.id, thread)
    kept = KeptLetter(letter.statement.to_bytes(), letter.salt, letter.certificates, letter.envelope.signed.to_bytes())
    held_at = _credible(receipt.slip.at, now)
    await keep_letter(
        tx, cw, key, kept, statement, seal=core.seal, envelope_digest=letter.envelope.digest, held_at=held_at, now=now
    )
    if not await store_heads(tx, after, rev):
        raise BusyCaseError("E-BUSY", "the case moved at the same moment; take the letter again")
    held = {row.id: row.held_at for row in before.rows.values()} if before else {}
    about = {statement.id: _about(letter.envelope)}
    await follow(
        tx, cw, None if before is None else before.case, after, {**held, statement.id: held_at}, now, about=about
    )
    if statement.id not in after.requests:
        await _say_received(tx, cw, letter, now)
    await _reject_waiters(tx, cw, before, after, now)
    await _missing(tx, cw, letter.envelope, now)


def _about(envelope: Envelope) -> About:
    core = envelope.core
    return About(core.id, core.sender, core.seal, envelope.digest, core.urgency.value)


async def _say_received(tx: AsyncConnection, cw: Casework, letter: Letter, now: datetime) -> None:
    """Every letter earns *received*; a request's own ladder says it when it opens, now or when its predecessor comes."""
    if await take_step(tx, letter.fields.id, 0, SlipLevel.RECEIVED.value, now, now):
        await say(tx, cw, SlipLevel.RECEIVED, _about(letter.envelope), letter.fields.sender, now)


async def _missing(tx: AsyncConnection, cw: Casework, envelope: Envelope, now: datetime) -> None:
    """Suppression shows: ids that the sender knows to be held, and that never came here."""
    core = envelope.core
    if core.unreceived:
        known = await known_ids(tx, core.sender, core.unreceived)
        for missing in set(core.unreceived) - known:
            await raise_task(tx, cw, "W-SUPPRESSED", now, state=core.sender, note=missing, once=f"missing/{missing}")


async def _reject(tx: AsyncConnection, cw: Casework, letter: Letter, code: str, now: datetime) -> None:
    """An impossible move from another product: answered with its code, kept as evidence, never acted on."""
    body = letter.envelope.signed.to_bytes() + letter.statement.to_bytes()
    sender = letter.fields.sender
    mark = digest(body)
    # What an officer wrote never rests in clear, not even as proof against its sender.
    sealed = cw.keyring.storage.seal(f"aside/{mark.hex()}", body)
    await keep_proof(tx, {"digest": mark, "sender": sender, "code": code, "at": now, "body": sealed})
    await say(tx, cw, SlipLevel.REJECTED, _about(letter.envelope), sender, now, code=code)
    await raise_task(tx, cw, code, now, state=sender, note=letter.fields.kind, once=f"rejected/{letter.fields.id}")
    await append(tx, journal, f"rejected {code}", letter.fields.id, letter.fields.digest, now)


async def _reject_waiters(
    tx: AsyncConnection, cw: Casework, before: OpenCase | None, after: Case, now: datetime
) -> None:
    """Moves that had waited for their predecessor and then proved illegal: they are kept already; now they are answered."""
    known = set() if before is None else {each.statement.digest for each in before.case.rejected}
    for rejected in after.rejected:
        statement = rejected.statement
        if statement.digest in known or statement.sender == cw.state:
            continue
        row = await statement_row(tx, statement.sender, statement.id)
        if row is not None:
            about = About(statement.id, statement.sender, row.seal, bytes(row.envelope_digest), statement.urgency.value)
            await say(tx, cw, SlipLevel.REJECTED, about, statement.sender, now, code=rejected.code)
            once = f"rejected/{statement.id}"
            await raise_task(tx, cw, rejected.code, now, state=statement.sender, note=statement.kind, once=once)


async def _undecryptable(cw: Casework, parcel: Parcel, key_id: bytes, place: Place, now: datetime) -> None:
    envelope = read_parcel(parcel, cw.net)

    async def work(tx: AsyncConnection) -> None:
        await move_cursor(tx, place)
        if await take_step(tx, envelope.core.id, envelope.core.seal, SlipLevel.UNDECRYPTABLE.value, now, now):
            await say(tx, cw, SlipLevel.UNDECRYPTABLE, _about(envelope), envelope.core.sender, now, subject=key_id)

    await cw.db.write(work)


async def set_aside(cw: Casework, parcel: Parcel, code: str, text: str, place: Place, now: datetime) -> None:
    """Keep bytes that cannot be taken as proof, tell a person, and move on: those behind them flow."""
    body = parcel.envelope + parcel.payload

    async def work(tx: AsyncConnection) -> None:
        await move_cursor(tx, place)
        mark = digest(body)
        await keep_proof(tx, {"digest": mark, "sender": "", "code": code, "at": now, "body": body})
        await raise_task(tx, cw, code, now, note=text[:400], once=f"aside/{mark.hex()}")
        await append(tx, journal, f"set aside {code}", place.mailbox, mark, now)

    await cw.db.write(work)


async def receive_slip(cw: Casework, data: bytes, place: Place | None, now: datetime) -> None:
    """Take one slip: verify, keep, and let the request's ladder hear of it. Repeating it changes nothing."""
    try:
        heard = check_slip(cw, data, now)
    except WireError as error:
        await set_aside(cw, Parcel(data, b""), error.code, str(error), place or Place("", "", 0, 0), now)
        return

    async def work(tx: AsyncConnection) -> bool:
        if place is not None:
            await move_cursor(tx, place)
        if heard.slip.level is SlipLevel.ROUND:
            return await hear_round(tx, cw, heard.slip, now)
        return await hear_slip(tx, cw, heard, now)

    fresh, slip = await cw.db.write(work), heard.slip
    if fresh and slip.level is SlipLevel.UNDECRYPTABLE and slip.id is not None:
        await seal_anew(cw, slip.id, slip.subject or b"", now)
    cw.bell.ring("outbox", "board", "case")


async def hear_slip(tx: AsyncConnection, cw: Casework, heard: HeardSlip, now: datetime) -> bool:
    """Keep a verified slip or receipt about one of our letters and carry out what follows, in the caller's transaction.

    False: it was known, or speaks of no letter of ours.
    """
    slip = heard.slip
    if slip.level is SlipLevel.COVER:
        return await keep(tx, slip, heard.content, heard.signed, slip.sender, heard.who) and await cover(
            tx, cw, slip, now
        )
    own = await statement_row(tx, cw.state, slip.id) if slip.id else None
    if own is not None and not _may_speak_of(cw, slip, own):
        await raise_task(
            tx, cw, "E-SIGNATURE", now, state=slip.sender, note=slip.level.value, once=f"false/{slip.sender}/{own.id}"
        )
        return False
    author = cw.state if own is not None else slip.sender
    if not await keep(tx, slip, heard.content, heard.signed, author, heard.who) or own is None:
        return False
    if slip.level is SlipLevel.HELD:
        await note_held(tx, cw.state, own.id, _credible(slip.at, now))
    if slip.level in (SlipLevel.RECEIVED, SlipLevel.REJECTED):
        # Refused is taken, too: the next letter must not name it as suppressed.
        await note_received(tx, cw.state, own.id, slip.at)
    event = Held(_credible(slip.at, now)) if slip.level is SlipLevel.HELD else slip_event(slip)
    if event is not None:
        await happen(tx, cw, own.id, event, now)
    if slip.level is SlipLevel.REJECTED:
        note = slip.code or ""
        await raise_task(tx, cw, "W-REJECTED", now, state=slip.sender, note=note, once=f"{own.id}/{slip.level}")
    return True


def _credible(held_at: datetime, now: datetime) -> datetime:
    """All clocks count from *held*: a gateway that dates it far ahead would silence every deadline."""
    return held_at if held_at <= now + MOST_AHEAD else now


_OF_A_HOST = frozenset((SlipLevel.HELD, SlipLevel.NOT_RECEIVED))
_OF_THE_SENDER = frozenset((SlipLevel.UNREACHABLE, SlipLevel.EXPIRED))


def _may_speak_of(cw: Casework, slip: Slip, own: Row[Any]) -> bool:
    """Only the recipient and whoever keeps its mailbox may speak of our letter: a third State's true signature proves nothing here.

    A slip about our present sealing must name that very envelope.
    """
    if slip.sender != own.recipient:
        # A host keeps the mailbox and can say what a gateway sees; what a desk does there is not its to say.
        if slip.sender != cw.register.host_of(own.recipient) or slip.level not in _OF_A_HOST:
            return False
    elif slip.level in _OF_THE_SENDER:
        return False
    return bool(slip.seal != own.seal or slip.envelope == own.envelope_digest)
