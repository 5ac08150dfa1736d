"""Find a request by what a person has at hand: its id or the beginning of it, its local label, the case's id or own file number."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotFoundError
from contactpoint.store.rows_cases import cases_by_reference
from contactpoint.store.rows_requests import requests_like, requests_of_case


async def find_request(cw: Casework, reference: str) -> tuple[str, str]:
    """(case id, request id). Raises NotFoundError when nothing or more than one thing is meant."""
    found = await cw.db.read(lambda tx: _find(tx, reference))
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError("E-AMBIGUOUS", f"{reference} could be several requests", "give more of its id")
    raise NotFoundError("E-NOT-FOUND", f"there is no request {reference} here", "run `contactpoint inbox`")


async def _find(tx: AsyncConnection, reference: str) -> list[tuple[str, str]]:
    rows = await requests_like(tx, reference)
    exact = [row for row in rows if row.id == reference]
    if exact or rows:
        return [(row.case_id, row.id) for row in (exact or rows)]
    cases = await cases_by_reference(tx, reference)
    if len(cases) > 1:
        return [(case, "") for case in cases]
    rows = [row for case in cases for row in await requests_of_case(tx, case)][:1]
    return [(row.case_id, row.id) for row in rows]
