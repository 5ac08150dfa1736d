"""What an officer should know before a request leaves: the form held against the cards of both States. It decides nothing.

`check_body` names what is missing or cannot be right; this names what the law and the desk there make of it. All of it is read
from the catalogue and from two cards: a State, not a program, decides (Article 5), so nothing here closes a way by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import StrEnum

from contactpoint.domain.catalogue.check import Problem
from contactpoint.domain.catalogue.model import Entry, Ground, Offer
from contactpoint.domain.catalogue.words import FieldType, Opens
from contactpoint.domain.precheck_offences import Named, named_offences, offence_findings
from contactpoint.domain.precheck_texts import TEXTS
from contactpoint.domain.statepicture import Does, StatePicture
from contactpoint.domain.values import Plain, Urgency


class Severity(StrEnum):
    """Whether a finding stops the own desk, warns, or is good to know."""

    BLOCKS = "blocks"
    WARNS = "warns"
    TELLS = "tells"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `text` is an English message id with places, `values` what stands in them (foreign text among it)."""

    code: str
    severity: Severity
    field: str
    text: str
    values: Mapping[str, str] = dataclass_field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    case: str = ""

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.text % self.values if self.values else self.text


@dataclass(frozen=True, slots=True)
class Twin:
    """A request of this desk that may be about the same matter. `why`: reference (of the case file) or custodian."""

    case: str
    state: str
    kind: str
    why: str


_URGENT = (Urgency.U0, Urgency.U1)


@dataclass(frozen=True, slots=True)
class _Matter:
    """One draft with the two States, as the checks below see it."""

    entry: Entry
    body: Mapping[str, Plain]
    urgency: Urgency | None
    lang: str
    own: StatePicture
    theirs: StatePicture
    offences: tuple[Named, ...]
    now: datetime


def pre_checks(
    entry: Entry,
    body: Mapping[str, Plain],
    urgency: str,
    lang: str,
    own: StatePicture,
    theirs: StatePicture,
    now: datetime,
) -> tuple[Finding, ...]:
    """Promise: what is worth knowing before this leaves for `theirs`; first what warns, then what is good to know.

    What `check_body` says of the form is not repeated, but for E-SCOPE-35, which names the other ways here.
    """
    known = urgency in {each.value for each in Urgency}
    matter = _Matter(
        entry, body, Urgency(urgency) if known else None, lang, own, theirs, named_offences(entry, body), now
    )
    found = [finding for part in _parts(entry) for finding in part(matter)]
    return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))


def _parts(entry: Entry) -> tuple[Callable[[_Matter], Iterable[Finding]], ...]:
    """A move asks for nothing new: only its language matters."""
    if entry.opens is Opens.MOVE:
        return (_language,)
    return (_scope, _treaty, _language, _help, _authority, _law, _secrecy, _judge, _emergency, _own_offences, _channels)


