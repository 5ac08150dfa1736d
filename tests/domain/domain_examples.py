"""Two desks of invented States that write statements to each other; digests are SHA-256 of the statement's text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from contactpoint.domain.case import Case, admit
from contactpoint.domain.catalogue import Signers, load, signers_needed
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Plain, Urgency, parse_instant

T0 = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)
CATALOGUE = load()
XA, XB, XC = Address("XA"), Address("XB"), Address("XC")
_NUMBERS = count(1)

CASES = Path(__file__).parent.parent / "cases" / "requests.yaml"
ENVELOPE_KEYS = frozenset(
    ["id", "title", "at", "want", "refusal", "check", "also", "type", "from", "to", "urgency", "parent"]
)

BODIES: Mapping[str, Mapping[str, Plain]] = {
    "EXECUTED": {
        "preserved_from": "2027-03-04T15:00:00Z",
        "reference": "XB-P-1",
        "result": "see the attachment",
        "purpose_limit": "to find the person",
    },
    "PARTIAL": {
        "preserved_from": "2027-03-04T14:00:00Z",
        "reference": "XB-P-0",
        "missing": "netflow",
        "result": "one address",
        "purpose_limit": "to find the person",
    },
    "EXTENDED": {"new_expiry": "2027-07-01T00:00:00Z"},
    "REFUSED": {"ground": "RG-21b", "reasons": "withheld"},
    "NEED-INFO": {"fields": ["necessity"]},
    "CALLED-BACK": {"number": "+99955500001", "spoke_with": "XA-OFF-1", "result": "confirmed"},
    "ACK-DEGRADED": {"officer": "XB-OFF-9", "cause": "certificate expired"},
    "CLASS-LOWERED": {"class": "U3", "reason": "the lease was extended"},
}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def request_of(case_id: str) -> tuple[str, Mapping[str, Any], datetime]:
    """Type, body and clock of one of the acceptance cases."""
    with CASES.open(encoding="utf-8") as file:
        row = next(row for row in yaml.safe_load(file) if row["id"] == case_id)
    body = {name: value for name, value in row.items() if name not in ENVELOPE_KEYS}
    return row["type"], body, parse_instant(row["at"])


def with_digest(statement: Statement) -> Statement:
    return replace(statement, digest=sha256(repr(replace(statement, digest=b"")).encode()).digest())


@dataclass
class Desk:
    """One end of one case: writes in its own view, takes what the other wrote."""

    address: Address
    other: Address
    case: Case | None = None
    written: list[Statement] = field(default_factory=list)

    def write(
        self,
        kind: str,
        *,
        re: bytes | None = None,
        urgency: Urgency = Urgency.U1,
        at: datetime = T0,
        body: Mapping[str, Plain] | None = None,
        **changes: Any,
    ) -> Statement:
        """A statement on this desk's heads, not yet admitted."""
        about = [each.kind for each in self.case.requests.values() if each.digest == re] if self.case else []
        known = bool(about) and urgency in CATALOGUE[about[0]].signers
        needed = signers_needed(CATALOGUE, kind, urgency, about[0] if known else "")
        number = f"0190-{next(_NUMBERS):08d}"
        statement = Statement(
            id=number,
            case=self.case.id if self.case else number,
            kind=kind,
            urgency=urgency,
            cat="1",
            pol="standard-1",
            sender=self.address,
            recipient=self.other,
            at=at,
            expires=at + timedelta(days=7),
            by="" if needed is Signers.STATION else f"{self.address}-OFF-1",
            approver=f"{self.address}-OFF-2" if needed is Signers.TWO else None,
            lang="en",
            mine=self.case.head(self.address) if self.case else None,
            seen=self.case.head(self.other) if self.case else None,
            re=re,
            thread=None,
            body=body if body is not None else BODIES.get(kind, {}),
            attachments=(),
            digest=b"",
        )
        return with_digest(replace(statement, **changes))

    def say(self, kind: str, **options: Any) -> Statement:
        statement = self.write(kind, **options)
        self.take(statement)
        self.written.append(statement)
        return statement

    def take(self, *statements: Statement) -> None:
        for statement in statements:
            self.case = admit(self.case, statement, CATALOGUE)


@dataclass
class Pair:
    """Two desks and a case that the first opened and the second has."""

    asking: Desk
    asked: Desk
    opener: Statement

    @classmethod
    def opened(cls, kind: str = "PRES-NEW", urgency: Urgency = Urgency.U1) -> "Pair":
        asking, asked = Desk(XA, XB), Desk(XB, XA)
        opener = asking.say(kind, urgency=urgency)
        asked.take(opener)
        return cls(asking, asked, opener)

    def exchange(self, desk: Desk, kind: str, *, on: Statement | None = None, **options: Any) -> Statement:
        """Say it and let it arrive."""
        about = on or self.opener
        said = desk.say(kind, re=about.digest, urgency=about.urgency, **options)
        (self.asked if desk is self.asking else self.asking).take(said)
        return said

    def status(self, of: Statement | None = None) -> str:
        """The status at both ends, which must be one."""
        request = (of or self.opener).id
        assert self.asking.case is not None
        assert self.asked.case is not None
        ours, theirs = self.asking.case.requests[request].status, self.asked.case.requests[request].status
        assert ours == theirs
        return ours.code
