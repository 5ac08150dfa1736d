"""One case as it rests: its row, its key, its letters unsealed, and the fold of both halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.case import Case, fold
from contactpoint.domain.statement import Statement
from contactpoint.store.rows_cases import case_row, insert_case, insert_statement, move_heads, statement_rows
from contactpoint.wire.fields import is_message_id
from contactpoint.wire.state import head as head
from contactpoint.wire.state import state_digest as state_digest
from contactpoint.wire.statement import decode_statement
from keys import cbor
from keys.custody import CaseKey, new_case_key, open_at_rest, open_case_key, seal_at_rest, wrap_case_key
from keys.signed import parse


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """All that rests of one letter, sealed under its case key: enough to prove it, and to seal it again."""

    signed: bytes
    salt: bytes
    certificates: tuple[bytes, ...]
    envelope: bytes

    def to_bytes(self) -> bytes:
        return cbor.encode(
            {
                "signed": self.signed,
                "salt": self.salt,
                "certificates": list(self.certificates),
                "envelope": self.envelope,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> KeptLetter:
        value: Any = cbor.decode(data, limit=1 << 20)
        return cls(value["signed"], value["salt"], tuple(value["certificates"]), value["envelope"])

    @property
    def statement(self) -> Statement:
        return decode_statement(parse(self.signed, "statement").content)


@dataclass(frozen=True, slots=True)
class NewCaseKey:
    """A fresh case key with its two wraps."""

    key: CaseKey
    storage: bytes
    archive: bytes


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with its key. ``letters`` by statement digest; ``case`` is None only before its first statement."""

    id: str
    key: CaseKey
    rev: int
    own_reference: str
    letters: Mapping[bytes, KeptLetter]
    rows: Mapping[bytes, Row[Any]]
    statements: tuple[Statement, ...]
    case: Case
    thread: str = ""  # the operation it belongs to, "" when none
    parent_request: str = ""  # the request of another case that it came from


def make_case_key(cw: Casework, case_id: str) -> NewCaseKey:
    key = new_case_key(cw.random)
    storage, archive = wrap_case_key(key, cw.keyring.storage, cw.keyring.archive, case_id)
    return NewCaseKey(key, storage, archive)


async def load_case(tx: AsyncConnection, cw: Casework, case_id: str) -> OpenCase | None:
    """The case with every letter unsealed and folded, or None. Raises UnsealError when the storage key does not fit."""
    row = await case_row(tx, case_id)
    if row is None:
        return None
    key = open_case_key(cw.keyring.storage, row.key_storage, case_id)
    rows = await statement_rows(tx, case_id)
    letters = {bytes(each.digest): _unseal(key, each) for each in rows}
    statements = tuple(letter.statement for letter in letters.values())
    return OpenCase(
        id=case_id,
        key=key,
        rev=row.rev,
        own_reference=row.own_reference,
        letters=letters,
        rows={bytes(each.digest): each for each in rows},
        statements=statements,
        case=fold(statements, cw.catalogue),
        thread=row.thread,
        parent_request=row.parent_request,
    )


def _unseal(key: CaseKey, row: Row[Any]) -> KeptLetter:
    return KeptLetter.from_bytes(open_at_rest(key, rest_name(row.sender, row.id), row.sealed))


def rest_name(sender: str, statement_id: str) -> str:
    """The name a letter is sealed under: a row moved to another's place does not open."""
    return f"statement/{sender}/{statement_id}"


def thread_of(statement: Statement) -> str:
    """The operation that a letter puts its case into. Only the opening letter may, and only by an id: a column takes no other text."""
    thread = statement.thread or ""
    return thread if statement.id == statement.case and is_message_id(thread) else ""


async def start_case(
    tx: AsyncConnection,
    statement: Statement,
    fresh: NewCaseKey,
    own_reference: str,
    now: datetime,
    parent_request: str = "",
) -> None:
    """Insert the case that this statement opens, its heads still empty."""
    await insert_case(
        tx,
        {
            "id": statement.case,
            "initiator": statement.sender,
            "addressee": statement.recipient,
            "key_storage": fresh.storage,
            "key_archive": fresh.archive,
            "own_reference": own_reference,
            "thread": thread_of(statement),
            "parent_request": parent_request,
            "opened_at": now,
            "rev": 1,
        },
    )


async def keep_letter(
    tx: AsyncConnection,
    cw: Casework,
    key: CaseKey,
    letter: KeptLetter,
    statement: Statement,
    *,
    seal: int,
    envelope_digest: bytes,
    held_at: datetime | None,
    now: datetime,
) -> None:
    """Insert the letter's row, its content sealed under the case's key."""
    name = rest_name(statement.sender, statement.id)
    await insert_statement(
        tx,
        {
            "sender": statement.sender,
            "id": statement.id,
            "case_id": statement.case,
            "recipient": statement.recipient,
            "kind": statement.kind,
            "digest": statement.digest,
            "seal": seal,
            "envelope_digest": envelope_digest,
            "sealed": seal_at_rest(key, name, letter.to_bytes(), cw.random(12)),
            "at": statement.at,
            "kept_at": now,
            "held_at": held_at,
        },
    )


async def store_heads(tx: AsyncConnection, case: Case, rev: int) -> bool:
    """Move the row's heads and parties to those of the fold, by compare-and-set."""
    heads = {
        "initiator": case.initiator,
        "addressee": case.addressee,
        "head_initiator": head(case, case.initiator),
        "head_addressee": head(case, case.addressee),
    }
    return await move_heads(tx, case.id, rev, heads)
