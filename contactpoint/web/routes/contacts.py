"""*My contacts*: where the signed-in officer is called, verified by a code, tested at any time; own order, delay and quiet hours.
Beside them the delivery log of each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from contactpoint.desk.errors import DeskError
from contactpoint.desk.notices import Sent
from contactpoint.domain.notices import LONGEST_DELAY_S, Rules
from contactpoint.domain.values import Urgency
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()

CHANNELS = {
    "console": N_("Console"),
    "smtp": N_("Mail"),
    "exec": N_("Own program (modem, siren)"),
    "webhook": N_("Own receiver (webhook)"),
    "sms": N_("Text message"),
    "voice": N_("Voice call"),
    "chat": N_("Chat"),
    "push": N_("Push message"),
}
STATES = {"verified": N_("Verified"), "expired": N_("Verify again"), "unverified": N_("Not verified")}
RESULTS = {
    "DELIVERED": N_("Handed over"),
    "FAILED": N_("Failed"),
    "UNKNOWN": N_("Unknown"),
    "": N_("Under way"),
}
PAGE_STATES = {
    "due": N_("Waits for its time"),
    "delivered": N_("Handed over"),
    "failed": N_("Failed"),
    "unknown": N_("Unknown"),
    "cancelled": N_("Stopped: somebody took charge"),
    "held-back": N_("Held back"),
}
_PLACES = 4
"""How many channels a person may put in order for one class on this page."""


@router.get("/contacts")
async def contacts(seen: SignedIn) -> Response:
    """The officer's own contacts, rules, and the newest notices."""
    return await _draw(seen)


async def _draw(
    seen: Officer, error: DeskError | None = None, given: Mapping[str, str] | None = None, sent: tuple[Sent, ...] = ()
) -> Response:
    view = await seen.desk.notices.own(seen.officer.number, seen.now)
    context = {
        "view": view,
        "error": error,
        "given": given or {},
        "sent": sent,
        "names": CHANNELS,
        "states": STATES,
        "results": RESULTS,
        "rows": _rows(view.rules),
        "channels": ("console", *view.channels),
        "longest": LONGEST_DELAY_S,
    }
    return page(seen, "contacts.html", context, status=422 if error else 200)


def _rows(rules: Rules) -> list[tuple[str, list[tuple[str, str]]]]:
    """By class, the places of the form: channel and seconds."""
    found = []
    for urgency in Urgency:
        turns = [(turn.channel, str(turn.delay_s)) for turn in rules.turns.get(urgency, ())][:_PLACES]
        found.append((urgency.value, turns + [("", "")] * (_PLACES - len(turns))))
    return found


@router.post("/contacts/add")
async def add(form: Form, seen: SignedIn) -> Response:
    """Add an address; it counts once its code came back."""
    channel, address = text(form, "channel"), text(form, "address")
    try:
        await seen.desk.notices.add(seen.officer.number, channel, address, seen.now)
    except DeskError as error:
        return await _draw(seen, error, {"channel": channel, "address": address})
    return _back()


@router.post("/contacts/{contact}/code")
async def code(contact: str, form: Form, seen: SignedIn) -> Response:
    """Send a code there."""
    try:
        sent = await seen.desk.notices.send_code(seen.officer.number, contact, seen.now)
    except DeskError as error:
        return await _draw(seen, error)
    return await _draw(seen, sent=(sent,))


@router.post("/contacts/{contact}/verify")
async def verify(contact: str, form: Form, seen: SignedIn) -> Response:
    """Type the code back."""
    try:
        await seen.desk.notices.verify(seen.officer.number, contact, text(form, "code")[:32], seen.now)
    except DeskError as error:
        return await _draw(seen, error)
    return _back()


@router.post("/contacts/{contact}/first")
async def first(contact: str, form: Form, seen: SignedIn) -> Response:
    """Put it before the others."""
    return await _do(seen, seen.desk.notices.first(seen.officer.number, contact, seen.now))


@router.post("/contacts/{contact}/remove")
async def remove(contact: str, form: Form, seen: SignedIn) -> Response:
    """Nothing goes there any more."""
    return await _do(seen, seen.desk.notices.remove(seen.officer.number, contact, seen.now))


async def _do(seen: Officer, act: Any) -> Response:
    try:
        await act
    except DeskError as error:
        return await _draw(seen, error)
    return _back()


@router.post("/contacts/test")
async def test(form: Form, seen: SignedIn) -> Response:
    """A test to every contact now; the page says what became of each."""
    try:
        sent = await seen.desk.notices.test(seen.officer.number, "", seen.now)
    except DeskError as error:
        return await _draw(seen, error)
    return await _draw(seen, sent=sent)


@router.post("/contacts/rules")
async def rules(form: Form, seen: SignedIn) -> Response:
    """Save order, delay and quiet hours."""
    try:
        await seen.desk.notices.set_rules(seen.officer.number, _plain(form), seen.now)
    except DeskError as error:
        return await _draw(seen, error)
    return _back()


def _plain(form: FormData) -> dict[str, Any]:
    """The form as the plain rules; what is no number stays text, and is refused by the check of the rules."""
    turns: dict[str, list[list[Any]]] = {}
    for urgency in Urgency:
        for place in range(_PLACES):
            channel = text(form, f"{urgency.value}-{place}-channel")
            delay = text(form, f"{urgency.value}-{place}-delay") or "0"
            if channel:
                number: int | str = int(delay) if delay.isascii() and delay.isdecimal() and len(delay) < 6 else delay
                turns.setdefault(urgency.value, []).append([channel, number])
    start, end = text(form, "quiet_from"), text(form, "quiet_until")
    quiet = [start, end] if start or end else None
    return {"turns": turns, "quiet": quiet, "zone": text(form, "zone")}


@router.get("/requests/{reference}/notices")
async def notices(reference: str, seen: SignedIn) -> Response:
    """The delivery log of one request: who was called, by what, and what became of each attempt."""
    case, request = await seen.desk.find_request(reference)
    context = {
        "case": case,
        "pages": await seen.desk.pages(request),
        "names": CHANNELS,
        "results": RESULTS,
        "page_states": PAGE_STATES,
    }
    return page(seen, "notices.html", context)


def _back() -> Response:
    return RedirectResponse("/contacts", status_code=303)
