"""Rows of the desk itself: settings, own keys, prekey sheets, tasks, what waits for a second officer, cursors, proof set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.desk_schema import cursor, own_key, set_aside, setting, sheet, task, waiting, worker
from contactpoint.store.sql import insert_once, insert_or_replace, may_lock

# Built once: see contactpoint.store.sql.
_newest_sheet = select(sheet).where(sheet.c.state == bindparam("of")).order_by(sheet.c.number.desc()).limit(1)
_place = func.row_number().over(partition_by=(task.c.code, task.c.state), order_by=(task.c.at.desc(), task.c.id))
_placed = select(task.c.id, _place.label("place")).where(task.c.done_at.is_(None)).subquery()
_fairest = select(_placed.c.id).order_by(_placed.c.place, _placed.c.id).limit(bindparam("most"))
_fair_tasks = select(task).where(task.c.id.in_(_fairest)).order_by(task.c.at.desc())
_setting = select(setting.c.value).where(setting.c.name == bindparam("of"))
_setting_held = _setting.with_for_update(read=True)
_setting_changed = _setting.with_for_update()
_cursor = select(cursor).where(cursor.c.mailbox == bindparam("of"))


async def get_setting(tx: AsyncConnection, name: str) -> bytes | None:
    value = (await tx.execute(select(setting.c.value).where(setting.c.name == name))).scalar_one_or_none()
    return None if value is None else bytes(value)


async def hold_setting(tx: AsyncConnection, name: str, *, to_change: bool = False) -> bytes | None:
    """A setting that stays as it is until this transaction ends: others may hold it too, unless it is read ``to_change`` it."""
    query = _setting
    if may_lock(tx):
        query = _setting_changed if to_change else _setting_held
    value = (await tx.execute(query, {"of": name})).scalar_one_or_none()
    return None if value is None else bytes(value)


async def settings_under(tx: AsyncConnection, prefix: str) -> dict[str, bytes]:
    """The settings whose name begins so, by name."""
    query = select(setting.c.name, setting.c.value).where(setting.c.name.startswith(prefix, autoescape=True))
    return {row.name: bytes(row.value) for row in (await tx.execute(query)).all()}


async def setting_at(tx: AsyncConnection, name: str) -> datetime | None:
    """When a setting was last written; None: never."""
    return (await tx.execute(select(setting.c.at).where(setting.c.name == name))).scalar_one_or_none()


async def put_setting(tx: AsyncConnection, name: str, value: bytes, now: datetime) -> None:
    await insert_or_replace(tx, setting, {"name": name, "value": value, "at": now}, ("name",))


async def insert_own_key(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await insert_once(tx, own_key, values)


async def own_keys(tx: AsyncConnection, role: str) -> Sequence[Row[Any]]:
    """Own keys of a role that still have their private half, the newest last."""
    query = select(own_key).where(own_key.c.role == role, own_key.c.sealed.is_not(None)).order_by(own_key.c.not_before)
    return (await tx.execute(query)).all()


async def all_own_keys(tx: AsyncConnection) -> Sequence[Row[Any]]:
    return (await tx.execute(select(own_key).order_by(own_key.c.role, own_key.c.not_before))).all()


async def own_key_row(tx: AsyncConnection, key_id: bytes) -> Row[Any] | None:
    return (await tx.execute(select(own_key).where(own_key.c.id == key_id))).one_or_none()


async def destroy_keys(tx: AsyncConnection, role: str, before: datetime, now: datetime) -> int:
    """Empty the private halves of keys of this role that ended before this instant."""
    gone = await tx.execute(
        update(own_key)
        .where(own_key.c.role == role, own_key.c.not_after < before, own_key.c.sealed.is_not(None))
        .values(sealed=None, destroyed_at=now)
    )
    return int(gone.rowcount)


async def newest_sheet(tx: AsyncConnection, state: str) -> Row[Any] | None:
    return (await tx.execute(_newest_sheet, {"of": state})).one_or_none()


async def put_sheet(tx: AsyncConnection, state: str, number: int, body: bytes, now: datetime) -> bool:
    return await insert_once(tx, sheet, {"state": state, "number": number, "body": body, "at": now})


async def add_task(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Put a task on the board; ``once`` keeps one cause from filling it."""
    return await insert_once(tx, task, values)


async def open_tasks(tx: AsyncConnection, limit: int = 50) -> Sequence[Row[Any]]:
    """The newest tasks. Where there are more than ``limit``, each cause and State has its share: a flood of one hides no other."""
    return (await tx.execute(_fair_tasks, {"most": limit})).all()


async def open_once(tx: AsyncConnection, prefix: str) -> set[str]:
    """The causes that begin so and have an open task."""
    query = select(task.c.once).where(task.c.once.startswith(prefix, autoescape=True), task.c.done_at.is_(None))
    return set((await tx.execute(query)).scalars())


async def finish_task(tx: AsyncConnection, task_id: str, officer: str, now: datetime) -> bool:
    done = await tx.execute(
        update(task)
        .where(task.c.id == task_id, task.c.done_at.is_(None))
        .values(done_at=now, done_by=officer, once=None)
    )
    return done.rowcount == 1


async def insert_waiting(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    await tx.execute(waiting.insert().values({"state": "waiting", **values}))


async def waiting_row(tx: AsyncConnection, waiting_id: str) -> Row[Any] | None:
    return (await tx.execute(select(waiting).where(waiting.c.id == waiting_id))).one_or_none()


async def waiting_rows(tx: AsyncConnection) -> Sequence[Row[Any]]:
    query = select(waiting).where(waiting.c.state == "waiting").order_by(waiting.c.urgency, waiting.c.at)
    return (await tx.execute(query)).all()


async def settle_waiting(tx: AsyncConnection, waiting_id: str, state: str) -> bool:
    """Leave the state *waiting* once; of two approvers at once, one gets False."""
    done = await tx.execute(
        update(waiting).where(waiting.c.id == waiting_id, waiting.c.state == "waiting").values(state=state)
    )
    return done.rowcount == 1


async def get_cursor(tx: AsyncConnection, mailbox: str) -> Row[Any] | None:
    return (await tx.execute(_cursor, {"of": mailbox})).one_or_none()


async def put_cursor(tx: AsyncConnection, mailbox: str, incarnation: str, number: int, epoch: int) -> None:
    values = {"mailbox": mailbox, "incarnation": incarnation, "number": number, "epoch": epoch}
    await insert_or_replace(tx, cursor, values, ("mailbox",))


async def keep_proof(tx: AsyncConnection, values: Mapping[str, Any], most: int = 1000) -> bool:
    """Keep bytes that were refused, as proof; past ``most`` only the alarm remains."""
    count = (await tx.execute(select(func.count()).select_from(set_aside))).scalar_one()
    return count < most and await insert_once(tx, set_aside, values)


async def beat_worker(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """``values``: name, version, seen_at, and how late its steps were."""
    await insert_or_replace(tx, worker, values, ("name",))


async def worker_rows(tx: AsyncConnection) -> Sequence[Row[Any]]:
    return (await tx.execute(select(worker).order_by(worker.c.name))).all()


async def drop_worker(tx: AsyncConnection, name: str) -> None:
    await tx.execute(delete(worker).where(worker.c.name == name))
