"""What can be taken from a STIX 2.1 bundle of somebody else: indicators and words, and nothing that runs.

Promise: a bundle is read within fixed bounds of bytes, objects, depth and patterns, or refused with a code. Only plain comparisons
are taken (an address *and* a port, or one thing followed by another, would lose their meaning as a list); what is left out is
counted, never guessed. Nothing here follows a reference out of the file, and no pattern is carried out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contactpoint.desk.errors import DraftError
from contactpoint.desk.stix import PAP_MARKS, TLP_EXTENSION, TLP_MARKS, library
from contactpoint.domain.indicators import read_indicator, visible
from contactpoint.domain.threats import MOST_INDICATORS, PAP, TLP

LARGEST_BUNDLE = 4 << 20  # bytes
MOST_OBJECTS = 10_000
DEEPEST = 40  # levels; STIX itself needs some ten
LONGEST_PATTERN = 1_000  # characters
MOST_PATTERN_TEXT = 150_000  # characters of all patterns: reading one costs 16 microseconds a character
LONGEST_WORDS = 20_000  # characters of the method: what one field of a letter holds

_TAKEN = frozenset(("indicator", "report", "grouping", "note"))
_STRING = r"'(?:[^'\\]|\\['\\])*'"
_PATH = rf"(?:ipv4-addr|ipv6-addr|domain-name|url|email-addr):value|file:hashes\.(?:{_STRING}|[A-Za-z0-9-]+)"
_COMPARISON = re.compile(rf"\s*(?:{_PATH})\s*=\s*({_STRING})\s*")
_OLD_TLP = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "HC-TLP-CLEAR",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "HC-TLP-GREEN",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "HC-TLP-AMBER",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "HC-TLP-RED",
}
"""The four marks of TLP 1.0, which STIX 2.1 section 7.2.1.4 fixes; WHITE is CLEAR today."""


@dataclass(frozen=True, slots=True)
class ReadBundle:
    """What was taken: words, indicators as texts, the strictest marks. ``left`` counts objects that were not taken, by their type."""

    method: str
    indicators: tuple[str, ...]
    tlp: str
    pap: str
    left: Mapping[str, int]


def read_bundle(data: bytes) -> ReadBundle:
    """Read a bundle.

    Raises DraftError: E-TOO-LARGE past a bound, E-STIX for what is no STIX 2.1 or holds nothing to share, E-STIX-PATTERN for a pattern
    that cannot be read; NotPermittedError (E-STIX-MISSING).
    """
    stix2 = library()
    objects = _decode(data)
    left: dict[str, int] = {}
    words: list[str] = []
    texts: dict[str, None] = {}
    marks: list[str] = []
    patterns = 0
    for number, raw in enumerate(objects, 1):
        kind = raw.get("type") if isinstance(raw, Mapping) else None
        if kind not in _TAKEN or raw.get("spec_version") != "2.1" or raw.get("revoked") is True:
            _count(left, kind)
            continue
        patterns += _bounded(raw, number, patterns)
        made = _parse(stix2, raw, number)
        found = _values(str(made["pattern"])) if kind == "indicator" and made["pattern_type"] == "stix" else ()
        if kind == "indicator" and not found:
            _count(left, kind)
            continue
        texts |= dict.fromkeys(found)
        words += [] if kind == "indicator" else _words(made)
        marks += [str(each) for each in made.get("object_marking_refs", ())]
    if len(texts) > MOST_INDICATORS:
        raise _too_large(f"more than {MOST_INDICATORS} indicators")
    method = "\n\n".join(dict.fromkeys(words))[:LONGEST_WORDS]
    if not texts and not method:
        raise DraftError("E-STIX", "the bundle holds nothing that can be shared", "look at it with its author")
    tlp, pap = _strictest(marks, objects)
    return ReadBundle(method, tuple(texts), tlp, pap, left)


def _decode(data: bytes) -> Sequence[Any]:
    if len(data) > LARGEST_BUNDLE:
        raise _too_large(f"more than {LARGEST_BUNDLE} bytes")
    try:
        value = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DraftError("E-STIX", "this is not JSON, or it is nested without end", "ask its author for it") from error
    objects = value.get("objects") if isinstance(value, dict) and value.get("type") == "bundle" else None
    if not isinstance(objects, list):
        raise DraftError("E-STIX", "this is not a STIX bundle", "give a file with type bundle and a list of objects")
    if len(objects) > MOST_OBJECTS:
        raise _too_large(f"more than {MOST_OBJECTS} objects")
    if _deep(objects):
        raise _too_large(f"nested deeper than {DEEPEST} levels")
    return objects


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _too_large(text: str) -> DraftError:
    return DraftError("E-TOO-LARGE", f"the bundle has {text}", "ask its author for a smaller one, or split it")


def _bounded(raw: Mapping[str, Any], number: int, so_far: int) -> int:
    """The length of this object's pattern. A parser of patterns can be kept busy for hours by a long one."""
    pattern = raw.get("pattern")
    length = len(pattern) if isinstance(pattern, str) else 0
    if length > LONGEST_PATTERN:
        raise _too_large(f"a pattern of more than {LONGEST_PATTERN} characters (object {number})")
    if so_far + length > MOST_PATTERN_TEXT:
        raise _too_large(f"more than {MOST_PATTERN_TEXT} characters of patterns")
    return length


