"""What this desk can do next on a request, and the form of it, filled so far.

A next step is data of the catalogue: its kind, after what, for which side, to which State. Its form stands half written: fields of the
same name go over by themselves, others as the catalogue says (`carry`). Promises and dates that somebody must mean anew do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contactpoint.casework.cases import OpenCase
from contactpoint.casework.context import Casework
from contactpoint.desk.views import Draft, NextStepView
from contactpoint.domain.case import Request, permitted
from contactpoint.domain.catalogue.model import Catalogue, Entry, Field, NextStep
from contactpoint.domain.catalogue.words import FieldType
from contactpoint.domain.conditions import closed_fields
from contactpoint.domain.errors import DomainError
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side, parse_address

_WHO_ASKS = frozenset({"authority", "second_approver"})
"""Fields that say who asks: of another State's request they are not ours to repeat."""
_MEANT_ANEW = frozenset({FieldType.MUST_BE_TRUE})


def next_steps(cw: Casework, case: OpenCase, request: Request) -> tuple[NextStepView, ...]:
    """The requests that this State may begin now after this one, in the order of the catalogue."""
    side = request.side_of(parse_address(cw.state))
    peer = request.recipient if side is Side.REQUESTER else request.sender
    may = permitted(case.case, request.id, side, cw.catalogue)
    found = []
    for step in cw.catalogue[request.kind].next_steps:
        entry = cw.catalogue.entries.get(step.kind)
        if entry is None or step.by is not side or not _now(step, request):
            continue
        recipient = str(peer) if not step.to else _state(step.to, case, request, side, cw)
        inside = recipient == peer and entry.opens.may_follow and step.kind in may
        if inside or entry.opens.may_open_case:
            found.append(NextStepView(step.kind, entry.title, step.label, recipient, request.id, inside))
    return tuple(found)


def _now(step: NextStep, request: Request) -> bool:
    if not step.after:
        return True
    said = {each.kind for each in request.steps} | {request.status.code, request.status.stage.value}
    return not said.isdisjoint(step.after)


def _open_body(request: Request, statement: Statement, reader: Side) -> Mapping[str, Any]:
    """The fields of a letter that its reader may see: what is given under conditions is closed until they are accepted."""
    closed = closed_fields(request.terms, request.acceptances, reader, statement.digest)
    return {name: value for name, value in statement.body.items() if name not in closed}


def _said(case: OpenCase, request: Request, reader: Side) -> list[Mapping[str, Any]]:
    """What the addressee has said on this request, the newest first, as far as it is open to the reader."""
    half = case.case.halves.get(request.recipient, ())
    return [_open_body(request, each, reader) for each in reversed(half) if each.re == request.digest]


def _state(to: str, case: OpenCase, request: Request, reader: Side, cw: Casework) -> str:
    """The State that a letter names; empty where it names none that the register lists: a person chooses then."""
    value = _value(to, _open_body(request, _opening(case, request), reader), _said(case, request, reader))
    try:
        named = parse_address(value if isinstance(value, str) else "")
    except DomainError:
        return ""
    return str(named) if named != cw.state and cw.register.contact(named) is not None else ""


def _opening(case: OpenCase, request: Request) -> Statement:
    return next(each for each in case.statements if each.digest == request.digest)


def prefilled(cw: Casework, case: OpenCase, request: Request, kind: str) -> Draft:
    """A draft of ``kind`` that begins where this request stands. Raises CatalogueError for a kind that there is not."""
    entry = cw.catalogue[kind]
    steps = {step.kind: step for step in next_steps(cw, case, request)}
    mine = request.sender == cw.state
    peer = str(request.recipient if mine else request.sender)
    recipient = steps[kind].recipient if kind in steps else peer
    return Draft(
        kind=kind,
        recipient=recipient,
        urgency=request.urgency.value if request.urgency in entry.urgencies else "",
        body=prefill(case, request, kind, cw.catalogue, mine=mine),
        parent=request.id,
        own_reference=case.own_reference,
        thread="",
    )


