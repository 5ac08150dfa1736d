"""DeskError
├── NotFoundError        the reference names nothing here
├── NotPermittedError    the officer, the role or the moment does not allow it
├── DraftError           the form has problems, listed by field
├── SecretError          the signing secret or password is wrong, or the key is missing
└── UnreachablePeerError the directory has no usable key or address for the recipient
"""

from __future__ import annotations

from contactpoint.casework.errors import LockedError
from contactpoint.domain.catalogue import Problem

# What to do when an officer is locked; an account is never opened again.
_ANEW = "an administrator can enter the officer anew"


class DeskError(Exception):
    """A use case was refused: ``code`` is stable, ``text`` says what is wrong, ``what_to_do`` what helps."""

    def __init__(self, code: str, text: str, what_to_do: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.what_to_do = what_to_do
        self.problems = problems


class NotFoundError(DeskError):
    """The reference names nothing here."""


class NotPermittedError(DeskError):
    """The officer, the role or the moment does not allow it."""


class DraftError(DeskError):
    """The form has problems; ``problems`` lists them by field."""


class SecretError(DeskError):
    """The signing secret or the password is wrong, or there is no key."""


class UnreachablePeerError(DeskError):
    """No usable key or address of the recipient is in the verified copy of the register."""


def locked_out(error: LockedError) -> NotPermittedError:
    """The refusal of an officer who was locked while acting."""
    return NotPermittedError(error.code, error.text, _ANEW)
