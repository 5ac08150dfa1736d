"""Stories of long clocks: three invented preservations day by day for four hundred days, and what may go wrong on the way.

The table below is the expectation, written by hand from Article 42 and the calendar; every page that is not in it is a failure.

Longer than four hundred lines: the long story and the short ones share its people and its steps.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from contactpoint.casework.effects import RequestHere, about_request
from contactpoint.casework.facts import say as say_slip
from contactpoint.desk.compose import write
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.desk.evidence import export
from contactpoint.desk.extension import extension
from contactpoint.desk.plan import Plan
from contactpoint.desk.verify import verify
from contactpoint.domain.values import Address, Urgency, spell_instant
from contactpoint.notify.notice import Subject
from contactpoint.store import desk_schema
from contactpoint.store.database import Database
from contactpoint.watch import clocks
from contactpoint.wire.slip import SlipLevel
from tests.fixtures.databases import PostgresServer
from tests.simulator import RUNGS, SimulatedState, Simulator, preservation_body, simulated

DUTY, LATER, CENTRAL = "OFF-001", "OFF-002", "CA-001"
NO_CENTRAL = '["answer", "send", "approve", "supervise", "review"]'
HANDOFF = 200  # the day on which another officer comes on duty, at both desks

# request -> clock -> desk -> days on which it is told; the last of a row before the end rings (U2), the others are quiet.
BOTH = ("XA", "XB")
QUIET_DAYS = {
    # extended on day 40 (to 120) and on day 100 (to 180); ends on day 180
    "one": {("PRES-60", BOTH): [39, 99, 159, 166, 173, 177]},
    # held until day 150; a formal request on day 120, decided on day 140; released on day 145: only the seventh day before is told
    "two": {("PRES-60", BOTH): [143]},
    # held for longer than this story; the custodian's order is renewed on days 85, 170, 255 and 340
    "three": {("DOMESTIC-90", ("XB",)): [69, 76, 83, 154, 161, 168, 239, 246, 253, 324, 331, 338]},
}
RINGING_DAYS = {"one": {("PRES-60", BOTH): [179, 180]}, "two": {}, "three": {}}


def table() -> Counter[tuple[int, str, str, str, str]]:
    """(day, desk, request, officer, class) of every page that must be given, and how often: once."""
    expected: Counter[tuple[int, str, str, str, str]] = Counter()
    for days, urgency in ((QUIET_DAYS, "U3"), (RINGING_DAYS, "U2")):
        for request, rows in days.items():
            for (_, desks), each in rows.items():
                for day in each:
                    for desk in desks:
                        for officer in (DUTY if day < HANDOFF else LATER, CENTRAL):
                            expected[day, desk, request, officer, urgency] += 1
    return expected


async def rows(state: SimulatedState, table: Any) -> Any:
    async def work(tx: Any) -> Any:
        return (await tx.execute(select(table))).all()

    return await state.cw.db.read(work)


async def staff(net: Simulator) -> None:
    """At each desk: one on duty, one who comes later, one who acts for the central authority; the last two have no other's right."""
    for state in net:
        await state.hire(f"{state.state}-{CENTRAL}", ("central",))
        who = desk_schema.officer.c.number.in_([f"{state.state}-{DUTY}", f"{state.state}-{LATER}"])
        await state.cw.db.write(
            lambda tx, who=who: tx.execute(update(desk_schema.officer).where(who).values(rights=NO_CENTRAL))
        )


async def change_shift(net: Simulator) -> None:
    for state in net:
        await state.call(("duty officer", (LATER,), 600), *RUNGS[1:])


async def take(net: Simulator, state: str, request: str) -> None:
    await net.settle()
    await net[state].acknowledge(request)
    await net.settle()


async def say(net: Simulator, state: str, request: str, kind: str, **body: Any) -> None:
    one = net[state]
    await one.desk.answer(request, kind, body, one.officer, net.now)
    await net.settle()


async def preserved(net: Simulator, label: str, **body: Any) -> str:
    sent = await net["XA"].ask("XB", label=label)
    await take(net, "XB", sent.id)
    await say(net, "XB", sent.id, "EXECUTED", preserved_from=spell_instant(net.now), reference=f"P-{label}", **body)
    return sent.id


