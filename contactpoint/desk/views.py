"""What a person is shown: frozen pictures of boards, cases and people, made by the desk, drawn by console and command line.

A view holds no key and no reference back into the desk. Times are aware UTC; who draws them adds the local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactpoint.desk.drill_views import Reachability


@dataclass(frozen=True, slots=True)
class Fact:
    """One proved (or failed) level of a letter.

    ``level``: queued, held, received, opened, acknowledged, answered; or a negative twin: unreachable, not-received,
    not-opened, not-acknowledged, lapsed, expired; or rung, refused, undecryptable. ``by``: the State whose key signed it.
    ``who``: gateway, station, or an officer's number. ``late_s``: seconds after the common deadline, when it was late.
    """

    level: str
    at: datetime
    by: str
    who: str
    late_s: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant that both States compute alike from *held*; ``met`` is None while it still runs."""

    level: str
    due: datetime
    met: bool | None


@dataclass(frozen=True, slots=True)
class PreservationView:
    """Art. 42(8): the earliest lawful expiry is ``preserved_from`` + 60 days, longer after extensions and what held it.

    ``state``: PRESERVED, HELD-UNTIL-DECISION (``expires`` is then the term that no longer counts), RELEASED or EXPIRED.
    """

    preserved_from: datetime
    expires: datetime
    extensions: tuple[tuple[datetime, datetime], ...]  # (old expiry, new expiry)
    state: str = "PRESERVED"


@dataclass(frozen=True, slots=True)
class StatementView:
    """One signed statement of either side, as it stands in the case."""

    id: str
    kind: str
    sender: str
    at: datetime
    by: str
    approver: str | None
    body: Mapping[str, Any]
    facts: tuple[Fact, ...]
    closed: tuple[str, ...] = ()  # fields in whose place a mark stands until their conditions are accepted
    lang: str = ""  # in which its free text is written
    digest: str = ""  # of the signed bytes, hexadecimal
    asked: str = ""  # of an answer: the kind of the request that it answers


@dataclass(frozen=True, slots=True)
class NextStepView:
    """A request that fits next: ``recipient`` is empty where a person must choose the State; ``inside``: it goes into this case."""

    kind: str
    title: str
    label: str
    recipient: str
    parent: str
    inside: bool


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request with its ladder, its clocks and what may be done now."""

    id: str
    case: str
    kind: str
    title: str
    urgency: str
    sender: str
    recipient: str
    incoming: bool
    status: str
    level: str
    at: datetime
    expires: datetime
    facts: tuple[Fact, ...]
    deadlines: tuple[Deadline, ...]
    next_due: datetime | None  # of the level that is awaited next: the countdown
    rung: str  # role now being tried, "" when none
    cycle: int
    acknowledged_by: str
    rings: bool
    own_reference: str
    preservation: PreservationView | None
    permitted: tuple[
        str, ...
    ]  # kinds that this side may say now (ACKNOWLEDGED, ACCEPTED, EXECUTED, WITHDRAW, PRES-EXT ...)
    label: str = ""
    refused: str = ""  # code with which the other State's gateway or desk refused it
    lowered_to: str = ""  # the class that the addressee lowered it to
    quarantined: bool = False  # a call-back failed, and none has succeeded since
    suspect: bool = False  # a call-back to the same asking officer failed after this desk had answered here
    next_steps: tuple[NextStepView, ...] = ()
    authority: str = ""  # which authority has it, after it was handed over (Article 41(4))
    flagged: bool = False  # an officer of this desk says that the facts do not match the offence, or are speech
    conditions: tuple[Any, ...] = ()  # labels, as in a body, that the other State asks this side to accept now
    quiet: bool = False  # it rings nobody and stands in a list of its own, not on the board
    recalled: bool = False  # its sender took it back: shown struck through, never taken away
    holder: str = ""  # the officer of this desk who has it now: who took charge, or to whom it was handed over
    lacks: tuple[str, ...] = ()  # of an incoming request: fields that its type asks for and that are missing or wrong


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A flag or a rights check. ``holds`` is False where the record does not prove what its row says: then it counts for nothing."""

    kind: str  # flag, check
    reason: str  # offence, speech, flag, override
    finding: str  # none, note, stop; "" of a flag
    text: str
    by: str
    at: datetime
    request: str
    statement: str
    fields: Mapping[str, str]
    holds: bool = True


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case between exactly two contact points."""

    id: str
    initiator: str
    addressee: str
    peer: str
    peer_name: str
    peer_phones: tuple[str, ...]
    own_reference: str
    state_digest: str  # hexadecimal; the same at both ends
    requests: tuple[RequestView, ...]
    statements: tuple[StatementView, ...]
    thread: str = ""  # the operation it belongs to
    parent_request: str = ""  # the request of another case here that it came from
    reviews: tuple[ReviewView, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person must look at: a refused message, a lost peer, an approval, an administrator's alarm."""

    id: str
    code: str
    at: datetime
    text: str
    what_to_do: str
    state: str = ""
    phones: tuple[str, ...] = ()
    request: str | None = None
    due: datetime | None = None  # the end of the term that it reminds of


