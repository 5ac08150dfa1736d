"""Requests as strangers write them, over real nodes: each leaves, arrives word for word, is taken and answered, and both ends agree."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

from contactpoint.cli.casefile import case_of
from contactpoint.desk.views import Submitted
from contactpoint.domain.catalogue import Opens
from contactpoint.domain.values import Side, parse_instant
from contactpoint.main.commands import draft_of
from tests.domain.filled import filled
from tests.fixtures.many_states import CATALOGUE, REQUESTS, ManyStates, Seat, many_states

ROWS: dict[str, dict[str, Any]] = {
    row["id"]: row for row in yaml.safe_load(Path(__file__).with_name("variants.yaml").read_text(encoding="utf-8"))
}
ELSEWHERE = {
    row["id"]: {**row, "from": "XA", "to": "XB"}
    | ({"second_approver": "XA-OFF-099"} if "second_approver" in row else {})
    for row in yaml.safe_load(REQUESTS.read_text(encoding="utf-8"))
    if isinstance(row["to"], str) and row["to"] != "ALL"
}
"""The published requests to one State, between two others and in another month."""
AT = parse_instant("2027-12-01T12:00Z")
SAMPLE = 4


def drawn(rows: dict[str, dict[str, Any]], chance: random.Random, *, everything: bool) -> list[str]:
    """Some of them, or all, and every one after the request that it goes on with."""
    names = set(rows if everything else chance.sample(sorted(rows), SAMPLE))
    while missing := {str(rows[name]["parent"]) for name in names if "parent" in rows[name]} - names:
        names |= missing
    return sorted(names)


async def test_requests_as_strangers_write_them_are_sent_taken_and_answered(
    tmp_path: Path, seeded: random.Random, run_all: bool
) -> None:
    async with many_states(tmp_path, AT, [Seat("XA"), Seat("XB")]) as net:
        for rows in (ROWS, ELSEWHERE):
            sent: dict[str, Submitted] = {}
            for name in drawn(rows, seeded, everything=run_all):
                sent[name] = await exchange(net, rows[name], sent)


async def exchange(net: ManyStates, row: dict[str, Any], sent: dict[str, Submitted]) -> Submitted:
    """One request, through every status that it wants."""
    asks, asked = net[row["from"]], net[row["to"]]
    parent = sent.get(row.get("parent", ""))
    # Its label is its sender's alone; the other State names the request by its id.
    row = row if parent is None or row["from"] == "XA" else {**row, "parent": parent.id}
    request = case_of(yaml.safe_dump(row, allow_unicode=True, sort_keys=False), None, CATALOGUE)
    made = await asks.release(await asks.desk.submit(draft_of(request), await asks.key(), asks.now()))
    entry = CATALOGUE[request.kind]
    if entry.opens is Opens.MOVE:
        assert parent is not None
        await net.agree(parent, asks.code, asked.code)
        return made
    await asked.acknowledge(made)
    letter = next(each for each in (await asked.case(made)).statements if each.id == made.id)
    open_fields = {name: value for name, value in request.body.items() if name not in letter.closed}
    assert {name: letter.body[name] for name in open_fields} == open_fields, row["id"]
    assert set(letter.body) == set(request.body)
    assert letter.lang == row.get("language", "en")
    await answer(net, made, row)
    return made


async def answer(net: ManyStates, made: Submitted, row: dict[str, Any]) -> None:
    asks, asked = net[row["from"]], net[row["to"]]
    want = [each for each in row["want"] if each != "RECEIVED"]
    for kind in want:
        who = asks if CATALOGUE[row["type"]].answer(kind).by == (Side.REQUESTER,) else asked
        if "conditions" in row:
            who = asked
        body = filled(await who.desk.answer_form(made.id, kind), who.now())
        if "number" in body:
            body["number"] = asks.phones[0]
        if "nonce" in body:
            body["nonce"] = row["nonce"]
        if "new_expiry" in body:
            body["new_expiry"] = "2029-01-01T00:00:00Z"
        await who.say(made, kind, **body)
        await net.agree(made, asks.code, asked.code)
    said = [step.kind for step in (await asks.request(made)).steps]
    assert [kind for kind in said if kind != "ACKNOWLEDGED"] == want, row["id"]


async def test_a_warning_to_all_reaches_every_state_of_the_register_and_rings_at_none(tmp_path: Path) -> None:
    """`to: ALL` and `handling` as one map, as A18 writes them."""
    async with many_states(tmp_path, AT, [Seat("XA"), Seat("XB"), Seat("XC")]) as net:
        spread = await net["XA"].send_to_several("A18", **{"from": "XA"})
        assert {each.recipient for each in spread.sent} == {"XB", "XC"} and spread.failed == ()
        for each in spread.sent:
            await net.agree(each, "XA", each.recipient)
            assert (await net[each.recipient].desk.beat(AT)).unacknowledged == 0
            assert await net[each.recipient].desk.pages(each.id) == ()
