"""The rows of drills, pings and bells, held by SQLite and by a real PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store import rows_drills, rows_tools
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata

NOW = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, metadata, "desk")
    yield database
    await database.close()


def drill(number: int, **values: Any) -> dict[str, Any]:
    given = {"id": f"drill-{number}", "peer": "XB", "incoming": False, "channel": "link", "at": NOW, "next_at": NOW}
    return given | values


async def test_of_workers_that_move_one_plan_at_once_one_opens_the_drill(db: Database) -> None:
    await db.write(lambda tx: rows_drills.begin_plan(tx, "XB", NOW))
    await db.write(lambda tx: rows_drills.begin_plan(tx, "XB", NOW + timedelta(days=9)))
    (row,) = await db.read(rows_drills.plans)
    assert row.next_at == NOW
    later = NOW + timedelta(days=20)
    moved = await asyncio.gather(*(db.write(lambda tx: rows_drills.move_plan(tx, row, later)) for _ in range(6)))
    assert sorted(moved) == [False] * 5 + [True]
    await db.write(lambda tx: rows_drills.drop_plan(tx, "XB"))
    assert await db.read(rows_drills.plans) == []


async def test_a_result_stands_once_and_the_newest_drill_is_first(db: Database) -> None:
    for number in range(3):
        values = drill(number, at=NOW + timedelta(hours=number))
        await db.write(lambda tx, values=values: rows_drills.insert_drill(tx, values))  # type: ignore[misc]
    written = [
        await db.write(lambda tx, reach=reach: rows_drills.settle_drill(tx, "drill-1", {"reach": reach}))  # type: ignore[misc]
        for reach in ("5-min", "not")
    ]
    assert written == [True, False]
    rows = await db.read(lambda tx: rows_drills.newest_drills(tx, "XB"))
    assert [(row.id, row.reach) for row in rows] == [("drill-2", ""), ("drill-1", "5-min"), ("drill-0", "")]
    assert [row.id for row in await db.read(rows_drills.running_drills)] == ["drill-0", "drill-2"]
    assert [row.id for row in await db.read(lambda tx: rows_drills.drills_called(tx, "drill_1"))] == []  # no wildcard
    assert await db.read(lambda tx: rows_drills.newest_drills(tx, "XC")) == []


async def test_marks_of_an_hour_are_read_and_replaced_and_old_hours_go(db: Database) -> None:
    async def work(tx: AsyncConnection) -> None:
        await rows_drills.put_pings(tx, NOW, {"XB": "a" * 60, "XC": "-" * 60})
        await rows_drills.put_pings(tx, NOW, {"XB": "b" * 60})
        await rows_drills.put_pings(tx, NOW - timedelta(hours=1), {"XB": "c" * 60})

    await db.write(work)
    assert await db.read(lambda tx: rows_drills.pings_of_hour(tx, NOW)) == {"XB": "b" * 60, "XC": "-" * 60}
    assert await db.write(lambda tx: rows_drills.drop_pings(tx, NOW)) == 1
    assert [row.peer for row in await db.read(lambda tx: rows_drills.pings_since(tx, NOW))] == ["XB", "XC"]


async def test_a_key_is_seen_in_its_own_scope_until_it_is_revoked(db: Database) -> None:
    mark = b"d" * 32
    values = {"digest": mark, "name": "guard room", "scope": "bell", "at": NOW}
    await db.write(lambda tx: rows_tools.insert_api_key(tx, values))
    assert await db.read(lambda tx: rows_tools.keys_in_use(tx, "bell")) == []
    assert not await db.write(lambda tx: rows_tools.note_key_seen(tx, mark, "threats", NOW))
    assert await db.write(lambda tx: rows_tools.note_key_seen(tx, mark, "bell", NOW))
    assert [row.name for row in await db.read(lambda tx: rows_tools.keys_in_use(tx, "bell"))] == ["guard room"]
    assert await db.write(lambda tx: rows_tools.revoke_api_key(tx, "guard room", NOW))
    assert not await db.write(lambda tx: rows_tools.note_key_seen(tx, mark, "bell", NOW))
