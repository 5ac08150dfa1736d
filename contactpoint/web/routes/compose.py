"""A new request: choose the type, fill the catalogue's form, check, sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from contactpoint.desk.errors import DeskError, DraftError, NotFoundError, SecretError, UnreachablePeerError
from contactpoint.desk.ports import OfficerKey
from contactpoint.desk.several import ALL
from contactpoint.desk.views import ContactView, Draft
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Audience, Entry, Problem, Signers
from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import Urgency
from contactpoint.web.findings import sorted_out
from contactpoint.web.forms import Control, controls, labels, place, read_body, unanswered
from contactpoint.web.i18n import N_, translations
from contactpoint.web.labels import GROUPS, WORDS
from contactpoint.web.render import page
from contactpoint.web.signing import approvers, signing_key
from contactpoint.web.subsets import divided, read_subsets, rows
from contactpoint.web.summary import summary
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()
HEAD_LABELS = {"to": N_("State that you ask"), "urgency": N_("Urgency"), "approver": N_("Second officer")}


@router.get("/new")
async def choose(seen: SignedIn, to: str = "", q: str = "") -> Response:
    """One question: what do you need. Only what begins something of its own; the rest is offered on the case page."""
    words = translations(seen.language).gettext
    entries = [entry for entry in catalogues.load().entries.values() if entry.opens.may_open_case]
    fitting = [entry for entry in entries if _fits(entry, q, words)]
    headings = [(words(name), [each for each in fitting if each.group == group]) for group, name in GROUPS.items()]
    context = {"headings": [each for each in headings if each[1]], "to": to, "q": q, "found": len(fitting)}
    return page(seen, "new_choose.html", context)


def _fits(entry: Entry, wanted: str, words: Callable[[str], str]) -> bool:
    """Whether each word wanted stands in what the page says of the type, in the reader's language or in English, or in its fields."""
    told = (entry.title, entry.summary, GROUPS.get(entry.group, ""), *(field.label for field in entry.fields))
    text = " ".join((entry.code, entry.article, *told, *map(words, filter(None, told)))).casefold()
    return all(word in text for word in wanted.casefold()[:100].split())


def _entry(kind: str) -> Entry:
    catalogue = catalogues.load()
    if kind not in catalogue:
        raise HTTPException(404)
    return catalogue[kind]


@router.get("/new/{kind}")
async def form_page(kind: str, seen: SignedIn, to: str = "", parent: str = "", urgency: str = "") -> Response:
    """The form of this type: empty, or begun with what stands on the request that it follows."""
    entry = _entry(kind)
    only = entry.urgencies[0].value if len(entry.urgencies) == 1 else urgency
    draft = Draft(kind, to, only, {}, parent or None)
    if parent:
        begun = await seen.desk.joint.prefilled(parent, kind, seen.now)
        draft = replace(begun, recipient=to or begun.recipient, urgency=only or begun.urgency)
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
    try:
        key = await signing_key(form, seen, again=draft.urgency == "U0")
        return await _submit(entry, draft, key, seen)
    except SecretError as error:
        return await _draw_check(entry, draft, form, seen, problems, error)
    except (DraftError, UnreachablePeerError) as error:
        return await _draw(entry, draft, seen, error.problems, error)


async def _submit(entry: Entry, draft: Draft, key: OfficerKey, seen: Officer) -> Response:
    if draft.recipients:
        spread = await seen.desk.joint.submit(draft, key, seen.now)
        return page(seen, "submitted_several.html", {"spread": spread, "kind": entry.code, "title": entry.title})
    submitted = await seen.desk.submit(draft, key, seen.now)
    return page(seen, "submitted.html", {"submitted": submitted, "kind": entry.code, "title": entry.title})


