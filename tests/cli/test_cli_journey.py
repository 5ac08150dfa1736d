"""Two States and a register, each in processes of their own, worked by the commands alone: from empty folders to a proved case."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REQUESTS = ROOT / "tests" / "cases" / "requests.yaml"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "HOME": "/nonexistent"}
AT = "2027-03-04T13:00Z"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Network:
    """Three folders and what runs over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.genesis = ""

    def command(self, program: str, *words: str) -> list[str]:
        start = "from contactpoint.cli import main" if program == "contactpoint" else "from directory.cli import main"
        return [sys.executable, "-c", f"{start}; main()", *words]

    def run(self, program: str, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            self.command(program, *words), cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert ran.returncode == code, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run("contactpoint", *words, "--json", code=code).stdout)

    def start(self, program: str, *words: str, port: int) -> None:
        log = (self.folder / f"{words[-1]}.log").open("wb")
        process = subprocess.Popen(
            self.command(program, *words),
            cwd=self.folder,
            env=ENVIRONMENT,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        log.close()
        self.running.append(process)
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            assert process.poll() is None, (self.folder / f"{words[-1]}.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def signed(self, state: str) -> tuple[str, ...]:
        return ("--home", state, "--as", f"{state}-OFF-017", "--secret-file", f"{state}.secret")

    def node(self, state: str, register_port: int) -> None:
        (self.folder / f"{state}.secret").write_text("correct horse battery staple\n")
        answers = {
            "state": state, "name": f"Night desk of {state}", "host": "localhost", "public_port": free_port(),
            "inside_port": free_port(), "register_url": f"http://127.0.0.1:{register_port}", "genesis": self.genesis,
            "officer": f"{state}-OFF-017", "officer_name": "A. Duty", "officer_secret_file": f"{state}.secret",
            "phones": ["+999 100 200", "+999 100 201"],
        }  # fmt: skip
        lines = [f"{key} = {json.dumps(value)}" for key, value in answers.items()]
        (self.folder / f"{state}.toml").write_text("\n".join(lines) + "\n")
        made = self.json("init", "--answers", f"{state}.toml", "--home", state)
        assert len(made["words"]) == 12
        assert "correct horse" not in json.dumps(made)
        enrolled = self.json("enrol", "--home", state)
        assert enrolled["words"] == made["words"]
        self.run("directory", "approve", state, "--words", " ".join(made["words"]), "--home", "register")
        self.start("contactpoint", "serve", "--clock", AT, "--home", state, port=int(str(answers["public_port"])))

    def wait_in_inbox(self, state: str, case: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found: list[dict[str, Any]] = [row for row in self.json("inbox", "--home", state) if row["case"] == case]
            if found:
                return found[0]
            time.sleep(0.5)
        raise AssertionError((self.folder / "QM.log").read_text() + (self.folder / "QN.log").read_text())

    def stop(self) -> list[int]:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        return [process.wait(20) for process in self.running]

    def kill(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = Network(tmp_path_factory.mktemp("network"))
    port = free_port()
    made = network.run(
        "directory",
        "init",
        "--purpose",
        "training",
        "--name",
        "Try",
        "--policy",
        "standard-1",
        "--home",
        "register",
        "--json",
    )
    network.genesis = json.loads(made.stdout)["genesis"]
    try:
        network.start("directory", "serve", "--clock", AT, "--port", str(port), "--home", "register", port=port)
        for state in ("QM", "QN"):
            network.node(state, port)
        yield network
    finally:
        network.kill()


def test_a01_goes_from_the_file_to_a_verified_bundle_by_commands_alone(network: Network) -> None:
    sent = network.json("send", str(REQUESTS), "--case", "A01", *network.signed("QM"))
    assert sent["state"] == "QUEUED"
    row = network.wait_in_inbox("QN", sent["case"])
    assert (row["id"], row["kind"], row["urgency"], row["sender"]) == (sent["id"], "PRES-NEW", "U1", "QM")

    shown = network.json("show", sent["id"], *network.signed("QN"))
    bodies = {statement["kind"]: statement["body"] for statement in shown["statements"]}
    assert bodies["PRES-NEW"]["custodian"]["ip"] == "192.0.2.44"
    assert "title" not in bodies["PRES-NEW"]
    taken = network.json("acknowledge", sent["id"], *network.signed("QN"))
    assert (taken["kind"], taken["request"]) == ("ACKNOWLEDGED", sent["id"])
    network.run(
        "contactpoint", "answer", sent["id"], "ACCEPTED", "--note", "order goes out tonight", *network.signed("QN")
    )

    wrong = network.run("contactpoint", "answer", sent["id"], "NEED-INFO", *network.signed("QN"), code=1)
    assert "What to do" in wrong.stderr

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        own = network.json("show", "A01", *network.signed("QM"))  # by the label of the file
        if any(statement["kind"] == "ACCEPTED" for statement in own["statements"]):
            break
        time.sleep(0.5)
    else:
        raise AssertionError(own)
    assert own["state_digest"] == network.json("show", sent["id"], *network.signed("QN"))["state_digest"]
    people = network.run("contactpoint", "show", "A01", *network.signed("QM")).stdout
    assert "ACCEPTED of QN, QN-OFF-017" in people

    bundle = network.json("export", "A01", "--out", "A01.bundle", *network.signed("QM"))["bundle"]
    again = network.run("contactpoint", "export", "A01", "--out", "A01.bundle", *network.signed("QM"), code=2)
    assert "already" in again.stderr
    report = network.json("verify", bundle, "--genesis", network.genesis)
    assert (report["verified"], report["pinned"], report["problems"]) == (True, True, [])
    assert network.json("verify", bundle, "--genesis", "0" * 64, code=1)["verified"] is False
    unpinned = network.run("contactpoint", "verify", bundle).stdout.splitlines()[0]
    assert f"proved relative to register {network.genesis}" in unpinned.lower()


def test_a_changed_byte_of_a_bundle_is_found_by_the_command(network: Network) -> None:
    bundle = network.folder / "A01.bundle"
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    (network.folder / "changed.bundle").write_bytes(data)
    ran = network.run("contactpoint", "verify", "changed.bundle", code=1)
    assert "Traceback" not in ran.stderr


def test_verify_needs_no_node_no_database_and_no_web(network: Network) -> None:
    code = (
        "import sys\nfrom contactpoint.cli.app import run_command\n"
        "code = run_command(['verify', 'A01.bundle'])\n"
        "heavy = {'sqlalchemy', 'fastapi', 'websockets', 'aiosqlite'} & set(sys.modules)\n"
        "assert not heavy, heavy\nsys.exit(code)\n"
    )
    elsewhere = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=network.folder, env=elsewhere, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_the_directory_is_listed_shown_and_checked_again(network: Network) -> None:
    states = {row["state"]: row for row in network.json("directory", "list", "--home", "QM")}
    assert set(states) == {"QM", "QN"}
    shown = network.json("directory", "show", "QN", "--home", "QM")
    assert shown["phones"] == ["+999100200", "+999100201"]
    assert len(shown["fingerprint"].split()) == 12
    assert network.run("contactpoint", "directory", "show", "QN", "--home", "QM").stdout.startswith("state")
    report = network.json("directory", "verify", "--home", "QM")
    assert (report["ok"], report["network"], report["genesis"]) == (True, "training", network.genesis)


def test_a_second_officer_is_added_changes_the_secret_and_is_locked_out(network: Network) -> None:
    (network.folder / "two.secret").write_text("another long secret\n")
    (network.folder / "new.secret").write_text("a newer long secret\n")
    who = ("QM-OFF-044", "--home", "QM")
    added = network.json(
        "officer", "add", *who, "--name", "B. Duty", "--right", "approve", "--secret-file", "two.secret"
    )
    assert added["number"] == "QM-OFF-044"
    assert added["one_time_link"].startswith("https://")
    network.run(
        "contactpoint", "officer", "secret", *who, "--secret-file", "two.secret", "--new-secret-file", "new.secret"
    )
    old = network.run(
        "contactpoint",
        "officer",
        "secret",
        *who,
        "--secret-file",
        "two.secret",
        "--new-secret-file",
        "new.secret",
        code=1,
    )
    assert "another long secret" not in old.stdout + old.stderr
    assert "E-" in old.stderr
    network.run("contactpoint", "officer", "lock", *who, code=2)  # nobody there to be asked
    network.run("contactpoint", "officer", "lock", *who, "--yes")
    locked = {row["number"]: row["locked"] for row in network.json("officer", "list", "--home", "QM")}
    assert (locked["QM-OFF-017"], locked["QM-OFF-044"]) == (False, True)


def test_a_shift_is_offered_accepted_and_listed_and_the_wrong_officer_is_told(network: Network) -> None:
    (network.folder / "three.secret").write_text("a third long secret\n")
    who = ("QM-OFF-045", "--home", "QM")
    network.run(
        "contactpoint",
        "officer",
        "add",
        *who,
        "--name",
        "C. Duty",
        "--right",
        "answer",
        "--secret-file",
        "three.secret",
    )
    third = ("--home", "QM", "--as", "QM-OFF-045", "--secret-file", "three.secret")
    offered = network.json("shift", "offer", "--to", "QM-OFF-017", *third)
    assert (offered["state"], offered["lines"], offered["giver"]) == ("offered", [], "QM-OFF-045")
    refused = network.run("contactpoint", "shift", "accept", offered["id"], *third, code=1)
    assert "E-SIGNERS" in refused.stderr
    accepted = network.json("shift", "accept", offered["id"], *network.signed("QM"))
    assert (accepted["state"], accepted["holds"]) == ("accepted", True)
    shown = network.run("contactpoint", "shift", "list", "--home", "QM").stdout
    assert offered["id"] in shown and "accepted" in shown
    left = network.json("officer", "lock", *who, "--yes")
    assert (left["moved"], left["letters"], left["handovers"]) == ([], [], [])


def test_a_policy_is_checked_tried_out_and_signed_and_one_that_cannot_be_meant_is_named(network: Network) -> None:
    assert network.json("policy", "show", "--home", "QM")["version"] == 0
    rung = '[[rungs]]\nrole = "duty officer"\ntargets = ["officer QM-OFF-017"]\ndelay_s = 300\n'
    (network.folder / "ladder.toml").write_text(rung)
    odd = network.json("policy", "check", "ladder.toml", "--home", "QM", code=1)
    assert {each["code"] for each in odd} == {"W-ONE-CHANNEL", "W-NO-ALTERNATE"}
    run = network.json("policy", "dry-run", "--class", "U1", "--file", "ladder.toml", "--home", "QM")
    first = [each for each in run["pages"] if each["ladder"] == "acknowledged"]
    assert {(each["to"], each["channel"], each["rung"]) for each in first} == {("QM-OFF-017", "console", 1)}
    saved = network.json("policy", "set", "ladder.toml", *network.signed("QM"))
    assert (saved["version"], saved["rungs"][0]["called"]) == (1, ["QM-OFF-017"])
    assert [each["version"] for each in network.json("policy", "history", "--home", "QM")] == [1]
    (network.folder / "ladder.toml").write_text(rung.replace("delay_s", "delay"))
    wrong = network.run("contactpoint", "policy", "check", "ladder.toml", "--home", "QM", code=1)
    assert "E-POLICY" in wrong.stderr


def test_the_nodes_keys_are_listed_without_a_secret(network: Network) -> None:
    rows = network.json("key", "list", "--home", "QM")
    assert "station" in {row["role"] for row in rows}
    assert all(len(row["id"]) == 64 for row in rows)


def test_the_doctor_finds_a_healthy_node_healthy_and_names_what_is_gone(network: Network) -> None:
    found = network.json("doctor", "--home", "QM", code=network_doctor_code(network))
    names = {check["name"] for check in found["checks"]}
    assert any("database" in name or "desk" in name for name in names)
    assert all(check["what_to_do"] for check in found["checks"] if not check["ok"])
    assert {"tzdata", "this node"} <= {check["name"] for check in found["checks"] if check["ok"]}


def test_a_node_that_runs_already_is_said_in_words(network: Network) -> None:
    ran = network.run("contactpoint", "serve", "--home", "QM", code=1)
    assert "E-PORT" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_more_time_is_asked_for_in_one_line(network: Network) -> None:
    more = ("extend", "A01", "--days", "60", "--reason", "the formal request is being translated")
    early = network.run("contactpoint", *more, *network.signed("QM"), code=1)
    assert "preserves nothing yet" in early.stderr
    words = ("EXECUTED", "--preserved-from", "2027-03-04T12:00Z", "--reference", "QN-P-1")
    asked = network.json("show", "A01", *network.signed("QM"))["requests"][0]["id"]
    network.run("contactpoint", "answer", asked, *words, *network.signed("QN"))
    deadline = time.monotonic() + 60
    while (kept := network.json("show", "A01", *network.signed("QM"))["requests"][0]["preservation"]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert (kept["state"], kept["expires"]) == ("PRESERVED", "2027-05-03T12:00:00Z")
    sent = network.json(*more, *network.signed("QM"))
    assert sent["state"] == "QUEUED"
    letters = network.json("show", "A01", *network.signed("QM"))["statements"]
    (written,) = [each["body"] for each in letters if each["id"] == sent["id"]]
    assert (written["extension_days"], written["mla_intent"]) == (60, True)
    assert written["authority"]["case_ref"] == "QM-2027-00412"  # from the request that it extends


def network_doctor_code(network: Network) -> int:
    ran = subprocess.run(
        network.command("contactpoint", "doctor", "--home", "QM"), cwd=network.folder, env=ENVIRONMENT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr
    assert ("FAILED" in ran.stdout) == (ran.returncode == 1)
    return ran.returncode


def test_an_unknown_reference_and_a_wrong_secret_are_said_in_words(network: Network) -> None:
    ran = network.run("contactpoint", "show", "no-such-label", *network.signed("QM"), code=2)
    assert "What to do" in ran.stderr
    (network.folder / "wrong.secret").write_text("not the secret\n")
    ran = network.run(
        "contactpoint", "show", "A01", "--home", "QM", "--as", "QM-OFF-017", "--secret-file", "wrong.secret", code=1
    )
    assert "not the secret" not in ran.stderr
    assert network.run("contactpoint", "init", "--answers", "QM.toml", "--home", "QM", code=2).stdout == ""


def test_a_state_states_its_card_and_its_instructions_from_files(network: Network) -> None:
    printed = network.run("contactpoint", "directory", "card", "show", "--home", "QM").stdout
    card = network.folder / "card.toml"
    card.write_text(printed.replace('body = "Night desk of QM"', 'body = "Desk of QM"'))
    with card.open("a") as file:
        file.write('\n[legal.offences.O-09]\nname = "Damage"\nprovision = "QM Code 9"\nmaximum_years = 5\n')
    gaps = network.json("directory", "card", "check", "card.toml", "--home", "QM")["gaps"]
    assert any("central" in gap for gap in gaps) and not any("offences" in gap for gap in gaps)
    made = network.json("directory", "card", "set", "card.toml", "--yes", "--home", "QM")
    assert (made["number"], made["outcome"], made["public"]["body"]) == (2, "appended", "Desk of QM")
    assert made["reachability"]["duty_line"] == "+999100200"
    card.write_text('body = "x"\nlanguage = ["en"]\n')
    wrong = network.run("contactpoint", "directory", "card", "set", "card.toml", "--yes", "--home", "QM", code=1)
    assert "language" in wrong.stderr and "What to do" in wrong.stderr

    (network.folder / "own.toml").write_text('text = "Ring first."\nticks = ["Rung"]\n')
    network.run("contactpoint", "instructions", "set", "PRES-NEW", "own.toml", *network.signed("QM"))
    assert 'ticks = ["Rung"]' in network.run("contactpoint", "instructions", "show", "PRES-NEW", "--home", "QM").stdout


def test_a_request_can_be_checked_without_sending_it(network: Network) -> None:
    asked = ("--as", "QM-OFF-017", "--home", "QM", "--check")
    found = network.json("send", str(REQUESTS), "--case", "A01", *asked)
    assert {"W-NOT-PARTY", "N-SCOPE"} <= {each["code"] for each in found}
    broken = network.folder / "broken.yaml"
    broken.write_text("type: PRES-NEW\nfrom: QM\nto: QN\nurgency: U1\nfacts: none\n")
    told = network.run("contactpoint", "send", "broken.yaml", *asked, code=1).stdout
    assert told.startswith("What stops it:") and "E-FIELD-MISSING necessity" in told


def test_a_stopped_node_ends_with_zero_within_ten_seconds(network: Network) -> None:
    began = time.monotonic()
    assert network.stop()[1:] == [0, 0]
    assert time.monotonic() - began < 10
