"""A network of States in memory, with its own time: real desks, gateways and databases; only the wire and the clock are simulated.

    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")          # queued, nothing has travelled yet
        await net.settle()                        # everything that can happen now happens
        await net.pass_time(minutes=30)           # step by step, each timer at its own instant

The link is the two ports that casework knows (put, take). It can be cut, lose answers, repeat and reorder: ``net.weather``.

Longer than four hundred lines: a whole State is built here, part by part, as `contactpoint.main` builds it.
"""

from __future__ import annotations

import random as chance
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import create_keys, open_keyring, renew_prekeys
from contactpoint.casework.plans import PlanKind, newest_plan, save_plan
from contactpoint.casework.register import Register
from contactpoint.casework.rungs import IN_USE
from contactpoint.desk.desk import Desk
from contactpoint.desk.officers import RIGHTS, FreshKey, SigningOfficer, add_officer
from contactpoint.desk.take import Taker
from contactpoint.desk.views import Draft, RequestView, Submitted
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.values import Address, spell_instant
from contactpoint.gateway.gateway import Gateway
from contactpoint.gateway.mailbox import Mailbox, Mailboxes
from contactpoint.gateway.parts import GatewayParts
from contactpoint.gateway.undrained import Undrained
from contactpoint.link.errors import UnreachableError
from contactpoint.link.listen import TakeEndedError
from contactpoint.link.results import PutResult, StoredResult
from contactpoint.link.tls import GatewayAddress
from contactpoint.notify.channel import Outcome, Result
from contactpoint.notify.notice import Notice
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import clock, oral, outbox, page, request
from contactpoint.store.desk_schema import metadata as desk_metadata
from contactpoint.store.gateway_schema import metadata as gateway_metadata
from contactpoint.store.rows_clocks import next_clock
from contactpoint.store.rows_desk import put_sheet
from contactpoint.watch import clocks, timers
from contactpoint.watch.notices import Notices
from contactpoint.watch.outbox import Outbox
from contactpoint.wire.frames import BacklogEnd, Cargo, Lane, Missed, Role, Take
from contactpoint.wire.limits import GatewayLimits
from contactpoint.wire.session import Peer
from directory.contact import GatewayAddress as CharterAddress
from directory.trusted import TrustedCopy
from keys.certificate import Role as KeyRole
from keys.custody import NodeSecret
from keys.prekeys import read_sheet
from keys.signing import SigningKey
from keys.xwing import SealingKey
from tests.simulated_register import SimulatedRegister

START = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)
RUNGS = (("duty officer", ("OFF-001",), 600), ("deputy", ("OFF-002",), 600), ("everybody", ("OFF-001", "OFF-002"), 600))


@dataclass
class Weather:
    """What the wire does. Chances from 0 to 1.

    ``cut``: States that cannot be reached. ``lost``: the answer to a put never comes back. ``repeated``: a put arrives twice.
    ``held_back``: a put seems to fail and arrives up to ten minutes later, behind what was put after it. ``dropped``: the take link
    breaks after the desk's commit and before its *took*.
    """

    cut: set[str] = field(default_factory=set)
    lost: float = 0.0
    repeated: float = 0.0
    held_back: float = 0.0
    dropped: float = 0.0

    def calm(self) -> None:
        self.cut.clear()
        self.lost = self.repeated = self.held_back = self.dropped = 0.0


@dataclass
class Telephone:
    """The channel of a simulated State: every notice that it sent, with its time. It never fails."""

    clock: Callable[[], datetime]
    notices: list[tuple[datetime, Notice]] = field(default_factory=list)
    name: str = "console"

    async def send(self, notice: Notice) -> Outcome:
        self.notices.append((self.clock(), notice))
        return Outcome(Result.DELIVERED, "rang")


