"""A State's card: what its contact point can do, in which languages, under which law, and how to ring it.

Source: `docs/` on Articles 37 to 46 of the Convention. The public part is logged; telephones and mail are the members'
part, of which only a salted digest is logged, so that it can be erased without breaking the log.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from directory.fields import Digest, Document, Instant, Long, Number, Plain, Short, StateCode
from keys.digest import labelled

Telephone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$")]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Annotated[int, Field(ge=1, le=7)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", max_length=64)]
"""An IANA zone. Whether it exists is not checked here: nodes with other editions of the zones must agree on the log."""
Family = Literal["a", "b", "c", "d", "e"]
"""The kinds of help of Article 41(3)(a) to (e)."""


OffenceCode = Annotated[str, StringConstraints(pattern=r"^O-[0-9A-Za-z]{1,8}$")]
"""A code of the catalogue's list of offences. Whether it exists is not checked here, for the same reason."""


class Grown(Plain):
    """A part that has gained fields since the first cards were signed.

    A field of `LATER` stands in the bytes only where it says something: a card signed before it came keeps its one spelling, and
    one that does not use it is spelled as ever, so that a reader of the day before takes it, too.
    """

    LATER: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        unsaid = {name for name in self.LATER if getattr(self, name) == fields[name].get_default()}
        return {name: value for name, value in write(self).items() if name not in unsaid}


class Language(Plain):
    """A language that requests may come in, as a BCP 47 tag, for these kinds of help; and whether at night too."""

    tag: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    families: tuple[Family, ...] = ("a", "b", "c", "d", "e")
    at_night: bool = True


class Authority(Grown):
    """Another authority to which the desk hands over. `transfer`: of sentenced persons and of proceedings (Articles 38, 39)."""

    LATER = frozenset({"telephone"})

    role: Literal[
        "central",
        "extradition",
        "transfer",
        "asset-recovery",
        "data-protection",
        "child-protection",
        "csirt",
        "court",
        "prosecution",
    ]
    name: Short
    mail: Mail | None = None
    telephone: Telephone | None = None


class Help(Plain):
    """What the desk does itself for one kind of help, or who does it."""

    how: Literal["itself", "passes-on", "not-available"] = "itself"
    to: Short | None = None


class OwnHelp(Plain):
    """Article 41(3): (a) technical advice, (b) preservation, (c) evidence and law, (d) locating, (e) emergencies."""

    a: Help = Help()
    b: Help = Help()
    c: Help = Help()
    d: Help = Help()
    e: Help = Help()


class OwnOffence(Plain):
    """What an offence code is in this State's own law: name, provision, and the maximum penalty in years.

    The same code does not prove dual criminality (States may narrow an offence); it lets the other State see what it asks about.
    """

    name: Short
    provision: Short
    maximum_years: Annotated[int, Field(ge=0, le=100)]


class LegalCard(Grown):
    """What a requesting State must know of the law here before it writes. `preservation_law`: the provision of a domestic order."""

    LATER = frozenset({"offences", "preservation_law", "user_notification_days"})

    reservation_42_5: bool = False
    reservation_42_5_text: Long = ""
    dual_criminality: Literal["required", "discretionary", "not-required"] = "discretionary"
    preservation_days: Annotated[int, Field(ge=1, le=3650)] = 90
    preservation_renewable: bool = True
    preservation_law: Short | None = None
    user_notification: Literal["none", "delayed", "required"] = "none"
    user_notification_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    orders_by: tuple[Literal["police", "prosecutor", "judge"], ...] = ("prosecutor",)
    judge_needed_for: tuple[Literal["subscriber", "traffic", "content"], ...] = ("content",)
    emergency_minimum: Long = ""
    oral_requests: bool = False
    confirmation_hours: Annotated[int, Field(ge=1, le=720)] | None = None
    reservation_23_3: bool = False
    extradition_basis_37_6: bool = False
    transfer_basis_39_2: bool = False
    refuses_interpol_40_12: bool = False
    diplomatic_channel_40_12: bool = False
    offences: Annotated[Mapping[OffenceCode, OwnOffence], Field(max_length=64)] = {}


class Calendar(Plain):
    """Working time of the State's lawyers: IANA zone, ISO weekdays (1 is Monday), hours, and holidays as dates."""

    zone: Zone
    workdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = (1, 2, 3, 4, 5)
    opens: Clock = "09:00"
    closes: Clock = "17:00"
    holidays: Annotated[tuple[Day, ...], Field(max_length=200)] = ()


class Promise(Plain):
    """The State's own target times for one urgency, in minutes."""

    urgency: Literal["U0", "U1", "U2", "U3"]
    acknowledge_minutes: Annotated[int, Field(ge=1, le=525_600)]
    answer_minutes: Annotated[int, Field(ge=1, le=525_600)]


class Closure(Plain):
    """A planned closure: nobody answers from `begins` until `ends`. It holds only if it stood in the register before it began."""

    begins: Instant
    ends: Instant
    reason: Short


DrillMark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the drill's request, hexadecimal: both ends hold the letter, so what is published of it can be compared with it."""
Reached = Literal["5-min", "30-min", "4-h", "not"]


class DrillResult(Plain):
    """How quickly a person of `state` answered this State's drill, as a class, and on which day (UTC)."""

    state: StateCode
    day: Day
    reach: Reached
    drill: DrillMark


class Dispute(Plain):
    """This State's other view of a drill that `by` says it failed."""

    by: StateCode
    drill: DrillMark
    reason: Short


class PublicCard(Grown):
    """The part of a card that anyone may read. `party_since`: the day on which the Convention entered into force there.

    `drills` is what this State measured of others, the newest of each; `disputes` what it says against others' results about itself.
    """

    LATER = frozenset({"party_since", "closures", "drills", "disputes"})

    body: Short
    parent: Short | None = None
    status: Literal["party", "signatory", "guest"] = "guest"
    party_since: Day | None = None
    mla_authority: bool = False
    extradition_authority: bool = False
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=32)]
    authorities: Annotated[tuple[Authority, ...], Field(max_length=32)] = ()
    own_help: OwnHelp = OwnHelp()
    legal: LegalCard = LegalCard()
    calendar: Calendar
    promises: Annotated[tuple[Promise, ...], Field(max_length=4)] = ()
    closures: Annotated[tuple[Closure, ...], Field(max_length=16)] = ()
    drills: Annotated[tuple[DrillResult, ...], Field(max_length=250)] = ()
    disputes: Annotated[tuple[Dispute, ...], Field(max_length=50)] = ()


class Line(Plain):
    """A telephone and its carrier."""

    number: Telephone
    carrier: Short


class Reachability(Plain):
    """How to ring the contact point when the network is down: two telephones at least, better on separate carriers."""

    duty_line: Telephone
    telephones: Annotated[tuple[Line, ...], Field(min_length=2, max_length=8)]
    mail: Mail
    satellite: Telephone | None = None
    postal: Long | None = None


class Card(Document):
    """A card as signed by the State's keeper key: the public part, and the digest of the members' part."""

    TYPE: ClassVar[str] = "card"

    v: Literal[1] = 1
    state: StateCode
    number: Number
    public: PublicCard
    members: Digest | None
    at: Instant


class Members(Document):
    """The members' part of a card: not logged, known by its salted digest, shown to members only."""

    salt: Annotated[bytes, Field(min_length=16, max_length=32)]
    reachability: Reachability

    @property
    def salted(self) -> bytes:
        """The digest that the card signs. The salt stops guessing the telephones from a digest."""
        return labelled("cpn1/members", self.salt, self.reachability.to_value())
