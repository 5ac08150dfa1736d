"""Rows of the gateway's mailboxes: numbers, items, the taker's lease and cursor.

Every function works in the caller's transaction. Nothing is decided here, but for the compare-and-set in a WHERE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.gateway_schema import conflict, item, mailbox, prekey_sheet, twin
from contactpoint.store.instant import from_milliseconds
from contactpoint.store.sql import insert_once, insert_or_replace

LETTER, SLIP, EVENT = "letter", "slip", "event"
REFUSED, UNDRAINED = "refused", "undrained"
_NEVER = from_milliseconds(0)


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item that gets the next number of its mailbox. Which of the last fields it has depends on `kind`."""

    mailbox: str
    kind: str
    sender: str
    id: str
    seal: int | None
    urgency: str
    digest: bytes
    at: datetime
    envelope: bytes | None = None
    payload: bytes | None = None
    receipt: bytes | None = None
    slip: bytes | None = None
    event: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class NewTwin:
    """A slip of this gateway's own, still without signature."""

    digest: bytes
    recipient: str
    content: bytes
    next_at: datetime
    until: datetime


# Built once: a letter must not pay for the making of its SQL.
_next = (
    update(mailbox)
    .where(mailbox.c.name == bindparam("wanted"))
    .values(head=mailbox.c.head + 1)
    .returning(mailbox.c.head)
)
_known: Select[Any] = select(item.c.digest, item.c.receipt).where(
    item.c.mailbox == bindparam("mailbox"),
    item.c.sender == bindparam("sender"),
    item.c.id == bindparam("id"),
    item.c.seal == bindparam("seal"),
)
_next_unless_known = (
    update(mailbox)
    .where(
        mailbox.c.name == bindparam("wanted"),
        ~exists().where(
            item.c.mailbox == bindparam("wanted"),
            item.c.sender == bindparam("by"),
            item.c.id == bindparam("named"),
            item.c.seal == bindparam("sealing"),
        ),
    )
    .values(head=mailbox.c.head + 1)
    .returning(mailbox.c.head)
)
_add = insert(item)
_after = (
    select(item)
    .where(item.c.mailbox == bindparam("of"), item.c.number > bindparam("after"))
    .order_by(item.c.number)
    .limit(bindparam("most"))
)
_COLUMNS = tuple(NewItem.__dataclass_fields__)


async def add_mailbox(tx: AsyncConnection, name: str, owner: str) -> None:
    """Make the mailbox unless it exists."""
    values = {"head": 0, "taken": 0, "epoch": 0, "holder": "", "lease_until": _NEVER}
    await insert_once(tx, mailbox, {"name": name, "owner": owner, **values})


async def mailbox_row(tx: AsyncConnection, name: str) -> Row[Any]:
    return (await tx.execute(select(mailbox).where(mailbox.c.name == name))).one()


async def known_letter(tx: AsyncConnection, name: str, sender: str, id: str, seal: int) -> Row[Any] | None:
    """Digest and receipt of the letter that this mailbox holds or held under these names."""
    values = {"mailbox": name, "sender": sender, "id": id, "seal": seal}
    row: Row[Any] | None = (await tx.execute(_known, values)).one_or_none()
    return row


async def knows_digest(tx: AsyncConnection, name: str, digest: bytes) -> bool:
    query = select(item.c.number).where(item.c.mailbox == name, item.c.digest == digest)
    return (await tx.execute(query)).first() is not None


async def next_number(tx: AsyncConnection, name: str) -> int:
    """Take the mailbox row's lock and its next number: numbers become visible in the order of commits."""
    return int((await tx.execute(_next, {"wanted": name})).scalar_one())


async def next_number_unless_known(
    tx: AsyncConnection,
    name: str,
    sender: str,
    id: str,
    seal: int,
) -> int | None:
    """As `next_number`; None when the mailbox knows this letter already. One statement: every letter pays for it.

    Two machines may both be told that they do not know it: the second then breaks the table's uniqueness, asks again.
    """
    values = {"wanted": name, "by": sender, "named": id, "sealing": seal}
    number: int | None = (await tx.execute(_next_unless_known, values)).scalar_one_or_none()
    return number


async def add_item(tx: AsyncConnection, number: int, new: NewItem) -> None:
    await tx.execute(_add, {"number": number, **{column: getattr(new, column) for column in _COLUMNS}})


async def items_after(tx: AsyncConnection, name: str, after: int, limit: int) -> Sequence[Row[Any]]:
    return (await tx.execute(_after, {"of": name, "after": after, "most": limit})).all()


async def count_events(tx: AsyncConnection, name: str, sender: str, since: datetime) -> int:
    """How many events of this claimed sender the desk was told of since then."""
    query = select(func.count()).where(
        item.c.mailbox == name, item.c.kind == EVENT, item.c.sender == sender, item.c.at > since
    )
    return int((await tx.execute(query)).scalar_one())


async def keep_conflict(tx: AsyncConnection, values: dict[str, Any], most: int) -> None:
    """Keep one more proof, unless there are `most` of this mailbox."""
    count = select(func.count()).where(conflict.c.mailbox == values["mailbox"])
    if (await tx.execute(count)).scalar_one() < most:
        await insert_once(tx, conflict, values)


