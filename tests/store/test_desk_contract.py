"""One contract of the desk's rows, held by SQLite and by a real PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store import rows_cases, rows_desk, rows_outbox, rows_people, rows_requests
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import journal, metadata, request, step
from contactpoint.store.journal import append, verify_journal

NOW = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, metadata, "desk")
    yield database
    await database.close()


def case(number: int) -> dict[str, Any]:
    return {
        "id": f"case-{number}",
        "initiator": "XA",
        "addressee": "XB",
        "key_storage": b"k",
        "key_archive": b"k",
        "own_reference": f"ref-{number}",
        "opened_at": NOW,
        "rev": 1,
    }


def due_request(number: int, **values: Any) -> dict[str, Any]:
    given = {
        "id": f"request-{number}",
        "case_id": "case-1",
        "incoming": True,
        "peer": "XA",
        "kind": "PRES-NEW",
        "urgency": "U1",
        "status": "OPEN",
        "level": "received",
        "cycle": 0,
        "next_at": NOW,
        "policy_version": "standard-1",
        "rev": 1,
        "ladder": "{}",
        "label": f"label-{number}",
        "at": NOW + timedelta(seconds=number),
        "rings": True,
    }
    return given | values


def letter(number: int, **values: Any) -> dict[str, Any]:
    given = {
        "sender": "XA",
        "id": f"letter-{number}",
        "case_id": "case-1",
        "recipient": "XB",
        "kind": "PRES-NEW",
        "digest": bytes([number]) * 32,
        "seal": 1,
        "envelope_digest": b"e" * 32,
        "sealed": b"sealed",
        "at": NOW,
        "kept_at": NOW,
        "held_at": None,
    }
    return given | values


async def with_case(db: Database, *requests: dict[str, Any]) -> None:
    async def work(tx: AsyncConnection) -> None:
        await rows_cases.insert_case(tx, case(1))
        for each in requests:
            await rows_requests.insert_request(tx, each)

    await db.write(work)


async def test_of_two_who_move_the_same_heads_one_is_told_to_load_again(db: Database) -> None:
    await with_case(db)

    async def move(tx: AsyncConnection) -> bool:
        return await rows_cases.move_heads(tx, "case-1", 1, {"head_initiator": b"h" * 32})

    assert sorted(await asyncio.gather(db.write(move), db.write(move))) == [False, True]


async def test_a_step_is_taken_once_whoever_takes_it(db: Database) -> None:
    async def take(tx: AsyncConnection) -> bool:
        return await rows_requests.take_step(tx, "request-1", 0, "rung 0", NOW, NOW)

    assert sum(await asyncio.gather(*(db.write(take) for _ in range(8)))) == 1


async def test_workers_side_by_side_claim_every_due_request_once(db: Database) -> None:
    await with_case(db, *(due_request(n) for n in range(60)))

    async def claim(tx: AsyncConnection) -> list[str]:
        rows = await rows_requests.due_requests(tx, NOW, limit=10)
        for row in rows:
            assert await rows_requests.update_request(tx, row.id, row.rev, {"next_at": None})
            assert await rows_requests.take_step(tx, row.id, 0, "rung 0", NOW, NOW)
        await append(tx, journal, "timers", str(len(rows)), None, NOW)
        return [row.id for row in rows]

    async def worker() -> list[str]:
        claimed: list[str] = []
        while await db.read(lambda tx: rows_requests.anything_due(tx, NOW)):
            claimed += await db.write(claim)
        return claimed

    claims = [each for worker_claims in await asyncio.gather(*(worker() for _ in range(4))) for each in worker_claims]
    assert sorted(claims) == sorted(f"request-{n}" for n in range(60))
    assert await db.read(lambda tx: tx.scalar(select(func.count()).select_from(step))) == 60
    assert await db.read(lambda tx: verify_journal(tx, journal))


async def test_a_request_that_is_not_due_is_not_claimed(db: Database) -> None:
    await with_case(db, due_request(1, next_at=NOW + timedelta(milliseconds=1)), due_request(2, next_at=None))
    assert not await db.read(lambda tx: rows_requests.anything_due(tx, NOW))
    assert await db.write(lambda tx: rows_requests.due_requests(tx, NOW)) == []


async def test_a_stale_revision_changes_nothing(db: Database) -> None:
    await with_case(db, due_request(1))
    assert not await db.write(lambda tx: rows_requests.update_request(tx, "request-1", 7, {"status": "EXECUTED"}))
    assert await db.read(lambda tx: tx.scalar(select(request.c.status))) == "OPEN"


async def test_requests_are_found_by_id_by_label_and_by_the_beginning_of_their_id(db: Database) -> None:
    await with_case(db, due_request(1), due_request(2))
    for reference in ("request-1", "label-1"):
        rows = await db.read(lambda tx, r=reference: rows_requests.requests_like(tx, r))
        assert [row.id for row in rows] == ["request-1"]
    assert len(await db.read(lambda tx: rows_requests.requests_like(tx, "request-"))) == 2
    assert await db.read(lambda tx: rows_requests.requests_like(tx, "req")) == []


async def test_what_looks_like_a_pattern_is_only_text(db: Database) -> None:
    await with_case(db, due_request(1))
    assert await db.read(lambda tx: rows_requests.requests_like(tx, "%%%%%%%%%")) == []


async def test_the_alarm_counts_what_rings_and_what_is_unread(db: Database) -> None:
    await with_case(
        db,
        due_request(1),
        due_request(2),
        due_request(3, rings=False),
        due_request(4, incoming=False, rings=True),
        due_request(5, incoming=False, rings=False, answer_unread=True, urgency="U0"),
        due_request(6, incoming=False, rings=False, answer_unread=True, urgency="U3"),
    )
    counts = await db.read(rows_requests.alarm_counts)
    assert counts == (2, NOW + timedelta(seconds=1), 1, 1)


async def test_a_page_goes_out_once_and_an_acknowledgement_cancels_what_has_not(db: Database) -> None:
    page = {
        "request_id": "request-1",
        "cycle": 0,
        "rung": 0,
        "officer": "XB-OFF-001",
        "channel": "console",
        "urgency": "U1",
        "state": "due",
        "next_at": NOW,
        "at": NOW,
    }
    assert await db.write(lambda tx: rows_requests.add_page(tx, {"id": "page-1", **page}))
    assert not await db.write(lambda tx: rows_requests.add_page(tx, {"id": "page-2", **page}))
    assert await db.write(lambda tx: rows_requests.cancel_pages(tx, "request-1")) == 1
    assert await db.write(lambda tx: rows_requests.due_pages(tx, NOW)) == []


async def test_unreceived_letters_are_named_oldest_first_and_no_more_than_sixteen(db: Database) -> None:
    await with_case(db)

    async def work(tx: AsyncConnection) -> None:
        for n in range(20):
            await rows_cases.insert_statement(tx, letter(n, held_at=NOW + timedelta(seconds=n)))
        await rows_cases.insert_statement(tx, letter(30))
        await rows_cases.note_received(tx, "XA", "letter-0", NOW)

    await db.write(work)
    named = await db.read(lambda tx: rows_cases.held_but_not_received(tx, "XA", "XB"))
    assert named == [f"letter-{n}" for n in range(1, 17)]


async def test_the_earliest_held_of_an_id_stands(db: Database) -> None:
    await with_case(db)

    async def work(tx: AsyncConnection) -> datetime:
        await rows_cases.insert_statement(tx, letter(1))
        for seconds in (5, 2, 9):
            await rows_cases.note_held(tx, "XA", "letter-1", NOW + timedelta(seconds=seconds))
        row = await rows_cases.statement_row(tx, "XA", "letter-1")
        assert row is not None
        held: datetime = row.held_at
        return held

    assert await db.write(work) == NOW + timedelta(seconds=2)


async def test_asking_again_for_a_signature_returns_the_bytes_that_were_stored_first(db: Database) -> None:
    fact = {
        "digest": b"d" * 32,
        "statement_id": "letter-1",
        "statement_sender": "XA",
        "level": "received",
        "by_state": "XB",
        "who": "station",
        "at": NOW,
        "content": b"content",
    }
    assert await db.write(lambda tx: rows_outbox.insert_fact(tx, fact))
    assert not await db.write(lambda tx: rows_outbox.insert_fact(tx, fact))
    assert await db.write(lambda tx: rows_outbox.store_signature(tx, b"d" * 32, b"first")) == b"first"
    assert await db.write(lambda tx: rows_outbox.store_signature(tx, b"d" * 32, b"second")) == b"first"


async def test_one_time_links_are_used_up_by_one_of_two(db: Database) -> None:
    values = {
        "number": "XB-OFF-001",
        "name": "Officer",
        "rights": "[]",
        "language": "en",
        "mail": "",
        "link_digest": b"l" * 32,
        "link_until": NOW + timedelta(hours=1),
    }
    assert await db.write(lambda tx: rows_people.insert_officer(tx, values))
    used = await asyncio.gather(*(db.write(lambda tx: rows_people.use_link(tx, b"l" * 32, {})) for _ in range(2)))
    assert sorted(used) == [False, True]


async def test_one_cause_puts_one_task_on_the_board_until_it_is_done(db: Database) -> None:
    def task(number: int) -> dict[str, Any]:
        return {"id": f"task-{number}", "code": "W-DEGRADED", "once": "degraded/XB-OFF-001", "at": NOW}

    assert await db.write(lambda tx: rows_desk.add_task(tx, task(1)))
    assert not await db.write(lambda tx: rows_desk.add_task(tx, task(2)))
    assert await db.write(lambda tx: rows_desk.finish_task(tx, "task-1", "XB-OFF-001", NOW))
    assert await db.write(lambda tx: rows_desk.add_task(tx, task(3)))


async def test_destroyed_keys_lose_their_private_half_and_nothing_else(db: Database) -> None:
    def key(number: int) -> dict[str, Any]:
        day = NOW + timedelta(days=number)
        return {
            "id": bytes([number]) * 32,
            "role": "prekey",
            "public": b"p",
            "sealed": b"s",
            "not_before": day,
            "not_after": day + timedelta(days=1),
        }

    async def work(tx: AsyncConnection) -> int:
        for n in range(4):
            await rows_desk.insert_own_key(tx, key(n))
        return await rows_desk.destroy_keys(tx, "prekey", NOW + timedelta(days=2, hours=1), NOW)

    assert await db.write(work) == 2
    rows = await db.read(rows_desk.all_own_keys)
    assert [row.sealed for row in rows] == [None, None, b"s", b"s"]
    assert all(row.public == b"p" for row in rows)


async def test_of_two_approvers_one_releases(db: Database) -> None:
    waiting = {
        "id": "waiting-1",
        "case_id": "case-1",
        "kind": "EMERG-DATA",
        "urgency": "U0",
        "recipient": "XB",
        "by_officer": "XA-OFF-001",
        "approver": "XA-OFF-002",
        "sealed": b"s",
        "key_storage": b"k",
        "key_archive": b"k",
        "at": NOW,
        "until": NOW,
    }
    await db.write(lambda tx: rows_desk.insert_waiting(tx, waiting))
    settled = await asyncio.gather(
        *(db.write(lambda tx: rows_desk.settle_waiting(tx, "waiting-1", "released")) for _ in range(2))
    )
    assert sorted(settled) == [False, True]


async def test_due_parcels_come_urgent_first_and_a_lease_hides_them(db: Database) -> None:
    def parcel(number: int, urgency: str) -> dict[str, Any]:
        return {
            "id": f"parcel-{number}",
            "recipient": "XB",
            "urgency": urgency,
            "next_at": NOW,
            "expires": NOW + timedelta(days=1),
        }

    async def work(tx: AsyncConnection) -> list[str]:
        for number, urgency in enumerate(("U3", "U0", "U1")):
            await rows_outbox.insert_parcel(tx, parcel(number, urgency))
        return [row.id for row in await rows_outbox.due_parcels(tx, NOW)]

    assert await db.write(work) == ["parcel-1", "parcel-2", "parcel-0"]
    await db.write(lambda tx: rows_outbox.lease_parcels(tx, ["parcel-1"], NOW + timedelta(seconds=30)))
    left = await db.write(lambda tx: rows_outbox.due_parcels(tx, NOW))
    assert [row.id for row in left] == ["parcel-2", "parcel-0"]
