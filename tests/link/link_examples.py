"""States with real keys, a register that is a table, real letters, and two session machines joined by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.envelope import Parcel, seal_letter
from contactpoint.wire.frames import Lane, Role
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import Dialler, Identity, Listener, SessionEvent, Standing
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content
from contactpoint.wire.statement import STATEMENT_TYPE, encode_statement
from keys.signed import sign
from keys.signing import PublicKey, SigningKey
from keys.xwing import SealingKey

NET = b"training-net-16b"
LIVE = b"another-net-16-b"
NOW = datetime(2027, 3, 4, 3, 0, tzinfo=UTC)
HOST = "127.0.0.1:4100"


def drawn(name: str, size: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(size)


@cache
def key(name: str) -> SigningKey:
    """`XA station`, `XB gateway`: always the same key for the same name."""
    return SigningKey.from_seed(drawn(name, 64))


def message_id(number: int) -> str:
    return f"0195{number:04x}-0000-7000-8000-{number:012x}"


@dataclass
class Book:
    """A register that is a table: (State, role) -> keys."""

    keys: dict[tuple[str, Role], list[PublicKey]]
    size: int = 40
    root: bytes | None = b"r" * 32
    checked_at: datetime = NOW

    def station_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        return self.keys.get((state, Role.STATION), ())

    def gateway_keys(self, state: str, at: datetime) -> Sequence[PublicKey]:
        return self.keys.get((state, Role.GATEWAY), ())


def book_of(*states: str) -> Book:
    keys = {(state, role): [key(f"{state} {role.value}").public] for state in states for role in Role}
    return Book(keys)


def identity(state: str, role: Role, net: bytes = NET) -> Identity:
    signing = key(f"{state} {role.value}")
    return Identity(state, role, signing.public.id, proof_signer(signing, net))


@dataclass(frozen=True)
class LetterForm:
    """What a test wants to vary of a letter."""

    number: int = 1
    sender: str = "XA"
    recipient: str = "XB"
    urgency: Urgency = Urgency.U0
    at: datetime = NOW
    life: timedelta = timedelta(days=1)
    dir_size: int = 40
    seal: int = 1
    text: str = "keep the account"
    net: bytes = NET
    station: str = ""


@cache
def letter(form: LetterForm) -> Parcel:
    """A real letter: statement signed, sealed to a prekey, envelope signed by the sender's station. The same each time."""
    statement = Statement(
        id=message_id(form.number),
        case=message_id(form.number),
        kind="PRES-NEW",
        urgency=form.urgency,
        cat="1",
        pol="demo-1",
        sender=Address(form.sender),
        recipient=Address(form.recipient),
        at=form.at,
        expires=form.at + form.life,
        by="XA-7",
        approver=None,
        lang="en",
        mine=None,
        seen=None,
        re=None,
        thread=None,
        body={"text": form.text},
        attachments=(),
        digest=b"",
    )
    signed = sign(STATEMENT_TYPE, encode_statement(statement, form.net), [key("officer")], form.net)
    return seal_letter(
        signed,
        (),
        (),
        to_prekey=SealingKey.from_seed(drawn("prekey", 32)).public,
        station=key(form.station or f"{form.sender[:2]} station"),
        seal=form.seal,
        dir_size=form.dir_size,
        unreceived=(),
        at=form.at,
        net=form.net,
        random=lambda size: drawn(f"{form}", size),
    )


def slip(
    sender: str = "XA", recipient: str = "XB", *, signer: str = "", level: SlipLevel = SlipLevel.RECEIVED
) -> bytes:
    """A real slip of a station, or of whoever is named."""
    content = slip_content(
        Slip(
            level=level,
            sender=Address(sender),
            recipient=Address(recipient),
            at=NOW,
            skew_ms=None,
            dir_size=40,
            journal_head=None,
            id=message_id(1),
            seal=1,
            envelope=b"e" * 32,
        ),
        NET,
    )
    return sign_slip(content, key(signer or f"{sender} station"), NET)


@dataclass
class Joined:
    """A dialler and a listener with a wire between them that the test holds in its hands."""

    dialler: Dialler
    listener: Listener
    now: datetime = NOW
    heard: list[SessionEvent] = field(default_factory=list)
    served: list[SessionEvent] = field(default_factory=list)

    def run(self) -> None:
        """Carry messages both ways until both are silent."""
        while True:
            there, back = self.dialler.data_to_send(), self.listener.data_to_send()
            if not there and not back:
                return
            for data in there:
                self.served += self.listener.receive(data, self.now)
            for data in back:
                self.heard += self.dialler.receive(data, self.now)


def dialler_of(state: str = "XA", role: Role = Role.STATION, **other: object) -> Dialler:
    """XA's station, dialling XB's gateway."""
    values: dict[str, object] = {"name": "XB", "host": HOST, "lane": Lane.URGENT, "book": None, "limits": LinkLimits()}
    values |= other
    book = values["book"] or book_of("XA", "XB")
    return Dialler(
        identity(state, role),
        Standing(log_size=40, log_root=b"r" * 32),
        proof_verifier(book, NET),  # type: ignore[arg-type]
        drawn(f"nonce of {state} {role}", 32),
        values["limits"],  # type: ignore[arg-type]
        NOW,
        name=values["name"],  # type: ignore[arg-type]
        host=values["host"],  # type: ignore[arg-type]
        lane=values["lane"],  # type: ignore[arg-type]
    )


def listener_of(
    state: str = "XB",
    role: Role = Role.GATEWAY,
    *,
    book: Book | None = None,
    hosts: Sequence[str] = (HOST,),
    **other: object,
) -> Listener:
    """XB's gateway."""
    limits = other.get("limits", LinkLimits())
    return Listener(
        identity(state, role),
        Standing(log_size=40, log_root=b"r" * 32),
        proof_verifier(book or book_of("XA", "XB"), NET),
        drawn(f"nonce of listening {state}", 32),
        limits,  # type: ignore[arg-type]
        NOW,
        hosts=frozenset(hosts),
    )
