"""Every state of a request and every move between them, in one table. A missing entry is the error (E-MOVE-ILLEGAL).

Which of these moves a type of request offers is the catalogue's affair; this table says what a move does where it is
offered. `STAYS` marks a recorded step: it is kept and shown, and leaves the status as it was.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """The state of a request, the same at both ends once both halves are there; a letter's level is another thing."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    CALLED_BACK = "CALLED-BACK"
    ACCEPTED = "ACCEPTED"
    NEED_INFO = "NEED-INFO"
    INFO = "INFO"
    WARN_42_7 = "WARN-42-7"
    CONFIRMED_BY_REQUESTER = "CONFIRMED-BY-REQUESTER"
    CONDITIONS = "CONDITIONS"
    CONDITIONS_ACCEPTED = "CONDITIONS-ACCEPTED"
    REDIRECTED = "REDIRECTED"
    PARTIAL = "PARTIAL"
    EXECUTED = "EXECUTED"
    EXTENDED = "EXTENDED"
    REFUSED = "REFUSED"
    NO_DATA = "NO-DATA"
    OUT_OF_SCOPE = "OUT-OF-SCOPE"
    NOT_EMERGENCY = "NOT-EMERGENCY"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


FINAL = frozenset(
    {
        Status.EXECUTED,
        Status.EXTENDED,
        Status.REFUSED,
        Status.NO_DATA,
        Status.OUT_OF_SCOPE,
        Status.NOT_EMERGENCY,
        Status.EXPIRED,
        Status.WITHDRAWN,
    }
)
"""Nothing more is said on a request in one of these."""

STAYS = None

_ANY_ANSWER: dict[str, Status | None] = {
    "ACCEPTED": Status.ACCEPTED,
    "NEED-INFO": Status.NEED_INFO,
    "WARN-42-7": Status.WARN_42_7,
    "CONDITIONS": Status.CONDITIONS,
    "REDIRECTED": Status.REDIRECTED,
    "PARTIAL": Status.PARTIAL,
    "EXECUTED": Status.EXECUTED,
    "EXTENDED": Status.EXTENDED,
    "REFUSED": Status.REFUSED,
    "NO-DATA": Status.NO_DATA,
    "OUT-OF-SCOPE": Status.OUT_OF_SCOPE,
    "NOT-EMERGENCY": Status.NOT_EMERGENCY,
    "EXPIRED": Status.EXPIRED,
}
_WITHDRAW: dict[str, Status | None] = {"WITHDRAW": Status.WITHDRAWN}
_TAKE: dict[str, Status | None] = {
    "ACKNOWLEDGED": Status.ACKNOWLEDGED,
    "ACK-DEGRADED": Status.ACKNOWLEDGED,
    "CALLED-BACK": Status.CALLED_BACK,
}
_TAKE_LATE: dict[str, Status | None] = {"ACKNOWLEDGED": STAYS, "ACK-DEGRADED": STAYS, "CALLED-BACK": STAYS}
_ACCEPTED_ANSWERS = {code: status for code, status in _ANY_ANSWER.items() if code != "ACCEPTED"}
_NO_WAY = ("REFUSED", "REDIRECTED", "NO-DATA", "EXPIRED")
_WAITING = _TAKE_LATE | {code: _ANY_ANSWER[code] for code in _NO_WAY} | _WITHDRAW

TABLE: Mapping[Status, Mapping[str, Status | None]] = MappingProxyType(
    {
        Status.OPEN: _TAKE | _ANY_ANSWER | _WITHDRAW,
        Status.ACKNOWLEDGED: {"CALLED-BACK": Status.CALLED_BACK} | _ANY_ANSWER | _WITHDRAW,
        Status.CALLED_BACK: _TAKE_LATE | _ANY_ANSWER | _WITHDRAW,
        Status.ACCEPTED: _TAKE_LATE | _ACCEPTED_ANSWERS | _WITHDRAW,
        Status.NEED_INFO: _TAKE_LATE | _ANY_ANSWER | {"INFO": Status.INFO} | _WITHDRAW,
        Status.INFO: _TAKE_LATE | _ANY_ANSWER | {"INFO": STAYS} | _WITHDRAW,
        Status.WARN_42_7: _WAITING | {"CONFIRMED-BY-REQUESTER": Status.CONFIRMED_BY_REQUESTER},
        Status.CONFIRMED_BY_REQUESTER: _TAKE_LATE | _ANY_ANSWER | _WITHDRAW,
        Status.CONDITIONS: _WAITING | {"CONDITIONS-ACCEPTED": Status.CONDITIONS_ACCEPTED},
        Status.CONDITIONS_ACCEPTED: _TAKE_LATE | _ANY_ANSWER | _WITHDRAW,
        Status.REDIRECTED: _TAKE_LATE | _ANY_ANSWER | _WITHDRAW,
        Status.PARTIAL: _TAKE_LATE
        | {"PARTIAL": Status.PARTIAL, "EXECUTED": Status.EXECUTED, "NO-DATA": Status.NO_DATA}
        | _WITHDRAW,
    }
    | {final: {} for final in sorted(FINAL)}
)
"""status -> kind of the move -> next status, or STAYS."""


def allows(status: Status, kind: str) -> bool:
    """Whether the table has an entry for this move."""
    return kind in TABLE[status]


def after(status: Status, kind: str) -> Status:
    """The status after a move that the table allows; KeyError otherwise (ask `allows` first)."""
    step = TABLE[status][kind]
    return status if step is STAYS else step


def speaks(status: Status, kind: str) -> bool:
    """Whether a move that the table allows is a word of its author; a recorded step is not, and settles nothing."""
    return TABLE[status][kind] is not STAYS


def settle(requester: Status, addressee: Status) -> Status:
    """The status when the last words of both halves crossed, each written without the other.

    What the addressee ended stays ended (it has acted); a withdrawal stops everything that had not ended; any other
    word of the requester answered an older word of the addressee, whose newer one therefore stands. Arrival plays no part.
    """
    if addressee in FINAL:
        return addressee
    if requester is Status.WITHDRAWN:
        return Status.WITHDRAWN
    return addressee
