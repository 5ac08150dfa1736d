"""What a person is shown of an operation: its cases in several States, its group, and what can be done next. Frozen, like all views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.views import RequestView


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One operation in the list: its id, when it began, the States of its cases."""

    thread: str
    since: datetime
    states: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class OperationCase:
    """One case of an operation. ``parent`` is the request of another case here that it came from."""

    id: str
    peer: str
    peer_name: str
    own: bool  # this State opened it
    opened_at: datetime
    own_reference: str
    parent: str
    requests: tuple[RequestView, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """A State of a group. ``roster`` is the number of the newest list that it was given, 0 when none."""

    state: str
    name: str
    standing: str  # invited, accepted, declined, left, removed
    since: datetime
    case: str
    request: str
    roster: int


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as this desk sees it. Only the lead sees every member's standing; a member sees its own and the list it was given."""

    lead: str
    leads: bool  # this State is the lead
    kind: str
    title: str
    members: tuple[MemberView, ...]
    number: int  # of the newest list, 0 when none was given
    names: tuple[str, ...]  # the States of that list
    due: tuple[str, ...]  # the States that the next list would name
    stale: bool
    told: tuple[str, ...]  # who would get a message now
    message: str  # code of the message, "" when this State may not write one now
    list_code: str


@dataclass(frozen=True, slots=True)
class OperationView:
    """All that this desk has of one operation. ``apart``: States whose letters name it although nobody of it named them."""

    thread: str
    since: datetime
    cases: tuple[OperationCase, ...]
    group: GroupView | None
    apart: tuple[str, ...]