@dataclass
class SimulatedState:
    """One State: its desk, its gateway, its officers and its worker, all real."""

    net: Simulator
    state: str
    cw: Casework
    desk: Desk
    gateway: Gateway
    undrained: Undrained
    officers: dict[str, SigningOfficer]
    telephone: Telephone
    outbox: Outbox
    notices: Notices
    secret: NodeSecret
    desk_file: Path
    epoch: int = 0
    taker: Taker | None = None
    asleep: bool = False  # the desk does not take its mail
    unwatched: bool = False  # no worker runs

    @property
    def officer(self) -> SigningOfficer:
        return self.officers[f"{self.state}-OFF-001"]

    async def ask(self, peer: str, kind: str = "PRES-NEW", urgency: str = "U1", **more: Any) -> Submitted:
        body = more.pop("body", None) or preservation_body(self.net.now)
        return await self.desk.submit(Draft(kind, peer, urgency, body, **more), self.officer, self.net.now)

    async def view(self, request: str) -> RequestView:
        found = await self.desk.request_view(request, self.net.now)
        assert found is not None, f"{self.state} knows no request {request}"
        return found

    async def levels(self, request: str) -> list[str]:
        return [fact.level for fact in (await self.view(request)).facts]

    async def acknowledge(self, request: str, officer: str = "OFF-001") -> None:
        number = f"{self.state}-{officer}"
        await self.desk.acknowledge(request, number, self.officers[number], self.net.now)

    async def work(self) -> int:
        """What a worker does in one turn; returns how many things it found to do."""
        if self.unwatched:
            return 0
        busy = await timers.run_due(self.cw, self.net.now) + await clocks.run_due(self.cw, self.net.now)
        return busy + await self.outbox.run_due() + await self.notices.run_due()

    async def take(self) -> int:
        """Take what lies in the mailbox now, as the taker's loop does over a link."""
        if self.asleep:
            return 0
        # A poisoned item is counted by the taker: it lives as long as its process.
        taker = self.taker = self.taker or Taker(self.cw, self.state, self.net.clock, self.net.refresh)
        epoch, after = await taker.position()
        self.epoch = epoch = max(epoch, self.epoch + 1)
        host = self.net[self.cw.register.host_of(self.state)]
        try:
            taking = await host.gateway.take(self.peer(), Take(self.state, "simulated", epoch, after, 64))
            async for item in taking.items():
                if isinstance(item, BacklogEnd):
                    await taking.end()
                    return item.upto - after
                await taker.on_item(item, epoch)
                if self.net.chance.random() < self.net.weather.dropped:
                    await taking.end()
                    return 1
                await taking.took(item.last if isinstance(item, Missed) else item.number)
        except TakeEndedError as error:
            raise AssertionError(f"{self.state} cannot take its mailbox: {error}") from error
        return 0

    async def hire(self, number: str, rights: tuple[str, ...] = RIGHTS) -> SigningOfficer:
        """One officer more, whose key lies open here."""
        made = self.officers[number] = await self.net.make_officer(self.cw, number, rights)
        return made

    async def call(self, *rungs: tuple[str, tuple[str, ...], int]) -> None:
        """Save a policy with these rungs: role, officers (without the State), seconds. New requests are given it."""
        await self.save(
            *(
                Rung(tuple(Target(Who.OFFICER, f"{self.state}-{n}") for n in who), ("console",), seconds, role)
                for role, who, seconds in rungs
            )
        )

    async def save(self, *rungs: Rung, **more: Any) -> None:
        """The next version of the escalation policy, signed by the first officer."""
        policy = EscalationPolicy(0, rungs, **more)

        async def work(tx: Any) -> None:
            before = await newest_plan(tx, self.cw, PlanKind.POLICY, IN_USE)
            version = 0 if before is None else before.version
            content = policy.content()
            await save_plan(tx, self.cw, PlanKind.POLICY, IN_USE, content, version, self.officer, self.net.now)

        await self.cw.db.write(work)

    async def renew_officers(self) -> None:
        """New certificates of the same keys, as sign-in brings them near the end of the old ones."""
        for number, officer in self.officers.items():
            self.officers[number] = await self.net.certify(self.cw, number, officer.rights, officer.key)

    async def close(self) -> None:
        await self.cw.db.close()

    async def restart(self) -> None:
        """The desk's process dies and starts again: everything that it knows comes from its database and its secret."""
        await self.cw.db.close()
        db = await Database.open(self.net.url(f"{self.state}-desk"), desk_metadata, "desk")
        ring = await db.read(lambda tx: open_keyring(tx, self.state, self.cw.net, self.secret, self.net.now))
        self.cw = replace(self.cw, db=db, keyring=ring, bell=Bell())
        self.desk = Desk(self.cw)
        self.outbox = Outbox(self.cw, self.outbox.link, self.net.clock)
        self.notices = Notices(self.cw, {"console": self.telephone}, self.net.clock)
        self.taker = None

    def peer(self) -> Peer:
        return Peer(self.state, Role.STATION, Lane.URGENT, "simulated:443", proven=True)


