"""CaseworkError
├── BusyCaseError      others kept moving the same case; nothing was written, try again
├── LockedError        the officer is locked; nothing was written
├── PlanError          a rota or policy does not bear its officer's signature
├── NoKeyError         the node has no usable key of a role, or the recipient none to seal to
└── BehindError        the trusted copy does not know the sender's key yet; fetch the register and try again
"""

from __future__ import annotations


class CaseworkError(Exception):
    """The step was not carried out and nothing was written; ``code`` is of the one table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class BusyCaseError(CaseworkError):
    """Somebody else moved the same case each time; try again."""


class LockedError(CaseworkError):
    """An officer whose act this is was locked meanwhile; an administrator can enter him anew."""


class PlanError(CaseworkError):
    """A rota or policy of this desk was changed by somebody who had no officer's key; it is not used."""


class NoKeyError(CaseworkError):
    """A key that this step needs is missing or has ended."""


class BehindError(CaseworkError):
    """The trusted copy is older than the message; fetch the register, then take it again."""
