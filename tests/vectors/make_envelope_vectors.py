"""Write envelope.json beside this file: `python -m tests.vectors.make_envelope_vectors`.

Everything that suite 1 fixes is drawn from names: seeds, salt, statement, core, slip. What the library draws itself
(ML-DSA signatures, encapsulations, chunk nonces) differs from run to run; the file is therefore frozen: a second
implementation opens and verifies it, and makes the same digests. Do not write it again unless the protocol changes.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from contactpoint.wire.envelope import read_envelope
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content, slip_digest
from keys.signed import add_signature
from tests.keys.key_examples import NET, NOON, drawn
from tests.wire.letter_examples import (
    APPROVER,
    GATEWAY,
    ISSUER,
    OFFICER,
    OTHER_ID,
    PREKEY,
    SALT,
    STATION,
    blobs,
    certificate,
    sealed,
    signed_statement,
)

FILE = Path(__file__).with_name("envelope.json")


def made() -> dict[str, object]:
    """Return the vectors: names to hex, text or numbers."""
    statement, attachments, stored = blobs(b"attached evidence")
    signed = add_signature(signed_statement(replace(statement, approver="008")), APPROVER, NET)
    paper = certificate()
    parcel = sealed(
        signed=signed, certificates=[paper], attachments=attachments, random=drawn_content, unreceived=[OTHER_ID]
    )
    envelope = read_envelope(parcel.envelope, NET)
    slip = Slip(
        level=SlipLevel.HELD,
        sender=statement.recipient,
        recipient=statement.sender,
        at=NOON + timedelta(seconds=6),
        skew_ms=-3,
        dir_size=12,
        journal_head=drawn("journal", 32),
        id=statement.id,
        seal=1,
        envelope=envelope.digest,
    )
    content = slip_content(slip, NET)
    return {
        "net": NET.hex(),
        "seeds": {
            "station": STATION.seed.hex(),
            "gateway": GATEWAY.seed.hex(),
            "issuer": ISSUER.seed.hex(),
            "officer": OFFICER.seed.hex(),
            "approver": APPROVER.seed.hex(),
            "prekey": PREKEY.seed.hex(),
        },
        "key_ids": {
            "station": STATION.public.id.hex(),
            "gateway": GATEWAY.public.id.hex(),
            "officer": OFFICER.public.id.hex(),
            "prekey": PREKEY.public.id.hex(),
        },
        "salt": SALT.hex(),
        "statement_content": signed.content.hex(),
        "statement_digest": signed.digest.hex(),
        "statement": signed.to_bytes().hex(),
        "certificate": paper.hex(),
        "commitment": envelope.core.commitment.hex(),
        "core_digest": envelope.core_digest.hex(),
        "envelope": parcel.envelope.hex(),
        "envelope_digest": envelope.digest.hex(),
        "payload": parcel.payload.hex(),
        "blob": stored[0].hex(),
        "blob_content": b"attached evidence".hex(),
        "slip_content": content.hex(),
        "slip_digest": slip_digest(content).hex(),
        "slip": sign_slip(content, GATEWAY, NET).hex(),
    }


def drawn_content(size: int) -> bytes:
    return drawn("content key", size)


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n")
