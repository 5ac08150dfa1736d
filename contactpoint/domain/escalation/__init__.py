"""A State's own escalation policy: whom to call, in which order, by what, and how long to wait. Frozen into each request."""

from contactpoint.domain.escalation.call import Called, Nobody, called, first_called
from contactpoint.domain.escalation.check import Finding, Reachable, lint
from contactpoint.domain.escalation.model import (
    EVERYBODY_AGAIN,
    LAST_RESORT,
    EscalationPolicy,
    Hours,
    Milestone,
    Rung,
    Target,
    Who,
    everybody_policy,
    read_policy,
    spell_policy,
)

__all__ = [
    "EVERYBODY_AGAIN",
    "LAST_RESORT",
    "Called",
    "EscalationPolicy",
    "Finding",
    "Hours",
    "Milestone",
    "Nobody",
    "Reachable",
    "Rung",
    "Target",
    "Who",
    "called",
    "everybody_policy",
    "first_called",
    "lint",
    "read_policy",
    "spell_policy",
]
