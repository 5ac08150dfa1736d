"""The closed words of the catalogue: what a letter opens, where a request stands, what a field holds, what a move brings with it."""

from enum import StrEnum


class Opens(StrEnum):
    """What a statement of this kind begins. EITHER: with a parent a request in the parent's case, without one a case."""

    CASE = "case"
    REQUEST = "request"
    EITHER = "case-or-request"
    MOVE = "move"

    @property
    def may_open_case(self) -> bool:
        return self in (Opens.CASE, Opens.EITHER)

    @property
    def may_follow(self) -> bool:
        return self in (Opens.REQUEST, Opens.EITHER)


class Stage(StrEnum):
    """Where a request stands on its way; every status of the catalogue belongs to one.

    PAUSED: the addressee waits for the requester's word and may only end the matter meanwhile. PARTIAL: something was
    given, more may follow. FINAL: nothing more is said.
    """

    NEW = "new"
    TAKEN = "taken"
    ASKED = "asked"
    WORKING = "working"
    PAUSED = "paused"
    PARTIAL = "partial"
    FINAL = "final"


class Audience(StrEnum):
    """To how many States one request of this type goes: one case each."""

    ONE = "one"
    SEVERAL = "several"
    ALL = "all"


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
    DATE = "date"  # YYYY-MM-DD, where an hour would say too much
    CHOICE = "choice"
    CHOICES = "choices"
    TEXTS = "texts"
    FIELD_CODES = "field-codes"  # names of fields of the request answered
    GROUND = "ground"  # one of the grounds open to the request
    OFFENCES = "offences"
    GROUP = "group"  # a map of its own fields
    LABELS = "labels"  # conditions and handling: codes, or maps of code, until, states, text
    PACKAGES = "packages"  # letters of other States, named by case and id; the desk fills in the rest


class Signers(StrEnum):
    """Who signs a letter: one officer, two different officers, or the station."""

    ONE = "one"
    TWO = "two"
    STATION = "station"


class Counting(StrEnum):
    """Which days a term counts."""

    CALENDAR = "calendar"
    WORKING = "working"


class At(StrEnum):
    """At whose desk a clock runs."""

    BOTH = "both"
    REQUESTER = "requester"
    ADDRESSEE = "addressee"


class Consequence(StrEnum):
    """What a statement does besides moving its own request: to the preservation both ends share, to the class, to what was given."""

    NOTHING = "nothing"
    PRESERVES = "preserves"
    EXTENDS = "extends"
    RENEWS = "renews"
    HOLDS = "holds"
    RELEASES = "releases"
    LOWERS = "lowers"
    CALLS_BACK = "calls-back"  # at a number of the directory, before anything is handed over
    QUARANTINES = "quarantines"
    LIFTS_QUARANTINE = "lifts-quarantine"
    CONDITIONS = "conditions"
    ACCEPTS = "accepts"
    DECLINES = "declines"
    GRANTS = "grants"
    RECALLS = "recalls"
    MEMBERS = "members"
    MESSAGE = "message"  # to everybody in a group
    ESCALATES = "escalates"  # the addressee's ladder is climbed by hand
    ELSEWHERE = "answers-elsewhere"  # the answer came another way, and the request waits for none
    HANDS_OVER = "hands-over"  # to the authority that decides it (41(4))
    WARNS = "warns"  # that secrecy or the data are in danger (42(7), 40(20))
    DRILLS = "drills"  # tries whether a person can be reached (41(5))
