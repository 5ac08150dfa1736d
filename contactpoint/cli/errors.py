"""CommandError                what is typed, or a file that is named, cannot be used (exit code 2)
├── CaseFileError             a case file, with the line
├── AnswersError              a file of answers for `init`, with the line
└── MissingSecretError        nobody is there to type the signing secret

Errors of the use cases (`DeskError`, `NodeError`) and of the settings keep their own names; `contactpoint.cli.failure`
shows all of them alike: code, sentence, what to do next.
"""

from __future__ import annotations


class CommandError(Exception):
    """Base: `code` is stable, `text` says what is wrong, `what_to_do` what helps. Holds no secret."""

    exit_code = 2
    code = "E-USAGE"

    def __init__(self, text: str, what_to_do: str) -> None:
        super().__init__(text)
        self.text = text
        self.what_to_do = what_to_do


class CaseFileError(CommandError):
    """A case file that cannot be sent as it stands; `line` counts from 1."""

    code = "E-CASE-FILE"

    def __init__(self, text: str, what_to_do: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {text}" if line else text, what_to_do)
        self.line = line


class AnswersError(CommandError):
    """A file of answers that `init` cannot use."""

    code = "E-ANSWERS"


class MissingSecretError(CommandError):
    """The command signs, and there is neither a secret file nor a person."""

    code = "E-SECRET-MISSING"
