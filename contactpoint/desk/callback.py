"""The call-back before a disclosure: to a number of the directory, never one that stands in the message or rang here (Article 2(o)).

The known abuse is a forged urgent request with a telephone number of the forger's in it. Which numbers are right is said by the State's
own entry in the register, in the copy that this desk holds when the call is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError
from contactpoint.domain.catalogue import Problem
from contactpoint.domain.catalogue.model import Answer, Entry
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.codes import look_up

NUMBER = "number"
"""The field that says which number was rung."""
_CALLS = frozenset((Consequence.CALLS_BACK, Consequence.QUARANTINES, Consequence.LIFTS_QUARANTINE))


def is_call_back(entry: Entry, answer: Answer) -> bool:
    """Whether this answer records a call to the State that asks: one that succeeded, one that failed, or one that lifts that."""
    return answer.consequence in _CALLS


def check_number(cw: Casework, state: str, number: Any) -> None:
    """Return if the number stands in this State's entry, however it is spelled. Raises DraftError (E-CALL-BACK-NUMBER)."""
    known = cw.register.phones(state)
    if isinstance(number, str) and plain_number(number) in {plain_number(each) for each in known}:
        return
    row = look_up("E-CALL-BACK-NUMBER")
    named = ", ".join(known) or "the entry of this State holds none in the copy here; fetch the register"
    problem = Problem(row.code, NUMBER, f"{row.text} The directory has: {named}.")
    raise DraftError(row.code, f"{row.text} The directory has: {named}", row.action, (problem,))


def check_call_back(cw: Casework, state: str, entry: Entry, answer: Answer, body: Mapping[str, Any]) -> None:
    """Refuse a call-back to any other number than the directory's; other answers pass. Raises DraftError."""
    if is_call_back(entry, answer):
        check_number(cw, state, body.get(NUMBER))


def plain_number(text: str) -> str:
    """A number without what people write between its digits; 00 and + are the same beginning."""
    digits = re.sub(r"[\s().\-/\u00a0\u2010-\u2015]", "", text)
    return "+" + digits[2:] if digits.startswith("00") else digits
