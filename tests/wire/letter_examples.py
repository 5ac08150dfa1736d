"""One request from XA to XB, its keys and its letter, for the tests of envelopes, statements and slips."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contactpoint.domain.statement import Attachment, Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.attachments import SealedAttachment, seal_attachment
from contactpoint.wire.envelope import Parcel, seal_letter
from contactpoint.wire.statement import STATEMENT_TYPE, encode_statement
from keys.certificate import issue_officer
from keys.signed import Signed, sign
from keys.xwing import SealingKey
from tests.keys.key_examples import NET, NOON, drawing, drawn, sealing_key, signing_key

STATION, GATEWAY, OFFICER, APPROVER, ISSUER = (
    signing_key(f"XA {role}") for role in ("station", "gateway", "officer", "approver", "issuer")
)
ROGUE = signing_key("QM station")
PREKEY, OTHER_PREKEY = sealing_key("XB prekey"), sealing_key("QN prekey")
ID = "01954e7a-0000-7000-8000-000000000001"
OTHER_ID = "01954e7a-0000-7000-8000-000000000002"
SALT = drawn("salt", 32)

STATEMENT = Statement(
    id=ID,
    case=ID,
    kind="PRES-NEW",
    urgency=Urgency.U1,
    cat="1",
    pol="standard-1",
    sender=Address("XA"),
    recipient=Address("XB"),
    at=NOON,
    expires=NOON + timedelta(days=1),
    by="007",
    approver=None,
    lang="en",
    mine=None,
    seen=None,
    re=None,
    thread=None,
    body={"account": "a.b@mail.example", "since": 1, "parts": [{"known": True}, None]},
    attachments=(),
    digest=b"",
)


def signed_statement(statement: Statement = STATEMENT, net: bytes = NET) -> Signed:
    return sign(STATEMENT_TYPE, encode_statement(statement, net), [OFFICER], net)


def certificate() -> bytes:
    return issue_officer(ISSUER, "XA", "007", [], OFFICER, NOON, NOON + timedelta(days=31), NET).to_bytes()


def sealed(statement: Statement = STATEMENT, **changes: Any) -> Parcel:
    """A good letter, with `changes` to the arguments of seal_letter."""
    arguments: dict[str, Any] = {
        "certificates": [],
        "attachments": [],
        "to_prekey": PREKEY.public,
        "station": STATION,
        "seal": 1,
        "dir_size": 12,
        "unreceived": [],
        "at": NOON + timedelta(seconds=5),
        "net": NET,
        "random": drawing("letter"),
        "salt": SALT,
        **changes,
    }
    signed = arguments.pop("signed", None) or signed_statement(statement, arguments["net"])
    return seal_letter(signed, arguments.pop("certificates"), arguments.pop("attachments"), **arguments)


def opening(*keys: SealingKey) -> Any:
    return {key.public.id: key for key in keys}.get


def blobs(*contents: bytes) -> tuple[Statement, list[SealedAttachment], list[bytes]]:
    """The example statement with one attachment per content, the attachments and their sealed bytes."""
    listed, stored = [], []
    for number, content in enumerate(contents):
        written: list[bytes] = []
        listed.append(
            seal_attachment(
                f"{number}.pdf",
                [content],
                written.append,
                statement_id=ID,
                net=NET,
                random=drawing(f"blob/{number}"),
            )
        )
        stored.append(b"".join(written))
    attachments = tuple(Attachment(item.name, item.size, item.sha256) for item in listed)
    return replace(STATEMENT, attachments=attachments), listed, stored
