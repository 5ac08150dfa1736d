"""A new request: choose the type, fill the catalogue's form, check, sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from contactpoint.desk.errors import DeskError, DraftError, NotFoundError, SecretError, UnreachablePeerError
from contactpoint.desk.views import ContactView, Draft
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Entry, Opens, Problem, Signers
from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import Urgency
from contactpoint.web.findings import sorted_out
from contactpoint.web.forms import controls, labels, place, read_body
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import approvers, signing_key
from contactpoint.web.summary import summary
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()
HEAD_LABELS = {"to": N_("State that you ask"), "urgency": N_("Urgency"), "approver": N_("Second officer")}


@router.get("/new")
async def choose(seen: SignedIn, to: str = "") -> Response:
    """One question: what do you need. Only what begins something of its own; the rest is offered on the case page."""
    entries = [entry for entry in catalogues.load().entries.values() if entry.opens is Opens.CASE]
    return page(seen, "new_choose.html", {"entries": entries, "to": to})


def _entry(kind: str) -> Entry:
    catalogue = catalogues.load()
    if kind not in catalogue:
        raise HTTPException(404)
    return catalogue[kind]


@router.get("/new/{kind}")
async def form_page(kind: str, seen: SignedIn, to: str = "", parent: str = "", urgency: str = "") -> Response:
    """The form of this type, empty."""
    entry = _entry(kind)
    only = entry.urgencies[0].value if len(entry.urgencies) == 1 else urgency
    draft = Draft(kind, to, only, {}, parent or None)
    return await _draw(entry, draft, seen, (), None)


@router.post("/new/{kind}")
async def send(kind: str, form: Form, seen: SignedIn) -> Response:
    """Three stages of one form: ``edit`` draws it again, ``check`` shows what will be signed, ``sign`` signs it."""
    entry = _entry(kind)
    draft = _read(form, entry, seen)
    stage = text(form, "stage")
    if stage == "edit":
        return await _draw(entry, draft, seen, (), None)
    problems = await _check(entry, draft, seen)
    if any(each.blocks for each in problems):
        return await _draw(entry, draft, seen, problems, None)
    if stage != "sign":
        return await _draw_check(entry, draft, form, seen, problems, None)
    two = _two(entry, draft.urgency)
    try:
        key = await signing_key(form, seen, again=draft.urgency == "U0")
        submitted = await seen.desk.submit(draft, key, seen.now)
    except SecretError as error:
        return await _draw_check(entry, draft, form, seen, problems, error)
    except (DraftError, UnreachablePeerError) as error:
        return await _draw(entry, draft, seen, error.problems, error)
    return page(seen, "submitted.html", {"submitted": submitted, "kind": kind, "title": entry.title, "two": two})


def _read(form: FormData, entry: Entry, seen: Officer) -> Draft:
    return Draft(
        kind=entry.code,
        recipient=text(form, "to"),
        urgency=text(form, "urgency"),
        body=read_body(entry.fields, form, seen.console.settings.zone),
        parent=text(form, "parent") or None,
        lang=seen.language,
        approver=text(form, "approver") or None,
        own_reference=text(form, "own_reference")[:80],
    )


async def _check(entry: Entry, draft: Draft, seen: Officer) -> tuple[Problem, ...]:
    """The catalogue's own check, and the three questions that stand above every form."""
    found: list[Problem] = []
    if await _card(draft.recipient, seen) is None:
        found.append(Problem("E-FIELD-MISSING", "to", N_("Choose the State that you ask.")))
    if draft.urgency not in {each.value for each in entry.urgencies}:
        found.append(Problem("E-URGENCY", "urgency", N_("Choose how urgent it is.")))
    elif _two(entry, draft.urgency) and draft.approver not in {each.number for each in await approvers(seen)}:
        found.append(Problem("E-SIGNERS", "approver", N_("Choose the second officer who will approve.")))
    return (*found, *catalogues.check_body(entry, draft.body, seen.now))


def _two(entry: Entry, urgency: str) -> bool:
    try:
        return entry.signers.get(Urgency(urgency)) is Signers.TWO
    except ValueError:
        return False


async def _card(state: str, seen: Officer) -> ContactView | None:
    if not state:
        return None
    try:
        return await seen.desk.contact(state, seen.now)
    except (NotFoundError, DomainError):
        return None


async def _draw(
    entry: Entry, draft: Draft, seen: Officer, problems: Sequence[Problem], error: DeskError | None
) -> Response:
    view = await seen.desk.directory(seen.now)
    problems = place(problems, draft.body)
    fields = controls(entry.fields, seen.console.settings.zone, draft.body, problems)
    context = {
        "entry": entry,
        "draft": draft,
        "asked": [each for each in fields if each.required or each.children],
        "more": [each for each in fields if not each.required and not each.children],
        "labels": labels(fields) | HEAD_LABELS,
        "head_problems": {each.field: each for each in problems if each.field in ("to", "urgency", "approver")},
        "problems": problems,
        "error": error,
        "states": [each for each in view.states if each.state != seen.desk.state],
        "approvers": await approvers(seen),
        "two": {each.value: _two(entry, each.value) for each in entry.urgencies},
    }
    return page(seen, "new_form.html", context, status=422 if problems or error else 200)


async def _draw_check(
    entry: Entry, draft: Draft, form: FormData, seen: Officer, warnings: Sequence[Problem], error: DeskError | None
) -> Response:
    standing, warns, tells = sorted_out(await seen.desk.precheck(draft, seen.now), warnings)
    context: dict[str, Any] = {
        "entry": entry,
        "draft": draft,
        "lines": summary(entry.fields, draft.body),
        "card": await _card(draft.recipient, seen),
        "carried": [(name, value) for name, value in form.multi_items() if name not in ("csrf", "stage", "secret")],
        "two": _two(entry, draft.urgency),
        "ask_secret": draft.urgency == "U0" or await seen.key() is None,
        "error": error,
        "warnings": place(standing, draft.body),
        "warns": warns,
        "tells": tells,
        "labels": labels(controls(entry.fields, seen.console.settings.zone)),
    }
    return page(seen, "new_check.html", context, status=422 if error else 200)
