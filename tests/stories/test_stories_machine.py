"""Two States ask anything, answer, sleep, lose their lines and restart at random; when the weather is calm again both tell the same story.

A Hypothesis state machine over real desks, gateways and databases. What must hold while it storms is checked after each step that lets
time pass; what must hold in the end, after a calm day.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import func, select

from contactpoint.casework.cases import head, load_case
from contactpoint.casework.errors import BusyCaseError
from contactpoint.desk.errors import NotPermittedError
from contactpoint.domain.case import fold
from contactpoint.domain.catalogue import load
from contactpoint.store import desk_schema, gateway_schema
from contactpoint.store.journal import verify_journal
from tests.another_product import say
from tests.domain.filled import filled, fitting
from tests.simulator import SimulatedState, Simulator, emergency_body, simulated

ALL = os.environ.get("CONTACTPOINT_TEST_ALL") == "1"
MEMORY = Path("/dev/shm")  # the machine costs databases, not disks
STATES = ("XA", "XB", "XC")
ENDS = st.sampled_from(("XA", "XB"))
PICK = st.integers(0, 10_000)
CHANCE = st.sampled_from((0.0, 0.2, 0.5))
CATALOGUE = load()
OPENING = st.sampled_from(sorted(kind for kind, entry in CATALOGUE.entries.items() if entry.opens.may_open_case))


class Network(RuleBasedStateMachine):
    """One network an example; the machine's rules are what people, wires and machines do to it."""

    @initialize(seed=st.integers(0, 2**32), third=st.sampled_from((False, False, False, True)))
    def begin(self, seed: int, third: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.stack = AsyncExitStack()
        self.names = STATES if third else STATES[:2]
        self.net = self.run(self.stack.enter_async_context(simulated(self.folder, *self.names, seed=seed)))
        self.requests: list[tuple[str, str]] = []  # (id, sender)
        self.waiting: list[tuple[str, str]] = []  # (id, State)
        self.said = 0
        self.rung_at_acknowledgement: dict[str, int] = {}

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    # People

    @rule(sender=ENDS, peer=PICK, urgency=st.sampled_from(("U1", "U2", "U3")))
    def ask(self, sender: str, peer: int, urgency: str) -> None:
        others = [state for state in self.names if state != sender]
        sent = self.run(self.net[sender].ask(others[peer % len(others)], urgency=urgency))
        self.requests.append((sent.id, sender))

    @rule(sender=ENDS, peer=PICK, kind=OPENING, urgency=PICK)
    def ask_anything(self, sender: str, peer: int, kind: str, urgency: int) -> None:
        """Any type of request in any class that is open to it, as any product may write it."""
        others, entry = [state for state in self.names if state != sender], CATALOGUE[kind]
        weight = entry.urgencies[urgency % len(entry.urgencies)]
        body = filled(entry, self.net.now)
        sent = self.run(say(self.net[sender], others[peer % len(others)], kind, weight, body))
        self.requests.append((sent.id, sender))

    @rule(sender=ENDS)
    def ask_in_an_emergency(self, sender: str) -> None:
        peer = "XB" if sender == "XA" else "XA"
        body = emergency_body(self.net.now)
        sent = self.run(self.net[sender].ask(peer, "EMERG-DATA", "U0", body=body, approver=f"{sender}-OFF-002"))
        self.waiting.append((sent.id, sender))

    @precondition(lambda self: self.waiting)
    @rule(which=PICK)
    def approve(self, which: int) -> None:
        waiting, state = self.waiting.pop(which % len(self.waiting))
        here = self.net[state]
        sent = self.refused_or(here.desk.approve(waiting, here.officers[f"{state}-OFF-002"], self.net.now))
        if sent is not None:
            self.requests.append((sent.id, state))

    @precondition(lambda self: self.requests)
    @rule(which=PICK, degraded=st.booleans(), second=st.booleans())
    def acknowledge(self, which: int, degraded: bool, second: bool) -> None:
        request, here = self.pick_incoming(which)
        if here is None:
            return
        number = f"{here.state}-OFF-00{2 if second else 1}"
        key = None if degraded else here.officers[number]
        if self.refused_or(here.desk.acknowledge(request, number, key, self.net.now)) is not None:
            self.rung_at_acknowledgement.setdefault(request, self.pages_of(here, request))

    @precondition(lambda self: self.requests)
    @rule(which=PICK)
    def look_at(self, which: int) -> None:
        request, here = self.pick_incoming(which)
        if here is not None:
            self.run(here.desk.opened(request, f"{here.state}-OFF-001", self.net.now))

    @precondition(lambda self: self.requests)
    @rule(which=PICK, word=PICK, mine=st.booleans())
    def say_what_may_be_said(self, which: int, word: int, mine: bool) -> None:
        """Any move that the desk offers now, by either side, whatever is under way from the other."""
        request, sender = self.requests[which % len(self.requests)]
        holders = [state for state in self.net if (state.state == sender) is mine and self.has(state, request)]
        if not holders:
            return
        here = holders[0]
        view = self.run(here.view(request))
        if not view.permitted:
            return
        kind = view.permitted[word % len(view.permitted)]
        self.said += 1
        opened = self.run(here.cw.db.read(lambda tx: load_case(tx, here.cw, view.case)))
        about = opened.case.requests[request]
        form = CATALOGUE.move(kind, about.kind) or CATALOGUE[kind]
        opens = kind in CATALOGUE and CATALOGUE[kind].opens.may_follow
        urgency = (
            about.urgency if not opens or about.urgency in CATALOGUE[kind].signers else CATALOGUE[kind].urgencies[0]
        )
        body = fitting(form, about, self.net.now, self.said)
        peer = view.recipient if here.state == view.sender else view.sender
        try:
            sent = self.run(say(here, peer, kind, urgency, body, case=view.case, about=request))
        except BusyCaseError:
            return
        if opens:
            self.requests.append((sent.id, here.state))

    # Wires and machines

    @rule(lost=CHANCE, repeated=CHANCE, held_back=CHANCE, dropped=CHANCE)
    def weather_changes(self, lost: float, repeated: float, held_back: float, dropped: float) -> None:
        weather = self.net.weather
        weather.lost, weather.repeated, weather.held_back, weather.dropped = lost, repeated, held_back, dropped

    @rule(state=ENDS)
    def a_line_is_cut_or_mended(self, state: str) -> None:
        self.net.weather.cut ^= {state}

    @rule(state=ENDS)
    def a_desk_falls_asleep_or_wakes(self, state: str) -> None:
        self.net[state].asleep = not self.net[state].asleep

    @rule(state=ENDS)
    def a_worker_stops_or_starts(self, state: str) -> None:
        self.net[state].unwatched = not self.net[state].unwatched

    @rule(state=ENDS)
    def a_desk_restarts(self, state: str) -> None:
        self.run(self.net[state].restart())

    @rule(minutes=st.sampled_from((0, 1, 7, 20, 45)))
    def time_passes(self, minutes: int) -> None:
        self.run(self.net.settle() if minutes == 0 else self.net.pass_time(minutes=minutes, step_s=240))
        self.nobody_is_paged_after_an_acknowledgement()

    def nobody_is_paged_after_an_acknowledgement(self) -> None:
        for request, count in self.rung_at_acknowledgement.items():
            for here in self.net:
                if self.incoming(here, request):
                    assert self.pages_of(here, request) == count, f"{here.state} paged for {request} after it was taken"

    def teardown(self) -> None:
        if not hasattr(self, "net"):
            return
        try:
            self.run(self.end())
        finally:
            self.run(self.stack.aclose())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    async def end(self) -> None:
        net = self.net
        net.weather.calm()
        for here in net:
            here.asleep = here.unwatched = False
        await net.pass_time(minutes=40, step_s=300)
        for here in net:
            await verify_desk(here)
        for request, sender in self.requests:
            await both_ends_agree(net, request, sender)

    # Reading

    def refused_or(self, work: Any) -> Any:
        """What came of it, or None where the desk refused: crossing moves make some words come too late."""
        try:
            return self.run(work)
        except NotPermittedError:
            return None

    def pick_incoming(self, which: int) -> tuple[str, SimulatedState | None]:
        request, sender = self.requests[which % len(self.requests)]
        return request, next((s for s in self.net if s.state != sender and self.has(s, request)), None)

    def has(self, here: SimulatedState, request: str) -> bool:
        return self.run(here.desk.request_view(request, self.net.now)) is not None

    def incoming(self, here: SimulatedState, request: str) -> bool:
        view = self.run(here.desk.request_view(request, self.net.now))
        return view is not None and view.incoming

    def pages_of(self, here: SimulatedState, request: str) -> int:
        """How many notices of its ladder left: what waits when charge is taken is cancelled. Reminders of long clocks go on."""
        page = desk_schema.page
        sent = select(func.count()).where(page.c.request_id == request, page.c.rung >= 0, page.c.sent_at.is_not(None))

        async def look(tx: Any) -> int:
            return int((await tx.execute(sent)).scalar_one())

        return int(self.run(here.cw.db.read(look)))


async def verify_desk(here: SimulatedState) -> None:
    """Everything that one desk alone can be asked: journals, replay, statuses, and that nothing happened twice."""
    await here.cw.db.read(lambda tx: verify_journal(tx, desk_schema.journal))
    await here.gateway.parts.db.read(lambda tx: verify_journal(tx, gateway_schema.journal))
    requests = await here.cw.db.read(lambda tx: _rows(tx, desk_schema.request))
    for row in requests:
        case = await here.cw.db.read(lambda tx, id=row.case_id: load_case(tx, here.cw, id))
        assert case is not None
        again = fold(reversed(case.statements), here.cw.catalogue)
        assert (again.halves, again.requests) == (case.case.halves, case.case.requests)
        assert row.status == case.case.requests[row.id].status.code
        assert not case.case.waiting, f"{here.state}: a predecessor never came"
        file = next(
            each for each in await here.cw.db.read(lambda tx: _rows(tx, desk_schema.case_file)) if each.id == case.id
        )
        assert file.head_initiator == head(case.case, case.case.initiator)
        assert file.head_addressee == head(case.case, case.case.addressee)
    pages = await here.cw.db.read(lambda tx: _rows(tx, desk_schema.page))
    keys = [(page.request_id, page.cycle, page.rung, page.officer, page.channel) for page in pages]
    assert len(keys) == len(set(keys))
    sent = [notice.id for _, notice in here.telephone.notices]
    assert len(sent) == len(set(sent)), f"{here.state} sent a page twice"
    for entry in await here.cw.db.read(lambda tx: _rows(tx, desk_schema.journal.entries)):
        assert not entry.event.startswith(("set aside", "rejected")), f"{here.state}: {entry.event}"


async def _rows(tx: Any, table: Any) -> Any:
    return (await tx.execute(select(table))).all()


async def both_ends_agree(net: Simulator, request: str, sender: str) -> None:
    asking = net[sender]
    ours = await asking.view(request)
    theirs = await net[ours.recipient].desk.request_view(request, net.now)
    if theirs is None:
        # It expired on a wire that was cut for its whole life; then the sender was told.
        assert net.now > ours.expires or "refused" in [fact.level for fact in ours.facts], f"{request} never arrived"
        return
    assert ours.status == theirs.status
    assert ours.acknowledged_by == theirs.acknowledged_by
    assert ours.preservation == theirs.preservation
    cases = [await here.desk.case_view(ours.case, net.now) for here in (asking, net[ours.recipient])]
    assert cases[0].state_digest == cases[1].state_digest
    assert [each.id for each in cases[0].statements] == [each.id for each in cases[1].statements]
    received = [fact for fact in ours.facts if fact.level == "received"]
    assert len(received) == 1, f"{request} was received {len(received)} times"


class TestNetwork(Network.TestCase):
    settings = settings(
        max_examples=40 if ALL else 5,
        stateful_step_count=50 if ALL else 40,
        phases=(Phase.generate,),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
