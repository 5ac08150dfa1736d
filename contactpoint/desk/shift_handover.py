"""Hand-over at the end of a shift: the open cases are read out, offered under one officer's signature and taken under the other's.

What an acceptance moves is each request's holder, in one transaction with the journal. It moves only what the offer lists and the
giver still has: a case that came in between the two signatures is handed over by neither, and rings on duty anyway. The other State
sees nothing of it; who has a case is this desk's own affair. (The hand-over to the central authority, which both States see, is
`contactpoint.desk.handover`.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task, read_ladder
from contactpoint.casework.errors import BusyCaseError, LockedError
from contactpoint.casework.ids import new_id
from contactpoint.casework.locked import refuse_locked
from contactpoint.desk.errors import DeskError, NotFoundError, NotPermittedError, locked_out
from contactpoint.desk.officers import has_right
from contactpoint.desk.plan import Signer
from contactpoint.desk.shift_views import HandoverLine, HandoverView
from contactpoint.domain.catalogue.words import Stage
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import HandoverError
from contactpoint.domain.handover import OFFER_LIFE, Acceptance, Item, Offer, accept
from contactpoint.domain.ladder import Ladder
from contactpoint.domain.values import Level, Twin
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import own_keys
from contactpoint.store.rows_handover import (
    handover_row,
    handovers_of,
    insert_handover,
    requests_held_by,
    settle_handover,
)
from contactpoint.store.rows_people import officer_row
from contactpoint.store.rows_requests import request_row, update_request
from contactpoint.store.rows_rights import finish_cause
from keys.cbor import decode, encode
from keys.certificate import Role, read_officer
from keys.errors import KeysError
from keys.signed import Signed, parse, sign, verify
from keys.signing import PublicKey

OFFERED, ACCEPTED, REFUSED, WITHDRAWN, VOID = "offered", "accepted", "refused", "withdrawn", "void"
_OFFER, _ACCEPTANCE = "handover", "handover-accepted"
_SETTLED = {
    ACCEPTED: "it is accepted already",
    REFUSED: "it was refused",
    WITHDRAWN: "it was taken back",
    VOID: "one of its officers was locked",
}


class ShiftPort(Protocol):
    """Use cases of the hand-over between two officers. Every refusal is a ``DeskError``."""

    async def open_cases(self, officer: str, now: datetime) -> tuple[HandoverLine, ...]:
        """The open requests that this officer has now, as they would be read out."""
        ...

    async def offer(self, taker: str, requests: Collection[str] | None, key: Signer, now: datetime) -> HandoverView:
        """Sign an offer of these requests, or of all that are open, to one colleague. An open one to the same colleague ends."""
        ...

    async def accept(self, handover: str, refused: Collection[str], key: Signer, now: datetime) -> HandoverView:
        """Countersign an offer: every case but the ``refused`` ones has a new holder."""
        ...

    async def withdraw(self, handover: str, officer: str, now: datetime) -> HandoverView:
        """Take one's own offer back while nobody has accepted it."""
        ...

    async def listed(self, officer: str, now: datetime) -> tuple[HandoverView, ...]:
        """Hand-overs of this officer ("" for everybody's), the newest first."""
        ...

    async def shown(self, handover: str, now: datetime) -> HandoverView:
        """One hand-over, with what became of each case since it was read out."""
        ...


