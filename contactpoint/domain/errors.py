"""What this room refuses. Each error carries a stable code of `codes.py`, which says what to do next.

DomainError
├── AddressError        the text is no address
├── DateError           the text is no instant
├── CatalogueError      no such catalogue version or entry, or its file is wrong
├── PolicyError         no such network policy, or its file is wrong
├── ContactError        a person's contacts or rules cannot be used
├── RotaError           a rota cannot be computed with, or two of its changes contradict each other
├── EscalationError     a stored escalation policy or ladder cannot be read
├── HandoverError       no such hand-over, or not by this officer now
└── MoveError           the statement may not stand where its author put it; nothing was changed
"""

from contactpoint.domain.codes import DomainError
from contactpoint.domain.values import AddressError, DateError

__all__ = [
    "AddressError",
    "CatalogueError",
    "ContactError",
    "DateError",
    "DomainError",
    "EscalationError",
    "HandoverError",
    "MoveError",
    "PolicyError",
    "RotaError",
]


class CatalogueError(DomainError):
    """No such catalogue version or entry, or a file of it is wrong: update the node."""


class PolicyError(DomainError):
    """No such network policy, or its file is wrong: update the node."""


class ContactError(DomainError):
    """A person's contacts or rules cannot be used as they are: correct the field that is named."""


class RotaError(DomainError):
    """A rota cannot be computed with, or two of its changes contradict each other: correct the field that is named."""


class EscalationError(DomainError):
    """A stored escalation policy or ladder cannot be read: restore it, or save the policy anew."""


class HandoverError(DomainError):
    """The list of open cases is no hand-over, or this officer may not take it now: read the open cases out anew."""


class MoveError(DomainError):
    """The statement may not stand where its author put it; the case is unchanged. Keep it as evidence, say the code."""
