"""Compose: sign a checked plan, and queue it or let it wait for its second officer.

What may be sent is decided in `contactpoint.desk.plan`; only then does the officer's key sign. If the case moves at the same moment,
the statement is written anew from the new heads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import NewCaseKey, OpenCase, head, load_case, make_case_key
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, LockedError, NoKeyError
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import Outgoing, SignedLetter, queue
from contactpoint.casework.locked import refuse_locked
from contactpoint.desk.errors import NotFoundError, NotPermittedError, UnreachablePeerError, locked_out
from contactpoint.desk.plan import Plan, Signer, make_plan
from contactpoint.desk.review import due, due_at_opening
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.case import admit
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import DomainError
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_cases import case_row
from contactpoint.store.rows_desk import insert_waiting
from contactpoint.wire.statement import decode_statement, encode_statement
from keys import cbor
from keys.custody import open_case_key, seal_at_rest
from keys.signed import Signed, sign

_ATTEMPTS = 5
# A second officer has one hour for an emergency, a day for the rest (``docs/protocol.md`` section 2).
_APPROVAL = {Urgency.U0: timedelta(hours=1)}
_APPROVAL_DEFAULT = timedelta(hours=24)


async def submit(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Submitted:
    """Check, sign and queue a request, a move or an answer. Raises DraftError, NotFoundError, NotPermittedError, UnreachablePeerError."""
    return await write(cw, await make_plan(cw, draft, officer, now), officer, now)


def waits(cw: Casework, plan: Plan) -> bool:
    """Whether a letter that opens a case does not leave at once, because a second person must look at it first."""
    return plan.approver is not None or due_at_opening(cw, plan.kind, plan.body) is not None


def prepare(cw: Casework, plan: Plan, signer: Signer, now: datetime) -> Outgoing:
    """Sign a letter that opens a case of its own, for one that goes to several States at once. Nothing is stored yet."""
    fresh_id = new_id(cw.random, now)
    statement = _statement(cw, plan, fresh_id, None, signer.number, now)
    signed = sign("statement", encode_statement(statement, cw.net), [signer.key], cw.net)
    letter = SignedLetter(decode_statement(signed.content, cw.net), signed, signer.certificates)
    return Outgoing(letter, make_case_key(cw, fresh_id), plan.own_reference, plan.label, plan.parent_request)


async def write(cw: Casework, plan: Plan, signer: Signer, now: datetime) -> Submitted:
    """Sign the plan from the case's present heads and queue it, again when the heads moved meanwhile."""
    fresh_id = new_id(cw.random, now)
    case_id = plan.case or fresh_id
    fresh = make_case_key(cw, case_id) if plan.case is None else None
    for _ in range(_ATTEMPTS):
        case = await cw.db.read(lambda tx: load_case(tx, cw, case_id)) if fresh is None else None
        statement = _statement(cw, plan, fresh_id, case, signer.number, now)
        try:
            if case is not None:
                admit(case.case, statement, cw.catalogue)
            signed = sign("statement", encode_statement(statement, cw.net), [signer.key], cw.net)
            statement = decode_statement(signed.content, cw.net)
            asked = await cw.db.read(partial(due, cw=cw, statement=statement, case=case))
            if plan.approver is not None or asked is not None:
                return await _wait_for_approval(cw, plan, statement, signed, signer, fresh, now, asked is not None)
            letter = SignedLetter(statement, signed, signer.certificates)
            await queue(cw, letter, fresh, plan.own_reference, plan.label, now, parent_request=plan.parent_request)
        except BusyCaseError:
            continue
        except LockedError as error:
            raise locked_out(error) from error
        except DomainError as error:
            row = look_up(error.code)
            raise NotPermittedError(error.code, f"{plan.kind}: {row.text}", row.action) from error
        except NoKeyError as error:
            raise UnreachablePeerError(error.code, error.text, "wait a minute, or telephone") from error
        return Submitted(statement.id, statement.case, "QUEUED")
    raise NotPermittedError("E-BUSY", "others kept moving this case", "look at the case, then try again")


def _statement(
    cw: Casework, plan: Plan, statement_id: str, case: OpenCase | None, number: str, now: datetime
) -> Statement:
    return Statement(
        id=statement_id,
        case=plan.case or statement_id,
        kind=plan.kind,
        urgency=plan.urgency,
        cat=cw.catalogue.version,
        pol=cw.policy.name,
        sender=Address(cw.state),
        recipient=plan.recipient,
        at=now,
        expires=now + cw.policy.expiry[plan.urgency],
        by=number,
        approver=plan.approver,
        lang=plan.lang,
        mine=None if case is None else head(case.case, Address(cw.state)),
        seen=None if case is None else head(case.case, plan.recipient),
        re=plan.re,
        thread=plan.thread,
        body=plan.body,
        attachments=(),
        digest=b"",
    )


async def _wait_for_approval(
    cw: Casework,
    plan: Plan,
    statement: Statement,
    signed: Signed,
    signer: Signer,
    fresh: NewCaseKey | None,
    now: datetime,
    needs_review: bool,
) -> Submitted:
    """The first officer has signed; the bytes wait sealed at rest until the second signs the same bytes or checks them."""
    key = fresh if fresh is not None else await cw.db.read(lambda tx: _case_key(tx, cw, statement.case))
    content = cbor.encode(
        {
            "signed": signed.to_bytes(),
            "certificates": list(signer.certificates),
            "parent_request": plan.parent_request,
        }
    )
    values = {
        "id": statement.id,
        "case_id": statement.case,
        "kind": statement.kind,
        "urgency": statement.urgency.value,
        "recipient": statement.recipient,
        "by_officer": signer.number,
        "approver": plan.approver or "",
        "needs_review": needs_review,
        "mine": statement.mine,
        "sealed": seal_at_rest(key.key, f"waiting/{statement.id}", content, cw.random(12)),
        "key_storage": key.storage,
        "key_archive": key.archive,
        "label": plan.label,
        "own_reference": plan.own_reference,
        "at": now,
        "until": now + _APPROVAL.get(statement.urgency, _APPROVAL_DEFAULT),
    }

    async def work(tx: AsyncConnection) -> None:
        await refuse_locked(tx, (signer.number, plan.approver))
        await insert_waiting(tx, values)
        await append(tx, journal, f"waits for approval {statement.kind}", statement.id, statement.digest, now)

    await cw.db.write(work)
    cw.bell.ring("board")
    state = "WAITING-FOR-APPROVAL" if plan.approver else "WAITING-FOR-REVIEW"
    return Submitted(statement.id, statement.case, state, plan.approver)


async def _case_key(tx: AsyncConnection, cw: Casework, case_id: str) -> NewCaseKey:
    """The key of a case that stands here, with the very wraps that the case keeps: what waits must open with this key."""
    row = await case_row(tx, case_id)
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    storage = bytes(row.key_storage)
    return NewCaseKey(open_case_key(cw.keyring.storage, storage, case_id), storage, bytes(row.key_archive))
