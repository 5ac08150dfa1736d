"""Rows of how officers are called: contacts, rules, the delivery log, and the links of *on my way*. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import attempt, contact, notice_rules, officer, page, reach_link, request
from contactpoint.store.rows_requests import BEING_SENT
from contactpoint.store.sql import insert_once, insert_or_replace, may_lock

# Built once: see contactpoint.store.sql.
_of_called = (notice_rules.c.rules, *(contact.c[name] for name in ("channel", "address", "verified_at")))
_called = (
    select(*_of_called)
    .select_from(officer)
    .outerjoin(notice_rules, notice_rules.c.officer == officer.c.number)
    .outerjoin(contact, contact.c.officer == officer.c.number)
    .where(officer.c.number == bindparam("of"))
    .order_by(contact.c.place, contact.c.added_at, contact.c.id)
)
_begin = insert(attempt)
_end = update(attempt).where(attempt.c.page_id == bindparam("of"), attempt.c.number == bindparam("n"))
_one_link = select(reach_link).where(reach_link.c.digest == bindparam("of"))
# Without a lock: whoever claims pages must not wait for a request, whose own step waits for its pages.
_request_seen = select(request).where(request.c.id == bindparam("of"))
_unsent_of = (
    select(page)
    .where(
        page.c.request_id == bindparam("request"),
        page.c.cycle == bindparam("at_cycle"),
        page.c.rung == bindparam("at_rung"),
        page.c.officer == bindparam("to"),
    )
    .order_by(page.c.next_at, page.c.id)
)


async def called(tx: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    """The officer's rules (the same in each row) with one contact a row, in the officer's order; no row for an unknown officer."""
    return (await tx.execute(_called, {"of": number})).all()


async def contacts_of(tx: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    query = select(contact).where(contact.c.officer == number)
    return (await tx.execute(query.order_by(contact.c.place, contact.c.added_at, contact.c.id))).all()


async def contact_row(tx: AsyncConnection, contact_id: str) -> Row[Any] | None:
    return (await tx.execute(select(contact).where(contact.c.id == contact_id))).one_or_none()


async def add_contact(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Add a contact at the end of its officer's order. False: the officer has it already."""
    last = select(func.coalesce(func.max(contact.c.place), -1)).where(contact.c.officer == values["officer"])
    place = int((await tx.execute(last)).scalar_one()) + 1
    return await insert_once(tx, contact, {**values, "place": place})


async def update_contact(tx: AsyncConnection, contact_id: str, values: Mapping[str, Any]) -> bool:
    changed = await tx.execute(update(contact).where(contact.c.id == contact_id).values(values))
    return changed.rowcount == 1


async def use_code(tx: AsyncConnection, contact_id: str, code: bytes, now: datetime) -> bool:
    """Verify a contact by its code, by compare-and-set: a code works once."""
    changed = await tx.execute(
        update(contact)
        .where(contact.c.id == contact_id, contact.c.code_digest == code)
        .values(verified_at=now, code_digest=None, code_until=None, code_tries=0)
    )
    return changed.rowcount == 1


async def count_try(tx: AsyncConnection, contact_id: str) -> None:
    await tx.execute(update(contact).where(contact.c.id == contact_id).values(code_tries=contact.c.code_tries + 1))


async def remove_contact(tx: AsyncConnection, contact_id: str) -> bool:
    gone = await tx.execute(delete(contact).where(contact.c.id == contact_id))
    return gone.rowcount == 1


async def verified_before(tx: AsyncConnection, before: datetime, limit: int = 200) -> Sequence[Row[Any]]:
    """Contacts of officers who can be called, verified at ``before`` or earlier, oldest first."""
    query = (
        select(contact)
        .join(officer, officer.c.number == contact.c.officer)
        .where(contact.c.verified_at <= before, officer.c.locked_at.is_(None))
    )
    return (await tx.execute(query.order_by(contact.c.verified_at).limit(limit))).all()


async def verified_contacts(tx: AsyncConnection) -> Sequence[Row[Any]]:
    """Every contact that was ever verified, of officers who can be called."""
    query = (
        select(contact)
        .join(officer, officer.c.number == contact.c.officer)
        .where(contact.c.verified_at.is_not(None), officer.c.locked_at.is_(None))
    )
    return (await tx.execute(query.order_by(contact.c.officer, contact.c.place))).all()


