"""Envelopes: commit, encrypt, sign, in this order; and back, refusing every difference between outside and inside.

    core     = {v, net, suite, id, seal, from, to, at, expires, class, commitment, dir, unreceived}
    wrap     = HPKE(prekey, info = ["cpn1/wrap", H(core), key id], content key)
    payload  = Cobblestone-256(HKDF(content key, salt = H(core)), ["cpn1/payload", H(core)], padded manifest)
    envelope = signed("envelope", {core, wrap, payload, blobs}, station key)

Why this order (`docs/protocol.md` section 3): the outer signature is checked before a byte is stored; nobody strips
and re-signs, because the sender stands in HPKE's info; nobody forwards, because the statement repeats id, from and to;
no two recipients are shown two texts, because of the commitment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.attachments import SealedAttachment
from contactpoint.wire.errors import (
    ClockError,
    ExpiredError,
    MalformedError,
    MismatchError,
    SealError,
    SuiteError,
    TooLargeError,
    UndecryptableError,
    WrongNetworkError,
)
from contactpoint.wire.fields import Fields, decode_map, is_message_id
from contactpoint.wire.statement import LONGEST_LIFE, MAX_ATTACHMENTS, STATEMENT_TYPE, decode_statement
from keys.body import KEY_BYTES, derive_key, open_body, seal_body
from keys.cbor import Value, encode
from keys.digest import digest, labelled
from keys.errors import KeysError, SignatureError, UnsealError
from keys.instants import to_milliseconds
from keys.signed import Signed, parse, sign, verify
from keys.signing import PublicKey, SigningKey
from keys.xwing import WRAPPED_BYTES, SealingKey, SealingPublicKey, unwrap, wrap

ENVELOPE_TYPE = "envelope"
SUITE = 1
MAX_LETTER_BYTES = 131_072
MAX_UNRECEIVED = 16
MAX_CERTIFICATES = 4
SALT_BYTES = 32
MOST_AHEAD = timedelta(minutes=5)

_CORE = frozenset(
    ["v", "net", "suite", "id", "seal", "from", "to", "at", "expires", "class", "commitment", "dir", "unreceived"]
)
_CONTENT = frozenset(("core", "wrap", "payload", "blobs"))
_MANIFEST = frozenset(("salt", "statement", "certificates", "attachments"))
_ATTACHMENT = frozenset(("name", "size", "sha256", "key", "digest"))
_BLOB = frozenset(("digest", "size"))


@dataclass(frozen=True, slots=True)
class Core:
    """What carriers see of a letter. `at` is when it was sealed; `seal` counts the sealings of the statement from 1."""

    net: bytes
    suite: int
    id: str
    seal: int
    sender: Address
    recipient: Address
    at: datetime
    expires: datetime
    urgency: Urgency
    commitment: bytes
    dir: int
    unreceived: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlobHeader:
    """SHA-256 and size in bytes of one sealed attachment."""

    digest: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope; its signature holds only after `check_outer`."""

    core: Core
    core_digest: bytes
    wrap_key_id: bytes
    wrapped: bytes
    payload_digest: bytes
    payload_size: int
    blobs: tuple[BlobHeader, ...]
    signed: Signed

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content, without signatures: how receipts and slips name this envelope."""
        return self.signed.digest


@dataclass(frozen=True, slots=True)
class Parcel:
    """What travels: envelope bytes and payload bytes, together at most 128 KiB."""

    envelope: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """An opened letter: the officers' signed statement, not yet verified against their certificates, and its parts."""

    envelope: Envelope
    statement: Signed
    fields: Statement
    salt: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    attachments: tuple[SealedAttachment, ...]


def commitment(salt: bytes, statement_digest: bytes) -> bytes:
    """Return what an envelope commits to; a court checks it from the disclosed salt and statement with no key."""
    return labelled("com", salt, statement_digest)


