"""Pre-checks of a draft: pictures of both States from the copy of the register, own requests that look alike, and the form's problems.

Nothing is asked of anybody and nothing is recorded: an officer may look as often as needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import KeptLetter, OpenCase, load_case, rest_name
from contactpoint.casework.context import Casework
from contactpoint.casework.register import Register
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.find import find_request
from contactpoint.desk.views import Draft
from contactpoint.domain.catalogue import FieldType, Opens, check_body
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.precheck import Finding, Severity, Twin, findings_of, open_grounds, pre_checks, same_matter
from contactpoint.domain.statepicture import Accepts, Body, Does, Law, OwnOffence, StatePicture
from contactpoint.store.rows_alike import newest_letters
from contactpoint.store.rows_requests import request_row
from directory.card import LegalCard, PublicCard
from keys.custody import open_at_rest, open_case_key

LOOKED_AT = 200
"""How many of the newest own requests are unsealed to find one about the same matter."""
_TOLD_AT_MOST, _STATES_AT_MOST = 3, 20


async def check_draft(cw: Casework, draft: Draft, now: datetime) -> tuple[Finding, ...]:
    """What stops the draft, what warns, and what is good to know, in this order. Empty for a kind that the catalogue has not.

    Raises NotFoundError when the draft names a parent that is not here.
    """
    entry = cw.catalogue.entries.get(draft.kind)
    if entry is None:
        return ()
    formal = findings_of(check_body(entry, draft.body, now))
    case, peers = await _peers(cw, draft)
    own = picture(cw.register, cw.state)
    found: list[Finding] = []
    if entry.opens is not Opens.MOVE:
        found += await _alike(cw, draft, case)
    for peer in peers[:_STATES_AT_MOST]:
        told = pre_checks(entry, draft.body, draft.urgency, draft.lang, own, picture(cw.register, peer), now)
        found += [finding for finding in told if finding not in found]
    said = {finding.code for finding in found}
    mixed = [each for each in formal if each.severity is Severity.BLOCKS or each.code not in said] + found
    return tuple(sorted(mixed, key=lambda finding: list(Severity).index(finding.severity)))


async def _peers(cw: Casework, draft: Draft) -> tuple[str, tuple[str, ...]]:
    """The case that the draft goes on with (empty: a new one), and the States it goes to that the register knows."""
    named = [each for each in (draft.recipients or (draft.recipient,)) if each and each != cw.state]
    case = ""
    if draft.parent:
        case, request = await find_request(cw, draft.parent)
        row = await cw.db.read(lambda tx: request_row(tx, request))
        if row is None:
            raise NotFoundError("E-NOT-FOUND", f"there is no request {draft.parent} here", "run `contactpoint inbox`")
        named = named or [row.peer]
    return case, tuple(each for each in named if cw.register.contact(each) is not None)


async def _alike(cw: Casework, draft: Draft, case: str) -> list[Finding]:
    """Own requests with the same case reference, account or system: the same facts through another letter."""
    reference, systems = _reference(draft.body), _systems(draft.body)
    if not reference and not systems:
        return []
    kinds = [entry.code for entry in cw.catalogue.entries.values() if entry.opens is not Opens.MOVE]

    async def look(tx: AsyncConnection) -> list[tuple[Any, Mapping[str, Any]]]:
        rows = await newest_letters(tx, cw.state, kinds, LOOKED_AT)
        return [(row, _body(cw, row)) for row in rows if row.case_id != case]

    found: dict[str, Twin] = {}
    for row, body in await cw.db.read(look):
        if systems & _systems(body):
            found[row.case_id] = Twin(row.case_id, row.recipient, row.kind, "custodian")
        elif reference and reference == _reference(body):
            found.setdefault(row.case_id, Twin(row.case_id, row.recipient, row.kind, "reference"))
    return [same_matter(twin) for twin in list(found.values())[:_TOLD_AT_MOST]]


def _body(cw: Casework, row: Any) -> Mapping[str, Any]:
    key = open_case_key(cw.keyring.storage, row.key_storage, row.case_id)
    return KeptLetter.from_bytes(open_at_rest(key, rest_name(row.sender, row.id), row.sealed)).statement.body


def _reference(body: Mapping[str, Any]) -> str:
    authority = body.get("authority")
    return _folded(authority.get("case_ref")) if isinstance(authority, Mapping) else ""


def _systems(body: Mapping[str, Any]) -> frozenset[str]:
    """What names an account, a system, a person or a property in a body. A provider's name does not: thousands share it."""
    places = (("custodian", "account"), ("custodian", "ip"), ("custodian", "domain"), ("person", "identifiers"))
    more = (("property", "identifier"), ("persons_or_accounts", ""))
    values: list[Any] = []
    for group, name in (*places, *more):
        value = body.get(group)
        value = value.get(name) if name and isinstance(value, Mapping) else value if not name else None
        values += value if isinstance(value, list | tuple) else [value]
    return frozenset(filter(None, map(_folded, values)))


