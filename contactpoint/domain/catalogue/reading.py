"""From the catalogue's files to its model. A file that does not fit the model is an error at once, never a guess."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from contactpoint.domain.catalogue.model import (
    Answer,
    Catalogue,
    Choice,
    Citation,
    Clock,
    Consequence,
    Entry,
    Field,
    FieldType,
    Ground,
    Offence,
    Offer,
    Opens,
    Required,
    Signers,
)
from contactpoint.domain.codes import TABLE
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.transitions import FINAL
from contactpoint.domain.values import Side, Urgency

_SHARED = ("answers.toml", "codes.toml", "fields.toml", "offences.toml")
_SERIOUS_YEARS = 4
"""Article 2(h): a serious crime has a maximum of at least four years."""

Table = Mapping[str, Any]


class Shared:
    """What the entries of one version have in common: fields, answers, closed lists, grounds, offences."""

    def __init__(self, folder: Path) -> None:
        answers, codes, fields, offences = (_read(folder / name) for name in _SHARED)
        self.answers: Table = answers
        self.fields: Table = fields
        self.lists: Table = codes["lists"]
        self.grounds: Table = codes["grounds"]
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


def read_catalogue(version: str, folder: Path) -> Catalogue:
    """Promise: every entry of a folder, one file each, ordered by code. Raises CatalogueError."""
    try:
        shared = Shared(folder)
        files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
        entries = [_entry(_read(folder / name), shared) for name in files if name not in _SHARED]
    except (KeyError, ValueError, TypeError) as error:
        raise CatalogueError("E-POLICY", field=f"catalogue {version}: {error}") from error
    return Catalogue(version=version, entries={entry.code: entry for entry in entries}, offences=shared.offences)


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _entry(row: Table, shared: Shared) -> Entry:
    grounds = tuple(_ground(code, shared) for code in row.get("grounds", ()))
    fields = tuple(_field(_with_shared(field, shared), shared) for field in row["fields"])
    answer = partial(_answer, shared=shared, grounds=grounds, asked=tuple(_names(fields)))
    return Entry(
        code=row["code"],
        opens=Opens(row["opens"]),
        title=row["title"],
        summary=row["summary"],
        citation=Citation(row["article"], row["source_tag"], row["checked"]),
        fields=fields,
        answers=tuple(answer(each) for each in row.get("answers", ())),
        grounds=grounds,
        signers={Urgency(urgency): Signers(signers) for urgency, signers in row["signers"].items()},
        parents=tuple(row.get("parents", ())),
        parent_states=tuple(row.get("parent_states", ())),
        clocks=tuple(_clock(clock) for clock in row.get("clocks", ())),
        offers=tuple(Offer(offer["code"], offer["kind"], offer["label"]) for offer in row.get("offers", ())),
    )


def _with_shared(row: Table, shared: Shared) -> Table:
    if "use" not in row:
        return row
    return {"name": row["use"], **shared.fields[row["use"]], **row}


def _field(row: Table, shared: Shared, choices: Mapping[FieldType, tuple[Choice, ...]] | None = None) -> Field:
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
    )


def _names(fields: tuple[Field, ...]) -> list[Choice]:
    """The codes by which a NEED-INFO names fields: their names, those inside a group after a dot."""
    names = []
    for field in fields:
        names.append(Choice(field.name, field.label))
        if field.type is FieldType.GROUP:
            names += [Choice(f"{field.name}.{inner.name}", inner.label) for inner in field.fields]
    return names


def _answer(row: Table, *, shared: Shared, grounds: tuple[Ground, ...], asked: tuple[Choice, ...]) -> Answer:
    full = {**shared.answers.get(row["code"], {}), **row}
    choices = {
        FieldType.GROUND: tuple(Choice(ground.code, ground.label) for ground in grounds),
        FieldType.FIELD_CODES: asked,
    }
    return Answer(
        code=full["code"],
        title=full["title"],
        by=Side(full["by"]),
        fields=tuple(_field(field, shared, choices) for field in full.get("fields", ())),
        final=full["code"] in FINAL,
        decides=full.get("decides", False),
        needs=tuple(full.get("needs", ())),
        signers=Signers(full["signers"]),
        consequence=Consequence(full.get("effect", "nothing")),
        citation=Citation(full["citation"], full["source_tag"], full.get("checked", False)),
    )


def _ground(code: str, shared: Shared) -> Ground:
    row = shared.grounds[code]
    return Ground(code, TABLE[code].text, row["citation"], row.get("only_if", ""))


def _clock(row: Table) -> Clock:
    return Clock(
        code=row["code"],
        label=row["label"],
        length=timedelta(days=row["days"]),
        runs_from=row["runs_from"],
        minimum=row["minimum"],
        citation=Citation(row["article"], row["source_tag"], row.get("checked", False)),
        alarms=tuple(timedelta(days=days) for days in row["alarm_days"]),
    )


def _offence(code: str, row: Table) -> Offence:
    return Offence(code, row["title"], row["article"], row["convention"], tuple(row.get("asks", ())))
