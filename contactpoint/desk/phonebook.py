"""The verified copy of the register as a person reads it."""

from __future__ import annotations

from datetime import datetime

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.views import ContactView, DirectoryView, KeyView
from directory.contact import ContactPoint
from directory.trusted import Freshness
from directory.words import fingerprint_words
from keys.certificate import KeyRecord


def directory_view(cw: Casework, now: datetime) -> DirectoryView:
    copy = cw.register.copy
    problems = [f"{fault.state}: {fault.text}" for fault in copy.faults]
    freshness = copy.freshness(now)
    if freshness is not Freshness.FRESH:
        problems.append(f"the copy of the register is {freshness.value}; check that the register can be reached")
    return DirectoryView(
        network=cw.network,
        name=copy.genesis.name,
        genesis=copy.genesis.digest.hex(),
        size=copy.size,
        root=copy.root.hex(),
        checked_at=copy.checked_at,
        states=tuple(contact_view(cw, state) for state in copy.states),
        problems=tuple(problems),
    )


def contact_view(cw: Casework, state: str) -> ContactView:
    contact = cw.register.contact(state)
    if contact is None:
        raise NotFoundError(
            "E-UNKNOWN-STATE", f"{state} is not in this copy of the register", "look at the list of States"
        )
    card = contact.card.public if contact.card is not None else None
    return ContactView(
        state=state,
        name=cw.register.name(state),
        status=contact.status.value,
        languages=tuple(dict.fromkeys(each.tag for each in card.languages)) if card else (),
        phones=cw.register.phones(state),
        mail=cw.register.mail(state),
        zone=card.calendar.zone if card else "UTC",
        addresses=tuple(address.url for address in contact.addresses),
        keys=tuple(_key(record) for record in _records(contact)),
        fingerprint=fingerprint_words(contact.roots[0].id),
        charter_digest=contact.charter_digest.hex(),
        card_digest=contact.card_digest.hex() if contact.card_digest else "",
        card=card.model_dump(mode="json") if card else {},
    )


def _records(contact: ContactPoint) -> tuple[KeyRecord, ...]:
    return (*contact.stations, *contact.gateways, *contact.keepers, *contact.issuers)


def _key(record: KeyRecord) -> KeyView:
    return KeyView(record.role.value, record.public.id.hex(), record.not_before, record.not_after)
