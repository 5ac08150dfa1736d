"""Rights checks (Articles 6, 24, 40(22)): which letter waits for one, the record that the second person signs, and flags.

The gate stands where a letter leaves, not where it is written: whoever releases a letter asks `due` again, and a check counts only if
its signature holds over the digest of these very bytes. A column set by hand opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.consequences import OVERRIDE, is_override
from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Signer
from contactpoint.desk.views import ReviewView
from contactpoint.domain.catalogue import FieldType, Opens, Problem
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.catalogue.words import Consequence, Required
from contactpoint.domain.request import Request
from contactpoint.domain.rights import Finding, Reason, check_needed, right_for
from contactpoint.domain.statement import Statement
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_people import officer_row
from contactpoint.store.rows_rights import CHECK, FLAG, insert_review, reviews_of_case, reviews_of_statement
from contactpoint.wire.errors import WireError
from contactpoint.wire.review import AUTHORITY, LONGEST, REVIEW_TYPE, Review, decode_review, encode_review
from keys import cbor
from keys.certificate import read_officer
from keys.custody import CaseKey, open_at_rest, seal_at_rest
from keys.errors import KeysError
from keys.signed import parse, sign, verify


@dataclass(frozen=True, slots=True)
class Check:
    """What the second person writes down: finding (none, note, stop), text, and what is known of the authorisation (Article 24)."""

    finding: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """A check that a letter needs: why, and about which request."""

    reason: Reason
    request: str
    by: str = ""  # the one officer who can record it; empty: whoever has the right
    about: frozenset[str] = frozenset()  # the requests whose flags bear on it, where it goes back to others


@dataclass(frozen=True, slots=True)
class Recorded:
    """A check with its signature, not kept yet."""

    review: Review
    signed: bytes
    certificates: tuple[bytes, ...]


async def due(tx: AsyncConnection, cw: Casework, statement: Statement, case: OpenCase | None = None) -> Due | None:
    """Why this own letter may not leave without a check, or None. The one gate, for requests and answers alike.

    ``case``: the letter's case, where the caller has it at hand.
    """
    entry = cw.catalogue.entries.get(statement.kind)
    if entry is not None and entry.opens is not Opens.MOVE:
        reason = due_at_opening(cw, statement.kind, statement.body)
        if reason or not entry.executes:
            return Due(reason, statement.id) if reason else None
    case = case or await load_case(tx, cw, statement.case)
    if case is None:
        return None
    request = next((each for each in case.case.requests.values() if each.digest == statement.re), None)
    if request is None:
        return None
    if entry is not None and entry.executes:
        return await _of_matter(tx, cw, case, _matter(case, request))
    answer = cw.catalogue[request.kind].offered(statement.kind)
    if answer is None:
        return None
    if await _override_alone(tx, statement):
        return Due(Reason.OVERRIDE, request.id, named_supervisor(statement))
    return await _before_executing(tx, cw, case, request, answer)


def due_at_opening(cw: Casework, kind: str, body: Mapping[str, Any]) -> Reason | None:
    """Why an own request of this type may not leave without a check, or None."""
    return check_needed(cw.catalogue[kind], body, cw.catalogue.offences, flagged=False)


async def _before_executing(
    tx: AsyncConnection, cw: Casework, case: OpenCase, request: Request, answer: Answer
) -> Due | None:
    if answer.executes:
        # What hands over, or keeps for longer, goes on with what a request before it began: its facts and flags bear on it too.
        goes_on = answer.discloses or answer.consequence is Consequence.EXTENDS
        return await _of_matter(tx, cw, case, _matter(case, request) if goes_on else (request,))
    about = [row for row in await reviews_of_case(tx, case.id) if row.request_id == request.id]
    flags = [row.at for row in about if row.kind == FLAG]
    if not flags or not _refuses(answer):
        return None
    # A flag brings a second person in, whatever comes of it: a refusal leaves when that person has looked, and the note is on file.
    looked = any(row.at >= max(flags) and _verified(cw, case.key, row) for row in about if row.kind == CHECK)
    return None if looked else Due(Reason.FLAG, request.id)


def _matter(case: OpenCase, request: Request) -> tuple[Request, ...]:
    """The request and those that it follows, the nearest first."""
    found: dict[str, Request] = {}
    current: Request | None = request
    while current is not None and current.id not in found:
        found[current.id] = current
        current = case.case.requests.get(current.parent or "")
    return tuple(found.values())


async def _of_matter(tx: AsyncConnection, cw: Casework, case: OpenCase, matter: Sequence[Request]) -> Due | None:
    """The check that these requests ask for before anything of them is executed: a flag on any, then what each of them says."""
    ids = frozenset(each.id for each in matter)
    if any(row.kind == FLAG and row.request_id in ids for row in await reviews_of_case(tx, case.id)):
        return Due(Reason.FLAG, matter[0].id, about=ids)
    for each in matter:
        asked = next(letter for letter in case.statements if letter.digest == each.digest)
        reason = check_needed(cw.catalogue[each.kind], asked.body, cw.catalogue.offences, flagged=False)
        if reason is not None:
            return Due(reason, matter[0].id, about=ids)
    return None


def _refuses(answer: Answer) -> bool:
    """Whether an answer gives a ground of refusal; its reasons may be withheld, the ground may not."""
    return any(each.type is FieldType.GROUND and each.required is Required.REQUIRED for each in answer.fields)


async def _override_alone(tx: AsyncConnection, statement: Statement) -> bool:
    """Whether it gives a ground outside the list, and its author is not the supervisor who is named to answer for it."""
    if not is_override(statement.body):
        return False
    row = await officer_row(tx, statement.by)
    alone = row is None or "supervise" not in json.loads(row.rights)
    return alone or named_supervisor(statement) != statement.by


def named_supervisor(statement: Statement) -> str:
    """Who is said to answer for the override. The other State reads this number: nobody may be named who did not act."""
    said = statement.body.get(OVERRIDE)
    return str(said.get("supervisor", "")) if isinstance(said, Mapping) else ""


async def is_checked(tx: AsyncConnection, cw: Casework, key: CaseKey, statement: Statement, asked: Due) -> bool:
    """Whether a check of these very bytes is kept, its signature holds, and no flag was raised since."""
    flags = [
        row.at
        for row in await reviews_of_case(tx, statement.case)
        if row.kind == FLAG and row.request_id in (asked.request, *asked.about)
    ]
    for row in await reviews_of_statement(tx, statement.id):
        found = _verified(cw, key, row)
        if (
            found is not None
            and found.statement == statement.digest
            and found.finding is not Finding.STOP
            and found.by != statement.by
            and asked.by in ("", found.by)
            and all(at <= found.at for at in flags)
        ):
            return True
    return False


def _verified(cw: Casework, key: CaseKey, row: Row[Any]) -> Review | None:
    """The record of a row, if the officer whom it names signed it with a certificate of this State; a forged row is none."""
    try:
        content: Any = cbor.decode(open_at_rest(key, _rest_name(row.id), bytes(row.sealed)))
        signed = parse(content["signed"], REVIEW_TYPE)
        review = decode_review(signed.content, cw.net)
        issuers = cw.register.issuer_keys(cw.state, review.at)
        papers = [read_officer(bytes(data), issuers, cw.net, review.at) for data in content["certificates"]]
        paper = next(each for each in papers if each.number == review.by and each.state == cw.state == review.state)
        verify(signed, [paper.key.public], cw.net)
        if right_for(review.reason) not in paper.rights:
            return None
    except (KeysError, WireError, KeyError, TypeError, StopIteration):
        return None
    return review


def _rest_name(review_id: str) -> str:
    return f"review/{review_id}"


def record(cw: Casework, statement: Statement, asked: Due, check: Check, officer: Signer, now: datetime) -> Recorded:
    """The check as this officer signs it. Raises DraftError for what is not filled in."""
    review = Review(
        state=cw.state,
        statement=statement.digest,
        request=asked.request,
        reason=asked.reason,
        finding=_finding(check),
        text=check.text.strip(),
        by=officer.number,
        at=now,
        fields={name: value.strip() for name, value in check.fields.items() if value and value.strip()},
    )
    papers = [read_officer(data, cw.register.issuer_keys(cw.state, now), cw.net, now) for data in officer.certificates]
    if not any(right_for(asked.reason) in paper.rights for paper in papers):
        # What a court goes by is the certificate, and rights that were given since stand only in the next one.
        text = f"the certificate of {officer.number} does not name the right to {right_for(asked.reason)} yet"
        raise NotPermittedError("E-CERTIFICATE", text, "ask a colleague, or an administrator to enter the officer anew")
    signed = sign(REVIEW_TYPE, encode_review(review, cw.net), [officer.key], cw.net)
    return Recorded(decode_review(signed.content, cw.net), signed.to_bytes(), tuple(officer.certificates))


def _finding(check: Check) -> Finding:
    problems = []
    if check.finding not in set(Finding):
        problems.append(Problem("E-FIELD-INVALID", "finding", "Choose none, note or stop."))
    if not check.text.strip():
        problems.append(Problem("E-FIELD-MISSING", "text", "Say what was looked at and why you find so."))
    for name, value in {"text": check.text, **check.fields}.items():
        if name != "text" and name not in AUTHORITY:
            problems.append(Problem("E-UNKNOWN-FIELD", name, "There is no field of this name here."))
        elif len(value or "") > LONGEST:
            problems.append(Problem("E-TOO-LARGE", name, f"More than {LONGEST} characters; say it shorter."))
    if problems:
        fields = ", ".join(problem.field for problem in problems)
        raise DraftError(problems[0].code, f"the check is not complete: {fields}", "fill in each one", tuple(problems))
    return Finding(check.finding)


async def keep(tx: AsyncConnection, cw: Casework, key: CaseKey, statement: Statement, recorded: Recorded) -> None:
    """Keep a check, sealed under the case's key, in the caller's transaction, with its line in the journal."""
    review, review_id = recorded.review, new_id(cw.random, recorded.review.at)
    content = cbor.encode({"signed": recorded.signed, "certificates": list(recorded.certificates)})
    await insert_review(
        tx,
        {
            "id": review_id,
            "case_id": statement.case,
            "request_id": review.request,
            "statement_id": statement.id,
            "statement_digest": statement.digest,
            "kind": CHECK,
            "reason": review.reason.value,
            "verdict": review.finding.value,
            "by_officer": review.by,
            "at": review.at,
            "sealed": seal_at_rest(key, _rest_name(review_id), content, cw.random(12)),
        },
    )
    mark = parse(recorded.signed, REVIEW_TYPE).digest
    await append(tx, journal, f"rights check {review.finding.value}", statement.id, mark, review.at)


async def flag(cw: Casework, reference: str, officer: str, text: str, now: datetime) -> str:
    """Say of a request from another State that its facts do not match the offence, or are speech. Returns the request's id.

    From then on whatever executes it, and a refusal of it, needs a rights check. It is local: nothing travels.
    Raises NotFoundError, NotPermittedError, DraftError.
    """
    case_id, request_id = await find_request(cw, reference)
    if not text.strip() or len(text) > LONGEST:
        problem = Problem("E-FIELD-MISSING", "reason", "Say in a sentence what does not fit.")
        raise DraftError(problem.code, "a flag needs its reason", "say what does not fit", (problem,))

    async def work(tx: AsyncConnection) -> None:
        case = await load_case(tx, cw, case_id)
        person = await officer_row(tx, officer)
        if case is None or person is None:
            raise NotFoundError(
                "E-NOT-FOUND", f"there is no case {case_id} or no officer {officer} here", "look at both"
            )
        if not {"answer", "review"} & set(json.loads(person.rights)) or person.locked_at is not None:
            raise NotPermittedError("E-RIGHT", f"{officer} has not the right to answer", "ask a colleague who has")
        if case.case.requests[request_id].sender == cw.state:
            raise NotPermittedError(
                "E-NOT-FOR-US", "this is an own request", "answer yes to the question on speech instead"
            )
        review_id = new_id(cw.random, now)
        values = {
            "id": review_id,
            "case_id": case_id,
            "request_id": request_id,
            "kind": FLAG,
            "reason": Reason.FLAG.value,
            "by_officer": officer,
            "at": now,
            "sealed": seal_at_rest(case.key, _rest_name(review_id), cbor.encode({"text": text.strip()}), cw.random(12)),
        }
        await insert_review(tx, values)
        await append(tx, journal, "flagged", request_id, None, now)

    await cw.db.write(work)
    cw.bell.ring("board", "case")
    return request_id


async def views(tx: AsyncConnection, cw: Casework, key: CaseKey, case_id: str) -> tuple[ReviewView, ...]:
    """Flags and checks of a case, as a person sees them, the oldest first."""
    return tuple(_view(cw, key, row) for row in await reviews_of_case(tx, case_id))


def _view(cw: Casework, key: CaseKey, row: Row[Any]) -> ReviewView:
    text, fields, holds = "", {}, True
    if row.kind == FLAG:
        content: Any = cbor.decode(open_at_rest(key, _rest_name(row.id), bytes(row.sealed)))
        text = str(content["text"])
    else:
        found = _verified(cw, key, row)
        holds = found is not None
        if found is not None:
            text, fields = found.text, dict(found.fields)
    return ReviewView(
        kind=row.kind,
        reason=row.reason,
        finding=row.verdict,
        text=text,
        by=row.by_officer,
        at=row.at,
        request=row.request_id,
        statement=row.statement_id,
        fields=fields,
        holds=holds,
    )


async def records(
    tx: AsyncConnection, cw: Casework, key: CaseKey, case_id: str
) -> Sequence[tuple[bytes, Sequence[bytes]]]:
    """(signed record, certificates) of every check of a case whose signature holds, for the State's own evidence."""
    found = []
    for row in await reviews_of_case(tx, case_id):
        if row.kind == CHECK and _verified(cw, key, row) is not None:
            content: Any = cbor.decode(open_at_rest(key, _rest_name(row.id), bytes(row.sealed)))
            found.append((bytes(content["signed"]), tuple(bytes(each) for each in content["certificates"])))
    return found
