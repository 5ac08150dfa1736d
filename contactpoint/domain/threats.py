"""A shared threat as a value: what one State warned of, how far it may go, who has seen it, and whether it was taken back.

Read from the fold of its case and from nothing else, so that both ends show the same. Which type of request shares threats stands in
the catalogue: the one that has a field of indicators; a sighting is an answer that tells when it was first seen, a recall one that
recalls. Source: Articles 47(1)(d), (f) and 55; TLP 2.0 (FIRST, 2022); the Permissible Actions Protocol (MISP taxonomy `PAP`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contactpoint.domain.case import Case, Request, Step
from contactpoint.domain.catalogue.model import Answer, Catalogue, Entry
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.errors import DateError
from contactpoint.domain.indicators import Indicator, read_indicator, visible
from contactpoint.domain.labels import labels_of
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Plain, Side, parse_instant

INDICATORS, METHOD = "indicators", "method"
FIRST_SEEN, LAST_SEEN, COUNT, NOTE = "first_seen", "last_seen", "count", "note"
MOST_INDICATORS = 2_000
"""Of one threat; a letter holds no more, and a list on the screen should not."""


@dataclass(frozen=True, slots=True)
class Handling:
    """One mark: its code and name, and whether what bears it may leave the console as a file, or flow to the State's own tools."""

    code: str
    name: str
    file: bool
    feed: bool


TLP = (
    Handling("HC-TLP-RED", "TLP:RED", file=False, feed=False),
    Handling("HC-TLP-AMBER-STRICT", "TLP:AMBER+STRICT", file=False, feed=False),
    Handling("HC-TLP-AMBER", "TLP:AMBER", file=True, feed=True),
    Handling("HC-TLP-GREEN", "TLP:GREEN", file=True, feed=True),
    Handling("HC-TLP-CLEAR", "TLP:CLEAR", file=True, feed=True),
)
"""How far it may go, the strictest first. RED is for the eyes of those it was sent to, AMBER+STRICT for this organisation: both stay
in the console."""

PAP = (
    Handling("HC-PAP-RED", "PAP:RED", file=True, feed=False),
    Handling("HC-PAP-AMBER", "PAP:AMBER", file=True, feed=True),
    Handling("HC-PAP-GREEN", "PAP:GREEN", file=True, feed=True),
    Handling("HC-PAP-CLEAR", "PAP:CLEAR", file=True, feed=True),
)
"""What the receiver may do with it, the strictest first. RED may cause nothing that the adversary could notice: no tool is fed."""

UNMARKED = Handling("", "", file=False, feed=False)
"""Without a colour that is known here, the strictest holds: nobody has said that it may go further."""

_OF_TEXTS = "\n\t\u200c\u200d"  # line ends, and the joiners of Persian and Hindi

_TLP = {each.code: each for each in TLP}
_PAP = {each.code: each for each in PAP}
_ANY_ACTION = Handling("", "", file=True, feed=True)


def tlp_of(code: str) -> Handling:
    """The row of a TLP code; UNMARKED where it is none."""
    return _TLP.get(code, UNMARKED)


def pap_of(code: str) -> Handling:
    """The row of a PAP code; where nothing was said of actions, none is forbidden."""
    return _PAP.get(code, _ANY_ACTION)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One signed word that the threat was seen: by which State, how often, between which instants as far as they were told."""

    by: Address
    officer: str
    at: datetime
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    note: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Threat:
    """One shared threat. `tlp` and `pap` are codes of handling, empty where none was given; `digest` is its statement's.

    `recalled_at` is the date of the sender's recall, `recall_reason` its words.
    """

    request: str
    case: str
    sender: Address
    recipient: Address
    at: datetime
    kind: str
    digest: bytes
    thread: str
    method: str
    indicators: tuple[Indicator, ...]
    tlp: str
    pap: str
    personal_data: bool
    sightings: tuple[Sighting, ...]
    recalled_at: datetime | None
    recall_reason: str

    @property
    def may_be_file(self) -> bool:
        """Whether it may leave the console as a file."""
        return tlp_of(self.tlp).file and pap_of(self.pap).file

    @property
    def may_be_fed(self) -> bool:
        """Whether it may flow to the State's own tools."""
        return tlp_of(self.tlp).feed and pap_of(self.pap).feed

    def names(self, text: str) -> bool:
        """Whether an indicator, the method or the sender holds this text; capitals and brackets of defanged texts do not matter."""
        sought = read_indicator(text).value.casefold()
        places = (each.value for each in self.indicators)
        return any(sought in place.casefold() for place in (*places, self.method, self.sender))


