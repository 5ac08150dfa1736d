"""What becomes of a put: the same three answers at both ends of the link."""

from __future__ import annotations

from dataclasses import dataclass

from contactpoint.domain.codes import Retry


@dataclass(frozen=True, slots=True)
class HeldResult:
    """The letter is durable in the recipient's mailbox; `receipt` is the gateway's signed proof, always the same."""

    receipt: bytes
    duplicate: bool


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The slip is durable. Slips earn no receipt."""


@dataclass(frozen=True, slots=True)
class RefusedResult:
    """Nothing was stored; `after` is in seconds and counts for Retry.SAME_ID_LATER."""

    code: str
    retry: Retry
    after: int = 0


PutResult = HeldResult | StoredResult | RefusedResult
