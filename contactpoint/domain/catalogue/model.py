"""What a catalogue entry is: a type of request or move, with fields, answers, clocks and signers. All of it is data."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import timedelta
from enum import StrEnum

from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Side, Urgency


class Opens(StrEnum):
    """What a statement of this kind begins."""

    CASE = "case"
    REQUEST = "request"
    MOVE = "move"


class Required(StrEnum):
    """Whether a field must be there. MAY_BE_UNKNOWN: it is asked, and the text `unknown` is an answer."""

    REQUIRED = "required"
    MAY_BE_UNKNOWN = "may-be-unknown"
    OPTIONAL = "optional"


class FieldType(StrEnum):
    """What a field holds; forms and validators are derived from it."""

    TEXT = "text"  # one line
    LONG_TEXT = "long-text"
    BOOLEAN = "boolean"
    MUST_BE_TRUE = "must-be-true"
    INTEGER = "integer"
    INSTANT = "instant"  # RFC 3339 text
    CHOICE = "choice"
    CHOICES = "choices"
    TEXTS = "texts"
    FIELD_CODES = "field-codes"  # names of fields of the request answered
    GROUND = "ground"  # one of the grounds open to the request
    OFFENCES = "offences"
    GROUP = "group"  # a map of its own fields


class Signers(StrEnum):
    """Who signs a letter: one officer, two different officers, or the station."""

    ONE = "one"
    TWO = "two"
    STATION = "station"


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
    the matter into the scope of Article 35; `least` is the least number of each field beside it that does.
    """

    code: str
    label: str
    asks: tuple[str, ...] = ()
    scope: bool = True
    least: Mapping[str, int] = dataclass_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `past` means that an instant after `now` is data that do not exist yet.

    `order` names two instants of a group of which the second must not be earlier; `minimum` and `maximum` bound an integer.
    """

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


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of refusal open to a type, with the condition the officer is shown."""

    code: str
    label: str
    citation: str
    only_if: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A statutory time that runs from a fact. `minimum` is a floor between States, otherwise a ceiling or a reminder.

    `runs_from` is the name of the answer's field, `alarms` are days before the end on which both desks are told.
    """

    code: str
    label: str
    length: timedelta
    runs_from: str
    minimum: bool
    citation: Citation
    alarms: tuple[timedelta, ...]


class Consequence(StrEnum):
    """What an answer does to the preservation that both ends share."""

    NOTHING = "nothing"
    PRESERVES = "preserves"
    EXTENDS = "extends"


@dataclass(frozen=True, slots=True)
class Answer:
    """A move within a request: an answer or recorded step of the addressee, or a reply of the requester (`by`).

    `final` ends the request, `decides` meets the decision term, `needs` names steps that its author must have made before.
    `offers` is empty; it stands here so that an answer's form is checked like an entry's.
    """

    code: str
    title: str
    by: Side
    fields: tuple[Field, ...]
    final: bool
    decides: bool
    needs: tuple[str, ...]
    signers: Signers
    consequence: Consequence
    citation: Citation
    offers: tuple["Offer", ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """Another type that fits instead, when a check fails with `code`. It may be named before it has an entry."""

    code: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One type of letter that opens a case, opens a request in its parent's case, or moves a request.

    `signers` has a row for each urgency that is open to the type. `parents` are the kinds of request it may be about (`re`),
    `parent_states` the states these must be in where the entry opens a request.
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

    @property
    def article(self) -> str:
        return self.citation.article

    @property
    def urgencies(self) -> tuple[Urgency, ...]:
        return tuple(self.signers)

    def answer(self, code: str) -> Answer:
        """The answer of this code. Raises CatalogueError (E-MOVE-ILLEGAL) where this type does not offer it."""
        for answer in self.answers:
            if answer.code == code:
                return answer
        raise CatalogueError("E-MOVE-ILLEGAL", field=code)


@dataclass(frozen=True, slots=True)
class Offence:
    """One offence code. `asks` are the fields mandatory beside it; `convention` is true for Articles 7 to 17."""

    code: str
    title: str
    article: str
    convention: bool
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the catalogue. Old versions ship for ever, so that old evidence is judged by its own rules."""

    version: str
    entries: Mapping[str, Entry]
    offences: Mapping[str, Offence]

    def __getitem__(self, kind: str) -> Entry:
        """The entry of a kind. Raises CatalogueError (E-UNKNOWN-KIND)."""
        try:
            return self.entries[kind]
        except KeyError as error:
            raise CatalogueError("E-UNKNOWN-KIND", field=kind) from error

    def __contains__(self, kind: object) -> bool:
        return kind in self.entries