def seal_letter(
    statement: Signed,
    certificates: Sequence[bytes],
    attachments: Sequence[SealedAttachment],
    *,
    to_prekey: SealingPublicKey,
    station: SigningKey,
    seal: int,
    dir_size: int,
    unreceived: Sequence[str],
    at: datetime,
    net: bytes,
    random: Callable[[int], bytes],
    salt: bytes | None = None,
) -> Parcel:
    """Return `statement` sealed to one recipient's prekey and signed by the sender's station.

    Pass the same 32-byte `salt` for every sealing and every recipient of a statement, so that the commitment stays the
    same; drawn where None. Raises ExpiredError, TooLargeError, MismatchError, MalformedError.
    """
    fields = decode_statement(statement.content, net)
    if not at < fields.expires:
        raise ExpiredError("the statement has expired: write a new one")
    if tuple(item.attachment for item in attachments) != fields.attachments:
        raise MismatchError("the sealed attachments are not those that the statement lists: seal these")
    salt = random(SALT_BYTES) if salt is None else salt
    manifest = _manifest(statement, salt, certificates, attachments)
    core = _core_map(fields, seal, at, commitment(salt, statement.digest), dir_size, unreceived, net)
    core_digest = digest(encode(core))
    content_key = random(KEY_BYTES)
    payload = seal_body(derive_key(content_key, core_digest), _payload_context(core_digest), manifest)
    wrapped = wrap(to_prekey, content_key, _wrap_info(core_digest, to_prekey.id))
    content: dict[str, Value] = {
        "core": core,
        "wrap": {"key": to_prekey.id, "sealed": wrapped},
        "payload": {"digest": digest(payload), "size": len(payload)},
        "blobs": [{"digest": item.blob_digest, "size": item.blob_size} for item in attachments],
    }
    signed = sign(ENVELOPE_TYPE, encode(content), [station], net)
    _read_content(signed, net)  # nothing is sent that a gateway would refuse
    parcel = Parcel(signed.to_bytes(), payload)
    _check_size(parcel)
    return parcel


def _core_map(
    fields: Statement, seal: int, at: datetime, commitment: bytes, dir_size: int, unreceived: Sequence[str], net: bytes
) -> dict[str, Value]:
    ids: list[Value] = list(unreceived)
    return {
        "v": 1,
        "net": net,
        "suite": SUITE,
        "id": fields.id,
        "seal": seal,
        "from": str(fields.sender),
        "to": str(fields.recipient),
        "at": to_milliseconds(at),
        "expires": to_milliseconds(fields.expires),
        "class": fields.urgency.value,
        "commitment": commitment,
        "dir": dir_size,
        "unreceived": ids,
    }


def _manifest(
    statement: Signed, salt: bytes, certificates: Sequence[bytes], attachments: Sequence[SealedAttachment]
) -> bytes:
    if len(salt) != SALT_BYTES or len(certificates) > MAX_CERTIFICATES:
        raise MalformedError(f"a salt has {SALT_BYTES} bytes, a letter at most {MAX_CERTIFICATES} certificates")
    listed: list[Value] = [
        {"name": a.name, "size": a.size, "sha256": a.sha256, "key": a.key, "digest": a.blob_digest} for a in attachments
    ]
    papers: list[Value] = list(certificates)
    return encode({"salt": salt, "statement": statement.to_bytes(), "certificates": papers, "attachments": listed})


def read_envelope(data: bytes, net: bytes) -> Envelope:
    """Return the envelope in `data`, of this network and suite; its signature is checked by `check_outer`.

    Raises MalformedError, TooLargeError, WrongNetworkError, SuiteError.
    """
    if len(data) > MAX_LETTER_BYTES:
        raise TooLargeError("an envelope above 128 KiB: move long text into an attachment")
    return _read_content(_parse(data, ENVELOPE_TYPE), net)


