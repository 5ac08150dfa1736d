"""A listed State that means harm: letters signed as they must be, which would stop the desk, hide others' requests or break its pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from contactpoint.casework.cases import load_case
from contactpoint.casework.effects import raise_task
from contactpoint.casework.follow import follow
from contactpoint.casework.letters import prekey_of
from contactpoint.desk.officers import one_time_link
from contactpoint.desk.results import NodeError
from contactpoint.domain.calendar import Calendar
from contactpoint.domain.case import Case
from contactpoint.main.clock import clock_of
from contactpoint.main.folder import write_private
from contactpoint.store import desk_schema
from contactpoint.store.rows_requests import all_requests
from contactpoint.wire.envelope import seal_letter
from contactpoint.wire.statement import encode_statement
from keys.signed import sign
from tests.simulator import SimulatedState, Simulator, simulated
from tests.stories.test_stories_attacks import Insider, codes, rows

EXECUTED = {"preserved_from": "2027-03-04T12:00Z", "reference": "P-1"}


async def case_of(state: SimulatedState, case: str) -> Case:
    found = await state.cw.db.read(lambda tx: load_case(tx, state.cw, case))
    assert found is not None
    return found.case


async def executed(net: Simulator) -> str:
    """XA asked, XB has preserved: XA may follow up now."""
    sent = await net["XA"].ask("XB")
    await net.settle()
    await net["XB"].acknowledge(sent.id)
    await net["XB"].desk.answer(sent.id, "EXECUTED", EXECUTED, net["XB"].officer, net.now)
    await net.settle()
    return sent.id


async def send(net: Simulator, state: str, to: str, **statement: Any) -> str:
    """A letter of this State's officer, written by hand."""
    insider, officer = Insider(net, net[state]), net[state].officer
    written = insider.statement(to, **statement)
    await insider.send(await insider.seal(written, [officer.key], officer.certificates))
    return written.id


async def move(net: Simulator, case: str, state: str, to: str, kind: str, **more: Any) -> str:
    """The next statement of this State's half."""
    known = await case_of(net[state], case)
    asked = known.requests[case].digest
    end, other = known.initiator, known.addressee
    mine, seen = (known.head(end), known.head(other)) if state == end else (known.head(other), known.head(end))
    return await send(net, state, to, case=case, kind=kind, mine=mine, seen=seen, re=asked, **more)


async def test_a_follow_up_under_the_id_of_another_request_does_not_stop_the_mail(tmp_path: Path) -> None:
    """It met that request's row: the letter was taken again for ever, and those behind it never."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        own = await net["XB"].ask("XC")
        case = await executed(net)
        await move(net, case, "XA", "XB", "PRES-EXT", id=own.id, body={"reason": "more time"})
        assert "E-ID-CONFLICT" in await codes(net["XB"])
        behind = await net["XC"].ask("XB")
        await net.settle()
        assert (await net["XB"].view(behind.id)).level == "received"
        assert not (await net["XB"].view(own.id)).incoming


async def test_a_namesake_that_waited_for_its_case_moves_no_clock_of_the_true_request(tmp_path: Path) -> None:
    """It is kept before the true one is there, and played after: a withdrawal of the namesake must not silence the other."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        case = await executed(net)
        true = await net["XC"].ask("XB")
        await net.settle()
        known = await case_of(net["XB"], case)
        follow_up = replace(known.requests[case], id=true.id, kind="PRES-EXT", parent=case, preservation=None)
        played = replace(known, requests={**known.requests, true.id: follow_up})
        cw = net["XB"].cw
        await cw.db.write(lambda tx: follow(tx, cw, known, played, {}, net.now))
        assert "E-ID-CONFLICT" in await codes(net["XB"])
        assert (await net["XB"].view(true.id)).rings


