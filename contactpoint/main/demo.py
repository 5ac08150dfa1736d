"""The demonstration: a register and two invented States in one process, on this machine only, and the whole way of a request.

Nothing here is a short cut: the same nodes, links, databases and clocks as in service, in a temporary folder, on the network policy
``demo-1`` whose terms are seconds.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import resource
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import structlog

from contactpoint.casework.plans import PlanKind, save_plan
from contactpoint.casework.rungs import IN_USE
from contactpoint.desk.evidence import export
from contactpoint.desk.verify import verify
from contactpoint.desk.views import Draft, RequestView
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
from contactpoint.domain.values import spell_instant
from contactpoint.main.clock import system_clock
from contactpoint.main.stage import PATIENCE_S, POLL_S, Cast, StateOnStage, hire, staged

_IMPORTED = time.monotonic()
_SECRET = {"XA": "amber harbour lantern", "XB": "birch meadow compass"}
_RUNGS = (
    Rung((Target(Who.OFFICER, "XB-OFF-001"),), ("console",), 2, "duty officer"),
    Rung((Target(Who.OFFICER, "XB-OFF-002"),), ("console",), 2, "deputy"),
    Rung((Target(Who.EVERYBODY),), ("console",), 60, "everybody"),
)


def _since_start() -> float:
    """Seconds since this process was started, imports included (Linux; elsewhere since this room was imported)."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / 100  # clock ticks after boot; 100 a second on Linux
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, IndexError):
        return time.monotonic() - _IMPORTED


_IMPORTS_S = _since_start()


@dataclass(slots=True)
class _Teller:
    """Tells each step with its time; the machine's account goes to standard output alone."""

    out: TextIO

    def step(self, text: str) -> None:
        self.out.write(f"{(_since_start() - _IMPORTS_S) * 1000:7.0f} ms  {text}\n")
        self.out.flush()

    def say(self, text: str = "") -> None:
        self.out.write(text + "\n")
        self.out.flush()


@dataclass(frozen=True, slots=True)
class _Stage:
    xa: StateOnStage
    xb: StateOnStage


