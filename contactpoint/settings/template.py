"""Writes node.toml: commented, from the very tables that check it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from contactpoint.settings.tables import FILE, NodeSettings, table_of


def template(values: Mapping[str, Any] | None = None) -> str:
    """A commented node.toml: keys in `values` (dotted) are set, required ones left to fill in, the rest commented."""
    values = values or {}
    out = [
        "# Settings of one contact point. `contactpoint config check` reads this file; `config show` says what holds."
    ]
    out += _template_lines(NodeSettings.model_fields, "", values)
    for name, field in NodeSettings.model_fields.items():
        model = table_of(field)
        if model is None:
            continue
        used = not field.is_required() and field.default is None and not any(k.startswith(name + ".") for k in values)
        mark = "# " if used else ""
        out += ["", *(f"# {line.strip()}" for line in (model.__doc__ or "").strip().splitlines()), f"{mark}[{name}]"]
        out += _template_lines(model.model_fields, name + ".", values, commented=bool(mark))
    return "\n".join(out) + "\n"


def write_settings(home: Path, values: Mapping[str, Any]) -> Path:
    """Write node.toml with `values`, readable by this user only; never over an existing file (FileExistsError)."""
    path = home / FILE
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(template(values))
    return path


def _template_lines(
    fields: Mapping[str, FieldInfo], prefix: str, values: Mapping[str, Any], *, commented: bool = False
) -> Iterator[str]:
    for name, field in fields.items():
        if table_of(field) is not None:
            continue
        key = prefix + name
        given = key in values and values[key] is not None
        text = _toml(values[key]) if given else _default(field)
        mark = "" if (given or field.is_required()) and not commented else "# "
        note = f"  # {field.description}" if field.description else ""
        yield f"{mark}{name} = {text}{note}"


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is None:
        return "0" if field.annotation is int else "[]" if "tuple" in str(field.annotation) else '""'
    value = field.default
    return _toml(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
