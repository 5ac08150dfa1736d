"""Officers of this State: who may sign in, what they may do, and the keys they sign with.

Signing in and signing are two things. A password opens a session; only the signing secret opens the officer's key. *Start shift*
reseals the key under 32 random bytes that live in the browser's cookie, so that the session row alone opens nothing and no process
keeps a key between requests (``docs/protocol.md`` section 2).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.errors import LockedError
from contactpoint.casework.ids import Randomness, new_id
from contactpoint.casework.keyring import open_signing_key
from contactpoint.casework.locked import refuse_locked
from contactpoint.desk.errors import NotFoundError, NotPermittedError, SecretError, locked_out
from contactpoint.desk.views import OfficerView
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_handover import last_exercises, locked_of
from contactpoint.store.rows_notices import add_contact
from contactpoint.store.rows_people import (
    delete_session,
    delete_sessions_of,
    insert_officer,
    insert_session,
    officer_by_link,
    officer_row,
    officer_rows,
    session_row,
    update_officer,
    update_session,
    use_link,
)
from keys.certificate import OFFICER_DAYS, Role, issue_officer
from keys.custody import NodeSecret, open_under_passphrase, seal_under_passphrase
from keys.digest import digest
from keys.errors import PassphraseError, UnsealError
from keys.signing import PublicKey, SigningKey

RIGHTS = ("administer", "answer", "approve", "central", "review", "rota", "send", "supervise")
LINK_LIFE = timedelta(hours=24)
SESSION_LIFE = timedelta(hours=12)
SHIFT_LIFE = timedelta(hours=12)
RENEW_BEFORE = timedelta(days=10)
# Guessing: after five wrong passwords in a row this officer waits; the wait is short, because a desk must stay reachable.
MOST_FAILURES, FAILURE_PAUSE = 5, timedelta(minutes=1)
SHORTEST_SECRET = 12


@dataclass(frozen=True, slots=True)
class SigningOfficer:
    """An officer's key opened for one act, with the certificate that travels beside the signature."""

    number: str
    rights: tuple[str, ...]
    certificate: bytes
    key: SigningKey = field(repr=False)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return (self.certificate,)


def _refuse_short(secret: str) -> None:
    if len(secret) < SHORTEST_SECRET:
        raise SecretError("E-SECRET", f"a secret has {SHORTEST_SECRET} characters or more", "choose a longer one")


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A new signing key, sealed under its officer's secret."""

    sealed: bytes
    public: bytes


async def make_key(signing_secret: str, random: Randomness) -> FreshKey:
    """A fresh key under this secret. Raises SecretError for a short one."""
    _refuse_short(signing_secret)
    seed = random(64)
    # A tenth of a second and 64 MiB: in a thread, so that the alarm's beat goes on.
    sealed = await asyncio.to_thread(seal_under_passphrase, signing_secret, seed, salt=random(16), nonce=random(12))
    return FreshKey(sealed, SigningKey.from_seed(seed).public.data)


async def add_officer(
    tx: AsyncConnection,
    random: Randomness,
    *,
    number: str,
    name: str,
    rights: Sequence[str],
    mail: str,
    key: FreshKey,
    language: str,
    now: datetime,
) -> str:
    """Enter an officer. Returns the token of a one-time link; the certificate is issued at the first use of the key.

    Raises NotPermittedError when the number is taken or a right is unknown.
    """
    unknown = ", ".join(sorted(set(rights) - set(RIGHTS)))
    if unknown:
        raise NotPermittedError("E-RIGHT", f"there is no right {unknown}", "choose from " + ", ".join(RIGHTS))
    token = random(24).hex()
    entered = await insert_officer(
        tx,
        {
            "number": number,
            "name": name,
            "rights": json.dumps(sorted(rights)),
            "language": language,
            "mail": mail,
            "sealed_key": key.sealed,
            "public_key": key.public,
            "link_digest": digest(token.encode()),
            "link_until": now + LINK_LIFE,
        },
    )
    if not entered:
        raise NotPermittedError("E-EXISTS", f"officer {number} is entered already", "choose another number")
    if mail:
        # Unverified until the officer has typed a code back; until then pages go there rather than nowhere.
        values = {"id": new_id(random, now), "officer": number, "channel": "smtp", "address": mail, "added_at": now}
        await add_contact(tx, values)
    await append(tx, journal, "officer added", number, None, now)
    return token


