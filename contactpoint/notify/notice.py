"""What may leave the node: that something waits, its class, a reference that means nothing to a stranger, and the link *on my way*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from contactpoint.notify.errors import NoticeError

_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,64}")
_URGENCIES = ("U0", "U1", "U2", "U3")
_LINK = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,120}/([0-9A-Za-z_~-]{1,40}/){0,3}reach/[0-9A-Za-z_-]{43}")
_LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3


class Subject(Enum):
    """Why a person is called: the whole vocabulary, so that no free text can leave."""

    MESSAGE = "A message waits"
    OVERDUE = "A message is overdue"
    TASK = "A task waits"
    DUTY = "Your duty begins"
    ALARM = "The node needs its administrator"
    FALSE_CLAIM = "A message in your State's name was refused"
    TEST = "This is a test of your channel"
    CODE = "Your code to type back"


@dataclass(frozen=True, slots=True)
class Notice:
    """One call to one person over one channel.

    `id` is the same for every attempt (a peer's repetition can be recognised); `reference` is the request's short id;
    `to` is the person's address on this channel, empty where it has none; `network` is live, pilot or training; `link` is the
    single-use address by which the person says *on my way*: of a message only, never of a test, a code or an alarm.
    Raises NoticeError when a value could hold a sentence or a second header line.
    """

    id: str
    subject: Subject
    urgency: str
    reference: str
    to: str = ""
    network: str = "live"
    link: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.subject, Subject):
            raise NoticeError("A notice's subject is one of Subject; it never is free text.")
        if self.urgency not in _URGENCIES:
            raise NoticeError("A notice's class is U0, U1, U2 or U3.")
        for name in ("id", "reference", "network"):
            if not _REFERENCE.fullmatch(getattr(self, name)):
                # a sentence from a request, or a line break that starts another mail header, must not pass here
                raise NoticeError(f"A notice's {name} is 1 to 64 letters, digits and hyphens.")
        if len(self.to) > _LONGEST_ADDRESS or not self.to.isprintable():
            raise NoticeError("A notice's address is one printable line.")
        if self.link and (self.subject not in (Subject.MESSAGE, Subject.OVERDUE) or not _LINK.fullmatch(self.link)):
            # words in a link, or a link that says more than its token, would be content
            raise NoticeError("A notice's link is the address of the page on which one says: on my way.")

    @property
    def line(self) -> str:
        """The one sentence that every channel says."""
        mark = "" if self.network == "live" else f"[{self.network.upper()}] "
        return f"{mark}{self.urgency} {self.subject.value}: {self.reference}"

    @property
    def body(self) -> str:
        """The sentence, and under it the link where there is one."""
        return f"{self.line}\n{self.link}" if self.link else self.line


def fields_of(notice: Notice) -> dict[str, str]:
    """A notice as the hook and the webhook are given it: text by name; ``link`` only where there is one."""
    fields = {
        "id": notice.id,
        "subject": notice.subject.name,
        "urgency": notice.urgency,
        "reference": notice.reference,
        "to": notice.to,
        "network": notice.network,
        "line": notice.line,
    }
    return {**fields, "link": notice.link} if notice.link else fields