@dataclass(frozen=True, slots=True)
class Waiting:
    """A statement that one officer has signed and that a second must approve, check, or both.

    ``approver`` is empty where one signature is enough; ``needs_review`` is the reason of a rights check, empty where none is needed.
    """

    id: str
    kind: str
    urgency: str
    recipient: str
    by: str
    approver: str
    at: datetime
    until: datetime
    body: Mapping[str, Any]
    case: str = ""
    state: str = "waiting"  # released, stale, lapsed, stopped
    needs_review: str = ""
    reviewed: bool = False
    approved: bool = False
    request: str = ""
    reviewer: str = ""  # the one officer who can record the check; empty: whoever has the right
    checks: tuple[ReviewView, ...] = ()
    asked: str = ""  # of an answer: the kind of the request that it answers


@dataclass(frozen=True, slots=True)
class OralView:
    """A request made by telephone, as the officer wrote it down; ``request`` is its letter, once it is here."""

    id: str
    state: str
    by: str
    at: datetime
    due: datetime
    confirmed_at: datetime | None
    request: str
    called_at: datetime
    caller: str
    from_number: str
    asked: str
    called_back: str
    spoke_with: str


@dataclass(frozen=True, slots=True)
class Board:
    """The duty officer's first page; each list is already in the order to be shown."""

    state: str
    network: str  # live, pilot, training
    now: datetime
    unacknowledged: tuple[RequestView, ...]
    own_overdue: tuple[RequestView, ...]
    mine: tuple[RequestView, ...]
    open: tuple[RequestView, ...]
    sent: tuple[RequestView, ...]
    clocks: tuple[RequestView, ...]  # preservations that end within 21 days
    waiting: tuple[Waiting, ...]
    tasks: tuple[Task, ...]
    directory_age_s: int | None
    zone: str = "UTC"
    central: tuple[RequestView, ...] = ()  # handed over to another authority of this State, and still open
    oral: tuple[OralView, ...] = ()


@dataclass(frozen=True, slots=True)
class PageView:
    """One notice to one officer on one channel, with each attempt to send it; rung and cycle count from 0.

    ``state``: due, delivered, failed, unknown, cancelled, held-back (said by another notice). ``due``: when it goes out.
    """

    cycle: int
    rung: int
    officer: str
    channel: str
    at: datetime
    state: str
    outcome: str
    id: str = ""
    due: datetime | None = None
    attempts: tuple[AttemptView, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt to reach one person; ``result`` is DELIVERED, FAILED, UNKNOWN, or empty while it is under way.

    ``page`` is the notice's id; ``request`` is empty for codes and tests, which belong to none.
    """

    page: str
    number: int
    request: str
    officer: str
    channel: str
    at: datetime
    ended_at: datetime | None
    result: str
    provider_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Beat:
    """What an alarm needs to know; read from the database each time. Seconds."""

    unacknowledged: int
    oldest_s: int
    overdue: int
    answers: int  # answers to an own U0 or U1 request that nobody has opened
    bells: int = 0  # second bells that were on duty and have not been heard for a minute


@dataclass(frozen=True, slots=True)
class KeyView:
    role: str
    id: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class ContactView:
    """One State's entry in the verified copy of the register."""

    state: str
    name: str
    status: str
    languages: tuple[str, ...]
    phones: tuple[str, ...]
    mail: str
    zone: str
    addresses: tuple[str, ...]
    keys: tuple[KeyView, ...]
    fingerprint: str  # twelve words
    charter_digest: str
    card_digest: str
    card: Mapping[str, Any]
    link: str = ""  # last seen of the link, in words
    reach: Reachability | None = None  # drills and pings from here, and what others publish


@dataclass(frozen=True, slots=True)
class DirectoryView:
    network: str
    name: str
    genesis: str  # hexadecimal digest
    size: int
    root: str
    checked_at: datetime | None
    states: tuple[ContactView, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficerView:
    number: str
    name: str
    rights: tuple[str, ...]
    language: str
    locked: bool
    mail: str
    certificate_until: datetime | None
    has_password: bool = False
    exercised_at: datetime | None = None  # the last training that was recorded: the officer's date of competence
    exercise: str = ""  # its script and what was met of it, such as "quick 3/3"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a draft: ``state`` is QUEUED or WAITING-FOR-APPROVAL."""

    id: str
    case: str
    state: str
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class SentTo:
    """One letter of a matter that goes to several States; ``state`` as in `Submitted`."""

    recipient: str
    id: str
    case: str
    state: str
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """A State to which nothing was queued, and why."""

    recipient: str
    code: str
    text: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Spread:
    """What became of a draft for several States: one operation, each State its own case."""

    thread: str
    sent: tuple[SentTo, ...]
    failed: tuple[NotSent, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an acknowledgement. ``first`` names who was first when somebody else had it already."""

    id: str
    request: str
    kind: str  # ACKNOWLEDGED or ACK-DEGRADED
    first: str | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request or answer as filled in, before any check. ``re`` / ``parent``: id, label or own file number."""

    kind: str
    recipient: str
    urgency: str
    body: Mapping[str, Any]
    parent: str | None = None
    re: str | None = None
    label: str = ""
    lang: str = "en"
    approver: str | None = None
    own_reference: str = field(default="")
    recipients: tuple[
        str, ...
    ] = ()  # several States, or ALL: one letter and one case each (`contactpoint.desk.several`)
    subsets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by State: fields that differ for it
    thread: str = ""  # the operation that a new case joins; "" lets the desk decide
