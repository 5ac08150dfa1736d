"""Statement to bytes and back, strictly: one map, its keys as `docs/protocol.md` section 3 names them.

What an officer signs are these bytes. The digest of a statement is the SHA-256 of them, without signatures.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from contactpoint.domain.statement import Attachment, Statement
from contactpoint.domain.values import Plain
from contactpoint.wire.errors import MalformedError, WrongNetworkError
from contactpoint.wire.fields import Fields, decode_map
from keys.cbor import Value, encode
from keys.digest import digest
from keys.errors import SpellingError
from keys.instants import to_milliseconds

STATEMENT_TYPE = "statement"
LONGEST_LIFE = timedelta(days=14)
MAX_ATTACHMENTS = 64
MAX_ATTACHMENT_BYTES = 4 * 1024**3

_REQUIRED = frozenset(
    [
        "v",
        "net",
        "id",
        "case",
        "kind",
        "class",
        "cat",
        "pol",
        "from",
        "to",
        "at",
        "expires",
        "by",
        "lang",
        "mine",
        "seen",
        "body",
        "attachments",
    ]
)
_OPTIONAL = frozenset(("approver", "re", "thread"))
_ATTACHMENT = frozenset(("name", "size", "sha256"))


def encode_statement(statement: Statement, net: bytes) -> bytes:
    """Return the content bytes that are signed; `statement.digest` is not looked at. Raises MalformedError."""
    content: dict[str, Value] = {
        "v": 1,
        "net": net,
        "id": statement.id,
        "case": statement.case,
        "kind": statement.kind,
        "class": statement.urgency.value,
        "cat": statement.cat,
        "pol": statement.pol,
        "from": str(statement.sender),
        "to": str(statement.recipient),
        "at": to_milliseconds(statement.at),
        "expires": to_milliseconds(statement.expires),
        "by": statement.by,
        "lang": statement.lang,
        "mine": statement.mine,
        "seen": statement.seen,
        "body": _value(statement.body),
        "attachments": [{"name": a.name, "size": a.size, "sha256": a.sha256} for a in statement.attachments],
    }
    optional = {"approver": statement.approver, "re": statement.re, "thread": statement.thread}
    content.update({name: value for name, value in optional.items() if value is not None})
    try:
        data = encode(content)
    except SpellingError as error:
        raise MalformedError(f"the statement cannot be spelled: {error}") from error
    decode_statement(data, net)  # nothing is signed here that a recipient would refuse
    return data


def decode_statement(content: bytes, net: bytes | None = None) -> Statement:
    """Return the statement spelled by `content`.

    `net`, where known, must be the statement's. Raises MalformedError, WrongNetworkError. Says nothing of signatures.
    """
    fields = decode_map(content, "statement", _REQUIRED, _OPTIONAL)
    if fields.integer("v") != 1:
        raise MalformedError("a statement of another version: update this node")
    if fields.octets("net", 16) != net and net is not None:
        raise WrongNetworkError("the statement was made for another network: never mix training and live")
    statement = Statement(
        id=fields.message_id("id"),
        case=fields.message_id("case"),
        kind=fields.token("kind"),
        urgency=fields.urgency("class"),
        cat=fields.token("cat"),
        pol=fields.token("pol"),
        sender=fields.address("from"),
        recipient=fields.address("to"),
        at=fields.instant("at"),
        expires=fields.instant("expires"),
        by=fields.token("by") if fields.text("by", most=64) else "",
        approver=fields.token("approver") if fields.has("approver") else None,
        lang=fields.token("lang"),
        mine=fields.octets_or_none("mine", 32),
        seen=fields.octets_or_none("seen", 32),
        re=fields.octets("re", 32) if fields.has("re") else None,
        thread=fields.token("thread") if fields.has("thread") else None,
        body=fields.mapping("body"),
        attachments=tuple(_attachment(item) for item in fields.items("attachments", most=MAX_ATTACHMENTS)),
        digest=digest(content),
    )
    _check(statement)
    return statement


def _check(statement: Statement) -> None:
    if statement.sender == statement.recipient:
        raise MalformedError("a statement to its own author: address another State")
    if not statement.at < statement.expires <= statement.at + LONGEST_LIFE:
        raise MalformedError("a statement that expires before it begins or after 14 days: give an end in between")
    if statement.approver is not None and statement.approver in ("", statement.by):
        raise MalformedError("a statement approved by its own author: a second officer approves")


def _attachment(value: Value) -> Attachment:
    fields = Fields(value, "attachment", _ATTACHMENT)
    name, size = fields.text("name", most=255), fields.integer("size")
    if size > MAX_ATTACHMENT_BYTES:
        raise MalformedError("an attachment above 4 GiB: split it")
    # A name is shown and saved by the recipient: no path, no control character, and no mark that
    # turns the reading direction and makes "exe.pdf" of "fdp.exe" (Unicode formats are not printable; the joiner of
    # Persian words is let through).
    if name.strip() in ("", ".", "..") or any(c in "/\\" or not (c.isprintable() or c == "\u200c") for c in name):
        raise MalformedError("an attachment whose name is a path or unprintable: rename it")
    return Attachment(name, size, fields.octets("sha256", 32))


def _value(plain: Plain) -> Value:
    if plain is None or isinstance(plain, (bool, int, str, bytes)):
        return plain
    if isinstance(plain, Mapping):
        return {name: _value(item) for name, item in plain.items()}
    if isinstance(plain, Sequence):
        return [_value(item) for item in plain]
    raise MalformedError(f"a body value of type {type(plain).__name__}: use text, numbers, lists and maps")
