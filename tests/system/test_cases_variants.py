"""Requests as strangers write them, over real nodes: each leaves, arrives word for word, is taken and answered, and both ends agree."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from contactpoint import main
from contactpoint.cli.casefile import read_case
from contactpoint.domain.catalogue import Opens
from contactpoint.domain.values import parse_instant
from tests.domain.filled import filled
from tests.fixtures.many_states import CATALOGUE, SECRET, ManyStates, Seat, many_states, published

VARIANTS = Path(__file__).with_name("variants.yaml")
ROWS: dict[str, dict[str, Any]] = {row["id"]: row for row in yaml.safe_load(VARIANTS.read_text(encoding="utf-8"))}
AT = parse_instant("2027-12-01T12:00Z")
SAMPLE = 6


async def test_requests_as_strangers_write_them_are_sent_taken_and_answered(
    tmp_path: Path, seeded: random.Random, run_all: bool
) -> None:
    drawn = set(ROWS if run_all else seeded.sample(sorted(ROWS), SAMPLE))
    drawn |= {str(ROWS[name]["parent"]) for name in drawn if "parent" in ROWS[name]}
    async with many_states(tmp_path, AT, [Seat("XA"), Seat("XB")]) as net:
        for name in sorted(drawn):
            await exchange(net, name)


async def exchange(net: ManyStates, name: str) -> None:
    """One request from the file to its answer."""
    asks, asked = net["XA"], net["XB"]
    row = ROWS[name]
    request = read_case(VARIANTS, name, CATALOGUE)
    sent = await asks.release(await main.send(asks.home, request, asks.first, SECRET))
    entry = CATALOGUE[row["type"]]
    if entry.opens is Opens.MOVE:
        await net.agree(await asks.named(str(row["parent"])), "XA", "XB")
        return
    await asked.acknowledge(sent)
    letter = next(each for each in (await asked.case(sent)).statements if each.id == sent.id)
    assert {key: value for key, value in letter.body.items() if key not in letter.closed} == {
        key: value for key, value in request.body.items() if key not in letter.closed
    }, name
    assert letter.lang == row.get("language", "en")
    [kind] = row["want"]
    form = await asked.desk.answer_form(sent.id, kind) if kind in {a.code for a in entry.answers} else None
    assert form is not None, f"{name}: {kind} is no answer of {entry.code}"
    await asked.say(sent, kind, **filled(form, asked.now()))
    await net.agree(sent, "XA", "XB")
    assert kind in {step.kind for step in (await asks.request(sent)).steps}, name


@pytest.mark.matrix
@pytest.mark.parametrize("case", ["A17", "A18"])
async def test_one_matter_goes_to_a_list_and_to_all(case: str, tmp_path: Path) -> None:
    """`to` as one State, a list and ALL: each State gets its own letter in its own case."""
    async with many_states(tmp_path, AT, [Seat("XA"), Seat("XB"), Seat("XC")]) as net:
        asks = net["XA"]
        to: Any = "ALL" if case == "A18" else ["XB", "XC"]
        body = {**published(case), "from": "XA"}
        spread = await asks.send_to_several(case, **{**body, "to": to})
        assert {each.recipient for each in spread.sent} == {"XB", "XC"} and spread.failed == ()
        for each in spread.sent:
            await net.agree(each, "XA", each.recipient)
            assert (await net[each.recipient].desk.beat(AT)).unacknowledged == (0 if case == "A18" else 1)
