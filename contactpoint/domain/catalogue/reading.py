"""From the catalogue's files to its model. A file that does not fit the model is an error at once, never a guess."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from contactpoint.domain.catalogue.model import (
    OPEN,
    Answer,
    Catalogue,
    Choice,
    Citation,
    Clock,
    Entry,
    Field,
    Ground,
    NextStep,
    Offence,
    Offer,
)
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
from contactpoint.domain.codes import TABLE
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Side, Urgency

_SHARED = ("answers.toml", "codes.toml", "fields.toml", "offences.toml")
_SERIOUS_YEARS = 4
"""Article 2(h): a serious crime has a maximum of at least four years."""
_UNTIL_DECIDED = ("new", "taken", "asked", "working")
"""The stages in which an answer is a word unless its row says otherwise."""
_RECEIPT_DAY = {"excluded": False, "counted": True}
_NOT_ENDED = tuple(stage.value for stage in Stage if stage is not Stage.FINAL)

Table = Mapping[str, Any]


class Shared:
    """What the entries of one version have in common: fields, answers, closed lists, grounds, offences."""

    def __init__(self, folder: Path) -> None:
        answers, codes, fields, offences = (_read(folder / name) for name in _SHARED)
        self.answers: Table = answers
        self.fields: Table = fields
        self.lists: Table = codes["lists"]
        self.urgency: Table = codes.get("urgency", {})
        self.clocks: Table = codes.get("clocks", {})
        self.words: Table = codes.get("words", {})
        self.grounds = {code: _ground(code, row) for code, row in codes["grounds"].items()}
        self.offences = {code: _offence(code, row) for code, row in offences.items() if code != "checked"}

    def offence_choices(self) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                code=offence.code,
                label=offence.title,
                asks=offence.asks,
                scope=offence.convention or bool(offence.asks),
                least={"maximum_years": _SERIOUS_YEARS} if "maximum_years" in offence.asks else {},
            )
            for offence in self.offences.values()
        )

    def ground_choices(self, opened: Iterable[str]) -> tuple[Choice, ...]:
        """The grounds open to a type, then those that only a supervisor may name; the forbidden ones are not among them."""
        first = [Choice(code, self.grounds[code].label) for code in opened]
        named = {choice.code for choice in first}
        rest = [ground for ground in self.grounds.values() if ground.code not in named and not ground.never]
        return (*first, *(Choice(ground.code, ground.label, closed=True) for ground in rest))


def read_catalogue(version: str, folder: Path) -> Catalogue:
    """Promise: every entry of a folder, one file each, ordered by code. Raises CatalogueError."""
    try:
        shared = Shared(folder)
        files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
        entries = [_named(_entry, name, _read(folder / name), shared) for name in files if name not in _SHARED]
    except (KeyError, ValueError, TypeError) as error:
        raise CatalogueError("E-POLICY", field=f"catalogue {version}: {error}") from error
    entries = sorted((_with_moves(entry, entries) for entry in entries), key=lambda entry: entry.code)
    return Catalogue(
        version=version,
        entries={entry.code: entry for entry in entries},
        offences=shared.offences,
        lists=shared.lists,
        all_grounds=shared.grounds,
    )


def _named(read: Any, name: str, row: Table, shared: Shared) -> Entry:
    try:
        entry: Entry = read(row, shared)
        _refuse_unguarded(entry)
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error!r}") from error
    return entry


def _refuse_unguarded(entry: Entry) -> None:
    """A type that hands something over in an emergency must know the call-back, or nobody could ever answer it."""
    discloses = any(answer.discloses for answer in entry.answers)
    called = any(answer.consequence is Consequence.CALLS_BACK for answer in entry.answers)
    if discloses and Urgency.U0 in entry.signers and not called:
        raise ValueError(f"{entry.code} discloses at U0 and offers no call-back")


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _entry(row: Table, shared: Shared) -> Entry:
    grounds = tuple(shared.grounds[code] for code in row.get("grounds", ()))
    fields = tuple(_field(_with_shared(field, shared), shared) for field in row["fields"])
    answer = partial(_answer, shared=shared, opened=row.get("grounds", ()), asked=tuple(_names(fields)))
    opens = Opens(row["opens"])
    signers = {Urgency(urgency): Signers(each) for urgency, each in row["signers"].items()}
    asks_offences = any(field.type is FieldType.OFFENCES for field in fields)
    return Entry(
        code=row["code"],
        opens=opens,
        title=row["title"],
        summary=row["summary"],
        citation=Citation(row["article"], row["source_tag"], row["checked"]),
        fields=fields,
        answers=tuple(answer(each) for each in row.get("answers", ())),
        grounds=grounds,
        signers=signers,
        parents=tuple(row.get("parents", ())),
        parent_states=tuple(row.get("parent_states", ())),
        clocks=tuple(_clock(_with_shared_clock(clock, shared)) for clock in row.get("clocks", ())),
        offers=tuple(Offer(offer["code"], offer["kind"], offer["label"]) for offer in row.get("offers", ())),
        group=row.get("group", ""),
        family=row.get("family", ""),
        by=tuple(Side(side) for side in row.get("by", ("requester",))),
        right=row.get("right", "send"),
        answer_right=row.get("answer_right", "answer"),
        authority=row.get("authority", ""),
        calls=row.get("calls", "duty"),
        audience=Audience(row.get("audience", "one")),
        rings=row.get("rings", True),
        rings_back=row.get("rings_back", row.get("rings", True)),
        station=tuple(Urgency(each) for each in row.get("station", ())),
        scope=row.get("scope", False),
        rights_check=row.get("rights_check", asks_offences),
        executes=row.get("executes", False),
        domestic_order=row.get("domestic_order", False),
        reservation=row.get("reservation", ""),
        specific=tuple(row.get("specific", ())),
        any_of=tuple(tuple(names) for names in row.get("any_of", ())),
        withheld=tuple(row.get("withheld", ())),
        consequence=Consequence(row.get("effect", "nothing")),
        ground_needs={code: tuple(needed) for code, needed in row.get("ground_needs", {}).items()},
        next_steps=tuple(_next_step(each) for each in row.get("next", ())),
        urgency_texts={each: {**shared.urgency, **row.get("urgency", {})}.get(each.value, "") for each in signers},
        move=_move(row, fields) if opens is Opens.MOVE else None,
    )


def _move(row: Table, fields: tuple[Field, ...]) -> Answer:
    """How an entry that is a move moves its request; its signers stand in the entry, by class."""
    return Answer(
        code=row["code"],
        title=row["title"],
        by=tuple(Side(side) for side in row.get("by", ("requester",))),
        fields=fields,
        decides=False,
        needs=tuple(row.get("needs", ())),
        signers=Signers.ONE,
        consequence=Consequence(row.get("effect", "nothing")),
        citation=Citation(row["article"], row["source_tag"], row["checked"]),
        stage=Stage(row["stage"]),
        leads_to=row["leads_to"],
        after=tuple(row.get("after", _NOT_ENDED)),
        noted=tuple(row.get("noted", ())),
    )


def _with_moves(entry: Entry, entries: Iterable[Entry]) -> Entry:
    """The entry with every status that its answers, and the moves that fit it, lead to."""
    moves = [each.move for each in entries if each.move and (not each.parents or entry.code in each.parents)]
    stages = {OPEN: Stage.NEW}
    for answer in (*entry.answers, *moves):
        if answer.after and stages.setdefault(answer.leads_to, answer.stage) is not answer.stage:
            raise CatalogueError("E-POLICY", field=f"{entry.code}: {answer.leads_to} stands in two stages")
    return replace(entry, stages=stages)


def _with_shared(row: Table, shared: Shared) -> Table:
    if "use" not in row:
        return row
    return {"name": row["use"], **shared.fields[row["use"]], **row}


def _with_shared_clock(row: Table, shared: Shared) -> Table:
    return {"code": row["use"], **shared.clocks[row["use"]], **row} if "use" in row else row


def _field(row: Table, shared: Shared, choices: Mapping[FieldType, tuple[Choice, ...]] | None = None) -> Field:
    row = _with_shared(row, shared)
    kind = FieldType(row["type"])
    listed = tuple(Choice(code, label) for code, label in shared.lists[row["list"]].items()) if "list" in row else ()
    given = {FieldType.OFFENCES: shared.offence_choices(), **(choices or {})}
    return Field(
        name=row["name"],
        type=kind,
        required=Required(row["required"]),
        label=row["label"],
        help=row.get("help", ""),
        citation=row.get("citation", ""),
        source_tag=row.get("source_tag", ""),
        choices=given.get(kind, listed),
        fields=tuple(_field(inner, shared, choices) for inner in row.get("fields", ())),
        past=row.get("past", False),
        order=tuple(row.get("order", ())),
        minimum=row.get("minimum"),
        maximum=row.get("maximum"),
        needed_with=_needed_with(row.get("needed_with")),
        ask=row.get("ask", False),
        no_personal_data=row.get("no_personal_data", False),
        forbidden_words=tuple(shared.words[row["forbidden_words"]]) if "forbidden_words" in row else (),
        text_part=row.get("text_part", ""),
    )


def _needed_with(text: str | None) -> tuple[str, str | None] | None:
    if text is None:
        return None
    name, _, value = text.partition("=")
    return name, value or None


def _names(fields: tuple[Field, ...]) -> list[Choice]:
    """The codes by which a NEED-INFO names fields: their names, those inside a group after a dot."""
    names = []
    for field in fields:
        names.append(Choice(field.name, field.label))
        if field.type is FieldType.GROUP:
            names += [Choice(f"{field.name}.{inner.name}", inner.label) for inner in field.fields]
    return names


def _answer(row: Table, *, shared: Shared, opened: Iterable[str], asked: tuple[Choice, ...]) -> Answer:
    full = {**shared.answers.get(row["code"], {}), **row}
    choices = {FieldType.GROUND: shared.ground_choices(opened), FieldType.FIELD_CODES: asked}
    by = full["by"]
    discloses, signers = full.get("discloses", False), Signers(full["signers"])
    if discloses and signers is not Signers.TWO:
        raise ValueError(f"{full['code']} discloses and is signed by {signers.value}")
    return Answer(
        code=full["code"],
        title=full["title"],
        by=tuple(Side) if by == "either" else (Side(by),),
        fields=tuple(_field(field, shared, choices) for field in full.get("fields", ())),
        decides=full.get("decides", False),
        needs=tuple(full.get("needs", ())),
        signers=signers,
        consequence=Consequence(full.get("effect", "nothing")),
        citation=Citation(full["citation"], full["source_tag"], full.get("checked", False)),
        stage=Stage(full["stage"]),
        leads_to=full.get("leads_to", full["code"]),
        after=tuple(full.get("after", _UNTIL_DECIDED)),
        noted=tuple(full.get("noted", ())),
        discloses=discloses,
        executes=full.get("executes", False),
        right=full.get("right", ""),
        withheld=tuple(full.get("withheld", ())),
        any_of=tuple(tuple(names) for names in full.get("any_of", ())),
        help=full.get("help", ""),
    )


def _ground(code: str, row: Table) -> Ground:
    return Ground(code, TABLE[code].text, row["citation"], row.get("only_if", ""), row.get("never", False))


def _clock(row: Table) -> Clock:
    return Clock(
        code=row["code"],
        label=row["label"],
        starts=row["starts"],
        citation=Citation(row["article"], row["source_tag"], row.get("checked", False)),
        days=row.get("days"),
        hours=row.get("hours"),
        terms={Urgency(urgency): seconds for urgency, seconds in row.get("terms", {}).items()},
        until=row.get("until", ""),
        counting=Counting(row.get("counting", "calendar")),
        of=Side(row.get("of", "addressee")),
        receipt_day_counts=_RECEIPT_DAY[row.get("receipt_day", "excluded")],
        end_on_working_day=row.get("end_on_working_day", False),
        minimum=row.get("minimum", False),
        at=At(row.get("at", "both")),
        alarm_days=tuple(row.get("alarm_days", ())),
        alarm_percent=tuple(row.get("alarm_percent", ())),
        audience=tuple(row.get("audience", ("duty",))),
        stops=tuple(row.get("stops", ())),
        certificate=row.get("certificate", False),
    )


def _next_step(row: Table) -> NextStep:
    return NextStep(
        kind=row["kind"],
        label=row["label"],
        after=tuple(row["after"]),
        by=Side(row.get("by", "requester")),
        to=row.get("to", ""),
        carry=dict(row.get("carry", {})),
    )


def _offence(code: str, row: Table) -> Offence:
    return Offence(
        code=code,
        title=row["title"],
        article=row["article"],
        convention=row["convention"],
        asks=tuple(row.get("asks", ())),
        marker=row.get("marker", False),
        source_tag=row.get("source_tag", ""),
    )