async def claim(tx: AsyncConnection, name: str, holder: str, epoch: int, until: datetime) -> bool:
    """Make this holder the taker if its epoch is higher than any before. False: it is not."""
    values = {"holder": holder, "epoch": epoch, "lease_until": until}
    result = await tx.execute(update(mailbox).where(mailbox.c.name == name, mailbox.c.epoch < epoch).values(values))
    return bool(result.rowcount == 1)


async def renew(tx: AsyncConnection, name: str, epoch: int, until: datetime) -> bool:
    """Prolong the lease where epoch = mine. False: another took over."""
    mine = (mailbox.c.name == name, mailbox.c.epoch == epoch)
    result = await tx.execute(update(mailbox).where(*mine).values(lease_until=until))
    return bool(result.rowcount == 1)


async def took(tx: AsyncConnection, name: str, epoch: int, through: int) -> bool:
    """Move the cursor where epoch = mine, never back. False: another took over and nothing was moved."""
    mine = (mailbox.c.name == name, mailbox.c.epoch == epoch)
    further = case((mailbox.c.taken < through, through), else_=mailbox.c.taken)
    result = await tx.execute(update(mailbox).where(*mine).values(taken=further))
    return bool(result.rowcount == 1)


async def undrained(
    tx: AsyncConnection, name: str, taken: int, urgency: str, held_before: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Letters of one class that were held before then, were not taken, and were not reported yet."""
    query = select(item).where(
        item.c.mailbox == name,
        item.c.kind == LETTER,
        item.c.undrained_at.is_(None),
        item.c.number > taken,
        item.c.urgency == urgency,
        item.c.at <= held_before,
    )
    return (await tx.execute(query.order_by(item.c.number).limit(limit))).all()


async def mark_undrained(tx: AsyncConnection, name: str, number: int, now: datetime) -> bool:
    """True for whoever marks it first: a twin is said once."""
    mine = (item.c.mailbox == name, item.c.number == number, item.c.undrained_at.is_(None))
    result = await tx.execute(update(item).where(*mine).values(undrained_at=now))
    return bool(result.rowcount == 1)


async def add_twin(tx: AsyncConnection, new: NewTwin) -> None:
    values = {"digest": new.digest, "recipient": new.recipient, "content": new.content, "failures": 0}
    await insert_once(tx, twin, {**values, "next_at": new.next_at, "until": new.until})


async def due_twins(tx: AsyncConnection, now: datetime, limit: int) -> Sequence[Row[Any]]:
    query = select(twin).where(twin.c.done_at.is_(None), twin.c.next_at <= now)
    return (await tx.execute(query.order_by(twin.c.next_at).limit(limit))).all()


async def sign_twin(tx: AsyncConnection, digest: bytes, signed: bytes) -> bytes:
    """Store the signed bytes where there are none, and return those that stand: each saying has the same bytes."""
    await tx.execute(update(twin).where(twin.c.digest == digest, twin.c.signed.is_(None)).values(signed=signed))
    return bytes((await tx.execute(select(twin.c.signed).where(twin.c.digest == digest))).scalar_one())


async def twin_done(tx: AsyncConnection, digest: bytes, now: datetime) -> None:
    await tx.execute(update(twin).where(twin.c.digest == digest).values(done_at=now))


async def twin_failed(tx: AsyncConnection, digest: bytes, failures: int, next_at: datetime) -> None:
    await tx.execute(update(twin).where(twin.c.digest == digest).values(failures=failures, next_at=next_at))


async def keep_sheet(tx: AsyncConnection, state: str, number: int, data: bytes, now: datetime) -> None:
    """Keep a State's prekey sheet if it is newer than the one kept."""
    kept = (await tx.execute(select(prekey_sheet.c.number).where(prekey_sheet.c.state == state))).scalar_one_or_none()
    if kept is None or kept < number:
        values = {"state": state, "number": number, "data": data, "at": now}
        await insert_or_replace(tx, prekey_sheet, values, ("state",))


async def newest_sheet(tx: AsyncConnection, state: str) -> Row[Any] | None:
    return (await tx.execute(select(prekey_sheet).where(prekey_sheet.c.state == state))).one_or_none()


async def forget_bytes(
    tx: AsyncConnection, name: str, now: datetime, taken_for: timedelta, receipts: timedelta
) -> None:
    """Empty what was taken long ago, and receipts that are older still. The rows stay: they know a letter once."""
    row = await mailbox_row(tx, name)
    here = item.c.mailbox == name
    # The day of taking is noted by this sweep, so that `took` stays one row's update however much it covers.
    await tx.execute(
        update(item).where(here, item.c.number <= row.taken, item.c.taken_at.is_(None)).values(taken_at=now)
    )
    await tx.execute(
        update(item)
        .where(here, item.c.taken_at < now - taken_for, (item.c.envelope.is_not(None) | item.c.slip.is_not(None)))
        .values(envelope=None, payload=None, slip=None)
    )
    await tx.execute(
        update(item).where(here, item.c.at < now - receipts, item.c.receipt.is_not(None)).values(receipt=None)
    )