def read_parcel(parcel: Parcel, net: bytes) -> Envelope:
    """Return the envelope of `parcel` after checking that the payload is the one it names: what a gateway calls first.

    Raises as `read_envelope`, and MismatchError.
    """
    _check_size(parcel)
    envelope = read_envelope(parcel.envelope, net)
    if len(parcel.payload) != envelope.payload_size or digest(parcel.payload) != envelope.payload_digest:
        raise MismatchError("the payload is not the one that the envelope names: send it again unchanged")
    return envelope


def _read_content(signed: Signed, net: bytes) -> Envelope:
    fields = decode_map(signed.content, "envelope", _CONTENT)
    core_map = fields.mapping("core")
    core = _read_core(core_map, net)
    wrapped = Fields(fields.mapping("wrap"), "wrap", frozenset(("key", "sealed")))
    payload = Fields(fields.mapping("payload"), "payload", _BLOB)
    return Envelope(
        core=core,
        core_digest=digest(encode(core_map)),
        wrap_key_id=wrapped.octets("key", 32),
        wrapped=wrapped.octets("sealed", WRAPPED_BYTES),
        payload_digest=payload.octets("digest", 32),
        payload_size=payload.integer("size"),
        blobs=tuple(_read_blob(item) for item in fields.items("blobs", most=MAX_ATTACHMENTS)),
        signed=signed,
    )


def _read_blob(value: Value) -> BlobHeader:
    fields = Fields(value, "blob", _BLOB)
    return BlobHeader(fields.octets("digest", 32), fields.integer("size"))


def _read_core(value: dict[str, Value], net: bytes) -> Core:
    fields = Fields(value, "core", _CORE)
    if fields.integer("v") != 1 or fields.integer("suite") != SUITE:
        # Suites are numbered and never negotiated down: an unknown one is refused, not guessed.
        raise SuiteError("a version or suite that is not known here: update the older node")
    if fields.octets("net", 16) != net:
        raise WrongNetworkError("the letter was made for another network: never mix training and live")
    ids = fields.items("unreceived", most=MAX_UNRECEIVED)
    unreceived = tuple(item for item in ids if isinstance(item, str) and is_message_id(item))
    if len(set(unreceived)) != len(ids):
        raise MalformedError("core: unreceived is not a list of different ids: update the sending software")
    core = Core(
        net=net,
        suite=SUITE,
        id=fields.message_id("id"),
        seal=fields.integer("seal", least=1),
        sender=fields.address("from"),
        recipient=fields.address("to"),
        at=fields.instant("at"),
        expires=fields.instant("expires"),
        urgency=fields.urgency("class"),
        commitment=fields.octets("commitment", 32),
        dir=fields.integer("dir"),
        unreceived=unreceived,
    )
    if core.sender == core.recipient or not core.at < core.expires <= core.at + LONGEST_LIFE + MOST_AHEAD:
        raise MalformedError("core: sealed after it expires, for longer than 14 days, or to its own sender")
    return core


def check_outer(envelope: Envelope, station: PublicKey, now: datetime, *, clock_trusted: bool = True) -> None:
    """Return if `station` signed the envelope and `now` lies in its window; else raise, and store nothing.

    `station` is the registered key of `envelope.core.sender`. A node that knows its own clock is off passes
    `clock_trusted=False`, which leaves out the test of the date ahead. Raises SealError, ExpiredError, ClockError.
    """
    try:
        verify(envelope.signed, [station], envelope.core.net)
    except SignatureError as error:
        raise SealError(f"the envelope of {envelope.core.sender}: {error}") from error
    if now >= envelope.core.expires:
        raise ExpiredError("the letter arrived after it expired: write a new request if it is still needed")
    if clock_trusted and envelope.core.at > now + MOST_AHEAD:
        raise ClockError("the letter is dated more than five minutes ahead: set the sending machine's clock")


