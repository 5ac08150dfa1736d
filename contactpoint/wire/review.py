"""The signed record of a rights check: bytes that one officer of a State signs about a letter of that State.

It does not travel. It rests beside the letter, and goes into the State's own evidence of the case, where a court reads it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contactpoint.domain.rights import Finding, Reason
from contactpoint.wire.errors import MalformedError
from contactpoint.wire.fields import Fields, decode_map
from keys.cbor import Value, encode
from keys.errors import SpellingError
from keys.instants import to_milliseconds

REVIEW_TYPE = "review"
AUTHORITY = ("authorised_by", "kind", "date", "scope", "end", "review_reference")
"""The fields of Article 24: who authorised it, what kind of authorisation, its date, scope and end, and the review it can have."""
LONGEST = 4000  # characters of one text
_REQUIRED = frozenset(("v", "net", "state", "statement", "request", "reason", "finding", "text", "fields", "by", "at"))


@dataclass(frozen=True, slots=True)
class Review:
    """One check. `statement` is the digest of the letter that was read, `request` the id of the request it is about."""

    state: str
    statement: bytes
    request: str
    reason: Reason
    finding: Finding
    text: str
    by: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)


def encode_review(review: Review, net: bytes) -> bytes:
    """Return the content that is signed. Raises MalformedError for what `decode_review` would refuse."""
    content: dict[str, Value] = {
        "v": 1,
        "net": net,
        "state": review.state,
        "statement": review.statement,
        "request": review.request,
        "reason": review.reason.value,
        "finding": review.finding.value,
        "text": review.text,
        "fields": dict(review.fields),
        "by": review.by,
        "at": to_milliseconds(review.at),
    }
    try:
        data = encode(content)
    except SpellingError as error:
        raise MalformedError(f"the review cannot be spelled: {error}") from error
    decode_review(data, net)
    return data


def decode_review(content: bytes, net: bytes) -> Review:
    """Return the review spelled by `content`. Raises MalformedError. Says nothing of its signature."""
    fields = decode_map(content, "review", _REQUIRED)
    if fields.integer("v") != 1 or fields.octets("net", 16) != net:
        raise MalformedError("a review of another version or another network")
    try:
        reason, finding = Reason(fields.text("reason")), Finding(fields.text("finding"))
    except ValueError as error:
        raise MalformedError("a review for a reason, or with a finding, that this version does not know") from error
    return Review(
        state=str(fields.address("state")),
        statement=fields.octets("statement", 32),
        request=fields.message_id("request"),
        reason=reason,
        finding=finding,
        text=fields.text("text", most=LONGEST),
        by=fields.token("by"),
        at=fields.instant("at"),
        fields=_authority(fields),
    )


def _authority(fields: Fields) -> Mapping[str, str]:
    given = fields.mapping("fields")
    read = Fields(given, "review fields", frozenset(), frozenset(AUTHORITY))
    return {name: read.text(name, most=LONGEST) for name in given}