def findings_of(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """What the catalogue's own check found, as findings."""
    return tuple(
        Finding(
            each.code,
            Severity.BLOCKS if each.blocks else Severity.WARNS,
            each.field,
            each.message,
            offers=each.offers,
        )
        for each in problems
    )


def open_grounds(entry: Entry, request: Mapping[str, Plain], own: StatePicture) -> tuple[Ground, ...]:
    """Promise: the grounds of refusal open to the addressee `own` for this very request.

    A ground that rests on a reservation (42(5)) is open only while the own card holds it, and where the request names no offence of
    the Convention.
    """
    convention = any(each.convention for each in named_offences(entry, request))

    def is_open(ground: Ground) -> bool:
        held = own.law.reservations.get(ground.citation)
        return held is None or (held and not convention)

    return tuple(ground for ground in entry.grounds if not ground.never and is_open(ground))


def same_matter(twin: Twin) -> Finding:
    """The question whether an own request is about the same matter."""
    values = {"state": twin.state, "kind": twin.kind}
    return Finding("W-SAME-MATTER", Severity.WARNS, "", TEXTS[f"W-SAME-MATTER/{twin.why}"], values, case=twin.case)


def _say(code: str, severity: Severity, at: str, values: Mapping[str, str] | None = None, variant: str = "") -> Finding:
    return Finding(code, severity, at, TEXTS[f"{code}/{variant}" if variant else code], values or {})


def _warn(code: str, at: str = "to", variant: str = "", **values: str) -> Finding:
    return _say(code, Severity.WARNS, at, values, variant)


def _tell(code: str, at: str = "to", variant: str = "", **values: str) -> Finding:
    return _say(code, Severity.TELLS, at, values, variant)


def _scope(matter: _Matter) -> Iterable[Finding]:
    if not matter.entry.scope:
        return
    inside = [each for each in matter.offences if each.in_scope]
    if inside:
        yield _tell("N-SCOPE", _offences_at(matter.entry), codes=", ".join(each.told for each in inside))
    elif matter.offences:
        yield _warn("E-SCOPE-35", _offences_at(matter.entry))


def _treaty(matter: _Matter) -> Iterable[Finding]:
    if not any(each.name == "legal_basis" for each in matter.entry.fields):
        return
    outside = [each.name for each in (matter.theirs, matter.own) if not each.is_party(matter.now)]
    basis = _other_basis(matter.body)
    if outside and basis:
        yield _tell("N-OTHER-BASIS", "legal_basis", states=", ".join(outside), basis=basis)
    elif outside:
        yield _warn("W-NOT-PARTY", "legal_basis", states=", ".join(outside))


def _other_basis(body: Mapping[str, Plain]) -> str:
    """What the draft names as its basis: a text, or a group whose `treaty` is another than none."""
    basis = body.get("legal_basis")
    named = basis.get("treaty") if isinstance(basis, Mapping) else basis
    return named.strip() if isinstance(named, str) and named.strip().casefold() not in ("", "none", "unknown") else ""


def _language(matter: _Matter) -> Iterable[Finding]:
    theirs, family = matter.theirs, matter.entry.family
    if not theirs.has_card:
        return
    accepted = theirs.reads(family, matter.now)
    at, language = _written_in(matter)
    if _primary(language) in {_primary(tag) for tag in accepted}:
        return
    by_day = {_primary(each.tag) for each in theirs.languages if not family or family in each.families}
    asleep = "night" if _primary(language) in by_day else ""
    named = ", ".join(accepted) or "-"
    yield _warn("W-LANGUAGE", at, asleep, state=theirs.name, language=language, accepted=named)


def _written_in(matter: _Matter) -> tuple[str, str]:
    """The language that the form itself names, and else the letter's: an officer may read the console in another one than he writes."""
    said = matter.body.get("language")
    return ("language", said.strip()) if isinstance(said, str) and said.strip() else ("lang", matter.lang)


def _primary(tag: str) -> str:
    return tag.split("-")[0].lower()


def _help(matter: _Matter) -> Iterable[Finding]:
    theirs = matter.theirs
    if not theirs.has_card:
        yield _warn("W-NO-CARD", state=theirs.name)
        return
    does, other = theirs.helps.get(matter.entry.family, (Does.ITSELF, ""))
    if does is Does.NOT_AVAILABLE:
        yield _warn("W-NOT-AVAILABLE", state=theirs.name)
    elif does is Does.PASSES_ON:
        yield _warn("W-PASSES-ON", "to", "" if other else "unnamed", state=theirs.name, other=other)
    elif matter.entry.family:
        yield _tell("N-ITSELF", state=theirs.name)


def _authority(matter: _Matter) -> Iterable[Finding]:
    theirs, role = matter.theirs, matter.entry.authority
    if not role or not theirs.has_card:
        return
    body = theirs.body(role)
    if body is None:
        yield _warn("W-DECIDES", "to", "unnamed", state=theirs.name)
    elif role in theirs.roles:
        yield _tell("N-DECIDES", "to", "itself", state=theirs.name)
    else:
        yield _tell("N-DECIDES", name=body.name, telephone=body.telephone or "-")
    if role in theirs.law.bases and _wants_convention(matter.body) and not theirs.law.bases[role]:
        yield _warn("W-NO-BASIS", "legal_basis", state=theirs.name)
    if theirs.law.diplomatic_channel:
        yield _warn("W-DIPLOMATIC", state=theirs.name)


def _wants_convention(body: Mapping[str, Plain]) -> bool:
    """Whether the draft rests on the Convention: it says so, or names nothing else."""
    basis = body.get("legal_basis")
    said = basis.get("convention_as_basis") if isinstance(basis, Mapping) else None
    return said is True or not _other_basis(body)


def _law(matter: _Matter) -> Iterable[Finding]:
    law, name = matter.theirs.law, matter.theirs.name
    convention = any(each.convention for each in matter.offences)
    for paragraph in (matter.entry.reservation, *(ground.citation for ground in matter.entry.grounds)):
        ground = paragraph != matter.entry.reservation
        if law.reservations.get(paragraph) and not (ground and convention):
            yield _warn("W-RESERVATION", state=name, paragraph=paragraph)
    # Article 42(4): preserving asks for no dual criminality, so a type that does not open the ground hears nothing of it.
    if any(ground.citation in _DUAL for ground in matter.entry.grounds):
        if law.dual_criminality == "required":
            yield _warn("W-DUAL-CRIMINALITY", "facts", state=name)
        elif law.dual_criminality == "discretionary":
            yield _tell("N-DUAL-CRIMINALITY", "facts", state=name)
    if matter.urgency in _URGENT and matter.theirs.has_card:
        hours = law.confirmation_hours
        if law.oral_requests:
            yield _tell("N-ORAL", "to", "hours" if hours else "", state=name, hours=str(hours or ""))
        else:
            yield _tell("N-NO-ORAL", state=name)
    if matter.entry.domestic_order and matter.theirs.has_card:
        variant = "" if law.preservation_renewable else "once"
        yield _tell("N-ORDER", "to", variant, state=name, days=str(law.preservation_days), by=", ".join(law.orders_by))


_DUAL = ("40(8)", "37(1)")
"""The paragraphs on dual criminality: a type whose grounds rest on them asks for it."""


def _secrecy(matter: _Matter) -> Iterable[Finding]:
    wanted = matter.body.get("confidentiality")
    asked = isinstance(wanted, Mapping) and any(value is True for value in wanted.values())
    law = matter.theirs.law
    if not asked or law.user_notification == "none" or not matter.theirs.has_card:
        return
    days = law.user_notification_days
    late = law.user_notification == "delayed"
    variant = "days" if late and days is not None else "delayed" if late else ""
    yield _warn("W-USER-NOTICE", "confidentiality", variant, state=matter.theirs.name, days=str(days or 0))


def _judge(matter: _Matter) -> Iterable[Finding]:
    data = matter.body.get("data")
    classes = data.get("classes") if isinstance(data, Mapping) else None
    asked = [each for each in classes if isinstance(each, str)] if isinstance(classes, Sequence) else []
    # The catalogue's classes are finer than the card's: content-stored and content-live are content.
    needed = [each for each in matter.theirs.law.judge_needed_for if any(_primary(one) == each for one in asked)]
    if needed:
        yield _tell("N-JUDGE", "data.classes", state=matter.theirs.name, classes=", ".join(needed))


def _emergency(matter: _Matter) -> Iterable[Finding]:
    minimum = matter.theirs.law.emergency_minimum.strip()
    if minimum and (matter.entry.family == "e" or matter.urgency is Urgency.U0):
        yield _tell("N-EMERGENCY-MINIMUM", state=matter.theirs.name, minimum=minimum)


def _own_offences(matter: _Matter) -> Iterable[Finding]:
    at = _offences_at(matter.entry)
    for code, warns, values, variant in offence_findings(matter.offences, matter.theirs):
        yield _say(code, Severity.WARNS if warns else Severity.TELLS, at, values, variant)


def _channels(matter: _Matter) -> Iterable[Finding]:
    others = matter.body.get("also_sent_by")
    named = [each for each in others if isinstance(each, str)] if isinstance(others, list | tuple) else []
    if named:
        yield _warn("W-SAME-MATTER", "also_sent_by", "channel", channels=", ".join(named))
    if matter.entry.authority and matter.urgency in _URGENT and matter.theirs.law.refuses_interpol:
        yield _tell("N-NO-INTERPOL", state=matter.theirs.name)


def _offences_at(entry: Entry) -> str:
    return next((each.name for each in entry.fields if each.type is FieldType.OFFENCES), "offences")