async def follow_up(net: Simulator, parent: str, kind: str, **body: Any) -> str:
    sent = await net["XA"].ask("XB", kind, "U2", parent=parent, body=body)
    await take(net, "XB", sent.id)
    return sent.id


async def extend(net: Simulator, parent: str, until: datetime) -> None:
    body = {key: preservation_body(net.now)[key] for key in ("authority", "mla_intent")}
    request = await follow_up(net, parent, "PRES-EXT", extension_days=60, reason="translation", **body)
    await say(net, "XB", request, "EXTENDED", new_expiry=spell_instant(until))


async def formal(net: Simulator, parent: str) -> str:
    body = preservation_body(net.now)
    return await follow_up(
        net,
        parent,
        "MLA-FWD",
        authority=body["authority"],
        offences=body["offences"],
        subject_and_nature="investigation of the hospital attack",
        language="en",
        facts=body["facts"],
        assistance="hand over the preserved data",
        purpose="evidence at trial",
        period={"from": body["data"]["from"], "until": body["data"]["until"]},
    )


async def test_three_preservations_of_four_hundred_days_are_told_as_the_table_says_and_never_else(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await staff(net)
        start = net.now

        def day(number: int) -> datetime:
            return start + timedelta(days=number)

        one = await preserved(net, "one")
        two = await preserved(net, "two", held_until=spell_instant(day(150)))
        order = spell_instant(start)
        three = await preserved(net, "three", held_until=spell_instant(day(500)), domestic_order_from=order)
        names = {one: "one", two: "two", three: "three"}
        asked: dict[str, str] = {}

        async def hold() -> None:
            asked["two"] = await formal(net, two)

        async def decide() -> None:
            await say(net, "XB", asked["two"], "NO-DATA", searched="the preserved disk")

        async def release() -> None:
            await say(net, "XB", await follow_up(net, two, "PRES-REL", reason="the case is closed"), "RELEASED")

        async def renew() -> None:
            await say(net, "XB", three, "DOMESTIC-RENEWED", domestic_order_from=spell_instant(net.now))

        schedule: dict[int, Callable[[], Awaitable[None]]] = {
            40: lambda: extend(net, one, day(120)),
            85: renew,
            100: lambda: extend(net, one, day(180)),
            120: hold,
            140: decide,
            145: release,
            170: renew,
            255: renew,
            340: renew,
        }
        for number, act in schedule.items():
            if number > HANDOFF > max((each for each in schedule if each < number), default=0):
                await net.pass_days(day(HANDOFF))
                await change_shift(net)
            await net.pass_days(day(number))
            await net.begin_day()
            await act()
        state_of = {
            number: (await net["XA"].view(request)).preservation for number, request in enumerate((one, two, three))
        }
        assert [kept.state for kept in state_of.values() if kept] == ["EXPIRED", "RELEASED", "PRESERVED"]
        await net.pass_days(day(400))
        assert await told(net, names, start) == table()
        await certified(net, one, (await net["XA"].view(one)).case, day(180))
        for request in (two, three):
            assert not [fact for fact in (await net["XB"].view(request)).facts if fact.level == "ended"]


async def told(net: Simulator, names: dict[str, str], start: datetime) -> Counter[tuple[int, str, str, str, str]]:
    """Every page of a clock that was given, as the table counts them; a page that is not of a clock rang for a letter."""
    found: Counter[tuple[int, str, str, str, str]] = Counter()
    for state in net:
        reminders = [page for page in await rows(state, desk_schema.page) if page.rung < 0]
        for page in reminders:
            when = (page.at - start).total_seconds() / 86_400
            assert when == round(when), "a reminder has its own instant"
            officer = page.officer.removeprefix(f"{state.state}-")
            found[int(when), state.state, names[page.request_id], officer, page.urgency] += 1
        tasks = [notice for _, notice in state.telephone.notices if notice.subject is Subject.TASK]
        assert len(tasks) == len(reminders)
        assert all(page.state == "delivered" for page in reminders)
    return found


async def certified(net: Simulator, request: str, case: str, due: datetime) -> None:
    """Both stations say the end, both desks have both certificates, and a court reads it in plain words."""
    for state in net:
        ended = [fact for fact in (await state.view(request)).facts if fact.level == "ended"]
        assert sorted(fact.by for fact in ended) == ["XA", "XB"]
        assert {fact.note for fact in ended} == {"PRES-60"}
        report = verify(await export(state.cw, case, net.now), None)
        assert report.verified, report.problems
        words = [line for line in report.lines if f"the preservation ended on {spell_instant(due)}" in line]
        assert len(words) == 1
        assert "station of XA" in words[0]
        assert "station of XB" in words[0]
        assert not [text for text in report.missing if "certificate of" in text]


# What may go wrong on the way


async def one_preserved(net: Simulator) -> str:
    """Preserved, sixty days from now, with nobody but the first rung and the second officer to tell."""
    request = await preserved(net, "one")
    for state in net:
        state.telephone.notices.clear()
    return request


def reminders(state: SimulatedState) -> list[str]:
    return [notice.urgency for _, notice in state.telephone.notices if notice.subject is Subject.TASK]


async def tasks(state: SimulatedState) -> dict[str, str]:
    board = await state.desk.board("", state.net.now)
    return {task.code: task.text for task in board.tasks}


async def test_a_worker_that_was_down_for_days_reminds_once_and_says_how_many_were_due(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        request, start = await one_preserved(net), net.now
        net["XB"].unwatched = True
        await net.pass_days(start + timedelta(days=58))
        await net["XB"].restart()
        net["XB"].unwatched = False
        await net.settle()
        assert (
            reminders(net["XB"]) == ["U3"] * 2
        )  # one each to the officer on duty and to the other with the right, not eight
        assert (await tasks(net["XB"]))["W-CATCH-UP"].endswith("PRES-60: 4")
        (clock,) = await net["XB"].desk.clocks(net.now)
        assert [reminder.given for reminder in clock.reminders] == [net.now] * 4 + [None]
        await net.pass_days(start + timedelta(days=59))
        assert reminders(net["XB"]) == ["U3"] * 2 + ["U2"] * 2
        assert len(reminders(net["XA"])) == 10
        assert (await net["XB"].view(request)).status == "EXECUTED"


async def test_a_term_that_lapsed_while_nobody_watched_is_certified_with_its_own_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        request, start = await one_preserved(net), net.now
        for state in net:
            state.unwatched = True
        net.now = start + timedelta(days=70)
        await net.begin_day()
        for state in net:
            state.unwatched = False
        await net.settle()
        await certified(net, request, (await net["XA"].view(request)).case, start + timedelta(days=60))
        assert reminders(net["XA"]) == ["U2"] * 2


async def test_workers_side_by_side_give_each_reminder_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        requests, start = [await preserved(net, f"n{number}") for number in range(3)], net.now
        here = net["XB"]
        second = await Database.open(net.url("XB-desk"), desk_schema.metadata, "desk")
        try:
            others = [here.cw, replace(here.cw, db=second), here.cw]
            for day in (39, 46, 60):
                net.now = start + timedelta(days=day)
                await asyncio.gather(*(clocks.run_due(cw, net.now) for cw in others))
        finally:
            await second.close()
        given = Counter(
            (page.request_id, page.officer, page.at) for page in await rows(here, desk_schema.page) if page.rung < 0
        )
        assert len(given) == len(requests) * 2 * 3
        assert set(given.values()) == {1}
        ended = [fact for fact in await rows(here, desk_schema.fact) if fact.level == "ended"]
        assert sorted(fact.statement_id for fact in ended) == sorted(requests)


@pytest.mark.postgres
async def test_workers_side_by_side_on_postgresql_give_each_reminder_once(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async with simulated(
        tmp_path, "XA", "XB", url=lambda name: postgres_server.url(postgres_server.create_database())
    ) as net:
        requests, start = [await preserved(net, f"n{number}") for number in range(4)], net.now
        here = net["XB"]
        for day in (39, 60):
            net.now = start + timedelta(days=day)
            await asyncio.gather(*(clocks.run_due(here.cw, net.now) for _ in range(4)))
        given = Counter(
            (page.request_id, page.officer, page.at) for page in await rows(here, desk_schema.page) if page.rung < 0
        )
        assert len(given) == len(requests) * 2 * 2
        assert set(given.values()) == {1}
        assert len([fact for fact in await rows(here, desk_schema.fact) if fact.level == "ended"]) == len(requests)


async def test_a_poisoned_clock_is_put_off_and_shown_and_the_others_go_on(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        bad, good = [await preserved(net, name) for name in ("bad", "good")]
        here, start = net["XB"], net.now
        spoil = update(desk_schema.clock).where(desk_schema.clock.c.request_id == bad).values(alarms="not a list")
        await here.cw.db.write(lambda tx: tx.execute(spoil))
        await net.pass_days(start + timedelta(days=39))
        told = [page.request_id for page in await rows(here, desk_schema.page) if page.rung < 0]
        assert told == [good, good]
        await net.pass_time(minutes=10, step_s=60)
        assert "E-POISONED" in await tasks(here)


async def test_two_workers_that_search_for_a_poisoned_clock_certify_the_others_once(tmp_path: Path) -> None:
    """Both hold the same rows, read before either has written: of two, the second writes nothing."""
    async with simulated(tmp_path, "XA", "XB") as net:
        bad, good = [await preserved(net, name) for name in ("bad", "good")]
        here = net["XB"]
        spoil = update(desk_schema.clock).where(desk_schema.clock.c.request_id == bad).values(alarms="not a list")
        await here.cw.db.write(lambda tx: tx.execute(spoil))
        net.now += timedelta(days=60)
        await asyncio.gather(*(clocks.run_due(here.cw, net.now) for _ in range(2)))
        ended = [fact.statement_id for fact in await rows(here, desk_schema.fact) if fact.level == "ended"]
        assert ended == [good]


async def test_reminders_are_quiet_and_the_last_one_rings_until_somebody_has_dealt_with_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await one_preserved(net)
        here, start = net["XA"], net.now
        await net.pass_days(start + timedelta(days=58))
        assert (await here.desk.beat(net.now)).overdue == 0
        assert "W-CLOCK-NEAR" in await tasks(here)
        await net.pass_days(start + timedelta(days=59))
        assert (await here.desk.beat(net.now)).overdue == 1
        board = await here.desk.board("", net.now)
        (task,) = board.tasks  # each reminder takes the place of the one before
        assert (task.code, task.due) == ("W-CLOCK-LAST", start + timedelta(days=60))
        await here.desk.task_done(task.id, "XA-OFF-001", net.now)
        assert (await here.desk.beat(net.now)).overdue == 0


async def test_an_extension_takes_the_reminder_off_the_board(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        request = await one_preserved(net)
        start = net.now
        await net.pass_days(start + timedelta(days=59))
        await net.begin_day()
        await extend(net, request, start + timedelta(days=120))
        for state in net:
            assert await tasks(state) == {}
            (clock,) = await state.desk.clocks(net.now)
            assert clock.due == start + timedelta(days=120)


async def test_a_locked_officer_is_not_reminded_and_the_next_rung_is(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await staff(net)
        await one_preserved(net)
        here = net["XA"]
        lock = update(desk_schema.officer).where(desk_schema.officer.c.number == f"XA-{DUTY}").values(locked_at=net.now)
        await here.cw.db.write(lambda tx: tx.execute(lock))
        await net.pass_days(net.now + timedelta(days=39))
        told = {page.officer for page in await rows(here, desk_schema.page) if page.rung < 0}
        assert told == {f"XA-{LATER}", f"XA-{CENTRAL}"}


async def test_an_extension_after_the_end_is_answered_expired_and_a_new_request_is_offered(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        request, start = await one_preserved(net), net.now
        await net.pass_days(start + timedelta(days=61))
        await net.begin_day()
        assert (await net["XA"].view(request)).preservation.state == "EXPIRED"  # type: ignore[union-attr]
        body = {key: preservation_body(net.now)[key] for key in ("authority", "mla_intent")}
        late = await follow_up(net, request, "PRES-EXT", extension_days=60, reason="translation", **body)
        may = (await net["XB"].view(late)).permitted
        assert "EXPIRED" in may
        assert "EXTENDED" not in may
        await say(net, "XB", late, "EXPIRED")
        answered = await net["XA"].view(late)
        assert answered.status == "EXPIRED"
        offered = [step for step in answered.next_steps if step.kind == "PRES-NEW"]
        assert [step.recipient for step in offered] == ["XB"]
        assert (await net["XB"].view(request)).preservation.state == "EXPIRED"  # type: ignore[union-attr]


async def test_a_year_mistyped_is_stopped_at_the_own_desk_and_asked_back_at_the_other(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await take(net, "XB", sent.id)
        here, body = net["XB"], {"preserved_from": spell_instant(net.now - timedelta(days=365)), "reference": "P"}
        with pytest.raises(DraftError) as refused:
            await here.desk.answer(sent.id, "EXECUTED", body, here.officer, net.now)
        assert [problem.code for problem in refused.value.problems] == ["E-PRESERVATION-OVER"]
        # Another product sends it all the same: the letter stands, and nobody may believe the data safe.
        case = await here.desk.case_view(sent.case, net.now)
        (asked,) = [each for each in case.statements if each.kind == "PRES-NEW"]
        plan = Plan(
            "EXECUTED", Address("XA"), Urgency.U1, body, sent.case, bytes.fromhex(asked.digest), "en", None, "", ""
        )
        await write(here.cw, plan, here.officer, net.now)
        await net.settle()
        assert "W-PRESERVATION-DATES" in await tasks(net["XA"])
        kept = (await net["XA"].view(sent.id)).preservation
        assert kept is not None
        assert kept.state == "EXPIRED"


async def test_a_report_that_comes_in_time_is_not_asked_for(tmp_path: Path) -> None:
    """The clock of the execution report (a day at U1): half of it and four fifths of it are told, the answer closes it."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await take(net, "XB", sent.id)
        await say(net, "XB", sent.id, "ACCEPTED")
        start = net.now
        await net.pass_days(start + timedelta(hours=12))
        assert reminders(net["XB"]) == ["U3"]
        await say(net, "XB", sent.id, "EXECUTED", preserved_from=spell_instant(net.now), reference="P")
        await net.pass_days(start + timedelta(days=3))
        assert reminders(net["XB"]) == ["U3"]
        assert [clock.code for clock in await net["XB"].desk.clocks(net.now)] == ["PRES-60"]


async def test_a_certificate_of_an_end_that_never_was_is_left_out_of_the_evidence(tmp_path: Path) -> None:
    """Attack: a State's station signs that the preservation ended on a day that no letter gives, or before its day has come."""
    async with simulated(tmp_path, "XA", "XB") as net:
        request = await one_preserved(net)
        here, start = net["XB"], net.now
        for wrong in (start + timedelta(days=30), start + timedelta(days=60)):

            async def lie(tx: Any, due: datetime = wrong) -> None:
                about = await about_request(tx, RequestHere(request, "XA", "U1", True), "XB")
                await say_slip(tx, here.cw, SlipLevel.ENDED, about, "XA", net.now, due=due, code="PRES-60")

            await here.cw.db.write(lie)
        await net.settle()
        view = await net["XA"].view(request)
        assert [fact.level for fact in view.facts].count("ended") == 2  # kept, as everything that is signed
        assert view.preservation is not None
        assert view.preservation.state == "PRESERVED"
        report = verify(await export(net["XA"].cw, view.case, net.now), None)
        assert report.verified, report.problems
        assert not [line for line in report.lines if "ended on" in line]


async def test_an_extension_is_drafted_from_what_it_extends_and_only_by_who_asked(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB", label="one")
        await take(net, "XB", sent.id)
        with pytest.raises(NotPermittedError, match="preserves nothing yet"):
            await extension(net["XA"].cw, sent.id, 60, "translation", net.now)
        await say(net, "XB", sent.id, "EXECUTED", preserved_from=spell_instant(net.now), reference="P")
        with pytest.raises(NotPermittedError, match="only the State that asked"):
            await extension(net["XB"].cw, sent.id, 60, "translation", net.now)
        made = await extension(net["XA"].cw, "one", 60, "translation", net.now)
        assert (made.ends, made.over) == (net.now + timedelta(days=60), False)
        await net["XA"].desk.submit(made.draft, net["XA"].officer, net.now)
        await net.settle()
        case = await net["XB"].desk.case_view(sent.case, net.now)
        (written,) = [each.body for each in case.statements if each.kind == "PRES-EXT"]
        assert (written["extension_days"], written["reason"], written["mla_intent"]) == (60, "translation", True)
        assert written["authority"] == preservation_body(net.now)["authority"]
        late = await extension(net["XA"].cw, sent.id, 60, "translation", net.now + timedelta(days=61))
        assert late.over
