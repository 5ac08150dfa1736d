"""Article 5: nothing that another State says acts here. It makes a new case and rings; not one other byte changes.

Every type of request, and every answer to every type, is sent from another State to a desk that has other work: a preservation with
running clocks with the same State, and one with a third. The desk's whole database is compared row by row, before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from contactpoint.casework.cases import load_case
from contactpoint.domain.case import permitted
from contactpoint.domain.catalogue import Consequence, Opens
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.values import Side, Urgency
from contactpoint.store.desk_schema import metadata
from tests.another_product import say
from tests.domain.filled import filled, fitting
from tests.simulator import SimulatedState, Simulator, simulated

CATALOGUE = load_catalogue()
OPENING = sorted(code for code, entry in CATALOGUE.entries.items() if entry.opens.may_open_case)

# Rows that say how far the reading came, and that something was written down: they name no case.
COUNTED = frozenset(("cursor", "journal_head", "desk_journal_head", "worker"))

Rows = Mapping[str, Mapping[tuple[Any, ...], tuple[Any, ...]]]


async def picture(state: SimulatedState) -> Rows:
    """Every row of every table of the desk, by its key."""

    async def look(tx: Any) -> Rows:
        found: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = {}
        for table in metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            rows = (await tx.execute(select(table))).all()
            found[table.name] = {tuple(row._mapping[key] for key in keys): tuple(row) for row in rows}
        return found

    return await state.cw.db.read(look)


def belongs(table: str, row: tuple[Any, ...], ours: set[Any]) -> bool:
    """Whether a row speaks of the new case alone: one of its ids stands in it, or it only counts."""
    texts = [cell for cell in row if isinstance(cell, str)]
    return "journal" in table or table in COUNTED or any(each in text for each in ours for text in texts)


def refuse_other_changes(before: Rows, after: Rows, ours: set[Any], what: str) -> None:
    for table, rows in after.items():
        for key, row in rows.items():
            if before[table].get(key) != row:
                assert belongs(table, row, ours), f"{what} changed {table} {key}"
        for key, row in before[table].items():
            assert key in rows or belongs(table, row, ours), f"{what} removed {table} {key}"


async def busy_desk(net: Simulator) -> list[str]:
    """XA keeps data for XB and asks XC for some: the clocks and bells that nobody else may touch."""
    xa, xb, xc = net["XA"], net["XB"], net["XC"]
    kept, asked = await xb.ask("XA"), await xa.ask("XC")
    await net.settle()
    body = filled(CATALOGUE["PRES-NEW"].answer("EXECUTED"), net.now)
    for state, request in ((xa, kept), (xc, asked)):
        await state.acknowledge(request.id)
        await state.desk.answer(request.id, "EXECUTED", body, state.officer, net.now)
    ringing = await xc.ask("XA")  # nobody has taken charge of this one
    await net.settle()
    return [kept.case, asked.case, ringing.case]


def letter(kind: str, net: Simulator) -> tuple[Urgency, dict[str, Any]]:
    entry = CATALOGUE[kind]
    return entry.urgencies[0], filled(entry, net.now, everything=True)


async def test_a_request_of_any_type_makes_one_case_and_its_ring_and_not_one_byte_more(
    tmp_path: Path, seeded: Random, run_all: bool
) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await busy_desk(net)
        xa, xb = net["XA"], net["XB"]
        for kind in OPENING if run_all else seeded.sample(OPENING, 6):
            before = await picture(xa)
            urgency, body = letter(kind, net)
            said = await say(xb, "XA", kind, urgency, body)
            await net.settle()
            after = await picture(xa)
            assert (said.case,) in after["case_file"], kind
            ours = {said.case} | pages_of_the_peer(after, said.id)
            refuse_other_changes(before, after, ours, kind)
            rings = [row for key, row in after["request"].items() if key == (said.id,)]
            assert len(rings) == 1


def pages_of_the_peer(after: Rows, request: str) -> set[str]:
    """Ids of the rows that hang at the request: its slips are known by the letter's id, its outbox by the slip's digest."""
    facts = [key[0] for key, row in after["fact"].items() if request in row]
    return {request, *(fact.hex() for fact in facts)}


@pytest.mark.parametrize("kind", OPENING)
@pytest.mark.matrix
async def test_every_answer_to_a_type_changes_its_own_case_only(kind: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await busy_desk(net)
        xa, xb = net["XA"], net["XB"]
        for number in range(len(CATALOGUE[kind].answers)):
            urgency, body = letter(kind, net)
            asked = await say(xa, "XB", kind, urgency, body)
            await net.settle()
            await one_answer(net, xa, xb, asked.case, asked.id, number)


async def one_answer(
    net: Simulator, xa: SimulatedState, xb: SimulatedState, case: str, request: str, number: int
) -> None:
    """The steps that the answer needs, then the answer itself; the asking desk changes in that case alone."""
    entry = CATALOGUE[(await xb.view(request)).kind]
    answer = entry.answers[number]
    if Side.ADDRESSEE not in answer.by or answer.consequence is Consequence.EXTENDS:
        return
    calls = [each.code for each in entry.answers if answer.discloses and each.consequence is Consequence.CALLS_BACK]
    for code in dict.fromkeys((*answer.needs, *calls, answer.code)):
        opened = await xb.cw.db.read(lambda tx: load_case(tx, xb.cw, case))
        assert opened is not None
        if code not in permitted(opened.case, request, Side.ADDRESSEE, CATALOGUE):
            return  # it stands after a word of the asking State, whose own database is not what is tried here
        view = opened.case.requests[request]
        form = CATALOGUE[view.kind].answer(code)
        body = filled(form, net.now)
        if form.consequence is Consequence.LOWERS:
            body["class"] = "U3"
        before = await picture(xa)
        said = await say(xb, "XA", code, view.urgency, body, case=case, about=request)
        await net.settle()
        after = await picture(xa)
        ours = {case, request, said.id} | pages_of_the_peer(after, said.id) | pages_of_the_peer(after, request)
        refuse_other_changes(before, after, ours, f"{code} to {view.kind}")


FOLLOWING = sorted(code for code, entry in CATALOGUE.entries.items() if not entry.opens.may_open_case)


async def in_its_case(net: Simulator, xa: SimulatedState, xb: SimulatedState, case: str, about: str, kind: str) -> str:
    """XB says one thing more in a case; XA changes in that case alone. The id of what it said, or nothing where it may not."""
    opened = await xb.cw.db.read(lambda tx: load_case(tx, xb.cw, case))
    assert opened is not None
    request = opened.case.requests[about]
    side = Side.REQUESTER if request.sender == xb.state else Side.ADDRESSEE
    if kind not in permitted(opened.case, about, side, CATALOGUE):
        return ""
    form = CATALOGUE.move(kind, request.kind) or CATALOGUE[kind]
    before = await picture(xa)
    said = await say(
        xb, "XA", kind, request.urgency, fitting(form, request, net.now, len(opened.statements)), case=case, about=about
    )
    await net.settle()
    after = await picture(xa)
    ours = {case, said.id} | pages_of_the_peer(after, said.id)
    for each in opened.case.requests:
        ours |= pages_of_the_peer(after, each)
    refuse_other_changes(before, after, ours, f"{kind} on {request.kind}")
    return said.id


async def test_whatever_follows_in_a_case_changes_that_case_only(tmp_path: Path) -> None:
    """Every type that follows another, from whichever side may send it; and every word of the asking State on its own request."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await busy_desk(net)
        xa, xb = net["XA"], net["XB"]
        said: set[str] = set()
        for asking, asked in ((xb, xa), (xa, xb)):
            for kind in FOLLOWING:
                sent = await asking.ask(asked.state)
                await net.settle()
                await asked.acknowledge(sent.id)
                body = filled(CATALOGUE["PRES-NEW"].answer("EXECUTED"), net.now)
                if CATALOGUE[kind].opens is not Opens.MOVE:
                    await asked.desk.answer(sent.id, "EXECUTED", body, asked.officer, net.now)
                await net.settle()
                if await in_its_case(net, xa, xb, sent.case, sent.id, kind):
                    said.add(kind)
        assert said == set(FOLLOWING)


