"""An officer's own contacts: added, verified by a code that was sent there and typed back, tested, put in order; and the delivery log.

A contact is where somebody is woken, so it must be the officer's: whoever adds one proves it by the code. Codes and tests are sent at
once, not by the worker, because the officer waits for them; each is an attempt in the log like any other.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.contacts import read_rules, renew_mark, unverified_mark
from contactpoint.casework.context import Casework
from contactpoint.casework.ids import new_id
from contactpoint.casework.links import Underway, link_works, press, reply
from contactpoint.desk.errors import DeskError, NotFoundError, NotPermittedError, SecretError
from contactpoint.desk.find import find_request
from contactpoint.desk.views import AttemptView
from contactpoint.domain.errors import ContactError
from contactpoint.domain.notices import MOST_CONTACTS, VERIFIED_FOR, Contact, Rules
from contactpoint.notify.channel import Channel, Outcome, Result
from contactpoint.notify.notice import Notice, Subject
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_clocks import finish_tasks_of
from contactpoint.store.rows_notices import (
    add_contact,
    attempts_of,
    attempts_to,
    begin_attempt,
    contact_row,
    contacts_of,
    count_try,
    end_attempt,
    put_rules,
    remove_contact,
    rules_row,
    update_contact,
    use_code,
)
from contactpoint.store.rows_people import officer_row
from keys.digest import labelled

CODE_LIFE = timedelta(minutes=15)
# A six-digit code, five guesses: whoever guesses gets one in 200,000, and at most twenty codes an hour to guess at.
MOST_TRIES, CODE_DIGITS = 5, 6
PAUSE = timedelta(seconds=60)
MOST_AN_HOUR = 20
_LONGEST_REPLY = 1000  # characters
_NUMBER = re.compile(r"\+?[0-9][0-9 ()/.-]{1,30}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_TELEPHONES = frozenset(("exec", "sms", "voice"))


@dataclass(frozen=True, slots=True)
class OwnContact:
    """One address of an officer. ``state``: verified, expired, unverified; ``used``: pages go there now."""

    id: str
    channel: str
    address: str
    state: str
    used: bool
    verified_at: datetime | None
    until: datetime | None
    code_until: datetime | None  # a code is on its way until then
    tested_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactsView:
    """An officer's contacts in their order, the channels that one can be added for, the own rules, the newest attempts."""

    officer: str
    contacts: tuple[OwnContact, ...]
    channels: tuple[str, ...]
    rules: Rules
    log: tuple[AttemptView, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a code or a test, on one channel."""

    channel: str
    address: str
    result: str
    text: str


class NoticesPort(Protocol):
    """Use cases of an officer's own contacts. Each refusal is a ``DeskError``."""

    async def own(self, officer: str, now: datetime) -> ContactsView: ...
    async def add(self, officer: str, channel: str, address: str, now: datetime) -> str:
        """Add an address, unverified; returns its id."""
        ...

    async def send_code(self, officer: str, contact: str, now: datetime) -> Sent: ...
    async def verify(self, officer: str, contact: str, code: str, now: datetime) -> None: ...
    async def remove(self, officer: str, contact: str, now: datetime) -> None: ...
    async def first(self, officer: str, contact: str, now: datetime) -> None:
        """Put a contact before the officer's others."""
        ...

    async def test(self, officer: str, channel: str, now: datetime) -> tuple[Sent, ...]:
        """Send a test to every contact of an officer, or to those on one channel."""
        ...

    async def set_rules(self, officer: str, plain: Mapping[str, Any], now: datetime) -> Rules: ...
    async def log(self, reference: str) -> tuple[AttemptView, ...]:
        """Every attempt for one request, in the order in which they began."""
        ...

    async def link_works(self, token: str, now: datetime) -> bool:
        """Whether the link of a page can still be used; looking changes nothing."""
        ...

    async def reach(self, token: str, now: datetime) -> Underway | None:
        """Use the link of a page up: its officer is on the way. None: the link does not work."""
        ...


@dataclass(frozen=True, slots=True)
class Notices:
    """Implements ``NoticesPort`` over one database and the channels of this process."""

    cw: Casework
    channels: Mapping[str, Channel] = field(default_factory=dict)

    async def own(self, officer: str, now: datetime) -> ContactsView:
        async def work(tx: AsyncConnection) -> ContactsView:
            await self._known(tx, officer)
            rules = await rules_row(tx, officer)
            return ContactsView(
                officer,
                _views(await contacts_of(tx, officer), now),
                tuple(name for name in self.cw.channels if name != "console"),
                read_rules(None if rules is None else rules.rules),
                tuple(attempt_view(row) for row in await attempts_to(tx, officer, 20)),
            )

        return await self.cw.db.read(work)

    async def add(self, officer: str, channel: str, address: str, now: datetime) -> str:
        address = checked(channel, address, self.cw.channels)
        contact = new_id(self.cw.random, now)

        async def work(tx: AsyncConnection) -> bool:
            await self._known(tx, officer)
            if len(await contacts_of(tx, officer)) >= MOST_CONTACTS:
                told = f"an officer has {MOST_CONTACTS} contacts at the most"
                raise NotPermittedError("E-CONTACT", told, "remove one that is not used")
            values = {"id": contact, "officer": officer, "channel": channel, "address": address, "added_at": now}
            if not await add_contact(tx, values):
                return False
            await append(tx, journal, "contact added", f"{officer} {channel}", None, now)
            return True

        if not await self.cw.db.write(work):
            raise NotPermittedError("E-CONTACT", "this contact is there already", "have a code sent to it")
        return contact

    async def send_code(self, officer: str, contact: str, now: datetime) -> Sent:
        code = str(int.from_bytes(self.cw.random(8)) % 10**CODE_DIGITS).zfill(CODE_DIGITS)

        async def work(tx: AsyncConnection) -> Row[Any]:
            row = await self._contact(tx, officer, contact)
            if row.code_sent_at is not None and now - row.code_sent_at < PAUSE:
                raise NotPermittedError("E-TOO-MANY", "a code was sent there a moment ago", "wait one minute")
            await self._spare(tx, officer, now)
            values = {"code_digest": _digest(contact, code), "code_until": now + CODE_LIFE, "code_sent_at": now}
            await update_contact(tx, contact, {**values, "code_tries": 0})
            return row

        row = await self.cw.db.write(work)
        return await self._send(officer, row.channel, row.address, Subject.CODE, code, now)

    async def verify(self, officer: str, contact: str, code: str, now: datetime) -> None:
        digest = _digest(contact, "".join(code.split()))

        async def work(tx: AsyncConnection) -> bool:
            row = await self._contact(tx, officer, contact)
            if row.code_digest is None or row.code_until <= now or row.code_tries >= MOST_TRIES:
                return False
            if not await use_code(tx, contact, digest, now):
                await count_try(tx, contact)
                return False
            if row.verified_at is not None:
                await finish_tasks_of(tx, renew_mark(row), now)
            await finish_tasks_of(tx, unverified_mark(officer), now)
            await append(tx, journal, "contact verified", f"{officer} {row.channel}", None, now)
            return True

        if not await self.cw.db.write(work):
            # One answer for a wrong, an old and a spent code: nothing to learn from.
            raise SecretError("E-CODE", "this code is wrong or too old", "look again, or have a new code sent")
        self.cw.bell.ring("board")

    async def remove(self, officer: str, contact: str, now: datetime) -> None:
        async def work(tx: AsyncConnection) -> None:
            row = await self._contact(tx, officer, contact)
            await remove_contact(tx, contact)
            await append(tx, journal, "contact removed", f"{officer} {row.channel}", None, now)

        await self.cw.db.write(work)

    async def first(self, officer: str, contact: str, now: datetime) -> None:
        async def work(tx: AsyncConnection) -> None:
            await self._contact(tx, officer, contact)
            least = min(row.place for row in await contacts_of(tx, officer))
            await update_contact(tx, contact, {"place": least - 1})

        await self.cw.db.write(work)

    async def test(self, officer: str, channel: str, now: datetime) -> tuple[Sent, ...]:
        async def work(tx: AsyncConnection) -> Sequence[Row[Any]]:
            await self._known(tx, officer)
            await self._spare(tx, officer, now)
            return await contacts_of(tx, officer)

        rows = [row for row in await self.cw.db.write(work) if channel in ("", row.channel)]
        ways = [(row.channel, row.address) for row in rows]
        if not ways and channel:
            if channel not in self.cw.channels:
                raise _no_channel(channel, self.cw.channels)
            ways = [(channel, "")]
        if not ways:
            raise NotFoundError("E-CONTACT", f"officer {officer} has no contact", "add one, and verify it")
        found = await asyncio.gather(*(self._send(officer, c, a, Subject.TEST, "test", now) for c, a in ways))

        async def tested(tx: AsyncConnection) -> None:
            for row in rows:
                await update_contact(tx, row.id, {"tested_at": now})

        await self.cw.db.write(tested)
        return tuple(found)

    async def set_rules(self, officer: str, plain: Mapping[str, Any], now: datetime) -> Rules:
        try:
            rules = Rules.from_plain(plain)
        except ContactError as error:
            told = "each channel once, a delay of 0 to 3600 seconds; quiet hours begin and end at different times"
            raise DeskError("E-CONTACT-RULES", "these rules cannot be used", told) from error
        used = {turn.channel for turns in rules.turns.values() for turn in turns}
        for channel in sorted(used - set(self.cw.channels)):
            raise _no_channel(channel, self.cw.channels)

        async def work(tx: AsyncConnection) -> None:
            await self._known(tx, officer)
            await put_rules(tx, officer, json.dumps(rules.to_plain()), now)

        await self.cw.db.write(work)
        return rules

    async def log(self, reference: str) -> tuple[AttemptView, ...]:
        _, request = await find_request(self.cw, reference)
        return tuple(attempt_view(row) for row in await self.cw.db.read(lambda tx: attempts_of(tx, request)))

    async def link_works(self, token: str, now: datetime) -> bool:
        return await self.cw.db.read(lambda tx: link_works(tx, token, now))

    async def reach(self, token: str, now: datetime) -> Underway | None:
        return self._heard(await self.cw.db.write(lambda tx: press(tx, self.cw, token, now)))

    async def reply(self, address: str, text: str, now: datetime) -> Underway:
        """A text reply from a contact. Raises NotFoundError, one and the same, for a stranger, an unknown reference, one too late."""
        told = text[:_LONGEST_REPLY]
        found = self._heard(await self.cw.db.write(lambda tx: reply(tx, self.cw, address, told, now)))
        if found is None:
            raise NotFoundError(
                "E-REPLY", "this reply fits no open page", "reply with the reference, from a verified contact"
            )
        return found

    def _heard(self, found: Underway | None) -> Underway | None:
        if found is not None:
            self.cw.bell.ring("outbox", "board", "case")
        return found

    async def _send(
        self, officer: str, channel: str, address: str, subject: Subject, reference: str, now: datetime
    ) -> Sent:
        """Send one notice now and write the attempt down, before and after."""
        identity = new_id(self.cw.random, now)
        about = {"page_id": identity, "number": 1, "officer": officer, "channel": channel, "at": now}
        await self.cw.db.write(lambda tx: begin_attempt(tx, about))
        outcome = Outcome(Result.FAILED, f"this node has no channel {channel}")
        if channel in self.channels:
            notice = Notice(identity, subject, "U3", reference, to=address, network=self.cw.network)
            outcome = await self.channels[channel].send(notice)
        told = {"ended_at": now, "result": outcome.result.value}
        more = {"provider_id": outcome.provider_id[:128], "text": f"{subject.name}: {outcome.text}"[:200]}
        await self.cw.db.write(lambda tx: end_attempt(tx, identity, 1, {**told, **more}))
        return Sent(channel, address, outcome.result.value, outcome.text)

    async def _known(self, tx: AsyncConnection, officer: str) -> None:
        row = await officer_row(tx, officer)
        if row is None or row.locked_at is not None:
            raise NotFoundError("E-NOT-FOUND", f"there is no officer {officer}", "run `contactpoint officer list`")

    async def _contact(self, tx: AsyncConnection, officer: str, contact: str) -> Row[Any]:
        """The officer's own contact: another's id names nothing here (a code to somebody else's telephone)."""
        row = await contact_row(tx, contact) if contact.isprintable() else None  # PostgreSQL takes no NUL
        if row is None or row.officer != officer:
            raise NotFoundError("E-NOT-FOUND", "there is no such contact", "look at the list of contacts")
        return row

    async def _spare(self, tx: AsyncConnection, officer: str, now: datetime) -> None:
        """Codes and tests must not become a way to ring a stranger's telephone all night."""
        told = [row for row in await attempts_to(tx, officer, 200) if not row.request_id]
        if sum(now - row.at < timedelta(hours=1) for row in told) >= MOST_AN_HOUR:
            raise NotPermittedError("E-TOO-MANY", "too many codes and tests in this hour", "wait, then try again")


def checked(channel: str, address: str, known: Sequence[str]) -> str:
    """The address as it is kept. Raises DeskError for one that this channel could never reach."""
    address = " ".join(address.split())
    if channel == "console" or channel not in known:
        raise _no_channel(channel, known)
    if channel == "smtp":
        good, like = bool(_MAIL.fullmatch(address)) and address.isascii(), "name@host"
    elif channel in _TELEPHONES:
        good, like = bool(_NUMBER.fullmatch(address)), "+999 000 0000"
    else:
        good, like = bool(address), "the name by which the service knows you"
    if not good or len(address) > 254 or not address.isprintable():
        raise DeskError("E-CONTACT", f"this is no address for {channel}", f"write it like this: {like}")
    return address


def _no_channel(channel: str, known: Sequence[str]) -> DeskError:
    shown = "".join(c for c in channel if c.isprintable())[:24]
    names = ", ".join(name for name in known if name != "console") or "none is set up in node.toml"
    return DeskError("E-CHANNEL", f"there is no channel {shown} for contacts here", f"choose from: {names}")


def _digest(contact: str, code: str) -> bytes:
    return labelled("contact code", contact, code)


def _views(rows: Sequence[Row[Any]], now: datetime) -> tuple[OwnContact, ...]:
    good = {row.id for row in rows if Contact(row.channel, row.address, row.verified_at).good(now)}
    return tuple(
        OwnContact(
            id=row.id,
            channel=row.channel,
            address=row.address,
            state="verified" if row.id in good else "unverified" if row.verified_at is None else "expired",
            used=row.id in good or not good,
            verified_at=row.verified_at,
            until=None if row.verified_at is None else row.verified_at + VERIFIED_FOR,
            code_until=row.code_until if row.code_until is not None and row.code_until > now else None,
            tested_at=row.tested_at,
        )
        for row in rows
    )


def attempt_view(row: Row[Any]) -> AttemptView:
    """A row of the delivery log as it is shown."""
    return AttemptView(
        page=row.page_id,
        number=row.number,
        request=row.request_id,
        officer=row.officer,
        channel=row.channel,
        at=row.at,
        ended_at=row.ended_at,
        result=row.result,
        provider_id=row.provider_id,
        text=row.text,
    )
