"""A case as both ends see it: two chains of statements, folded to requests and their states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.domain.catalogue.model import Catalogue
from contactpoint.domain.preservation import Preservation
from contactpoint.domain.statement import Statement
from contactpoint.domain.transitions import Status
from contactpoint.domain.values import Address, Side, Urgency


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a request as it stands in the history: who said what when, and the status after it in its author's view."""

    kind: str
    side: Side
    at: datetime
    by: str
    digest: bytes
    status: Status


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a case, as its two halves say. `withdrawn` is true even where a final answer crossed the withdrawal."""

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
    status: Status
    acknowledged_by: str
    degraded: bool
    preservation: Preservation | None
    answer: Statement | None
    withdrawn: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case between exactly two contact points. `waiting` are statements whose predecessor is missing here yet."""

    id: str
    initiator: Address
    addressee: Address
    halves: Mapping[Address, tuple[Statement, ...]]
    requests: Mapping[str, Request]
    waiting: tuple[Statement, ...]


def admit(case: Case | None, statement: Statement, catalogue: Catalogue) -> Case: ...  # type: ignore[empty-body]


def fold(statements: Iterable[Statement], catalogue: Catalogue) -> Case: ...  # type: ignore[empty-body]


def permitted(case: Case, request_id: str, side: Side, catalogue: Catalogue) -> tuple[str, ...]: ...  # type: ignore[empty-body]
