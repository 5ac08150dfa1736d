"""One request within a case, and its status in anybody's view.

Promise: the status depends on which statements are in the view and on nothing else: not on their arrival, not on a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contactpoint.domain.conditions import Acceptance, Term, closed_fields, open_terms
from contactpoint.domain.preservation import Preservation
from contactpoint.domain.stages import BEGIN, Status, settle
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Side, Urgency

ACKNOWLEDGEMENTS = frozenset({"ACKNOWLEDGED", "ACK-DEGRADED"})


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a request: who said what when, and the status after it in its author's view.

    `place` is its position in its author's half, `seen` how many statements of the other half its author had. `word` is
    false for a recorded step that left the status as it was.
    """

    kind: str
    side: Side
    at: datetime
    by: str
    digest: bytes
    status: Status
    word: bool
    place: int
    seen: int

    def knew(self, other: "Step") -> bool:
        """Whether the author of this step had the other side's step before writing."""
        return self.seen > other.place


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a case, as its two halves say.

    `parent` is the id of the request it follows, `place` its position in its sender's half. `answer` is the addressee's
    last coded outcome. `withdrawn` is true even where a final answer crossed the withdrawal. `lowered_to` is the class to which the
    addressee lowered it; `quarantined` that a call-back failed and none has succeeded since; `recalled` that the sender took it back;
    `roster` is the number of the newest list of members. `terms` are what letters of either side ask to be accepted before they
    open, `acceptances` what was said to that.
    `steps` are in an order that both ends compute alike and that never puts a reply before what it replies to.
    """

    id: str
    kind: str
    urgency: Urgency
    digest: bytes
    sender: Address
    recipient: Address
    at: datetime
    expires: datetime
    pol: str
    parent: str | None
    place: int
    status: Status
    acknowledged_by: str
    degraded: bool
    preservation: Preservation | None
    answer: Statement | None
    withdrawn: bool
    steps: tuple[Step, ...]
    lowered_to: Urgency | None = None
    quarantined: bool = False
    recalled: bool = False
    roster: int = 0
    terms: tuple[Term, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()

    def side_of(self, address: Address) -> Side:
        return Side.REQUESTER if address == self.sender else Side.ADDRESSEE

    @property
    def weight(self) -> Urgency:
        """The class it is treated as: the sender's, or the lower one that the addressee gave with a reason."""
        return self.lowered_to or self.urgency

    def asked_of(self, side: Side, seen: int | None = None) -> tuple[Term, ...]:
        """What the other side asks of this one and has no answer yet, of the first `seen` letters of its half."""
        return open_terms(self.terms, self.acceptances, side, seen)

    def closed(self, side: Side, digest: bytes) -> tuple[str, ...]:
        """The fields of the other side's letter that stay closed to this one until it has accepted what they are given under."""
        return closed_fields(self.terms, self.acceptances, side, digest)

    @property
    def acknowledged(self) -> bool:
        return any(step.kind in ACKNOWLEDGEMENTS for step in self.steps)


def visible(request: Request, side: Side, seen: int) -> tuple[Step, ...]:
    """The steps that one side had when it had seen `seen` statements of the other; its own are all there."""
    return tuple(step for step in request.steps if step.side is side or step.place < seen)


def status_of(steps: Sequence[Step]) -> Status:
    """Promise: the status that these steps add up to, in whatever order they came.

    Of the last words of both sides the one that knew the other stands; where they crossed, `stages.settle` decides.
    """
    requester = _last_word(steps, Side.REQUESTER)
    addressee = _last_word(steps, Side.ADDRESSEE)
    if requester is None or addressee is None:
        word = requester or addressee
        return BEGIN if word is None else word.status
    if requester.knew(addressee):
        return requester.status
    if addressee.knew(requester):
        return addressee.status
    return settle(requester.status, addressee.status)


def _last_word(steps: Sequence[Step], side: Side) -> Step | None:
    return max((step for step in steps if step.side is side and step.word), key=lambda step: step.place, default=None)


def ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """By the number of statements their authors had: a step comes after all that its author knew."""
    return tuple(sorted(steps, key=lambda step: (step.place + step.seen, step.side.value)))
