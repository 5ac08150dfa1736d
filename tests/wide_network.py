"""A network as wide as the world: one State with a real desk and gateway, and many light ones that speak the link as it is spoken.

A light State has the keys of a State and no database: its gateway answers a put with a signed *held*, its desk opens the letter,
folds it, and signs *received*. Both ways lead through the sessions of the link (hello, proof, put, answer), frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from contactpoint.casework.register import Register
from contactpoint.domain.calendar import Calendar
from contactpoint.domain.case import Case, admit
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.ladder import Effect, open_incoming
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.roll import NOBODY
from contactpoint.domain.values import Address
from contactpoint.gateway.gateway import Gateway
from contactpoint.link.results import HeldResult, PutResult, StoredResult
from contactpoint.link.tls import GatewayAddress
from contactpoint.store.rows_desk import put_sheet
from contactpoint.wire.envelope import Parcel, check_outer, open_letter
from contactpoint.wire.frames import Cargo, Held, Lane, Put, Stored
from contactpoint.wire.frames import Role as LinkRole
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import NONCE_BYTES, Dialler, Identity, Listener, Opened, SessionEvent, Standing
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content
from directory.contact import GatewayAddress as CharterAddress
from keys.certificate import Role
from keys.prekeys import SHEET_DAYS, make_sheet
from keys.signing import SigningKey
from keys.xwing import SealingKey
from tests.simulator import SimulatedState, Simulator

CATALOGUE = load_catalogue()
_TAKEN = (
    "HK HM HN HR HT HU JA JE JM JO JP OA OM RA RB RC RE RH RI RL RM RN RO RP RS RU RW UA UG UK UM UN US UY UZ "
    "VA VC VE VG VI VN VU WF WG WL WO WS WV YE YT YU YV ZA ZM ZR ZW"
)


def invented(count: int, but: str = "XA") -> list[str]:
    """So many codes that ISO 3166 leaves to its users or has given to nobody."""
    free = (a + b for a in "XQZYWJOUVRH" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if a + b not in _TAKEN and a + b != but)
    codes = [code for code in islice(free, 300) if not code.startswith("Q") or code[1] >= "M"]
    return codes[:count]


@dataclass
class Wire:
    """A dialler and a listener that have proven themselves to each other."""

    dialler: Dialler
    listener: Listener
    host: str

    def run(self, now: datetime) -> tuple[list[SessionEvent], list[SessionEvent]]:
        """Carry frames both ways until both are silent: what the listener heard, what the dialler heard."""
        there: list[SessionEvent] = []
        back: list[SessionEvent] = []
        while True:
            to, fro = self.dialler.data_to_send(), self.listener.data_to_send()
            if not to and not fro:
                return there, back
            for data in to:
                there += self.listener.receive(data, now)
            for data in fro:
                back += self.dialler.receive(data, now)


@dataclass
class LightState:
    """One State without a database. ``effects`` is all that its ladders wanted done: pages would stand there."""

    net: WideSimulator
    state: str
    station: SigningKey
    gateway: SigningKey
    prekey: SealingKey
    cases: dict[str, Case] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    outgoing: list[bytes] = field(default_factory=list)
    inbound: Wire | None = None
    outbound: Wire | None = None

    def take(self, sender: SimulatedState, cargo: Cargo) -> PutResult:
        """The sender's outbox puts: over the link, to this State's gateway, and on to its desk."""
        now = self.net.now
        wire = self.inbound = self.inbound or self.net.connect(
            sender.state, sender.cw.keyring.station, self.state, self.gateway
        )
        ref = wire.dialler.send_put(cargo, now)
        asked, _ = wire.run(now)
        put = next(each for each in asked if isinstance(each, Put))
        answer = self._hold(put) if isinstance(put.cargo, Parcel) else Stored(put.ref)
        wire.listener.send(answer, now)
        _, heard = wire.run(now)
        said = next(each for each in heard if isinstance(each, Held | Stored))
        assert said.ref == ref
        return HeldResult(said.receipt, said.duplicate) if isinstance(said, Held) else StoredResult()

    def _hold(self, put: Put) -> Held:
        assert isinstance(put.cargo, Parcel)
        net, sender = self.net, self.net["XA"]
        letter = open_letter(
            put.cargo, lambda key_id: self.prekey if key_id == self.prekey.public.id else None, net.register.net
        )
        check_outer(letter.envelope, sender.cw.keyring.station.public, net.now, clock_trusted=True)
        core = letter.envelope.core
        held, received = (
            slip_content(
                Slip(
                    level=level,
                    sender=Address(self.state),
                    recipient=core.sender,
                    at=net.now,
                    skew_ms=None,
                    dir_size=sender.cw.register.size,
                    journal_head=None,
                    id=core.id,
                    seal=core.seal,
                    envelope=letter.envelope.digest,
                ),
                net.register.net,
            )
            for level in (SlipLevel.HELD, SlipLevel.RECEIVED)
        )
        statement = letter.fields
        case = self.cases[statement.case] = admit(self.cases.get(statement.case), statement, CATALOGUE)
        if statement.id in case.requests:
            assert not CATALOGUE[statement.kind].rings
            terms = load_policy(statement.pol).terms[statement.urgency]
            self.effects += open_incoming(statement, terms, None, Calendar(), net.now, NOBODY, net.now)[1]
        self.outgoing.append(sign_slip(received, self.station, net.register.net))
        return Held(put.ref, sign_slip(held, self.gateway, net.register.net), duplicate=False)

    async def speak(self, to: SimulatedState) -> int:
        """Put what this State has to say into the other's mailbox, over a link that its station dials."""
        said, self.outgoing = self.outgoing, []
        now = self.net.now
        for slip in said:
            wire = self.outbound = self.outbound or self.net.connect(
                self.state, self.station, to.state, self.net.key_of(to.gateway)
            )
            wire.dialler.send_put(slip, now)
            asked, _ = wire.run(now)
            put = next(each for each in asked if isinstance(each, Put))
            assert wire.listener.peer is not None
            answer = await to.gateway.put(wire.listener.peer, put.cargo)
            assert isinstance(answer, StoredResult), answer
            wire.listener.send(Stored(put.ref), now)
            _, heard = wire.run(now)
            assert any(isinstance(each, Stored) for each in heard)
        return len(said)


