"""Shared threats: the list with its search, one threat with its indicators and sightings, its recall, and files of STIX 2.1."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError, SecretError
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.threats import threat_kind
from contactpoint.web.i18n import N_
from contactpoint.web.render import page
from contactpoint.web.signing import signing_key
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()

_STIX = "application/stix+json;version=2.1"
_LONGEST_SEARCH = 500

INDICATOR_TYPES = {
    "ip": N_("IP address"),
    "ipv6": N_("IP address"),
    "domain": N_("Domain"),
    "url": N_("Web address"),
    "email": N_("Mail address"),
    "hash": N_("Digest"),
    "other": N_("Other"),
}


@router.get("/threats")
async def threats(seen: SignedIn, q: str = "") -> Response:
    """The newest threats first; of a search, those that name it."""
    sought = q.strip()[:_LONGEST_SEARCH]
    found = await seen.desk.threats.listed(sought)
    context = {"threats": found, "sought": sought, "kind": threat_kind(catalogues.load()), "mark_words": _marks()}
    return page(seen, "threats.html", context)


def _marks() -> dict[str, str]:
    """What each mark asks, in words; the catalogue has them as choices of its list of marks."""
    lists = catalogues.load().lists.values()
    return {code: label for labels in lists for code, label in labels.items() if code.startswith(("HC-TLP", "HC-PAP"))}


@router.get("/threats/stix")
async def every_bundle(seen: SignedIn) -> Response:
    """All that may leave the console, as one bundle."""
    return _file(await seen.desk.threats.bundle(), "threats")


@router.get("/threats/{reference}")
async def threat(reference: str, seen: SignedIn) -> Response:
    """One threat, whole."""
    return await _draw(reference, seen)


async def _draw(reference: str, seen: Officer, error: DeskError | None = None, reason: str = "") -> Response:
    view = await seen.desk.threats.one(reference)
    context = {
        "view": view,
        "threat": view.threat,
        "types": INDICATOR_TYPES,
        "mark_words": _marks(),
        "error": error,
        "reason": reason,
        "ask_secret": await seen.key() is None,
        "secret_wrong": error if isinstance(error, SecretError) else None,
    }
    return page(seen, "threat.html", context, status=422 if error else 200)


@router.get("/threats/{reference}/stix")
async def bundle(reference: str, seen: SignedIn) -> Response:
    """One threat as STIX 2.1; refused where its mark keeps it in the console."""
    return _file(await seen.desk.threats.bundle(reference), reference)


def _file(text: str, name: str) -> Response:
    safe = "".join(each for each in name if each.isascii() and (each.isalnum() or each == "-"))[:64]
    headers = {"Content-Disposition": f'attachment; filename="{safe}.stix.json"'}
    return Response(text, media_type=_STIX, headers=headers)


@router.post("/threats/{reference}/recall")
async def recall(reference: str, form: Form, seen: SignedIn) -> Response:
    """Take an own threat back from every State that it went to."""
    reason = text(form, "reason")
    try:
        key = await signing_key(form, seen, again=False)
        await seen.desk.threats.recall(reference, reason, key, seen.now)
    except (DraftError, NotPermittedError, SecretError) as error:
        return await _draw(reference, seen, error, reason)
    view = await seen.desk.threats.one(reference)
    return RedirectResponse(f"/threats/{view.threat.request}", status_code=303)
