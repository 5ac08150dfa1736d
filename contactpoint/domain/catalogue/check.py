"""Whether a body holds what its type asks for: the gate of law. It names all problems at once and changes no body.

A problem that `blocks` stops the own desk from sending. A request that arrives with problems stands all the same; the
officer is shown them and answers NEED-INFO with the field codes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches

from contactpoint.domain.catalogue.model import Answer, Choice, Entry, Field, Offer
from contactpoint.domain.catalogue.personal import holds_personal_data
from contactpoint.domain.catalogue.words import FieldType, Required
from contactpoint.domain.errors import DateError
from contactpoint.domain.labels import label_problems
from contactpoint.domain.onward import package_problems
from contactpoint.domain.values import Plain, parse_instant

UNKNOWN = "unknown"
"""What an officer writes into a field that is asked and may be unknown."""

_LONGEST_TEXT = 20_000
"""Characters of one text; more is an attachment (a request must travel in seconds over a thin line)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a body: code of the table, field by its code (dotted inside groups), a plain sentence."""

    code: str
    field: str
    message: str
    offers: tuple[Offer, ...] = ()
    blocks: bool = True


def check_body(form: Entry | Answer, body: Mapping[str, Plain], now: datetime) -> tuple[Problem, ...]:
    """Promise: every problem of a body against its form, at the instant `now`; empty when there is none."""
    problems = list(_check_fields(form.fields, body, "", now))
    problems += _check_any_of(form, body)
    problems += _check_specific(form, body)
    return tuple(_with_offers(problem, form.offers) for problem in problems)


def lacking(form: Entry | Answer, body: Mapping[str, Plain], at: datetime) -> tuple[str, ...]:
    """Promise: the fields, by the codes of a NEED-INFO, in which a body that came from another State lacks something or is wrong; `at`
    is when it was written. The request stands all the same: an officer decides what to ask."""
    found = (problem for problem in check_body(form, body, at) if problem.blocks and problem.code != "E-UNKNOWN-FIELD")
    return tuple(dict.fromkeys(problem.field.split("[")[0] for problem in found))


def _check_any_of(form: Entry | Answer, body: Mapping[str, Plain]) -> Iterable[Problem]:
    labels = {field.name: field.label for field in form.fields}
    for names in form.any_of:
        if all(_is_empty(body.get(name)) for name in names):
            shown = ", ".join(labels[name] for name in names)
            yield Problem("E-FIELD-MISSING", names[0], f"One of these is mandatory: {shown}.")


def _check_specific(form: Entry | Answer, body: Mapping[str, Plain]) -> Iterable[Problem]:
    """Article 42(3)(c): stored data are named by what they belong to. Whether that is narrow enough is an officer's judgement."""
    if form.specific and all(_is_empty(_at(body, path)) for path in form.specific):
        names = ", ".join(form.specific)
        message = f"Nothing says whose data or which system is meant. Name at least one: {names}."
        yield Problem("E-NOT-SPECIFIC", form.specific[0], message, blocks=False)


def _at(body: Mapping[str, Plain], path: str) -> Plain:
    value: Plain = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with_offers(problem: Problem, offers: Sequence[Offer]) -> Problem:
    names = {problem.code, f"{problem.code}:{problem.field}"}
    fitting = tuple(offer for offer in offers if offer.code in names)
    if not fitting:
        return problem
    instead = ", ".join(offer.kind for offer in fitting)
    return Problem(problem.code, problem.field, f"{problem.message} Instead: {instead}.", fitting, problem.blocks)


def _check_fields(fields: Sequence[Field], body: Mapping[str, Plain], prefix: str, now: datetime) -> Iterable[Problem]:
    known = {field.name: field for field in fields}
    for name in body:
        if name not in known:
            yield _unknown_field(str(name), prefix, known)
    for field in fields:
        path = prefix + field.name
        value = body.get(field.name)
        if _is_empty(value):
            # What may be unknown may be left empty, but not left out: leaving it out is forgetting it.
            excused = field.required is Required.MAY_BE_UNKNOWN and field.name in body and value is not None
            if (field.required is not Required.OPTIONAL and not excused) or _needed_beside(field, body, now):
                yield Problem("E-FIELD-MISSING", path, f"{field.label}: this field is mandatory.{_hint(field)}")
            continue
        if field.required is Required.MAY_BE_UNKNOWN and value == UNKNOWN:
            continue
        yield from _check_value(field, value, path, now)
        yield from _check_words(field, value, path, body)
        if field.type is FieldType.GROUND:
            yield from _check_ground(field, value, path, body)


