"""Contacts of the simulated desk's officers, and one link of *on my way*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contactpoint.casework.links import Underway
from contactpoint.desk.errors import DeskError, SecretError
from contactpoint.desk.notices import ContactsView, OwnContact, Sent
from contactpoint.desk.views import AttemptView, PageView
from contactpoint.domain.errors import ContactError
from contactpoint.domain.notices import Rules

REACH = "A" * 43
CODE = "123456"
CHANNELS = ("smtp", "sms", "exec")


def contact(number: int, channel: str, address: str, state: str, now: datetime) -> OwnContact:
    at = None if state == "unverified" else now - timedelta(days=10 if state == "verified" else 100)
    until = None if at is None else at + timedelta(days=90)
    return OwnContact(f"contact-{number}", channel, address, state, state == "verified", at, until, None, None)


@dataclass
class SimulatedNotices:
    """Implements NoticesPort; what the routes did is kept in plain lists for tests to read."""

    kept: list[OwnContact] = field(default_factory=list)
    rules: Rules = Rules()  # noqa: RUF009 - frozen
    tested: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=lambda: {REACH})

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.kept += [
            contact(1, "sms", "+999 000 0001", "verified", now),
            contact(2, "smtp", "duty@xb.example", "expired", now),
            replace(contact(3, "exec", "+999 000 0003", "unverified", now), code_until=now + timedelta(minutes=15)),
        ]

    async def own(self, officer: str, now: datetime) -> ContactsView:
        log = (
            AttemptView("page-1", 1, "request-1", officer, "sms", now, now, "DELIVERED", "sms-1", "taken by the service"),
            AttemptView("page-2", 1, "request-1", officer, "smtp", now, now, "UNKNOWN", "", "no answer within 20 s"),
            AttemptView("page-3", 1, "", officer, "exec", now, None, "", "", ""),
        )  # fmt: skip
        return ContactsView(officer, tuple(self.kept), CHANNELS, self.rules, log)

    async def add(self, officer: str, channel: str, address: str, now: datetime) -> str:
        if not address:
            raise DeskError("E-CONTACT", f"this is no address for {channel}", "write it like this: +999 000 0000")
        self.kept.append(contact(len(self.kept) + 1, channel, address, "unverified", now))
        return self.kept[-1].id

    async def send_code(self, officer: str, contact: str, now: datetime) -> Sent:
        found = self._change(contact, code_until=now + timedelta(minutes=15))
        return Sent(found.channel, found.address, "DELIVERED", "taken by the service")

    async def verify(self, officer: str, contact: str, code: str, now: datetime) -> None:
        if code != CODE:
            raise SecretError("E-CODE", "this code is wrong or too old", "look again, or have a new code sent")
        until = now + timedelta(days=90)
        self._change(contact, state="verified", used=True, verified_at=now, until=until, code_until=None)

    async def remove(self, officer: str, contact: str, now: datetime) -> None:
        self.kept = [each for each in self.kept if each.id != contact]

    async def first(self, officer: str, contact: str, now: datetime) -> None:
        self.kept.sort(key=lambda each: each.id != contact)

    async def test(self, officer: str, channel: str, now: datetime) -> tuple[Sent, ...]:
        self.tested.append(officer)
        return tuple(Sent(each.channel, each.address, "FAILED", "nobody answers") for each in self.kept)

    async def set_rules(self, officer: str, plain: Mapping[str, Any], now: datetime) -> Rules:
        try:
            self.rules = Rules.from_plain(plain)
        except ContactError as error:
            raise DeskError("E-CONTACT-RULES", "these rules cannot be used", "each channel once") from error
        return self.rules

    async def log(self, reference: str) -> tuple[AttemptView, ...]:
        return ()

    async def link_works(self, token: str, now: datetime) -> bool:
        return token in self.links

    async def reach(self, token: str, now: datetime) -> Underway | None:
        if token not in self.links:
            return None
        self.links.remove(token)
        self.reached.append(token)
        return Underway("request-1", "case-1", "XB-OFF-001", now)

    def _change(self, contact: str, **values: Any) -> OwnContact:
        place = next(n for n, each in enumerate(self.kept) if each.id == contact)
        self.kept[place] = replace(self.kept[place], **values)
        return self.kept[place]


def some_pages(request: str, at: datetime) -> tuple[PageView, ...]:
    """One notice that came through at the second attempt, one held back in quiet hours, one said by another."""
    tried = (
        AttemptView("page-1", 1, request, "XB-OFF-001", "sms", at, at, "FAILED", "", "<b>451</b> try later"),
        AttemptView("page-1", 2, request, "XB-OFF-001", "sms", at, at, "DELIVERED", "sms-2", "taken by the service"),
    )
    held, said = "held back in quiet hours until 2027-03-05 07:00 UTC", "held back: said once, with page page-1"
    return (
        PageView(0, 0, "XB-OFF-001", "sms", at, "delivered", "taken by the service", "page-1", None, tried),
        PageView(0, 0, "XB-OFF-001", "smtp", at, "due", held, "page-2", at + timedelta(hours=8)),
        PageView(0, 1, "XB-OFF-001", "sms", at, "held-back", said, "page-3"),
    )
