"""The feed of threats for the State's own tools: `GET /feed/threats`, with a key of its own and an opaque cursor.

One JSON object a line (``application/x-ndjson``), each with the cursor to go on from; with ``format=stix`` one bundle of STIX 2.1.
The answer's ``X-Next-Cursor`` is where to go on in any case, ``X-More`` says that something is there already. No session, no cookie.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from contactpoint.desk.errors import DeskError, DraftError
from contactpoint.desk.feed import FeedEntry, FeedPage
from contactpoint.desk.stix import write_bundle
from contactpoint.domain.threats import pap_of, tlp_of
from contactpoint.domain.values import spell_instant
from contactpoint.web.problems import Problem, problem_json
from contactpoint.web.visitor import console_of

router = APIRouter()


@router.get("/feed/threats")
async def feed(request: Request, after: str = "", format: str = "lines") -> Response:
    """What was shared and recalled since the cursor, in order; the same question gives the same order."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        found = await console_of(request).desk.threats.feed(token.strip() if scheme.lower() == "bearer" else "", after)
        body, media = _stix(found) if format == "stix" else _lines(found)
    except DeskError as error:
        return _refused(error)
    headers = {"X-Next-Cursor": found.cursor, "X-More": "true" if found.more else "false"}
    return Response(body, media_type=media, headers=headers)


def _refused(error: DeskError) -> Response:
    missing = error.code == "E-API-KEY"
    status = 401 if missing else 400 if isinstance(error, DraftError) else 403
    answer = problem_json(Problem(status, error.code, error.text, error.what_to_do))
    if missing:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _stix(found: FeedPage) -> tuple[str, str]:
    """A threat that was shared and recalled in one answer stands there once, recalled: the object is a version of itself."""
    threats = {entry.threat.request: entry.threat for entry in found.entries}
    return write_bundle(threats.values()), "application/stix+json;version=2.1"


def _lines(found: FeedPage) -> tuple[str, str]:
    text = "".join(f"{json.dumps(_line(entry), ensure_ascii=True, sort_keys=True)}\n" for entry in found.entries)
    return text, "application/x-ndjson"


def _line(entry: FeedEntry) -> dict[str, Any]:
    threat = entry.threat
    return {
        "cursor": entry.cursor,
        "entry": "recalled" if entry.recall else "shared",
        "id": threat.request,
        "digest": threat.digest.hex(),
        "from": str(threat.sender),
        "at": spell_instant(threat.at),
        "tlp": tlp_of(threat.tlp).name,
        "pap": pap_of(threat.pap).name,
        "method": threat.method,
        "indicators": [
            {"type": each.type.value, "value": each.value} | ({"algorithm": each.algorithm} if each.algorithm else {})
            for each in threat.indicators
        ],
        "recalled_at": _instant(threat.recalled_at),
        "sightings": sum(each.count for each in threat.sightings),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else spell_instant(at)
