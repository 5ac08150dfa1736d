"""Reads a request from a case file: one YAML map, or a list of them of which one is picked.

Stricter than YAML on purpose. Only text, `true` and `false`, whole numbers, null, lists and maps; dates stay text; `no`
is the State NO and never *false*; no tags, no aliases, no merge keys; nothing twice. Every error names its line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from contactpoint.cli.errors import CaseFileError, CommandError
from contactpoint.desk.results import CaseFile
from contactpoint.domain.catalogue import Catalogue, Field
from contactpoint.settings import nearest

LARGEST_FILE = 1024 * 1024  # bytes; what a letter cannot hold travels as an attachment, not in here
DEEPEST = 16  # levels, as in every signed text
LARGEST_NUMBER = 2**53 - 1

OF_THE_TEST = frozenset(("id", "title", "at", "want", "refusal", "check", "also", "treat", "never", "input", "code"))
_HEAD = ("type", "from", "to", "urgency", "parent")
_BESIDE = ("second_approver", "language", "subsets")
ALL = "ALL"
_PLAIN = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class _Case:
    """One map of the file: its values, and the node that knows the lines."""

    values: Mapping[str, Any]
    node: MappingNode

    @property
    def line(self) -> int:
        return _line(self.node)

    @property
    def id(self) -> str:
        return str(self.values.get("id") or "")


def read_case(path: Path, case: str | None, catalogue: Catalogue) -> CaseFile:
    """The request that the file states. Raises CaseFileError, which names the line and what to do."""
    return case_of(_read(path), case, catalogue)


def case_of(text: str, case: str | None, catalogue: Catalogue) -> CaseFile:
    """The request that the text states; `case` picks one of several by its `id`."""
    chosen = _choose(_cases(text), case)
    head = _head(chosen)
    if head["type"] not in catalogue:
        raise CaseFileError(
            f"there is no request type {head['type']!r}.",
            nearest(head["type"], catalogue.entries),
            chosen_line(chosen, "type"),
        )
    fields = catalogue[head["type"]].fields
    _refuse_unknown_keys(chosen, fields)
    names = {field.name for field in fields}
    body = {key: value for key, value in chosen.values.items() if key in names}
    for field in fields:
        if field.text_part and isinstance(body.get(field.name), str):
            body[field.name] = {field.text_part: body[field.name]}  # `legal_basis: Treaty of 1999`
    return CaseFile(
        label=chosen.id,
        kind=head["type"],
        sender=head["from"],
        recipient=head["to"],
        urgency=head["urgency"],
        parent=_text_or_none(chosen, "parent"),
        body=body,
        approver=_text_or_none(chosen, "second_approver"),
        lang=_text_or_none(chosen, "language") or "en",
        recipients=_recipients(chosen),
        subsets=_subsets(chosen, fields),
    )


def read_fields(path: Path, fields: tuple[Field, ...]) -> dict[str, Any]:
    """An answer's fields from a YAML map, held to the same rules."""
    cases = _cases(_read(path))
    if len(cases) != 1:
        raise CaseFileError("an answer's file holds one map.", "Leave one map of fields in it.")
    _refuse_unknown(cases[0].node, {field.name: field for field in fields})
    return dict(cases[0].values)


def known_type(kind: str, catalogue: Catalogue) -> None:
    """CommandError with the nearest type when there is no type of request of this code."""
    if kind not in catalogue:
        raise CommandError(f"There is no type of request {kind!r}.", nearest(kind, catalogue.entries))


