"""The console over real desks: what was saved is what is paged by; a late request finds another way; both ends draw both ladders."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from contactpoint.desk.officers import RIGHTS, add_officer, make_key
from contactpoint.domain.rota import on_duty
from contactpoint.web import WebSettings, create_app
from contactpoint.web.ladder import UNTIL_ANSWERED, rungs
from tests.simulator import SimulatedState, Simulator, simulated
from tests.web.browserless import Browserless
from tests.web.sample import PASSWORD, SECRET

KEEPER = "XB-OFF-009"


async def _keeper(
    net: Simulator, home: SimulatedState, called: str = "OFF-009", rights: tuple[str, ...] = RIGHTS
) -> Browserless:
    """An officer with a password and a signing secret of his own, signed in, on shift."""
    key = await make_key(SECRET, net.random)
    number = f"{home.state}-{called}"
    named = {"number": number, "name": "K. Keeper", "rights": rights, "mail": "", "language": "en"}
    token = await home.cw.db.write(lambda tx: add_officer(tx, net.random, key=key, now=net.now, **named))  # type: ignore[arg-type]
    app = create_app(home.desk, WebSettings(zone="UTC"), net.clock, net.random)
    visitor = Browserless(app, home.desk)  # type: ignore[arg-type]  # a real desk
    await visitor.get(f"/first/{token}")
    assert (await visitor.post(f"/first/{token}", {"password": PASSWORD, "again": PASSWORD})).status_code == 303
    await visitor.sign_in(number)
    await visitor.start_shift()
    return visitor


async def test_a_rota_and_a_policy_saved_in_the_console_say_who_is_paged(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        visitor = await _keeper(net, xb)
        begun = (net.now - timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
        rota = [("turns", "1"), ("name", "duty"), ("zone", "UTC"), ("t0.anchor", begun), ("t0.unit", "week")]
        rota += [("t0.length", "1"), ("t0.officer", KEEPER), ("t0.officer", "XB-OFF-002"), ("do", "save")]
        assert (await visitor.post("/rota/new", rota)).headers["location"] == "/rota/duty"
        assert on_duty(await xb.desk.rota.rota("duty"), net.now).officers == (KEEPER,)
        assert "K. Keeper" in (await visitor.get("/rota/duty")).text

        seen = re.search(r'name="after" value="(\d+)"', (await visitor.get("/escalation/edit")).text)
        assert seen
        policy = [("rungs", "2"), ("marks", "0"), ("after", seen[1]), ("hold_rungs", "1"), ("remind_percent", "25")]
        policy += [("again_percent", "40"), ("do", "save")]
        for key, who, wait in (("r0", "duty", "5"), ("r1", "next", "10")):
            policy += [(f"{key}.role", "duty officer"), (f"{key}.wait", wait), (f"{key}.needed", "1")]
            policy += [(f"{key}.who", who), (f"{key}.of", "duty")]
        warned = await visitor.post("/escalation/edit", [*policy])
        accept = re.search(r'name="accept" value="(\w+)"', warned.text)
        assert accept, warned.text
        assert (await visitor.post("/escalation/edit", [*policy, ("accept", accept[1])])).status_code == 303
        dry = (await visitor.get("/escalation?class=U1")).text.split('<table class="run">')[1].split("</table>")[0]
        assert dry.index(KEEPER) < dry.index("XB-OFF-002")

        sent = await net["XA"].ask("XB")
        await net.settle()
        assert {page.officer for page in await xb.desk.pages(sent.id)} == {KEEPER}
        await net.pass_time(minutes=4, seconds=59, step_s=1)
        assert {page.officer for page in await xb.desk.pages(sent.id)} == {KEEPER}
        await net.pass_time(seconds=1)
        assert {page.officer for page in await xb.desk.pages(sent.id)} == {KEEPER, "XB-OFF-002"}

        shift = net.now + timedelta(days=2)
        times = {"since": f"{shift:%Y-%m-%d %H:00}", "until": f"{shift + timedelta(hours=8):%Y-%m-%d %H:00}"}
        change = {**times, "kind": "replace", "officer": "XB-OFF-001"}
        assert (await visitor.post("/rota/duty/overrides", change)).status_code == 303
        assert on_duty(await xb.desk.rota.rota("duty"), shift).officers == ("XB-OFF-001",)
        await visitor.http.aclose()


async def test_a_request_that_cannot_be_delivered_is_answered_another_way_and_both_ends_are_told(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa, xb = net["XA"], net["XB"]
        net.weather.cut.add("XB")
        sent = await xa.ask("XB")
        visitor = await _keeper(net, xa)
        sheet = f"/requests/{sent.id}/call-sheet"
        case, _ = await xa.desk.find_request(sent.id)
        page = (await visitor.get(f"/cases/{case}")).text
        assert (sheet in page, "A deadline has passed." in page) == (True, False)
        due = (await xa.view(sent.id)).next_due
        assert due
        await net.pass_time(step_s=60, seconds=(due - net.now).total_seconds() + 1)
        page = (await visitor.get(f"/cases/{case}")).text
        assert "A deadline has passed." in page
        shown = (await visitor.get(sheet)).text.split('<dl class="facts">')[1].split("</dl>")[0]
        assert [shown.index(each) for each in (sent.id, "+999100200", "+999100201")] == sorted(
            shown.index(each) for each in (sent.id, "+999100200", "+999100201")
        )
        tried = {"way": "telephone", "detail": "+999100200", "outcome": "no-answer"}
        assert (await visitor.post(sheet, tried)).status_code == 303
        assert (await xa.view(sent.id)).status != "ANSWERED-ELSEWHERE"
        answered = {"way": "other-network", "detail": "I-24/7 77", "outcome": "answered"}
        clerk = await _keeper(net, xa, "OFF-010", ("answer",))
        refused = await clerk.post(sheet, answered)
        assert (refused.status_code, "has not the right" in refused.text) == (422, True)
        assert len(await xa.desk.policies.other_ways(sent.id)) == 1  # what cannot be signed does not stand as done
        await clerk.http.aclose()
        assert (await visitor.post(sheet, answered)).headers["location"] == f"/cases/{case}#request-{sent.id}"
        page = (await visitor.get(f"/cases/{case}")).text
        listed = page.split("Other ways that were tried")[1].split("</ol>")[0]
        for words in (sent.id, "By telephone", "Nobody answered", "By another network", "I-24/7 77", "XA-OFF-009"):
            assert words in listed, words
        assert "Answered another way" in page
        net.weather.calm()
        await net.pass_time(minutes=20, step_s=60)
        views = [await each.view(sent.id) for each in (xa, xb)]
        assert [view.status for view in views] == ["ANSWERED-ELSEWHERE", "ANSWERED-ELSEWHERE"]
        assert not any(view.rings for view in views)
        assert (await visitor.post(sheet, answered)).status_code == 422  # once
        assert len(await xa.desk.policies.other_ways(sent.id)) == 2
        await visitor.http.aclose()


async def test_both_ends_draw_the_steps_until_answered_apart_from_the_calls_before_somebody_took_charge(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa, xb = net["XA"], net["XB"]
        sent = await xa.ask("XB")
        await net.settle()
        await xb.acknowledge(sent.id)
        held = next(fact.at for fact in (await xb.view(sent.id)).facts if fact.level == "held")
        for passed, percents in ((3 * 3600 + 3599, []), (4 * 3600, ["50"]), (6.4 * 3600, ["50", "80"])):
            await net.pass_time(step_s=600, seconds=(held + timedelta(seconds=passed) - net.now).total_seconds())
            for home in (xa, xb):
                view = await home.view(sent.id)
                drawn = {each.level: each for each in rungs(view)}
                assert [str(each.percent) for each in drawn["answered"].steps] == percents, (home.state, passed)
                assert UNTIL_ANSWERED not in {each.code for each in drawn["acknowledged"].calls}
        for home in (xa, xb):
            visitor = await _keeper(net, home)
            case, _ = await home.desk.find_request(sent.id)
            page = (await visitor.get(f"/cases/{case}")).text
            steps = page.split("Called until it is answered")[1].split("</ol>")[0]
            assert re.findall(r"(\d+) %", steps) == ["50", "80"]
            await visitor.http.aclose()
