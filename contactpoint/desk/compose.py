"""Compose: from a form to a signed statement, queued or waiting for its second officer.

The catalogue checks the form, the copy of the register knows whether the recipient can be written to, the case says what may be said
now. Only then does the officer's key sign. If the case moves at the same moment, the statement is written anew from the new heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import NewCaseKey, OpenCase, head, load_case, make_case_key
from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, NoKeyError
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError, UnreachablePeerError
from contactpoint.desk.find import find_request
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.case import admit, permitted
from contactpoint.domain.catalogue import Opens, Signers, check_body, signers_needed
from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import CatalogueError, DomainError
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Side, Urgency, parse_address
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_cases import case_row
from contactpoint.store.rows_desk import insert_waiting
from contactpoint.wire.statement import decode_statement, encode_statement
from directory.trusted import Freshness
from keys import cbor
from keys.custody import open_case_key, seal_at_rest
from keys.signed import Signed, sign
from keys.signing import SigningKey

_ATTEMPTS = 5
# A second officer has one hour for an emergency, a day for the rest (``docs/protocol.md`` section 2).
_APPROVAL = {Urgency.U0: timedelta(hours=1)}
_APPROVAL_DEFAULT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked draft: what it is, in which case it stands, and who must sign."""

    kind: str
    recipient: Address
    urgency: Urgency
    body: Mapping[str, Any]
    case: str | None
    re: bytes | None
    lang: str
    approver: str | None
    label: str
    own_reference: str


class Signer(Protocol):
    """Whose hand it is: an officer's number, or nothing for the station; the key; the certificates that travel beside."""

    @property
    def number(self) -> str: ...
    @property
    def key(self) -> SigningKey: ...
    @property
    def certificates(self) -> tuple[bytes, ...]: ...
    @property
    def rights(self) -> tuple[str, ...]: ...


def need_right(signer: Signer, right: str) -> None:
    """Raise NotPermittedError unless this officer may do it. Taking charge needs no right: it must never fail."""
    if right not in signer.rights:
        raise NotPermittedError(
            "E-RIGHT", f"{signer.number} has not the right to {right}", "ask a colleague who has, or your administrator"
        )


