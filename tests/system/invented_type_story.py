"""Run by test_invented_type.py in a copy of the program to which one file was added: an invented type from form to evidence."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import httpx2

import contactpoint
from contactpoint.desk.evidence import export
from contactpoint.desk.verify import verify
from contactpoint.web import WebSettings, create_app
from tests.fixtures.network import StateAtWork, two_states, until

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", "accept": "text/html"}
PASSWORD = "a long word for the door"


class Officer:
    """The first officer of a State in front of the console, without a browser."""

    def __init__(self, here: StateAtWork) -> None:
        self.here = here
        app = create_app(here.desk, WebSettings(), here.now, os.urandom)
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://localhost")

    async def arrive(self, secret: str) -> None:
        link = await self.here.desk.one_time_link(self.here.officer, self.here.now())
        await self.here.desk.set_password(link, PASSWORD, self.here.now())
        await self.http.get("/sign-in")
        await self.post("/sign-in", {"number": self.here.officer, "password": PASSWORD})
        await self.post("/shift", {"secret": secret})

    async def look(self, path: str) -> str:
        answer = await self.http.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    async def post(self, path: str, form: dict[str, str]) -> httpx2.Response:
        fields = form | {"csrf": self.http.cookies.get("__Host-csrf") or ""}
        return await self.http.post(path, content=str(httpx2.QueryParams(list(fields.items()))), headers=FORM)


async def story(folder: Path) -> None:
    async with two_states(folder) as net:
        asking, asked = Officer(net.qm), Officer(net.qn)
        await asking.arrive(net.qm.secret)
        await asked.arrive(net.qn.secret)

        assert "Test a device in a laboratory" in await asking.look("/new")
        page = await asking.look("/new/LAB-TEST")
        assert "Serial number" in page
        empty = await asking.post("/new/LAB-TEST", {"stage": "check", "to": "QN", "urgency": "U2"})
        assert empty.status_code == 422
        assert "E-FIELD-MISSING" in empty.text
        form = {
            "to": "QN",
            "urgency": "U2",
            "f.authority.organisation": "QM laboratory desk",
            "f.authority.officer_ref": "QM-OFF-001",
            "f.authority.case_ref": "QM-1",
            "f.device.kind": "router",
            "f.device.serial": "SN 0001 (invented)",
            "f.wanted_on": "2031-01-31",
        }
        sent = await asking.post("/new/LAB-TEST", form | {"stage": "sign"})
        assert sent.status_code == 200, sent.text

        async def arrived() -> bool:
            board = await net.qn.desk.board("", net.qn.now())
            return any(each.kind == "LAB-TEST" for each in board.unacknowledged)

        await until(arrived)
        (view,) = (await net.qn.desk.board("", net.qn.now())).unacknowledged
        shown = await asked.look(f"/cases/{view.case}")
        assert "SN 0001 (invented)" in shown
        assert "Test a device in a laboratory" in shown
        await asked.post(f"/requests/{view.id}/acknowledge", {})
        assert "Result of the test" in await asked.look(f"/requests/{view.id}/answers/TESTED")
        answered = await asked.post(f"/requests/{view.id}/answers/TESTED", {"f.result": "no fault found"})
        assert answered.status_code in (200, 303), answered.text

        async def concluded() -> bool:
            return (await net.qm.desk.case_view(view.case, net.qm.now())).requests[0].status == "TESTED"

        await until(concluded)
        assert "no fault found" in await asking.look(f"/cases/{view.case}")
        clocks = (await net.qm.desk.case_view(view.case, net.qm.now())).requests[0]
        assert clocks.acknowledged_by == "QN-OFF-001"

        for here in (net.qm, net.qn):
            report = verify(await export(here.cw, view.case, here.now()), net.genesis.digest)
            assert report.verified, report.problems
            assert any("TESTED" in line for line in report.lines), report.lines


if __name__ == "__main__":
    assert Path(contactpoint.__file__).is_relative_to(Path(sys.argv[1])), contactpoint.__file__
    asyncio.run(story(Path(sys.argv[2])))
