"""Four eyes: what one officer has signed and a second must read and sign."""

from __future__ import annotations

from fastapi import APIRouter, Response

from contactpoint.desk.errors import DeskError, NotFoundError, SecretError
from contactpoint.desk.views import Waiting
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Field
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.routes.cases import titles
from contactpoint.web.signing import signing_key
from contactpoint.web.summary import summary
from contactpoint.web.visitor import Form, Officer, SignedIn

router = APIRouter()


@router.get("/approvals")
async def approvals(seen: SignedIn) -> Response:
    """Everything that waits for a second officer."""
    board = await seen.desk.board(seen.officer.number, seen.now)
    return page(seen, "approvals.html", {"waiting": board.waiting, "titles": titles(catalogues.load())})


async def _waiting(waiting: str, seen: Officer) -> Waiting:
    board = await seen.desk.board(seen.officer.number, seen.now)
    for each in board.waiting:
        if each.id == waiting:
            return each
    text = N_("Nothing waits for approval under this reference.")
    raise NotFoundError("E-UNKNOWN-CASE", text, N_("It may have been approved or have run out. Look at the board."))


async def _draw(waiting: Waiting, seen: Officer, error: DeskError | None) -> Response:
    catalogue = catalogues.load()
    context = {
        "waiting": waiting,
        "lines": summary(_fields(waiting.kind, catalogue), waiting.body),
        "titles": titles(catalogue),
        "error": error,
        "ask_secret": await _asks_again(waiting, seen),
        "mine": waiting.by == seen.officer.number,
    }
    return page(seen, "approval.html", context, status=422 if error else 200)


def _fields(kind: str, catalogue: catalogues.Catalogue) -> tuple[Field, ...]:
    if kind in catalogue:
        return catalogue[kind].fields
    offered = (answer for entry in catalogue.entries.values() for answer in entry.answers if answer.code == kind)
    found = next(offered, None)
    return found.fields if found else ()


async def _asks_again(waiting: Waiting, seen: Officer) -> bool:
    """Release of a U0 and disclosure ask for the secret again; so does a browser without a running shift."""
    return waiting.urgency == "U0" or waiting.kind not in catalogues.load() or await seen.key() is None


@router.get("/approvals/{waiting}")
async def approval_page(waiting: str, seen: SignedIn) -> Response:
    """The statement as it will be signed, whole."""
    return await _draw(await _waiting(waiting, seen), seen, None)


@router.post("/approvals/{waiting}")
async def approve(waiting: str, form: Form, seen: SignedIn) -> Response:
    """Sign the same bytes as the first officer."""
    found = await _waiting(waiting, seen)
    try:
        key = await signing_key(form, seen, again=await _asks_again(found, seen))
        submitted = await seen.desk.approve(waiting, key, seen.now)
    except SecretError as error:
        return await _draw(found, seen, error)
    title = titles(catalogues.load()).get(found.kind, found.kind)
    return page(seen, "submitted.html", {"submitted": submitted, "kind": found.kind, "title": title})
