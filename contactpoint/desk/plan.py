"""From a draft to a plan: every check that is made before an officer's key signs.

The catalogue checks the form, the copy of the register knows whether the recipient can be written to, the case says what may be said
now, and the officer's rights say who may say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.callback import check_call_back
from contactpoint.desk.conditions import accepted_body
from contactpoint.desk.drillanswer import check_drill_answer
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError, UnreachablePeerError
from contactpoint.desk.find import find_request
from contactpoint.desk.packages import carried
from contactpoint.desk.precheck import form_here
from contactpoint.desk.views import Draft
from contactpoint.domain.case import permitted
from contactpoint.domain.catalogue import Opens, Problem, Signers, check_body, signers_needed
from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.clocks import check_term
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import CatalogueError, DomainError
from contactpoint.domain.values import Address, Side, Urgency, parse_address
from directory.trusted import Freshness
from keys.signing import SigningKey


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
    thread: str | None = None  # the operation, for a letter that opens a case
    parent_request: str = ""  # the request of another case here that it came from; never sent


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
            "E-RIGHT", f"{signer.number} has not the right `{right}`", "ask a colleague who has, or your administrator"
        )


async def make_plan(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    """Check a draft against catalogue, register and case. Raises DraftError, NotFoundError, NotPermittedError, UnreachablePeerError."""
    if draft.kind in cw.catalogue:
        plan = await _plan_request(cw, draft, officer, now)
    elif draft.re is None:
        raise DraftError("E-UNKNOWN-KIND", f"{draft.kind} is no type of this catalogue", _known_kinds(cw))
    else:
        plan = await _plan_answer(cw, draft, officer, now)
    body = await carried(cw, plan.body, plan.recipient, plan.case, plan.thread or "", plan.parent_request, now)
    return replace(plan, body=body)


def _known_kinds(cw: Casework) -> str:
    return "choose one of " + ", ".join(sorted(cw.catalogue.entries))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request will stand: in a case that is there (``case``, ``re``), or at the head of a new one."""

    recipient: Address
    case: str | None = None
    re: bytes | None = None
    thread: str | None = None
    parent_request: str = ""


async def _plan_request(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    entry = cw.catalogue[draft.kind]
    need_right(officer, entry.right)
    _refuse(entry, draft.body, now)
    if entry.opens is not Opens.MOVE:
        _refuse_old_register(cw, now)
    place = await _place(cw, entry, draft)
    urgency = _urgency(entry, draft.urgency)
    approver = _approver(cw, draft.kind, urgency, draft.approver, officer)
    body = dict(draft.body)
    return Plan(
        draft.kind,
        place.recipient,
        urgency,
        body,
        place.case,
        place.re,
        draft.lang,
        approver,
        draft.label,
        draft.own_reference or _reference(body),
        place.thread,
        place.parent_request,
    )


async def _place(cw: Casework, entry: Entry, draft: Draft) -> _Place:
    """With a parent of the same State it goes into the parent's case where its type may; otherwise it opens a case of its own, which
    stands in the same operation as the parent. The link to the parent stays here: the other State sees the operation's id only."""
    if not draft.parent:
        if not entry.opens.may_open_case:
            text, what = f"{draft.kind} needs its parent", "give the parent's id, label or file number"
            raise DraftError("E-FIELD-MISSING", text, what)
        return _Place(_recipient(cw, draft.recipient), thread=draft.thread or None)
    case_id, request_id = await find_request(cw, draft.parent)
    case = await open_case(cw, case_id)
    request = case.case.requests[request_id]
    peer = request.recipient if request.sender == cw.state else request.sender
    if _stays(entry, request.kind, peer, draft.recipient):
        return _Place(peer, case.id, request.digest)
    thread = draft.thread or case.thread or case.id
    return _Place(_recipient(cw, draft.recipient), thread=thread, parent_request=request.id)


def _stays(entry: Entry, parent_kind: str, peer: Address, recipient: str) -> bool:
    """Whether a request goes into its parent's case."""
    if not entry.opens.may_open_case:
        if recipient not in ("", peer):
            text, what = f"{entry.code} stands in the case with {peer}", f"write {peer}, or leave the State out"
            raise DraftError("E-FIELD-INVALID", text, what)
        return True
    return parent_kind in entry.parents and entry.opens.may_follow and recipient in ("", peer)


def _reference(body: Mapping[str, Any]) -> str:
    authority = body.get("authority")
    return str(authority.get("case_ref", ""))[:120] if isinstance(authority, Mapping) else ""


async def _plan_answer(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Plan:
    case_id, request_id = await find_request(cw, draft.re or "")
    case = await open_case(cw, case_id)
    request = case.case.requests[request_id]
    side = Side.REQUESTER if request.sender == cw.state else Side.ADDRESSEE
    may = permitted(case.case, request_id, side, cw.catalogue)
    if draft.kind not in may:
        can = ", ".join(may) or "nothing more"
        raise NotPermittedError("E-MOVE-ILLEGAL", f"{draft.kind} may not be said now", f"what may be said: {can}")
    entry = cw.catalogue[request.kind]
    answer = entry.answer(draft.kind)
    need_right(officer, right_to_say(entry, answer, side))
    _refuse(form_here(cw, case, request_id, draft.kind), draft.body, now, check_term(entry, answer, draft.body, now))
    check_call_back(cw, request.sender, entry, answer, draft.body)
    await check_drill_answer(cw, entry, answer, case, request, draft.body, officer.number, now)
    recipient = request.recipient if side is Side.REQUESTER else request.sender
    approver = _approver(cw, draft.kind, request.urgency, draft.approver, officer, request.kind)
    body = accepted_body(answer, dict(draft.body), request, side)
    return Plan(draft.kind, recipient, request.urgency, body, case_id, request.digest, draft.lang, approver, "", "")


def right_to_say(entry: Entry, answer: Answer, side: Side) -> str:
    """The right that an answer needs. What decides on a request may be the central authority's alone; steps on the way are the desk's."""
    if answer.right or answer.consequence is Consequence.HANDS_OVER:
        return answer.right or "answer"
    return entry.answer_right if answer.decides and side is Side.ADDRESSEE else "answer"


def _refuse(form: Entry | Answer, body: Mapping[str, Any], now: datetime, more: tuple[Problem, ...] = ()) -> None:
    problems = tuple(problem for problem in (*check_body(form, body, now), *more) if problem.blocks)
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


def _approver(
    cw: Casework, kind: str, urgency: Urgency, named: str | None, officer: Signer, about: str = ""
) -> str | None:
    """The second officer, where the catalogue asks for one. No exception for an emergency: forging one is the known abuse."""
    try:
        needed = signers_needed(cw.catalogue, kind, urgency, about)
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


async def open_case(cw: Casework, case_id: str) -> OpenCase:
    """The case as it rests here. Raises NotFoundError."""
    case = await cw.db.read(lambda tx: load_case(tx, cw, case_id))
    if case is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    return case
