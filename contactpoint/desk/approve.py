"""The second person: who signs the same bytes, who checks the rights of those concerned, and then the letter goes out.

A letter that waits may need a second signature, a rights check, or both, in any order and by one officer or two; never by its author.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import NewCaseKey, load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import BusyCaseError, LockedError, NoKeyError
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.casework.locked import hands_of, refuse_locked
from contactpoint.desk import review as rights
from contactpoint.desk.errors import NotFoundError, NotPermittedError, UnreachablePeerError, locked_out
from contactpoint.desk.packages import refuse_held_back
from contactpoint.desk.plan import Signer, need_right
from contactpoint.desk.review import Check, Due, Recorded
from contactpoint.desk.views import Submitted, Waiting
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import DomainError
from contactpoint.domain.rights import Finding, right_for
from contactpoint.domain.statement import Statement
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import settle_waiting, waiting_row, waiting_rows
from contactpoint.store.rows_rights import change_waiting
from contactpoint.wire.statement import decode_statement
from keys import cbor
from keys.custody import open_at_rest, open_case_key, seal_at_rest
from keys.signed import Signed, add_signature, parse

_ATTEMPTS = 5
_WAITS_NO_MORE = {
    "released": "it has left already",
    "stale": "the case has moved on since it was written; it is to be written anew",
    "lapsed": "the time for signing it has passed; it is to be written anew",
    "stopped": "a rights check stopped it",
    "void": "an officer without whom it cannot leave was locked; it is to be written anew",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A waiting letter, opened."""

    row: Row[Any]
    key: NewCaseKey
    signed: Signed
    certificates: tuple[bytes, ...]
    parent_request: str

    @property
    def statement(self) -> Statement:
        return decode_statement(self.signed.content)

    @property
    def complete(self) -> bool:
        """Whether everybody has signed who must. The signed bytes say who; a column set by hand saves no signature."""
        return len(self.signed.signatures) == (2 if self.statement.approver else 1)


async def approve(
    cw: Casework, waiting_id: str, officer: Signer, now: datetime, check: Check | None = None
) -> Submitted:
    """Add the second signature, with the rights check if this officer records it too; release what then needs nothing more.

    Raises NotFoundError, NotPermittedError, DraftError, UnreachablePeerError.
    """
    need_right(officer, "approve")
    for _ in range(_ATTEMPTS):
        held = await _held(cw, waiting_id)
        await _refuse_old(cw, held.row, now)
        _refuse_approver(held, officer)
        await refuse_held_back(cw, held.statement, now)
        asked = await cw.db.read(partial(rights.due, cw=cw, statement=held.statement))
        recorded = _record(cw, held, asked, check, officer, now) if check is not None else None
        if recorded is not None and recorded.review.finding is Finding.STOP:
            return await _stop(cw, held, recorded, now)
        signed = add_signature(held.signed, officer.key, cw.net)
        both = replace(held, signed=signed, certificates=(*held.certificates, *officer.certificates))
        submitted = await _go_on(cw, both, asked, recorded, officer.number, now)
        if submitted is not None:
            return submitted
    raise NotPermittedError("E-BUSY", "others were at work on this letter", "look at it, then try again")


async def review(cw: Casework, waiting_id: str, check: Check, officer: Signer, now: datetime) -> Submitted:
    """Record the rights check of a waiting letter; release it if nothing more is awaited, or turn it back to a draft (stop).

    Raises NotFoundError, NotPermittedError, DraftError, UnreachablePeerError.
    """
    for _ in range(_ATTEMPTS):
        held = await _held(cw, waiting_id)
        await _refuse_old(cw, held.row, now)
        asked = await cw.db.read(partial(rights.due, cw=cw, statement=held.statement))
        recorded = _record(cw, held, asked, check, officer, now)
        if recorded.review.finding is Finding.STOP:
            return await _stop(cw, held, recorded, now)
        submitted = await _go_on(cw, held, asked, recorded, officer.number, now)
        if submitted is not None:
            return submitted
    raise NotPermittedError("E-BUSY", "others were at work on this letter", "look at it, then try again")


def _record(cw: Casework, held: Held, asked: Due | None, check: Check, officer: Signer, now: datetime) -> Recorded:
    if asked is None:
        raise NotPermittedError("E-REVIEW", "this letter needs no rights check", "approve it, or look at the board")
    need_right(officer, right_for(asked.reason))
    if officer.number == held.statement.by:
        raise NotPermittedError("E-SAME-OFFICER", "who wrote it cannot check it", "ask a second person")
    if asked.by not in ("", officer.number):
        raise NotPermittedError("E-SIGNERS", f"{asked.by} is named as supervisor", "only this officer can check it")
    return rights.record(cw, held.statement, asked, check, officer, now)


