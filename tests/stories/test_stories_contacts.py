"""Stories of how people are called: verified contacts, own order and delay, quiet hours, unknown outcomes, and the delivery log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contactpoint.casework.contacts import warn_of_old
from contactpoint.desk.errors import DeskError, NotFoundError, NotPermittedError, SecretError
from contactpoint.desk.notices import MOST_AN_HOUR, MOST_TRIES
from contactpoint.domain.escalation import Rung, Target, Who
from contactpoint.notify.channel import Outcome, Result
from contactpoint.notify.notice import Notice
from contactpoint.store.rows_desk import open_tasks
from contactpoint.store.rows_requests import add_page
from contactpoint.watch.notices import Notices
from tests.simulator import START, SimulatedState
from tests.stories.call_examples import ME, OTHER, Line, calling, code_of, three_due_pages, verified


async def tasks(xb: SimulatedState) -> list[str]:
    return sorted(row.code for row in await xb.cw.db.read(open_tasks))


# --- contacts and their codes ---


async def test_a_contact_is_verified_by_the_code_that_came_there_and_works_once(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await xb.desk.notices.add(ME, "sms", "+999 0001", net.now)
        sent = await xb.desk.notices.send_code(ME, contact, net.now)
        assert (sent.result, sent.address) == ("DELIVERED", "+999 0001")
        code = code_of(lines, "sms")
        assert len(code) == 6
        wrong = f"{(int(code) + 1) % 10**6:06}"
        with pytest.raises(SecretError):
            await xb.desk.notices.verify(ME, contact, wrong, net.now)
        await xb.desk.notices.verify(ME, contact, f" {code[:3]} {code[3:]} ", net.now)
        [view] = (await xb.desk.notices.own(ME, net.now)).contacts
        assert (view.state, view.used, view.until) == ("verified", True, net.now + timedelta(days=90))
        with pytest.raises(SecretError):
            await xb.desk.notices.verify(ME, contact, code, net.now)


async def test_a_code_is_good_for_fifteen_minutes_and_not_a_moment_longer(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await xb.desk.notices.add(ME, "sms", "+999 0001", net.now)
        await xb.desk.notices.send_code(ME, contact, net.now)
        with pytest.raises(SecretError):
            await xb.desk.notices.verify(ME, contact, code_of(lines, "sms"), net.now + timedelta(minutes=15))
        just_in_time = net.now + timedelta(minutes=14, seconds=59)
        await xb.desk.notices.verify(ME, contact, code_of(lines, "sms"), just_in_time)


async def test_guessing_a_code_ends_after_five_tries_even_with_the_right_one(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await xb.desk.notices.add(ME, "sms", "+999 0001", net.now)
        await xb.desk.notices.send_code(ME, contact, net.now)
        code = code_of(lines, "sms")
        for n in range(1, MOST_TRIES + 1):
            with pytest.raises(SecretError):
                await xb.desk.notices.verify(ME, contact, f"{(int(code) + n) % 10**6:06}", net.now)
        with pytest.raises(SecretError):
            await xb.desk.notices.verify(ME, contact, code, net.now)


async def test_codes_do_not_ring_a_strangers_telephone_all_night(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await xb.desk.notices.add(ME, "sms", "+999 0001", net.now)
        await xb.desk.notices.send_code(ME, contact, net.now)
        with pytest.raises(NotPermittedError):
            await xb.desk.notices.send_code(ME, contact, net.now + timedelta(seconds=59))
        for minute in range(1, MOST_AN_HOUR):
            await xb.desk.notices.send_code(ME, contact, net.now + timedelta(minutes=minute))
        with pytest.raises(NotPermittedError):
            await xb.desk.notices.send_code(ME, contact, net.now + timedelta(minutes=MOST_AN_HOUR))
        assert len(lines["sms"].said) == MOST_AN_HOUR


async def test_nobody_touches_another_officers_contact(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await verified(xb, lines, "sms", "+999 0001")
        for act in (
            xb.desk.notices.send_code(OTHER, contact, net.now),
            xb.desk.notices.verify(OTHER, contact, "000000", net.now),
            xb.desk.notices.remove(OTHER, contact, net.now),
            xb.desk.notices.first(OTHER, contact, net.now),
        ):
            with pytest.raises(NotFoundError):
                await act
        with pytest.raises(NotFoundError):
            await xb.desk.notices.remove(ME, contact + "\0", net.now)
        assert len((await xb.desk.notices.own(ME, net.now)).contacts) == 1


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("console", "here"),
        ("voice", "+999 0001"),  # not set up on this node
        ("smtp", "no address"),
        ("smtp", "a@b.example\r\nBcc: thief@qm.example"),
        ("sms", "; rm -rf /"),
        ("sms", ""),
        ("exec", "--from=thief"),
    ],
)
async def test_an_address_that_cannot_be_one_is_refused(tmp_path: Path, channel: str, address: str) -> None:
    async with calling(tmp_path) as (net, xb, _):
        with pytest.raises(DeskError):
            await xb.desk.notices.add(ME, channel, address, net.now)
        assert (await xb.desk.notices.own(ME, net.now)).contacts == ()


async def test_a_test_is_sent_at_any_time_and_stands_in_the_log(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        lines["sms"].answers = [Outcome(Result.UNKNOWN, "no answer")]
        [sent] = await xb.desk.notices.test(ME, "", net.now)
        assert (sent.channel, sent.result) == ("sms", "UNKNOWN")
        view = await xb.desk.notices.own(ME, net.now)
        assert view.contacts[0].tested_at == net.now
        assert sorted((each.result, each.text) for each in view.log) == [
            ("DELIVERED", "CODE: taken"), ("UNKNOWN", "TEST: no answer"),
        ]  # fmt: skip


# --- ninety days ---


async def test_the_task_to_verify_again_comes_a_week_before_the_end_and_goes_with_the_code(tmp_path: Path) -> None:
    async with calling(tmp_path) as (_, xb, lines):
        contact = await verified(xb, lines, "sms", "+999 0001")

        async def due(now: datetime) -> int:
            return await xb.cw.db.write(lambda tx: warn_of_old(tx, xb.cw, now))

        assert await due(START + timedelta(days=83) - timedelta(seconds=1)) == 0
        assert await due(START + timedelta(days=83)) == 1
        assert await due(START + timedelta(days=84)) == 0  # once
        assert await tasks(xb) == ["W-CONTACT-RENEW"]
        later = START + timedelta(days=85)
        assert (await xb.desk.notices.own(ME, later)).contacts[0].state == "verified"
        assert (await xb.desk.notices.own(ME, START + timedelta(days=90))).contacts[0].state == "expired"
        await xb.desk.notices.send_code(ME, contact, later)
        await xb.desk.notices.verify(ME, contact, code_of(lines, "sms"), later)
        assert await tasks(xb) == []


# --- pages ---


async def test_a_page_goes_to_an_unverified_contact_rather_than_nowhere_and_a_task_says_so(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        contact = await xb.desk.notices.add(ME, "smtp", "me@xb.example", net.now)
        await net["XA"].ask("XB")
        await net.settle()
        assert lines["smtp"].pages == [(0, "me@xb.example")]
        assert await tasks(xb) == ["W-CONTACT-UNVERIFIED"]
        await xb.desk.notices.send_code(ME, contact, net.now)
        await xb.desk.notices.verify(ME, contact, code_of(lines, "smtp"), net.now)
        assert await tasks(xb) == []


async def test_an_unverified_contact_is_left_out_as_soon_as_another_is_verified(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await xb.desk.notices.add(ME, "smtp", "new@xb.example", net.now)
        await verified(xb, lines, "sms", "+999 0001")
        await net["XA"].ask("XB")
        await net.settle()
        assert (lines["smtp"].pages, lines["sms"].pages) == ([], [(0, "+999 0001")])
        assert [each.used for each in (await xb.desk.notices.own(ME, net.now)).contacts] == [False, True]


async def test_the_second_channel_rings_after_the_persons_own_delay_and_not_a_second_before(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "sms", "+999 0001")
        await xb.desk.notices.set_rules(ME, {"turns": {"U1": [["sms", 0], ["smtp", 120]]}}, net.now)
        await net["XA"].ask("XB")
        await net.settle()
        assert (lines["sms"].pages, lines["smtp"].pages) == ([(0, "+999 0001")], [])
        await net.pass_time(minutes=1, seconds=59)
        assert lines["smtp"].pages == []
        await net.pass_time(seconds=1, step_s=1)
        assert (len(lines["sms"].pages), lines["smtp"].pages) == (1, [(120, "me@xb.example")])


async def test_an_acknowledgement_stops_the_channels_that_still_waited(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "sms", "+999 0001")
        await xb.desk.notices.set_rules(ME, {"turns": {"U1": [["sms", 0], ["smtp", 120]]}}, net.now)
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(seconds=119, step_s=119)
        await xb.acknowledge(sent.id)
        await net.pass_time(hours=1, step_s=300)
        assert (len(lines["sms"].pages), lines["smtp"].pages) == (1, [])
        assert {page.state for page in await xb.desk.pages(sent.id)} == {"delivered", "cancelled"}


async def test_unknown_tries_the_persons_next_channel_at_once_and_never_the_same_again(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        await verified(xb, lines, "smtp", "me@xb.example")
        await xb.desk.notices.set_rules(ME, {"turns": {"U1": [["sms", 0], ["smtp", 300]]}}, net.now)
        lines["sms"].answers = [Outcome(Result.UNKNOWN, "no answer within 30 s")]
        sent = await net["XA"].ask("XB")
        await net.settle()
        assert (lines["sms"].pages, lines["smtp"].pages) == ([(0, "+999 0001")], [(0, "me@xb.example")])
        await net.pass_time(minutes=9, seconds=59, step_s=60)
        assert (len(lines["sms"].pages), len(lines["smtp"].pages)) == (1, 1)
        log = {each.channel: (each.result, each.text) for each in await xb.desk.notices.log(sent.id)}
        assert log == {"sms": ("UNKNOWN", "no answer within 30 s"), "smtp": ("DELIVERED", "taken")}


async def test_unknown_goes_on_to_a_verified_contact_that_the_rung_does_not_name(tmp_path: Path) -> None:
    async with calling(tmp_path, Rung((Target(Who.OFFICER, ME),), ("smtp",), 600, "duty")) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "exec", "+999 0002")
        lines["smtp"].answers = [Outcome(Result.UNKNOWN, "no answer")]
        await net["XA"].ask("XB")
        await net.settle()
        assert (len(lines["smtp"].pages), lines["exec"].pages) == (1, [(0, "+999 0002")])


async def test_failed_is_tried_three_times_then_the_next_channel_and_each_attempt_is_logged(tmp_path: Path) -> None:
    async with calling(tmp_path, Rung((Target(Who.OFFICER, ME),), ("smtp",), 600, "duty")) as (net, xb, lines):
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "sms", "+999 0001")
        lines["smtp"].answers = [Outcome(Result.FAILED, "refused with 451")] * 3
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net.pass_time(seconds=20, step_s=1)
        assert [at for at, _ in lines["smtp"].pages] == [0, 2, 6]
        assert lines["sms"].pages == [(6, "+999 0001")]
        log = [(each.channel, each.number, each.result) for each in await xb.desk.notices.log(sent.id)]
        assert log == [("smtp", 1, "FAILED"), ("smtp", 2, "FAILED"), ("smtp", 3, "FAILED"), ("sms", 1, "DELIVERED")]


async def test_a_page_in_flight_at_the_acknowledgement_is_recorded_and_calls_nobody_else(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        await verified(xb, lines, "smtp", "me@xb.example")
        await verified(xb, lines, "exec", "+999 0002")
        await xb.desk.notices.set_rules(ME, {"turns": {"U1": [["sms", 0], ["smtp", 300]]}}, net.now)
        sent = await net["XA"].ask("XB")

        class Slow(Line):
            async def send(self, notice: Notice) -> Outcome:
                await super().send(notice)
                await xb.acknowledge(sent.id)  # while the telephone rings
                return Outcome(Result.UNKNOWN, "no answer")

        lines["sms"] = Slow("sms", net.clock)
        await net.settle()
        await net.pass_time(minutes=30, step_s=300)
        assert (len(lines["sms"].pages), lines["smtp"].pages, lines["exec"].pages) == (1, [], [])
        [page] = [page for page in await xb.desk.pages(sent.id) if page.channel == "sms"]
        assert (page.state, [(each.number, each.result) for each in page.attempts]) == ("cancelled", [(1, "UNKNOWN")])


# --- held back ---

NIGHT = datetime(2027, 3, 4, 23, 0, tzinfo=UTC)
QUIET = {"quiet": ["22:00", "07:00"], "zone": "UTC"}


async def test_quiet_hours_hold_back_a_u3_until_they_end_and_it_is_seen(tmp_path: Path) -> None:
    async with calling(tmp_path, start=NIGHT) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        await xb.desk.notices.set_rules(ME, QUIET, net.now)
        sent = await net["XA"].ask("XB", urgency="U3")
        await net.settle()
        assert lines["sms"].pages == []
        [page] = [page for page in await xb.desk.pages(sent.id) if page.channel == "sms" and page.rung == 0]
        assert (page.state, page.outcome) == ("due", "held back in quiet hours until 2027-03-05 07:00 UTC")
        assert page.due == NIGHT + timedelta(hours=8)


@pytest.mark.parametrize("urgency", ["U0", "U1", "U2"])
async def test_quiet_hours_never_touch_the_first_page_of_anything_urgent(tmp_path: Path, urgency: str) -> None:
    async with calling(tmp_path, start=NIGHT) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        await xb.desk.notices.set_rules(ME, QUIET, net.now)
        await xb.cw.db.write(lambda tx: _page(tx, xb, urgency))
        await xb.notices.run_due()
        assert len(lines["sms"].pages) == 1


async def _page(tx: object, xb: SimulatedState, urgency: str) -> None:
    from contactpoint.casework.contacts import page_person

    about = {"request_id": "request-1", "cycle": 0, "rung": 0, "urgency": urgency}
    await page_person(tx, xb.cw, about, ME, ("sms",), xb.net.now)  # type: ignore[arg-type]


async def test_a_closed_console_wakes_nobody_for_a_u3_in_quiet_hours(tmp_path: Path) -> None:
    async with calling(tmp_path, Rung((Target(Who.OFFICER, ME),), ("console",), 600, "duty"), start=NIGHT) as (
        net,
        xb,
        lines,
    ):
        await verified(xb, lines, "sms", "+999 0001")
        await xb.desk.notices.set_rules(ME, QUIET, net.now)
        lines["console"].answers = [Outcome(Result.FAILED, "no console")] * 3
        await net["XA"].ask("XB", urgency="U3")
        await net.settle()
        await net.pass_time(seconds=30, step_s=1)
        assert (len(lines["console"].pages), lines["sms"].pages) == (3, [])


async def test_a_worker_that_stood_still_says_three_due_pages_once_and_the_log_shows_all_three(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await three_due_pages(xb)
        net.now += timedelta(minutes=3)
        await xb.notices.run_due()
        assert [notice.id for _, notice in lines["sms"].said] == ["page-0"]
        pages = await xb.desk.pages("request-1")
        assert [page.state for page in pages] == ["delivered", "held-back", "held-back"]
        assert {page.outcome for page in pages[1:]} == {"held back: said once, with page page-0"}


async def test_a_case_with_hundreds_of_pages_does_not_hold_up_anothers_first_u0_page(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):

        async def flood(tx: object) -> None:
            for n in range(301):
                case, at = ("flood", net.now) if n < 300 else ("another", net.now + timedelta(seconds=1))
                await add_page(tx, {  # type: ignore[arg-type]
                    "id": f"page-{n:03}", "request_id": case, "cycle": n, "rung": 0, "officer": f"OFF-{n}",
                    "channel": "sms", "address": f"+999 {n}", "urgency": "U0", "state": "due", "next_at": at, "at": at,
                })  # fmt: skip

        await xb.cw.db.write(flood)
        net.now += timedelta(seconds=1)
        await xb.notices.begin_due()
        await xb.notices.end()
        said = [notice.reference for _, notice in lines["sms"].said]
        assert len(said) == 50
        assert said.count("another") == 1


async def test_a_worker_that_died_while_it_rang_leaves_unknown_and_the_next_channel_rings(tmp_path: Path) -> None:
    async with calling(tmp_path) as (net, xb, lines):
        await verified(xb, lines, "sms", "+999 0001")
        await verified(xb, lines, "exec", "+999 0002")
        sent = await net["XA"].ask("XB")
        dead = Notices(xb.cw, lines, net.clock)
        xb.notices = Notices(xb.cw, {}, net.clock)
        xb.unwatched = True
        await net.settle()
        await xb.cw.db.write(lambda tx: dead._claim(tx, net.now))  # it claims, and is killed before it sends
        xb.unwatched, xb.notices = False, Notices(xb.cw, lines, net.clock)
        await net.pass_time(seconds=29, step_s=29)
        assert (lines["sms"].pages, lines["exec"].pages) == ([], [])
        await net.pass_time(seconds=1, step_s=1)
        assert (lines["sms"].pages, lines["exec"].pages) == ([], [(30, "+999 0002")])
        log = {each.channel: each.result for each in await xb.desk.notices.log(sent.id)}
        assert log["sms"] == "UNKNOWN"