class WideSimulator(Simulator):
    """The network with its light States; list them before the real ones are added."""

    lights: dict[str, LightState]

    def __init__(self, seed: int, start: datetime, folder: Path) -> None:
        super().__init__(seed, start, lambda name: f"sqlite:///{folder}/{name}.sqlite3")
        self.lights = {}

    def list_light(self, state: str) -> None:
        """Enter a light State into the register: listing, charter, card."""
        until = self.now + timedelta(days=395)
        made = {role: SigningKey.from_seed(self.random(64)) for role in (Role.STATION, Role.KEEPER, Role.ISSUER)}
        gateway = SigningKey.from_seed(self.random(64))
        address = CharterAddress(f"wss://{state.lower()}.example:443/", self.random(32))
        self.register.list_state(state, made, gateway, address, self.now, until)
        # The first day's key of all sheets is the same: a test that makes 192 times 35 keys tests patience.
        self.lights[state] = LightState(self, state, made[Role.STATION], gateway, SealingKey.from_seed(_SEEDS[0]))

    async def hand_out_sheets(self, to: SimulatedState) -> None:
        """The real State has every light one's key sheet, as the mirror brings them."""
        bodies = {
            each.state: make_sheet(each.station, each.state, 1, self.now.date(), _SEEDS, self.register.net).to_bytes()
            for each in self.lights.values()
        }

        async def work(tx: object) -> None:
            for state, body in bodies.items():
                await put_sheet(tx, state, 1, body, self.now)  # type: ignore[arg-type]

        await to.cw.db.write(work)

    async def put(self, sender: SimulatedState, address: GatewayAddress, cargo: Cargo, lane: Lane) -> PutResult:
        if address.state in self.lights:
            return self.lights[address.state].take(sender, cargo)
        return await super().put(sender, address, cargo, lane)

    async def settle(self) -> None:
        for _ in range(200):
            await super().settle()
            said = [await each.speak(self["XA"]) for each in self.lights.values()]
            if not sum(said):
                return
        raise AssertionError("the network does not come to rest")

    def connect(self, name: str, station: SigningKey, host: str, gateway: SigningKey) -> Wire:
        """A link from one State's station to another's gateway, both proven against the register."""
        net, book = self.register.net, Register(self["XA"].cw.register.copy)
        verify, limits, place = proof_verifier(book, net), LinkLimits(), f"{host.lower()}.example:443"
        dialler = Dialler(
            Identity(name, LinkRole.STATION, station.public.id, proof_signer(station, net)),
            Standing(),
            verify,
            self.random(NONCE_BYTES),
            limits,
            self.now,
            name=host,
            host=place,
            lane=Lane.URGENT,
        )
        listener = Listener(
            Identity(host, LinkRole.GATEWAY, gateway.public.id, proof_signer(gateway, net)),
            Standing(),
            verify,
            self.random(NONCE_BYTES),
            limits,
            self.now,
            hosts=frozenset((place,)),
        )
        wire = Wire(dialler, listener, place)
        there, back = wire.run(self.now)
        assert any(isinstance(each, Opened) and each.peer.proven for each in there), there
        assert any(isinstance(each, Opened) and each.peer.proven for each in back), back
        return wire

    @staticmethod
    def key_of(gateway: Gateway) -> SigningKey:
        return gateway.parts.key


_SEEDS = [bytes([number]) * 32 for number in range(1, SHEET_DAYS + 1)]
