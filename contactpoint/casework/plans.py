"""Rotas and escalation policies as signed versions: saved by compare-and-set, read back only with a good signature.

A plan is plain data (maps, lists, text, whole numbers), signed by the officer who saved it. Whoever writes into the database without
an officer's key cannot change who is called at night: a plan whose signature fails is not used, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.errors import BusyCaseError, PlanError
from contactpoint.casework.locked import refuse_locked
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_desk import own_keys
from contactpoint.store.rows_plans import insert_plan, newest_plans, plan_row, plan_versions
from keys.cbor import decode, encode
from keys.certificate import Role, read_officer
from keys.errors import KeysError
from keys.signed import parse, sign, verify
from keys.signing import PublicKey, SigningKey


class PlanKind(StrEnum):
    ROTA = "rota"
    POLICY = "policy"


class Hand(Protocol):
    """The officer who saves: number, opened key, certificates."""

    @property
    def number(self) -> str: ...
    @property
    def key(self) -> SigningKey: ...
    @property
    def certificates(self) -> tuple[bytes, ...]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a rota or a policy. ``content`` is what was signed, decoded; ``version`` counts from 1."""

    kind: PlanKind
    name: str
    version: int
    content: Mapping[str, Any]
    by_officer: str
    at: datetime


async def save_plan(
    tx: AsyncConnection,
    cw: Casework,
    kind: PlanKind,
    name: str,
    content: Mapping[str, Any],
    after: int,
    officer: Hand,
    now: datetime,
) -> int:
    """Promise: version ``after`` + 1 of this plan, signed; ``after`` is the version that the officer saw, 0 for a new plan.

    Raises BusyCaseError when somebody else saved first: look at that version and change it anew; LockedError.
    """
    version = after + 1
    data = encode({"kind": kind.value, "name": name, "version": version, "content": dict(content)})
    signed = sign(kind.value, data, [officer.key], cw.net)
    values = {
        "kind": kind.value,
        "name": name,
        "version": version,
        "signed": signed.to_bytes(),
        "certificate": officer.certificates[0],
        "by_officer": officer.number,
        "at": now,
    }
    await refuse_locked(tx, (officer.number,))
    before = await plan_row(tx, kind.value, name)
    if (0 if before is None else before.version) != after or not await insert_plan(tx, values):
        raise BusyCaseError("E-BUSY", f"somebody else saved {name} first; look at it and change it anew")
    await append(tx, journal, f"{kind.value} saved", f"{name} {version}", signed.digest, now)
    return version


async def newest_plan(tx: AsyncConnection, cw: Casework, kind: PlanKind, name: str) -> Plan | None:
    """The plan in use. Raises PlanError for one whose signature does not hold."""
    row = await plan_row(tx, kind.value, name)
    return None if row is None else await _read(tx, cw, row)


async def plans_in_use(tx: AsyncConnection, cw: Casework, kind: PlanKind) -> tuple[Plan, ...]:
    """The newest version of every plan of a kind, by name. Raises PlanError."""
    return tuple([await _read(tx, cw, row) for row in await newest_plans(tx, kind.value)])


async def history_of(tx: AsyncConnection, cw: Casework, kind: PlanKind, name: str) -> tuple[Plan, ...]:
    """Every version, the newest first. Raises PlanError."""
    return tuple([await _read(tx, cw, row) for row in await plan_versions(tx, kind.value, name)])


async def _read(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> Plan:
    """The plan, if the officer of its certificate signed these very bytes.

    The attack: a thief with the database file writes himself, or nobody, onto the rota. The issuers are the register's; only a State
    that is not listed yet is believed by its own.
    """
    issuers = tuple(cw.register.issuer_keys(cw.state, row.at)) or tuple(
        PublicKey(bytes(each.public)) for each in await own_keys(tx, Role.ISSUER.value)
    )
    try:
        return _verified(
            bytes(row.signed), bytes(row.certificate), issuers, cw.net, row.kind, row.name, row.version, row.at
        )
    except KeysError as error:
        raise PlanError("E-PLAN", f"the {row.kind} {row.name} does not bear its officer's signature") from error


@lru_cache(maxsize=256)
def _verified(
    data: bytes,
    certificate: bytes,
    issuers: tuple[PublicKey, ...],
    net: bytes,
    kind: str,
    name: str,
    version: int,
    at: datetime,
) -> Plan:
    signed = parse(data, kind)
    officer = read_officer(certificate, issuers, net, at)
    verify(signed, [officer.key.public], net)
    match decode(signed.content):
        case {"kind": str(k), "name": str(n), "version": int(v), "content": dict(content), **rest} if not rest:
            if (k, n, v) == (kind, name, version):
                return Plan(PlanKind(kind), name, version, content, officer.number, at)
    raise PlanError("E-PLAN", f"the {kind} {name} is another one than its row says")