@dataclass(frozen=True, slots=True)
class Shift:
    """Implements `ShiftPort` over one database."""

    cw: Casework

    async def open_cases(self, officer: str, now: datetime) -> tuple[HandoverLine, ...]:
        async def look(tx: AsyncConnection) -> tuple[HandoverLine, ...]:
            rows = open_of(self.cw, await requests_held_by(tx, officer))
            return tuple(_line(self.cw, _item(row), row, None) for row in rows)

        return await self.cw.db.read(look)

    async def offer(self, taker: str, requests: Collection[str] | None, key: Signer, now: datetime) -> HandoverView:
        try:
            made = await self.cw.db.write(lambda tx: _offer(tx, self.cw, taker, requests, key, now))
        except (HandoverError, LockedError) as error:
            raise _told(error) from error
        self.cw.bell.ring("board")
        return await self.shown(made, now)

    async def accept(self, handover: str, refused: Collection[str], key: Signer, now: datetime) -> HandoverView:
        try:
            await self.cw.db.write(lambda tx: _accept(tx, self.cw, handover, refused, key, now))
        except (HandoverError, LockedError) as error:
            raise _told(error) from error
        except BusyCaseError as error:
            raise NotPermittedError(error.code, "one of the cases moved at the same moment", "try again") from error
        self.cw.bell.ring("board", "case")
        return await self.shown(handover, now)

    async def withdraw(self, handover: str, officer: str, now: datetime) -> HandoverView:
        await self.cw.db.write(lambda tx: _withdraw(tx, self.cw, handover, officer, now))
        self.cw.bell.ring("board")
        return await self.shown(handover, now)

    async def listed(self, officer: str, now: datetime) -> tuple[HandoverView, ...]:
        async def look(tx: AsyncConnection) -> tuple[HandoverView, ...]:
            rows = await handovers_of(tx, officer, open_only=False)
            return tuple([await _view(tx, self.cw, row, now) for row in rows])

        return await self.cw.db.read(look)

    async def shown(self, handover: str, now: datetime) -> HandoverView:
        async def look(tx: AsyncConnection) -> HandoverView:
            return await _view(tx, self.cw, await _known(tx, handover), now)

        return await self.cw.db.read(look)


def open_of(cw: Casework, rows: Iterable[Row[Any]]) -> tuple[Row[Any], ...]:
    """Of these requests, the incoming ones about which something is still to be said."""
    return tuple(row for row in rows if row.incoming and not _final(cw, row))


def _final(cw: Casework, row: Row[Any]) -> bool:
    return cw.catalogue[row.kind].stages.get(row.status) is Stage.FINAL


async def _offer(
    tx: AsyncConnection, cw: Casework, taker: str, requests: Collection[str] | None, key: Signer, now: datetime
) -> str:
    colleague = await officer_row(tx, taker)
    if colleague is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no officer {taker}", "run `contactpoint officer list`")
    await refuse_locked(tx, (key.number, taker))
    if not has_right(colleague, "answer"):
        # Whoever may not answer would only hold the cases for somebody else.
        raise NotPermittedError("E-RIGHT", f"{taker} has not the right to answer", "choose a colleague who has")
    rows = open_of(cw, await requests_held_by(tx, key.number))
    if requests is not None:
        strange = set(requests) - {row.id for row in rows}
        if strange:
            raise NotPermittedError(
                "E-HANDOVER", f"{min(strange)} is no open case of {key.number}", "look at the board, then offer again"
            )
        rows = tuple(row for row in rows if row.id in requests)
    items = tuple(_item(row) for row in rows)
    offer = Offer(new_id(cw.random, now), key.number, taker, now, now + OFFER_LIFE, items)
    signed = sign(_OFFER, encode(offer.to_plain()), [key.key], cw.net)
    for older in await handovers_of(tx, key.number, open_only=True):
        if (older.giver, older.taker) == (key.number, taker):
            await _settle(tx, older, WITHDRAWN, key.number, now)
    await insert_handover(
        tx,
        {
            "id": offer.id,
            "giver": offer.giver,
            "taker": offer.taker,
            "state": OFFERED,
            "offered": signed.to_bytes(),
            "giver_certificate": key.certificates[0],
            "at": offer.at,
            "until": offer.until,
        },
    )
    note = f"{offer.giver} > {offer.taker}: {len(items)}"
    await raise_task(tx, cw, "W-HANDOVER", now, note=note, once=_cause(offer.id))
    await append(tx, journal, f"hand-over offered {offer.giver} {offer.taker}", offer.id, signed.digest, now)
    return offer.id


