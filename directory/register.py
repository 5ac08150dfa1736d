"""The register at work: take what States hand in, let the registrar decide, sign checkpoints over what is durable.

It holds the log key only; the registrar's key comes as an argument to `approve` and `suspend`, which run in the registrar's
own command. Every decision is taken inside the transaction that carries it out, on the log as it stands there.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directory.card import Card, Members
from directory.checkpoint import sign_checkpoint
from directory.documents import Action, Charter, Entry, Genesis, Revocation, read_genesis, read_object
from directory.enrolment import make_listing
from directory.errors import (
    ApprovalError,
    DirectoryError,
    DocumentError,
    LimitError,
    RuleError,
    TamperError,
    UnknownStateError,
)
from directory.log import Leaf, Log
from directory.logkey import LogKey
from directory.ports import Rows, Shelf, StoredCheckpoint, Waiting
from directory.rules import Registry, Status, roots_fingerprint
from directory.sheets import SHEET_TYPE, check_newer, check_sheet
from directory.signatures import check_threshold
from directory.words import words_match
from keys.cbor import decode
from keys.certificate import Role
from keys.errors import KeysError
from keys.prekeys import PrekeySheet
from keys.signed import MAGIC, Signed
from keys.signing import SigningKey

SUBMISSION_BYTES = 131_072
RESIGN_AFTER = timedelta(minutes=10)
"""A checkpoint older than this is signed anew even when nothing was added, so that readers can tell frozen from quiet."""
DATED_AHEAD = timedelta(minutes=5)
CLAIMS = 8
"""How many different charters may wait for one State's code."""


