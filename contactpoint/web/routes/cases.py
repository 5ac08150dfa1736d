"""The case page, taking charge, answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from contactpoint.casework.consequences import is_override
from contactpoint.desk.climbing import ELSEWHERE
from contactpoint.desk.errors import DeskError, DraftError, SecretError
from contactpoint.desk.handover import AUTHORITY
from contactpoint.desk.policies import OtherWay
from contactpoint.desk.views import CaseView, Draft, RequestView
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Answer, Signers
from contactpoint.domain.catalogue.words import Consequence, FieldType
from contactpoint.domain.values import Side, Urgency
from contactpoint.web.coded import title_of
from contactpoint.web.conditions import accepted, asked_on_page, conditions
from contactpoint.web.forms import controls, labels, place, read_body
from contactpoint.web.ladder import rungs, rungs_of
from contactpoint.web.render import page
from contactpoint.web.reviews import with_known_numbers, words
from contactpoint.web.routes.instructions import beside, record_ticks
from contactpoint.web.routes.otherways import OUTCOMES, WAYS, another_way
from contactpoint.web.signing import approvers, signing_key
from contactpoint.web.summary import as_signed, fields_of, summary
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()


@router.get("/requests/{reference}")
async def by_reference(reference: str, seen: SignedIn) -> Response:
    """From any reference (id, label, own file number) to its place on the case page."""
    case, request = await seen.desk.find_request(reference)
    return RedirectResponse(f"/cases/{case}#request-{request}", status_code=303)


def _shown_to_a_person(request: Request) -> bool:
    """A browser that fetches ahead, or a page that refreshes itself with nobody before it, has shown nothing: no lying receipt."""
    return "prefetch" not in request.headers.get("sec-purpose", "") and "hx-request" not in request.headers


@router.get("/cases/{case}")
async def case_page(case: str, request: Request, seen: SignedIn) -> Response:
    """The whole case. A request, or the answer to an own one, that is shown here has been opened by this officer."""
    view = await seen.desk.case_view(case, seen.now)
    if _shown_to_a_person(request):
        for each in view.requests:
            if not each.incoming or not any(fact.level == "opened" for fact in each.facts):
                await seen.desk.opened(each.id, seen.officer.number, seen.now)
        view = await seen.desk.case_view(case, seen.now)
    tried = {each.id: await seen.desk.policies.other_ways(each.id) for each in view.requests}
    return page(seen, "case.html", case_context(view, tried) | {"has_key": await seen.key() is not None})


def case_context(view: CaseView, tried: Mapping[str, Sequence[OtherWay]]) -> dict[str, Any]:
    """What the case page needs: the ladder and summary of each request, the titles of what may be said now.

    ``tried``: the other ways that were tried, by request.
    """
    catalogue = catalogues.load()
    kinds = {each.id: each.kind for each in view.requests}
    shown = []
    for each in view.requests:
        opening = next((statement for statement in view.statements if statement.id == each.id), None)
        lines = summary(fields_of(each.kind, None, catalogue), opening.body) if opening else ()
        shown.append(
            {
                "request": each,
                "rungs": rungs(each),
                "tried": tried.get(each.id, ()),
                "another_way": another_way(each),
                "lines": lines,
                "letter": opening,
                "signed": as_signed(opening.body) if opening else (),
                "actions": actions(each, catalogue),
                "lacks": _lacking(each, catalogue),
                "order": each.incoming and each.kind in catalogue and catalogue[each.kind].domestic_order,
                "can_take": "ACKNOWLEDGED" in each.permitted,
                "conditions": conditions(each.conditions, catalogue),
            }
        )
    letters = []
    for statement in view.statements:
        asked = statement.asked or next((each for each in kinds.values() if _answers(statement.kind, each)), "")
        lines = summary(fields_of(statement.kind, asked, catalogue), statement.body)
        letters.append(
            {
                "statement": statement,
                "title": title_of(statement.kind, asked),
                "lines": lines,
                "signed": as_signed(statement.body),
                "rungs": rungs_of(statement.facts, ()),
                "opens": statement.id in kinds,
                "override": is_override(statement.body),
            }
        )
    return {"case": view, "requests": shown, "letters": letters, "ways": WAYS, "outcomes": OUTCOMES, **words()}


def _answers(kind: str, asked: str) -> bool:
    catalogue = catalogues.load()
    return asked in catalogue and catalogue[asked].offered(kind) is not None


def _lacking(request: RequestView, catalogue: catalogues.Catalogue) -> Sequence[str]:
    """The labels of what an incoming request lacks."""
    named = {}
    for field in fields_of(request.kind, None, catalogue):
        named[field.name] = field.label
        named |= {f"{field.name}.{inner.name}": inner.label for inner in field.fields}
    return [named.get(path, path) for path in request.lacks]


def actions(request: RequestView, catalogue: catalogues.Catalogue) -> Sequence[tuple[str, str]]:
    """(kind, address) of what this side may say now, except taking charge, which has its own button."""
    found = []
    peer = request.sender if request.incoming else request.recipient
    for kind in request.permitted:
        # What fits next stands by itself, with what the catalogue says of it; an answer that came another way has a form of its own.
        if kind in ("ACKNOWLEDGED", "ACK-DEGRADED", ELSEWHERE) or kind in {step.kind for step in request.next_steps}:
            continue
        if kind in catalogue:
            found.append(
                (
                    kind,
                    f"/new/{kind}?to={peer}&parent={request.id}&urgency={request.urgency}",
                )
            )
        else:
            found.append((kind, f"/requests/{request.id}/answers/{kind}"))
    return found


@router.post("/requests/{request_id}/acknowledge")
async def acknowledge(request_id: str, form: Form, seen: SignedIn) -> Response:
    """Take charge. Never fails for want of a key: then the station signs, and the page says so."""
    taken = await seen.desk.acknowledge(request_id, seen.officer.number, await seen.key(), seen.now)
    case, _ = await seen.desk.find_request(request_id)
    return page(seen, "taken.html", {"taken": taken, "case": case})


async def _answering(request_id: str, kind: str, seen: Officer) -> tuple[CaseView, RequestView, Answer]:
    case_id, full = await seen.desk.find_request(request_id)
    case = await seen.desk.case_view(case_id, seen.now)
    request = next(each for each in case.requests if each.id == full)
    catalogue = catalogues.load()
    if request.kind not in catalogue or kind not in {each.code for each in catalogue[request.kind].answers}:
        raise HTTPException(404)
    return case, request, await seen.desk.answer_form(full, kind)


def _two(kind: str, request: RequestView) -> bool:
    catalogue = catalogues.load()
    return catalogues.signers_needed(catalogue, kind, Urgency(request.urgency), request.kind) is Signers.TWO


@router.get("/requests/{request_id}/answers/{kind}")
async def answer_page(request_id: str, kind: str, seen: SignedIn) -> Response:
    """The answer's form, made from the catalogue."""
    return await _draw(request_id, kind, seen)


