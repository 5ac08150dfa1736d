"""What a command says: data on standard output, talk on standard error, and nothing foreign that drives a terminal."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

_HARMLESS = frozenset("\n\u00a0\u2009\u202f\u3000\u200c\u200d")  # line ends, spaces, the joiners of Persian and Hindi
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Output:
    """How this run speaks: JSON or lines for people; in colour or not."""

    json: bool
    colour: bool

    def data(self, value: Any, lines: Iterable[str]) -> None:
        """One result: as one JSON object or list, or as lines."""
        if self.json:
            print(_quiet(json.dumps(plain(value), ensure_ascii=False, sort_keys=True)))
            return
        for line in lines:
            print(line)

    def say(self, text: str) -> None:
        """Talk: what is going on, what to do next. Never data."""
        print(clean(text), file=sys.stderr)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
        """Aligned columns; the last one runs free."""
        cells = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(len(row[n]) for row in [list(headers), *cells]) for n in range(len(headers))]
        head = "  ".join(name.upper().ljust(width) for name, width in zip(headers, widths, strict=True)).rstrip()
        body = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
        return [self.bold(head), *body]

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text


def clean(text: str) -> str:
    """Text of another State made safe to print: control and direction characters become visible.

    An escape sequence in a request could otherwise retitle the officer's terminal, hide lines or forge an answer.
    """
    return "".join(c if c.isprintable() or c in _HARMLESS else _visible(c) for c in text)


def _quiet(text: str) -> str:
    r"""JSON whose control and direction characters are spelled ``\uXXXX``: the same value, and nothing that drives a terminal."""
    return "".join(c if c.isprintable() or c in _HARMLESS else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else json.dumps(character)[1:-1]


def plain(value: Any) -> Any:
    """A result as JSON knows it: dataclasses are objects, times RFC 3339 in UTC, bytes hexadecimal."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def instant(at: datetime | None) -> str:
    """A time as people and programs read it: `2027-03-04T13:00:00Z`, milliseconds only where there are some."""
    if at is None:
        return ""
    precision = "milliseconds" if at.microsecond else "seconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def described(body: Mapping[str, Any], indent: str = "  ") -> list[str]:
    """A request's fields as indented lines, in the order in which they stand."""
    lines: list[str] = []
    for name, value in body.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{_label(name)}:", *described(value, indent + "  ")]
        elif isinstance(value, list | tuple):
            items = [json.dumps(plain(i), ensure_ascii=False) if isinstance(i, Mapping) else str(i) for i in value]
            lines.append(f"{indent}{_label(name)}: {_hung(', '.join(items), indent)}")
        else:
            lines.append(f"{indent}{_label(name)}: {_hung(_said(value), indent)}")
    return lines


def _said(value: Any) -> str:
    """One value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return instant(value) if isinstance(value, datetime) else "" if value is None else str(plain(value))


def _label(name: object) -> str:
    """The name of a field on one line: another State chooses it, too."""
    return clean(str(name)).replace("\n", " ")


def _hung(text: str, indent: str) -> str:
    """Foreign text whose further lines hang under its label, so that none of them looks like a line of ours."""
    return clean(text).replace("\n", f"\n{indent}  ")


def _visible(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if character in _BIDI_CONTROLS else f"\\x{ord(character):02x}"
