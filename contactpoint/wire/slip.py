"""Slips: one signed object each, by a station or a gateway, that tells carriers nothing they do not know.

The content is made and stored without signature, with its `at`; whoever sends it first signs it and stores that, so
that asking again returns the same bytes. A slip is known by the SHA-256 of its content. Source: `docs/protocol.md`
section 4.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contactpoint.domain.values import Address
from contactpoint.wire.errors import MalformedError, SealError, WrongNetworkError
from contactpoint.wire.fields import Fields, decode_map
from keys.cbor import MAX_BYTES, Value, encode
from keys.certificate import Role
from keys.digest import digest
from keys.errors import KeysError, SignatureError, SpellingError
from keys.instants import to_milliseconds
from keys.signed import Signed, parse, sign, verify
from keys.signing import PublicKey, SigningKey

SLIP_TYPE = "slip"
MAX_SLIP_BYTES = 65_536


class SlipLevel(StrEnum):
    """What a slip says."""

    HELD = "held"
    RECEIVED = "received"
    BLOB_RECEIVED = "blob-received"
    OPENED = "opened"
    REJECTED = "rejected"
    UNDECRYPTABLE = "undecryptable"
    RUNG = "rung"
    OFFICER_REACHED = "officer-reached"
    COVER = "cover"
    UNREACHABLE = "unreachable"
    NOT_RECEIVED = "not-received"
    NOT_OPENED = "not-opened"
    NOT_ACKNOWLEDGED = "not-acknowledged"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    ENDED = "ended"
    RECALL = "recall"
    REVOCATION = "revocation"
    ROUND = "round"


_STATION = frozenset((Role.STATION,))
_EITHER = frozenset((Role.STATION, Role.GATEWAY))
_SIGNERS = {
    SlipLevel.HELD: frozenset((Role.GATEWAY,)),
    SlipLevel.NOT_RECEIVED: _EITHER,
    SlipLevel.EXPIRED: _EITHER,
    SlipLevel.REVOCATION: _EITHER,
}

_REQUIRED = frozenset(["v", "net", "level", "from", "to", "at", "skew", "dir", "journal"])
_LETTER = frozenset(("id", "seal", "envelope"))
_TWIN = (_LETTER, frozenset(("due", "code")))
# Beside _REQUIRED: (what a level must carry, what it may carry). A field that is not listed is refused.
_FIELDS: dict[SlipLevel, tuple[frozenset[str], frozenset[str]]] = {
    SlipLevel.HELD: (_LETTER, frozenset(("code",))),
    SlipLevel.RECEIVED: (_LETTER, frozenset(("code",))),
    SlipLevel.BLOB_RECEIVED: (_LETTER | {"subject"}, frozenset()),
    SlipLevel.OPENED: (_LETTER, frozenset(("code",))),
    SlipLevel.REJECTED: (_LETTER | {"code"}, frozenset()),
    SlipLevel.UNDECRYPTABLE: (_LETTER | {"subject"}, frozenset(("code",))),
    SlipLevel.RUNG: (_LETTER | {"role", "due", "cycle"}, frozenset(("rung", "code"))),
    SlipLevel.OFFICER_REACHED: (_LETTER, frozenset(("role", "due", "cycle", "rung", "code"))),
    # To a third State that covers for this desk by agreement: reference and class (`code`), and nothing by which it could open a letter.
    SlipLevel.COVER: (frozenset(("id", "code")), frozenset()),
    SlipLevel.UNREACHABLE: _TWIN,
    SlipLevel.NOT_RECEIVED: _TWIN,
    SlipLevel.NOT_OPENED: _TWIN,
    SlipLevel.NOT_ACKNOWLEDGED: _TWIN,
    SlipLevel.LAPSED: _TWIN,
    SlipLevel.EXPIRED: _TWIN,
    SlipLevel.ENDED: (_LETTER | {"due", "code"}, frozenset()),
    SlipLevel.RECALL: (frozenset(("since",)), frozenset(("code",))),
    SlipLevel.REVOCATION: (frozenset(("revocation",)), frozenset(("code",))),
    SlipLevel.ROUND: (frozenset(("subject",)), frozenset()),
}
_OPTIONAL = frozenset().union(*(must | may for must, may in _FIELDS.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a station or gateway says of one letter (`id`, `seal`, digest of the envelope), or of itself.

    `at` is when it was said; `skew_ms` the signer's measured clock error, None where unproven; `dir_size` the size of
    the register's log at the signer; `journal_head` the head of the signer's journal, None when it is empty. `subject`
    is the prekey id (undecryptable), blob digest (blob-received) or 32 bytes of chance (round). `due` is the T of a
    *not by T*, of a rung, until which the ladder waits for an officer who was reached, or of a term that ended (`code`
    names its clock). Which fields a level must or may carry is one table in this file.
    """

    level: SlipLevel
    sender: Address
    recipient: Address
    at: datetime
    skew_ms: int | None
    dir_size: int
    journal_head: bytes | None
    id: str | None = None
    seal: int | None = None
    envelope: bytes | None = None
    code: str | None = None
    role: str | None = None
    due: datetime | None = None
    cycle: int | None = None
    rung: int | None = None
    subject: bytes | None = None
    since: datetime | None = None
    revocation: bytes | None = None


