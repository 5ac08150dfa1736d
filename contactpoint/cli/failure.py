"""Turns an error into a code, a sentence and what to do next: one table for all of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import typer

from contactpoint.cli.errors import CommandError
from contactpoint.desk.results import NodeError

CHECK_FAILED, USAGE, UNREACHABLE = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One of several things that are wrong, by field."""

    code: str
    field: str
    text: str
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person or a program is told; `code` is stable."""

    code: str
    text: str
    what_to_do: str
    exit_code: int
    problems: tuple[Finding, ...] = ()

    def lines(self) -> list[str]:
        found = [f"  {p.code} {p.field}: {p.text}{_offered(p)}" for p in self.problems]
        return [f"{self.code}: {self.text}", *found, f"What to do: {self.what_to_do}"]


@dataclass(frozen=True, slots=True)
class _Room:
    """What to say of errors of a room that says no *what to do* of its own."""

    module: str
    base: str
    code: str
    what_to_do: str
    exit_code: int = CHECK_FAILED


_ROOMS = (
    _Room(
        "contactpoint.link.errors",
        "UnreachableError",
        "E-UNREACHABLE",
        "Nothing is lost; try again later.",
        UNREACHABLE,
    ),
    _Room("contactpoint.link.errors", "LinkError", "E-LINK", "Run `contactpoint doctor`."),
    _Room("contactpoint.store.errors", "StoreError", "E-STORAGE", "Run `contactpoint doctor`; nothing was done."),
    _Room("contactpoint.casework.errors", "CaseworkError", "E-CASE", "Nothing was written; try again in a moment."),
    _Room("contactpoint.notify.errors", "NotifyError", "E-SETTINGS", "Mend node.toml.", USAGE),
    _Room("directory.errors", "DirectoryError", "E-DIRECTORY", "Run `contactpoint directory verify`."),
    _Room("keys.errors", "KeysError", "E-KEYS", "Look at the secret or the file that was given."),
)


def failure_of(error: Exception) -> Failure | None:
    """The words for a foreseen error; None for one that nobody foresaw."""
    if isinstance(error, CommandError | NodeError):
        return _failure(error.code, error.text, error.what_to_do, error.exit_code)
    if isinstance(error, typer.TyperException):
        return _failure("E-USAGE", error.format_message(), "Add --help to the command to see what it takes.", USAGE)
    return _of_settings(error) or _of_desk(error) or _of_domain(error) or _of_a_room(error)


def _of_settings(error: Exception) -> Failure | None:
    if not _is(error, "contactpoint.settings.problems", "SettingsError"):
        return None
    from contactpoint.settings import SettingsError

    assert isinstance(error, SettingsError)
    if len(error.problems) == 1:
        only = error.problems[0]
        place = f"node.toml line {only.line}: " if only.line else ""
        return _failure("E-SETTINGS", place + only.text, only.what_to_do, USAGE)
    problems = tuple(Finding("E-SETTINGS", p.key or "node.toml", str(p)) for p in error.problems)
    return _failure("E-SETTINGS", "The settings cannot be used.", "Mend each line that is named.", USAGE, problems)


def _of_desk(error: Exception) -> Failure | None:
    if not _is(error, "contactpoint.desk.errors", "DeskError"):
        return None
    from contactpoint.desk.errors import DeskError, NotFoundError, UnreachablePeerError

    assert isinstance(error, DeskError)
    code = USAGE if isinstance(error, NotFoundError) else CHECK_FAILED
    if isinstance(error, UnreachablePeerError):
        code = UNREACHABLE
    problems = tuple(
        Finding(p.code, p.field, p.message, tuple(offer.kind for offer in p.offers)) for p in error.problems
    )
    return _failure(error.code, error.text, error.what_to_do, code, problems)


def _of_domain(error: Exception) -> Failure | None:
    if not _is(error, "contactpoint.domain.codes", "DomainError"):
        return None
    from contactpoint.domain.codes import DomainError, look_up

    assert isinstance(error, DomainError)
    row = look_up(error.code)
    place = f" ({error.field})" if error.field else ""
    return _failure(row.code, row.text.rstrip(".") + place, row.action, CHECK_FAILED)


def _of_a_room(error: Exception) -> Failure | None:
    for room in _ROOMS:
        if _is(error, room.module, room.base):
            code = str(getattr(error, "code", room.code))
            return _failure(code, str(getattr(error, "text", error)), room.what_to_do, room.exit_code)
    return None


def _is(error: Exception, module: str, base: str) -> bool:
    """Whether the error is of that kind, without loading the room: an error that was raised has loaded it already."""
    return isinstance(error, getattr(sys.modules.get(module), base, ()))


def _failure(code: str, text: str, what_to_do: str, exit_code: int, problems: tuple[Finding, ...] = ()) -> Failure:
    return Failure(code, _sentence(text), _sentence(what_to_do), exit_code, problems)


def _sentence(text: str) -> str:
    """Ends with a full stop and starts large, unless its first word is a name such as node.toml."""
    text = text.strip()
    first = text.split(" ", 1)[0]
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def _offered(found: Finding) -> str:
    """What fits instead, unless the sentence has said it."""
    return f" (what fits instead: {', '.join(found.offers)})" if found.offers and "Instead: " not in found.text else ""