def _asking(answer: Answer, lacks: Sequence[str]) -> dict[str, Any] | None:
    """A question begins with the fields that the request lacks; the officer changes what is to be asked."""
    for field in answer.fields:
        if field.type is FieldType.FIELD_CODES and Side.ADDRESSEE in answer.by:
            known = {choice.code for choice in field.choices}
            return {field.name: [each if each in known else each.split(".")[0] for each in lacks]}
    return None


async def _draw(
    request_id: str,
    kind: str,
    seen: Officer,
    body: dict[str, Any] | None = None,
    approver: str = "",
    error: DeskError | None = None,
) -> Response:
    case, request, answer = await _answering(request_id, kind, seen)
    two = _two(kind, request)
    if body is None and request.lacks:
        body = _asking(answer, request.lacks)
    if body is None and answer.consequence is Consequence.HANDS_OVER:
        body = {AUTHORITY: await seen.desk.joint.authority(request.id, seen.now)}
    problems = place(error.problems, body or {}) if error else ()
    grounds = catalogues.load().all_grounds
    drawn = controls(answer.fields, seen.console.settings.zone, body, problems, any_of=answer.any_of, grounds=grounds)
    drawn = with_known_numbers(drawn, catalogues.load()[request.kind], answer, case.peer_phones)
    context = {
        "case": case,
        "request": request,
        "answer": answer,
        "fields": drawn,
        "terms_of": f"/{request.kind}",
        "labels": labels(drawn),
        "problems": problems,
        "error": error,
        "two": two,
        "approver": approver,
        "approvers": await approvers(seen) if two else (),
        "ask_secret": two or await seen.key() is None,
        "secret_wrong": isinstance(error, SecretError),
        **await beside(request.kind, request.id, seen),
        **asked_on_page(request, answer, drawn, catalogues.load()),
    }
    return page(seen, "answer.html", context, status=422 if error else 200)


@router.post("/requests/{request_id}/answers/{kind}")
async def answer(request_id: str, kind: str, form: Form, seen: SignedIn) -> Response:
    """Sign and send the answer, or hand it to a second officer where the catalogue asks for two."""
    _, request, chosen = await _answering(request_id, kind, seen)
    body = read_body(chosen.fields, form, seen.console.settings.zone) | accepted(chosen, form)
    approver = text(form, "approver")
    if await record_ticks(request.id, form, seen):
        return await _draw(request_id, kind, seen, body, approver)
    draft = Draft(kind, "", request.urgency, body, re=request.id, lang=seen.language, approver=approver or None)
    try:
        key = await signing_key(form, seen, again=_two(kind, request))
        submitted = await seen.desk.submit(draft, key, seen.now)
    except (DraftError, SecretError) as error:
        return await _draw(request_id, kind, seen, body, approver, error)
    return page(seen, "submitted.html", {"submitted": submitted, "kind": kind, "title": chosen.title})
