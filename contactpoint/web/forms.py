"""Forms made from the catalogue's fields, and the body that comes back. Nothing here knows a type of request by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from contactpoint.domain.catalogue import UNKNOWN, Choice, Field, FieldType, Ground, Problem, Required
from contactpoint.web.besides import as_map, asked_beside, read_beside
from contactpoint.web.i18n import N_
from contactpoint.web.when import zone_of

PREFIX = "f"
_WALL = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
_PLACE = re.compile(r"^(.*?)\[(\d+)\](?:\.(\w+))?$")
OVERRIDE = "override"
"""The field beside a ground in which a supervisor says why a ground is named that the type does not open."""

PROBLEM_WORDS = {
    "E-FIELD-MISSING": N_("%(label)s: this field is mandatory."),
    "E-FIELD-INVALID": N_("%(label)s: this is not written as it should be. Look at the hint beside it."),
    "E-FUTURE-DATA": N_("%(label)s: this lies in the future; only stored data can be kept."),
    "E-TOO-LARGE": N_("%(label)s: this text is too long; attach a file instead."),
    "E-UNKNOWN-FIELD": N_("%(label)s: there is no field of this name here."),
    "E-SCOPE-35": N_("%(label)s: neither a Convention offence nor a serious crime is named."),
    "E-NOT-SPECIFIC": N_("%(label)s: nothing says whose data or which system is meant."),
    "E-PERSONAL-DATA": N_(
        "%(label)s: this looks like a person's mail address or telephone number; take it out, or say why."
    ),
    "E-WRONG-TYPE": N_("%(label)s: this belongs into another type of request."),
    "E-GROUND-CLOSED": N_(
        "%(label)s: this ground is not open to this type. A supervisor may override that, with reasons."
    ),
}
"""What a problem is called in a language other than English, where the check's own sentence is not translated."""
NAMELESS = ("E-NOT-SPECIFIC",)
"""Problems whose own sentence speaks of fields by their names in the letter, which no form shows."""


_TICKS = (FieldType.BOOLEAN.value, FieldType.MUST_BE_TRUE.value)
YES_NO = "yes-no"
"""How a question is drawn that must be answered: two buttons, none of them pressed. An empty box would be an answer nobody gave."""