def open_letter(parcel: Parcel, open_prekey: Callable[[bytes], SealingKey | None], net: bytes) -> Letter:
    """Return what is inside, after proving that inside and outside agree. The outer signature is `check_outer`'s.

    `open_prekey` gives the private half for a key id, or None when it is destroyed or unknown. The caller verifies the
    statement's signatures against the certificates. Raises UndecryptableError, MismatchError, and as `read_envelope`.
    """
    envelope = read_parcel(parcel, net)
    prekey = open_prekey(envelope.wrap_key_id)
    if prekey is None:
        raise UndecryptableError(
            "the key of this letter is not held here any more: seal it again", envelope.wrap_key_id
        )
    core_digest = envelope.core_digest
    try:
        content_key = unwrap(prekey, envelope.wrapped, _wrap_info(core_digest, prekey.public.id))
        manifest = open_body(derive_key(content_key, core_digest), _payload_context(core_digest), parcel.payload)
    except UnsealError as error:
        raise UndecryptableError(f"the letter does not open: {error}", envelope.wrap_key_id) from error
    fields = decode_map(manifest, "manifest", _MANIFEST)
    statement = _parse(fields.octets("statement"), STATEMENT_TYPE)
    items = fields.items("attachments", most=MAX_ATTACHMENTS)
    if len(items) != len(envelope.blobs):
        raise MismatchError("header and manifest list different attachments: the letter was tampered with")
    letter = Letter(
        envelope=envelope,
        statement=statement,
        fields=decode_statement(statement.content, net),
        salt=fields.octets("salt", SALT_BYTES),
        certificates=_certificates(fields),
        attachments=tuple(_read_attachment(i, blob) for i, blob in zip(items, envelope.blobs, strict=True)),
    )
    _check_inside(letter)
    return letter


def _certificates(fields: Fields) -> tuple[bytes, ...]:
    items = fields.items("certificates", most=MAX_CERTIFICATES)
    papers = tuple(item for item in items if isinstance(item, bytes))
    if len(papers) != len(items):
        raise MalformedError("manifest: a certificate that is no byte string: update the sending software")
    return papers


def _read_attachment(value: Value, blob: BlobHeader) -> SealedAttachment:
    fields = Fields(value, "attachment", _ATTACHMENT)
    if fields.octets("digest", 32) != blob.digest:
        raise MismatchError("header and manifest list attachments in another order: the letter was tampered with")
    return SealedAttachment(
        name=fields.text("name", most=255),
        size=fields.integer("size"),
        sha256=fields.octets("sha256", 32),
        key=fields.octets("key", KEY_BYTES),
        blob_digest=blob.digest,
        blob_size=blob.size,
    )


def _check_inside(letter: Letter) -> None:
    core, fields = letter.envelope.core, letter.fields
    outside = (core.id, core.sender, core.recipient, core.urgency, core.expires)
    if outside != (fields.id, fields.sender, fields.recipient, fields.urgency, fields.expires):
        raise MismatchError("the envelope says another id, sender, recipient, class or end than the statement")
    if fields.at > core.at + MOST_AHEAD:
        # Nobody seals what is signed tomorrow: such a date would stand above every other on a board, and in evidence.
        raise MismatchError("the statement is dated after its envelope was sealed")
    if core.commitment != commitment(letter.salt, letter.statement.digest):
        raise MismatchError("the envelope commits to another text than it contains")
    if tuple(item.attachment for item in letter.attachments) != fields.attachments:
        raise MismatchError("the manifest lists other attachments than the statement")


def _parse(data: bytes, object_type: str) -> Signed:
    try:
        return parse(data, object_type)
    except KeysError as error:
        raise MalformedError(str(error)) from error


def _check_size(parcel: Parcel) -> None:
    if len(parcel.envelope) + len(parcel.payload) > MAX_LETTER_BYTES:
        raise TooLargeError("a letter above 128 KiB: move long text into an attachment and send it as a new message")


def _wrap_info(core_digest: bytes, key_id: bytes) -> bytes:
    return encode(["cpn1/wrap", core_digest, key_id])


def _payload_context(core_digest: bytes) -> bytes:
    return encode(["cpn1/payload", core_digest])
