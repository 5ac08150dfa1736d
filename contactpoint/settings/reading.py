"""Reads the settings, and says where each value came from."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from contactpoint.settings.lines import lines_of
from contactpoint.settings.problems import SettingsError, SettingsProblem, nearest
from contactpoint.settings.tables import FILE, PREFIX, NodeSettings, table_of

_LARGEST_FILE = 256 * 1024  # bytes
_OF_THE_TESTS = f"{PREFIX}TEST_"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from; secrets are shown as a row of dots."""

    key: str
    value: str
    source: str


def read_settings(home: Path) -> NodeSettings:
    """The settings of the node in `home`. Raises SettingsError with every problem and its line."""
    text = _text(home)
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((_syntax_problem(error),)) from error
    problems = tuple(_unknown_environment())
    try:
        settings = NodeSettings(**given)
    except ValidationError as error:
        lines = lines_of(text)
        raise SettingsError(problems + tuple(_problem(found, lines) for found in error.errors())) from None
    if problems:
        raise SettingsError(problems)
    return settings


def read_origins(home: Path) -> tuple[Origin, ...]:
    """Each value in force with its source: a line of node.toml, an environment variable, or built in."""
    settings = read_settings(home)
    lines = lines_of(_text(home))
    environment = dict(_flat(EnvSettingsSource(NodeSettings)()))
    origins = []
    for key, value in _flat_model(settings):
        if key in environment:
            source = f"environment {PREFIX}{key.replace('.', '__').upper()}"
        elif key in lines:
            source = f"{FILE} line {lines[key]}"
        else:
            source = "built in"
        origins.append(Origin(key, _shown(value), source))
    return tuple(origins)


def _text(home: Path) -> str:
    path = home / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        problem = SettingsProblem(
            "",
            None,
            f"There is no {FILE} in {home.resolve()}.",
            "Run `contactpoint init` there, or name the folder with --home.",
        )
        raise SettingsError((problem,)) from error
    except OSError as error:
        problem = SettingsProblem(
            "", None, f"{path} cannot be read: {error.strerror}.", "Look at its owner and rights."
        )
        raise SettingsError((problem,)) from error
    if len(data) > _LARGEST_FILE:
        problem = SettingsProblem("", None, f"{path} is larger than {_LARGEST_FILE} bytes.", "It is not a node.toml.")
        raise SettingsError((problem,))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError((SettingsProblem("", line, "This is not UTF-8.", "Save the file as UTF-8."),)) from error


def _syntax_problem(error: tomllib.TOMLDecodeError) -> SettingsProblem:
    text = str(error)
    match = re.search(r"\(at line (\d+), column \d+\)", text)
    reason = text.partition(" (at ")[0]
    return SettingsProblem("", int(match[1]) if match else None, f"This is not TOML: {reason}.", "Mend the line.")


def _problem(found: Any, lines: Mapping[str, int]) -> SettingsProblem:
    parts = [str(part) for part in found["loc"]]
    key = ".".join(parts)
    line = next((lines[".".join(parts[:n])] for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in lines), None)
    if found["type"] == "extra_forbidden":
        known = [name for name in _fields_at(parts[:-1]) if name not in parts[-1:]]
        return SettingsProblem(key, line, f"There is no setting {key!r}.", nearest(parts[-1], known))
    if found["type"] == "missing":
        field = _fields_at(parts[:-1]).get(parts[-1])
        told = f" ({field.description})" if field is not None and field.description else ""
        return SettingsProblem(key, line, f"{key!r} is missing{told}.", "Add it; `config template` shows how.")
    # the message of the check, never the value: it may be a password in the wrong place
    reason = found["msg"].removeprefix("Value error, ").rstrip(".")
    return SettingsProblem(key, line, f"{key or 'A value'!s} does not fit: {reason}.", "Change the value.")


def _unknown_environment() -> Iterator[SettingsProblem]:
    known = {f"{PREFIX}{key.replace('.', '__').upper()}" for key in _all_keys()}
    tables = {f"{PREFIX}{name.upper()}" for name in NodeSettings.model_fields}
    for name in sorted(os.environ):
        ours = name.upper().startswith(PREFIX) and not name.upper().startswith(_OF_THE_TESTS)
        if ours and name.upper() not in known | tables:
            yield SettingsProblem(
                name, None, f"There is no setting for the environment variable {name}.", nearest(name, list(known))
            )


def _all_keys() -> Iterator[str]:
    for name, field in NodeSettings.model_fields.items():
        model = table_of(field)
        yield from [name] if model is None else (f"{name}.{inner}" for inner in model.model_fields)


def _fields_at(parts: list[str]) -> dict[str, FieldInfo]:
    fields: dict[str, FieldInfo] = NodeSettings.model_fields
    for part in parts:
        if part.isdigit():
            continue
        field = fields.get(part)
        model = None if field is None else table_of(field)
        if model is None:
            return {}
        fields = model.model_fields
    return fields


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _flat_model(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            yield from _flat_model(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _masked(secret: str) -> str:
    """Dots, but for an address without a password: there the address is what one wants to see."""
    try:
        parts = urlsplit(secret)
        harmless = bool(parts.scheme) and "@" not in parts.netloc and not parts.query
    except ValueError:
        harmless = False
    return secret if harmless else "••••••••"
