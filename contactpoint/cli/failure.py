"""Turns an error into a code, a sentence and what to do next: one table for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from contactpoint.cli.errors import CommandError
from contactpoint.desk.results import NodeError

USAGE = 2
CHECK_FAILED = 1


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
        found = [f"  {p.code} {p.field}: {p.text}" + _offered(p.offers) for p in self.problems]
        return [f"{self.code}: {self.text}", *found, f"What to do: {self.what_to_do}"]


def failure_of(error: Exception) -> Failure | None:
    """The words for a foreseen error; None for one that nobody foresaw."""
    if isinstance(error, CommandError | NodeError):
        return Failure(error.code, error.text, error.what_to_do, error.exit_code)
    if isinstance(error, typer.TyperException):
        text = error.format_message()
        return Failure("E-USAGE", text, "Add --help to the command to see what it takes.", USAGE)
    return _of_a_room(error)


def _of_a_room(error: Exception) -> Failure | None:
    """Errors of rooms that are loaded only when a command needs them: imported here, after they were raised."""
    from contactpoint.settings import SettingsError

    if isinstance(error, SettingsError):
        problems = tuple(Finding("E-SETTINGS", p.key or "node.toml", str(p)) for p in error.problems)
        if len(problems) == 1:
            only = error.problems[0]
            place = f"node.toml line {only.line}: " if only.line else ""
            return Failure("E-SETTINGS", place + only.text, only.what_to_do, USAGE)
        return Failure("E-SETTINGS", "The settings cannot be used.", "Mend each line that is named.", USAGE, problems)
    from contactpoint.desk.errors import DeskError, NotFoundError, UnreachablePeerError
    from contactpoint.domain.codes import DomainError, look_up

    if isinstance(error, DomainError):
        row = look_up(error.code)
        place = f" ({error.field})" if error.field else ""
        return Failure(row.code, row.text.rstrip(".") + place + ".", row.action, CHECK_FAILED)
    if not isinstance(error, DeskError):
        return None
    code = USAGE if isinstance(error, NotFoundError) else 4 if isinstance(error, UnreachablePeerError) else CHECK_FAILED
    problems = tuple(
        Finding(p.code, p.field, p.message, tuple(offer.kind for offer in p.offers)) for p in error.problems
    )
    return Failure(error.code, error.text, error.what_to_do, code, problems)


def _offered(offers: tuple[str, ...]) -> str:
    return f" (what fits instead: {', '.join(offers)})" if offers else ""
