"""Real processes that may be killed at any moment: a register, two States' nodes whole or in parts, and the hands that work at them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import directory.main as register_main
from contactpoint.casework.plans import PlanKind, save_plan
from contactpoint.casework.rungs import IN_USE
from contactpoint.desk.results import NodeAnswers
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
from contactpoint.main.first_run import enrol, init_node
from contactpoint.main.node import open_desk
from directory.documents import Genesis, Purpose
from tests.fixtures.ports import free_port, wait_for_port
from tests.fixtures.processes import ENVIRONMENT, ROOT, command

SECRETS = {state: f"correct horse battery {state}" for state in ("QM", "QN")}


@dataclass
class Killable:
    """A program that is started again with the same words after each death. What it says goes to its log."""

    name: str
    words: tuple[str, ...]
    log: Path
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.words,
                cwd=ROOT,
                env=ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def tell(self, line: str) -> None:
        """A line on its standard input."""
        assert self._running is not None and self._running.stdin is not None
        self._running.stdin.write(line.encode() + b"\n")
        self._running.stdin.flush()

    def kill(self) -> None:
        """SIGKILL: nothing is said, nothing is finished."""
        assert self._running is not None and self._running.stdin is not None
        self._running.kill()
        self._running.wait()
        with suppress(BrokenPipeError):
            self._running.stdin.close()


@dataclass
class Network:
    """The folders of a register and two States, and every process that runs over them, by name."""

    home: Path
    genesis: Genesis
    pages: Path  # a line for each page that really went out
    wanted: Path  # what was wanted and what was sent, written by the sending hand before and after
    processes: dict[str, Killable] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)  # labels whose sender was killed: they stand once or not at all

    def add(self, name: str, *words: str) -> Killable:
        process = self.processes[name] = Killable(name, words, self.home / f"{name}.log")
        process.start()
        return process

    def logs(self) -> str:
        """The last lines of every process, for a failure's report."""
        tails = (f"--- {name}\n{each.log.read_text()[-1500:]}" for name, each in self.processes.items())
        return "\n".join(tails)


async def _make(home: Path, state: str, url: str, genesis: Genesis, **settings: object) -> int:
    answers = NodeAnswers(
        state=state,
        name=f"Contact point {state}",
        host="127.0.0.1",
        public_port=free_port(),
        inside_port=free_port(),
        register_url=url,
        genesis=genesis.digest.hex(),
        officer=f"{state}-OFF-001",
        officer_name="Officer One",
        officer_secret=SECRETS[state],
        phones=("+999 100 200", "+999 100 201"),
    )
    made = await init_node(home / state, answers, **settings)
    await enrol(home / state)
    await register_main.approve(home / "register", state, " ".join(made.words))
    return answers.public_port


async def _call_the_duty_officer(home: Path) -> None:
    """One rung with one officer on it, by console and by the own program."""
    rung = Rung((Target(Who.OFFICER, "QN-OFF-001"),), ("console", "exec"), 5, "duty officer")
    content = EscalationPolicy(0, (rung,)).content()
    async with open_desk(home) as (desk, clock):
        officer = await desk.unseal("QN-OFF-001", SECRETS["QN"], clock())
        await desk.cw.db.write(lambda tx: save_plan(tx, desk.cw, PlanKind.POLICY, IN_USE, content, 0, officer, clock()))


@contextmanager
def _ended(network: Network) -> Iterator[Network]:
    try:
        yield network
    finally:
        for process in network.processes.values():
            process.kill()


@contextmanager
def founded(home: Path) -> Iterator[Network]:
    """An empty network whose processes end with the context."""
    genesis = register_main.init_register(home / "register", Purpose.TRAINING, "Killed", "standard-1")
    with _ended(Network(home, genesis, home / "pages", home / "wanted")) as network:
        yield network


async def populate(network: Network, parts: tuple[str, ...]) -> None:
    """Start the register and both nodes, QN in these parts, and the hands: one that sends at QM, two officers at QN."""
    port = free_port()
    register = network.add(
        "register", *command("directory", "serve"), "--home", str(network.home / "register"), "--port", str(port)
    )
    wait_for_port(port, register.alive)
    url = f"http://127.0.0.1:{port}"
    hook = ["/bin/sh", "-c", f'echo "$NOTICE_ID" >> {network.pages}']
    await _make(network.home, "QM", url, network.genesis)
    await _make(network.home, "QN", url, network.genesis, **{"hook.command": hook})
    await _call_the_duty_officer(network.home / "QN")
    network.add("QM", *command("contactpoint", "serve"), "--home", str(network.home / "QM"))
    for part in parts:
        network.add(f"QN {part}", *command("contactpoint", "serve", part), "--home", str(network.home / "QN"))
    hands = (sys.executable, "-m", "tests.system.hands")
    network.add("sender", *hands, "send", str(network.home / "QM"), "QN", str(network.wanted))
    for number in (1, 2):
        network.add(f"officer {number}", *hands, "answer", str(network.home / "QN"), "QM")