@dataclass(frozen=True, slots=True)
class Option:
    """One box or button. ``note`` is when it applies, ``citation`` its article; ``closed``: a supervisor's override only.
    ``asks`` are the fields that stand beside it once it is chosen."""

    value: str
    label: str
    chosen: bool
    closed: bool = False
    note: str = ""
    citation: str = ""
    asks: tuple[Control, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """What must be said beside what: the label of a sibling, and of its value where only one counts. ``main``: the sibling stands
    open on the page."""

    label: str
    value: str = ""
    main: bool = True


@dataclass(frozen=True, slots=True)
class Control:
    """One field as the page draws it. ``path`` is the catalogue's name (``data.what``), ``name`` the form's.

    ``any_of`` are the labels of fields of which one must be filled, this one among them; ``needed_with`` says beside what
    it is mandatory; ``override`` is drawn within it, behind the values that only a supervisor may choose.
    """

    path: str
    name: str
    type: str
    label: str
    help: str
    citation: str
    required: bool
    may_be_unknown: bool
    unknown: bool
    value: str
    zone: str
    options: tuple[Option, ...]
    children: tuple[Control, ...]
    problems: tuple[Problem, ...]
    any_of: tuple[str, ...] = ()
    needed_with: Beside | None = None
    asked: bool = False
    override: Control | None = None

    @property
    def main(self) -> bool:
        """Whether it stands open on the page; the others are folded away under *more*."""
        beside = self.needed_with is not None and self.needed_with.main
        return self.required or self.asked or beside or bool(self.children or self.any_of)

    @property
    def foldable(self) -> bool:
        """Whether only its name need be seen until somebody has something to write in it: a group of boxes that may stay empty."""
        boxes = any(each.type not in _TICKS for each in self.children)
        return self.type == FieldType.GROUP.value and boxes and not (self.required or self.asked or self.any_of)

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")

    @property
    def wrong(self) -> bool:
        """Whether it or a field within it has a problem."""
        return bool(self.problems) or any(each.wrong for each in self.inner)

    @property
    def inner(self) -> tuple[Control, ...]:
        """Every control within this one."""
        beside = (each for option in self.options for each in option.asks)
        return (*self.children, *beside, *((self.override,) if self.override else ()))

    @property
    def filled(self) -> bool:
        """Whether there is something to see: it must not be folded away."""
        chosen = any(each.chosen for each in self.options)
        return bool(self.value or self.unknown or self.wrong) or chosen or any(each.filled for each in self.children)


def read_body(fields: Sequence[Field], form: FormData, zone: str, prefix: str = PREFIX) -> dict[str, Any]:
    """The body that the form holds; what was left empty is left out, what is misspelt goes on as text for the check."""
    body: dict[str, Any] = {}
    for field in fields:
        name = f"{prefix}.{field.name}"
        if field.required is Required.MAY_BE_UNKNOWN and form.get(f"{name}.{UNKNOWN}"):
            body[field.name] = UNKNOWN
            continue
        value = _read_one(field, form, name, zone)
        if value is not None and value not in ("", [], {}):
            body[field.name] = value
    return body


def _read_one(field: Field, form: FormData, name: str, zone: str) -> Any:
    text = str(form.get(name, "")).replace("\r\n", "\n").strip()
    match field.type:
        case FieldType.BOOLEAN if must_be_answered(field):
            return {"yes": True, "no": False}.get(text)
        case FieldType.BOOLEAN:
            return True if text else None
        case FieldType.MUST_BE_TRUE:
            return True if text else None
        case FieldType.INTEGER:
            return _whole_number(text)
        case FieldType.INSTANT:
            return _instant(text, zone if form.get(f"{name}.zone") == "local" else "UTC")
        case FieldType.CHOICES | FieldType.FIELD_CODES:
            return [str(each) for each in form.getlist(name)]
        case FieldType.TEXTS | FieldType.PACKAGES:
            return [line.strip() for line in text.split("\n") if line.strip()]
        case FieldType.OFFENCES | FieldType.LABELS:
            chosen = {str(each) for each in form.getlist(name)}
            return [_told(choice, field, form, name, zone) for choice in field.choices if choice.code in chosen]
        case FieldType.GROUP:
            return read_body(field.fields, form, zone, name)
        case _:
            return text


def must_be_answered(field: Field) -> bool:
    """Whether a form asks this yes-or-no question until it is answered (the letter itself may lack it: ``ask``)."""
    return field.type is FieldType.BOOLEAN and (field.ask or field.required is Required.REQUIRED)


def unanswered(fields: Sequence[Field], body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The questions that a form asks always and that were left open."""
    return tuple(
        Problem("E-FIELD-MISSING", field.name, f"{field.label}: this question must be answered.")
        for field in fields
        if field.ask and field.required is Required.OPTIONAL and field.name not in body
    )


def _whole_number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text


def _instant(text: str, zone: str) -> str:
    """RFC 3339 from ``2027-03-04 13:00`` in the zone chosen; anything else goes on as it is, and the check names it."""
    match = _WALL.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone_of(zone))
        return local.astimezone(zone_of("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return text


def _told(choice: Choice, field: Field, form: FormData, name: str, zone: str) -> Any:
    """A bare code, or a map where this value asks for fields beside it (another serious crime: name, provision, maximum)."""
    asked = asked_beside(field, choice)
    if not asked:
        return choice.code
    return {"code": choice.code, **read_beside(field, read_body(asked, form, zone, f"{name}.{choice.code}"))}


def controls(
    fields: Sequence[Field],
    zone: str,
    body: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    prefix: str = PREFIX,
    *,
    any_of: Sequence[Sequence[str]] = (),
    specific: Sequence[str] = (),
    grounds: Mapping[str, Ground] | None = None,
) -> tuple[Control, ...]:
    """The fields as drawn, filled with ``body`` and marked with ``problems`` (placed by ``place`` first).

    One of ``specific`` says whose data are meant: those stand open. ``grounds`` explain the choices of a ground; the field that
    overrides a closed one stands within it.
    """
    made = [_control(field, zone, (body or {}).get(field.name), problems, prefix, grounds or {}) for field in fields]
    names = {field.name: field for field in fields}
    for place, field in enumerate(fields):
        groups = [group for group in any_of if field.name in group]
        together = tuple(names[name].label for group in groups for name in group if name in names)
        asked = made[place].asked or field.name in specific
        made[place] = replace(made[place], any_of=together, needed_with=_beside_what(field, names), asked=asked)
    return _with_override(_with_their_sibling(made, fields), fields)


def _with_their_sibling(made: Sequence[Control], fields: Sequence[Field]) -> list[Control]:
    """What is needed beside a field that is folded away is folded away with it."""
    main = {field.name: each.main for field, each in zip(fields, made, strict=True)}
    found = []
    for field, each in zip(fields, made, strict=True):
        if each.needed_with is not None and field.needed_with is not None:
            each = replace(each, needed_with=replace(each.needed_with, main=main[field.needed_with[0]]))
        found.append(each)
    return found


def _beside_what(field: Field, siblings: Mapping[str, Field]) -> Beside | None:
    if field.needed_with is None or field.needed_with[0] not in siblings:
        return None
    name, value = field.needed_with
    choices = {choice.code: choice.label for choice in siblings[name].choices}
    words = {"true": N_("Yes"), "false": N_("No"), "past": N_("a day that is over")} | choices
    return Beside(siblings[name].label, "" if value is None else words.get(value, value))


def _with_override(made: Sequence[Control], fields: Sequence[Field]) -> tuple[Control, ...]:
    ground = next((place for place, field in enumerate(fields) if field.type is FieldType.GROUND), None)
    inner = next((each for each, field in zip(made, fields, strict=True) if field.name == OVERRIDE), None)
    if ground is None or inner is None:
        return tuple(made)
    outer = replace(made[ground], override=inner)
    return tuple(outer if place == ground else each for place, each in enumerate(made) if each is not inner)


def _control(
    field: Field,
    zone: str,
    value: Any,
    problems: Sequence[Problem],
    prefix: str,
    grounds: Mapping[str, Ground],
) -> Control:
    name = f"{prefix}.{field.name}"
    path = name[len(PREFIX) + 1 :]
    beside = _beside(field, zone, value, problems, name)
    inner = field.fields if field.type is FieldType.GROUP else ()
    children = controls(inner, zone, value if isinstance(value, Mapping) else {}, problems, name)
    unknown = value == UNKNOWN and field.required is Required.MAY_BE_UNKNOWN
    return Control(
        path=path,
        name=name,
        type=YES_NO if must_be_answered(field) else field.type.value,
        label=field.label,
        help=field.help,
        citation=field.citation,
        required=field.required is not Required.OPTIONAL,
        may_be_unknown=field.required is Required.MAY_BE_UNKNOWN,
        unknown=unknown,
        value="" if unknown else _shown(field, value),
        zone=zone,
        options=tuple(
            replace(_option(each, value, grounds.get(each.code)), asks=beside.get(each.code, ()))
            for each in field.choices
        ),
        children=children,
        problems=tuple(each for each in problems if each.field == path),
        asked=field.ask,
    )


def _option(choice: Choice, value: Any, ground: Ground | None) -> Option:
    note, citation = (ground.only_if, ground.citation) if ground else ("", "")
    return Option(choice.code, choice.label, choice.code in _chosen(value), choice.closed, note, citation)


def _chosen(value: Any) -> set[str]:
    values = value if isinstance(value, list | tuple) else (value,)
    return {str(as_map(each).get("code", each)) for each in values}


def _beside(
    field: Field, zone: str, value: Any, problems: Sequence[Problem], name: str
) -> Mapping[str, tuple[Control, ...]]:
    """By choice, the fields that stand beside it."""
    rows = map(as_map, value) if isinstance(value, list | tuple) else ()
    told = {str(row.get("code")): row for row in rows}
    found = {}
    for choice in field.choices:
        made = controls(asked_beside(field, choice), zone, told.get(choice.code, {}), problems, f"{name}.{choice.code}")
        found[choice.code] = tuple(replace(each, required=True) for each in made)
    return found


def _shown(field: Field, value: Any) -> str:
    if must_be_answered(field) and value is False:
        return "no"
    if value is None or value is False or isinstance(value, Mapping):
        return ""
    if field.type is FieldType.INSTANT:
        return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00)?Z$", r"\1 \2", str(value))
    if isinstance(value, list | tuple):
        return "\n".join(str(each.get("letter") if isinstance(each, Mapping) else each) for each in value)
    return "yes" if value is True else str(value)


def place(problems: Sequence[Problem], body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The same problems, each at the control that the page has for it: ``offences[0].name`` stands at ``offences.O-SC.name``."""
    return tuple(replace(each, field=_place(each.field, body)) for each in problems)


def _place(path: str, body: Mapping[str, Any]) -> str:
    match = _PLACE.match(path)
    if match is None:
        return path
    rows = body.get(match[1])
    row = rows[int(match[2])] if isinstance(rows, list) and int(match[2]) < len(rows) else None
    if match[3] is None or not isinstance(row, Mapping):
        return match[1]
    return f"{match[1]}.{row.get('code')}.{match[3]}"


def labels(drawn: Sequence[Control]) -> dict[str, str]:
    """Each path's label, for the error summary."""
    found: dict[str, str] = {}
    for each in drawn:
        found[each.path] = each.label
        found |= labels(each.inner)
    return found
