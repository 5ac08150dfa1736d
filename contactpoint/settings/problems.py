"""What can be wrong with the settings, said with its line and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from contactpoint.settings.tables import FILE


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """One thing wrong with the settings; `line` is None when it stands in no line (missing, or the environment)."""

    key: str
    line: int | None
    text: str
    what_to_do: str

    def __str__(self) -> str:
        place = f"{FILE} line {self.line}: " if self.line else ""
        return f"{place}{self.text} {self.what_to_do}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` lists everything that is wrong, not only the first. Holds no values."""

    def __init__(self, problems: tuple[SettingsProblem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or all of them when none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(names)}."