async def submit(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Submitted:
    """Check, sign and queue a request, a move or an answer. Raises DraftError, NotFoundError, NotPermittedError, UnreachablePeerError."""
    need_right(officer, "send" if draft.kind in cw.catalogue else "answer")
    plan = await _plan(cw, draft, officer, now)
    return await write(cw, plan, officer, now)


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
            if plan.approver is not None:
                return await _wait_for_approval(cw, plan, statement, signed, signer, fresh, now)
            letter = SignedLetter(statement, signed, signer.certificates)
            await queue(cw, letter, fresh, plan.own_reference, plan.label, now)
        except BusyCaseError:
            continue
        except DomainError as error:
            row = look_up(error.code)
            raise NotPermittedError(error.code, f"{plan.kind}: {row.text}", row.action) from error
        except NoKeyError as error:
            raise UnreachablePeerError(error.code, error.text, "wait a minute, or telephone") from error
        return Submitted(statement.id, statement.case, "QUEUED")
    raise NotPermittedError("E-BUSY", "others kept moving this case", "look at the case, then try again")


async def _plan(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    if draft.kind in cw.catalogue:
        return await _plan_request(cw, draft, officer, now)
    if draft.re is None:
        raise DraftError("E-UNKNOWN-KIND", f"{draft.kind} is no type of this catalogue", _known_kinds(cw))
    return await _plan_answer(cw, draft, officer, now)


def _known_kinds(cw: Casework) -> str:
    return "choose one of " + ", ".join(sorted(cw.catalogue.entries))


async def _plan_request(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    entry = cw.catalogue[draft.kind]
    _refuse(entry, draft.body, now)
    if entry.opens is not Opens.MOVE:
        _refuse_old_register(cw, now)
    if entry.opens is Opens.CASE:
        recipient = _recipient(cw, draft.recipient)
        plan_case, re = None, None
    else:
        case, request_id = await _parent(cw, draft)
        request = case.case.requests[request_id]
        recipient = request.recipient if request.sender == cw.state else request.sender
        plan_case, re = case.id, request.digest
    urgency = _urgency(entry, draft.urgency)
    approver = _approver(cw, draft.kind, urgency, draft.approver, officer)
    body = dict(draft.body)
    return Plan(
        draft.kind,
        recipient,
        urgency,
        body,
        plan_case,
        re,
        draft.lang,
        approver,
        draft.label,
        draft.own_reference or _reference(body),
    )


def _reference(body: Mapping[str, Any]) -> str:
    authority = body.get("authority")
    return str(authority.get("case_ref", ""))[:120] if isinstance(authority, Mapping) else ""


async def _plan_answer(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    case_id, request_id = await find_request(cw, draft.re or "")
    case = await _load(cw, case_id)
    request = case.case.requests[request_id]
    side = Side.REQUESTER if request.sender == cw.state else Side.ADDRESSEE
    may = permitted(case.case, request_id, side, cw.catalogue)
    if draft.kind not in may:
        can = ", ".join(may) or "nothing more"
        raise NotPermittedError("E-MOVE-ILLEGAL", f"{draft.kind} may not be said now", f"what may be said: {can}")
    _refuse(cw.catalogue[request.kind].answer(draft.kind), draft.body, now)
    recipient = request.recipient if side is Side.REQUESTER else request.sender
    approver = _approver(cw, draft.kind, request.urgency, draft.approver, officer)
    return Plan(
        draft.kind, recipient, request.urgency, dict(draft.body), case_id, request.digest, draft.lang, approver, "", ""
    )


def _refuse(form: Entry | Answer, body: Mapping[str, Any], now: datetime) -> None:
    problems = tuple(problem for problem in check_body(form, body, now) if problem.blocks)
    if problems:
        fields = ", ".join(sorted({problem.field for problem in problems}))
        text = f"{len(problems)} field(s) need attention: {fields}"
        raise DraftError(problems[0].code, text, "mend each field that is named", problems)


def _refuse_old_register(cw: Casework, now: datetime) -> None:
    """After thirty days unseen a key may have been revoked for a month: nothing new is begun on it. Answers and receiving go on."""
    if cw.register.copy.freshness(now) is Freshness.EXPIRED:
        raise UnreachablePeerError(
            "E-NO-KEY",
            "the copy of the register is too old to trust its keys with anything new",
            "check that the register can be reached; until then, telephone",
        )


def _recipient(cw: Casework, text: str) -> Address:
    try:
        address = parse_address(text)
    except DomainError as error:
        raise DraftError(error.code, f"{text!r} is no address", "write a State's code such as XB") from error
    if address == cw.state:
        raise DraftError("E-NOT-FOR-US", "this is your own State", "choose another recipient")
    if cw.register.contact(address) is None:
        raise UnreachablePeerError(
            "E-UNKNOWN-STATE", f"{address} is not in this copy of the register", "run `contactpoint directory list`"
        )
    return address


def _urgency(entry: Entry, text: str) -> Urgency:
    allowed = entry.urgencies
    if text not in {each.value for each in allowed}:
        raise DraftError("E-URGENCY", f"{entry.code} cannot have class {text!r}", "choose " + ", ".join(allowed))
    return Urgency(text)


def _approver(cw: Casework, kind: str, urgency: Urgency, named: str | None, officer: Signer) -> str | None:
    """The second officer, where the catalogue asks for one. No exception for an emergency: forging one is the known abuse."""
    try:
        needed = signers_needed(cw.catalogue, kind, urgency)
    except CatalogueError as error:
        row = look_up(error.code)
        raise DraftError(error.code, row.text, row.action) from error
    if needed is not Signers.TWO:
        return None
    if not named:
        raise DraftError(
            "E-SIGNERS", f"{kind} at {urgency.value} needs a second officer", "name the approver (--approver)"
        )
    if named == officer.number:
        raise DraftError("E-SAME-OFFICER", "the approver must be another officer", "name a colleague")
    return named


async def _parent(cw: Casework, draft: Draft) -> tuple[OpenCase, str]:
    if not draft.parent:
        raise DraftError(
            "E-FIELD-MISSING", f"{draft.kind} needs its parent", "give the parent's id, label or file number"
        )
    case_id, request_id = await find_request(cw, draft.parent)
    return await _load(cw, case_id), request_id


async def _load(cw: Casework, case_id: str) -> OpenCase:
    case = await cw.db.read(lambda tx: load_case(tx, cw, case_id))
    if case is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    return case


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
        thread=None,
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
) -> Submitted:
    """The first officer has signed; the bytes wait sealed at rest until the second signs the same bytes."""
    key = fresh if fresh is not None else await cw.db.read(lambda tx: _case_key(tx, cw, statement.case))
    content = cbor.encode({"signed": signed.to_bytes(), "certificates": list(signer.certificates)})
    values = {
        "id": statement.id,
        "case_id": statement.case,
        "kind": statement.kind,
        "urgency": statement.urgency.value,
        "recipient": statement.recipient,
        "by_officer": signer.number,
        "approver": plan.approver,
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
        await insert_waiting(tx, values)
        await append(tx, journal, f"waits for approval {statement.kind}", statement.id, statement.digest, now)

    await cw.db.write(work)
    cw.bell.ring("board")
    return Submitted(statement.id, statement.case, "WAITING-FOR-APPROVAL", plan.approver)


async def _case_key(tx: AsyncConnection, cw: Casework, case_id: str) -> NewCaseKey:
    """The key of a case that stands here, with the very wraps that the case keeps: what waits must open with this key."""
    row = await case_row(tx, case_id)
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    storage = bytes(row.key_storage)
    return NewCaseKey(open_case_key(cw.keyring.storage, storage, case_id), storage, bytes(row.key_archive))
