"""What a move does to a request, read from the catalogue: nothing here knows a code by name but OPEN.

Every answer says in which stages or statuses it is a *word*, which leads to a status, and in which it is only *noted*: kept and
shown, the status stays. Anything else is illegal (E-MOVE-ILLEGAL).
"""

from dataclasses import dataclass

from contactpoint.domain.catalogue.model import OPEN, Answer, Entry
from contactpoint.domain.catalogue.words import Stage


@dataclass(frozen=True, slots=True)
class Status:
    """A state of a request by its code, with the stage it belongs to."""

    code: str
    stage: Stage

    @property
    def final(self) -> bool:
        return self.stage is Stage.FINAL


BEGIN = Status(OPEN, Stage.NEW)


def speaks(answer: Answer, status: Status) -> bool:
    """Whether the answer is a word here. What names the status itself goes before what names its stage."""
    return _stands(answer.after, answer.noted, status)


def notes(answer: Answer, status: Status) -> bool:
    """Whether the answer is a recorded step here, which settles nothing."""
    return _stands(answer.noted, answer.after, status)


def _stands(places: tuple[str, ...], others: tuple[str, ...], status: Status) -> bool:
    return status.code in places or (status.stage.value in places and status.code not in others)


def allows(answer: Answer, status: Status) -> bool:
    return speaks(answer, status) or notes(answer, status)


def after(answer: Answer, status: Status) -> Status:
    """The status after a move that is allowed."""
    return Status(answer.leads_to, answer.stage) if speaks(answer, status) else status


def settle(requester: Status, addressee: Status) -> Status:
    """The status when the last words of both halves crossed, each written without the other.

    What the addressee ended stays ended (it has acted); what the requester ended (a withdrawal) stops everything that had not
    ended; any other word of the requester answered an older word of the addressee, whose newer one therefore stands. Arrival plays
    no part.
    """
    return requester if requester.final and not addressee.final else addressee


def statuses(entry: Entry) -> tuple[Status, ...]:
    """Every status that a request of this type can be in, in the order of the catalogue."""
    return tuple(Status(code, stage) for code, stage in entry.stages.items())