async def _go_on(
    cw: Casework, held: Held, asked: Due | None, recorded: Recorded | None, officer: str, now: datetime
) -> Submitted | None:
    """Release the letter, or keep what was added to it. None: somebody else added something at the same moment."""
    statement = held.statement
    checked = asked is None or recorded is not None
    if asked is not None and not checked:
        checked = await cw.db.read(lambda tx: rights.is_checked(tx, cw, held.key.key, statement, asked))
    if held.complete and checked:
        return await _release(cw, held, recorded, officer, now)
    values: dict[str, Any] = {
        "sealed": _seal(cw, held),
        "needs_review": asked is not None,
        "reviewed_by": recorded.review.by if recorded is not None else held.row.reviewed_by,
    }

    async def work(tx: AsyncConnection) -> bool:
        await refuse_locked(tx, (officer, *hands_of(statement)))
        if not await change_waiting(tx, held.row.id, held.row.reviewed_by, bytes(held.row.sealed), values):
            return False
        if recorded is not None:
            await rights.keep(tx, cw, held.key.key, statement, recorded)
        else:
            await append(tx, journal, f"approved {statement.kind}", statement.id, statement.digest, now)
        return True

    try:
        if not await cw.db.write(work):
            return None
    except LockedError as error:
        raise locked_out(error) from error
    cw.bell.ring("board", "case")
    if checked:
        return Submitted(statement.id, statement.case, "WAITING-FOR-APPROVAL", held.row.approver)
    return Submitted(statement.id, statement.case, "WAITING-FOR-REVIEW", held.row.approver or None)


async def _release(cw: Casework, held: Held, recorded: Recorded | None, officer: str, now: datetime) -> Submitted:
    row, statement = held.row, held.statement
    known = await cw.db.read(lambda tx: load_case(tx, cw, row.case_id))

    async def release(tx: AsyncConnection) -> None:
        await refuse_locked(tx, (officer, *hands_of(statement)))
        # The gate once more, in the transaction that opens it: a flag raised a moment ago must not be overtaken.
        asked = await rights.due(tx, cw, statement)
        if recorded is not None:
            await rights.keep(tx, cw, held.key.key, statement, recorded)
        if asked is not None and not await rights.is_checked(tx, cw, held.key.key, statement, asked):
            code = look_up("E-REVIEW")
            raise NotPermittedError(code.code, code.text, code.action)
        if not await settle_waiting(tx, row.id, "released"):
            raise NotPermittedError("E-APPROVED", "a colleague was faster", "look at the case")

    letter = SignedLetter(statement, held.signed, held.certificates)
    fresh = None if known is not None else held.key
    try:
        await queue(
            cw, letter, fresh, row.own_reference, row.label, now, parent_request=held.parent_request, also=release
        )
    except BusyCaseError as error:
        if error.code == "E-APPROVAL-STALE":
            await cw.db.write(lambda tx: _stale(tx, cw, row, now))
            cw.bell.ring("board")
        code = look_up("E-APPROVAL-STALE")
        raise NotPermittedError(error.code, error.text, code.action) from error
    except LockedError as error:
        raise locked_out(error) from error
    except DomainError as error:
        code = look_up(error.code)
        raise NotPermittedError(error.code, code.text, code.action) from error
    except NoKeyError as error:
        raise UnreachablePeerError(error.code, error.text, "wait a minute, or telephone") from error
    return Submitted(statement.id, statement.case, "QUEUED", officer)


async def _stop(cw: Casework, held: Held, recorded: Recorded, now: datetime) -> Submitted:
    """It is a draft again, and its author learns it; the check stays on file as the others do."""
    row, statement = held.row, held.statement

    async def work(tx: AsyncConnection) -> None:
        await refuse_locked(tx, (recorded.review.by,))
        if not await settle_waiting(tx, row.id, "stopped"):
            raise NotPermittedError("E-APPROVED", "a colleague was faster", "look at the case")
        await rights.keep(tx, cw, held.key.key, statement, recorded)
        note = f"{row.kind}: {row.by_officer} reads the reasons and decides ({row.id})"
        await raise_task(tx, cw, "E-REVIEW-STOPPED", now, state=row.recipient, note=note, once=f"stopped/{row.id}")

    try:
        await cw.db.write(work)
    except LockedError as error:
        raise locked_out(error) from error
    cw.bell.ring("board", "case")
    return Submitted(statement.id, statement.case, "STOPPED")


