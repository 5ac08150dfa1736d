"""The State's own standing instructions for each type of request, beside which an officer answers, and the ticks set there.

They are the State's own paper: they travel nowhere, rest sealed under the storage key, and no text of another State stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.officers import officer_view
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_instructions import (
    insert_tick,
    instruction_kinds,
    instruction_row,
    put_instruction,
    tick_rows,
)
from contactpoint.store.rows_people import officer_row
from contactpoint.store.rows_requests import request_row
from keys import cbor
from keys.digest import digest, labelled

_TEXT, _LINE, _LINES = 20_000, 300, 40  # characters of the text, of a line; lines of a list
RIGHT = "administer"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's desk for orders: its name and where an order goes (postal or electronic address, telephone)."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """What an officer does here with a type of request. ``ticks`` are things to be done or looked at, one line each."""

    text: str = ""
    prosecutor: str = ""
    providers: tuple[Provider, ...] = ()
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstructionView:
    """The instructions for a type as they stand; ``rev`` is 0, and ``by`` and ``at`` are empty, where nobody has written any."""

    kind: str
    content: Instruction
    rev: int = 0
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TickView:
    """One line to tick beside a request: who ticked it first and when, or nobody yet. ``item`` names the line by its words."""

    item: str
    text: str
    by: str = ""
    at: datetime | None = None


def item_of(text: str) -> str:
    """The name of a line: a changed line is another one, and nobody has ticked that."""
    return labelled("cpn1/tick", text.encode()).hex()[:32]


def _sealed_name(kind: str) -> str:
    return f"instruction/{kind}"


def _to_bytes(content: Instruction) -> bytes:
    return cbor.encode(
        {
            "text": content.text,
            "prosecutor": content.prosecutor,
            "providers": [[each.name, each.address] for each in content.providers],
            "ticks": list(content.ticks),
        }
    )


def _from_bytes(data: bytes) -> Instruction:
    value: Any = cbor.decode(data, limit=1 << 18)
    providers = tuple(Provider(name, address) for name, address in value["providers"])
    return Instruction(value["text"], value["prosecutor"], providers, tuple(value["ticks"]))


def _view(cw: Casework, kind: str, row: Row[Any] | None) -> InstructionView:
    if row is None:
        return InstructionView(kind, Instruction())
    content = _from_bytes(cw.keyring.storage.open(_sealed_name(kind), bytes(row.sealed)))
    return InstructionView(kind, content, row.rev, row.by_officer, row.at)


async def instruction_of(cw: Casework, kind: str) -> InstructionView:
    """What stands for a type of request, or an empty page. Raises NotFoundError for a type that the catalogue has not."""
    if kind not in cw.catalogue:
        raise NotFoundError("E-UNKNOWN-KIND", f"{kind} is no type of this catalogue", "look at the list of types")
    return _view(cw, kind, await cw.db.read(lambda tx: instruction_row(tx, kind)))


async def kinds_with_instructions(cw: Casework) -> tuple[str, ...]:
    """The types for which somebody has written instructions."""
    return await cw.db.read(instruction_kinds)


async def set_instruction(
    cw: Casework, kind: str, content: Instruction, rev: int, officer: str, now: datetime
) -> InstructionView:
    """Write instructions that follow revision ``rev``. Raises NotPermittedError, NotFoundError, DraftError (too long, or somebody
    else has written meanwhile)."""
    row = await cw.db.read(lambda tx: officer_row(tx, officer))
    view = None if row is None else officer_view(row)
    if view is None or view.locked or RIGHT not in view.rights:
        raise NotPermittedError(
            "E-RIGHT", f"{officer} has not the right `{RIGHT}`", "ask a colleague who has, or your administrator"
        )
    await instruction_of(cw, kind)
    _refuse_too_much(content)
    data = _to_bytes(content)
    values = {"sealed": cw.keyring.storage.seal(_sealed_name(kind), data), "by_officer": officer, "at": now}

    async def work(tx: AsyncConnection) -> bool:
        if not await put_instruction(tx, kind, rev, values):
            return False
        await append(tx, journal, f"standing instruction {rev + 1} by {officer}", kind, digest(data), now)
        return True

    if not await cw.db.write(work):
        raise DraftError(
            "E-BUSY", "somebody else has written these instructions meanwhile", "look at them, then write again"
        )
    return await instruction_of(cw, kind)


def _refuse_too_much(content: Instruction) -> None:
    lines = (
        content.prosecutor,
        *(text for each in content.providers for text in (each.name, each.address)),
        *content.ticks,
    )
    many = len(content.providers) > _LINES or len(content.ticks) > _LINES
    if many or len(content.text) > _TEXT or any(len(line) > _LINE for line in lines):
        raise DraftError(
            "E-TOO-LARGE",
            f"instructions hold at most {_TEXT} characters of text, {_LINES} providers and {_LINES} ticks, {_LINE} characters each",
            "shorten them",
        )


async def ticks_of(cw: Casework, kind: str, request: str) -> tuple[TickView, ...]:
    """The lines to tick beside a request of this type, with who did."""
    content = (await instruction_of(cw, kind)).content
    done = {row.item: row for row in await cw.db.read(lambda tx: tick_rows(tx, request)) if row.kind == kind}
    return tuple(_tick(text, done.get(item_of(text))) for text in content.ticks)


def _tick(text: str, row: Row[Any] | None) -> TickView:
    return TickView(item_of(text), text, *(("", None) if row is None else (row.by_officer, row.at)))


async def set_ticks(
    cw: Casework, request: str, items: Sequence[str], officer: str, now: datetime
) -> tuple[TickView, ...]:
    """Record ticks, each once and for ever: whoever was first stays. What is no line of the instructions is left out.

    Raises NotFoundError when the request is not here.
    """
    row = await cw.db.read(lambda tx: request_row(tx, request))
    if row is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no request {request} here", "look at the board")
    kind = str(row.kind)
    texts = {item_of(text): text for text in (await instruction_of(cw, kind)).content.ticks}

    async def work(tx: AsyncConnection) -> None:
        for item in dict.fromkeys(each for each in items if each in texts):
            values = {"request_id": request, "kind": kind, "item": item, "by_officer": officer, "at": now}
            if await insert_tick(tx, values):
                await append(tx, journal, f"tick by {officer}", request, digest(texts[item].encode()), now)

    await cw.db.write(work)
    return await ticks_of(cw, kind, request)