def prefill(case: OpenCase, request: Request, kind: str, catalogue: Catalogue, *, mine: bool) -> dict[str, Any]:
    """The fields of a request of ``kind`` that stand in ``request`` and its answers already; only what its reader may see."""
    source, target = catalogue[request.kind], catalogue[kind]
    opening = _opening(case, request)
    reader = Side.REQUESTER if mine else Side.ADDRESSEE
    visible = _open_body(request, opening, reader)
    body = _same_names(visible, source, target, mine=mine)
    step = next((each for each in source.next_steps if each.kind == kind), None)
    carry = step.carry if step else {}
    for place, origin in carry.items():
        if "." in place and origin.startswith("answer."):
            # What the answer names takes the place of what was asked about: another provider's address must not stand beside it.
            body.pop(place.partition(".")[0], None)
    for place, origin in carry.items():
        value = _value(origin, visible, _said(case, request, reader))
        field = _field(target.fields, place)
        if value not in (None, "", (), [], {}) and field is not None:
            _put(body, place, _fitted(value, field))
    if mine and "language" not in body and any(field.name == "language" for field in target.fields):
        body["language"] = opening.lang
    return body


def _same_names(source_body: Mapping[str, Any], source: Entry, target: Entry, *, mine: bool) -> dict[str, Any]:
    types = {field.name: field.type for field in source.fields}
    body = {}
    for field in target.fields:
        value = source_body.get(field.name)
        if value is None or types.get(field.name) is not field.type or field.type in _MEANT_ANEW:
            continue
        if not mine and field.name in _WHO_ASKS:
            continue
        kept = _kept(field, value)
        if kept not in (None, {}, []):
            body[field.name] = kept
    return body


def _kept(field: Field, value: Any) -> Any:
    """The value as the other form takes it: parts of a group that it has, choices that it offers."""
    if field.type is FieldType.GROUP:
        if not isinstance(value, Mapping):
            return None
        parts = {inner.name: _kept(inner, value[inner.name]) for inner in field.fields if inner.name in value}
        return {name: part for name, part in parts.items() if part is not None}
    codes = [choice.code for choice in field.choices]  # another State may have put there what no set can hold
    if codes and field.type is FieldType.CHOICE and value not in codes:
        return None
    if codes and field.type is FieldType.CHOICES:
        return [each for each in value if each in codes] if isinstance(value, list | tuple) else None
    return value


def _value(origin: str, body: Mapping[str, Any], said: Iterable[Mapping[str, Any]]) -> Any:
    """What `request.a.b` or `answer.a.b` names; of several answers the newest that has it."""
    where, _, path = origin.partition(".")
    if where == "request":
        return _at(body, path)
    return next((value for each in said if (value := _at(each, path)) is not None), None)


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(body, Mapping) or name not in body:
            return None
        body = body[name]
    return body


def _field(fields: Iterable[Field], place: str) -> Field | None:
    name, _, rest = place.partition(".")
    found = next((field for field in fields if field.name == name), None)
    return _field(found.fields, rest) if found is not None and rest else found


def _fitted(value: Any, field: Field) -> Any:
    """A carried value as a field of this type takes it: what is no text becomes one, what is one text an item of a list."""
    if field.type is FieldType.TEXTS:
        items = value if isinstance(value, list | tuple) else [value]
        return [_text(each) for each in items]
    if field.type in (FieldType.TEXT, FieldType.LONG_TEXT):
        return _text(value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_text(each) for each in value.values())
    if isinstance(value, list | tuple):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _put(body: dict[str, Any], place: str, value: Any) -> None:
    """Put a carried value; one already there by its own name stays."""
    name, _, rest = place.partition(".")
    if not rest:
        body.setdefault(name, value)
        return
    inner = dict(body.get(name) or {})
    _put(inner, rest, value)
    body[name] = inner
