"""Finds the line of each key in a TOML text; tomllib gives none."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-.\"' ]+?)\s*=")


def lines_of(text: str) -> dict[str, int]:
    """Where each dotted key of a TOML text stands (from 1); tables stand at their header."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEADER.match(line):
            table = _plain_key(match[1])
            found.setdefault(table, number)
            table += "."
        elif match := _KEY.match(line):
            found.setdefault(table + _plain_key(match[1]), number)
    return found


def _plain_key(text: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in text.split("."))