PAST = "past"
"""In `needed_with`: beside a date that is over."""


def _needed_beside(field: Field, body: Mapping[str, Plain], now: datetime) -> bool:
    if field.needed_with is None:
        return False
    name, value = field.needed_with
    beside = body.get(name)
    if value == PAST:
        return _over(beside, now)
    return not _is_empty(beside) if value is None else _spelt(beside) == value


def _over(value: Plain, now: datetime) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value) < now.date()
    except ValueError:
        return False


def _spelt(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_words(field: Field, value: Plain, path: str, body: Mapping[str, Plain]) -> Iterable[Problem]:
    texts = [value] if isinstance(value, str) else list(_texts(value))
    promised = field.no_personal_data and body.get("personal_data") is not True
    if promised and any(holds_personal_data(text) for text in texts):
        message = (
            f"{field.label}: this looks like a person's mail address or telephone number; take it out, or say why."
        )
        yield Problem("E-PERSONAL-DATA", path, message)
    words = " ".join(texts).casefold()
    for word in field.forbidden_words:
        if word.casefold() in words:
            yield Problem("E-WRONG-TYPE", path, f"{field.label}: '{word}' belongs into another type of request.")
            return


def _texts(value: Plain) -> Iterable[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for inner in value:
            yield from _texts(inner)


def _check_ground(field: Field, value: Plain, path: str, body: Mapping[str, Plain]) -> Iterable[Problem]:
    closed = next((choice.code for choice in field.choices if choice.code == value and choice.closed), None)
    if closed is not None and _is_empty(body.get("override")):
        message = f"{field.label}: {closed} is not open to this type of request. A supervisor may override that, with reasons."
        yield Problem("E-GROUND-CLOSED", path, message)


def _hint(field: Field) -> str:
    return f" Write {UNKNOWN} if nothing is known." if field.required is Required.MAY_BE_UNKNOWN else ""


def _unknown_field(name: str, prefix: str, known: Mapping[str, Field]) -> Problem:
    near = get_close_matches(name, known, n=1)
    meant = f" Did you mean {prefix}{near[0]}?" if near else ""
    return Problem("E-UNKNOWN-FIELD", prefix + name, f"There is no field of this name here.{meant}")


def _is_empty(value: Plain) -> bool:
    return value is None or (isinstance(value, str | bytes | Sequence | Mapping) and len(value) == 0) or _blank(value)


def _blank(value: Plain) -> bool:
    return isinstance(value, str) and not value.strip()


def _check_value(field: Field, value: Plain, path: str, now: datetime) -> Iterable[Problem]:
    match field.type:
        case FieldType.TEXT | FieldType.LONG_TEXT:
            yield from _check_text(field, value, path)
        case FieldType.BOOLEAN:
            if not isinstance(value, bool):
                yield _invalid(field, path, "write true or false")
        case FieldType.MUST_BE_TRUE:
            if value is not True:
                yield Problem("E-FIELD-MISSING", path, f"{field.label}: this must be confirmed; write true.")
        case FieldType.INTEGER:
            yield from _check_integer(field, value, path)
        case FieldType.INSTANT:
            yield from _check_instant(field, value, path, now)
        case FieldType.DATE:
            yield from _check_date(field, value, path)
        case FieldType.CHOICE | FieldType.GROUND:
            yield from _check_choices(field, [value], path)
        case FieldType.CHOICES | FieldType.FIELD_CODES:
            yield from _check_list(field, value, path)
        case FieldType.TEXTS:
            if not _is_list(value) or not all(isinstance(item, str) for item in value):  # type: ignore[union-attr]
                yield _invalid(field, path, "write a list of texts")
        case FieldType.OFFENCES:
            yield from _check_offences(field, value, path, now)
        case FieldType.GROUP:
            yield from _check_group(field, value, path, now)
        case FieldType.LABELS:
            for wrong in label_problems(value, [choice.code for choice in field.choices]):
                yield Problem(wrong.code, path + wrong.place, f"{field.label}: {wrong.message}.")
        case FieldType.PACKAGES:
            for place, how in package_problems(value):
                yield _invalid(field, path + place, how)


def _invalid(field: Field, path: str, how: str) -> Problem:
    return Problem("E-FIELD-INVALID", path, f"{field.label}: {how}.")


def _is_list(value: Plain) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _check_text(field: Field, value: Plain, path: str) -> Iterable[Problem]:
    if not isinstance(value, str):
        yield _invalid(field, path, "write a text")
    elif len(value) > _LONGEST_TEXT:
        yield Problem(
            "E-TOO-LARGE", path, f"{field.label}: more than {_LONGEST_TEXT} characters; attach a file instead."
        )


def _check_integer(field: Field, value: Plain, path: str) -> Iterable[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _invalid(field, path, "write a whole number")
    elif field.minimum is not None and value < field.minimum:
        yield _invalid(field, path, f"{field.minimum} is the least")
    elif field.maximum is not None and value > field.maximum:
        yield _invalid(field, path, f"{field.maximum} is the most")


def _check_instant(field: Field, value: Plain, path: str, now: datetime) -> Iterable[Problem]:
    instant = _instant(value)
    if instant is None:
        yield _invalid(field, path, "write a date with its offset, as in 2027-03-04T13:00Z")
    elif field.past and instant > now:
        yield Problem("E-FUTURE-DATA", path, f"{field.label}: this lies in the future; only stored data can be kept.")


def _check_date(field: Field, value: Plain, path: str) -> Iterable[Problem]:
    try:
        right = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        right = False
    if not right:
        yield _invalid(field, path, "write a date, as in 2027-03-04")


def _instant(value: Plain) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value)
    except DateError:
        return None


def _check_list(field: Field, value: Plain, path: str) -> Iterable[Problem]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        yield _invalid(field, path, "write a list of codes")
        return
    yield from _check_choices(field, value, path)


def _check_choices(field: Field, values: Sequence[Plain], path: str) -> Iterable[Problem]:
    codes = [choice.code for choice in field.choices]
    for value in values:
        if value not in codes:
            shown = value if isinstance(value, str) else "this"
            named = ", ".join(choice.code for choice in field.choices if not choice.closed)
            yield _invalid(field, path, f"{shown} is not open here; choose from {named}")


def _check_group(field: Field, value: Plain, path: str, now: datetime) -> Iterable[Problem]:
    if not isinstance(value, Mapping):
        yield _invalid(field, path, f"write its fields: {', '.join(inner.name for inner in field.fields)}")
        return
    yield from _check_fields(field.fields, value, f"{path}.", now)
    if field.order:
        first, second = (_instant(value.get(name)) for name in field.order)
        if first is not None and second is not None and second < first:
            yield _invalid(field, f"{path}.{field.order[1]}", "the period ends before it begins")


def _check_offences(field: Field, value: Plain, path: str, now: datetime) -> Iterable[Problem]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        yield _invalid(field, path, "write a list of offence codes")
        return
    choices = {choice.code: choice for choice in field.choices}
    in_scope = False
    for index, item in enumerate(value):
        row: Mapping[str, Plain] = item if isinstance(item, Mapping) else {"code": item}
        place = f"{path}[{index}]"
        choice = _offence_choice(row.get("code"), choices)
        if choice is None:
            near = get_close_matches(str(row.get("code")), choices, n=1)
            meant = f"; did you mean {near[0]}" if near else ""
            yield _invalid(field, place, f"this is not an offence code{meant}")
            continue
        row = {**_in_brackets(row.get("code"), choice), **row}
        yield from _check_fields(field.fields, {**row, "code": choice.code}, f"{place}.", now)
        for name in choice.asks:
            if _is_empty(row.get(name)):
                yield Problem("E-FIELD-MISSING", f"{place}.{name}", f"{choice.code} asks for {name} beside it.")
        in_scope = in_scope or _brings_into_scope(choice, row)
    if value and not in_scope:
        message = "Neither a Convention offence nor a serious crime (a maximum of at least four years) is named."
        yield Problem("E-SCOPE-35", path, message, blocks=False)


def _offence_choice(code: Plain, choices: Mapping[str, Choice]) -> Choice | None:
    """The choice a code names; the treaty's own name may stand in brackets: O-UN(UNTOC)."""
    return choices.get(code.split("(")[0]) if isinstance(code, str) else None


def _in_brackets(code: Plain, choice: Choice) -> Mapping[str, Plain]:
    """What stands in brackets behind a code is the one thing that it asks for: O-UN(UNTOC) names its treaty."""
    named = code.partition("(")[2].rstrip(")").strip() if isinstance(code, str) else ""
    return {choice.asks[0]: named} if named and len(choice.asks) == 1 else {}


def _brings_into_scope(choice: Choice, row: Mapping[str, Plain]) -> bool:
    def enough(name: str, least: int) -> bool:
        number = row.get(name)
        return isinstance(number, int) and number >= least

    return choice.scope and all(enough(name, least) for name, least in choice.least.items())