def chosen_line(chosen: _Case, key: str) -> int:
    """The line of a key, or of the case where it is missing."""
    for name, _ in chosen.node.value:
        if name.value == key:
            return _line(name)
    return chosen.line


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CaseFileError(
            f"{path} cannot be read: {error.strerror}.", "Look at the path and the file's rights."
        ) from error
    if len(data) > LARGEST_FILE:
        raise CaseFileError(f"{path} is larger than {LARGEST_FILE} bytes.", "Send long texts as attachments.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CaseFileError("this is not UTF-8.", "Save the file as UTF-8.", line) from error


def _cases(text: str) -> list[_Case]:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CaseFileError(
            f"this is not YAML: {error.problem}.",
            "Look at the indentation and quotes there.",
            mark.line + 1 if mark else 1,
        ) from error
    except yaml.YAMLError as error:
        raise CaseFileError(
            "this is not YAML: it holds characters that no text has.", "Save it as plain text."
        ) from error
    nodes: list[Node] = root.value if isinstance(root, SequenceNode) else [] if root is None else [root]
    if not nodes:
        raise CaseFileError("the file is empty.", "Write one request, or a list of them.")
    return [_case(node) for node in nodes]


def _case(node: Node) -> _Case:
    if not isinstance(node, MappingNode):
        raise CaseFileError("a case is a map of fields.", "Write `type: PRES-NEW` and so on.", _line(node))
    return _Case(_plain(node), node)


def _choose(cases: list[_Case], case: str | None) -> _Case:
    named = ", ".join(c.id or f"line {c.line}" for c in cases)
    if case is None:
        if len(cases) > 1:
            raise CaseFileError(f"the file holds {len(cases)} cases: {named}.", "Pick one with --case.")
        return cases[0]
    found = [c for c in cases if c.id == case]
    if not found:
        raise CaseFileError(f"there is no case {case!r} in the file.", nearest(case, [c.id for c in cases if c.id]))
    if len(found) > 1:
        raise CaseFileError(f"case {case!r} stands there {len(found)} times.", "Give each its own id.", found[1].line)
    return found[0]


def _head(chosen: _Case) -> dict[str, str]:
    missing = [key for key in ("type", "from", "to", "urgency") if chosen.values.get(key) in (None, "")]
    if missing:
        _refuse_near_misses(chosen, missing)
        raise CaseFileError(
            f"{_called(chosen)} has no {' and no '.join(missing)}.", "Every request states them.", chosen.line
        )
    head: dict[str, str] = {}
    for key in ("type", "from", "to", "urgency"):
        value = chosen.values[key]
        if key == "to" and (value == ALL or isinstance(value, list)):
            head[key] = ""
            continue
        if not isinstance(value, str):
            raise CaseFileError(
                f"{key!r} of {_called(chosen)} is not one code.", "Write one code.", chosen_line(chosen, key)
            )
        head[key] = value
    return head


def _recipients(chosen: _Case) -> tuple[str, ...]:
    """Several States (`to: [QN, QO]`) or all (`to: ALL`); nothing where the request goes to one."""
    value = chosen.values["to"]
    if value == ALL:
        return (ALL,)
    if not isinstance(value, list):
        return ()
    if not value or not all(isinstance(each, str) and each != ALL for each in value) or len(set(value)) < len(value):
        raise CaseFileError(
            f"'to' of {_called(chosen)} is no list of States.",
            "Write each State's code once, or ALL alone.",
            chosen_line(chosen, "to"),
        )
    return tuple(value)


def _subsets(chosen: _Case, fields: tuple[Field, ...]) -> dict[str, Mapping[str, Any]]:
    """What one of several States gets instead of the common fields (`subsets: {QN: {content: ...}}`), State by State."""
    value = chosen.values.get("subsets") or {}
    several, names = _recipients(chosen), {field.name for field in fields}
    line = chosen_line(chosen, "subsets")
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise CaseFileError(
            f"'subsets' of {_called(chosen)} is no map.", "Write each State, and its fields below.", line
        )
    for state, part in value.items():
        # A part for a State that gets no letter would be lost without a word.
        if state not in several:
            raise CaseFileError(f"'subsets' names {state}, which 'to' does not.", nearest(state, several), line)
        for name in part.keys() - names:
            raise CaseFileError(f"unknown key {name!r} for {state}.", nearest(name, names), line)
    return value


def _refuse_near_misses(chosen: _Case, missing: list[str]) -> None:
    """A mistyped `type` leaves no catalogue entry to compare the other keys with: say that first."""
    for name, _ in chosen.node.value:
        close = nearest(name.value, missing)
        if name.value not in OF_THE_TEST and close.startswith("Did"):
            raise CaseFileError(f"unknown key {name.value!r}.", close, _line(name))


def _refuse_unknown_keys(chosen: _Case, fields: tuple[Field, ...]) -> None:
    known: dict[str, Field | None] = dict.fromkeys((*_HEAD, *_BESIDE))
    known.update({field.name: field for field in fields})
    _refuse_unknown(chosen.node, known, beside=OF_THE_TEST)


def _refuse_unknown(node: MappingNode, known: Mapping[str, Field | None], beside: frozenset[str] = frozenset()) -> None:
    for name, value in node.value:
        if name.value in beside and name.value not in known:
            continue
        if name.value not in known:
            raise CaseFileError(f"unknown key {name.value!r}.", nearest(name.value, known), _line(name))
        field = known[name.value]
        if field is not None and field.fields and isinstance(value, MappingNode):
            _refuse_unknown(value, {inner.name: inner for inner in field.fields})


def _called(chosen: _Case) -> str:
    return f"case {chosen.id}" if chosen.id else "the case"


def _text_or_none(chosen: _Case, key: str) -> str | None:
    value = chosen.values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise CaseFileError(f"{key!r} is one text.", "Put it in quotes.", chosen_line(chosen, key))
    return value


def _plain(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        _refuse_tag(node, "seq")
        return [_plain(item) for item in node.value]
    assert isinstance(node, MappingNode)
    _refuse_tag(node, "map")
    return dict(_pairs(node))


def _pairs(node: MappingNode) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for name, value in node.value:
        if not isinstance(name, ScalarNode):
            raise CaseFileError("a key is one word.", "Write `key: value`.", _line(name))
        if name.value in seen:
            # YAML readers differ in which of the two counts: two people would read two requests
            raise CaseFileError(f"{name.value!r} stands here twice.", "Remove one of them.", _line(name))
        seen.add(name.value)
        yield unicodedata.normalize("NFC", name.value), _plain(value)


def _scalar(node: ScalarNode) -> Any:
    if node.style is not None or node.tag == _PLAIN + "str":
        _refuse_tag(node, "str")
        return unicodedata.normalize("NFC", node.value)
    if node.tag == _PLAIN + "null":
        return None
    if node.tag == _PLAIN + "bool":
        return node.value == "true"
    _refuse_tag(node, "int")
    number = int(node.value)
    if abs(number) > LARGEST_NUMBER:
        raise CaseFileError("this number is too large to be signed exactly.", "Put it in quotes.", _line(node))
    return number


def _refuse_tag(node: Node, allowed: str) -> None:
    if node.tag != _PLAIN + allowed:
        raise CaseFileError(f"the tag {node.tag!r} has no meaning here.", "Remove it.", _line(node))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases, which unfold a few lines into gigabytes, and without bottomless nesting."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the library's own way
    _depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if self.check_event(yaml.AliasEvent):
            raise CaseFileError("aliases are not taken here.", "Write the value out.", line)
        if self._depth > DEEPEST:
            raise CaseFileError(f"this is nested deeper than {DEEPEST} levels.", "Flatten it.", line)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


# YAML 1.2's core schema without floats; 1.1 would read NO as false and 12:30 as 750
_Loader.add_implicit_resolver(_PLAIN + "null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver(_PLAIN + "bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(_PLAIN + "int", re.compile(r"^(?:0|-?[1-9][0-9]{0,17})$"), list("-0123456789"))
