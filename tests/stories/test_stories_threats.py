"""A warning to many: it rings nobody, stands in its own list, is sighted and taken back, and feeds the State's own tools."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, seal
from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError
from contactpoint.desk.evidence import export
from contactpoint.desk.feed import FeedPage
from contactpoint.desk.several import submit_several
from contactpoint.desk.threats import ThreatView
from contactpoint.desk.verify import verify
from contactpoint.desk.views import Draft
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.statement import Statement
from contactpoint.domain.threats import Threat, recall_kind, sighting_kind, threat_kind
from contactpoint.domain.values import Address, Urgency
from contactpoint.web import WebSettings, create_app
from contactpoint.wire.frames import Lane
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.signed import sign
from tests.domain.domain_examples import request_of
from tests.simulator import SimulatedState, Simulator, simulated

CATALOGUE = load_catalogue()
KIND = threat_kind(CATALOGUE)
SIGHTED, RECALLED = sighting_kind(CATALOGUE[KIND]), recall_kind(CATALOGUE[KIND])
_, A18, _ = request_of("A18")
HOSTILE = [
    "evil\u202egpj.exe",
    '=HYPERLINK("http://x.example")',
    "<script>alert(1)</script>",
    "x.example' OR url:value = 'y",
]


async def share(state: SimulatedState, *to: str, **more: Any) -> str:
    """One warning to these States, or to all; the id of the first of its requests."""
    body: Mapping[str, Any] = {**A18, **more}
    draft = Draft(KIND, "", "U1", body, recipients=to or ("ALL",), lang="en")
    spread = await submit_several(state.cw, draft, state.officer, state.net.now)
    assert not spread.failed
    await state.net.settle()
    return spread.sent[0].id


async def only(state: SimulatedState) -> ThreatView:
    listed = await state.desk.threats.listed()
    assert len(listed) == 1
    return await state.desk.threats.one(listed[0].threat.request)


async def tool(state: SimulatedState, name: str = "siem") -> str:
    return await state.desk.threats.add_key(name, state.net.now)


def codes(page: FeedPage) -> list[tuple[str, str]]:
    return [("recalled" if each.recall else "shared", each.threat.method) for each in page.entries]


async def rung(net: Simulator) -> list[Any]:
    return [notice for state in net for notice in state.telephone.notices]


async def test_a_warning_reaches_all_and_rings_nobody(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await share(net["XA"])
        assert (await net["XA"].view(sent)).status == "DELIVERED"
        await net.pass_time(days=3, step_s=12 * 3600)
        assert await rung(net) == []
        for state in net:
            board = await state.desk.board("", net.now)
            assert not (board.unacknowledged or board.own_overdue or board.open or board.sent or board.tasks)
            beat = await state.desk.beat(net.now)
            assert (beat.unacknowledged, beat.overdue, beat.answers) == (0, 0, 0)
        theirs = await only(net["XB"])
        assert [each.value for each in theirs.threat.indicators] == A18["indicators"]
        view = await net["XB"].view(theirs.threat.request)
        assert (view.status, view.level, view.quiet) == ("DELIVERED", "received", True)
        assert "ACKNOWLEDGED" not in view.permitted
        # Looking at it says nothing to its sender either.
        await net["XB"].desk.opened(view.id, "XB-OFF-001", net.now)
        await net.settle()
        assert await net["XA"].levels(view.id) == ["queued", "held", "received"]
        ours = await only(net["XA"])
        assert (ours.states, ours.unreached) == (("XB", "XC"), ())


async def test_who_was_not_reached_is_shown_and_nobody_is_rung(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        net.weather.cut.add("XC")
        await share(net["XA"])
        await net.pass_time(minutes=20, step_s=300)
        assert (await only(net["XA"])).unreached == ("XC",)
        assert await rung(net) == []
        net.weather.calm()
        await net.pass_time(minutes=5, step_s=150)
        assert (await only(net["XA"])).unreached == ()


async def test_sightings_come_back_and_are_counted(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await share(net["XA"])
        for name, count in (("XB", 3), ("XC", 1)):
            desk = net[name].desk
            request = (await only(net[name])).threat.request
            body = {"first_seen": "2027-03-01T10:00Z", "last_seen": "2027-03-02T10:00Z", "count": count}
            await desk.threats.sight(request, body, net[name].officer, net.now)
            await desk.answer(request, "RECEIVED", {}, net[name].officer, net.now)
        await net.settle()
        view = await only(net["XA"])
        assert sorted((each.by, each.count) for each in view.threat.sightings) == [("XB", 3), ("XC", 1)]
        assert (await net["XA"].desk.threats.listed())[0].sighted == 2
        assert (await only(net["XB"])).sighted == 1  # what XC has seen is told to XA, not to XB
        assert (await net["XA"].desk.beat(net.now)).answers == 0  # an answer to it rings nobody either
        assert await rung(net) == []


async def test_a_recall_strikes_it_through_everywhere_and_erases_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await share(net["XA"])
        done = await net["XA"].desk.threats.recall(sent, "a mistake of ours", net["XA"].officer, net.now)
        assert (done.queued, done.before) == (2, 0)
        await net.settle()
        for state in net:
            view = await only(state)
            assert view.recalled
            assert view.threat.recall_reason == "a mistake of ours"
            assert [each.value for each in view.threat.indicators] == A18["indicators"]
            assert (await state.view(view.threat.request)).recalled
            bundle = json.loads(await state.desk.threats.bundle())
            assert all(each["revoked"] for each in bundle["objects"] if each["type"] in ("indicator", "report"))
        evidence = await export(net["XB"].cw, (await only(net["XB"])).threat.case, net.now)
        report = verify(evidence, net["XB"].cw.register.copy.genesis.digest)
        assert report.verified
        assert not any(word in line for line in report.missing for word in ("opened", "acknowledged", "answered"))
        again = await net["XA"].desk.threats.recall(sent, "again", net["XA"].officer, net.now)
        assert (again.queued, again.before) == (0, 2)


async def test_a_recall_that_broke_off_is_brought_to_its_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await share(net["XA"])
        desk = net["XA"].desk
        await desk.submit(Draft(RECALLED, "", "", {"reason": "x"}, re=sent), net["XA"].officer, net.now)
        assert (await only(net["XA"])).may_recall
        assert (await desk.threats.recall(sent, "x", net["XA"].officer, net.now)).queued == 1
        await net.settle()
        assert [(await only(state)).recalled for state in net] == [True, True, True]


async def test_a_recall_or_sighting_by_whom_it_is_not_changes_nothing(tmp_path: Path) -> None:
    """The receiver recalls; a stranger, who has overheard the case, recalls at one end and tells of a sighting at the other."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await share(net["XA"], "XB")
        with pytest.raises(NotPermittedError):
            await net["XB"].desk.threats.recall(sent, "we do not like it", net["XB"].officer, net.now)
        with pytest.raises(NotPermittedError):
            await net["XB"].desk.answer(sent, RECALLED, {"reason": "x"}, net["XB"].officer, net.now)
        threat = (await only(net["XB"])).threat
        await _forge(net, RECALLED, threat, {"reason": "not yours"}, "XB")
        await _forge(net, SIGHTED, threat, {"first_seen": "2027-03-01T10:00Z", "count": 999}, "XA")
        await net.settle()
        for state in ("XA", "XB"):
            view = await only(net[state])
            assert not view.recalled
            assert (view.sighted, view.threat.sightings) == (0, ())
            assert {task.code for task in (await net[state].desk.board("", net.now)).tasks} == {"E-UNKNOWN-CASE"}