def shares_threats(entry: Entry) -> bool:
    """Whether requests of this type share a threat."""
    return any(field.name == INDICATORS for field in entry.fields)


def threat_kind(catalogue: Catalogue) -> str:
    """The code of the type that shares threats; empty where this catalogue has none."""
    return next((entry.code for entry in catalogue.entries.values() if shares_threats(entry)), "")


def sighting_kind(entry: Entry) -> str:
    """The code of the answer that tells of a sighting; empty where the type has none."""
    return next((answer.code for answer in entry.answers if _tells_of_sighting(answer)), "")


def recall_kind(entry: Entry) -> str:
    """The code with which the sender takes the threat back; empty where the type has none."""
    return next((answer.code for answer in entry.answers if answer.consequence is Consequence.RECALLS), "")


def _tells_of_sighting(answer: Answer) -> bool:
    return any(field.name == FIRST_SEEN for field in answer.fields)


def threat_of(case: Case, request: Request, catalogue: Catalogue) -> Threat:
    """Promise: the threat that this request shares, with all that both ends have said of it. Whatever its body holds, it is read."""
    said = {each.digest: each for half in case.halves.values() for each in half}
    entry = catalogue[request.kind]
    opening = said[request.digest]
    marks = [label.code for label in labels_of(opening.body)]
    recall = next((said[step.digest] for step in request.steps if _recalls(entry, step)), None)
    return Threat(
        request=request.id,
        case=case.id,
        sender=request.sender,
        recipient=request.recipient,
        at=request.at,
        kind=request.kind,
        digest=request.digest,
        thread=opening.thread or "",
        method=_text(opening.body.get(METHOD)),
        indicators=tuple(_indicators(opening.body.get(INDICATORS))),
        tlp=next((code for code in marks if code in _TLP), ""),
        pap=next((code for code in marks if code in _PAP), ""),
        personal_data=opening.body.get("personal_data") is not False,
        sightings=tuple(_sighting(said[step.digest]) for step in request.steps if _tells(entry, step)),
        recalled_at=None if recall is None else recall.at,
        recall_reason="" if recall is None else _text(recall.body.get("reason")),
    )


def recalled_at(request: Request, catalogue: Catalogue) -> datetime | None:
    """When the sender took the request back, or None. Only the sender can: the move is not the addressee's to make."""
    entry = catalogue[request.kind]
    return next((step.at for step in request.steps if _recalls(entry, step)), None)


def _recalls(entry: Entry, step: Step) -> bool:
    return step.side is Side.REQUESTER and step.kind == recall_kind(entry)


def _tells(entry: Entry, step: Step) -> bool:
    return step.kind == sighting_kind(entry)


def _sighting(statement: Statement) -> Sighting:
    body = statement.body
    count = body.get(COUNT)
    return Sighting(
        by=statement.sender,
        officer=statement.by,
        at=statement.at,
        count=count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1,
        first_seen=_instant(body.get(FIRST_SEEN)),
        last_seen=_instant(body.get(LAST_SEEN)),
        note=_text(body.get(NOTE)),
        digest=statement.digest,
    )


def _text(value: Plain) -> str:
    return visible(value, keep=_OF_TEXTS) if isinstance(value, str) else ""


def _instant(value: Plain) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except DateError:
        return None


def _indicators(value: Plain) -> Iterable[Indicator]:
    """Each once, in the order in which they stand."""
    texts = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    read = (read_indicator(text) for text in texts[:MOST_INDICATORS] if isinstance(text, str) and text.strip())
    return dict.fromkeys(read)
