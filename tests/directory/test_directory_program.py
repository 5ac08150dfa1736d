"""The registrar's program, as people and scripts run it: real processes, exit codes, what goes to which stream."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta

import pytest

from directory.contact import GatewayAddress
from directory.documents import read_genesis
from directory.enrolment import make_charter
from directory.words import fingerprint_words
from tests.directory.registerworld import NOW, signing, station_keys


def run(*arguments: str, rc: int = 0, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "directory.cli", *arguments], capture_output=True, text=True, timeout=60, env=env
    )
    assert done.returncode == rc, done.stderr
    return done


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "register"
    run("init", "--home", str(folder), "--purpose", "training", "--name", "Exercise", "--policy", "demo-1")
    return folder


def test_init_prints_the_digest_and_nothing_else_on_stdout(tmp_path):
    done = run("init", "--home", str(tmp_path / "r"), "--purpose", "pilot", "--name", "Pilot")
    genesis = read_genesis((tmp_path / "r" / "genesis.cbor").read_bytes())
    assert done.stdout.strip() == genesis.digest.hex()
    assert (genesis.policy, genesis.name) == ("standard-1", "Pilot")
    again = run("init", "--home", str(tmp_path / "r"), "--purpose", "pilot", "--name", "Pilot", "--json", rc=2)
    assert json.loads(again.stdout)["error"] == "E-FOLDER"


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--purpose", "play", "--name", "x"),
        ("init", "--name", "x"),
        ("list", "--home", "nowhere"),
        ("serve", "--home", "nowhere"),
        ("approve", "XA"),
        ("nonsense",),
    ],
)
def test_wrong_usage_exits_with_two(arguments, tmp_path):
    run(*arguments, rc=2)


def test_help_imports_neither_server_nor_database():
    code = (
        "import sys, contextlib\n"
        "from directory.cli import app\n"
        "with contextlib.suppress(SystemExit): app(['--help'])\n"
        "print(sorted({'fastapi', 'sqlalchemy', 'uvicorn', 'cryptography', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "approve" in done.stdout


def test_a_clock_of_its_own_is_refused_outside_training(tmp_path):
    run("init", "--home", str(tmp_path / "r"), "--purpose", "live", "--name", "Live")
    done = run("serve", "--home", str(tmp_path / "r"), "--clock", "2027-03-04T13:00Z", rc=2)
    assert "E-CLOCK" in done.stderr


def test_a_clock_that_is_no_time_is_refused(home):
    for text in ("soon", "2027-03-04T13:00", "2027-03-04T13:00Z,x0", "2027-03-04T13:00Z,xfast"):
        assert "E-CLOCK" in run("serve", "--home", str(home), "--clock", text, rc=2).stderr


def test_a_registrars_day(home):
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "directory.cli",
            "serve",
            "--home",
            str(home),
            "--port",
            "0",
            "--json",
            "--clock",
            "2027-03-04T13:00Z,x60",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        facts = json.loads(server.stdout.readline())
        genesis = read_genesis((home / "genesis.cbor").read_bytes())
        assert facts["genesis"] == genesis.digest.hex()
        records = station_keys("XA").records("XA", NOW, NOW + timedelta(days=300), genesis.net)
        address = [GatewayAddress("wss://xa.example/", "webpki")]
        charter = make_charter([signing("XA/root")], "XA", 1, records, address, NOW, genesis.net)
        request = urllib.request.Request(f"{facts['url']}/v1/submissions", charter.to_bytes(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202
        words = fingerprint_words(signing("XA/root").public.id)
        shown = run("list", "--home", str(home), "--json")
        assert json.loads(shown.stdout)["states"] == [{"state": "XA", "status": "waiting", "words": words}]
        wrong = run("approve", "XA", "--words", "abandon " * 11 + "about", "--home", str(home), rc=1)
        assert "E-WORDS" in wrong.stderr
        assert wrong.stdout == ""
        approved = run("approve", "XA", "--words", words, "--home", str(home), "--json")
        assert [each["kind"] for each in json.loads(approved.stdout)["appended"]] == ["listing", "charter"]
        run("suspend", "XA", "--reason", "exercise over", "--home", str(home))
        assert re.search(r"XA\s+suspended", run("list", "--home", str(home)).stdout)
        with urllib.request.urlopen(f"{facts['url']}/v1/states/XA", timeout=30) as answer:
            assert json.load(answer)["status"] == "suspended"
        with urllib.request.urlopen(f"{facts['url']}/checkpoint", timeout=30) as answer:
            assert answer.read().split(b"\n")[1] == b"3"
    finally:
        server.send_signal(signal.SIGTERM)
        _, talk = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "answers" in talk
    clock = json.loads((home / "clock.json").read_text())
    assert clock["rate"] == 60
    assert clock["shown_ms"] == datetime.fromisoformat("2027-03-04T13:00Z").timestamp() * 1000
