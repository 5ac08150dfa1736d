"""Facts: the receipts and slips that prove how far a letter came. Each is fixed in the transaction that it speaks of.

The row holds the unsigned content with its ``at``; who sends it first signs it and stores the signature where there is none,
so that asking again gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.domain.values import Address
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append, head_of_this
from contactpoint.store.rows_outbox import fact_row, insert_fact, insert_parcel, store_signature
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content, slip_digest

# A slip to a State that does not answer is repeated for as long as its prekeys live; after that nobody waits for it.
SLIP_LIFE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class About:
    """The letter that a slip speaks of."""

    id: str
    sender: str
    seal: int
    envelope: bytes
    urgency: str


async def say(
    tx: AsyncConnection,
    cw: Casework,
    level: SlipLevel,
    about: About,
    to: str,
    now: datetime,
    *,
    code: str | None = None,
    role: str | None = None,
    due: datetime | None = None,
    cycle: int | None = None,
    rung: int | None = None,
    subject: bytes | None = None,
) -> None:
    """Fix a slip of our station in this transaction and put it into the outbox. Its journal head covers the entry of this very step."""
    # Whoever covers for us is told class and reference; a slip to a third State must not name our letter's bytes.
    third = level is SlipLevel.COVER
    head = head_of_this(tx, journal) or await append(tx, journal, f"said {level.value}", about.id, about.envelope, now)
    slip = Slip(
        level=level,
        sender=Address(cw.state),
        recipient=Address(to),
        at=now,
        skew_ms=None,
        dir_size=cw.register.copy.size,
        journal_head=head,
        id=about.id,
        seal=None if third else about.seal,
        envelope=None if third else about.envelope,
        code=code,
        role=role,
        due=due,
        cycle=cycle,
        rung=rung,
        subject=subject,
    )
    content = slip_content(slip, cw.net)
    digest = slip_digest(content)
    await insert_fact(tx, _row(slip, digest, content, None, about.sender, "station"))
    await insert_parcel(
        tx,
        {
            "id": digest.hex(),
            "recipient": to,
            "urgency": about.urgency,
            "fact": digest,
            "next_at": now,
            "expires": now + SLIP_LIFE,
        },
    )


async def keep(
    tx: AsyncConnection,
    slip: Slip,
    content: bytes,
    signed: bytes,
    statement_sender: str,
    who: str,
) -> bool:
    """Keep a verified receipt or slip of another signer, once. False: it was known."""
    return await insert_fact(tx, _row(slip, slip_digest(content), content, signed, statement_sender, who))


async def sign_fact(cw: Casework, digest: bytes) -> bytes:
    """The signed bytes of one of our slips: signed once, stored, and from then on the same for whoever asks."""
    row = await cw.db.read(lambda tx: fact_row(tx, digest))
    if row is None:
        raise LookupError(f"slip {digest.hex()} is in the outbox but not among the facts")
    if row.signed is not None:
        return bytes(row.signed)
    signed = sign_slip(bytes(row.content), cw.keyring.station, cw.net)
    return await cw.db.write(lambda tx: store_signature(tx, digest, signed))


def _row(
    slip: Slip,
    digest: bytes,
    content: bytes,
    signed: bytes | None,
    statement_sender: str,
    who: str,
) -> dict[str, object]:
    return {
        "digest": digest,
        # What is said to a third State is no proof in the case.
        "statement_id": "" if slip.level is SlipLevel.COVER else slip.id or "",
        "statement_sender": statement_sender,
        "level": slip.level.value,
        "by_state": slip.sender,
        "who": who,
        "at": slip.at,
        "note": _note(slip),
        "content": content,
        "signed": signed,
    }


def _note(slip: Slip) -> str:
    if slip.level is SlipLevel.RUNG:
        return ", ".join(filter(None, (slip.role, f"cycle {(slip.cycle or 0) + 1}", slip.code)))
    if slip.level is SlipLevel.OFFICER_REACHED:
        return slip.role or ""
    return slip.code or ""