async def change_secret(cw: Casework, number: str, old: str, new: str, now: datetime) -> None:
    """Seal the same key under a new signing secret."""
    _refuse_short(new)
    officer = await unseal(cw, number, old, now)
    sealed = await asyncio.to_thread(
        seal_under_passphrase, new, officer.key.seed, salt=cw.random(16), nonce=cw.random(12)
    )

    async def work(tx: AsyncConnection) -> None:
        await update_officer(tx, number, {"sealed_key": sealed})
        await append(tx, journal, "signing secret changed", number, None, now)

    await cw.db.write(work)


def officer_view(row: Row[Any], last: Row[Any] | None = None) -> OfficerView:
    return OfficerView(
        number=row.number,
        name=row.name,
        rights=tuple(json.loads(row.rights)),
        language=row.language,
        locked=row.locked_at is not None,
        mail=row.mail,
        certificate_until=row.certificate_until,
        has_password=row.password is not None,
        exercised_at=None if last is None else last.at,
        exercise="" if last is None else f"{last.script} {last.met}/{last.expected}",
    )


def has_right(row: Row[Any], right: str) -> bool:
    return right in json.loads(row.rights)


async def list_officers(tx: AsyncConnection) -> tuple[OfficerView, ...]:
    last = await last_exercises(tx)
    return tuple(officer_view(row, last.get(row.number)) for row in await officer_rows(tx))


async def close_account(tx: AsyncConnection, number: str, now: datetime) -> None:
    """End an officer's sessions and access at once. What else it means, and the journal's word: `contactpoint.desk.leaving`."""
    if not await update_officer(
        tx, number, {"locked_at": now, "sealed_key": None, "password": None, "link_digest": None}
    ):
        raise NotFoundError("E-NOT-FOUND", f"there is no officer {number}", "run `contactpoint officer list`")
    await delete_sessions_of(tx, number)


async def unseal(cw: Casework, number: str, signing_secret: str, now: datetime) -> SigningOfficer:
    """Open an officer's key with the signing secret, and renew its certificate when it is near its end.

    Raises NotFoundError, NotPermittedError (locked), SecretError.
    """
    row = await cw.db.read(lambda tx: _usable(tx, number))
    if row.sealed_key is None:
        raise SecretError(
            "E-NO-KEY", f"officer {number} has no signing key", "an administrator enters the officer anew"
        )
    try:
        # A tenth of a second and 64 MiB: in a thread, so that the alarm's beat goes on.
        seed = await asyncio.to_thread(open_under_passphrase, signing_secret, bytes(row.sealed_key))
    except PassphraseError as error:
        raise SecretError("E-SECRET", "this signing secret does not open the key", "type it again") from error
    return await _with_certificate(cw, row, SigningKey.from_seed(seed), now)


async def _usable(tx: AsyncConnection, number: str) -> Row[Any]:
    row = await officer_row(tx, number)
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no officer {number}", "run `contactpoint officer list`")
    if row.locked_at is not None:
        raise NotPermittedError(
            "E-LOCKED", f"officer {number} is locked", "an administrator can enter the officer anew"
        )
    return row


async def _with_certificate(cw: Casework, row: Row[Any], key: SigningKey, now: datetime) -> SigningOfficer:
    rights = tuple(json.loads(row.rights))
    certificate = row.certificate
    if certificate is None or row.certificate_until - now < RENEW_BEFORE:
        try:
            certificate = await cw.db.write(lambda tx: _issue(tx, cw, row.number, rights, key, now))
        except LockedError as error:
            raise locked_out(error) from error
    return SigningOfficer(row.number, rights, bytes(certificate), key)


async def _issue(
    tx: AsyncConnection, cw: Casework, number: str, rights: tuple[str, ...], key: SigningKey, now: datetime
) -> bytes:
    """Each issue stands in the journal: a taken-over desk could issue too, and this is where it would show."""
    await refuse_locked(tx, (number,))
    issuer = await open_signing_key(tx, cw.keyring.secret, Role.ISSUER, now)
    # Two clocks may differ by some minutes: a certificate that begins a little earlier is good at both ends at once.
    start = now - timedelta(minutes=10)
    until = start + timedelta(days=OFFICER_DAYS)
    signed = issue_officer(issuer, cw.state, number, rights, key, start, until, cw.net)
    await update_officer(tx, number, {"certificate": signed.to_bytes(), "certificate_until": until})
    await append(tx, journal, "officer certificate issued", number, signed.digest, now)
    return signed.to_bytes()


def public_key(row: Row[Any]) -> PublicKey:
    return PublicKey(bytes(row.public_key))


# --- passwords and one-time links ---


async def one_time_link(cw: Casework, number: str, now: datetime) -> str:
    token = cw.random(24).hex()

    async def work(tx: AsyncConnection) -> None:
        await _usable(tx, number)
        await update_officer(tx, number, {"link_digest": digest(token.encode()), "link_until": now + LINK_LIFE})

    await cw.db.write(work)
    return token


