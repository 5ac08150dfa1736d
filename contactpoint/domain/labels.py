"""Condition and handling labels: what a State says of the use of what it gives, as values that a machine can compare.

Promise: putting sets of labels together never makes one weaker. The later secrecy, the earlier erasure, the fewer States, the stricter
colour stand; what cannot be read is kept, binds, and lets nothing pass. A label binds unless it only marks what the data are.
Source: the codes of handling that the catalogue lists; Articles 36, 40(5), 40(19), 40(20) and 40(28).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

from contactpoint.domain.values import Address, AddressError, Plain, parse_address

LABEL_FIELDS = ("handling", "conditions")
"""The fields of a body that hold labels."""

UNREADABLE = "HC-UNREADABLE"
"""Stands for a label that could not be read at all: it binds, and lets nothing pass."""

NO_ONWARD, ONWARD = "HC-NO-ONWARD", "HC-ONWARD"
RETAIN, SECRET_UNTIL = "HC-RETAIN", "HC-SECRET-UNTIL"

_LONGEST_TEXT = 2_000
_MOST_LABELS = 64
_TERSE = re.compile(r"(HC-[A-Z0-9-]{1,40})(?:\(([^()]{0,400})\))?")
_MARKERS = frozenset({"HC-MINOR", "HC-VICTIM", "HC-SPECIAL"})
_PARAMETER = {ONWARD: "states", RETAIN: "until", SECRET_UNTIL: "until"}
# From the strictest to the loosest; of two in a family the stricter stands (TLP 2.0; PAP).
_FAMILIES = (
    (NO_ONWARD, ONWARD),
    tuple(f"HC-TLP-{colour}" for colour in ("RED", "AMBER-STRICT", "AMBER", "GREEN", "CLEAR")),
    tuple(f"HC-PAP-{colour}" for colour in ("RED", "AMBER", "GREEN", "CLEAR")),
)
_FAMILY = {code: family for family in _FAMILIES for code in family}
# TLP 2.0: GREEN may go round the community, CLEAR to everybody; its giver has said so, which is the permission of Article 36(3).
_FREE = frozenset({"HC-TLP-GREEN", "HC-TLP-CLEAR"})


@dataclass(frozen=True, slots=True)
class Label:
    """One condition. ``until``: the last day (UTC) of secrecy or of keeping; ``states``: who may have it; ``text``: lines, ordered."""

    code: str
    until: date | None = None
    states: tuple[str, ...] = ()
    text: str = ""

    @property
    def binds(self) -> bool:
        """Whether it asks for something; a marker only says what the data are."""
        return self.code not in _MARKERS


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """One thing wrong with labels as written: the place after the field's name, a code of the table, how to mend it."""

    place: str
    code: str
    message: str


Labels = tuple[Label, ...]


def read_labels(value: Plain) -> Labels:
    """Promise: the labels that a field holds, whoever wrote it; never fails. A code, ``CODE(parameter)``, a map, or a list of these."""
    if value is None or value in ("", [], {}):
        return ()
    rows = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    return strictest([_read(row) for row in rows])


def labels_of(body: Mapping[str, Plain]) -> Labels:
    """Every label that a body says of itself, of all its fields of labels together."""
    return strictest(*(read_labels(body.get(name)) for name in LABEL_FIELDS))


def spell_labels(labels: Iterable[Label]) -> list[Plain]:
    """The one spelling of labels in a body: the bare code, or a map where there is more to say."""
    return [_spell(label) for label in labels]


def strictest(*sets: Iterable[Label]) -> Labels:
    """Promise: all that any of these sets asks, each code (or colour) once, in the order of the codes.

    In any order and any grouping it gives the same, and a set put to itself gives itself.
    """
    merged: dict[str, Label] = {}
    for labels in sets:
        for label in labels:
            family = _FAMILY.get(label.code, (label.code,))[0]
            known = merged.get(family)
            merged[family] = _merge(label if known is None else known, label)
    return tuple(sorted(merged.values(), key=lambda label: label.code))


def binding(labels: Iterable[Label]) -> Labels:
    """Those that must be accepted: all but markers."""
    return tuple(label for label in labels if label.binds)


def covers(accepted: Iterable[Label], asked: Iterable[Label]) -> bool:
    """Whether who accepted the one has accepted all that the other asks."""
    known = strictest(binding(accepted))
    return strictest(known, binding(asked)) == known


def lets_onward(labels: Iterable[Label], state: str) -> bool:
    """Whether the giver's own labels let this go to a third State without asking. Silence is no permission (Article 36(3))."""
    allowed = False
    for label in labels:
        if label.code in (NO_ONWARD, UNREADABLE):
            return False
        if label.code == ONWARD:
            if Address(state).state not in label.states and state not in label.states:
                return False
            allowed = True
        elif label.code in _FREE:
            allowed = True
        elif label.code in _FAMILY and label.code.startswith("HC-TLP-"):
            return False
    return allowed


def without_permissions(labels: Iterable[Label], known: Iterable[Label]) -> Labels:
    """Those labels that only ask, and those permissions that narrow one that is ``known``: put together nothing is permitted anew."""
    families = {_FAMILY.get(label.code) for label in known} - {None}
    return tuple(
        label
        for label in labels
        if (label.code != ONWARD and label.code not in _FREE) or _FAMILY[label.code] in families
    )


