"""A whole exercise as a real process: an officer signs in with the printed link and works in the real console over HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2

from contactpoint.desk.results import NodeAnswers
from contactpoint.link.results import RefusedResult
from contactpoint.main.commands import officer_add, officer_list, officer_lock
from contactpoint.main.first_run import init_node
from contactpoint.main.node import open_desk
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata, outbox
from contactpoint.store.rows_handover import exercises_of
from contactpoint.wire.envelope import Parcel
from directory.documents import Purpose
from directory.main import init_register, running_register
from tests.fixtures.ports import free_port
from tests.fixtures.processes import ENVIRONMENT, SECRET, command
from tests.simulator import simulated
from tests.web.sample import A01

PATIENCE_S = 60.0
PASSWORD = "plain words at night"


class Trainee:
    """A browser without its drawing: keeps the cookies of one console, says where its posts start. Every page bears the stripes."""

    def __init__(self, link: str, secret: str) -> None:
        parts = urlsplit(link)
        self.host, self.first, self.secret = parts.netloc, parts.path, secret
        self.base = f"http://127.0.0.1:{parts.port}"
        self.cookies: dict[str, str] = {}
        self.pages = 0

    def _keep(self, answer: httpx2.Response) -> httpx2.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
            self.pages += 1
            assert '<div class="network">' in answer.text, "a page without the stripes of a training network"
        return answer

    def _headers(self) -> dict[str, str]:
        told = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"host": self.host, "cookie": told, "accept": "text/html", "sec-fetch-site": "same-origin"}

    def get(self, path: str) -> httpx2.Response:
        return self._keep(httpx2.get(self.base + path, headers=self._headers(), timeout=20))

    def post(self, path: str, fields: list[tuple[str, str]]) -> httpx2.Response:
        body = urlencode([*fields, ("csrf", self.cookies["__Host-csrf"])])
        headers = {**self._headers(), "content-type": "application/x-www-form-urlencoded"}
        return self._keep(httpx2.post(self.base + path, content=body, headers=headers, timeout=20))

    def sign_in(self) -> None:
        self.get(self.first)
        assert self.post(self.first, [("password", PASSWORD), ("again", PASSWORD)]).headers["location"] == "/shift"
        assert self.post("/shift", [("secret", self.secret)]).headers["location"] == "/board"

    def waiting(self) -> tuple[str, str]:
        """Case and request of what rings."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = re.search(r'class="button big" href="/cases/([^#"]+)#request-([^"]+)"', self.get("/board").text)
            if found:
                return found[1], found[2]
            time.sleep(0.2)
        raise AssertionError("nothing rang at the training desk")

    def send_preservation(self, to: str) -> None:
        data = A01["data"]
        form = [
            ("to", to),
            ("urgency", "U1"),
            *((f"f.authority.{name}", text) for name, text in A01["authority"].items()),
            *(("f.offences", code) for code in A01["offences"]),
            ("f.speech", "no"),
            ("f.facts", A01["facts"]),
            *(("f.data.classes", code) for code in data["classes"]),
            ("f.data.what", data["what"]),
            ("f.data.from", "2026-02-01 02:00"),
            ("f.data.until", "2026-03-04 12:00"),
            ("f.link_to_offence", A01["link_to_offence"]),
            ("f.custodian.name", "Example Hosting"),
            ("f.custodian.ip", "192.0.2.44"),
            ("f.necessity", A01["necessity"]),
            ("f.mla_intent", "yes"),
            ("stage", "sign"),
        ]
        sent = self.post(f"/new/PRES-NEW?to={to}", form)
        assert "Signed and on its way" in sent.text, re.findall(r'class="id">E-[^<]+', sent.text)


class Training:
    """The running process and what it has said."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            command("contactpoint", "training", "--json", "--folder", str(folder), *words),
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def begun(self) -> Trainee:
        """Once it tells how to sign in."""
        told: dict[str, str] = {}
        assert self.process.stderr is not None
        for line in self.process.stderr:
            for name in ("sign in once", "signing secret"):
                if line.startswith(name):
                    told[name] = line.removeprefix(name).split("(")[0].strip()
            if line.startswith("End with"):
                return Trainee(told["sign in once"], told["signing secret"])
        raise AssertionError(f"the training ended at once: exit {self.process.wait()}")

    def end(self, how: signal.Signals | None = None) -> tuple[int, dict[str, object]]:
        """Its exit code and its report."""
        if how is not None:
            self.process.send_signal(how)
        out, said = self.process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in said, said
        return self.process.returncode, json.loads(out)


@contextmanager
def training(folder: Path, *words: str) -> Iterator[Training]:
    made = Training(folder, *words)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.communicate()


async def live_node(folder: Path) -> Path:
    """A node of XA on a live network, as far as an exercise needs it: its folder and its officers."""
    genesis = init_register(folder / "register", Purpose.LIVE, "Live", "standard-1")
    async with running_register(folder / "register", 0) as register:
        answers = NodeAnswers(
            state="XA",
            name="Night desk of XA",
            host="localhost",
            public_port=free_port(),
            inside_port=free_port(),
            register_url=register.url,
            genesis=genesis.digest.hex(),
            officer="XA-OFF-001",
            officer_name="First officer",
            officer_secret=SECRET,
        )
        await init_node(folder / "live", answers)
        await officer_add(folder / "live", "XA-OFF-007", "Trainee of XA", ("answer", "send"), {}, SECRET)
    return folder / "live"


async def test_an_officer_works_through_an_exercise_the_rota_keeper_sees_it_and_a_live_node_refuses_its_letters(
    tmp_path: Path,
) -> None:
    home = await live_node(tmp_path)
    with training(tmp_path / "exercise", "--pace", "20", "--for", "XA-OFF-007", "--home", str(home)) as run:
        trainee = run.begun()
        trainee.sign_in()
        case, request = trainee.waiting()
        assert "XA-OFF-007" in trainee.get(f"/cases/{case}").text
        trainee.post(f"/requests/{request}/acknowledge", [])
        trainee.post(f"/requests/{request}/answers/ACCEPTED", [])
        so_far = json.loads(_ran("training", "report", "--folder", str(run.folder), "--json"))
        assert [line["mark"] for line in so_far["lines"]][2] == "waiting"
        trainee.send_preservation("XB")
        code, report = run.end()
    assert (code, report["met"], report["over"], report["recorded"]) == (0, 3, True, True)
    assert trainee.pages > 5
    [shown] = [each for each in await officer_list(home) if each.number == "XA-OFF-007"]
    assert (shown.exercise, shown.exercised_at is not None) == ("quick 3/3", True)
    assert "quick 3/3" in _ran("officer", "list", "--home", str(home))
    async with open_desk(home) as (desk, _):
        [row] = await desk.cw.db.read(lambda tx: exercises_of(tx, "XA-OFF-007"))
        assert desk.cw.network == "live"
        assert (await desk.board("XA-OFF-007", row.at)).open == (), "nothing of it is on the live board"
    await _refused_by_a_live_node(run.folder, tmp_path)
    await officer_lock(home, "XA-OFF-007")
    refused = subprocess.run(
        command("contactpoint", "training", "--for", "XA-OFF-007", "--home", str(home)),
        env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (refused.returncode, "E-LOCKED" in refused.stderr) == (1, True)


async def _refused_by_a_live_node(folder: Path, tmp_path: Path) -> None:
    """A letter out of the training's own folder, put to a node of another network by whoever copied it there."""
    db = await Database.open(f"sqlite:///{folder / 'XA' / 'desk.sqlite3'}", metadata, "desk")
    try:
        rows = await db.read(lambda tx: tx.execute(outbox.select().where(outbox.c.envelope.is_not(None))))
        parcels = [Parcel(bytes(row.envelope), b"") for row in rows.all()]
    finally:
        await db.close()
    assert len(parcels) >= 2, "an answer and a request"
    (tmp_path / "simulated").mkdir()
    async with simulated(tmp_path / "simulated", "XA", "XB") as net:
        for parcel in parcels:
            answer = await net["XB"].gateway.put(net["XA"].peer(), parcel)
            assert isinstance(answer, RefusedResult)
            assert answer.code == "E-WRONG-NETWORK"
        await net.settle()
        assert (await net["XB"].desk.board("XB-OFF-001", net.now)).unacknowledged == ()


def _ran(*words: str) -> str:
    return subprocess.run(
        command("contactpoint", *words), env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    ).stdout  # fmt: skip


def test_sigterm_ends_an_exercise_and_removes_its_folder() -> None:
    process = subprocess.Popen(
        command("contactpoint", "training", "--script", "abusive", "--json"),
        env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        folder = next(line for line in process.stderr if line.startswith("folder")).split()[1]
        assert Path(folder).is_dir()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    report = json.loads(out)
    assert (process.returncode, report["over"], report["recorded"]) == (1, False, False)
    assert [line["mark"] for line in report["lines"]] == ["missed", "missed", "met"]
    assert not Path(folder).exists()


def test_a_training_does_not_run_in_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text("")
    ran = subprocess.run(
        command("contactpoint", "training", "--folder", str(tmp_path)),
        env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (ran.returncode, "E-EXISTS" in ran.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["node.toml"]