async def _next_due(tx: AsyncConnection) -> list[datetime | None]:
    """The earliest instant of each kind of row that a worker looks for."""
    waits = (
        select(func.min(request.c.next_at)),
        select(func.min(clock.c.next_at)),
        select(func.min(oral.c.due)).where(oral.c.confirmed_at.is_(None)),
        *(select(func.min(each.c.next_at)).where(each.c.state == "due") for each in (page, outbox)),
    )
    return [(await tx.execute(query)).scalar_one() for query in waits]


class Simulator:
    """The network: its time, its weather and its States."""

    def __init__(self, seed: int, start: datetime, url: Callable[[str], str]) -> None:
        self.url = url
        self.now = start
        self.weather = Weather()
        self.chance = chance.Random(seed)
        self.register = SimulatedRegister(self.random, start)
        self._states: dict[str, SimulatedState] = {}
        self._under_way: list[tuple[datetime, SimulatedState, GatewayAddress, Cargo]] = []

    def __iter__(self) -> Iterator[SimulatedState]:
        return iter(self._states.values())

    def __getitem__(self, state: str) -> SimulatedState:
        return self._states[state]

    def clock(self) -> datetime:
        return self.now

    def random(self, n: int) -> bytes:
        return self.chance.randbytes(n)

    async def refresh(self) -> None:
        """Every State fetches the register."""
        copy = self.register.copy(self.now)
        for each in self._states.values():
            each.cw.register.copy = copy

    async def settle(self) -> None:
        """Everything that can happen now happens: puts, takes, timers, notices; until nobody has anything left to do."""
        for _ in range(200):
            busy = await self._arrive()
            for each in self._states.values():
                busy += await each.work()
                busy += await each.take()
                busy += await each.undrained.look()
            if not busy:
                return
        raise AssertionError("the network does not come to rest")

    async def pass_time(self, *, step_s: float = 30, **duration: float) -> None:
        """Let time pass in steps, settling after each in which anything can happen, so that every timer finds its own instant."""
        end = self.now + timedelta(**duration)
        while self.now < end:
            due = await self._due(end)
            self.now = min(end, self.now + timedelta(seconds=step_s))
            while self.now < due:
                self.now = min(end, self.now + timedelta(seconds=step_s))
            await self.settle()

    async def _due(self, end: datetime) -> datetime:
        """When the next row of any desk is due, ``end`` at the latest; at once where mail lies about or the wire has its weather."""
        if self._under_way or self.weather != Weather() or any(each.asleep for each in self):
            return self.now
        due = [await each.cw.db.read(_next_due) for each in self if not each.unwatched]
        return min([end, *(at for each in due for at in each if at is not None)])

    async def pass_days(self, until: datetime) -> None:
        """Let days pass to an instant: from clock to clock, a day at the most, so that every reminder finds its own instant."""
        while self.now < until:
            due = [await each.cw.db.read(next_clock) for each in self._states.values() if not each.unwatched]
            ahead = [at for at in due if at is not None and at > self.now]
            self.now = min([until, self.now + timedelta(days=1), *ahead])
            if any([await each.work() for each in self._states.values()]):
                await self.settle()

    async def begin_day(self) -> None:
        """What a running network renews by itself: the copies of the register, the sheets, the officers' certificates."""
        await self.refresh()
        await self.exchange_sheets()
        for each in self._states.values():
            await each.renew_officers()

    async def put(self, sender: SimulatedState, address: GatewayAddress, cargo: Cargo, lane: Lane) -> PutResult:
        host = self._states[address.state]
        if {sender.state, address.state} & self.weather.cut:
            raise UnreachableError("the weather has cut the line")
        if self.chance.random() < self.weather.held_back:
            arrives = self.now + timedelta(seconds=self.chance.uniform(1, 600))
            self._under_way.append((arrives, sender, address, cargo))
            raise UnreachableError("the wire holds it back")
        answer = await host.gateway.put(sender.peer(), cargo)
        if self.chance.random() < self.weather.repeated:
            again = await host.gateway.put(sender.peer(), cargo)
            assert isinstance(again, StoredResult) or again == answer or getattr(again, "duplicate", False)
        if self.chance.random() < self.weather.lost:
            raise UnreachableError("the answer was lost")
        return answer

    async def _arrive(self) -> int:
        """What the wire held back comes out, in the order of chance."""
        due = [each for each in self._under_way if each[0] <= self.now]
        self._under_way = [each for each in self._under_way if each[0] > self.now]
        for _, sender, address, cargo in sorted(due, key=lambda each: each[0]):
            await self._states[address.state].gateway.put(sender.peer(), cargo)
        return len(due)

    async def add(self, folder: Path, state: str, stack: AsyncExitStack, host: str | None = None) -> SimulatedState:
        until = self.now + timedelta(days=395)
        secret, archive = NodeSecret(self.random(32)), SealingKey.from_seed(self.random(32))
        desk_file = folder / f"{state}-desk.sqlite3"
        db = await Database.open(self.url(f"{state}-desk"), desk_metadata, "desk")
        keys = await db.write(lambda tx: create_keys(tx, secret, archive.public, self.random, self.now, until))
        gateway_key = SigningKey.from_seed(self.random(64))
        address = CharterAddress(f"wss://{state.lower()}.example:443/", self.random(32))
        self.register.list_state(state, keys, gateway_key, address, self.now, until, host)
        register = Register(self.register.copy(self.now))
        ring = await db.read(lambda tx: open_keyring(tx, state, self.register.net, secret, self.now))
        cw = Casework(
            state=state,
            network="training",
            net=self.register.net,
            policy=load_policy("standard-1"),
            catalogue=load_catalogue(),
            channels=("console",),
            db=db,
            keyring=ring,
            register=register,
            random=self.random,
            bell=Bell(),
        )
        made = await self._staff(folder, state, cw, gateway_key, stack, secret, desk_file)
        stack.push_async_callback(made.close)
        self._states[state] = made
        await self.refresh()
        await made.call(*RUNGS)
        return made

    async def _staff(
        self,
        folder: Path,
        state: str,
        cw: Casework,
        gateway_key: SigningKey,
        stack: AsyncExitStack,
        secret: NodeSecret,
        desk_file: Path,
    ) -> SimulatedState:
        gdb = await Database.open(self.url(f"{state}-gateway"), gateway_metadata, "gateway")
        stack.push_async_callback(gdb.close)
        hosted = [state, *self.register.guests_of(state)]
        parts = GatewayParts(
            db=gdb,
            name=Address(state),
            net=cw.net,
            key=gateway_key,
            book=cw.register,
            mailboxes=Mailboxes([Mailbox(each, each, frozenset((Address(each),))) for each in hosted]),
            limits=GatewayLimits(),
            clock=self.clock,
            skew_ms=lambda: None,
            fetch_register=lambda: None,
            alarm=lambda code, subject: None,
        )
        gateway = Gateway(parts, lambda peer, event: None)
        await gateway.open()
        telephone = Telephone(self.clock)
        line = _Line(self, state)
        officers = {n: await self.make_officer(cw, n) for n in (f"{state}-OFF-001", f"{state}-OFF-002")}
        terms = {urgency: each.received for urgency, each in cw.policy.terms.items()}
        return SimulatedState(
            net=self,
            state=state,
            cw=cw,
            desk=Desk(cw),
            gateway=gateway,
            undrained=Undrained(parts, terms, line.report, self.random),
            officers=officers,
            telephone=telephone,
            outbox=Outbox(cw, line, self.clock),
            notices=Notices(cw, {"console": telephone}, self.clock),
            secret=secret,
            desk_file=desk_file,
        )

    async def make_officer(self, cw: Casework, number: str, rights: tuple[str, ...] = RIGHTS) -> SigningOfficer:
        """An officer whose key lies open here: opening it costs a tenth of a second, and is tested elsewhere."""
        from contactpoint.desk.officers import _issue

        key = SigningKey.from_seed(self.random(64))
        fresh = FreshKey(b"", key.public.data)

        async def work(tx: Any) -> bytes:
            await add_officer(
                tx,
                self.random,
                number=number,
                name=number,
                rights=rights,
                mail="",
                key=fresh,
                language="en",
                now=self.now,
            )
            return await _issue(tx, cw, number, rights, key, self.now)

        return SigningOfficer(number, rights, await cw.db.write(work), key)

    async def certify(self, cw: Casework, number: str, rights: tuple[str, ...], key: SigningKey) -> SigningOfficer:
        from contactpoint.desk.officers import _issue

        certificate = await cw.db.write(lambda tx: _issue(tx, cw, number, rights, key, self.now))
        return SigningOfficer(number, rights, certificate, key)

    async def exchange_sheets(self) -> None:
        """Every State has every other's newest key sheet, as the mirror brings it."""
        for each in self._states.values():
            body = await each.cw.db.write(lambda tx, cw=each.cw: renew_prekeys(tx, cw.keyring, self.random, self.now))
            number = read_sheet(body, each.cw.keyring.station.public, each.cw.net).number
            for other in self._states.values():
                if other is not each:
                    await other.cw.db.write(
                        lambda tx, owner=each.state, n=number, data=body: put_sheet(tx, owner, n, data, self.now)
                    )


