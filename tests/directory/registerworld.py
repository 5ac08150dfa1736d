"""A small register in memory: deterministic keys, two States, a log that a test can bend as a dishonest registrar would."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from directory.card import Calendar, Language, Line, Members, PublicCard, Reachability
from directory.checkpoint import sign_checkpoint
from directory.contact import GatewayAddress
from directory.documents import Action, Genesis, Purpose, read_genesis, read_object
from directory.enrolment import StationKeys, make_card, make_charter, make_genesis, make_listing
from directory.log import Leaf, Log
from directory.logkey import LogKey
from directory.rules import Registry
from directory.trusted import TrustedCopy
from keys.digest import digest
from keys.signed import Signed
from keys.signing import SigningKey

NOW = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)
YEAR = timedelta(days=390)


@cache
def signing(name: str) -> SigningKey:
    return SigningKey.from_seed(digest(name.encode()) + digest(b"2" + name.encode()))


@cache
def log_key(name: str = "log") -> LogKey:
    return LogKey.from_seed(digest(name.encode()) * 2)


@cache
def genesis_object(purpose: Purpose = Purpose.TRAINING) -> bytes:
    return make_genesis(signing("registrar"), log_key().public, purpose, "Exercise", "demo-1", NOW).to_bytes()


GENESIS: Genesis = read_genesis(genesis_object())
NET = GENESIS.net
PUBLIC = PublicCard(body="Desk", languages=(Language(tag="en"),), calendar=Calendar(zone="Europe/Vienna"))
REACH = Reachability(
    duty_line="+99912345670",
    telephones=(Line(number="+99912345678", carrier="one"), Line(number="+99987654321", carrier="two")),
    mail="desk@xa.example",
)


def station_keys(state: str, tag: str = "") -> StationKeys:
    return StationKeys(*(signing(f"{state}{tag}/{role}") for role in ("station", "keeper", "issuer", "gateway")))


def charter(
    state: str, number: int = 1, *, tag: str = "", root: str = "root", old: str = "", at: datetime = NOW
) -> Signed:
    return make_charter(
        [signing(f"{state}/{root}")],
        state,
        number,
        station_keys(state, tag).records(state, at - timedelta(days=1), at + YEAR, NET),
        [GatewayAddress(f"wss://{state.lower()}.example/link", "webpki")],
        at,
        NET,
        old_roots=[signing(f"{state}/{old}")] if old else [],
    )


def card(
    state: str, number: int = 1, *, keeper: str | None = None, at: datetime = NOW
) -> tuple[Signed, Members | None]:
    signer = signing(keeper) if keeper else station_keys(state).keeper
    return make_card(signer, state, number, PUBLIC, REACH, b"s" * 16, at, NET)


def listing(
    state: str, number: int = 1, action: Action = Action.LIST, *, root: str = "root", by: str = "registrar"
) -> Signed:
    return make_listing(signing(by), state, number, action, [signing(f"{state}/{root}").public], "", NOW, NET)


@dataclass
class RegistrarLog:
    """What a registrar can publish. `put` appends anything, whatever the rules say."""

    log: Log = field(default_factory=Log)
    objects: dict[bytes, bytes] = field(default_factory=dict)
    registry: Registry = field(default_factory=lambda: Registry(GENESIS))
    at: datetime = NOW

    def put(self, signed: Signed, number: int | None = None) -> int:
        data = signed.to_bytes()
        document, _ = read_object(data, signed.type)
        leaf = self.registry.leaf_for(document, signed)
        if number is not None:
            leaf = Leaf(leaf.kind, leaf.state, number, leaf.digest)
        self.log = self.log.extend([leaf.to_bytes()])
        self.objects[leaf.digest] = data
        return self.log.size - 1

    def honest(self, signed: Signed) -> int:
        document, _ = read_object(signed.to_bytes(), signed.type)
        self.registry = self.registry.apply(self.registry.leaf_for(document, signed), document, signed)
        data = signed.to_bytes()
        self.log = self.log.extend(
            [Leaf(signed.type, document.state, _number(self, document), digest(data)).to_bytes()]
        )
        self.objects[digest(data)] = data
        return self.log.size - 1

    def list_state(self, state: str) -> None:
        for signed in (listing(state), charter(state), card(state)[0]):
            self.honest(signed)

    def checkpoint(self, at: datetime | None = None) -> bytes:
        return sign_checkpoint(log_key(), GENESIS.origin, self.log.size, self.log.root, at or self.at)

    def advance(self, copy: TrustedCopy, at: datetime | None = None) -> TrustedCopy:
        return copy.advance(self.checkpoint(at), self.log.entries[copy.size :], self.objects, at or self.at)


def _number(log: RegistrarLog, document: object) -> int:
    number = getattr(document, "number", None)
    return number if number is not None else log.registry.standings[document.state].revocations


def start() -> TrustedCopy:
    return TrustedCopy.start(genesis_object(), GENESIS.digest)


def two_states() -> tuple[RegistrarLog, TrustedCopy]:
    log = RegistrarLog()
    log.list_state("XA")
    log.list_state("XB")
    return log, log.advance(start())