async def _forge(net: Simulator, kind: str, threat: Threat, body: Mapping[str, Any], to: str) -> None:
    """XC signs a letter into a case of which it is no party, seals it truly and puts it into the mailbox."""
    here = net["XC"]
    statement = Statement(
        id=new_id(net.random, net.now),
        case=threat.case,
        kind=kind,
        urgency=Urgency.U1,
        cat=CATALOGUE.version,
        pol=here.cw.policy.name,
        sender=Address("XC"),
        recipient=Address(to),
        at=net.now,
        expires=net.now + timedelta(days=7),
        by=here.officer.number,
        approver=None,
        lang="en",
        mine=None,
        seen=None,
        re=threat.digest,
        thread=None,
        body=body,
        attachments=(),
        digest=b"",
    )
    signed = sign("statement", encode_statement(statement, here.cw.net), [here.officer.key], here.cw.net)
    letter = SignedLetter(decode_statement(signed.content, here.cw.net), signed, here.officer.certificates)
    sealed = await seal(here.cw, letter, 1, net.random(32), net.now)
    await net.put(here, here.cw.register.addresses(to)[0], sealed.parcel, Lane.URGENT)


# The feed


async def test_a_tool_that_reads_on_gets_everything_once_and_a_recall_as_an_entry_of_its_own(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        desk, token = net["XB"].desk, await tool(net["XB"])
        first = await share(net["XA"], "XB", "XC", method="one")
        await share(net["XC"], "XB", method="two")
        page = await desk.threats.feed(token, "")
        assert codes(page) == [("shared", "one"), ("shared", "two")]
        assert (await desk.threats.feed(token, page.cursor)).entries == ()
        await net["XA"].desk.threats.recall(first, "x", net["XA"].officer, net.now)
        await net.settle()
        assert codes(await desk.threats.feed(token, page.cursor)) == [("recalled", "one")]
        assert codes(await desk.threats.feed(token, page.entries[0].cursor)) == [("shared", "two"), ("recalled", "one")]
        assert codes(await desk.threats.feed(token, "")) == [("shared", "one"), ("shared", "two"), ("recalled", "one")]
        # What went to many stands in its sender's own feed once.
        own = await net["XA"].desk.threats.feed(await tool(net["XA"]), "")
        assert codes(own) == [("shared", "one"), ("recalled", "one")]


async def test_what_is_marked_for_few_is_in_no_feed_and_no_file(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        desk = net["XB"].desk
        for code in ("HC-TLP-RED", "HC-TLP-AMBER-STRICT"):
            sent = await share(net["XA"], "XB", handling=[code])
            with pytest.raises(NotPermittedError, match="E-TLP"):
                await desk.threats.bundle(sent)
        await share(net["XA"], "XB", method="open", handling=["HC-TLP-CLEAR", "HC-PAP-GREEN"])
        await share(net["XA"], "XB", method="unseen", handling=["HC-TLP-CLEAR", "HC-PAP-RED"])
        assert codes(await desk.threats.feed(await tool(net["XB"]), "")) == [("shared", "open")]
        assert A18["method"] not in await desk.threats.bundle()
        assert len(await desk.threats.listed()) == 4  # the console shows all


async def test_a_revoked_key_reads_nothing_from_then_on(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XB") as net:
        desk, token = net["XB"].desk, await tool(net["XB"])
        await desk.threats.feed(token, "")
        await desk.threats.revoke_key("siem", net.now)
        for false in (token, "", "cpf_" + "00" * 32, token[:-1], "x" * 10_000):
            with pytest.raises(NotPermittedError, match="E-API-KEY"):
                await desk.threats.feed(false, "")
        fresh = await tool(net["XB"])
        assert fresh != token
        await desk.threats.feed(fresh, "")
        assert token not in str(await desk.threats.keys())
        # Two keys of one name would be revoked by mistake.
        for name in ("siem", " siem ", "", "x" * 65, "a\nb"):
            with pytest.raises(DeskError):
                await tool(net["XB"], name)


async def test_a_cursor_of_another_node_or_a_forged_one_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await share(net["XA"], "XB")
        theirs = await net["XA"].desk.threats.feed(await tool(net["XA"]), "")
        desk, token = net["XB"].desk, await tool(net["XB"])
        own = (await desk.threats.feed(token, "")).cursor
        changed = own[:-2] + ("AA" if own[-2:] != "AA" else "BB")
        for false in (theirs.cursor, changed, "1", "0", "-1", "é", "A" * 500, own + "A", own[:40]):
            with pytest.raises(DraftError, match="E-CURSOR"):
                await desk.threats.feed(token, false)


async def test_the_feed_is_served_as_lines_and_as_stix_and_tells_no_stranger_anything(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await share(net["XA"], "XB", indicators=[*A18["indicators"], *HOSTILE])
        await net["XA"].desk.threats.recall(sent, "x", net["XA"].officer, net.now)
        await net.settle()
        token = await tool(net["XB"])
        app = create_app(net["XB"].desk, WebSettings(), net.clock, net.random)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://xb.localhost") as http:
            for headers in ({}, {"authorization": "Bearer cpf_00"}, {"authorization": f"Basic {token}"}):
                answer = await http.get("/feed/threats", headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert "police-mail" not in answer.text
            bearer = {"authorization": f"Bearer {token}"}
            answer = await http.get("/feed/threats", headers=bearer)
            lines = [json.loads(line) for line in answer.text.splitlines()]
            assert [line["entry"] for line in lines] == ["shared", "recalled"]
            assert lines[0]["recalled_at"] is not None
            assert {"type": "ip", "value": "203.0.113.77"} in lines[0]["indicators"]
            assert {"type": "other", "value": "evil\\u202egpj.exe"} in lines[0]["indicators"]
            assert answer.headers["x-next-cursor"] == lines[-1]["cursor"]
            after = {"after": answer.headers["x-next-cursor"]}
            assert (await http.get("/feed/threats", params=after, headers=bearer)).text == ""
            refused = await http.get("/feed/threats", params={"after": "x"}, headers=bearer)
            assert (refused.status_code, refused.json()["code"]) == (400, "E-CURSOR")
            bundle = (await http.get("/feed/threats", params={"format": "stix"}, headers=bearer)).json()
            assert {each["type"] for each in bundle["objects"]} >= {
                "identity",
                "indicator",
                "report",
                "marking-definition",
            }