@dataclass(frozen=True)
class _Line:
    """One State's end of the wire: the port that its outbox puts to."""

    net: Simulator
    state: str

    async def put(self, address: GatewayAddress, cargo: Cargo, *, lane: Lane = Lane.ROUTINE) -> PutResult:
        return await self.net.put(self.net[self.state], address, cargo, lane)

    async def report(self, recipient: Address, slip: bytes) -> bool:
        """A gateway tells a twin to the sender with its own proof."""
        for address in self.net[self.state].cw.register.addresses(recipient):
            if {self.state, address.state} & self.net.weather.cut:
                return False
            gateway = Peer(self.state, Role.GATEWAY, Lane.URGENT, "simulated:443", proven=True)
            return isinstance(await self.net[address.state].gateway.put(gateway, slip), StoredResult)
        return False


def emergency_body(now: datetime) -> dict[str, Any]:
    return {
        "authority": {"organisation": "National Police", "officer_ref": "OFF-001", "case_ref": "K-5"},
        "second_approver": "OFF-002",
        "emergency_facts": "A person was abducted; the captor set a deadline.",
        "link_of_data_to_danger": "the last login address would show the place",
        "data": {
            "classes": ["subscriber", "traffic"],
            "what": "last 20 logins with address and port",
            "from": spell_instant(now - timedelta(hours=8)),
            "until": spell_instant(now - timedelta(minutes=5)),
        },
        "custodian": {"name": "Example Chat", "account": "chat-id 99-000-1"},
        "answer_needed_by": spell_instant(now + timedelta(hours=2)),
    }


