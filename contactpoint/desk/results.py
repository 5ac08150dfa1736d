"""What crosses the border between the commands (`contactpoint.cli`) and the use cases (`contactpoint.main`).

Plain frozen values, standard library only, so that `--help` and `verify` load neither a database nor a web framework.
What a person is shown has its picture in `contactpoint.desk.views` already and crosses the border as that: `show` gives
a `CaseView`, `send`, `approve` and `answer` a `Submitted`, `acknowledge` a `Taken`, `directory_list` and `_show`
`ContactView`, `officer_list` `OfficerView`. Here stands the rest. Times are aware UTC; no repr holds a secret.

NodeError                  beside DeskError: what goes wrong around the desk
├── RefusedByPeerError     the other State, or the register, said no       exit code 3
├── UnreachableError       the peer or the register cannot be reached      exit code 4
└── NotInTimeError         nobody took charge before the deadline          exit code 5
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One request as a case file states it; nothing in it is signed or checked against the law yet."""

    label: str  # the file's own id, "" when it has none; kept as a local label, never sent
    kind: str
    sender: str
    recipient: str
    urgency: str
    parent: str | None  # an id, a label or an own file number: the desk finds out which
    body: Mapping[str, Any]
    approver: str | None = None  # `second_approver`: the officer who must sign too
    lang: str = "en"
    recipients: tuple[str, ...] = ()  # several States, or ALL; `recipient` is empty then
    subsets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by State: fields that differ for it


@dataclass(frozen=True, slots=True)
class MailAnswers:
    """The State's mail server, for notices only; the password stays in the file that is named."""

    host: str
    port: int
    security: str  # none | starttls | tls
    sender: str
    recipient: str  # where the desk's notices go when an officer has no address of their own
    username: str = ""
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class NodeAnswers:
    """Everything that `init` must know, asked or read from a file."""

    state: str
    name: str
    host: str
    public_port: int
    inside_port: int
    register_url: str
    genesis: str  # SHA-256 of the register's genesis, 64 hexadecimal digits
    officer: str
    officer_name: str
    officer_secret: str = field(repr=False)
    officer_mail: str = ""
    phones: tuple[str, ...] = ()
    mail: MailAnswers | None = None


@dataclass(frozen=True, slots=True)
class InitResult:
    words: tuple[str, ...]  # the root key's fingerprint, twelve words
    officer: str
    one_time_link: str = field(repr=False)  # signs its holder in once
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class EnrolResult:
    state: str
    words: tuple[str, ...]
    submitted: bool  # False: the register has exactly these documents already


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One incoming request, as far as it may be listed without opening it."""

    id: str
    case: str
    kind: str
    urgency: str
    sender: str
    status: str
    level: str
    at: datetime
    due: datetime | None  # of the level that is awaited next
    label: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of `doctor`; when `ok` is False, `what_to_do` is never empty."""

    name: str
    ok: bool
    text: str
    what_to_do: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a bundle proves and relative to which register; `lines` are plain sentences in reading order."""

    verified: bool
    genesis: str  # the register's digest, 64 hexadecimal digits
    pinned: bool  # the digest was given, so the register is the one that was meant
    case: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]  # what is wrong: a changed byte, a bad signature
    missing: tuple[str, ...]  # what a complete bundle would hold besides


@dataclass(frozen=True, slots=True)
class DirectoryReport:
    """The trusted copy of the register, checked again from its first entry."""

    ok: bool
    network: str  # live | pilot | training
    genesis: str
    size: int
    root: str
    checked_at: datetime | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfficerAdded:
    number: str
    one_time_link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRow:
    role: str
    id: str  # hexadecimal
    not_before: datetime
    not_after: datetime
    place: str  # the file that holds it, or "carried away"


@dataclass(frozen=True, slots=True)
class ExerciseLine:
    """One thing that was expected in a training; seconds. ``mark``: waiting, met, late or missed."""

    what: str
    of: str
    among: tuple[str, ...]
    expected_s: float
    took_s: float | None
    mark: str


@dataclass(frozen=True, slots=True)
class ExerciseReport:
    """What an officer did in a training, against what was expected."""

    script: str
    title: str
    officer: str
    started: datetime
    ended: datetime
    met: int
    lines: tuple[ExerciseLine, ...]
    over: bool  # False: it was broken off, or it still runs
    recorded: bool = False  # in the live node's folder


class NodeError(Exception):
    """The node could not do it: `code` is stable, `text` says what is wrong, `what_to_do` what helps. No secrets."""

    exit_code = 1

    def __init__(self, code: str, text: str, what_to_do: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.what_to_do = what_to_do


class RefusedByPeerError(NodeError):
    """The other State, or the register, said no."""

    exit_code = 3


class UnreachableError(NodeError):
    """The peer or the register cannot be reached; nothing is lost."""

    exit_code = 4


class NotInTimeError(NodeError):
    """Nobody took charge before the deadline."""

    exit_code = 5
