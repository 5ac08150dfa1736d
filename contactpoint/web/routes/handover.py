"""Hand over: the end of a shift, read out by one officer, accepted by the next, signed by both. Works without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError, SecretError
from contactpoint.desk.shift_views import HandoverView
from contactpoint.desk.views import OfficerView
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()
STATES = {
    "offered": N_("Waits for the next officer"),
    "accepted": N_("Accepted: each case taken has a new holder"),
    "refused": N_("Refused: every case stays where it was"),
    "withdrawn": N_("Taken back"),
    "void": N_("Ended: one of its officers was locked"),
    "lapsed": N_("Lapsed: read the cases out anew"),
}
_NOBODY = N_("Choose who takes the cases.")
_NOTHING = N_("Choose at least one case.")
_LOOK = N_("Look at the board, then offer again.")


@router.get("/hand-over")
async def hand_over_page(seen: SignedIn) -> Response:
    """What I have open, and to whom I may offer it; below, what was handed over."""
    return await _draw(seen, None)


@router.post("/hand-over")
async def offer(form: Form, seen: SignedIn) -> Response:
    """Sign the offer; nothing moves yet."""
    chosen = [each for each in form.getlist("case") if isinstance(each, str)]
    taker = text(form, "to")
    try:
        if not taker:
            raise DraftError("E-FIELD-MISSING", _NOBODY, _LOOK)
        if not chosen and await seen.desk.shift.open_cases(seen.officer.number, seen.now):
            # An empty list says that nothing was open, and something is.
            raise DraftError("E-FIELD-MISSING", _NOTHING, _LOOK)
        key = await signing_key(form, seen, again=False)
        made = await seen.desk.shift.offer(taker, chosen, key, seen.now)
    except (SecretError, DraftError, NotPermittedError) as error:
        return await _draw(seen, error, taker, chosen)
    return RedirectResponse(f"/hand-over/{made.id}", status_code=303)


@router.get("/hand-over/{handover}")
async def one_page(handover: str, seen: SignedIn) -> Response:
    """One hand-over: what was read out, and who has each case now."""
    return await _draw_one(await seen.desk.shift.shown(handover, seen.now), seen, None)


@router.post("/hand-over/{handover}")
async def accept(handover: str, form: Form, seen: SignedIn) -> Response:
    """Countersign: the ticked cases are mine from now on, the others stay where they are."""
    found = await seen.desk.shift.shown(handover, seen.now)
    ticked = {each for each in form.getlist("take") if isinstance(each, str)}
    refused = [line.request for line in found.lines if line.request not in ticked]
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.shift.accept(handover, refused, key, seen.now)
    except (SecretError, NotPermittedError) as error:
        return await _draw_one(await seen.desk.shift.shown(handover, seen.now), seen, error, ticked)
    return RedirectResponse(f"/hand-over/{handover}", status_code=303)


@router.post("/hand-over/{handover}/withdraw")
async def withdraw(handover: str, form: Form, seen: SignedIn) -> Response:
    """Take one's own offer back."""
    await seen.desk.shift.withdraw(handover, seen.officer.number, seen.now)
    return RedirectResponse(f"/hand-over/{handover}", status_code=303)


async def _takers(seen: Officer) -> tuple[OfficerView, ...]:
    everyone = await seen.desk.officers(seen.now)
    return tuple(
        each for each in everyone if "answer" in each.rights and each.number != seen.officer.number and not each.locked
    )


async def _draw(seen: Officer, error: DeskError | None, taker: str = "", chosen: list[str] | None = None) -> Response:
    lines = await seen.desk.shift.open_cases(seen.officer.number, seen.now)
    context = {
        "lines": lines,
        "takers": await _takers(seen),
        "taker": taker,
        "chosen": [line.request for line in lines] if chosen is None else chosen,
        "handovers": await seen.desk.shift.listed("", seen.now),
        "states": STATES,
        "error": error,
        "ask_secret": await seen.key() is None,
    }
    return page(seen, "hand_over.html", context, status=422 if error else 200)


async def _draw_one(
    found: HandoverView, seen: Officer, error: DeskError | None, ticked: set[str] | None = None
) -> Response:
    context = {
        "handover": found,
        "states": STATES,
        "may_accept": found.state == "offered" and found.holds and found.taker == seen.officer.number,
        "may_withdraw": found.state == "offered" and found.giver == seen.officer.number,
        "ticked": {line.request for line in found.lines} if ticked is None else ticked,
        "error": error,
        "ask_secret": await seen.key() is None,
    }
    return page(seen, "hand_over_one.html", context, status=422 if error else 200)