def preservation_body(now: datetime) -> dict[str, Any]:
    return {
        "authority": {"organisation": "Cybercrime Unit", "officer_ref": "OFF-001", "case_ref": "2027-00412"},
        "offences": ["O-07", "O-09"],
        "facts": "Files of a hospital group were encrypted.",
        "data": {
            "classes": ["traffic"],
            "what": "netflow of the server",
            "from": spell_instant(now - timedelta(days=30)),
            "until": spell_instant(now - timedelta(hours=1)),
        },
        "link_to_offence": "the server held the key-delivery panel",
        "custodian": {"name": "Example Hosting", "ip": "192.0.2.44"},
        "necessity": "the lease ends in 36 hours",
        "mla_intent": True,
    }


@asynccontextmanager
async def simulated(
    folder: Path,
    *states: str,
    seed: int = 1,
    start: datetime = START,
    hosted: dict[str, str] | None = None,
    url: Callable[[str], str] | None = None,
) -> AsyncIterator[Simulator]:
    """A network of these States; ``hosted``: who rents its mailbox from whom (hosts are named before their guests).

    ``url``: where the database of a name such as ``XA-desk`` lies; in the folder, on SQLite, when it is not given.
    """
    net = Simulator(seed, start, url or (lambda name: f"sqlite:///{folder}/{name}.sqlite3"))
    for guest, host in (hosted or {}).items():
        net.register.rent(guest, host)
    async with AsyncExitStack() as stack:
        for state in states:
            await net.add(folder, state, stack, (hosted or {}).get(state))
        await net.exchange_sheets()
        yield net


__all__ = ["START", "KeyRole", "SimulatedState", "Simulator", "TrustedCopy", "simulated"]
