"""What this desk signs and opens with: the station's key, the storage key, and one prekey a day, all under the node secret.

Private halves rest sealed in ``own_key``; a process keeps the station's key and the prekeys it has used, never an officer's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.errors import NoKeyError
from contactpoint.casework.ids import Randomness
from contactpoint.store.rows_desk import (
    all_own_keys,
    destroy_keys,
    get_setting,
    insert_own_key,
    newest_sheet,
    own_key_row,
    own_keys,
    put_setting,
    put_sheet,
)
from keys.certificate import Role
from keys.custody import NodeSecret
from keys.prekeys import KEEP_DAYS, SHEET_DAYS, PrekeySheet, make_sheet, read_sheet
from keys.signing import SigningKey
from keys.xwing import SealingKey, SealingPublicKey

STORAGE, ARCHIVE = "storage key", "archive public key"
PREKEY = "prekey"
RENEW_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Open keys of one desk. ``secret`` opens what rests sealed; its repr shows nothing of it."""

    state: str
    net: bytes
    secret: NodeSecret
    station: SigningKey
    storage: NodeSecret
    archive: SealingPublicKey
    _prekeys: dict[bytes, tuple[SealingKey, datetime]] = field(default_factory=dict, repr=False)

    def used(self, key_id: bytes, now: datetime) -> SealingKey | None:
        """The private half, if this process has used it before. What is destroyed at rest is forgotten in memory too."""
        for old in [each for each, (_, ends) in self._prekeys.items() if now >= ends]:
            del self._prekeys[old]
        known = self._prekeys.get(key_id)
        return None if known is None else known[0]

    async def prekey(self, tx: AsyncConnection, key_id: bytes, now: datetime) -> SealingKey | None:
        """The private half of one of our prekeys, or None when it is not ours or destroyed."""
        if (known := self.used(key_id, now)) is not None:
            return known
        row = await own_key_row(tx, key_id)
        ends = None if row is None else row.not_after + timedelta(days=KEEP_DAYS)
        if row is None or ends is None or row.sealed is None or row.role != PREKEY or now >= ends:
            return None
        key = SealingKey.from_seed(self.secret.open(_name(PREKEY, key_id), row.sealed))
        self._prekeys[key_id] = key, ends
        return key


def _name(role: str, key_id: bytes) -> str:
    return f"{role}/{key_id.hex()}"


async def create_keys(
    tx: AsyncConnection,
    secret: NodeSecret,
    archive: SealingPublicKey,
    random: Randomness,
    now: datetime,
    until: datetime,
) -> dict[Role, SigningKey]:
    """Make and keep station, keeper and issuer key, and the storage key. Returns the three signing keys."""
    made = {}
    for role in (Role.STATION, Role.KEEPER, Role.ISSUER):
        key = SigningKey.from_seed(random(64))
        made[role] = key
        await insert_own_key(tx, _row(secret, role.value, key.public.id, key.public.data, key.seed, now, until))
    await put_setting(tx, STORAGE, secret.seal(STORAGE, random(32)), now)
    await put_setting(tx, ARCHIVE, archive.data, now)
    return made


def _row(
    secret: NodeSecret, role: str, key_id: bytes, public: bytes, seed: bytes, start: datetime, end: datetime
) -> dict[str, object]:
    return {
        "id": key_id,
        "role": role,
        "public": public,
        "sealed": secret.seal(_name(role, key_id), seed),
        "not_before": start,
        "not_after": end,
    }


async def open_signing_key(tx: AsyncConnection, secret: NodeSecret, role: Role, now: datetime) -> SigningKey:
    """The newest key of a role that is valid now. Raises NoKeyError."""
    for row in reversed(await own_keys(tx, role.value)):
        if row.not_before <= now < row.not_after:
            return SigningKey.from_seed(secret.open(_name(role.value, row.id), row.sealed))
    raise NoKeyError("E-NO-KEY", f"this node has no {role.value} key that is valid now; run `contactpoint key list`")


async def open_keyring(tx: AsyncConnection, state: str, net: bytes, secret: NodeSecret, now: datetime) -> Keyring:
    """Open the keys of a desk. Raises NoKeyError, UnsealError (another node's secret)."""
    station = await open_signing_key(tx, secret, Role.STATION, now)
    storage, archive = await get_setting(tx, STORAGE), await get_setting(tx, ARCHIVE)
    if storage is None or archive is None:
        raise NoKeyError("E-NO-KEY", "this node has no storage key; run `contactpoint init` in an empty folder")
    return Keyring(state, net, secret, station, NodeSecret(secret.open(STORAGE, storage)), SealingPublicKey(archive))


async def renew_prekeys(tx: AsyncConnection, ring: Keyring, random: Randomness, now: datetime) -> bytes:
    """Keep the sheet fresh: a new one of 35 days when the newest is a week old; destroy what is 15 days past its day.

    Returns the newest sheet's bytes. Source: ``docs/protocol.md`` section 2.
    """
    today = now.astimezone(UTC).date()
    await destroy_keys(tx, PREKEY, _midnight(today - timedelta(days=KEEP_DAYS)), now)
    newest = await newest_sheet(tx, ring.state)
    if newest is not None:
        sheet = read_sheet(bytes(newest.body), ring.station.public, ring.net)
        if today - sheet.keys[0].day < RENEW_AFTER:
            return bytes(newest.body)
    return await _new_sheet(tx, ring, 1 if newest is None else newest.number + 1, today, random, now)


async def _new_sheet(
    tx: AsyncConnection, ring: Keyring, number: int, first: date, random: Randomness, now: datetime
) -> bytes:
    seeds = [random(32) for _ in range(SHEET_DAYS)]
    body = make_sheet(ring.station, ring.state, number, first, seeds, ring.net).to_bytes()
    sheet: PrekeySheet = read_sheet(body, ring.station.public, ring.net)
    for prekey, seed in zip(sheet.keys, seeds, strict=True):
        start = _midnight(prekey.day)
        row = _row(ring.secret, PREKEY, prekey.public.id, prekey.public.data, seed, start, start + timedelta(days=1))
        await insert_own_key(tx, row)
    await put_sheet(tx, ring.state, number, body, now)
    return body


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def list_keys(tx: AsyncConnection) -> list[tuple[str, bytes, datetime, datetime, bool]]:
    """(role, id, from, until, still held) of each own key but the prekeys."""
    return [
        (row.role, bytes(row.id), row.not_before, row.not_after, row.sealed is not None)
        for row in await all_own_keys(tx)
        if row.role != PREKEY
    ]
