"""A draft of the domestic order for a request to preserve, filled from the request and the own card. Nothing of it is sent or kept.

It is paper for whoever may order (Article 25). What another State wrote stands in it as plain words of that State: control
characters and marks that turn the direction of writing are made visible, so that a name cannot pass for a line of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contactpoint.casework.cases import load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.find import find_request
from contactpoint.desk.precheck import picture
from contactpoint.domain.catalogue.model import Entry, Field
from contactpoint.domain.precheck_offences import named_offences
from contactpoint.domain.statepicture import OwnOffence, StatePicture

FLOOR_DAYS = 60
"""Article 42(8): between States the data are preserved for at least sixty days."""
CEILING_DAYS = 90
"""Article 25(2): the most that one domestic order lasts, unless the own card says otherwise."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who orders: the contact point, its parent body, how it is reached."""

    state: str
    body: str
    parent: str
    postal: str
    phones: tuple[str, ...]
    mail: str


@dataclass(frozen=True, slots=True)
class OrderOffence:
    """One offence of the request: its code and title in the catalogue, the requester's own words, and the own offence if mapped."""

    code: str
    title: str
    told: str
    own: OwnOffence | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """The draft. Texts of the requesting State are cleaned plain text; ``period`` are those instants as it wrote them."""

    request: str
    case: str
    head: Letterhead
    ordered_by: tuple[str, ...]
    day: date
    until: date
    days: int
    renewable: bool
    wanted_days: int | None
    law: str
    requester: str
    requester_name: str
    reference: str
    custodian: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    what: str
    period: tuple[str, str]
    offences: tuple[OrderOffence, ...]
    secret: bool
    no_user_notice: bool
    officer: str


async def order_of(cw: Casework, reference: str, officer: str, now: datetime) -> OrderView:
    """The draft for a request that came in. Raises NotFoundError: no such request, an own one, or a type that orders nothing."""
    case_id, request_id = await find_request(cw, reference)
    case = await cw.db.read(lambda tx: load_case(tx, cw, case_id))
    request = None if case is None else case.case.requests.get(request_id)
    if case is None or request is None or request.sender == cw.state or not cw.catalogue[request.kind].domestic_order:
        raise NotFoundError("E-NOT-FOUND", f"no domestic order belongs to {reference}", "look at the case")
    opening = next(each for each in case.statements if each.digest == request.digest)
    own = picture(cw.register, cw.state)
    today = now.astimezone(ZoneInfo(own.calendar.zone)).date()
    body = opening.body
    days = _days(own, body)
    return OrderView(
        request=request_id,
        case=case_id,
        head=_letterhead(cw),
        ordered_by=own.law.orders_by,
        day=today,
        until=today + timedelta(days=days),
        days=days,
        renewable=own.law.preservation_renewable,
        wanted_days=_number(body.get("wanted_days")),
        law=own.law.preservation_law,
        requester=request.sender,
        requester_name=cw.register.name(request.sender),
        reference=_text(_inner(body, "authority").get("case_ref")),
        custodian=_told(cw.catalogue[request.kind], body),
        classes=_classes(cw.catalogue[request.kind], body),
        what=_text(_inner(body, "data").get("what")),
        period=(_text(_inner(body, "data").get("from")), _text(_inner(body, "data").get("until"))),
        offences=_offences(cw, cw.catalogue[request.kind], body, own),
        secret=_inner(body, "confidentiality").get("keep_secret") is True,
        no_user_notice=_inner(body, "confidentiality").get("do_not_notify_user") is True,
        officer=officer,
    )


def _days(own: StatePicture, body: Mapping[str, Any]) -> int:
    """As long as asked, at least the floor between States, at most what one order may last here."""
    most = own.law.preservation_days if own.has_card else CEILING_DAYS
    return min(most, max(FLOOR_DAYS, _number(body.get("wanted_days")) or most))


def _letterhead(cw: Casework) -> Letterhead:
    contact = cw.register.contact(cw.state)
    card = contact.card.public if contact is not None and contact.card is not None else None
    reach = contact.members.reachability if contact is not None and contact.members is not None else None
    return Letterhead(
        cw.state,
        card.body if card else cw.state,
        (card.parent or "") if card else "",
        (reach.postal or "") if reach else "",
        cw.register.phones(cw.state),
        cw.register.mail(cw.state),
    )


def _inner(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _told(entry: Entry, body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is known of the custodian, each under its label of the catalogue."""
    told = _inner(body, "custodian")
    fields = _fields(entry, "custodian")
    return tuple((field.label, _text(told[field.name])) for field in fields if told.get(field.name) not in (None, ""))


def _fields(entry: Entry, name: str) -> tuple[Field, ...]:
    return next((field.fields for field in entry.fields if field.name == name), ())


def _classes(entry: Entry, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of the kinds of data; a code that the catalogue has not stands as it was written."""
    asked = _inner(body, "data").get("classes")
    labels = {each.code: each.label for field in _fields(entry, "data") for each in field.choices}
    values = asked if isinstance(asked, list | tuple) else ()
    return tuple(labels[each] if isinstance(each, str) and each in labels else _text(each) for each in values)


def _offences(cw: Casework, entry: Entry, body: Mapping[str, Any], own: StatePicture) -> tuple[OrderOffence, ...]:
    return tuple(
        OrderOffence(each.code, cw.catalogue.offences[each.code].title, _text(each.name), own.offence(each.code))
        for each in named_offences(entry, body)
    )


def _text(value: Any) -> str:
    """A value of another State as plain text: what drives a terminal, a printer or the direction of writing becomes visible."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "".join(each if each == "\n" or not _drives(each) else "\N{REPLACEMENT CHARACTER}" for each in str(value))


_JOINERS = "\u200c\u200d"  # Persian and Hindi cannot be written without them


def _drives(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") and character not in _JOINERS