def _parse(stix2: Any, raw: Mapping[str, Any], number: int) -> Any:
    try:
        return stix2.parse(raw, allow_custom=True, version="2.1")
    except (stix2.exceptions.STIXError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        told = isinstance(error, RecursionError) or "pattern" in str(error).lower()
        code = "E-STIX-PATTERN" if raw.get("type") == "indicator" and told else "E-STIX"
        what = "a pattern that cannot be read" if code == "E-STIX-PATTERN" else "no STIX 2.1"
        raise DraftError(code, f"object {number} is {what}", "ask the bundle's author to mend it") from error


def _values(pattern: str) -> tuple[str, ...]:
    """The values that a pattern of plain comparisons names, joined by nothing but OR; none for any other."""
    if "[" not in pattern:
        return ()
    found: list[str] = []
    for part in _split(pattern):
        match = _COMPARISON.fullmatch(part)
        if match is None:
            return ()
        value = re.sub(r"\\(['\\])", r"\1", match[1][1:-1])
        found.append(value)
    return tuple(read_indicator(each).value for each in found)


def _split(pattern: str) -> list[str]:
    """The pattern cut at each OR outside its strings, without its outer brackets."""
    pieces = re.split(rf"({_STRING})", pattern)
    parts = [""]
    for piece in pieces:
        if piece.startswith("'"):
            parts[-1] += piece
            continue
        first, *rest = re.split(r"\]\s*OR\s*\[|\sOR\s", piece)
        parts[-1] += first
        parts += rest
    parts[0] = parts[0].lstrip().removeprefix("[")
    parts[-1] = parts[-1].rstrip().removesuffix("]")
    return parts


def _words(made: Mapping[str, Any]) -> list[str]:
    texts = (made.get(name) for name in ("name", "abstract", "description", "content"))
    return [visible(text, keep="\n\t\u200c\u200d") for text in texts if isinstance(text, str) and text.strip()]


def _count(left: dict[str, int], kind: object) -> None:
    name = visible(kind)[:40] if isinstance(kind, str) else "?"
    # Ten thousand invented types must not become ten thousand lines.
    name = name if name in left or len(left) < 20 else "?"
    left[name] = left.get(name, 0) + 1


def _strictest(marks: Sequence[str], objects: Sequence[Any]) -> tuple[str, str]:
    names = {}
    for each in objects:
        if isinstance(each, Mapping) and each.get("type") == "marking-definition":
            names[str(each.get("id"))] = _mark_name(each).upper().replace(" ", "")
    known = {mark: code for code, mark in (TLP_MARKS | PAP_MARKS).items()} | _OLD_TLP
    by_name = {each.name: each.code for each in (*TLP, *PAP)} | {"TLP:WHITE": "HC-TLP-CLEAR"}
    codes = {known.get(mark) or by_name.get(names.get(mark, "")) for mark in marks}
    return (
        next((each.code for each in TLP if each.code in codes), ""),
        next((each.code for each in PAP if each.code in codes), ""),
    )


def _mark_name(mark: Mapping[str, Any]) -> str:
    extensions = mark.get("extensions")
    level = extensions.get(TLP_EXTENSION) if isinstance(extensions, Mapping) else None
    if isinstance(level, Mapping):
        return f"TLP:{level.get('tlp_2_0')}"
    return str(mark.get("name", ""))