@pytest.mark.matrix
@pytest.mark.parametrize("kind", [kind for kind in FOLLOWING if CATALOGUE[kind].opens is not Opens.MOVE])
async def test_every_answer_to_what_follows_changes_that_case_only(kind: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await busy_desk(net)
        xa, xb = net["XA"], net["XB"]
        mine = Side.REQUESTER in CATALOGUE[kind].by
        asking, asked = (xa, xb) if mine else (xb, xa)
        said: set[str] = set()
        for answer in CATALOGUE[kind].answers:
            sent = await asking.ask(asked.state)
            await net.settle()
            await asked.acknowledge(sent.id)
            body = filled(CATALOGUE["PRES-NEW"].answer("EXECUTED"), net.now)
            await asked.desk.answer(sent.id, "EXECUTED", body, asked.officer, net.now)
            await net.settle()
            opened = await xa.cw.db.read(lambda tx, case=sent.case: load_case(tx, xa.cw, case))
            assert opened is not None
            about = opened.case.requests[sent.id]
            follow = await say(
                xa,
                "XB",
                kind,
                about.urgency,
                fitting(CATALOGUE[kind], about, net.now, 1),
                case=sent.case,
                about=sent.id,
            )
            await net.settle()
            if await in_its_case(net, xa, xb, sent.case, follow.id, answer.code):
                said.add(answer.code)
        decisive = {answer.code for answer in CATALOGUE[kind].answers if answer.decides and Side.ADDRESSEE in answer.by}
        assert said >= decisive - {"EXPIRED"}