async def _refuse_old(cw: Casework, row: Row[Any], now: datetime) -> None:
    if row.state != "waiting":
        raise NotPermittedError("E-APPROVED", _WAITS_NO_MORE[row.state], "look at the case")
    if now >= row.until:
        await cw.db.write(lambda tx: settle_waiting(tx, row.id, "lapsed"))
        raise NotPermittedError("E-APPROVAL-STALE", "the time for approving has passed", "write and sign it anew")


def _refuse_approver(held: Held, officer: Signer) -> None:
    named = held.statement.approver
    if officer.number == held.statement.by:
        who = f"{named} approves it" if named else "a second person checks it"
        raise NotPermittedError("E-SAME-OFFICER", "who wrote it cannot approve it", who)
    if not named:
        raise NotPermittedError("E-SIGNERS", "no second signature is needed", "record the rights check instead")
    if officer.number != named:
        raise NotPermittedError("E-SIGNERS", f"{named} is named as approver", "only this officer can approve it")
    if held.complete:
        raise NotPermittedError("E-APPROVED", "it is approved already", "a rights check is awaited")


async def _stale(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    """It is a draft again: its first officer, who is not the one who approves, must learn that nothing went out."""
    if await settle_waiting(tx, row.id, "stale"):
        note = f"{row.kind}: {row.by_officer} signs it anew"
        await raise_task(tx, cw, "E-APPROVAL-STALE", now, state=row.recipient, note=note, once=f"stale/{row.id}")
        await append(tx, journal, f"approval stale {row.kind}", row.id, None, now)


async def _held(cw: Casework, waiting_id: str) -> Held:
    row = await cw.db.read(lambda tx: waiting_row(tx, waiting_id))
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"nothing waits under {waiting_id}", "look at the board")
    return _unseal(cw, row)


def _unseal(cw: Casework, row: Row[Any]) -> Held:
    key = open_case_key(cw.keyring.storage, bytes(row.key_storage), row.case_id)
    value: Any = cbor.decode(open_at_rest(key, f"waiting/{row.id}", bytes(row.sealed)), limit=1 << 20)
    return Held(
        row,
        NewCaseKey(key, bytes(row.key_storage), bytes(row.key_archive)),
        parse(value["signed"], "statement"),
        tuple(value["certificates"]),
        str(value.get("parent_request", "")),
    )


def _seal(cw: Casework, held: Held) -> bytes:
    content = cbor.encode(
        {
            "signed": held.signed.to_bytes(),
            "certificates": list(held.certificates),
            "parent_request": held.parent_request,
        }
    )
    return seal_at_rest(held.key.key, f"waiting/{held.row.id}", content, cw.random(12))


async def waiting_list(tx: AsyncConnection, cw: Casework, now: datetime) -> tuple[Waiting, ...]:
    """What waits for a second person and can still leave."""
    return tuple([await _view(tx, cw, row) for row in await waiting_rows(tx) if row.until > now])


async def waiting_view(tx: AsyncConnection, cw: Casework, waiting_id: str) -> Waiting | None:
    """One letter that waits or once waited, so that its author can read why it was stopped."""
    row = await waiting_row(tx, waiting_id)
    return None if row is None else await _view(tx, cw, row)


async def _view(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> Waiting:
    held = _unseal(cw, row)
    statement = held.statement
    case = None if statement.re is None else await load_case(tx, cw, row.case_id)
    requests = () if case is None else case.case.requests.values()
    asked = await rights.due(tx, cw, statement, case) if row.state == "waiting" else None
    checks = await rights.views(tx, cw, held.key.key, row.case_id)
    return Waiting(
        id=row.id,
        kind=row.kind,
        urgency=row.urgency,
        recipient=row.recipient,
        by=row.by_officer,
        approver=row.approver,
        at=row.at,
        until=row.until,
        body=statement.body,
        case=row.case_id,
        state=row.state,
        needs_review=asked.reason.value if asked is not None else "",
        reviewed=asked is not None and await rights.is_checked(tx, cw, held.key.key, statement, asked),
        approved=bool(row.approver) and held.complete,
        request=asked.request if asked is not None else "",
        reviewer=asked.by if asked is not None else "",
        checks=tuple(each for each in checks if each.statement == row.id or each.kind == "flag"),
        asked=next((each.kind for each in requests if each.digest == statement.re), ""),
    )