@dataclass(frozen=True, slots=True)
class View:
    """The log and its fold at one size."""

    log: Log
    registry: Registry


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a submission: `appended` (with its index), `waiting` for the registrar, `stored`, or `known`."""

    outcome: str
    kind: str
    state: str
    digest: bytes
    index: int | None = None


class Register:
    """One register over its rows. Any number may run side by side on the same rows; they see each other's entries."""

    def __init__(self, shelf: Shelf, genesis: bytes, log_key: LogKey) -> None:
        self._shelf = shelf
        self.genesis_bytes = genesis
        self.genesis: Genesis = read_genesis(genesis)
        self._log_key = log_key
        self._view = View(Log(), Registry(self.genesis))
        self._signing = asyncio.Lock()

    # Reading

    async def view(self) -> View:
        """The log as committed."""
        self._view = await self._shelf.read(self._catch_up)
        return self._view

    async def object(self, digest: bytes) -> bytes | None:
        """A logged object by its digest."""
        return await self._shelf.read(lambda rows: rows.object(digest))

    async def sheet(self, state: str) -> bytes | None:
        """The newest prekey sheet of a State."""
        return await self._shelf.read(lambda rows: rows.sheet(state))

    async def members(self, digest: bytes) -> bytes | None:
        """A members' part by its salted digest. Whoever calls has checked that a member asks."""
        return await self._shelf.read(lambda rows: rows.members(digest))

    async def waiting(self) -> list[Waiting]:
        """What waits for the registrar."""
        return await self._shelf.read(lambda rows: rows.waiting())

    async def checkpoint(self, now: datetime) -> bytes:
        """The newest checkpoint. It covers committed entries only, and is itself committed before anyone sees it."""
        async with self._signing:
            await self.view()
            held, size = await self._shelf.read(_head)
            if held and held.size == size and now - held.at < RESIGN_AFTER:
                return held.note

            async def sign(rows: Rows) -> bytes:
                view = await self._catch_up(rows)
                last = await rows.checkpoint()
                # A clock set back must not produce an older checkpoint after a newer one: readers would refuse it.
                at = max(now.replace(microsecond=0), last.at) if last else now.replace(microsecond=0)
                note = sign_checkpoint(self._log_key, self.genesis.origin, view.log.size, view.log.root, at)
                await rows.put_checkpoint(StoredCheckpoint(view.log.size, at, note))
                return note

            return await self._shelf.write(sign)

    # What States hand in

    async def submit(self, data: bytes, now: datetime) -> Taken:
        """Take a charter, card, revocation, prekey sheet or members' part. DocumentError, RuleError.

        What a listed State signed is appended with nobody asked; a State's first charter and card wait for the registrar.
        """
        kind = kind_of(data)
        if kind == SHEET_TYPE:
            return await self._shelf.write(lambda rows: self._take_sheet(rows, data, now))
        if kind == "members":
            return await self._shelf.write(lambda rows: self._take_members(rows, data))
        if kind not in (Charter.TYPE, Card.TYPE, Revocation.TYPE):
            raise DocumentError("E-DOCUMENT-TYPE", "hand in a charter, card, revocation, prekey sheet or members' part")
        document, signed = read_object(data, kind)
        if document.at > now + DATED_AHEAD:
            raise RuleError("E-FUTURE", "dated more than five minutes ahead; compare the clock and sign again")
        await self.view()
        return await self._shelf.write(lambda rows: self._take(rows, document, signed, now))

    async def _take(self, rows: Rows, document: Entry, signed: Signed, now: datetime) -> Taken:
        view = await self._catch_up(rows)
        data = signed.to_bytes()
        leaf = view.registry.leaf_for(document, signed)
        if document.digest in view.registry.seen:
            return Taken("known", leaf.kind, leaf.state, leaf.digest)
        if document.state in view.registry.standings:
            await _append(rows, view, leaf, document, signed, now)
            return Taken("appended", leaf.kind, leaf.state, leaf.digest, view.log.size)
        claim = await self._claim(rows, view.registry, document, signed)
        await rows.put_waiting(Waiting(leaf.state, claim, leaf.kind, data, now))
        return Taken("waiting", leaf.kind, leaf.state, leaf.digest)

    async def _claim(self, rows: Rows, registry: Registry, document: Entry, signed: Signed) -> bytes:
        charters = _charters(await rows.waiting(document.state))
        if isinstance(document, Charter):
            registry.check_new(document, signed)
            claim = roots_fingerprint(tuple(key.id for key in document.roots))
            if claim not in charters and len(charters) >= CLAIMS:
                raise LimitError("E-WAITING-FULL", f"{CLAIMS} charters of {document.state} wait; call the registrar")
            return claim
        if isinstance(document, Card):
            for claim, charter in charters.items():
                with suppress(RuleError):
                    keepers = [record.public for record in charter.of_role(Role.KEEPER)]
                    check_threshold(signed, keepers, 1, registry.genesis.net)
                    return claim
        raise RuleError("E-NOT-LISTED", "this State is not listed; hand in its first charter and have it approved")

    async def _take_sheet(self, rows: Rows, data: bytes, now: datetime) -> Taken:
        registry = (await self._catch_up(rows)).registry
        sheet = check_sheet(registry, data, now)
        held = await rows.sheet(sheet.state)
        newer = check_newer(_held_sheet(registry, held, now) if held else None, sheet)
        if newer:
            await rows.put_sheet(sheet.state, data)
        return Taken("stored" if newer else "known", SHEET_TYPE, sheet.state, sheet.signed.digest)

    async def _take_members(self, rows: Rows, data: bytes) -> Taken:
        part = Members.from_content(data)
        registry = (await self._catch_up(rows)).registry
        cards = [standing.card for standing in registry.standings.values() if standing.card]
        for waits in await rows.waiting():
            if waits.kind == Card.TYPE:
                document, _ = read_object(waits.data, Card.TYPE)
                cards += [document] if isinstance(document, Card) else []
        for card in cards:
            if card.members == part.salted:
                await rows.put_members(card.state, part.salted, data)
                return Taken("stored", "members", card.state, part.salted)
        raise RuleError("E-MEMBERS", "no card names this members' part; hand in the card first")

    # What the registrar decides

    async def approve(self, state: str, words: str, registrar: SigningKey, reason: str, now: datetime) -> list[Taken]:
        """List a State whose root's words somebody has heard over the telephone; or lift its suspension.

        Appends the listing and what waited, in one transaction. ApprovalError when nothing waits or the words differ.
        """

        async def decide(rows: Rows) -> list[Taken]:
            standing = (await self._catch_up(rows)).registry.standings.get(state)
            if standing and standing.status is Status.LISTED:
                raise ApprovalError("E-LISTED", f"{state} is listed already; nothing to do")
            waits = await rows.waiting(state)
            if standing and standing.charter:
                claim = roots_fingerprint(tuple(key.id for key in standing.charter.roots))
                charters = {claim: standing.charter}
            else:
                charters = _charters(waits)
            claim = _called(state, charters, words)
            number = standing.listings + 1 if standing else 1
            roots, net = charters[claim].roots, self.genesis.net
            listing = make_listing(registrar, state, number, Action.LIST, roots, reason, now, net)
            taken = [await self._decision(rows, listing, now)]
            for item in (item for item in waits if item.claim == claim):
                document, signed = read_object(item.data, item.kind)
                taken.append(await self._take(rows, document, signed, now))
            await rows.drop_waiting(state)
            return taken

        await self.view()
        return await self._shelf.write(decide)

    async def suspend(self, state: str, registrar: SigningKey, reason: str, now: datetime) -> Taken:
        """Suspend a listed State. UnknownStateError, ApprovalError."""

        async def decide(rows: Rows) -> Taken:
            standing = (await self._catch_up(rows)).registry.standings.get(state)
            if standing is None or standing.charter is None:
                raise UnknownStateError("E-UNKNOWN-STATE", f"{state} is not listed; see `directory list`")
            if standing.status is Status.SUSPENDED:
                raise ApprovalError("E-SUSPENDED", f"{state} is suspended already; nothing to do")
            number, roots = standing.listings + 1, standing.charter.roots
            net = self.genesis.net
            listing = make_listing(registrar, state, number, Action.SUSPEND, roots, reason, now, net)
            return await self._decision(rows, listing, now)

        return await self._shelf.write(decide)

    async def _decision(self, rows: Rows, signed: Signed, now: datetime) -> Taken:
        document, _ = read_object(signed.to_bytes(), signed.type)
        view = await self._catch_up(rows)
        leaf = view.registry.leaf_for(document, signed)
        await _append(rows, view, leaf, document, signed, now)
        return Taken("appended", leaf.kind, leaf.state, leaf.digest, view.log.size)

    async def _catch_up(self, rows: Rows) -> View:
        view = self._view
        size = await rows.size()
        if size == view.log.size:
            return view
        if size < view.log.size:
            raise TamperError("E-DATABASE", "the log has become shorter; stop, and restore the newest backup")
        for entry, data in await rows.entries_after(view.log.size):
            view = _replay(view, entry, data)
        # Not kept here: in a writing transaction this may hold entries that are never committed, and a checkpoint over
        # them would be a second history. `view` keeps what it has read as committed.
        return view