async def link_officer(cw: Casework, token: str, now: datetime) -> str | None:
    """Whom an unused token belongs to. Looking does not use it up, because mail scanners open links."""
    row = await cw.db.read(lambda tx: officer_by_link(tx, digest(token.encode())))
    return row.number if row is not None and row.link_until > now and row.locked_at is None else None


async def set_password(cw: Casework, token: str, password: str, now: datetime) -> str:
    _refuse_short(password)
    number = await link_officer(cw, token, now)
    sealed = await asyncio.to_thread(
        seal_under_passphrase, password, b"password", salt=cw.random(16), nonce=cw.random(12)
    )

    async def work(tx: AsyncConnection) -> bool:
        used = await use_link(tx, digest(token.encode()), {"password": sealed, "failed": 0})
        if used and number is not None:
            # Who asks for a new password may have lost the old one: whoever found it is signed out.
            await delete_sessions_of(tx, number)
        return used

    if number is None or not await cw.db.write(work):
        raise SecretError("E-LINK-USED", "this link was used or is too old", "an administrator makes a new one")
    return number


async def check_password(cw: Casework, number: str, password: str, now: datetime) -> bool:
    """True for the right password. Wrong ones are counted; after five in a row even the right one waits a minute."""
    row = await cw.db.read(lambda tx: officer_row(tx, number))
    if row is None or row.password is None or row.locked_at is not None:
        return False
    if row.failed >= MOST_FAILURES and now - row.failed_at < FAILURE_PAUSE:
        raise SecretError("E-TOO-MANY", "too many wrong passwords", "wait one minute, then try again")
    try:
        await asyncio.to_thread(open_under_passphrase, password, bytes(row.password))
        right = True
    except PassphraseError:
        right = False
    values = {"failed": 0, "failed_at": None} if right else {"failed": row.failed + 1, "failed_at": now}
    if not right or row.failed:
        await cw.db.write(lambda tx: update_officer(tx, number, values))
    return right


# --- sessions and shifts ---


async def open_session(cw: Casework, number: str, now: datetime) -> str:
    """A fresh session number for the cookie; only its digest rests here."""
    session = cw.random(32).hex()
    values = {"digest": digest(session.encode()), "officer": number, "until": now + SESSION_LIFE}

    async def work(tx: AsyncConnection) -> None:
        # The attack: the password was checked a moment before the lock, and the session is opened a moment after it.
        await refuse_locked(tx, (number,))
        await insert_session(tx, values)

    try:
        await cw.db.write(work)
    except LockedError as error:
        raise locked_out(error) from error
    return session


async def session_officer(cw: Casework, session: str, now: datetime) -> str | None:
    async def look(tx: AsyncConnection) -> str | None:
        row = await session_row(tx, digest(session.encode()))
        if row is None or row.until <= now or await locked_of(tx, (row.officer,)):
            return None
        return str(row.officer)

    return await cw.db.read(look)


async def close_session(cw: Casework, session: str) -> None:
    await cw.db.write(lambda tx: delete_session(tx, digest(session.encode())))


async def start_shift(cw: Casework, session: str, number: str, signing_secret: str, now: datetime) -> bytes:
    officer = await unseal(cw, number, signing_secret, now)
    cookie = cw.random(32)
    mark = digest(session.encode())
    sealed = NodeSecret(cookie).seal(f"shift/{mark.hex()}/{number}", officer.key.seed)
    values = {"shift_key": sealed, "shift_until": now + SHIFT_LIFE}
    if not await cw.db.write(lambda tx: update_session(tx, mark, values)):
        raise NotPermittedError("E-SIGNED-OUT", "this session has ended", "sign in again")
    return cookie


async def shift_key(cw: Casework, session: str, cookie: bytes, now: datetime) -> SigningOfficer | None:
    """The officer's key of a running shift, or None when the shift is over or the cookie is not its own."""
    mark = digest(session.encode())
    row = await cw.db.read(lambda tx: session_row(tx, mark))
    if row is None or row.until <= now or row.shift_key is None or row.shift_until <= now or len(cookie) != 32:
        return None
    try:
        seed = NodeSecret(cookie).open(f"shift/{mark.hex()}/{row.officer}", bytes(row.shift_key))
    except UnsealError:
        return None
    officer = await cw.db.read(lambda tx: _usable(tx, row.officer))
    return await _with_certificate(cw, officer, SigningKey.from_seed(seed), now)


async def end_shift(cw: Casework, session: str) -> None:
    values = {"shift_key": None, "shift_until": None}
    await cw.db.write(lambda tx: update_session(tx, digest(session.encode()), values))
