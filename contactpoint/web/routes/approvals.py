"""Four eyes: what one officer has signed and a second must read and sign, or check for the rights of those concerned, or both."""

from __future__ import annotations

from fastapi import APIRouter, Response

from contactpoint.desk.errors import DeskError, DraftError, NotFoundError, SecretError
from contactpoint.desk.review import Check
from contactpoint.desk.views import Waiting
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.rights import Reason, right_for
from contactpoint.web.coded import title_of
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.reviews import read_check, words
from contactpoint.web.signing import signing_key
from contactpoint.web.summary import fields_of, summary
from contactpoint.web.visitor import Form, Officer, SignedIn

router = APIRouter()


@router.get("/approvals")
async def approvals(seen: SignedIn) -> Response:
    """Everything that waits for a second person."""
    board = await seen.desk.board(seen.officer.number, seen.now)
    return page(seen, "approvals.html", {"waiting": board.waiting, **words()})


async def _waiting(waiting: str, seen: Officer) -> Waiting:
    found = await seen.desk.waiting_letter(waiting)
    if found is not None and (found.state != "waiting" or found.until > seen.now):
        return found
    text = N_("Nothing waits for approval under this reference.")
    raise NotFoundError("E-UNKNOWN-CASE", text, N_("It may have been approved or have run out. Look at the board."))


def _may_approve(waiting: Waiting, seen: Officer) -> bool:
    return waiting.state == "waiting" and waiting.approver == seen.officer.number and not waiting.approved


def _may_check(waiting: Waiting, seen: Officer) -> bool:
    """Whether this officer may record the check that is due: not the author, and with the right that its reason asks for."""
    if waiting.state != "waiting" or not waiting.needs_review or waiting.reviewed:
        return False
    number = seen.officer.number
    named = waiting.reviewer in ("", number) and waiting.by != number
    return named and right_for(Reason(waiting.needs_review)) in seen.officer.rights


async def _draw(waiting: Waiting, seen: Officer, error: DeskError | None, check: Check | None = None) -> Response:
    catalogue = catalogues.load()
    context = {
        "waiting": waiting,
        "lines": summary(fields_of(waiting.kind, waiting.asked, catalogue), waiting.body),
        "error": error,
        "problems": error.problems if error else (),
        "ask_secret": await _asks_again(waiting, seen),
        "mine": waiting.by == seen.officer.number,
        "may_approve": _may_approve(waiting, seen),
        "may_check": _may_check(waiting, seen),
        "check": check or Check("", ""),
        **words(),
    }
    return page(seen, "approval.html", context, status=422 if error else 200)


async def _asks_again(waiting: Waiting, seen: Officer) -> bool:
    """Release of a U0 and disclosure ask for the secret again; so does a browser without a running shift."""
    return waiting.urgency == "U0" or waiting.kind not in catalogues.load() or await seen.key() is None


@router.get("/approvals/{waiting}")
async def approval_page(waiting: str, seen: SignedIn) -> Response:
    """The statement as it was signed, whole; its author finds here why it was stopped."""
    return await _draw(await _waiting(waiting, seen), seen, None)


@router.post("/approvals/{waiting}")
async def approve(waiting: str, form: Form, seen: SignedIn) -> Response:
    """Sign the same bytes as the first officer, record the rights check, or both in one act."""
    found = await _waiting(waiting, seen)
    check = read_check(form) if _may_check(found, seen) else None
    try:
        key = await signing_key(form, seen, again=await _asks_again(found, seen))
        if _may_check(found, seen) and not _may_approve(found, seen):
            submitted = await seen.desk.review(waiting, check or Check("", ""), key, seen.now)
        else:
            submitted = await seen.desk.approve(waiting, key, seen.now, check)
    except (SecretError, DraftError) as error:
        return await _draw(found, seen, error, check)
    title = title_of(found.kind, found.asked)
    return page(seen, "submitted.html", {"submitted": submitted, "kind": found.kind, "title": title})