def may_sign(level: SlipLevel, role: Role) -> bool:
    """Return whether a key of `role` may say `level`: a station all but held; a gateway held and its twins."""
    return role in _SIGNERS.get(level, _STATION)


def slip_content(slip: Slip, net: bytes) -> bytes:
    """Return the unsigned content that is stored and later signed. Raises MalformedError for a field out of place.

    Nothing is signed here that a recipient would refuse: each field is checked by the same reading, without spelling it back.
    """
    content: dict[str, Value] = {
        "v": 1,
        "net": net,
        "level": slip.level.value,
        "from": str(slip.sender),
        "to": str(slip.recipient),
        "at": to_milliseconds(slip.at),
        "skew": slip.skew_ms,
        "dir": slip.dir_size,
        "journal": slip.journal_head,
    }
    optional: dict[str, Value] = {
        "id": slip.id,
        "seal": slip.seal,
        "envelope": slip.envelope,
        "code": slip.code,
        "role": slip.role,
        "due": None if slip.due is None else to_milliseconds(slip.due),
        "cycle": slip.cycle,
        "rung": slip.rung,
        "subject": slip.subject,
        "since": None if slip.since is None else to_milliseconds(slip.since),
        "revocation": slip.revocation,
    }
    content.update({name: value for name, value in optional.items() if value is not None})
    _read_fields(Fields(content, "slip", _REQUIRED, _OPTIONAL), net)
    try:
        data = encode(content)
    except SpellingError as error:
        raise MalformedError(f"the slip cannot be spelled: {error}") from error
    if len(data) > MAX_BYTES:
        raise MalformedError(f"a slip of {len(data)} bytes, where no reader takes more than {MAX_BYTES}")
    return data


def slip_digest(content: bytes) -> bytes:
    """Return the digest by which a slip is known, whether signed yet or not."""
    return digest(content)


def sign_slip(content: bytes, key: SigningKey, net: bytes) -> bytes:
    """Return the signed slip over stored `content`: what is stored beside it, sent, and sent again."""
    return sign(SLIP_TYPE, content, [key], net).to_bytes()


def read_slip(data: bytes) -> tuple[Slip, Signed]:
    """Return the slip in `data` and its signed form, not yet verified. Raises MalformedError."""
    try:
        signed = parse(data, SLIP_TYPE, limit=MAX_SLIP_BYTES)
    except KeysError as error:
        raise MalformedError(str(error)) from error
    return decode_slip(signed.content), signed


def verify_slip(signed: Signed, key: PublicKey, net: bytes) -> None:
    """Return if `key` alone signed the slip, in the network `net`. Raises SealError, WrongNetworkError.

    The caller chooses `key` by the State the slip comes from and asks `may_sign` whether its role fits the level.
    """
    decode_slip(signed.content, net)
    try:
        verify(signed, [key], net)
    except SignatureError as error:
        raise SealError(f"the slip: {error}") from error


def decode_slip(content: bytes, net: bytes | None = None) -> Slip:
    """Return the slip spelled by unsigned `content`. Raises MalformedError, WrongNetworkError."""
    return _read_fields(decode_map(content, "slip", _REQUIRED, _OPTIONAL), net)


def _read_fields(fields: Fields, net: bytes | None) -> Slip:
    if fields.integer("v") != 1:
        raise MalformedError("a slip of another version: update this node")
    if fields.octets("net", 16) != net and net is not None:
        raise WrongNetworkError("the slip was made for another network: never mix training and live")
    try:
        level = SlipLevel(fields.text("level"))
    except ValueError as error:
        raise MalformedError("a slip of unknown level: update this node") from error
    must, may = _FIELDS[level]
    present = frozenset(name for name in _OPTIONAL if fields.has(name))
    if not must <= present <= must | may:
        raise MalformedError(f"a {level.value} slip lacks {sorted(must - present)} or has a field out of place")
    return Slip(
        level=level,
        sender=fields.address("from"),
        recipient=fields.address("to"),
        at=fields.instant("at"),
        skew_ms=fields.integer_or_none("skew"),
        dir_size=fields.integer("dir"),
        journal_head=fields.octets_or_none("journal", 32),
        id=fields.message_id("id") if "id" in present else None,
        seal=fields.integer("seal", least=1) if "seal" in present else None,
        envelope=fields.octets("envelope", 32) if "envelope" in present else None,
        code=fields.token("code") if "code" in present else None,
        role=fields.token("role") if "role" in present else None,
        due=fields.instant("due") if "due" in present else None,
        cycle=fields.integer("cycle") if "cycle" in present else None,
        rung=fields.integer("rung") if "rung" in present else None,
        subject=fields.octets("subject", 32) if "subject" in present else None,
        since=fields.instant("since") if "since" in present else None,
        revocation=fields.octets("revocation") if "revocation" in present else None,
    )