async def demo(once: bool = False, json: bool = False) -> bool:
    """Play it. ``once``: without a person, to the end. Returns whether everything was as it should be."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    teller = _Teller(sys.stderr if json else sys.stdout)
    with tempfile.TemporaryDirectory(prefix="contactpoint-demo-") as folder:
        async with _staged(Path(folder), teller) as stage:
            report = await _play(stage, teller, Path(folder))
            if json:
                sys.stdout.write(jsonlib.dumps(report) + "\n")
                sys.stdout.flush()
            if not once:
                await _keep_going(stage, teller)
    return bool(report["verified"] and report["tamper_detected"] and report["escalated"])


@asynccontextmanager
async def _staged(home: Path, teller: _Teller) -> AsyncIterator[_Stage]:
    cast = [
        Cast(
            state,
            f"Contact point of {state} (invented)",
            f"{state}-OFF-001",
            f"Duty officer of {state}",
            secret,
            f"{state.lower()}.localhost",
        )
        for state, secret in _SECRET.items()
    ]
    async with staged(home, "Demonstration", "demo-1", cast, teller.step) as (xa, xb):
        yield _Stage(xa, xb)


async def _play(stage: _Stage, teller: _Teller, folder: Path) -> dict[str, Any]:
    first = await _first(stage, teller)
    acknowledged_s = _since_start()
    await _answer(stage, first, teller)
    second, escalated = await _second(stage, teller)
    bundle = await export(stage.xa.desk.cw, first, system_clock())
    path = Path(tempfile.gettempdir()) / f"contactpoint-demo-{first}.evidence.zip"
    path.write_bytes(bundle)
    teller.step(f"XA exported the first case: {path} ({len(bundle)} bytes)")
    genesis = stage.xa.desk.cw.register.copy.genesis.digest
    report = verify(bundle, genesis)
    teller.step(f"verified offline against the register's digest: {'yes' if report.verified else 'NO'}")
    tampered = bytearray(bundle)
    tampered[len(tampered) // 2] ^= 1
    caught = not verify(bytes(tampered), genesis).verified
    teller.step(f"one bit changed in a copy: {'found' if caught else 'NOT FOUND'}")
    return {
        "cases": [await _case(stage, first), await _case(stage, second)],
        "escalated": escalated,
        "bundle": str(path),
        "verified": report.verified,
        "tamper_detected": caught,
        "imports_s": round(_IMPORTS_S, 3),
        "first_acknowledged_s": round(acknowledged_s, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _request(now: datetime, number: int, urgency: str) -> Draft:
    start, end = now - timedelta(days=30), now - timedelta(hours=1)
    body = {
        "authority": {
            "organisation": "XA Cybercrime Unit",
            "officer_ref": "XA-OFF-001",
            "case_ref": f"XA-DEMO-{number}",
        },
        "offences": ["O-07", "O-09"],
        "facts": "An invented attack: files of an invented hospital were encrypted from one rented server.",
        "data": {
            "classes": ["traffic", "content-stored"],
            "what": "disk image of the rented server",
            "from": spell_instant(start),
            "until": spell_instant(end),
        },
        "link_to_offence": "the server held the key-delivery panel",
        "custodian": {"name": "Example Hosting XB", "ip": "192.0.2.44"},
        "necessity": "the lease ends tomorrow and the provider wipes released machines",
        "mla_intent": True,
        "confidentiality": {"keep_secret": True, "do_not_notify_user": True},
    }
    return Draft(kind="PRES-NEW", recipient="XB", urgency=urgency, body=body, label=f"demo-{number}")


async def _send(stage: _Stage, number: int, teller: _Teller, urgency: str = "U1") -> str:
    draft = _request(system_clock(), number, urgency)
    sent = await stage.xa.desk.submit(draft, stage.xa.officer, system_clock())
    teller.step(f"XA's officer signed preservation request {number}: queued as {sent.id}")
    return sent.id


async def _first(stage: _Stage, teller: _Teller) -> str:
    request = await _send(stage, 1, teller)
    await _until(stage.xb, request, lambda view: view.level == "received")
    teller.step("XB's desk has opened and verified it: received; XB rings")
    now = system_clock()
    await stage.xb.desk.opened(request, "XB-OFF-001", now)
    await stage.xb.desk.acknowledge(request, "XB-OFF-001", stage.xb.officer, now)
    await _until(stage.xa, request, lambda view: view.level == "acknowledged")
    teller.step("XB-OFF-001 took charge; XA sees it acknowledged: both clocks have stopped")
    return request


async def _answer(stage: _Stage, request: str, teller: _Teller) -> None:
    now = system_clock()
    await stage.xb.desk.answer(request, "ACCEPTED", {}, stage.xb.officer, now)
    body = {"preserved_from": spell_instant(now), "reference": "XB-2-2026"}
    await stage.xb.desk.answer(request, "EXECUTED", body, stage.xb.officer, system_clock())
    view = await _until(stage.xa, request, lambda view: view.status == "EXECUTED")
    if view.preservation is not None:
        teller.step(
            f"XB preserved the data; the earliest lawful end is {view.preservation.expires:%d %B %Y} at both ends"
        )


async def _second(stage: _Stage, teller: _Teller) -> tuple[str, list[dict[str, str]]]:
    """A request that nobody answers: it climbs XB's ladder, and XA's own officer is rung."""
    cw = stage.xb.desk.cw
    content = EscalationPolicy(0, _RUNGS).content()
    await hire(stage.xb, "XB-OFF-002", "Deputy of XB", ("approve", "answer"), _SECRET["XB"])
    await cw.db.write(
        lambda tx: save_plan(tx, cw, PlanKind.POLICY, IN_USE, content, 0, stage.xb.officer, system_clock())
    )
    request = await _send(stage, 2, teller)
    told = 0
    while True:
        view = await _view(stage.xa, request)
        rungs = [fact for fact in view.facts if fact.level == "rung"] if view else []
        for fact in rungs[told:]:
            teller.step(f"nobody has taken request 2: XB pages its {fact.note}")
        told = len(rungs)
        if view and told >= len(_RUNGS) and any(fact.level == "not-acknowledged" for fact in view.facts):
            break
        await asyncio.sleep(POLL_S * 5)
    teller.step("the common deadline passed: both States have signed *not acknowledged*, and XA's officer is rung")
    pages = await stage.xb.desk.pages(request)
    return request, [{"rung": str(page.rung + 1), "to": page.officer, "at": spell_instant(page.at)} for page in pages]


async def _view(state: StateOnStage, request: str) -> RequestView | None:
    return await state.desk.request_view(request, system_clock())


async def _until(state: StateOnStage, request: str, reached: Any) -> RequestView:
    end = time.monotonic() + PATIENCE_S
    while True:
        view = await _view(state, request)
        if view is not None and reached(view):
            return view
        if time.monotonic() > end:
            raise TimeoutError(f"{state.node.state} waits for request {request} in vain")
        await asyncio.sleep(POLL_S)


async def _case(stage: _Stage, request: str) -> dict[str, Any]:
    view = await _view(stage.xa, request)
    assert view is not None  # it was sent by this very demo
    ladder: dict[str, str] = {}
    for fact in sorted(view.facts, key=lambda fact: fact.at):
        ladder.setdefault(fact.level, spell_instant(fact.at))
    return {"id": view.case, "kind": view.kind, "status": view.status, "ladder": ladder}


async def _keep_going(stage: _Stage, teller: _Teller) -> None:
    teller.say()
    for state in (stage.xa, stage.xb):
        name = state.node.state
        teller.say(f"{name}'s console, one-time sign-in:  {state.link}")
        teller.say(f"     officer {name}-OFF-001, signing secret: {_SECRET[name]}")
    teller.say()
    teller.say(
        "XA sends a request every minute while none waits. Ladders climb in seconds here, in minutes in service. End with Ctrl-C."
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sent = 2
    while not stop.is_set():
        board = await stage.xb.desk.board("", system_clock())
        # Class U3 leaves a person five minutes, where U1 leaves six seconds here. A heap of unanswered requests teaches nobody.
        if sum(view.urgency == "U3" for view in board.unacknowledged) == 0:
            sent += 1
            await _send(stage, sent, teller, "U3")
        try:
            await asyncio.wait_for(stop.wait(), 60)
        except TimeoutError:
            continue
    teller.say("Stopping.")
