"""The register as a bundle carries it: its genesis, its signed head, all entries under it, and the objects that matter here.

Every entry is there (about a hundred bytes each), so an object stands in the register exactly if an entry names it, and nobody
can leave a revocation away: an entry of a State concerned whose object is missing is a problem. The rules are the register's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.proof.findings import Findings, NotJudgeableError
from contactpoint.desk.proof.names import CHECKPOINT, ENTRIES, GENESIS, HEARD, OBJECTS
from contactpoint.domain.calendar import Calendar
from directory.card import Card
from directory.checkpoint import Checkpoint, read_checkpoint
from directory.documents import OWN, Charter, Genesis, Revocation, read_genesis, read_object
from directory.errors import DirectoryError
from directory.log import Leaf, Log
from directory.rules import Registry, check_revocation, with_revoked
from directory.tiles import split_bundle
from keys.certificate import Role
from keys.digest import digest
from keys.signing import PublicKey


@dataclass(frozen=True, slots=True)
class CourtRegister:
    """What the register says, as far as this bundle carries it. ``absent``: entries whose object is not here."""

    genesis: Genesis
    checkpoint: Checkpoint
    registry: Registry
    charters: Mapping[str, tuple[Charter, ...]]
    cards: Mapping[str, tuple[Card, ...]]
    absent: tuple[Leaf, ...]

    @property
    def net(self) -> bytes:
        return self.genesis.net

    def keys_of(self, state: str, role: Role, at: datetime, witnessed: datetime) -> tuple[PublicKey, ...]:
        """The State's keys in this role that were listed and in their window at ``at``, and not revoked before ``witnessed``.

        Two instants, because a thief can date his letter back, but not the receipt of another State.
        """
        return tuple(
            listed.public
            for key_id, listed in self.registry.keys.items()
            if listed.state == state
            and listed.record.role is role
            and listed.record.covers(at)
            and (listed.until is None or at < listed.until)
            and not self.ended(state, key_id, max(at, witnessed))
        )

    def ended(self, state: str, key_id: bytes, at: datetime) -> bool:
        """Whether the State has revoked this key (an officer's too) for what is signed at this instant."""
        end = self.registry.revoked.get((state, key_id))
        return end is not None and at > end

    def host_of(self, state: str, at: datetime) -> str:
        """Who ran this State's mailbox then: itself, unless it rented one."""
        charters = self.charters.get(state, ())
        then = [charter for charter in charters if charter.at <= at] or list(charters[:1])
        return state if not then or then[-1].mailbox == OWN else then[-1].mailbox

    def calendar(self, state: str, at: datetime) -> Calendar:
        """The working days of the card that stood then; Monday to Friday in UTC where there was none."""
        then = [card for card in self.cards.get(state, ()) if card.at <= at]
        if not then:
            return Calendar()
        said = then[-1].public.calendar
        return Calendar.told(said.zone, said.workdays, said.holidays, said.closes)

    def name(self, state: str) -> str:
        cards = self.cards.get(state, ())
        return cards[-1].public.body if cards else state


def concerned(charters: Mapping[str, tuple[Charter, ...]], parties: Iterable[str]) -> frozenset[str]:
    """The parties, and whoever keeps or kept a mailbox for them."""
    states = frozenset(parties)
    hosts = {charter.mailbox for state in states for charter in charters.get(state, ()) if charter.mailbox != OWN}
    return states | hosts


def read_register(members: Mapping[str, bytes], findings: Findings) -> CourtRegister:
    """Judge genesis, checkpoint, entries and objects. Raises NotJudgeableError where there is no register to go by."""
    try:
        genesis = read_genesis(members.get(GENESIS, b""))
        head = read_checkpoint(members.get(CHECKPOINT, b""), genesis.origin, genesis.log.key)
        entries = split_bundle(members.get(ENTRIES, b""), head.size)
    except DirectoryError as error:
        raise NotJudgeableError(f"the bundle carries no register that holds: {error.text}") from error
    if Log().extend(entries).root != head.root:
        raise NotJudgeableError("the register's entries are not those under its signed checkpoint")
    objects = {name.removeprefix(OBJECTS): data for name, data in members.items() if name.startswith(OBJECTS)}
    for name, data in objects.items():
        if digest(data).hex() != name:
            findings.problem(f"the register's object {name[:16]} is not the one that its name says")
    register = _fold(genesis, head, entries, objects, findings)
    return _with_heard(register, members, findings)


def check_complete(register: CourtRegister, parties: Iterable[str], findings: Findings) -> None:
    """Of the States concerned every object must be here, or a revocation could have been left away."""
    states = concerned(register.charters, parties)
    for leaf in register.absent:
        if leaf.state in states:
            findings.problem(f"the register's {leaf.kind} {leaf.number} of {leaf.state} was left out of the bundle")
    for state in sorted(states - register.charters.keys()):
        findings.problem(f"there is no charter of {state} in the register")


def _fold(
    genesis: Genesis, head: Checkpoint, entries: Iterable[bytes], objects: Mapping[str, bytes], findings: Findings
) -> CourtRegister:
    registry, absent, used = Registry(genesis), [], set()
    charters: dict[str, tuple[Charter, ...]] = {}
    cards: dict[str, tuple[Card, ...]] = {}
    for entry in entries:
        try:
            leaf = Leaf.from_bytes(entry)
            data = objects.get(leaf.digest.hex())
            if data is None:
                absent.append(leaf)
                continue
            used.add(leaf.digest.hex())
            document, signed = read_object(data, leaf.kind)
            registry = registry.apply(leaf, document, signed)
        except DirectoryError:
            continue  # signed by the register against its own rules: it has no effect here, as it has none at any node
        if isinstance(document, Charter):
            charters[leaf.state] = (*charters.get(leaf.state, ()), document)
        elif isinstance(document, Card):
            cards[leaf.state] = (*cards.get(leaf.state, ()), document)
    for name in sorted(objects.keys() - used):
        findings.problem(f"object {name[:16]} does not stand in the register: no entry names it")
    return CourtRegister(genesis, head, registry, charters, cards, tuple(absent))


def _with_heard(register: CourtRegister, members: Mapping[str, bytes], findings: Findings) -> CourtRegister:
    registry = register.registry
    for name in sorted(name for name in members if name.startswith(HEARD)):
        try:
            document, signed = read_object(members[name], Revocation.TYPE)
            if digest(members[name]).hex() != name.removeprefix(HEARD) or not isinstance(document, Revocation):
                findings.problem(f"{name} is not the revocation that its name says")
                continue
            check_revocation(registry, document, signed)
        except DirectoryError as error:
            findings.problem(f"a revocation outside the register does not hold: {error.text}")
            continue
        registry = with_revoked(registry, document)
    return CourtRegister(
        register.genesis, register.checkpoint, registry, register.charters, register.cards, register.absent
    )