async def test_a_stranger_in_a_case_that_is_not_open_yet_cannot_keep_its_opening_out(tmp_path: Path) -> None:
    """Whoever keeps a mailbox sees ids before its desk does: a letter of its own under that case's id came first."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await net["XA"].ask("XB")
        squatter, officer = Insider(net, net["XC"]), net["XC"].officer
        stray = squatter.statement("XB", case=sent.case, kind="WITHDRAW", mine=b"m" * 32, re=b"r" * 32, body={})
        parcel = await squatter.seal(stray, [officer.key], officer.certificates)
        await net["XB"].gateway.put(net["XC"].peer(), parcel)
        await net["XB"].take()
        await net.settle()
        assert (await net["XB"].view(sent.id)).level == "received"
        assert "rejected" not in await net["XA"].levels(sent.id)
        assert "E-UNKNOWN-CASE" in await codes(net["XB"])
        await net["XB"].acknowledge(sent.id)
        await net.settle()
        views = [await net[state].desk.case_view(sent.case, net.now) for state in ("XA", "XB")]
        assert views[0].state_digest == views[1].state_digest
        assert {view.initiator for view in views} == {"XA"}


async def test_an_order_dated_at_the_end_of_the_calendar_is_rejected_and_not_a_poisoned_letter(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        late = EXECUTED | {"domestic_order_from": "9999-12-31T00:00Z"}
        await move(net, sent.case, "XB", "XA", "EXECUTED", body=late)
        assert await codes(net["XA"]) == ["E-FIELD-INVALID"]


async def test_a_flood_of_one_state_pushes_no_other_request_off_the_board(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        quiet = await net["XC"].ask("XB")
        await net.settle()
        row = next(row for row in await rows(net["XB"], desk_schema.request) if row.id == quiet.id)
        newer = [
            {**row._mapping, "id": f"flood-{n}", "peer": "XA", "urgency": "U0", "at": net.now + timedelta(minutes=n)}
            for n in range(600)
        ]
        db = net["XB"].cw.db
        await db.write(lambda tx: tx.execute(insert(desk_schema.request), newer))
        shown = await db.read(all_requests)
        assert len(shown) == 500
        assert quiet.id in {row.id for row in shown}


async def test_a_flood_of_rejected_letters_hides_no_other_task(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        cw = net["XB"].cw

        async def flood(tx: Any) -> None:
            await raise_task(tx, cw, "W-UNREACHABLE", net.now - timedelta(hours=1), state="XC")
            for number in range(80):
                await raise_task(tx, cw, "E-MOVE-ILLEGAL", net.now, state="XA", once=f"rejected/{number}")

        await cw.db.write(flood)
        assert "W-UNREACHABLE" in await codes(net["XB"])


async def test_a_card_with_an_invented_zone_or_day_stops_no_clock_of_those_who_write_to_it(tmp_path: Path) -> None:
    told = Calendar.told("Mars/Olympus", (1,), ("2027-02-30", "2027-03-08"), "17:00")
    assert (told.zone, [str(day) for day in told.holidays]) == ("UTC", ["2027-03-08"])


async def test_a_post_dated_statement_does_not_stand_above_all_others(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        today = net.now
        late = insider.statement("XB", at=today + timedelta(days=13), expires=today + timedelta(days=14))
        signed = sign("statement", encode_statement(late, net["XA"].cw.net), [officer.key], net["XA"].cw.net)
        cw = net["XA"].cw
        prekey = await cw.db.read(lambda tx: prekey_of(tx, cw, late.recipient, today))
        parcel = seal_letter(
            signed,
            officer.certificates,
            (),
            to_prekey=prekey.public,
            station=cw.keyring.station,
            seal=1,
            dir_size=cw.register.copy.size,
            unreceived=(),
            at=today,
            net=cw.net,
            random=net.random,
        )
        await insider.send(parcel)
        assert await codes(net["XB"]) == ["E-MALFORMED"]
        assert not (await net["XB"].desk.board("", today)).unacknowledged


async def test_a_new_password_signs_out_whoever_had_the_old_one(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk, number = net["XA"].desk, "XA-OFF-001"
        stolen = await desk.open_session(number, net.now)
        token = await one_time_link(net["XA"].cw, number, net.now)
        await desk.set_password(token, "a new password of this officer", net.now)
        assert await desk.session_officer(stolen, net.now) is None


@pytest.mark.parametrize("text", ["{bad", "[]", "{}", '{"real_ms": "x", "shown_ms": 1, "rate": 1}'])
def test_a_broken_clock_file_is_named_and_not_a_fault_of_the_program(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(NodeError, match=r"clock\.json"):
        clock_of(tmp_path, "training")


def test_a_link_laid_out_where_a_private_file_is_to_be_written_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"of somebody else")
    (tmp_path / "case.zip.new").symlink_to(victim)
    (tmp_path / "case.zip").symlink_to(victim)
    written = write_private(tmp_path / "case.zip", b"evidence")
    assert victim.read_bytes() == b"of somebody else"
    assert not written.is_symlink()
    assert written.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.zip", "case.zip.new", "victim"]
