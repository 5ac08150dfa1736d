"""Hand-over to the authority that decides (Article 41(4)): a word that both sides see, with the authority's name from the own card."""

from __future__ import annotations

from datetime import datetime

from contactpoint.casework.context import Casework
from contactpoint.desk.compose import submit
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Signer, open_case
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.case import Case, Request
from contactpoint.domain.catalogue.model import Answer, Catalogue, Entry
from contactpoint.domain.catalogue.words import Consequence

AUTHORITY = "authority"
"""The field of a hand-over that names who has it now."""
_CENTRAL = "central"
_LONGEST_NAME = 200


def handing_answer(entry: Entry) -> Answer | None:
    """The answer with which a request of this type is handed over, where it has one."""
    return next((answer for answer in entry.answers if answer.consequence is Consequence.HANDS_OVER), None)


def with_authority(catalogue: Catalogue, case: Case, request: Request) -> str:
    """Which authority has an open request now, by the addressee's last hand-over; empty when none has."""
    answer = handing_answer(catalogue[request.kind])
    if answer is None or request.status.final:
        return ""
    for statement in reversed(case.halves.get(request.recipient, ())):
        if statement.kind == answer.code and statement.re == request.digest:
            name = statement.body.get(AUTHORITY)
            # One line, and no long one: another State wrote it, and it stands on the board beside lines of ours.
            line = " ".join(name.split())[:_LONGEST_NAME] if isinstance(name, str) else ""
            return line or answer.title
    return ""


def own_authority(cw: Casework, entry: Entry) -> str:
    """The name on the own card of the authority that decides this type; the central authority where the type names none."""
    contact = cw.register.contact(cw.state)
    card = None if contact is None or contact.card is None else contact.card.public
    role = entry.authority or _CENTRAL
    return next((each.name for each in card.authorities if each.role == role), "") if card else ""


async def hand_over(cw: Casework, reference: str, authority: str, officer: Signer, now: datetime) -> Submitted:
    """Hand a request to the authority that decides it; ``authority`` is its name, "" for the one on the own card.

    Raises NotPermittedError where the type cannot be handed over now, DraftError where no authority is known, NotFoundError.
    """
    case_id, request_id = await find_request(cw, reference)
    request = (await open_case(cw, case_id)).case.requests[request_id]
    entry = cw.catalogue[request.kind]
    answer = handing_answer(entry)
    if answer is None:
        raise NotPermittedError("E-MOVE-ILLEGAL", f"{request.kind} is not handed over", "answer it from this desk")
    name = authority.strip() or own_authority(cw, entry)
    if not name:
        raise DraftError(
            "E-FIELD-MISSING",
            f"the own card names no {entry.authority or _CENTRAL} authority",
            "give its name with --authority, and ask the keeper of the card to add it",
        )
    draft = Draft(answer.code, "", request.urgency.value, {AUTHORITY: name}, re=request.id)
    return await submit(cw, draft, officer, now)