def kind_of(data: bytes) -> str:
    """What a submission claims to be: the type of a signed object, or `members`. DocumentError for anything else."""
    try:
        value = decode(data, limit=SUBMISSION_BYTES)
    except KeysError as error:
        raise DocumentError(error.code, f"not a submission: {error}") from None
    match value:
        case [str(magic), str(kind), *_] if magic == MAGIC:
            return kind
        case {"salt": _, "reachability": _}:
            return "members"
    raise DocumentError("E-DOCUMENT-TYPE", "hand in a charter, card, revocation, prekey sheet or members' part")


async def _head(rows: Rows) -> tuple[StoredCheckpoint | None, int]:
    return await rows.checkpoint(), await rows.size()


async def _append(rows: Rows, view: View, leaf: Leaf, document: Entry, signed: Signed, now: datetime) -> None:
    view.registry.apply(leaf, document, signed)
    await rows.append(view.log.size, leaf.to_bytes(), leaf.digest, signed.to_bytes(), now)


def _replay(view: View, entry: bytes, data: bytes) -> View:
    leaf = Leaf.from_bytes(entry)
    try:
        document, signed = read_object(data, leaf.kind)
        registry = view.registry.apply(leaf, document, signed)
    except DirectoryError as error:
        raise TamperError(
            "E-DATABASE", f"the register's own rows do not replay; restore a backup: {error.text}"
        ) from error
    return replace(view, log=view.log.extend([entry]), registry=registry)


def _charters(waits: list[Waiting]) -> dict[bytes, Charter]:
    read = [(item.claim, read_object(item.data, item.kind)[0]) for item in waits]
    return {claim: document for claim, document in read if isinstance(document, Charter)}


def _called(state: str, charters: dict[bytes, Charter], words: str) -> bytes:
    """The claim that these words stand for. ApprovalError if none of the waiting charters has them."""
    if not charters:
        raise ApprovalError("E-NOTHING-WAITS", f"no charter of {state} waits; have it hand one in")
    *others, last = charters
    for claim in others:
        with suppress(ApprovalError):
            words_match(claim, words)
            return claim
    try:
        words_match(last, words)
    except ApprovalError as error:
        raise ApprovalError(error.code, f"{state}: {error.text}") from None
    return last


def _held_sheet(registry: Registry, data: bytes, now: datetime) -> PrekeySheet | None:
    try:
        return check_sheet(registry, data, now)
    except RuleError:
        # Its station key has gone since; whatever the present station signs replaces it.
        return None
