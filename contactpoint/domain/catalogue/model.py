"""What a catalogue entry is: a type of request or move, with fields, answers, clocks and signers. All of it is data."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from contactpoint.domain.catalogue.words import (
    At,
    Audience,
    Consequence,
    Counting,
    FieldType,
    Opens,
    Required,
    Signers,
    Stage,
)
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Side, Urgency


@dataclass(frozen=True, slots=True)
class Citation:
    """Where the law says so. `checked` is false until a lawyer has compared the paragraph with the official text."""

    article: str
    source_tag: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a closed list and its label (a plain English message id).

    `asks` names sibling fields that are mandatory beside this value; `scope` is false where the value alone does not bring
    the matter into the scope of Article 35; `least` is the least number of each field beside it that does. `closed`: a ground that
    the type does not open; it may be said with a supervisor's `override` only."""

    code: str
    label: str
    asks: tuple[str, ...] = ()
    scope: bool = True
    least: Mapping[str, int] = dataclass_field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `past` means that an instant after `now` is data that do not exist yet.

    `order` names two instants of a group of which the second must not be earlier; `minimum` and `maximum` bound an integer.
    `needed_with` is a sibling (and its value) beside which this field is mandatory. `ask`: a form asks it always, though a letter
    may lack it. `no_personal_data`: a mail address or telephone number in it is a problem while the sender says there are none.
    `forbidden_words` would turn the request into one of another type. `text_part`: the part of a group that a plain text means."""

    name: str
    type: FieldType
    required: Required
    label: str
    help: str
    citation: str
    source_tag: str
    choices: tuple[Choice, ...]
    fields: tuple["Field", ...]
    past: bool
    order: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    needed_with: tuple[str, str | None] | None = None
    ask: bool = False
    no_personal_data: bool = False
    forbidden_words: tuple[str, ...] = ()
    text_part: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of refusal, with the condition the officer is shown. `never`: no State may refuse on it alone (40(23), 40(24))."""

    code: str
    label: str
    citation: str
    only_if: str
    never: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that runs from a fact both ends have. `minimum` is a floor between States (the end follows the preservation).

    `starts` is `request` (the letter's date), `field:a.b` of the request, `answer:CODE` (that step's date) or `answer:CODE.field`.
    Its length is `days`, `hours`, `terms` (seconds by class) or ends at `until` (a field). `of` is the State whose working days
    count, `receipt_day_counts` whether the day on which it begins is the first of them. `alarm_days` are days before the end,
    `alarm_percent` parts of the way; `audience` are the roles that are told. `stops` are codes of answers or statuses that close
    it; `certificate`: a signed slip says that the term has lapsed.
    """

    code: str
    label: str
    starts: str
    citation: Citation
    days: int | None = None
    hours: int | None = None
    terms: Mapping[Urgency, int] = dataclass_field(default_factory=dict)
    until: str = ""
    counting: Counting = Counting.CALENDAR
    of: Side = Side.ADDRESSEE
    receipt_day_counts: bool = False
    end_on_working_day: bool = False
    minimum: bool = False
    at: At = At.BOTH
    alarm_days: tuple[int, ...] = ()
    alarm_percent: tuple[int, ...] = ()
    audience: tuple[str, ...] = ("duty",)
    stops: tuple[str, ...] = ()
    certificate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A move within a request: an answer or recorded step of the addressee, or a reply of the requester (`by`).

    `after` names the stages or statuses in which it is a word and leads to the status `leads_to`, of `stage`; `noted` those in
    which it is only kept and shown. `decides` meets the decision term, `needs` names steps that its author must have made before,
    `discloses` hands data over, `executes` does what was asked (a rights check stands before it where one is due). `right` is what
    its officer needs, empty for the entry's; `withheld` are fields that open only under accepted conditions. `offers` is empty: so an
    answer's form is checked like an entry's."""

    code: str
    title: str
    by: tuple[Side, ...]
    fields: tuple[Field, ...]
    decides: bool
    needs: tuple[str, ...]
    signers: Signers
    consequence: Consequence
    citation: Citation
    stage: Stage
    leads_to: str
    after: tuple[str, ...]
    noted: tuple[str, ...]
    discloses: bool = False
    executes: bool = False
    right: str = ""
    withheld: tuple[str, ...] = ()
    offers: tuple["Offer", ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    specific: tuple[str, ...] = ()
    help: str = ""

    @property
    def final(self) -> bool:
        return self.stage is Stage.FINAL


@dataclass(frozen=True, slots=True)
class NextStep:
    """A request that fits after this one. `to` is empty for the same State, or `answer.x`: the field that names another.

    `carry` fills a field of the new request (dotted) from `request.x` or `answer.x`; fields of the same name go over by themselves.
    """

    kind: str
    label: str
    after: tuple[str, ...]
    by: Side
    to: str
    carry: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """Another type that fits instead, when a check fails with `code`. It may be named before it has an entry."""

    code: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One type of letter that opens a case, opens a request in its parent's case, or moves a request.

    `signers` has a row for each urgency that is open to the type. `parents` are the kinds of request it may be about (empty: any),
    `parent_states` the states these must be in where the entry opens a request, `by` the sides of the parent that may. `family` is
    the letter of Article 41(3), `authority` the one that decides it (41(4)), `right` and `answer_right` what officers need. `calls`
    is the role that is paged on arrival (`duty`, or a right of officers), `reservation` the paragraph under which a card may limit
    the power. `ground_needs` names, for a ground, what its author must have said before, `move` how a MOVE moves its request.
    `executes`: it gives what was found while its parent was executed, and stands under the parent's rights check. `station`: classes
    in which a machine may open it, with nobody's number (a drill at three in the morning). `rings_back`: whether an own one that is
    late or answered rings at the desk that asked.
    """

    code: str
    opens: Opens
    title: str
    summary: str
    citation: Citation
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]
    grounds: tuple[Ground, ...]
    signers: Mapping[Urgency, Signers]
    parents: tuple[str, ...]
    parent_states: tuple[str, ...]
    clocks: tuple[Clock, ...]
    offers: tuple[Offer, ...]
    group: str = ""
    family: str = ""
    by: tuple[Side, ...] = (Side.REQUESTER,)
    right: str = "send"
    answer_right: str = "answer"
    authority: str = ""
    calls: str = "duty"
    audience: Audience = Audience.ONE
    rings: bool = True
    rings_back: bool = True
    station: tuple[Urgency, ...] = ()
    scope: bool = False
    rights_check: bool = False
    executes: bool = False
    domestic_order: bool = False
    reservation: str = ""
    specific: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    withheld: tuple[str, ...] = ()
    consequence: Consequence = Consequence.NOTHING
    ground_needs: Mapping[str, tuple[str, ...]] = dataclass_field(default_factory=dict)
    next_steps: tuple[NextStep, ...] = ()
    urgency_texts: Mapping[Urgency, str] = dataclass_field(default_factory=dict)
    move: Answer | None = None
    stages: Mapping[str, Stage] = dataclass_field(default_factory=dict)

    @property
    def article(self) -> str:
        return self.citation.article

    @property
    def urgencies(self) -> tuple[Urgency, ...]:
        return tuple(self.signers)

    def answer(self, code: str) -> Answer:
        """The answer of this code. Raises CatalogueError (E-MOVE-ILLEGAL) where this type does not offer it."""
        found = self.offered(code)
        if found is None:
            raise CatalogueError("E-MOVE-ILLEGAL", field=code)
        return found

    def offered(self, code: str) -> Answer | None:
        """The answer of this code, or None where this type does not offer it."""
        return next((answer for answer in self.answers if answer.code == code), None)

    def ground(self, code: str) -> Ground | None:
        """The ground of this code, or None where this type does not open it."""
        return next((ground for ground in self.grounds if ground.code == code), None)


@dataclass(frozen=True, slots=True)
class Offence:
    """One offence code. `asks` are the fields mandatory beside it; `convention` is true for Articles 7 to 17, `marker` for what
    is no offence of its own (Articles 18 and 19)."""

    code: str
    title: str
    article: str
    convention: bool
    asks: tuple[str, ...]
    marker: bool = False
    source_tag: str = ""


OPEN = "OPEN"
"""The status of a request that nobody has taken yet: the one status that no letter leads to."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the catalogue. Old versions ship for ever, so that old evidence is judged by its own rules.

    `all_grounds` are the grounds of every type, the forbidden ones with them; `lists` the closed lists by name."""

    version: str
    entries: Mapping[str, Entry]
    offences: Mapping[str, Offence]
    lists: Mapping[str, Mapping[str, str]] = dataclass_field(default_factory=dict)
    all_grounds: Mapping[str, Ground] = dataclass_field(default_factory=dict)

    def __getitem__(self, kind: str) -> Entry:
        """The entry of a kind. Raises CatalogueError (E-UNKNOWN-KIND)."""
        try:
            return self.entries[kind]
        except KeyError as error:
            raise CatalogueError("E-UNKNOWN-KIND", field=kind) from error

    def __contains__(self, kind: object) -> bool:
        return kind in self.entries

    def move(self, kind: str, request_kind: str) -> Answer | None:
        """How a letter of this kind moves a request of that type, or None where it does not."""
        entry = self.entries.get(kind)
        if entry is None or entry.move is None:
            return self[request_kind].offered(kind)
        return entry.move if not entry.parents or request_kind in entry.parents else None
