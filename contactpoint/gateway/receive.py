"""The put path: check, store in one transaction, sign *held*. Reads nothing but the outside of a letter.

On the hot path stand one signature verified, one durable commit and one signature made. What is refused leaves no bytes
behind; some refusals leave an event, so that the desk hears of a forged letter whose content nobody has seen.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.domain.values import Address, Urgency
from contactpoint.gateway.errors import RefusedError
from contactpoint.gateway.mailbox import Mailbox
from contactpoint.gateway.parts import GatewayParts
from contactpoint.gateway.trust import Signers
from contactpoint.link.results import HeldResult, PutResult, StoredResult
from contactpoint.store import rows_mailbox as rows
from contactpoint.store.errors import ConflictError, StorageUnavailableError
from contactpoint.store.gateway_schema import journal
from contactpoint.store.journal import append
from contactpoint.wire.envelope import Envelope, Parcel, check_outer, read_parcel
from contactpoint.wire.errors import ExpiredError, WireError
from contactpoint.wire.frames import Cargo, Role
from contactpoint.wire.session import Peer
from contactpoint.wire.slip import Slip, SlipLevel, may_sign, read_slip, sign_slip, slip_content, verify_slip
from keys.certificate import Role as KeyRole
from keys.digest import labelled

_KEY_ROLE = {Role.STATION: KeyRole.STATION, Role.GATEWAY: KeyRole.GATEWAY}
CLOCK_OFF_MS = 30_000
"""A clock known to be further off than this must not refuse letters for their date."""
_TOLD = frozenset({"E-UNTRUSTED-KEY", "E-SIGNATURE", "E-REPLAY"})
"""Refusals that the desk is told of: somebody speaks in a State's name. The rest is the sender's own mistake."""


class Receiving:
    """Takes letters and slips from peers into mailboxes."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts
        self._signers = Signers(parts.book, parts.fetch_register)

    async def put(self, peer: Peer, cargo: Cargo) -> PutResult:
        """Store it and say so, or say why not; what is said is durable. Bad input never raises."""
        try:
            if isinstance(cargo, Parcel):
                return await self._letter(peer, cargo)
            return await self._slip(peer, cargo)
        except WireError as error:
            return RefusedError(error.code).answer
        except RefusedError as error:
            return error.answer
        except StorageUnavailableError:
            # No lying receipt: whether the commit happened is unknown, so nothing is claimed; a repeat will tell.
            self._parts.alarm("E-UNAVAILABLE", "")
            return RefusedError("E-UNAVAILABLE").answer

    async def _letter(self, peer: Peer, parcel: Parcel) -> PutResult:
        parts = self._parts
        envelope = read_parcel(parcel, parts.net)
        mailbox = parts.mailboxes.of(envelope.core.recipient)
        if mailbox is None:
            raise RefusedError("E-NOT-FOR-US")
        try:
            self._check_sender(peer, envelope, parts.clock())
        except (WireError, RefusedError) as error:
            known = await self._known(peer, mailbox, envelope)
            if known is not None:
                return known
            await self._tell_desk(mailbox, envelope, error.code)
            raise
        return await self._hold(mailbox, envelope, parcel)

    def _check_sender(self, peer: Peer, envelope: Envelope, now: datetime) -> None:
        core = envelope.core
        state = state_of(core.sender)
        # Who carries a letter must be who wrote it: a copied letter cannot be put by anybody else.
        if peer.proven and (peer.name != state or peer.role is not Role.STATION):
            raise RefusedError("E-REPLAY")
        key = self._signers.find(state, Role.STATION, envelope.signed.signers, core.dir, now)
        # A stranger's link proved nothing, whatever key stands under the letter it copied.
        skew = self._parts.skew_ms()
        check_outer(envelope, key, now, clock_trusted=skew is None or abs(skew) <= CLOCK_OFF_MS)
        if not peer.proven:
            raise RefusedError("E-REPLAY")

    async def _known(self, peer: Peer, mailbox: Mailbox, envelope: Envelope) -> PutResult | None:
        """The receipt of a letter that has expired, or whose key was withdrawn, since it was first held."""
        core = envelope.core
        if not peer.proven or peer.name != state_of(core.sender):
            return None
        row = await self._parts.db.read(lambda tx: rows.known_letter(tx, mailbox.name, core.sender, core.id, core.seal))
        same = row is not None and row.digest == envelope.digest and row.receipt is not None
        return HeldResult(bytes(row.receipt), duplicate=True) if row is not None and same else None

    async def _hold(self, mailbox: Mailbox, envelope: Envelope, parcel: Parcel) -> PutResult:
        async def work(tx: AsyncConnection) -> tuple[PutResult | None, int]:
            return await self._hold_once(tx, mailbox, envelope, parcel)

        try:
            result, number = await self._parts.db.write(work)
        except ConflictError:
            # Two copies of the gateway were given the same letter at once; the other one has won: look again.
            result, number = await self._parts.db.write(work)
        if result is None:
            self._parts.alarm("E-ID-CONFLICT", envelope.core.id)
            raise RefusedError("E-ID-CONFLICT")
        self._parts.bells.ring(mailbox.name, number)
        return result

    async def _hold_once(
        self, tx: AsyncConnection, mailbox: Mailbox, envelope: Envelope, parcel: Parcel
    ) -> tuple[PutResult | None, int]:
        """Known already, or a number, a journal entry, a receipt and the letter. Returns the answer (None: a conflict)
        and the mailbox's new number (0: none).
        """
        # The receipt is signed inside the transaction and said after its commit: one commit instead of two, and the
        # promise is the same. Until the commit the signature is in this process's memory only; a crash before it loses
        # both, a crash after it finds both stored, and a repeat gets these very bytes. A signature made after the
        # commit would need a second commit before it could be said, because it cannot be made again.
        parts, core = self._parts, envelope.core
        number = await rows.next_number_unless_known(tx, mailbox.name, core.sender, core.id, core.seal)
        if number is None:
            return await self._known_already(tx, mailbox, envelope, parcel), 0
        at = parts.clock()
        head = await append(tx, journal, "held", f"{mailbox.name}/{core.id}/{core.seal}", envelope.digest, at)
        receipt = sign_slip(self._held_content(envelope, head, at), parts.key, parts.net)
        letter = rows.NewItem(
            mailbox=mailbox.name,
            kind=rows.LETTER,
            sender=core.sender,
            id=core.id,
            seal=core.seal,
            urgency=core.urgency.value,
            digest=envelope.digest,
            at=at,
            envelope=parcel.envelope,
            payload=parcel.payload,
            receipt=receipt,
        )
        await rows.add_item(tx, number, letter)
        return HeldResult(receipt, duplicate=False), number

    async def _known_already(
        self, tx: AsyncConnection, mailbox: Mailbox, envelope: Envelope, parcel: Parcel
    ) -> PutResult | None:
        core = envelope.core
        known = await rows.known_letter(tx, mailbox.name, core.sender, core.id, core.seal)
        if known is None or known.digest != envelope.digest:
            await self._keep_conflict(tx, mailbox, envelope, parcel)
            return None
        if known.receipt is None:
            raise ExpiredError("held and receipted more than 400 days ago")
        return HeldResult(bytes(known.receipt), duplicate=True)

    def _held_content(self, envelope: Envelope, head: bytes, at: datetime) -> bytes:
        parts, core = self._parts, envelope.core
        held = Slip(
            level=SlipLevel.HELD,
            sender=parts.name,
            recipient=core.sender,
            at=at,
            skew_ms=parts.skew_ms(),
            dir_size=parts.book.size,
            journal_head=head,
            id=core.id,
            seal=core.seal,
            envelope=envelope.digest,
        )
        return slip_content(held, parts.net)

    async def _keep_conflict(self, tx: AsyncConnection, mailbox: Mailbox, envelope: Envelope, parcel: Parcel) -> None:
        core, at = envelope.core, self._parts.clock()
        values = {
            "mailbox": mailbox.name,
            "digest": envelope.digest,
            "sender": core.sender,
            "id": core.id,
            "seal": core.seal,
            "envelope": parcel.envelope,
            "at": at,
        }
        await rows.keep_conflict(tx, values, self._parts.limits.conflicts)
        await self._add_event(tx, mailbox, envelope, "E-ID-CONFLICT", at)

    async def _tell_desk(self, mailbox: Mailbox, envelope: Envelope, code: str) -> None:
        if code not in _TOLD:
            return
        self._parts.alarm(code, mailbox.name)
        at = self._parts.clock()
        await self._parts.db.write(lambda tx: self._add_event(tx, mailbox, envelope, code, at))
        self._parts.bells.ring(mailbox.name)

    async def _add_event(
        self, tx: AsyncConnection, mailbox: Mailbox, envelope: Envelope, code: str, at: datetime
    ) -> None:
        """Tell the desk once of this letter, and not too often of letters in this State's name."""
        core = envelope.core
        claimed = state_of(core.sender)
        mark = labelled("cpn1/refused", claimed, core.id, core.seal, envelope.digest, code)
        most = self._parts.limits.refusals_per_hour
        recent = await rows.count_events(tx, mailbox.name, claimed, at - timedelta(hours=1))
        if recent >= most or await rows.knows_digest(tx, mailbox.name, mark):
            return
        number = await rows.next_number(tx, mailbox.name)
        await append(tx, journal, f"refused {code}", f"{mailbox.name}/{core.id}/{core.seal}", envelope.digest, at)
        event = rows.NewItem(
            mailbox=mailbox.name,
            kind=rows.EVENT,
            sender=claimed,
            id=core.id,
            seal=None,
            urgency=core.urgency.value,
            digest=mark,
            at=at,
            event=rows.REFUSED,
            code=code,
        )
        await rows.add_item(tx, number, event)

    async def _slip(self, peer: Peer, data: bytes) -> PutResult:
        parts, now = self._parts, self._parts.clock()
        slip, signed = read_slip(data)
        mailbox = parts.mailboxes.of(slip.recipient)
        if mailbox is None:
            raise RefusedError("E-NOT-FOR-US")
        if peer.proven and peer.name != state_of(slip.sender):
            raise RefusedError("E-REPLAY")
        if not may_sign(slip.level, _KEY_ROLE[peer.role]):
            raise RefusedError("E-SIGNATURE")
        key = self._signers.find(state_of(slip.sender), peer.role, signed.signers, slip.dir_size, now)
        verify_slip(signed, key, parts.net)
        if not peer.proven:
            raise RefusedError("E-REPLAY")

        async def work(tx: AsyncConnection) -> int:
            return await self._store_slip(tx, mailbox, slip, signed.digest, data)

        try:
            number = await parts.db.write(work)
        except ConflictError:
            number = await parts.db.write(work)
        parts.bells.ring(mailbox.name, number)
        return StoredResult()

    async def _store_slip(self, tx: AsyncConnection, mailbox: Mailbox, slip: Slip, digest: bytes, data: bytes) -> int:
        if await rows.knows_digest(tx, mailbox.name, digest):
            return 0
        number = await rows.next_number(tx, mailbox.name)
        at = self._parts.clock()
        await append(tx, journal, f"slip {slip.level.value}", f"{mailbox.name}/{slip.id or ''}", digest, at)
        new = rows.NewItem(
            mailbox=mailbox.name,
            kind=rows.SLIP,
            sender=slip.sender,
            id=slip.id or "",
            seal=None,
            urgency=Urgency.U1.value,
            digest=digest,
            at=at,
            slip=data,
        )
        await rows.add_item(tx, number, new)
        return number


def state_of(address: Address) -> str:
    """The State of an address: `XA` of `XA-T1`."""
    return str(address).partition("-")[0]