def _read(form: FormData, entry: Entry, seen: Officer) -> Draft:
    to = [each for each in dict.fromkeys(form.getlist("to")) if isinstance(each, str) and each]
    several = len(to) > 1 or to == [ALL]
    parts = read_subsets(form, entry, to)
    # A part for the only State is its content: it must not get the common one instead.
    alone = {} if several else parts.get("".join(to), {})
    return Draft(
        kind=entry.code,
        recipient=" ".join(to) if several else "".join(to),
        recipients=tuple(to) if several else (),
        urgency=text(form, "urgency"),
        body={**read_body(entry.fields, form, seen.console.settings.zone), **alone},
        parent=text(form, "parent") or None,
        lang=seen.language,
        approver=text(form, "approver") or None,
        own_reference=text(form, "own_reference")[:80],
        subsets=parts if several else {},
    )


async def _check(entry: Entry, draft: Draft, seen: Officer) -> tuple[Problem, ...]:
    """The catalogue's own check, and the three questions that stand above every form."""
    found: list[Problem] = []
    named = [state for state in (draft.recipients or (draft.recipient,)) if state != ALL]
    unknown = [state for state in named if await _card(state, seen) is None]
    # A form that was changed by hand may not send to several what the catalogue sends to one.
    if unknown or (draft.recipients and (entry.audience is Audience.ONE or draft.parent)):
        found.append(Problem("E-FIELD-MISSING", "to", N_("Choose the State that you ask.")))
    if draft.urgency not in {each.value for each in entry.urgencies}:
        found.append(Problem("E-URGENCY", "urgency", N_("Choose how urgent it is.")))
    elif _two(entry, draft.urgency) and draft.approver not in {each.number for each in await approvers(seen)}:
        found.append(Problem("E-SIGNERS", "approver", N_("Choose the second officer who will approve.")))
    found += unanswered(entry.fields, draft.body)
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
    fields = _controls(entry, draft.body, problems, seen)
    context = {
        "entry": entry,
        "draft": draft,
        "terms_of": f"/{entry.code}",
        "asked": [each for each in fields if each.main and not each.foldable],
        "parts": [each for each in fields if each.foldable],
        "more": [each for each in fields if not (each.main or each.foldable)],
        "labels": labels(fields) | HEAD_LABELS,
        "head_problems": {each.field: each for each in problems if each.field in ("to", "urgency", "approver")},
        "problems": problems,
        "error": error,
        "states": [each for each in view.states if each.state != seen.desk.state],
        "approvers": await approvers(seen),
        "two": {each.value: _two(entry, each.value) for each in entry.urgencies},
        # Where the text says no more than the class's own name, the name is enough.
        "reasons": {
            each.value: words for each, words in entry.urgency_texts.items() if words.rstrip(".") != WORDS[each]
        },
        "several": entry.audience is not Audience.ONE and not draft.parent,
        "chosen": draft.recipients or (draft.recipient,),
        "all": ALL if entry.audience is Audience.ALL else "",
        "part": divided(entry) if not draft.parent else None,
        "rows": rows(draft, entry),
    }
    return page(seen, "new_form.html", context, status=422 if problems or error else 200)


def _controls(entry: Entry, body: Mapping[str, Any], problems: Sequence[Problem], seen: Officer) -> tuple[Control, ...]:
    zone, grounds = seen.console.settings.zone, catalogues.load().all_grounds
    return controls(entry.fields, zone, body, problems, any_of=entry.any_of, specific=entry.specific, grounds=grounds)


async def _draw_check(
    entry: Entry, draft: Draft, form: FormData, seen: Officer, warnings: Sequence[Problem], error: DeskError | None
) -> Response:
    standing, warns, tells = sorted_out(await seen.desk.precheck(draft, seen.now), warnings)
    context: dict[str, Any] = {
        "entry": entry,
        "draft": draft,
        "terms_of": f"/{entry.code}",
        "lines": summary(entry.fields, draft.body),
        "part": divided(entry),
        "card": None if draft.recipients else await _card(draft.recipient, seen),
        "carried": [(name, value) for name, value in form.multi_items() if name not in ("csrf", "stage", "secret")],
        "two": _two(entry, draft.urgency),
        "ask_secret": draft.urgency == "U0" or await seen.key() is None,
        "error": error,
        "warnings": place(standing, draft.body),
        "warns": warns,
        "tells": tells,
        "labels": labels(_controls(entry, {}, (), seen)),
    }
    return page(seen, "new_check.html", context, status=422 if error else 200)