async def rules_row(tx: AsyncConnection, number: str) -> Row[Any] | None:
    return (await tx.execute(select(notice_rules).where(notice_rules.c.officer == number))).one_or_none()


async def put_rules(tx: AsyncConnection, number: str, rules: str, now: datetime) -> None:
    await insert_or_replace(tx, notice_rules, {"officer": number, "rules": rules, "at": now}, ("officer",))


# --- the delivery log ---


async def begin_attempt(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(_begin, dict(values))


async def end_attempt(tx: AsyncConnection, page_id: str, number: int, values: Mapping[str, Any]) -> None:
    await tx.execute(_end, {"of": page_id, "n": number, **values})


async def attempts_of(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    query = select(attempt).where(attempt.c.request_id == request_id)
    return (await tx.execute(query.order_by(attempt.c.at, attempt.c.page_id, attempt.c.number))).all()


async def attempts_to(tx: AsyncConnection, number: str, limit: int = 50) -> Sequence[Row[Any]]:
    """The newest attempts to reach an officer, tests and codes among them."""
    query = select(attempt).where(attempt.c.officer == number)
    return (await tx.execute(query.order_by(attempt.c.at.desc(), attempt.c.page_id).limit(limit))).all()


# --- what a claim of pages asks ---


async def unsent_beside(tx: AsyncConnection, request_ids: Collection[str], now: datetime) -> Sequence[Row[Any]]:
    """Every due page of these requests that nobody is sending, the earliest first."""
    query = select(page).where(
        page.c.request_id.in_(sorted(request_ids)),
        page.c.state == "due",
        page.c.next_at <= now,
        page.c.outcome != BEING_SENT,
    )
    if may_lock(tx):
        query = query.with_for_update(skip_locked=True)
    return (await tx.execute(query.order_by(page.c.at, page.c.cycle, page.c.rung, page.c.id))).all()


async def hold_back(tx: AsyncConnection, page_ids: Collection[str], outcome: str, now: datetime) -> None:
    """These pages are said by another: they stand in the log as held back."""
    await tx.execute(
        update(page)
        .where(page.c.id.in_(sorted(page_ids)), page.c.state == "due")
        .values(state="held-back", outcome=outcome, sent_at=now)
    )


async def pages_beside(tx: AsyncConnection, row: Row[Any]) -> Sequence[Row[Any]]:
    """All pages of the same rung to the same person, in the order in which they are due."""
    told = {"request": row.request_id, "at_cycle": row.cycle, "at_rung": row.rung, "to": row.officer}
    return (await tx.execute(_unsent_of, told)).all()


async def bring_forward(tx: AsyncConnection, page_id: str, now: datetime) -> bool:
    """Let a page that waits for its turn go out now."""
    moved = await tx.execute(
        update(page)
        .where(page.c.id == page_id, page.c.state == "due", page.c.outcome != BEING_SENT, page.c.next_at > now)
        .values(next_at=now)
    )
    return moved.rowcount == 1


# --- on my way ---


async def put_link(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """The one live link of a page: a second attempt's takes the place of the first, which certainly did not arrive."""
    await tx.execute(delete(reach_link).where(reach_link.c.page_id == values["page_id"]))
    await tx.execute(insert(reach_link), dict(values))


async def request_seen(tx: AsyncConnection, request_id: str) -> Row[Any] | None:
    """A request as it stands, not locked."""
    return (await tx.execute(_request_seen, {"of": request_id})).one_or_none()


async def link_row(tx: AsyncConnection, digest: bytes) -> Row[Any] | None:
    return (await tx.execute(_one_link, {"of": digest})).one_or_none()


async def use_reach_link(tx: AsyncConnection, digest: bytes, now: datetime) -> bool:
    """Use a link up, by compare-and-set: of two presses at once, one gets False."""
    used = await tx.execute(
        update(reach_link).where(reach_link.c.digest == digest, reach_link.c.used_at.is_(None)).values(used_at=now)
    )
    return used.rowcount == 1


async def pages_to(tx: AsyncConnection, number: str, limit: int = 200) -> Sequence[Row[Any]]:
    """The newest pages of ladders to an officer that have gone out or are going out."""
    query = (
        select(page)
        .where(page.c.officer == number, page.c.rung >= 0, page.c.attempts > 0, page.c.state != "cancelled")
        .order_by(page.c.at.desc(), page.c.id.desc())
        .limit(limit)
    )
    return (await tx.execute(query)).all()
