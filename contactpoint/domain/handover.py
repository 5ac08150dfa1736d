"""Hand-over of a shift: the open cases that one officer offers, and which of them the next one takes.

Two signed objects, each by one person: the *offer* lists what was open and is signed by who leaves; the *acceptance* names the offer
by its digest, says which cases are taken and which are not, and is signed by who comes. So neither signs what only the other said.
Nothing is decided here about who is paged: a case that comes in between the two signatures is in no offer and rings on duty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contactpoint.domain.errors import HandoverError

OFFER_LIFE = timedelta(hours=2)
"""An older list is no longer what is open; it is read out anew."""
MOST_CASES = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """One open request as it stood when it was read out; ``due`` is the deadline that came next, None when none ran."""

    request: str
    level: str
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What an officer who leaves offers, and to whom. Times are aware UTC; it may be accepted before ``until``."""

    id: str
    giver: str
    taker: str
    at: datetime
    until: datetime
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        if self.giver == self.taker:
            raise HandoverError("E-SAME-OFFICER", field="to")  # one person cannot sign for two
        requests = [item.request for item in self.items]
        if len(set(requests)) != len(requests) or len(requests) > MOST_CASES:
            raise HandoverError("E-HANDOVER", field="requests")

    def to_plain(self) -> dict[str, Any]:
        """As it is signed: plain maps, lists, text and milliseconds."""
        return {
            "id": self.id,
            "from": self.giver,
            "to": self.taker,
            "at": _ms(self.at),
            "until": _ms(self.until),
            "requests": [[i.request, i.level, None if i.due is None else _ms(i.due)] for i in self.items],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Offer:
        """Read `to_plain`. Raises HandoverError for anything else."""
        match plain:
            case {
                "id": str(id_),
                "from": str(giver),
                "to": str(taker),
                "at": int(at),
                "until": int(until),
                "requests": [*requests],
                **rest,
            } if not rest:
                return cls(id_, giver, taker, _at(at), _at(until), tuple(_item(each) for each in requests))
        raise HandoverError("E-HANDOVER")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the taking officer signs: the offer by its digest (32 bytes), and each of its requests as taken or refused."""

    offer: bytes
    taker: str
    at: datetime
    taken: tuple[str, ...]
    refused: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "offer": self.offer,
            "by": self.taker,
            "at": _ms(self.at),
            "taken": list(self.taken),
            "refused": list(self.refused),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Acceptance:
        """Read `to_plain`. Raises HandoverError for anything else."""
        match plain:
            case {
                "offer": bytes(offer),
                "by": str(taker),
                "at": int(at),
                "taken": [*taken],
                "refused": [*refused],
                **rest,
            } if not rest and all(isinstance(each, str) for each in (*taken, *refused)):
                return cls(offer, taker, _at(at), tuple(taken), tuple(refused))
        raise HandoverError("E-HANDOVER")


def accept(offer: Offer, digest: bytes, officer: str, refused: Collection[str], now: datetime) -> Acceptance:
    """Take an offer, but for the requests ``refused``. Raises HandoverError.

    Only the officer who is named takes it, before its end; and nobody refuses what was not offered, which would look like a case
    that had been read out.
    """
    if officer != offer.taker:
        raise HandoverError("E-SIGNERS", field="to")
    if now >= offer.until:
        raise HandoverError("E-APPROVAL-STALE", field="until")
    offered = [item.request for item in offer.items]
    if not set(refused) <= set(offered):
        raise HandoverError("E-HANDOVER", field="refused")
    return Acceptance(
        digest,
        officer,
        now,
        tuple(each for each in offered if each not in refused),
        tuple(each for each in offered if each in refused),
    )


def _item(value: Any) -> Item:
    match value:
        case [str(request), str(level), None]:
            return Item(request, level, None)
        case [str(request), str(level), int(due)]:
            return Item(request, level, _at(due))
    raise HandoverError("E-HANDOVER", field="requests")


def _ms(at: datetime) -> int:
    return int((at - _EPOCH) / timedelta(milliseconds=1))


def _at(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise HandoverError("E-HANDOVER", field="at") from error
