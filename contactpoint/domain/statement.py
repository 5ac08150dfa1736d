"""The statement: all that one State says to another at once, as a value. Its bytes are `contactpoint.wire`'s affair."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.domain.values import Address, Plain, Urgency


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a statement says of a file that travels beside it: name, size in bytes, SHA-256 of its content."""

    name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """One signed utterance in one half of one case.

    Promise: two statements with the same digest are the same statement. `mine` is the digest of the author's last
    statement in this case, `seen` the other side's last one the author had; both are None where there is none.
    `re` is the digest of the request that a move or a follow-up request is about. `by` is an officer's number, or empty
    when the station speaks; `approver` is the second officer's, or None. A statement that opens a case has `case == id`.
    """

    id: str
    case: str
    kind: str
    urgency: Urgency
    cat: str
    pol: str
    sender: Address
    recipient: Address
    at: datetime
    expires: datetime
    by: str
    approver: str | None
    lang: str
    mine: bytes | None
    seen: bytes | None
    re: bytes | None
    thread: str | None
    body: Mapping[str, Plain]
    attachments: tuple[Attachment, ...]
    digest: bytes
