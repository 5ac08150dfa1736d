"""A rota and a policy that were saved in the console are what a real desk pages by."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from contactpoint.desk.officers import RIGHTS, add_officer, make_key
from contactpoint.domain.rota import on_duty
from contactpoint.web import WebSettings, create_app
from tests.simulator import SimulatedState, Simulator, simulated
from tests.web.browserless import Browserless
from tests.web.sample import PASSWORD, SECRET

KEEPER = "XB-OFF-009"


async def _keeper(net: Simulator, xb: SimulatedState) -> Browserless:
    """An officer with a password and a signing secret of his own, signed in, on shift."""
    key = await make_key(SECRET, net.random)
    named = {"number": KEEPER, "name": "K. Keeper", "rights": RIGHTS, "mail": "", "language": "en"}
    token = await xb.cw.db.write(lambda tx: add_officer(tx, net.random, key=key, now=net.now, **named))  # type: ignore[arg-type]
    app = create_app(xb.desk, WebSettings(zone="UTC"), net.clock, net.random)
    visitor = Browserless(app, xb.desk)  # type: ignore[arg-type]  # a real desk
    await visitor.get(f"/first/{token}")
    assert (await visitor.post(f"/first/{token}", {"password": PASSWORD, "again": PASSWORD})).status_code == 303
    await visitor.sign_in(KEEPER)
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
