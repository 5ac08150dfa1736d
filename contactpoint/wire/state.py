"""What both ends of a case can show each other: the heads of the two chains, and one digest over them."""

from contactpoint.domain.case import Case
from contactpoint.domain.values import Address
from keys.digest import labelled


def head(case: Case, address: Address) -> bytes | None:
    """The digest of this side's last statement that stands in the case."""
    half = case.halves.get(address, ())
    return half[-1].digest if half else None


def state_digest(case: Case) -> bytes:
    """What both desks can show each other: H("case", id, initiator's head, addressee's head)."""
    return labelled("case", case.id, head(case, case.initiator), head(case, case.addressee))
