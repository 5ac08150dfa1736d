"""Plain values as TOML text, for files that a person edits and hands back (https://toml.io/en/v1.0.0)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def to_toml(value: Mapping[str, Any]) -> str:
    """The map as TOML: what is plain first, then tables, then lists of tables. None and empty lists of tables are left out."""
    return "\n".join(_lines(value, "")).strip() + "\n"


def _lines(value: Mapping[str, Any], path: str) -> Iterator[str]:
    tables = {key: each for key, each in value.items() if isinstance(each, Mapping)}
    lists = {key: each for key, each in value.items() if key not in tables and _is_tables(each)}
    for key, each in value.items():
        if each is not None and key not in tables and key not in lists:
            yield f"{_key(key)} = {_inline(each)}"
    for key, each in tables.items():
        yield from ("", f"[{path}{_key(key)}]", *_lines(each, f"{path}{_key(key)}."))
    for key, rows in lists.items():
        for row in rows:
            yield from ("", f"[[{path}{_key(key)}]]", *_lines(row, f"{path}{_key(key)}."))


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _key(key: str) -> str:
    bare = all(each.isascii() and (each.isalnum() or each in "-_") for each in key) and key
    return key if bare else _text(key)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(each) for each in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL; what is not printable is spelled out, so that a file shows what it holds."""
    spelled = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "".join(each if each.isprintable() else _spelled(each) for each in spelled)


def _spelled(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