async def _accept(
    tx: AsyncConnection, cw: Casework, handover: str, refused: Collection[str], key: Signer, now: datetime
) -> None:
    # Officers' rows first, then the hand-over's, then the cases', the journal last: as locking an officer does, or both would wait.
    await refuse_locked(tx, ((await _known(tx, handover)).giver, key.number))
    row = await _open(tx, handover)
    offer, signed = await _read_offer(tx, cw, row)
    acceptance = accept(offer, signed.digest, key.number, refused, now)
    sealed = sign(_ACCEPTANCE, encode(acceptance.to_plain()), [key.key], cw.net)
    state = ACCEPTED if acceptance.taken or not acceptance.refused else REFUSED
    values = {"accepted": sealed.to_bytes(), "taker_certificate": key.certificates[0]}
    await _settle(tx, row, state, key.number, now, **values)
    theirs = {each.id: each for each in open_of(cw, await requests_held_by(tx, offer.giver))}
    moved = [theirs[request] for request in acceptance.taken if request in theirs]
    for each in moved:
        await give(tx, each, offer.taker)
    if acceptance.refused:
        note = f"{offer.taker}: {len(acceptance.refused)}, {offer.giver}"
        await raise_task(
            tx, cw, "W-HANDOVER-REFUSED", now, request=acceptance.refused[0], note=note, once=f"refused/{offer.id}"
        )
    await append(tx, journal, f"hand-over {state} {offer.giver} {offer.taker}", offer.id, sealed.digest, now)
    for each in moved:
        await append(tx, journal, f"holder {offer.giver} > {offer.taker}", each.id, sealed.digest, now)


async def give(tx: AsyncConnection, row: Row[Any], taker: str) -> None:
    """Write the new holder of one request, as it was read in this transaction. Raises BusyCaseError when a worker was faster."""
    if not await update_request(tx, row.id, row.rev, {"holder": taker}):
        raise BusyCaseError("E-BUSY", "another worker moved this request; try again")


async def _withdraw(tx: AsyncConnection, cw: Casework, handover: str, officer: str, now: datetime) -> None:
    row = await _open(tx, handover)
    if officer != row.giver:
        raise NotPermittedError("E-SIGNERS", f"{row.giver} offered it", "only this officer can take it back")
    await _settle(tx, row, WITHDRAWN, officer, now)
    await append(tx, journal, f"hand-over withdrawn {row.giver} {row.taker}", row.id, None, now)


async def void_handovers(tx: AsyncConnection, cw: Casework, officer: str, now: datetime) -> tuple[str, ...]:
    """End every open hand-over of an officer who is being locked; each stays on the board until somebody has dealt with it."""
    ended = []
    for row in await handovers_of(tx, officer, open_only=True):
        await _settle(tx, row, VOID, "", now)
        await raise_task(tx, cw, "W-HANDOVER-VOID", now, note=f"{row.giver} > {row.taker}", once=f"void/{row.id}")
        ended.append(str(row.id))
    return tuple(ended)


async def _settle(tx: AsyncConnection, row: Row[Any], state: str, by: str, now: datetime, **values: object) -> None:
    if not await settle_handover(tx, row.id, {"state": state, "settled_at": now, **values}):
        raise NotPermittedError("E-HANDOVER", "somebody was faster with this hand-over", "look at it again")
    await finish_cause(tx, _cause(row.id), by, now)


def _cause(handover: str) -> str:
    return f"handover/{handover}"


async def _known(tx: AsyncConnection, handover: str, lock: bool = False) -> Row[Any]:
    row = await handover_row(tx, handover, lock=lock)
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no hand-over {handover}", "run `contactpoint shift list`")
    return row


async def _open(tx: AsyncConnection, handover: str) -> Row[Any]:
    row = await _known(tx, handover, lock=True)
    if row.state != OFFERED:
        raise NotPermittedError("E-HANDOVER", _SETTLED[row.state], "look at the board")
    return row


