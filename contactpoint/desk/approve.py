"""The second officer signs the same bytes, and the letter goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import NewCaseKey, load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import BusyCaseError, NoKeyError
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.desk.errors import NotFoundError, NotPermittedError, UnreachablePeerError
from contactpoint.desk.plan import Signer, need_right
from contactpoint.desk.views import Submitted, Waiting
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import DomainError
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import settle_waiting, waiting_row, waiting_rows
from contactpoint.wire.statement import decode_statement
from keys import cbor
from keys.custody import open_at_rest, open_case_key
from keys.signed import Signed, add_signature, parse


async def approve(cw: Casework, waiting_id: str, officer: Signer, now: datetime) -> Submitted:
    """Add the second signature and queue the letter. Raises NotFoundError, NotPermittedError, UnreachablePeerError."""
    need_right(officer, "approve")
    row = await cw.db.read(lambda tx: waiting_row(tx, waiting_id))
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"nothing waits under {waiting_id}", "look at the board")
    await _refuse(cw, row, officer, now)
    key, signed, certificates, parent_request = _unseal(cw, row)
    complete = add_signature(signed, officer.key, cw.net)
    statement = decode_statement(complete.content, cw.net)
    letter = SignedLetter(statement, complete, (*certificates, *officer.certificates))
    known = await cw.db.read(lambda tx: load_case(tx, cw, row.case_id))

    async def release(tx: AsyncConnection) -> None:
        if not await settle_waiting(tx, waiting_id, "released"):
            raise NotPermittedError("E-APPROVED", "a colleague was faster", "look at the case")

    fresh = None if known is not None else key
    try:
        await queue(cw, letter, fresh, row.own_reference, row.label, now, parent_request=parent_request, also=release)
    except BusyCaseError as error:
        if error.code == "E-APPROVAL-STALE":
            await cw.db.write(lambda tx: _stale(tx, cw, row, now))
            cw.bell.ring("board")
        code = look_up("E-APPROVAL-STALE")
        raise NotPermittedError(error.code, error.text, code.action) from error
    except DomainError as error:
        code = look_up(error.code)
        raise NotPermittedError(error.code, code.text, code.action) from error
    except NoKeyError as error:
        raise UnreachablePeerError(error.code, error.text, "wait a minute, or telephone") from error
    return Submitted(statement.id, statement.case, "QUEUED", officer.number)


async def _refuse(cw: Casework, row: Row[Any], officer: Signer, now: datetime) -> None:
    if row.state != "waiting":
        raise NotPermittedError("E-APPROVED", f"this is {row.state} already", "look at the case")
    if now >= row.until:
        await cw.db.write(lambda tx: settle_waiting(tx, row.id, "lapsed"))
        raise NotPermittedError("E-APPROVAL-STALE", "the time for approving has passed", "write and sign it anew")
    if officer.number == row.by_officer:
        raise NotPermittedError("E-SAME-OFFICER", "who wrote it cannot approve it", f"{row.approver} approves it")
    if officer.number != row.approver:
        raise NotPermittedError("E-SIGNERS", f"{row.approver} is named as approver", "only this officer can approve it")


async def _stale(tx: AsyncConnection, cw: Casework, row: Row[Any], now: datetime) -> None:
    """It is a draft again: its first officer, who is not the one who approves, must learn that nothing went out."""
    if await settle_waiting(tx, row.id, "stale"):
        note = f"{row.kind}: {row.by_officer} signs it anew"
        await raise_task(tx, cw, "E-APPROVAL-STALE", now, state=row.recipient, note=note, once=f"stale/{row.id}")
        await append(tx, journal, f"approval stale {row.kind}", row.id, None, now)


def _unseal(cw: Casework, row: Row[Any]) -> tuple[NewCaseKey, Signed, tuple[bytes, ...], str]:
    key = open_case_key(cw.keyring.storage, bytes(row.key_storage), row.case_id)
    value: Any = cbor.decode(open_at_rest(key, f"waiting/{row.id}", bytes(row.sealed)), limit=1 << 20)
    return (
        NewCaseKey(key, bytes(row.key_storage), bytes(row.key_archive)),
        parse(value["signed"], "statement"),
        tuple(value["certificates"]),
        value.get("parent_request", ""),
    )


async def waiting_list(tx: AsyncConnection, cw: Casework, now: datetime) -> tuple[Waiting, ...]:
    """What waits for a second officer and can still be approved."""
    return tuple(_view(cw, row) for row in await waiting_rows(tx) if row.until > now)


def _view(cw: Casework, row: Row[Any]) -> Waiting:
    _, signed, _, _ = _unseal(cw, row)
    return Waiting(
        id=row.id,
        kind=row.kind,
        urgency=row.urgency,
        recipient=row.recipient,
        by=row.by_officer,
        approver=row.approver,
        at=row.at,
        until=row.until,
        body=decode_statement(signed.content).body,
        case=row.case_id,
    )
