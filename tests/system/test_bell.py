"""The second bell as a process beside a node that is a process: it rings, it misses a node that is gone, and it is missed itself."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from contactpoint.casework.effects import raise_task
from contactpoint.desk.desk import Desk
from contactpoint.desk.toolkeys import Scope, add_key
from tests.fixtures.processes import ENVIRONMENT, ROOT, Network, Running, command

PATIENCE_S = 30.0
OFFICER = "XB-OFF-001"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    made = Network(tmp_path_factory.mktemp("bell"))
    try:
        made.make(datetime.now(UTC).replace(microsecond=0), [("XB", (OFFICER,))])
        yield made
    finally:
        made.stop()


class BellProcess:
    """One bell, and what it has said: a line of JSON each ring, talk on standard error."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.rings, self.talk, self.siren = folder / "rings", folder / "talk", folder / "siren"
        script = folder / "siren.py"
        script.write_text(
            "import os, sys\nopen(sys.argv[1], 'a').write(os.environ['NOTICE_REASON'] + ' ' + os.environ['NOTICE_LINE'] + '\\n')\n"
        )
        program = [word for each in (sys.executable, str(script), str(self.siren)) for word in ("--command", each)]
        with self.rings.open("wb") as out, self.talk.open("wb") as err:
            self.process = subprocess.Popen(
                [*command("contactpoint", "bell"), *words, *program, "--json"],
                cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip

    def rung(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.rings.read_text().splitlines()]

    def said(self, text: str, count: int = 1) -> None:
        self.until(lambda: self.talk.read_text().count(text) >= count, text)

    def rings_for(self, reason: str, more: int = 1) -> float:
        """Wait until it has rung so often more for this reason; seconds until the first of them."""
        began, before = time.monotonic(), len(self.rung())
        first: list[float] = []

        def enough() -> bool:
            found = [each for each in self.rung()[before:] if reason in each["reasons"]]
            if found and not first:
                first.append(time.monotonic() - began)
            return len(found) >= more

        self.until(enough, reason)
        return first[0]

    def until(self, true: Any, what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s\n{self.talk.read_text()[-2000:]}"
            time.sleep(0.05)

    def end(self) -> tuple[int, float]:
        """SIGTERM; its exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10), time.monotonic() - began


@pytest.fixture
def bell(network: Network, tmp_path: Path) -> Iterator[BellProcess]:
    made = BellProcess(tmp_path, "--home", str(network.nodes["XB"].home))
    made.said("listening to")
    yield made
    made.process.kill()
    made.process.wait()


def node_process(network: Network) -> Running:
    return next(each for each in network.running if each.name == "XB")


def due_term(network: Network) -> str:
    """Put the last reminder of a term on the board, as the worker does: the console rings for it. Returns the task's id."""

    async def work(desk: Desk, now: datetime) -> str:
        await desk.cw.db.write(lambda tx: raise_task(tx, desk.cw, "W-CLOCK-LAST", now, once="test"))
        return next(task.id for task in (await desk.board("", now)).tasks if task.code == "W-CLOCK-LAST")

    return network.look("XB", work)


async def _done(desk: Desk, task: str, now: datetime) -> None:
    await desk.task_done(task, OFFICER, now)


def test_it_is_quiet_rings_on_every_beat_while_something_waits_and_is_quiet_again(
    network: Network, bell: BellProcess
) -> None:
    time.sleep(1)
    assert bell.rung() == []
    task = due_term(network)
    bell.rings_for("overdue", 2)
    bell.until(lambda: bell.siren.exists() and bell.siren.read_text().startswith("overdue an own request"), "the siren")
    network.look("XB", lambda desk, now: _done(desk, task, now))
    time.sleep(1)
    count = len(bell.rung())
    time.sleep(5.5)
    assert len(bell.rung()) == count
    code, seconds = bell.end()
    assert (code, seconds < 1.5) == (0, True), (code, seconds)


def test_a_killed_node_rings_at_once_and_is_listened_to_again_when_it_is_back(
    network: Network, bell: BellProcess
) -> None:
    node = node_process(network)
    node.process.kill()
    assert bell.rings_for("link-broken", 2) < 3
    node.process.wait()
    network.running.remove(node)
    network._serve_nodes(datetime.now(UTC))
    bell.said("listening to", 2)


def test_a_node_that_hangs_rings_after_fifteen_seconds_of_silence(network: Network, bell: BellProcess) -> None:
    node = node_process(network)
    node.process.send_signal(signal.SIGSTOP)
    try:
        assert 8 < bell.rings_for("node-silent", 2) < 17
    finally:
        node.process.send_signal(signal.SIGCONT)
    bell.said("listening to", 2)


def test_a_bell_away_from_the_node_listens_with_its_key_and_ends_when_the_key_is_revoked(
    network: Network, tmp_path: Path
) -> None:
    node = network.nodes["XB"]
    url = f"https://localhost:{node.inside_port}"
    key = network.json("bell", "key", "add", "guard room", "--home", str(node.home))["key"]
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(key + "\n")
    away = BellProcess(tmp_path, "--url", url, "--key-file", str(file), "--ca", str(node.home / "tls" / "inside.crt"))
    away.said("listening to")
    listed = {each["name"]: each for each in network.json("bell", "key", "list", "--home", str(node.home))}
    assert listed["guard room"]["seen_at"] is not None
    network.run("contactpoint", "bell", "key", "revoke", "guard room", "--yes", "--home", str(node.home))
    assert away.process.wait(PATIENCE_S) == 3
    assert away.rung()[-2]["reasons"] == ["link-broken"]  # the last line says why it ended
    assert "E-API-KEY" in away.talk.read_text()


def test_a_key_opens_what_it_was_made_for_and_nothing_else(network: Network) -> None:
    node = network.nodes["XB"]

    async def keys(desk: Desk, now: datetime) -> tuple[str, str]:
        bell = await add_key(desk.cw, "only the beat", Scope.BELL, now)
        return bell, await add_key(desk.cw, "only the feed", Scope.THREATS, now)

    bell, feed = network.look("XB", keys)
    trust = ssl.create_default_context(cafile=str(node.home / "tls" / "inside.crt"))
    with httpx2.Client(base_url=f"https://localhost:{node.inside_port}", verify=trust) as http:
        for token, path in ((bell, "/feed/threats"), (feed, "/events"), ("cpf_", "/events"), ("x" * 5000, "/events")):
            answer = http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in (401, 403), path
        for path in ("/board", "/directory", "/clocks"):
            answer = http.get(path, headers={"Authorization": f"Bearer {bell}"})
            assert answer.status_code == 303, path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--sound", "no-such-sound.wav"), "There is no sound"),
        (("--command", "no-such-siren"), "cannot be run"),
        (("--url", "https://localhost:1"), "--key-file"),
    ],
)
def test_a_bell_that_could_not_ring_says_so_at_the_start(network: Network, words: tuple[str, ...], told: str) -> None:
    ran = subprocess.run(
        command("contactpoint", "bell", *words), cwd=network.nodes["XB"].home, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert ran.returncode != 0
    assert told in ran.stderr


def test_a_key_file_that_others_may_read_is_refused(network: Network, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("cpf_x\n")
    file.chmod(0o644)
    ran = network.run("contactpoint", "bell", "--url", "https://localhost:1", "--key-file", str(file), code=1)
    assert "may be read by others" in ran.stderr
