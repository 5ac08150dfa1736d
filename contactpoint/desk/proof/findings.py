"""What a judgement has found so far: what is wrong, and what is not there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """Sentences in the order in which they were found. ``problems`` refute the bundle, ``missing`` only says where it is silent."""

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def lacks(self, text: str) -> None:
        if text not in self.missing:
            self.missing.append(text)


class NotJudgeableError(Exception):
    """Nothing further can be judged: the text says why."""