async def _read_offer(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> tuple[Offer, Signed]:
    """The offer, if the officer whom the row names signed these very bytes.

    The attack: a thief with the database file writes cases into an offer, and another officer countersigns them. Raises HandoverError.
    """
    signed = await _verified(tx, cw, bytes(row.offered), _OFFER, bytes(row.giver_certificate), row.giver, row.at)
    offer = Offer.from_plain(_plain(signed))
    if (offer.id, offer.giver, offer.taker) != (row.id, row.giver, row.taker):
        raise HandoverError("E-HANDOVER")
    return offer, signed


async def _read_acceptance(tx: AsyncConnection, cw: Casework, row: Row[Any], offer: bytes) -> Acceptance | None:
    if row.accepted is None:
        return None
    data, certificate = bytes(row.accepted), bytes(row.taker_certificate)
    signed = await _verified(tx, cw, data, _ACCEPTANCE, certificate, row.taker, row.settled_at)
    accepted = Acceptance.from_plain(_plain(signed))
    if (accepted.offer, accepted.taker) != (offer, row.taker):
        raise HandoverError("E-HANDOVER")
    return accepted


def _plain(signed: Signed) -> dict[str, Any]:
    plain = decode(signed.content)
    if not isinstance(plain, dict):
        raise HandoverError("E-HANDOVER")
    return plain


async def _verified(
    tx: AsyncConnection, cw: Casework, data: bytes, kind: str, certificate: bytes, number: str, at: datetime
) -> Signed:
    issuers: Sequence[PublicKey] = tuple(cw.register.issuer_keys(cw.state, at)) or tuple(
        PublicKey(bytes(each.public)) for each in await own_keys(tx, Role.ISSUER.value)
    )
    try:
        signed = parse(data, kind)
        officer = read_officer(certificate, issuers, cw.net, at)
        verify(signed, [officer.key.public], cw.net)
    except KeysError as error:
        raise HandoverError("E-HANDOVER") from error
    if officer.number != number:
        raise HandoverError("E-HANDOVER")
    return signed


async def _view(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> HandoverView:
    """The picture of a hand-over. One whose signatures do not hold is shown as such, with no case: it proves nothing."""
    state = "lapsed" if row.state == OFFERED and now >= row.until else str(row.state)
    try:
        offer, signed = await _read_offer(tx, cw, row)
        accepted = await _read_acceptance(tx, cw, row, signed.digest)
    except HandoverError:
        return HandoverView(row.id, row.giver, row.taker, row.at, row.until, state, (), row.settled_at, holds=False)
    lines = []
    for item in offer.items:
        taken = None if accepted is None else item.request in accepted.taken
        lines.append(_line(cw, item, await request_row(tx, item.request), taken))
    return HandoverView(row.id, row.giver, row.taker, row.at, row.until, state, tuple(lines), row.settled_at)


def _item(row: Row[Any]) -> Item:
    ladder = read_ladder(row)
    return Item(row.id, ladder.level.value, _next_due(ladder))


def _next_due(ladder: Ladder) -> datetime | None:
    """Of a request that somebody has: the end of the time for its answer, while that runs."""
    return None if ladder.closed or ladder.reached >= Level.ANSWERED.rank else ladder.deadlines.get(Twin.LAPSED)


def _line(cw: Casework, item: Item, row: Row[Any] | None, taken: bool | None) -> HandoverLine:
    if row is None:
        return HandoverLine(item.request, "", "", "", "", "", item.level, item.due, "", "", taken)
    return HandoverLine(
        request=item.request,
        case=row.case_id,
        kind=row.kind,
        title=cw.catalogue[row.kind].title,
        urgency=row.urgency,
        peer=row.peer,
        level=item.level,
        due=item.due,
        status=row.status,
        holder=row.holder,
        taken=taken,
        ended=_final(cw, row),
    )


def _told(error: HandoverError | LockedError) -> DeskError:
    if isinstance(error, LockedError):
        return locked_out(error)
    row = look_up(error.code)
    return NotPermittedError(error.code, row.text, row.action)