def expired(labels: Iterable[Label], now: datetime) -> Labels:
    """The labels whose last day is over: kept data must be gone, secrecy has ended."""
    today = now.astimezone(UTC).date()
    return tuple(label for label in labels if label.until is not None and label.until < today)


def asks_beside(code: str) -> str:
    """The part that this label needs beside its code: ``until`` (a date), ``states``, or nothing (empty)."""
    return _PARAMETER.get(code, "")


def label_problems(value: Plain, allowed: Iterable[str]) -> Iterable[LabelProblem]:
    """Everything wrong with labels as an officer wrote them; ``allowed`` are the codes open to this form (none: all)."""
    codes = tuple(allowed)
    single = not isinstance(value, Sequence) or isinstance(value, str | bytes)
    rows = [value] if single else list(cast("Sequence[Plain]", value))
    if len(rows) > _MOST_LABELS:
        yield LabelProblem("", "E-FIELD-INVALID", f"at most {_MOST_LABELS} labels")
        return
    for number, row in enumerate(rows):
        yield from _problems_of(row, "" if single else f"[{number}]", codes)
    said = {label.code for label in map(_read, rows)}
    if {NO_ONWARD, ONWARD} <= said:
        yield LabelProblem("", "E-FIELD-INVALID", f"{NO_ONWARD} and {ONWARD} contradict each other; write one of them")


def _problems_of(row: Plain, place: str, codes: Sequence[str]) -> Iterable[LabelProblem]:
    given = _terse(row) if isinstance(row, str) else row
    code = given.get("code") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(code, str):
        yield LabelProblem(
            place, "E-FIELD-INVALID", "write a code such as HC-PURPOSE, or its fields code, until, states, text"
        )
        return
    if codes and code not in codes:
        yield LabelProblem(place, "E-FIELD-INVALID", f"{code} is not open here; choose from {', '.join(codes)}")
        return
    wanted = _PARAMETER.get(code, "")
    for name in given:
        if name not in ("code", "text", wanted):
            yield LabelProblem(f"{place}.{name}", "E-UNKNOWN-FIELD", f"{code} takes no {name}")
    text = given.get("text", "")
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        yield LabelProblem(f"{place}.text", "E-FIELD-INVALID", f"write a text of at most {_LONGEST_TEXT} characters")
    if wanted and given.get(wanted) in (None, "", []):
        how = "a date such as 2027-12-31" if wanted == "until" else "the States that may have it"
        yield LabelProblem(f"{place}.{wanted}", "E-FIELD-MISSING", f"{code} needs {how}")
    elif wanted == "until" and (_date(given["until"]) is None or len(str(given["until"])) != 10):
        yield LabelProblem(f"{place}.until", "E-FIELD-INVALID", "write a date such as 2027-12-31")
    elif wanted == "states" and _states(given["states"]) is None:
        yield LabelProblem(f"{place}.states", "E-FIELD-INVALID", "write States' codes such as XB, XC")


def _read(row: Plain) -> Label:
    given = _terse(row) if isinstance(row, str) else row
    code = given.get("code") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(code, str) or not code.startswith("HC-"):
        return Label(UNREADABLE, text=_lines(row if isinstance(row, str) else ""))
    text = given.get("text")
    lines = _lines(text if isinstance(text, str) else "")
    if code == ONWARD:
        states = _states(given.get("states"))
        # A list that cannot be read names nobody.
        return Label(ONWARD, states=states, text=lines) if states else Label(NO_ONWARD, text=lines)
    return Label(code, _date(given.get("until")) if code in _PARAMETER else None, (), lines)


def _terse(text: str) -> Plain:
    """``CODE`` or ``CODE(parameter)`` as its map; any other text stays a text."""
    match = _TERSE.fullmatch(text.strip())
    if match is None:
        return text
    code, inside = match[1], match[2]
    return {"code": code} if inside is None else {"code": code, _PARAMETER.get(code, "text"): inside}


def _lines(text: str) -> str:
    return "\n".join(sorted({line.strip() for line in text.splitlines() if line.strip()}))


def _date(value: Plain) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _states(value: Plain) -> tuple[str, ...] | None:
    if isinstance(value, str):
        parts: Sequence[Plain] = [part for part in re.split(r"[,;\s]+", value) if part]
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        parts = value
    else:
        return None
    try:
        return tuple(sorted({str(parse_address(part)) for part in parts if isinstance(part, str)})) or None
    except AddressError:
        return None


def _merge(one: Label, other: Label) -> Label:
    text = _lines(f"{one.text}\n{other.text}")
    if one.code != other.code:
        family = _FAMILY[one.code]
        stricter = min(one, other, key=lambda label: family.index(label.code))
        return Label(stricter.code, stricter.until, stricter.states, text)
    if one.code == ONWARD:
        both = tuple(sorted(set(one.states) & set(other.states)))
        return Label(ONWARD, states=both, text=text) if both else Label(NO_ONWARD, text=text)
    if one.code == SECRET_UNTIL:
        # Without its date (from another product) it has no end.
        until = None if one.until is None or other.until is None else max(one.until, other.until)
        return Label(one.code, until, text=text)
    dates = [label.until for label in (one, other) if label.until is not None]
    return Label(one.code, min(dates, default=None), text=text)


def _spell(label: Label) -> Plain:
    row: dict[str, Plain] = {"code": label.code}
    if label.until is not None:
        row["until"] = label.until.isoformat()
    if label.states:
        row["states"] = list(label.states)
    if label.text:
        row["text"] = label.text
    return label.code if len(row) == 1 else row