def _folded(value: Any) -> str:
    text = " ".join(value.split()).casefold() if isinstance(value, str) else ""
    return "" if text == "unknown" else text


def picture(register: Register, state: str) -> StatePicture:
    """The State as its card in this copy of the register shows it; one without a card promises nothing."""
    contact = register.contact(state)
    name = f"{register.name(state)} ({state})" if register.name(state) != state else state
    if contact is None or contact.card is None:
        return StatePicture(state, name)
    card = contact.card.public
    roles = (("central", card.mla_authority), ("extradition", card.extradition_authority))
    return StatePicture(
        state=state,
        name=name,
        has_card=True,
        status=card.status,
        since=card.party_since or "",
        roles=tuple(role for role, held in roles if held),
        languages=tuple(Accepts(each.tag, each.families, each.at_night) for each in card.languages),
        helps=_helps(card),
        bodies=tuple(Body(each.role, each.name, each.telephone or "") for each in card.authorities),
        law=_law(card.legal),
        calendar=register.calendar(state),
        opens=time.fromisoformat(card.calendar.opens),
    )


def _helps(card: PublicCard) -> dict[str, tuple[Does, str]]:
    told = {family: getattr(card.own_help, family) for family in type(card.own_help).model_fields}
    return {family: (Does(each.how), each.to or "") for family, each in told.items()}


def _law(legal: LegalCard) -> Law:
    return Law(
        reservations={"42(5)": legal.reservation_42_5, "23(3)": legal.reservation_23_3},
        dual_criminality=legal.dual_criminality,
        preservation_days=legal.preservation_days,
        preservation_renewable=legal.preservation_renewable,
        preservation_law=legal.preservation_law or "",
        user_notification=legal.user_notification,
        user_notification_days=legal.user_notification_days,
        orders_by=legal.orders_by,
        judge_needed_for=legal.judge_needed_for,
        emergency_minimum=legal.emergency_minimum,
        oral_requests=legal.oral_requests,
        confirmation_hours=legal.confirmation_hours,
        bases={"extradition": legal.extradition_basis_37_6, "transfer": legal.transfer_basis_39_2},
        refuses_interpol=legal.refuses_interpol_40_12,
        diplomatic_channel=legal.diplomatic_channel_40_12,
        offences={code: OwnOffence(own.name, own.provision, own.maximum_years) for code, own in legal.offences.items()},
    )


async def answer_form(cw: Casework, reference: str, kind: str) -> Answer:
    """The form of an answer to this very request. Raises NotFoundError, CatalogueError (this type does not offer it)."""
    case_id, request_id = await find_request(cw, reference)
    case = await cw.db.read(lambda tx: load_case(tx, cw, case_id))
    if case is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "run `contactpoint inbox`")
    return form_here(cw, case, request_id, kind)


def form_here(cw: Casework, case: OpenCase, request_id: str, kind: str) -> Answer:
    """The form of an answer: grounds that our own card does not open for this request are closed.

    What is closed may still be said with a supervisor's override, which the other State sees.
    """
    request = case.case.requests[request_id]
    entry = cw.catalogue[request.kind]
    answer = entry.answer(kind)
    if all(field.type is not FieldType.GROUND for field in answer.fields):
        return answer
    asked = next((each.body for each in case.statements if each.digest == request.digest), {})
    return with_grounds(answer, (each.code for each in open_grounds(entry, asked, picture(cw.register, cw.state))))


def with_grounds(answer: Answer, may: Iterable[str]) -> Answer:
    """The form with every ground closed that is not among ``may``."""
    opened = frozenset(may)
    fields = [
        replace(field, choices=tuple(replace(each, closed=each.code not in opened) for each in field.choices))
        if field.type is FieldType.GROUND
        else field
        for field in answer.fields
    ]
    return replace(answer, fields=tuple(fields))


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those that stop the own desk."""
    return tuple(finding for finding in findings if finding.severity is Severity.BLOCKS)
