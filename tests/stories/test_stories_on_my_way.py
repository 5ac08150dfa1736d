"""Stories of *on my way*: a link, a key, a text reply. Each holds the ladder once; none acknowledges; strangers change nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.links import alike
from contactpoint.desk.errors import NotFoundError
from contactpoint.notify.channel import Outcome, Result
from contactpoint.store.desk_schema import reach_link
from contactpoint.store.rows_people import update_officer
from tests.simulator import SimulatedState
from tests.stories.call_examples import BASE, ME, OTHER, Lines, calling, verified

PHONE = "+999 000 0001"


def token_of(lines: Lines, channel: str = "sms", place: int = -1) -> str:
    """The token in a notice that went out."""
    link = lines[channel].said[place][1].link
    assert link.startswith(f"{BASE}/reach/")
    return link.rpartition("/")[2]


async def reached(xb: SimulatedState, request: str) -> int:
    """How many times the sender's end was told that an officer is on the way."""
    return (await xb.levels(request)).count("officer-reached")


async def test_the_link_of_a_page_holds_the_ladder_once_and_the_sender_is_told(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        before = await xb.view(sent.id)
        said = await xb.desk.notices.reach(token_of(lines), net.now)
        assert said is not None
        assert (said.request, said.case, said.officer) == (sent.id, before.case, ME)
        assert said.until is not None
        await net.settle()
        assert "officer-reached" in await net["XA"].levels(sent.id)
        view = await xb.view(sent.id)
        assert (view.level, view.acknowledged_by, view.rings) == (before.level, "", True)
        assert len(lines["sms"].pages) == 1
        await net.pass_time(seconds=(said.until - net.now).total_seconds() - 1, step_s=60)
        assert len(lines["sms"].pages) == 1
        await net.pass_time(seconds=1, step_s=1)
        assert len(lines["sms"].pages) == 2


async def test_a_mail_scanner_that_opens_the_link_holds_nothing(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        sent = await net["XA"].ask("XB")
        await net.settle()
        for _ in range(5):
            assert await xb.desk.notices.link_works(token_of(lines, "smtp"), net.now)
        await net.settle()
        assert await reached(xb, sent.id) == 0


async def test_a_link_used_twice_counts_once(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert await xb.desk.notices.reach(token_of(lines), net.now) is not None
        assert await xb.desk.notices.reach(token_of(lines), net.now) is None
        assert not await xb.desk.notices.link_works(token_of(lines), net.now)
        await net.settle()
        assert await reached(xb, sent.id) == 1


@pytest.mark.parametrize("token", ["A" * 43, "", "x", "A" * 44, "a/b", "\0" * 43])
async def test_a_guessed_token_gets_the_answer_of_a_used_one(tmp_path: Path, token: str) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        await net["XA"].ask("XB")
        await net.settle()
        assert not await xb.desk.notices.link_works(token, net.now)
        assert await xb.desk.notices.reach(token, net.now) is None


async def test_the_database_holds_no_token_only_digests(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        await net["XA"].ask("XB")
        await net.settle()
        token = token_of(lines)
        assert {len(row.digest) for row in await xb.cw.db.read(_links)} == {32}
        await xb.cw.db.close()
        files = [*tmp_path.glob("XB-desk.sqlite3*")]
        assert files
        assert all(token.encode() not in file.read_bytes() for file in files)


async def _links(tx: AsyncConnection) -> list[Row[Any]]:
    return list((await tx.execute(select(reach_link))).all())


async def test_a_link_ends_with_the_acknowledgement(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        await xb.acknowledge(sent.id)
        assert not await xb.desk.notices.link_works(token_of(lines), net.now)
        assert await xb.desk.notices.reach(token_of(lines), net.now) is None
        await net.settle()
        assert await reached(xb, sent.id) == 0


async def test_a_link_ends_with_the_requests_expiry(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        expires = (await xb.view(sent.id)).expires
        assert await xb.desk.notices.link_works(token_of(lines), expires - timedelta(milliseconds=1))
        assert not await xb.desk.notices.link_works(token_of(lines), expires)


async def test_a_locked_officers_link_opens_nothing(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        await net["XA"].ask("XB")
        await net.settle()
        await xb.cw.db.write(lambda tx: update_officer(tx, ME, {"locked_at": net.now}))
        assert await xb.desk.notices.reach(token_of(lines), net.now) is None


async def test_tests_codes_own_requests_reminders_and_the_console_bear_no_link(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await verified(xb, lines, "sms", PHONE)
        await xb.desk.notices.test(ME, "", net.now)
        await xb.desk.notices.send_code(ME, contact, net.now + timedelta(minutes=2))
        own = await xb.ask("XA")
        await net.settle()
        await net.pass_time(hours=2, step_s=600)
        assert await xb.view(own.id)
        assert {notice.link for line in lines.values() for _, notice in line.said} == {""}


# --- by key and by text ---


async def test_a_key_that_was_pressed_in_the_call_is_on_my_way(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        lines["sms"].answers = [Outcome(Result.DELIVERED, "the hook says that the person answered", reached=True)]
        # the first answer goes to the next notice: the page
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert await reached(xb, sent.id) == 1
        assert "officer-reached" in await net["XA"].levels(sent.id)


@pytest.mark.parametrize("spelled", [PHONE, "+9990000001", "009990000001", "+999-000-0001"])
async def test_a_text_with_the_reference_is_on_my_way_however_the_number_is_spelled(
    tmp_path: Path, spelled: str
) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        said = await xb.desk.notices.reply(spelled, f"Coming! {sent.id[-12:].upper()}.", net.now)
        assert (said.request, said.officer) == (sent.id, ME)


async def test_a_reply_by_one_key_means_the_newest_open_page(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(seconds=30)
        newest = await net["XA"].ask("XB")
        await net.settle()
        assert (await xb.desk.notices.reply(PHONE, " 1\n", net.now)).request == newest.id


async def test_a_machines_answer_holds_nobodys_ladder(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        for text in ("I am driving and will call you back.", "", "1 new voice message", "STOP", f"x{sent.id[-12:]}"):
            with pytest.raises(NotFoundError):
                await xb.desk.notices.reply(PHONE, text, net.now)
        assert await reached(xb, sent.id) == 0


async def test_a_reply_from_a_strangers_number_changes_nothing_even_with_the_reference(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        unverified = await xb.desk.notices.add(OTHER, "sms", "+999 000 0002", net.now)
        assert unverified
        sent = await net["XA"].ask("XB")
        await net.settle()
        for stranger in ("+999 000 0003", "+999 000 0002", "0000001", "", "+", "OFF-001"):
            with pytest.raises(NotFoundError) as refused:
                await xb.desk.notices.reply(stranger, sent.id[-12:], net.now)
            assert refused.value.text == "this reply fits no open page"
        assert await reached(xb, sent.id) == 0


async def test_a_colleague_who_was_never_called_cannot_reply_for_somebody_else(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        await verified(xb, lines, "exec", "+999 000 0002", OTHER)
        sent = await net["XA"].ask("XB")
        await net.settle()
        with pytest.raises(NotFoundError):
            await xb.desk.notices.reply("+999 000 0002", sent.id[-12:], net.now)
        assert await reached(xb, sent.id) == 0


async def test_a_reply_after_the_acknowledgement_changes_nothing(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        await xb.acknowledge(sent.id)
        for text in (sent.id[-12:], "1"):
            with pytest.raises(NotFoundError):
                await xb.desk.notices.reply(PHONE, text, net.now)
        await net.settle()
        assert await reached(xb, sent.id) == 0


async def test_a_number_that_was_verified_too_long_ago_is_a_strangers(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", PHONE)
        sent = await net["XA"].ask("XB")
        await net.settle()
        with pytest.raises(NotFoundError):
            await xb.desk.notices.reply(PHONE, sent.id[-12:], net.now + timedelta(days=90))


def test_two_spellings_agree_only_when_they_are_the_same_line() -> None:
    assert alike("+999 000 0001") == alike("00999-000-0001") == "9990000001"
    assert alike("0000001") != alike("+999 000 0001")
    assert alike("Me@XB.example ") == "me@xb.example"
    assert alike("pager") == ""
